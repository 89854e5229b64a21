/* SPDX-License-Identifier: Apache-2.0 */
/* When aliases moved, and by whom. */
#include <config.h>

#include <string.h>

#include "cmd/report-html-internal.h"
#include "ui/html.h"

static void add_version(struct report_html *page, const struct report_collection *c, const char *number)
{
	CLEANUP(strbuf) struct strbuf id = STRBUF_INIT;

	strbuf_addf(&id, "%s:%s", c->name, number);
	strbuf_adds(page->out, "<td>");
	if (!*number) {
		strbuf_adds(page->out, "–");
	} else if (hashmap_has(&page->ids, id.buf, id.len)) {
		strbuf_adds(page->out, "<a");
		html_link(page->out, id.buf);
		strbuf_addc(page->out, '>');
		html_text(page->out, number);
		strbuf_adds(page->out, "</a>");
	} else {
		html_text(page->out, number);
	}
}

static void add_event(struct report_html *page, const struct report_collection *c, const struct report_event *e, bool has_why)
{
	strbuf_adds(page->out, "<tr><td>");
	report_html_time(page, e->time);
	strbuf_adds(page->out, "<th scope=\"row\">");
	html_text(page->out, e->alias);
	add_version(page, c, e->from);
	add_version(page, c, e->to);
	strbuf_adds(page->out, "<td>");
	html_text(page->out, e->user);
	if (*e->host) {
		strbuf_adds(page->out, "@");
		html_text(page->out, e->host);
	}
	if (has_why) {
		strbuf_adds(page->out, "<td class=\"nt\">");
		html_text(page->out, e->why);
	}
	strbuf_addc(page->out, '\n');
}

void report_html_history(struct report_html *page, const struct report_collection *c)
{
	bool has_why = false;

	for (size_t i = 0; i < c->event_count; i++)
		has_why |= *c->events[i].why != '\0';
	if (!c->event_count)
		return;
	report_html_begin_wide(page, "Promotion history", c->name);
	strbuf_adds(page->out, "<table class=\"h\"><caption class=\"vh\">When aliases of ");
	html_text(page->out, c->name);
	strbuf_adds(page->out, " moved, newest first</caption>\n<thead><tr><th scope=\"col\">Time</th><th scope=\"col\">Alias</th><th scope=\"col\">From</th>"
		"<th scope=\"col\">To</th><th scope=\"col\">By</th>");
	strbuf_adds(page->out, has_why ? "<th scope=\"col\">Why</th></tr></thead>\n<tbody>\n" : "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < c->event_count; i++)
		add_event(page, c, &c->events[i], has_why);
	strbuf_adds(page->out, "</tbody></table></div>\n");
}
