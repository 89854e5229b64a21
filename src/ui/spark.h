/* SPDX-License-Identifier: Apache-2.0 */
/* A row of numbers as a row of small bars. */
#ifndef MREG_UI_SPARK_H
#define MREG_UI_SPARK_H

#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

/* Eight heights from the least to the greatest, "▁▃▅█"; a blank for what is not finite; all of one value in the middle.  Of more than `columns` (at least 1)
 * values neighbours are taken together, by their mean. */
void spark_line(struct strbuf *out, const double *values, size_t count, size_t columns);

/* Values that come one by one, however many: neighbours are taken together when there are more than are kept. */
#define SPARK_KEPT 256
struct spark_series {
	double means[SPARK_KEPT];
	size_t count;         /* of means */
	uint64_t each;        /* values in each of them; 0: as yet one */
	double mean;          /* of those that wait, */
	uint64_t waiting;     /* as many */
	uint64_t waiting_finite;
};
void spark_add(struct spark_series *s, double value);
void spark_draw(struct strbuf *out, const struct spark_series *s, size_t columns);

#endif
