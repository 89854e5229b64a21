/* SPDX-License-Identifier: Apache-2.0 */
/* CSV as RFC 4180 has it, one row at a time. */
#ifndef MREG_FORMAT_CSV_H
#define MREG_FORMAT_CSV_H

#include <stddef.h>

#include "base/error.h"
#include "base/strvec.h"

#define CSV_MAX_FIELDS 65536

/*
 * The row at the start of a text: 1, and its fields are pushed to `fields`, unquoted; *used: its bytes, with the end of the line (LF or CR LF; the last row may
 * lack it).  0 when the text is empty.  ERR_INVALID: a quote that stays open, something other than a separator after a quoted field, a NUL, more than
 * CSV_MAX_FIELDS fields.  A quote inside a field that does not begin with one stands for itself; so does a CR that no LF follows.
 */
int csv_read_row(const char *text, size_t len, char separator, struct strvec *fields, size_t *used, struct error *err) MUST_CHECK;

#endif
