/* SPDX-License-Identifier: Apache-2.0 */
/* A report as one HTML file that needs nothing else: no network, no script of others, readable with scripts off. */
#ifndef MREG_CMD_REPORT_HTML_H
#define MREG_CMD_REPORT_HTML_H

#include <stdbool.h>

#include "base/strbuf.h"
#include "registry/report.h"

struct report_page {
	const char *title; /* valid UTF-8, never empty */
	const char *notes; /* plain text, paragraphs between empty lines; valid UTF-8; NULL: none */
	bool has_media;    /* pictures were asked for: those that data has are shown */
};
/* Appends the page; the same data gives the same bytes.  Everything in data but counts and times is hostile, and escaped. */
void report_html(struct strbuf *out, const struct report_data *data, const struct report_page *page);

#endif
