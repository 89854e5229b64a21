/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a report as Markdown with tables. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "base/utf8.h"
#include "cmd/lineage-text.h"
#include "cmd/report.h"

/* Nothing of it is markup, breaks a line or a cell, or moves a terminal's cursor. */
static void add_text(struct strbuf *out, const char *text, size_t len)
{
	CLEANUP(strbuf) struct strbuf line = STRBUF_INIT, shown = STRBUF_INIT;

	strbuf_add(&line, text, len);
	for (size_t i = 0; i < line.len; i++)
		if (strchr("\r\n\t", line.buf[i]))
			line.buf[i] = ' ';
	utf8_add_visible(&shown, line.buf, line.len);
	for (const char *p = shown.buf; *p; p++) {
		if (*p == '<' || *p == '>' || *p == '&') {
			strbuf_adds(out, *p == '<' ? "&lt;" : *p == '>' ? "&gt;" : "&amp;");
			continue;
		}
		if (strchr("\\`*_{}[]|~#!$", *p))
			strbuf_addc(out, '\\');
		strbuf_addc(out, *p);
	}
}

static void add_all(struct strbuf *out, const char *text)
{
	add_text(out, text, strlen(text));
}

/* At the beginning of a line, where a few words more are markup: lists, rules, code. */
static void add_line(struct strbuf *out, const char *text)
{
	size_t digits;

	text += strspn(text, " \t\r\n");
	digits = strspn(text, "0123456789");
	if (digits && strchr(".)", text[digits]) && text[digits]) {
		strbuf_addf(out, "%.*s\\", (int)digits, text);
		text += digits;
	} else if (*text && strchr("-+=:", *text)) {
		strbuf_addc(out, '\\');
	}
	add_all(out, text);
}

static void add_list(struct strbuf *out, const struct strvec *list)
{
	for (size_t i = 0; i < list->count; i++) {
		strbuf_adds(out, i ? ", " : "");
		add_all(out, list->v[i]);
	}
}

/* UTC: a report says the same wherever it is made. */
static void add_time(struct strbuf *out, int64_t ns)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	clock_format_utc(&text, ns);
	if (text.len < sizeof "2026-11-21T03:33" - 1)
		strbuf_adds(out, text.buf);
	else
		strbuf_addf(out, "%.10s %.5s", text.buf, text.buf + sizeof "2026-11-21T" - 1);
}

static void add_heading_row(struct strbuf *out, const char *const *titles, size_t count)
{
	for (size_t i = 0; i < count; i++)
		strbuf_addf(out, "| %s ", titles[i]);
	strbuf_adds(out, "|\n");
	for (size_t i = 0; i < count; i++)
		strbuf_adds(out, "| --- ");
	strbuf_adds(out, "|\n");
}

/* ---- aliases ---- */

static void add_aliases(struct strbuf *out, const struct report_collection *c)
{
	static const char *const titles[] = { "alias", "version", "since (UTC)", "by", "before", "why" };

	if (!c->alias_count)
		return;
	strbuf_adds(out, "### Aliases\n\n");
	add_heading_row(out, titles, sizeof titles / sizeof *titles);
	for (size_t i = 0; i < c->alias_count; i++) {
		const struct report_alias *a = &c->aliases[i];

		strbuf_adds(out, "| ");
		add_all(out, a->alias);
		strbuf_addf(out, " | v%" PRIu64 " | ", a->number);
		add_time(out, a->since);
		strbuf_adds(out, " | ");
		add_all(out, a->user);
		strbuf_adds(out, " | ");
		if (a->has_previous)
			strbuf_addf(out, "v%" PRIu64, a->previous);
		strbuf_adds(out, " | ");
		add_all(out, a->why);
		strbuf_adds(out, " |\n");
	}
	strbuf_addc(out, '\n');
}

/* ---- versions ---- */

static void add_metric(struct strbuf *out, const json_t *value, bool is_best)
{
	strbuf_adds(out, is_best ? "**" : "");
	if (json_is_integer(value))
		strbuf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		strbuf_addf(out, "%.6g", json_real_value(value));
	else if (json_is_string(value))
		add_all(out, json_string_value(value));
	strbuf_adds(out, is_best ? "** |" : " |");
}

/* A scalar. */
static void add_value(struct strbuf *out, const json_t *value)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (json_is_string(value))
		add_text(out, json_string_value(value), json_string_length(value));
	else if (value)
		json_print(&text, value);
	add_all(out, text.buf);
	strbuf_adds(out, " |");
}

static void add_version(
	struct strbuf *out, const struct report_data *data, const struct report_collection *c, const struct report_version *v)
{
	CLEANUP(strbuf) struct strbuf size = STRBUF_INIT;

	size_format(&size, v->bytes);
	strbuf_addf(out, "| v%" PRIu64 " | ", v->number);
	add_list(out, &v->aliases);
	strbuf_adds(out, " | ");
	for (size_t i = 0; i < data->metrics.count; i++) {
		bool is_best = c->best[i].has_best && c->best[i].number == v->number;

		add_metric(out, json_object_get(v->metrics, data->metrics.v[i]), is_best);
		strbuf_addc(out, ' ');
	}
	for (size_t i = 0; i < c->config_columns; i++) {
		add_value(out, json_object_get(v->config_fields, c->config.v[i]));
		strbuf_addc(out, ' ');
	}
	add_time(out, v->created);
	strbuf_adds(out, " | ");
	add_all(out, v->user);
	strbuf_addf(out, " | %s | ", size.buf);
	add_list(out, &v->tags);
	strbuf_adds(out, " | ");
	add_all(out, v->source);
	strbuf_adds(out, *v->source && v->links.count ? ", " : "");
	add_list(out, &v->links);
	strbuf_adds(out, " | ");
	add_all(out, v->run);
	strbuf_adds(out, " | ");
	add_text(out, v->note, strcspn(v->note, "\n"));
	strbuf_adds(out, " |\n");
}

static void add_versions(struct strbuf *out, const struct report_data *data, const struct report_collection *c)
{
	static const char *const before[] = { "version", "aliases" };
	static const char *const after[] = { "created (UTC)", "by", "size", "tags", "elsewhere", "run", "note" };
	size_t count = sizeof before / sizeof *before + data->metrics.count + c->config_columns + sizeof after / sizeof *after;

	strbuf_adds(out, "### Versions\n\n");
	if (!c->version_count)
		strbuf_adds(out, "None.\n\n");
	if (!c->version_count)
		return;
	for (size_t i = 0; i < sizeof before / sizeof *before; i++)
		strbuf_addf(out, "| %s ", before[i]);
	for (size_t i = 0; i < data->metrics.count; i++) {
		strbuf_adds(out, "| ");
		add_all(out, data->metrics.v[i]);
		strbuf_addc(out, ' ');
	}
	for (size_t i = 0; i < c->config_columns; i++) {
		strbuf_adds(out, "| config.");
		add_all(out, c->config.v[i]);
		strbuf_addc(out, ' ');
	}
	for (size_t i = 0; i < sizeof after / sizeof *after; i++)
		strbuf_addf(out, "| %s ", after[i]);
	strbuf_adds(out, "|\n");
	for (size_t i = 0; i < count; i++)
		strbuf_adds(out, "| --- ");
	strbuf_adds(out, "|\n");
	for (size_t i = 0; i < c->version_count; i++)
		add_version(out, data, c, &c->versions[i]);
	if (c->left_out)
		strbuf_addf(out, "\n%" PRIu64 " more version%s left out.\n", c->left_out, c->left_out == 1 ? " is" : "s are");
	strbuf_addc(out, '\n');
}

/* ---- history ---- */

static void add_history(struct strbuf *out, const struct report_collection *c)
{
	static const char *const titles[] = { "time (UTC)", "alias", "from", "to", "by", "why" };

	if (!c->event_count)
		return;
	strbuf_adds(out, "### History\n\n");
	add_heading_row(out, titles, sizeof titles / sizeof *titles);
	for (size_t i = 0; i < c->event_count; i++) {
		const struct report_event *e = &c->events[i];

		strbuf_adds(out, "| ");
		add_time(out, e->time);
		strbuf_adds(out, " | ");
		add_all(out, e->alias);
		strbuf_addf(out, " | %s | %s | ", e->from, e->to);
		add_all(out, e->user);
		strbuf_adds(out, " | ");
		add_all(out, e->why);
		strbuf_adds(out, " |\n");
	}
	strbuf_addc(out, '\n');
}

/* ---- lineage ---- */

/* GitHub and GitLab draw it. */
static void add_lineage(struct strbuf *out, const struct report_collection *c)
{
	if (c->lineage.edge_count == 0)
		return;
	strbuf_adds(out, "### Lineage\n\n````mermaid\n");
	lineage_text_mermaid(out, &c->lineage);
	strbuf_adds(out, "````\n\n");
}

/* ---- all of it ---- */

static void add_collection(struct strbuf *out, const struct report_data *data, const struct report_collection *c)
{
	strbuf_adds(out, "## ");
	add_all(out, c->name);
	strbuf_adds(out, "\n\n");
	if (*c->title) {
		add_line(out, c->title);
		strbuf_adds(out, ": ");
	}
	strbuf_addf(out, "%s of type ", c->kind);
	add_all(out, c->type);
	strbuf_adds(out, c->tags.count ? ", tagged " : "");
	add_list(out, &c->tags);
	strbuf_adds(out, "\n\n");
	if (*c->note) {
		add_line(out, c->note);
		strbuf_adds(out, "\n\n");
	}
	add_aliases(out, c);
	add_versions(out, data, c);
	add_lineage(out, c);
	add_history(out, c);
}

static void add_notes(struct strbuf *out, const char *notes)
{
	while (*notes) {
		size_t len = strcspn(notes, "\n");

		utf8_add_visible(out, notes, len);
		strbuf_addc(out, '\n');
		notes += len + (notes[len] == '\n');
	}
	strbuf_addc(out, '\n');
}

void report_markdown(struct strbuf *out, const struct report_data *data, const struct report_page *page)
{
	strbuf_adds(out, "# ");
	add_all(out, page->title);
	strbuf_adds(out, "\n\n");
	if (page->notes)
		add_notes(out, page->notes);
	strbuf_adds(out, "Registry ");
	add_all(out, data->root);
	if (data->time) {
		strbuf_adds(out, " as of ");
		add_time(out, data->time);
		strbuf_adds(out, " UTC");
	}
	strbuf_adds(out, "\n\n");
	for (size_t i = 0; i < data->count; i++)
		add_collection(out, data, &data->collections[i]);
	while (out->len > 1 && out->buf[out->len - 1] == '\n' && out->buf[out->len - 2] == '\n')
		strbuf_set_len(out, out->len - 1);
}
