/* SPDX-License-Identifier: Apache-2.0 */
/* A row of numbers as a row of small bars. */
#ifndef MREG_UI_SPARK_H
#define MREG_UI_SPARK_H

#include <stddef.h>

#include "base/strbuf.h"

/* Eight heights from the least to the greatest, "▁▃▅█"; a blank for what is not finite; all of one value in the middle.  Of more than `columns` (at least 1)
 * values neighbours are taken together, by their mean. */
void spark_line(struct strbuf *out, const double *values, size_t count, size_t columns);

#endif
