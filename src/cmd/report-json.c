/* SPDX-License-Identifier: Apache-2.0 */
/* Makes one record of a whole report. */
#include <config.h>

#include <inttypes.h>

#include "cmd/fields.h"
#include "cmd/lineage-record.h"
#include "cmd/report.h"
#include "ui/record.h"

static json_t *text_or_null(const char *text)
{
	return text && *text ? record_string(text) : json_null();
}

static json_t *columns_of(const struct report_data *data)
{
	json_t *list = json_array();

	for (size_t i = 0; i < data->metrics.count; i++) {
		json_t *column = json_object();

		json_object_set_new(column, "metric", record_string(data->metrics.v[i]));
		json_object_set_new(
			column, "best", !data->metric_has_rule[i] ? json_null() : json_string(data->metric_is_min[i] ? "min" : "max"));
		json_array_append_new(list, column);
	}
	return list;
}

static json_t *aliases_of(const struct report_collection *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->alias_count; i++) {
		const struct report_alias *a = &c->aliases[i];
		json_t *doc = json_object();

		json_object_set_new(doc, "alias", json_string(a->alias));
		json_object_set_new(doc, "ref", fields_ref(c->name, a->number));
		json_object_set_new(doc, "stage", json_boolean(a->is_stage));
		json_object_set_new(doc, "since", json_time(a->since));
		json_object_set_new(doc, "user", record_string(a->user));
		json_object_set_new(doc, "why", record_string(a->why));
		json_object_set_new(doc, "previous", a->has_previous ? fields_ref(c->name, a->previous) : json_null());
		json_array_append_new(list, doc);
	}
	return list;
}

static json_t *best_of(const struct report_collection *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->best_count; i++) {
		json_t *doc;

		if (!c->best[i].has_best)
			continue;
		doc = json_object();
		json_object_set_new(doc, "metric", record_string(c->best[i].metric));
		json_object_set_new(doc, "ref", fields_ref(c->name, c->best[i].number));
		json_array_append_new(list, doc);
	}
	return list;
}

static json_t *media_of(const struct report_version *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->media_count; i++) {
		json_t *doc = json_object();

		json_object_set_new(doc, "ref", json_string(v->media[i].ref));
		record_set_path(doc, "path", v->media[i].path);
		json_object_set_new(doc, "type", json_string(v->media[i].type));
		json_object_set_new(doc, "size", json_u64(v->media[i].data.len));
		json_array_append_new(list, doc);
	}
	return list;
}

static json_t *version_of(const struct report_collection *c, const struct report_version *v)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "ref", fields_ref(c->name, v->number));
	json_object_set_new(doc, "number", json_u64(v->number));
	json_object_set_new(doc, "digest", json_oid(&v->digest));
	json_object_set_new(doc, "aliases", fields_strings(&v->aliases));
	json_object_set_new(doc, "size", json_u64(v->bytes));
	json_object_set_new(doc, "files", json_u64(v->files));
	json_object_set_new(doc, "created", json_time(v->created));
	json_object_set_new(doc, "user", record_string(v->user));
	json_object_set_new(doc, "description", record_string(v->note));
	json_object_set_new(doc, "tags", fields_strings(&v->tags));
	json_object_set_new(doc, "links", fields_strings(&v->links));
	json_object_set_new(doc, "source", text_or_null(v->source));
	json_object_set_new(doc, "run", text_or_null(v->run));
	json_object_set_new(doc, "job_type", text_or_null(v->job_type));
	json_object_set(doc, "metadata", v->metadata);
	json_object_set(doc, "metrics", v->metrics);
	if (v->config)
		json_object_set(doc, "config", v->config);
	else
		json_object_set_new(doc, "config", json_null());
	json_object_set_new(doc, "media", media_of(v));
	return doc;
}

static json_t *history_of(const struct report_collection *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->event_count; i++) {
		const struct report_event *e = &c->events[i];
		json_t *doc = json_object();

		json_object_set_new(doc, "time", json_time(e->time));
		json_object_set_new(doc, "user", record_string(e->user));
		json_object_set_new(doc, "host", record_string(e->host));
		json_object_set_new(doc, "alias", json_string(e->alias));
		json_object_set_new(doc, "from", text_or_null(e->from));
		json_object_set_new(doc, "to", text_or_null(e->to));
		json_object_set_new(doc, "why", record_string(e->why));
		json_array_append_new(list, doc);
	}
	return list;
}

/* A step is any 64-bit number, which JSON's integers here are not. */
static json_t *step_of(uint64_t step)
{
	return step <= INT64_MAX ? json_integer((json_int_t)step) : json_real((double)step);
}

static json_t *curves_of(const struct report_collection *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->curve_count; i++) {
		const struct report_curve *curve = &c->curves[i];
		json_t *doc = json_object(), *points = json_array();

		for (size_t j = 0; j < curve->count; j++) {
			json_t *point = json_array();

			json_array_append_new(point, step_of(curve->points[j].step));
			json_array_append_new(point, json_real(curve->points[j].value));
			json_array_append_new(points, point);
		}
		json_object_set_new(doc, "ref", fields_ref(c->name, curve->number));
		json_object_set_new(doc, "run", json_string(curve->run));
		json_object_set_new(doc, "metric", record_string(curve->metric));
		json_object_set_new(doc, "points", points);
		json_array_append_new(list, doc);
	}
	return list;
}

static json_t *config_columns_of(const struct report_collection *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->config_columns; i++)
		json_array_append_new(list, record_string(c->config.v[i]));
	return list;
}

static json_t *collection_of(const struct report_collection *c)
{
	json_t *doc = json_object(), *versions = json_array();

	for (size_t i = 0; i < c->version_count; i++)
		json_array_append_new(versions, version_of(c, &c->versions[i]));
	json_object_set_new(doc, "name", json_string(c->name));
	json_object_set_new(doc, "title", text_or_null(c->title));
	json_object_set_new(doc, "kind", json_string(c->kind));
	json_object_set_new(doc, "type", record_string(c->type));
	json_object_set_new(doc, "note", record_string(c->note));
	json_object_set_new(doc, "tags", fields_strings(&c->tags));
	json_object_set_new(doc, "left_out", json_u64(c->left_out));
	json_object_set_new(doc, "aliases", aliases_of(c));
	json_object_set_new(doc, "best", best_of(c));
	json_object_set_new(doc, "config_columns", config_columns_of(c));
	json_object_set_new(doc, "versions", versions);
	json_object_set_new(doc, "curves", curves_of(c));
	json_object_set_new(doc, "lineage", c->lineage.count ? lineage_record(&c->lineage) : json_null());
	json_object_set_new(doc, "history", history_of(c));
	return doc;
}

json_t *report_json(const struct report_data *data, const struct report_page *page)
{
	json_t *doc = json_object(), *collections = json_array();

	for (size_t i = 0; i < data->count; i++)
		json_array_append_new(collections, collection_of(&data->collections[i]));
	json_object_set_new(doc, "format", json_integer(1));
	json_object_set_new(doc, "title", record_string(page->title));
	json_object_set_new(doc, "notes", text_or_null(page->notes));
	json_object_set_new(doc, "registry", record_string(data->root));
	json_object_set_new(doc, "time", json_time_or_null(data->time));
	json_object_set_new(doc, "sequence", json_u64(data->sequence));
	json_object_set_new(doc, "columns", columns_of(data));
	json_object_set_new(doc, "collections", collections);
	return doc;
}
