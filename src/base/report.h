/* SPDX-License-Identifier: Apache-2.0 */
/* How lower layers speak to the user without knowing how: progress, notes and warnings go through an interface that ui fills. */
#ifndef MREG_BASE_REPORT_H
#define MREG_BASE_REPORT_H

#include <stdint.h>

#include "base/cleanup.h"

struct report {
	/* One finished sentence without newline.  May be called from worker threads: the receiver locks. */
	void (*note)(struct report *r, const char *text);    /* left out by -q */
	void (*warning)(struct report *r, const char *text); /* always shown */
	/* done of total bytes of `what` ("storing"); total 0: unknown. */
	void (*progress)(struct report *r, const char *what, uint64_t done, uint64_t total);
};

/* r may be NULL: nothing is said. */
void report_note(struct report *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
void report_warning(struct report *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
void report_progress(struct report *r, const char *what, uint64_t done, uint64_t total);

#endif
