/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of versions, inside the page. */
#include <config.h>

#include <string.h>

#include "base/digest.h"
#include "cmd/report-html-internal.h"
#include "ui/html.h"

/* A type is written as it is into an address, so it must be one of those that are pictures. */
static bool is_picture(const char *type)
{
	return !strncmp(type, "image/", 6) && strspn(type + 6, "abcdefghijklmnopqrstuvwxyz0123456789.+-") == strlen(type + 6);
}

static void add_picture(struct report_html *page, const struct report_media *m, const char *own_ref)
{
	if (!is_picture(m->type))
		return;
	strbuf_addf(page->out, "<figure><img src=\"data:%s;base64,", m->type);
	base64_encode(page->out, m->data.buf, m->data.len);
	strbuf_addc(page->out, '"');
	html_attribute(page->out, "alt", m->path);
	strbuf_adds(page->out, "><figcaption>");
	html_text(page->out, m->path);
	if (strcmp(m->ref, own_ref) != 0) {
		strbuf_adds(page->out, " of ");
		report_html_reference(page, m->ref);
	}
	strbuf_adds(page->out, "</figcaption></figure>\n");
}

void report_html_media(struct report_html *page, const struct report_collection *c)
{
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT;
	bool has_heading = false;

	for (size_t i = 0; i < c->version_count; i++) {
		const struct report_version *v = &c->versions[i];

		if (!v->media_count)
			continue;
		strbuf_reset(&ref);
		strbuf_addf(&ref, "%s:v%llu", c->name, (unsigned long long)v->number);
		strbuf_adds(page->out, has_heading ? "<h4>" : "<h3>Pictures</h3>\n<h4>");
		has_heading = true;
		report_html_number(page, c->name, v->number);
		strbuf_adds(page->out, "</h4>\n<div class=\"ps\">\n");
		for (size_t j = 0; j < v->media_count; j++)
			add_picture(page, &v->media[j], ref.buf);
		strbuf_adds(page->out, "</div>\n");
	}
}
