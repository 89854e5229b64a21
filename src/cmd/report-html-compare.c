/* SPDX-License-Identifier: Apache-2.0 */
/* Two versions side by side: the two that matter most, until the script lets others be chosen. */
#include <config.h>

#include <math.h>
#include <string.h>

#include "base/digest.h"
#include "base/number.h"
#include "cmd/report-html-internal.h"
#include "ui/html.h"

/* What serves against what is newest; where that is one, or nothing serves, the newest two. */
static bool choose(const struct report_collection *c, const struct report_version **a, const struct report_version **b)
{
	if (c->version_count < 2)
		return false;
	*a = &c->versions[1];
	*b = &c->versions[0];
	for (size_t i = 0; i < c->alias_count; i++) {
		const struct report_version *holder = c->aliases[i].is_stage ? report_html_find(c, c->aliases[i].number) : NULL;

		if (!holder || holder == *b)
			continue;
		*a = holder;
		if (!strcmp(c->aliases[i].alias, "production"))
			break;
	}
	return true;
}

static void add_cells(struct report_html *page, const char *what, const struct strbuf *a, const struct strbuf *b)
{
	bool is_same = a->len == b->len && !memcmp(a->buf, b->buf, a->len);

	strbuf_adds(page->out, is_same ? "<tr><th scope=\"row\">" : "<tr class=\"di\"><th scope=\"row\">");
	html_text(page->out, what);
	strbuf_addf(page->out, "<td>%s<td>%s<td>%s\n", a->buf, b->buf, is_same ? "same" : "differs");
}

static void add_texts(struct report_html *page, const char *what, const char *a, const char *b)
{
	CLEANUP(strbuf) struct strbuf left = STRBUF_INIT, right = STRBUF_INIT;

	html_text(&left, a);
	html_text(&right, b);
	if (left.len || right.len)
		add_cells(page, what, &left, &right);
}

static void add_lists(struct report_html *page, const char *what, const struct strvec *a, const struct strvec *b)
{
	CLEANUP(strbuf) struct strbuf left = STRBUF_INIT, right = STRBUF_INIT;

	for (size_t i = 0; i < a->count; i++)
		strbuf_addf(&left, "%s%s", i ? " " : "", a->v[i]);
	for (size_t i = 0; i < b->count; i++)
		strbuf_addf(&right, "%s%s", i ? " " : "", b->v[i]);
	add_texts(page, what, left.buf, right.buf);
}

/* --- metrics */

static void add_change(struct report_html *page, size_t metric, double a, double b)
{
	bool has_rule = page->data->metric_has_rule && page->data->metric_has_rule[metric];
	bool is_better = has_rule && (page->data->metric_is_min[metric] ? b < a : b > a);

	if (a == b || (isnan(a) && isnan(b))) {
		strbuf_adds(page->out, "same\n");
		return;
	}
	if (isfinite(b - a))
		strbuf_addf(page->out, "%s%.4g", b > a ? "+" : "−", fabs(b - a));
	else
		strbuf_adds(page->out, "differs");
	if (has_rule && !isnan(a) && !isnan(b))
		strbuf_addf(page->out, is_better ? " <span class=\"up\">better</span>" : " <span class=\"dn\">worse</span>");
	strbuf_addc(page->out, '\n');
}

static void add_metric(struct report_html *page, const struct report_collection *c, size_t metric, const struct report_version *a,
	const struct report_version *b)
{
	const char *name = page->data->metrics.v[metric];
	int decimals = report_html_decimals(c, name);
	double left = 0, right = 0;
	bool has_left = report_html_metric(a, name, &left), has_right = report_html_metric(b, name, &right);
	bool is_same = has_left == has_right && (left == right || (isnan(left) && isnan(right)));

	if (!has_left && !has_right)
		return;
	strbuf_adds(page->out, is_same ? "<tr><th scope=\"row\">" : "<tr class=\"di\"><th scope=\"row\">");
	html_text(page->out, name);
	strbuf_adds(page->out, "<td>");
	if (has_left)
		report_html_digits(page, left, decimals);
	strbuf_adds(page->out, "<td>");
	if (has_right)
		report_html_digits(page, right, decimals);
	strbuf_adds(page->out, "<td>");
	if (has_left && has_right)
		add_change(page, metric, left, right);
	else
		strbuf_adds(page->out, "differs\n");
}

/* --- metadata */

static void add_field(struct report_html *page, const char *key, const json_t *a, const json_t *b)
{
	CLEANUP(strbuf) struct strbuf left = STRBUF_INIT, right = STRBUF_INIT;
	struct report_html into_left = { &left, page->data, HASHMAP_INIT }, into_right = { &right, page->data, HASHMAP_INIT };

	if (a)
		report_html_value(&into_left, a);
	if (b)
		report_html_value(&into_right, b);
	add_cells(page, key, &left, &right);
}

/* Those of a in its order, then what b has beside them. */
static void add_metadata(struct report_html *page, const struct report_version *a, const struct report_version *b)
{
	const char *key;
	json_t *value;

	json_object_foreach(a->metadata, key, value)
		add_field(page, key, value, json_object_get(b->metadata, key));
	json_object_foreach(b->metadata, key, value)
		if (!json_object_get(a->metadata, key))
			add_field(page, key, NULL, value);
}

static void add_config(struct report_html *page, const struct report_collection *c, size_t first, size_t end, const struct report_version *a,
	const struct report_version *b)
{
	for (size_t i = first; i < end; i++) {
		const json_t *left = json_object_get(a->config_fields, c->config.v[i]), *right = json_object_get(b->config_fields, c->config.v[i]);
		CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;

		strbuf_addf(&name, "config.%s", c->config.v[i]);
		if (left || right)
			add_field(page, name.buf, left, right);
	}
}

/* --- the table */

static void add_facts(struct report_html *page, const struct report_version *a, const struct report_version *b)
{
	CLEANUP(strbuf) struct strbuf left = STRBUF_INIT, right = STRBUF_INIT;
	struct report_html into_left = { &left, page->data, HASHMAP_INIT }, into_right = { &right, page->data, HASHMAP_INIT };

	size_format(&left, a->bytes);
	size_format(&right, b->bytes);
	add_cells(page, "Size", &left, &right);
	strbuf_reset(&left);
	strbuf_reset(&right);
	strbuf_addf(&left, "%llu", (unsigned long long)a->files);
	strbuf_addf(&right, "%llu", (unsigned long long)b->files);
	if (a->files != b->files)
		add_cells(page, "Files", &left, &right);
	strbuf_reset(&left);
	strbuf_reset(&right);
	report_html_time(&into_left, a->created);
	report_html_time(&into_right, b->created);
	add_cells(page, "Created", &left, &right);
}

static void add_run(struct report_html *page, const struct report_version *a, const struct report_version *b)
{
	CLEANUP(strbuf) struct strbuf left = STRBUF_INIT, right = STRBUF_INIT;

	strbuf_addf(&left, "%s%s%s", a->job_type, *a->job_type && *a->run ? " " : "", a->run);
	strbuf_addf(&right, "%s%s%s", b->job_type, *b->job_type && *b->run ? " " : "", b->run);
	add_texts(page, "Run", left.buf, right.buf);
}

static void add_digests(struct report_html *page, const struct report_version *a, const struct report_version *b)
{
	CLEANUP(strbuf) struct strbuf left = STRBUF_INIT, right = STRBUF_INIT;

	strbuf_addf(&left, "%.12s", oid_hex(&a->digest).text);
	strbuf_addf(&right, "%.12s", oid_hex(&b->digest).text);
	add_cells(page, "Digest", &left, &right);
}

static void add_version_head(struct report_html *page, const struct report_collection *c, const struct report_version *v)
{
	strbuf_adds(page->out, "<th scope=\"col\">");
	report_html_number(page, c->name, v->number);
	strbuf_adds(page->out, "</th>");
}

void report_html_compare(struct report_html *page, const struct report_collection *c)
{
	const struct report_version *a, *b;

	if (!choose(c, &a, &b))
		return;
	report_html_begin_wide(page, "Comparison", c->name);
	strbuf_adds(page->out, "<table class=\"c\"><caption class=\"vh\">Two versions of ");
	html_text(page->out, c->name);
	strbuf_adds(page->out, " side by side</caption>\n<thead><tr><th scope=\"col\">Field</th>");
	add_version_head(page, c, a);
	add_version_head(page, c, b);
	strbuf_adds(page->out, "<th scope=\"col\">Change</th></tr></thead>\n<tbody>\n");
	add_lists(page, "Aliases", &a->aliases, &b->aliases);
	for (size_t i = 0; i < page->data->metrics.count; i++)
		add_metric(page, c, i, a, b);
	add_config(page, c, 0, c->config_columns, a, b);
	add_texts(page, "Note", a->note, b->note);
	add_lists(page, "Tags", &a->tags, &b->tags);
	add_facts(page, a, b);
	add_texts(page, "By", a->user, b->user);
	add_texts(page, "Source", a->source, b->source);
	add_run(page, a, b);
	add_lists(page, "Linked as", &a->links, &b->links);
	add_config(page, c, c->config_columns, report_html_config_count(c), a, b);
	add_metadata(page, a, b);
	add_digests(page, a, b);
	strbuf_adds(page->out, "</tbody></table></div>\n");
}
