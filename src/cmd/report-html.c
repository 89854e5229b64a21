/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a report as one HTML file: the frame of the page, and what its parts share. */
#include <config.h>

#include "cmd/report-html.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "cmd/report-assets.h"
#include "cmd/report-html-internal.h"
#include "registry/metadata.h"
#include "ui/chart.h"
#include "ui/graph.h"
#include "ui/html.h"

#define CONFIG_CELLS 2000u   /* of all versions of a collection, unless each has more than the fewest */
#define CONFIG_FIELDS_MIN 10u

/* --- what the parts share */

void report_html_begin_wide(struct report_html *page, const char *title, const char *name)
{
	strbuf_addf(page->out, "<h3>%s</h3>\n<div class=\"w\" tabindex=\"0\" role=\"region\" aria-label=\"%s of ", title, title);
	html_text(page->out, name);
	strbuf_adds(page->out, "\">");
}

static void add_linked(struct report_html *page, const char *id, const char *text)
{
	bool is_here = hashmap_has(&page->ids, id, strlen(id));

	if (is_here) {
		strbuf_adds(page->out, "<a");
		html_link(page->out, id);
		strbuf_addc(page->out, '>');
	}
	html_text(page->out, text);
	if (is_here)
		strbuf_adds(page->out, "</a>");
}

void report_html_reference(struct report_html *page, const char *reference)
{
	add_linked(page, reference, reference);
}

void report_html_number(struct report_html *page, const char *name, uint64_t number)
{
	CLEANUP(strbuf) struct strbuf id = STRBUF_INIT;

	strbuf_addf(&id, "%s:v%llu", name, (unsigned long long)number);
	add_linked(page, id.buf, id.buf + strlen(name) + 1);
}

void report_html_time(struct report_html *page, int64_t ns)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	clock_format_utc(&text, ns);
	if (text.len < 16)
		return;
	strbuf_addf(page->out, "<time>%.10s %.5s</time>", text.buf, text.buf + 11);
}

void report_html_value(struct report_html *page, const json_t *value)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (json_is_string(value)) {
		html_text_len(page->out, json_string_value(value), json_string_length(value));
		return;
	}
	json_print(&text, value);
	html_text(page->out, text.buf);
}

bool report_html_metric(const struct report_version *v, const char *metric, double *value)
{
	return metadata_metric_value(json_object_get(v->metrics, metric), value);
}

static int decimals_of(double value)
{
	char text[32];
	size_t len = (size_t)snprintf(text, sizeof text, fabs(value) < 1e5 ? "%.5g" : "%.0f", value);
	const char *point = strchr(text, '.');

	return strchr(text, 'e') || fabs(value) >= 1e12 ? -1 : point ? (int)(text + len - point) - 1 : 0;
}

int report_html_decimals(const struct report_collection *c, const char *metric)
{
	int most = -2;
	double value, greatest = 0;

	for (size_t i = 0; i < c->version_count; i++) {
		int decimals;

		if (!report_html_metric(&c->versions[i], metric, &value))
			continue;
		decimals = isfinite(value) ? decimals_of(value) : 0;
		if (decimals < 0)
			return -1;
		most = decimals > most ? decimals : most;
		greatest = isfinite(value) && fabs(value) > greatest ? fabs(value) : greatest;
	}
	return most > 6 || (most > 2 && greatest >= 1e4) ? -1 : most;
}

size_t report_html_config_count(const struct report_collection *c)
{
	size_t room = c->version_count ? CONFIG_CELLS / c->version_count : 0;

	room = room < CONFIG_FIELDS_MIN ? CONFIG_FIELDS_MIN : room;
	return c->config.count < room ? c->config.count : room;
}

void report_html_digits(struct report_html *page, double value, int decimals)
{
	if (isnan(value))
		strbuf_adds(page->out, "nan");
	else if (decimals >= 0)
		strbuf_addf(page->out, "%.*f", decimals, value);
	else
		strbuf_addf(page->out, "%.5g", value);
}

const struct report_version *report_html_find(const struct report_collection *c, uint64_t number)
{
	for (size_t i = 0; i < c->version_count; i++)
		if (c->versions[i].number == number)
			return &c->versions[i];
	return NULL;
}

bool report_html_is_best(const struct report_collection *c, const char *metric, uint64_t number)
{
	for (size_t i = 0; i < c->best_count; i++)
		if (c->best[i].has_best && c->best[i].number == number && !strcmp(c->best[i].metric, metric))
			return true;
	return false;
}

/* --- the frame */

static void join(struct strbuf *out, const char *const *lines)
{
	for (; *lines; lines++)
		strbuf_adds(out, *lines);
}

/* What the policy lets a style or script of the page be known by. */
static void add_hash(struct strbuf *out, const struct strbuf *text)
{
	struct oid digest;

	sha256_bytes(text->buf, text->len, &digest);
	strbuf_adds(out, "'sha256-");
	base64_encode(out, digest.raw, OID_LEN);
	strbuf_addc(out, '\'');
}

static void add_head(struct strbuf *out, const struct report_page *about, const struct strbuf *style, const struct strbuf *script)
{
	strbuf_adds(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src ");
	add_hash(out, style);
	strbuf_adds(out, "; script-src ");
	add_hash(out, script);
	strbuf_adds(out, "; base-uri 'none'; form-action 'none'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\" content=\"mreg\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
		"<link rel=\"icon\" href=\"data:,\">\n<title>");
	html_text(out, about->title);
	strbuf_adds(out, "</title>\n<style>");
	strbuf_add(out, style->buf, style->len);
	strbuf_adds(out, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#:main\">Skip to the collections</a>\n");
	chart_defs(out);
	graph_defs(out);
}

static void add_count(struct strbuf *out, uint64_t count, const char *noun)
{
	strbuf_addf(out, "%llu %s%s", (unsigned long long)count, noun, count == 1 ? "" : "s");
}

static void add_title(struct report_html *page, const struct report_page *about)
{
	uint64_t versions = 0;

	for (size_t i = 0; i < page->data->count; i++)
		versions += page->data->collections[i].version_count;
	strbuf_adds(page->out, "<header>\n<h1>");
	html_text(page->out, about->title);
	strbuf_adds(page->out, "</h1>\n<p class=\"q\">Registry <b>");
	html_text(page->out, page->data->root);
	strbuf_adds(page->out, "</b> · ");
	add_count(page->out, page->data->count, "collection");
	strbuf_adds(page->out, " · ");
	add_count(page->out, versions, "version");
	if (page->data->time) {
		strbuf_adds(page->out, " · as of ");
		report_html_time(page, page->data->time);
		strbuf_addf(page->out, " UTC, change %llu", (unsigned long long)page->data->sequence);
	}
	strbuf_adds(page->out, "</p>\n");
	if (about->notes && *about->notes) {
		strbuf_adds(page->out, "<p class=\"notes\">");
		html_text(page->out, about->notes);
		strbuf_adds(page->out, "</p>\n");
	}
	strbuf_adds(page->out, "</header>\n");
}

static void add_contents(struct report_html *page)
{
	if (page->data->count < 2)
		return;
	strbuf_adds(page->out, "<nav aria-label=\"Collections\"><ul>\n");
	for (size_t i = 0; i < page->data->count; i++) {
		const struct report_collection *c = &page->data->collections[i];

		strbuf_adds(page->out, "<li>");
		report_html_reference(page, c->name);
		strbuf_adds(page->out, " <small>");
		add_count(page->out, c->version_count + c->left_out, "version");
		strbuf_adds(page->out, "</small></li>\n");
	}
	strbuf_adds(page->out, "</ul></nav>\n");
}

static void add_card(struct report_html *page, const struct report_collection *c)
{
	strbuf_adds(page->out, "<h2");
	html_attribute(page->out, "id", c->name);
	strbuf_addc(page->out, '>');
	html_text(page->out, c->name);
	strbuf_adds(page->out, "</h2>\n<p class=\"q\">");
	if (*c->title && strcmp(c->title, c->name) != 0) {
		strbuf_adds(page->out, "<b>");
		html_text(page->out, c->title);
		strbuf_adds(page->out, "</b> · ");
	}
	html_text(page->out, c->kind);
	if (*c->type) {
		strbuf_adds(page->out, " of type ");
		html_text(page->out, c->type);
	}
	strbuf_adds(page->out, " · ");
	add_count(page->out, c->version_count + c->left_out, "version");
	if (c->left_out)
		strbuf_addf(page->out, ", %zu of them shown", c->version_count);
	if (c->version_count) {
		strbuf_adds(page->out, " · newest ");
		report_html_number(page, c->name, c->versions[0].number);
		strbuf_adds(page->out, " of ");
		report_html_time(page, c->versions[0].created);
	}
	for (size_t i = 0; i < c->tags.count; i++) {
		strbuf_adds(page->out, " <span class=\"t\">");
		html_text(page->out, c->tags.v[i]);
		strbuf_adds(page->out, "</span>");
	}
	strbuf_adds(page->out, "</p>\n");
	if (*c->note) {
		strbuf_adds(page->out, "<p class=\"notes\">");
		html_text(page->out, c->note);
		strbuf_adds(page->out, "</p>\n");
	}
}

static void add_collection(struct report_html *page, const struct report_collection *c, bool has_media)
{
	strbuf_adds(page->out, "<section class=\"co\"");
	html_attribute(page->out, "aria-label", c->name);
	strbuf_adds(page->out, ">\n");
	add_card(page, c);
	report_html_aliases(page, c);
	report_html_table(page, c);
	report_html_compare(page, c);
	report_html_charts(page, c);
	if (has_media)
		report_html_media(page, c);
	report_html_lineage(page, c);
	report_html_history(page, c);
	strbuf_adds(page->out, "</section>\n");
}

static void collect_ids(struct report_html *page)
{
	CLEANUP(strbuf) struct strbuf id = STRBUF_INIT;

	for (size_t i = 0; i < page->data->count; i++) {
		const struct report_collection *c = &page->data->collections[i];

		hashmap_put(&page->ids, c->name, strlen(c->name), page);
		for (size_t j = 0; j < c->version_count; j++) {
			strbuf_reset(&id);
			strbuf_addf(&id, "%s:v%llu", c->name, (unsigned long long)c->versions[j].number);
			hashmap_put(&page->ids, id.buf, id.len, page);
		}
	}
}

void report_html(struct strbuf *out, const struct report_data *data, const struct report_page *about)
{
	CLEANUP(strbuf) struct strbuf style = STRBUF_INIT, script = STRBUF_INIT;
	struct report_html page = { out, data, HASHMAP_INIT };

	join(&style, report_style);
	join(&script, report_script);
	collect_ids(&page);
	add_head(out, about, &style, &script);
	add_title(&page, about);
	add_contents(&page);
	strbuf_adds(out, "<main id=\":main\" tabindex=\"-1\">\n");
	if (!data->count)
		strbuf_adds(out, "<p>There are no collections to show.</p>\n");
	for (size_t i = 0; i < data->count; i++)
		add_collection(&page, &data->collections[i], about->has_media);
	strbuf_adds(out, "</main>\n<footer><p class=\"q\">Times are UTC. Made by <code>mreg report</code>.</p></footer>\n<script>");
	strbuf_add(out, script.buf, script.len);
	strbuf_adds(out, "</script>\n</body>\n</html>\n");
	hashmap_release(&page.ids, NULL);
}
