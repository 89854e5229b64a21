/* SPDX-License-Identifier: Apache-2.0 */
/* Operands that may also come on standard input. */
#ifndef MREG_CMD_REFERENCES_H
#define MREG_CMD_REFERENCES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strvec.h"
#include "ui/opt.h"

/* Operands from `first` on, appended; "-" stands for those on standard input, one a line: *piped (may be NULL) tells that it was there. */
int references_read(const struct operands *operands, size_t first, struct strvec *out, bool *piped, struct error *err) MUST_CHECK;

#endif
