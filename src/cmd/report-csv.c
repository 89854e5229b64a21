/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the versions of a report as a table for spreadsheets. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/report.h"

static const char *const columns[] = { "ref", "collection", "kind", "type", "number", "digest", "created", "user", "note", "size", "files",
	"aliases", "tags", "links", "source", "run", "job_type", "metadata", "config", NULL };

static void add_quoted(struct strbuf *out, const char *text, size_t len)
{
	if (!memchr(text, '"', len) && strcspn(text, ",\r\n") >= len) {
		strbuf_add(out, text, len);
		return;
	}
	strbuf_addc(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			strbuf_addc(out, '"');
		strbuf_addc(out, text[i]);
	}
	strbuf_addc(out, '"');
}

/* Anyone may have written it: a spreadsheet must not run it. */
static void add_safe(struct strbuf *out, const char *text)
{
	CLEANUP(strbuf) struct strbuf safe = STRBUF_INIT;

	if (*text && strchr("=+-@\t\r\n", *text))
		strbuf_addc(&safe, '\'');
	strbuf_adds(&safe, text);
	add_quoted(out, safe.buf, safe.len);
}

static void add_text(struct strbuf *out, const char *text)
{
	add_safe(out, text);
	strbuf_addc(out, ',');
}

static void add_list(struct strbuf *out, const struct strvec *list)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < list->count; i++)
		strbuf_addf(&text, "%s%s", i ? ";" : "", list->v[i]);
	add_text(out, text.buf);
}

/* A number stays one, with its sign; nan and the infinities are words that no formula begins with but for -inf. */
static void add_metric(struct strbuf *out, const json_t *value)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (json_is_number(value))
		json_canonical(&text, value);
	else if (json_is_string(value))
		strbuf_adds(&text, json_string_value(value));
	add_quoted(out, text.buf, text.len);
}

static void add_value(struct strbuf *out, const json_t *value)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (json_is_string(value)) {
		add_safe(out, json_string_value(value));
		return;
	}
	if (value)
		json_print(&text, value);
	add_quoted(out, text.buf, text.len);
}

static void add_column_name(struct strbuf *out, const char *group, const char *name)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "%s.%s", group, name);
	strbuf_addc(out, ',');
	add_quoted(out, text.buf, text.len);
}

static void add_heading(struct strbuf *out, const struct report_data *data, const struct strvec *config)
{
	for (size_t i = 0; columns[i]; i++)
		strbuf_addf(out, "%s%s", i ? "," : "", columns[i]);
	for (size_t i = 0; i < data->metrics.count; i++)
		add_column_name(out, "metrics", data->metrics.v[i]);
	for (size_t i = 0; i < config->count; i++)
		add_column_name(out, "config", config->v[i]);
	strbuf_adds(out, "\r\n");
}

static void add_row(struct strbuf *out, const struct report_data *data, const struct strvec *columns_of_config, const struct report_collection *c,
	const struct report_version *v)
{
	CLEANUP(strbuf) struct strbuf created = STRBUF_INIT, metadata = STRBUF_INIT, config = STRBUF_INIT;

	clock_format_utc(&created, v->created);
	if (json_object_size(v->metadata))
		json_print(&metadata, v->metadata);
	if (v->config)
		json_print(&config, v->config);
	strbuf_addf(out, "%s:v%" PRIu64 ",", c->name, v->number);
	add_text(out, c->name);
	add_text(out, c->kind);
	add_text(out, c->type);
	strbuf_addf(out, "%" PRIu64 ",%s,%s,", v->number, oid_hex(&v->digest).text, created.buf);
	add_text(out, v->user);
	add_text(out, v->note);
	strbuf_addf(out, "%" PRIu64 ",%" PRIu64 ",", v->bytes, v->files);
	add_list(out, &v->aliases);
	add_list(out, &v->tags);
	add_list(out, &v->links);
	add_text(out, v->source);
	add_text(out, v->run);
	add_text(out, v->job_type);
	add_quoted(out, metadata.buf, metadata.len);
	strbuf_addc(out, ',');
	add_quoted(out, config.buf, config.len);
	for (size_t i = 0; i < data->metrics.count; i++) {
		strbuf_addc(out, ',');
		add_metric(out, json_object_get(v->metrics, data->metrics.v[i]));
	}
	for (size_t i = 0; i < columns_of_config->count; i++) {
		strbuf_addc(out, ',');
		add_value(out, json_object_get(v->config_fields, columns_of_config->v[i]));
	}
	strbuf_adds(out, "\r\n");
}

/* Those of all collections: it is one table. */
static void find_config_columns(const struct report_data *data, struct strvec *out)
{
	for (size_t i = 0; i < data->count; i++)
		for (size_t j = 0; j < data->collections[i].config_columns; j++)
			if (!strvec_has(out, data->collections[i].config.v[j]))
				strvec_push(out, data->collections[i].config.v[j]);
	strvec_sort(out);
}

void report_csv(struct strbuf *out, const struct report_data *data)
{
	CLEANUP(strvec) struct strvec config = STRVEC_INIT;

	find_config_columns(data, &config);
	add_heading(out, data, &config);
	for (size_t i = 0; i < data->count; i++)
		for (size_t j = 0; j < data->collections[i].version_count; j++)
			add_row(out, data, &config, &data->collections[i], &data->collections[i].versions[j]);
}
