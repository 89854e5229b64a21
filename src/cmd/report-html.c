/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a report as one HTML file. */
#include <config.h>

#include "cmd/report-html.h"

#include "cmd/report.h"

static void add_escaped(struct strbuf *out, const char *text)
{
	for (; *text; text++)
		if (*text == '<' || *text == '>' || *text == '&' || *text == '"')
			strbuf_addf(out, "&#%d;", *text);
		else
			strbuf_addc(out, *text);
}

int report_html(struct strbuf *out, const struct report_data *data, const struct report_page *page, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	(void)err;
	report_markdown(&text, data, page);
	strbuf_adds(out, "<!doctype html>\n<meta charset=utf-8>\n<title>");
	add_escaped(out, page->title);
	strbuf_adds(out, "</title>\n<pre>\n");
	add_escaped(out, text.buf);
	strbuf_adds(out, "</pre>\n");
	return 0;
}
