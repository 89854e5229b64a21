/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the sentences that lower layers hand to whoever listens. */
#include <config.h>

#include "base/report.h"

#include <stdarg.h>

#include "base/strbuf.h"

void report_note(struct report *r, const char *fmt, ...)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	va_list ap;

	if (!r || !r->note)
		return;
	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	r->note(r, text.buf);
}

void report_warning(struct report *r, const char *fmt, ...)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	va_list ap;

	if (!r || !r->warning)
		return;
	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	r->warning(r, text.buf);
}

void report_progress(struct report *r, const char *what, uint64_t done, uint64_t total)
{
	if (r && r->progress)
		r->progress(r, what, done, total);
}
