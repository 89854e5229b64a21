/* SPDX-License-Identifier: Apache-2.0 */
/* The progress line at the foot of a terminal.  One a process; the caller (message.c) lets in one thread at a time. */
#ifndef MREG_UI_METER_H
#define MREG_UI_METER_H

#include <stdint.h>

#include "base/strbuf.h"

/* Draws "storing: 45% (120 MiB of 257 MiB), 310 MiB/s, 0:01 left" when a second has gone by since `what` began, at most ten times a second. */
void meter_update(const char *what, uint64_t done, uint64_t total);
/* Appends what takes the line away again; nothing if none is drawn. */
void meter_clear(struct strbuf *out);
/* The text alone, after `elapsed` ns. */
void meter_format(struct strbuf *out, const char *what, uint64_t done, uint64_t total, int64_t elapsed);

#endif
