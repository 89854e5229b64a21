/* SPDX-License-Identifier: Apache-2.0 */
/* The aliases of a collection, and the table of its versions. */
#include <config.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "base/number.h"
#include "cmd/report-html-internal.h"
#include "ui/html.h"

#define DIGEST_DIGITS 12

/* --- aliases */

/* The row has the id, unless it is not there. */
static void add_alias_id(struct report_html *page, const struct report_collection *c, const char *alias)
{
	CLEANUP(strbuf) struct strbuf id = STRBUF_INIT;

	strbuf_addf(&id, "%s:%s", c->name, alias);
	html_attribute(page->out, "id", id.buf);
}

static void add_alias(struct report_html *page, const struct report_collection *c, const struct report_alias *a)
{
	const struct report_version *holder = report_html_find(c, a->number);
	bool is_in_row = holder && strvec_has(&holder->aliases, a->alias);

	strbuf_adds(page->out, a->is_stage ? "<li class=\"st\"" : "<li");
	if (!is_in_row)
		add_alias_id(page, c, a->alias);
	strbuf_adds(page->out, "><p class=\"an\"><b>");
	html_text(page->out, a->alias);
	strbuf_adds(page->out, "</b> <span aria-hidden=\"true\">→</span> <span class=\"vh\">is </span>");
	report_html_number(page, c->name, a->number);
	strbuf_adds(page->out, "</p>\n<p class=\"q\">since ");
	report_html_time(page, a->since);
	strbuf_adds(page->out, " by ");
	html_text(page->out, a->user);
	if (a->has_previous) {
		strbuf_adds(page->out, ", before that ");
		report_html_number(page, c->name, a->previous);
	}
	strbuf_adds(page->out, "</p>\n");
	if (*a->why) {
		strbuf_adds(page->out, "<p class=\"why\">");
		html_text(page->out, a->why);
		strbuf_adds(page->out, "</p>\n");
	}
	if (a->is_stage && a->has_previous) {
		strbuf_adds(page->out, "<p class=\"q\">Back: <code class=\"cmd\">mreg rollback ");
		html_text(page->out, c->name);
		strbuf_addc(page->out, ':');
		html_text(page->out, a->alias);
		strbuf_adds(page->out, "</code></p>\n");
	}
	strbuf_adds(page->out, "</li>\n");
}

void report_html_aliases(struct report_html *page, const struct report_collection *c)
{
	if (!c->alias_count)
		return;
	strbuf_adds(page->out, "<h3>Aliases</h3>\n<ul class=\"as\">\n");
	for (size_t i = 0; i < c->alias_count; i++)
		add_alias(page, c, &c->aliases[i]);
	strbuf_adds(page->out, "</ul>\n");
}

/* --- which columns there are: those that would be empty are left out */

struct columns {
	bool has_aliases, has_files, has_tags, has_links, has_source, has_run, has_note, has_metadata;
	size_t config_shown; /* of the collection's fields, the first so many: some are columns, the rest are folded away in one */
	int *decimals; /* of each metric: report_html_decimals() */
};

static void columns_cleanup(struct columns *has)
{
	free(has->decimals);
}

/* The number of files is worth a column where it is not always the same. */
static struct columns columns_of(const struct report_data *data, const struct report_collection *c)
{
	struct columns has = { .decimals = xcalloc(data->metrics.count + 1, sizeof *has.decimals) };

	for (size_t i = 0; i < data->metrics.count; i++)
		has.decimals[i] = report_html_decimals(c, data->metrics.v[i]);

	for (size_t i = 0; i < c->version_count; i++) {
		const struct report_version *v = &c->versions[i];

		has.has_aliases |= v->aliases.count > 0;
		has.has_files |= v->files != c->versions[0].files;
		has.has_tags |= v->tags.count > 0;
		has.has_links |= v->links.count > 0;
		has.has_source |= *v->source != '\0';
		has.has_run |= *v->run || *v->job_type;
		has.has_note |= *v->note != '\0';
		has.has_metadata |= json_object_size(v->metadata) > 0;
	}
	has.config_shown = report_html_config_count(c);
	return has;
}

/* What the script sorts and compares by stands with the heading: n for numbers, and which of them is better. */
static void add_metric_heads(struct report_html *page, const struct columns *has)
{
	for (size_t i = 0; i < page->data->metrics.count; i++) {
		bool has_rule = page->data->metric_has_rule && page->data->metric_has_rule[i];

		if (has->decimals[i] == -2)
			continue;
		strbuf_addf(page->out, "<th scope=\"col\" class=\"n\" data-t=\"n\" data-m=\"%s\">", !has_rule ? "" : page->data->metric_is_min[i] ? "min" : "max");
		html_text(page->out, page->data->metrics.v[i]);
		strbuf_adds(page->out, "</th>");
	}
}

static bool is_of_numbers(const struct report_collection *c, const char *field)
{
	for (size_t i = 0; i < c->version_count; i++) {
		const json_t *value = json_object_get(c->versions[i].config_fields, field);

		if (value && !json_is_number(value))
			return false;
	}
	return true;
}

static void add_config_heads(struct report_html *page, const struct report_collection *c)
{
	for (size_t i = 0; i < c->config_columns; i++) {
		strbuf_adds(page->out, is_of_numbers(c, c->config.v[i]) ? "<th scope=\"col\" class=\"n\" data-t=\"n\">config.<wbr>" : "<th scope=\"col\">config.<wbr>");
		html_text(page->out, c->config.v[i]);
		strbuf_adds(page->out, "</th>");
	}
}

static void add_head(struct report_html *page, const struct report_collection *c, const struct columns *has)
{
	struct strbuf *out = page->out;

	strbuf_adds(out, "<thead><tr><th scope=\"col\" data-t=\"n\">Version</th>");
	if (has->has_aliases)
		strbuf_adds(out, "<th scope=\"col\">Aliases</th>");
	add_metric_heads(page, has);
	add_config_heads(page, c);
	if (has->has_note)
		strbuf_adds(out, "<th scope=\"col\">Note</th>");
	if (has->has_tags)
		strbuf_adds(out, "<th scope=\"col\">Tags</th>");
	strbuf_adds(out, "<th scope=\"col\" class=\"n\" data-t=\"n\">Size</th>");
	if (has->has_files)
		strbuf_adds(out, "<th scope=\"col\" class=\"n\" data-t=\"n\">Files</th>");
	strbuf_adds(out, "<th scope=\"col\">Created</th><th scope=\"col\">By</th>");
	if (has->has_source)
		strbuf_adds(out, "<th scope=\"col\">Source</th>");
	if (has->has_run)
		strbuf_adds(out, "<th scope=\"col\">Run</th>");
	if (has->has_links)
		strbuf_adds(out, "<th scope=\"col\">Linked as</th>");
	if (has->config_shown > c->config_columns)
		strbuf_adds(out, "<th scope=\"col\" data-k=\"config.\">Config</th>");
	if (has->has_metadata)
		strbuf_adds(out, "<th scope=\"col\" data-k=\"\">Metadata</th>");
	strbuf_adds(out, "<th scope=\"col\">Digest</th></tr></thead>\n");
}

/* --- rows */

static void add_alias_chips(struct report_html *page, const struct report_collection *c, const struct report_version *v)
{
	strbuf_adds(page->out, "<td>");
	for (size_t i = 0; i < v->aliases.count; i++) {
		bool is_stage = false;

		for (size_t j = 0; j < c->alias_count; j++)
			is_stage |= c->aliases[j].is_stage && !strcmp(c->aliases[j].alias, v->aliases.v[i]);
		strbuf_adds(page->out, i ? " <b" : "<b");
		add_alias_id(page, c, v->aliases.v[i]);
		strbuf_adds(page->out, is_stage ? " class=\"a st\">" : " class=\"a\">");
		html_text(page->out, v->aliases.v[i]);
		strbuf_adds(page->out, "</b>");
	}
}

/* The number itself stands with the cell where what is shown is not all of it. */
static void add_metric(struct report_html *page, const struct report_collection *c, const struct report_version *v, const char *metric,
	int decimals)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT, all = STRBUF_INIT;
	bool is_best = report_html_is_best(c, metric, v->number);
	struct report_html into = { &shown, page->data, HASHMAP_INIT };
	double value;

	if (!report_html_metric(v, metric, &value)) {
		strbuf_adds(page->out, "<td class=\"n\">");
		return;
	}
	report_html_digits(&into, value, decimals);
	strbuf_adds(page->out, is_best ? "<td class=\"n b\"" : "<td class=\"n\"");
	if (isfinite(value) && (is_best || strtod(shown.buf, NULL) != value)) {
		json_canonical(&all, json_object_get(v->metrics, metric));
		html_attribute(page->out, "data-v", all.buf);
	}
	strbuf_adds(page->out, is_best ? "><i>best</i> " : ">");
	strbuf_adds(page->out, shown.buf);
}

static void add_list(struct report_html *page, const struct strvec *list, bool is_reference)
{
	strbuf_adds(page->out, list->count ? "<td class=\"ls\">" : "<td>");
	for (size_t i = 0; i < list->count; i++) {
		strbuf_adds(page->out, i ? " " : "");
		if (is_reference) {
			report_html_reference(page, list->v[i]);
		} else {
			strbuf_adds(page->out, "<span class=\"t\">");
			html_text(page->out, list->v[i]);
			strbuf_adds(page->out, "</span>");
		}
	}
}

static void begin_fields(struct report_html *page, size_t count)
{
	strbuf_addf(page->out, "<details><summary>%zu %s</summary><dl>", count, count == 1 ? "field" : "fields");
}

static void add_field(struct report_html *page, const char *key, const json_t *value)
{
	strbuf_adds(page->out, "<dt>");
	html_text(page->out, key);
	strbuf_adds(page->out, "<dd>");
	report_html_value(page, value);
}

static void add_metadata(struct report_html *page, const struct report_version *v)
{
	const char *key;
	json_t *value;

	strbuf_adds(page->out, "<td>");
	if (!json_object_size(v->metadata))
		return;
	begin_fields(page, json_object_size(v->metadata));
	json_object_foreach(v->metadata, key, value)
		add_field(page, key, value);
	strbuf_adds(page->out, "</dl></details>");
}

static void add_config_columns(struct report_html *page, const struct report_collection *c, const struct report_version *v)
{
	for (size_t i = 0; i < c->config_columns; i++) {
		const json_t *value = json_object_get(v->config_fields, c->config.v[i]);

		strbuf_adds(page->out, json_is_number(value) ? "<td class=\"n\">" : "<td class=\"cv\">");
		if (value)
			report_html_value(page, value);
	}
}

/* What is no column of it. */
static void add_config(struct report_html *page, const struct report_collection *c, const struct report_version *v, size_t end)
{
	size_t count = 0;

	for (size_t i = c->config_columns; i < end; i++)
		count += json_object_get(v->config_fields, c->config.v[i]) != NULL;
	strbuf_adds(page->out, "<td>");
	if (!count)
		return;
	begin_fields(page, count);
	for (size_t i = c->config_columns; i < end; i++)
		if (json_object_get(v->config_fields, c->config.v[i]))
			add_field(page, c->config.v[i], json_object_get(v->config_fields, c->config.v[i]));
	strbuf_adds(page->out, "</dl></details>");
}

static void add_text(struct report_html *page, const char *open, const char *text)
{
	strbuf_adds(page->out, open);
	html_text(page->out, text);
}

static void add_run(struct report_html *page, const struct report_version *v)
{
	add_text(page, "<td class=\"ls\">", v->job_type);
	if (*v->run) {
		add_text(page, " <code>", v->run);
		strbuf_adds(page->out, "</code>");
	}
}

static void add_facts(struct report_html *page, const struct report_version *v, bool has_files)
{
	CLEANUP(strbuf) struct strbuf size = STRBUF_INIT;

	size_format(&size, v->bytes);
	strbuf_addf(page->out, "<td class=\"n\" data-v=\"%llu\">%s", (unsigned long long)v->bytes, size.buf);
	if (has_files)
		strbuf_addf(page->out, "<td class=\"n\">%llu", (unsigned long long)v->files);
	strbuf_adds(page->out, "<td>");
	report_html_time(page, v->created);
	add_text(page, "<td>", v->user);
}

static void add_row(struct report_html *page, const struct report_collection *c, const struct report_version *v, const struct columns *has)
{
	strbuf_addf(page->out, "<tr id=\"");
	html_text(page->out, c->name);
	strbuf_addf(page->out, ":v%llu\"><th scope=\"row\">v%llu", (unsigned long long)v->number, (unsigned long long)v->number);
	if (has->has_aliases)
		add_alias_chips(page, c, v);
	for (size_t i = 0; i < page->data->metrics.count; i++)
		if (has->decimals[i] != -2)
			add_metric(page, c, v, page->data->metrics.v[i], has->decimals[i]);
	add_config_columns(page, c, v);
	if (has->has_note)
		add_text(page, "<td class=\"nt\">", v->note);
	if (has->has_tags)
		add_list(page, &v->tags, false);
	add_facts(page, v, has->has_files);
	if (has->has_source) {
		strbuf_adds(page->out, "<td>");
		report_html_reference(page, v->source);
	}
	if (has->has_run)
		add_run(page, v);
	if (has->has_links)
		add_list(page, &v->links, true);
	if (has->config_shown > c->config_columns)
		add_config(page, c, v, has->config_shown);
	if (has->has_metadata)
		add_metadata(page, v);
	strbuf_addf(page->out, "<td><code>%.*s</code>\n", DIGEST_DIGITS, oid_hex(&v->digest).text);
}

void report_html_table(struct report_html *page, const struct report_collection *c)
{
	CLEANUP(columns) struct columns has = columns_of(page->data, c);

	if (!c->version_count)
		return;
	report_html_begin_wide(page, "Versions", c->name);
	strbuf_adds(page->out, "<table class=\"v\"><caption class=\"vh\">Versions of ");
	html_text(page->out, c->name);
	strbuf_adds(page->out, "</caption>\n");
	add_head(page, c, &has);
	strbuf_adds(page->out, "<tbody>\n");
	for (size_t i = 0; i < c->version_count; i++)
		add_row(page, c, &c->versions[i], &has);
	strbuf_adds(page->out, "</tbody></table></div>\n");
	if (has.config_shown < c->config.count)
		strbuf_addf(page->out, "<p class=\"q\">%zu more fields of the configuration are left out of the page.</p>\n", c->config.count - has.config_shown);
}
