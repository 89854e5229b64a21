/* SPDX-License-Identifier: Apache-2.0 */
/* mreg run show: all about a run, or the points of its metrics. */
#include <config.h>

#include "cmd/run-show.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/utf8.h"
#include "cmd/fields.h"
#include "cmd/run-words.h"
#include "registry/metadata.h"
#include "registry/run-edge.h"
#include "registry/run-points.h"
#include "registry/search.h"
#include "ui/spark.h"

#define FILES_SHOWN 20
#define EDGES_SHOWN 20
#define CURVE_COLUMNS 32
#define CURVE_MIN 8
#define NUMBERS_COLUMNS 48 /* two before the name, and last, min, max, points with what stands between them */

/* ---- what there is to tell ---- */

/* Every metric: what its points come to, and how they look. */
struct curve {
	struct spark_series series;
	uint64_t step;     /* of the last point */
	bool is_unordered; /* its steps were not logged in their order */
};
struct curves {
	struct point_summaries summaries;
	struct curve *v; /* of each of them; NULL: they are not asked for */
	size_t cap;
};

struct card {
	const struct run *run;
	struct run_info info;
	struct curves curves;
	struct manifest files;
	json_t *inputs, *outputs;
	struct strvec children; /* ids of the runs that were begun in it */
};

static void card_cleanup(struct card *c)
{
	run_info_cleanup(&c->info);
	point_summaries_cleanup(&c->curves.summaries);
	free(c->curves.v);
	manifest_cleanup(&c->files);
	json_decref(c->inputs);
	json_decref(c->outputs);
	strvec_release(&c->children);
}

static int take_child(const struct search_hit *hit, void *arg, struct error *err)
{
	(void)err;
	strvec_push(arg, search_run_identity(hit->run)->id.text);
	return 0;
}

/* The newest first.  Ends the registry's view. */
static int read_children(struct session *s, const struct run *run, struct strvec *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(query) struct query *q = NULL;
	CLEANUP(search) struct search *search = NULL;

	strbuf_addf(&text, "parent = %s", run->id.text);
	q = query_parse_runs(text.buf, text.len, err);
	search = q ? search_new(s->registry, &(struct search_options){ SEARCH_RUNS, q, 0 }, err) : NULL;
	return search && search_each(search, take_child, out, err) == 0 ? 0 : -1;
}

static int take_point(const struct point *p, void *arg, struct error *err)
{
	struct curves *c = arg;
	size_t had = c->summaries.count;
	const struct point_summary *of = point_summaries_add(&c->summaries, p);
	struct curve *curve;

	(void)err;
	if (!of) /* of more metrics than anybody can look at */
		return 0;
	if (c->summaries.count > had) {
		ARRAY_GROW(c->v, c->summaries.count, c->cap);
		memset(&c->v[had], 0, sizeof *c->v);
	}
	curve = &c->v[of - c->summaries.v];
	curve->is_unordered = curve->is_unordered || p->step < curve->step;
	curve->step = p->step;
	spark_add(&curve->series, p->value);
	return 0;
}

struct edge_list {
	struct view *view;
	json_t *list;
	bool is_output;
};

static int take_edge(const struct run_edge *edge, void *arg, struct error *err)
{
	struct edge_list *l = arg;
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	json_t *record;
	bool is_live;

	if (run_edge_name(l->view, edge, &name, &is_live, err) < 0)
		return -1;
	record = json_object();
	json_object_set_new(record, "ref", json_string(name.buf));
	json_object_set_new(record, "digest", json_oid(&edge->digest));
	if (l->is_output)
		json_object_set_new(record, "created", json_boolean(edge->created));
	else
		json_object_set_new(record, "as", json_text_or_null(edge->as));
	json_object_set_new(record, "live", json_boolean(is_live));
	json_array_append_new(l->list, record);
	return 0;
}

/* Curves go by steps: of the few metrics that were logged in another order the points are looked at once more. */
static int order_curves(struct session *s, struct view *v, struct card *c, struct error *err)
{
	for (size_t i = 0; i < c->curves.summaries.count; i++)
		if (c->curves.v[i].is_unordered &&
			run_show_series(s, v, c->run, c->curves.summaries.v[i].name, &c->curves.v[i].series, err) < 0)
			return -1;
	return 0;
}

/* Points that are elsewhere, and cannot be had, are told by what the record says of them. */
static int read_curves(struct session *s, struct view *v, struct card *c, struct error *err)
{
	bool with_curves = out_mode(s->out) == OUT_HUMAN;

	if ((with_curves ? run_points_each(s->registry, v, c->run, NULL, take_point, &c->curves, err) :
			   run_points_summary(s->registry, v, c->run, &c->curves.summaries, err)) == 0)
		return with_curves ? order_curves(s, v, c, err) : 0;
	if (err->code != ERR_REMOTE)
		return -1;
	report_warning(s->report, "%s", err->text);
	error_clear(err);
	return 0;
}

static int read_card(struct session *s, struct view *v, struct card *c, struct error *err)
{
	c->inputs = json_array();
	c->outputs = json_array();
	if (run_info_read(s->registry, v, c->run, &c->info, err) < 0 || read_curves(s, v, c, err) < 0 ||
		run_manifest(s->registry, &c->info, &c->files, err) < 0 ||
		run_edge_each_input(v, &c->run->cid, take_edge, &(struct edge_list){ v, c->inputs, false }, err) < 0)
		return -1;
	return run_edge_each_output(v, &c->run->cid, take_edge, &(struct edge_list){ v, c->outputs, true }, err) < 0 ? -1 : 0;
}

/* Nanoseconds, up to now while it runs, and up to its last sign of life when it died; -1: not known. */
static int64_t duration_of(const struct card *c)
{
	int64_t ended = c->info.state == RUN_RUNNING ? clock_now() : c->info.state == RUN_DIED ? c->info.touched : c->info.record.ended;

	return ended && c->info.record.started && ended >= c->info.record.started ? ended - c->info.record.started : -1;
}

/* ---- as JSON ---- */

/* A whole number is written as one. */
json_t *run_show_number(double value)
{
	if (fabs(value) < 1e15) {
		json_int_t whole = (json_int_t)value;

		if (value >= (double)whole && value <= (double)whole)
			return json_integer(whole);
	}
	return metadata_metric_json(value);
}

static json_t *points_json(const struct card *c)
{
	json_t *all = json_object();

	if (!c->curves.summaries.count && c->info.record.points)
		json_object_update(all, (json_t *)(uintptr_t)c->info.record.points);
	for (size_t i = 0; i < c->curves.summaries.count; i++) {
		const struct point_summary *p = &c->curves.summaries.v[i];
		json_t *one = json_object();

		json_object_set_new(one, "count", json_u64(p->count));
		json_object_set_new(one, "first_step", json_u64(p->first_step));
		json_object_set_new(one, "last_step", json_u64(p->last_step));
		json_object_set_new(one, "last", run_show_number(p->last));
		json_object_set_new(one, "min", run_show_number(p->min));
		json_object_set_new(one, "max", run_show_number(p->max));
		json_object_set_new(all, p->name, one);
	}
	return all;
}

static json_t *files_json(const struct manifest *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->count; i++)
		json_array_append_new(list, fields_entry(&m->entries[i]));
	return list;
}

static void add_times(json_t *record, const struct card *c)
{
	const struct run_record *r = &c->info.record;
	int64_t took = duration_of(c);

	json_object_set_new(record, "created", json_time_or_null(r->started));
	json_object_set_new(record, "ended", json_time_or_null(r->ended));
	json_object_set_new(record, "duration", took < 0 ? json_null() : json_seconds(took));
}

static json_t *card_record(const struct card *c)
{
	const struct run_record *r = &c->info.record;
	json_t *record = json_object();

	json_object_set_new(record, "id", json_string(c->run->id.text));
	json_object_set_new(record, "name", json_text_or_null(c->run->label));
	json_object_set_new(record, "kind", json_string("run"));
	json_object_set_new(record, "job_type", json_string(c->run->job_type));
	json_object_set_new(record, "parent", json_text_or_null(c->info.object.run));
	json_object_set_new(record, "state", json_string(run_state_name(c->info.state)));
	json_object_set_new(record, "exit_status", r->has_status ? json_integer(r->status) : json_null());
	json_object_set_new(record, "signal", r->signal ? json_integer(r->signal) : json_null());
	json_object_set_new(record, "reason", json_text_or_null(r->reason));
	add_times(record, c);
	json_object_set_new(record, "user", json_string(c->info.object.user));
	json_object_set_new(record, "host", json_text_or_null(*r->host ? r->host : c->info.object.host));
	json_object_set_new(record, "directory", json_text_or_null(r->directory));
	json_object_set_new(record, "argv", json_copy_or_null(r->argv));
	json_object_set_new(record, "code", json_copy_or_null(r->code));
	json_object_set_new(record, "config", json_copy_or_null(r->config));
	json_object_set_new(record, "environment", json_copy_or_null(r->environment));
	json_object_set(record, "metrics", c->info.metrics);
	json_object_set_new(record, "points", points_json(c));
	json_object_set(record, "inputs", c->inputs);
	json_object_set(record, "outputs", c->outputs);
	json_object_set_new(record, "children", fields_strings(&c->children));
	json_object_set_new(record, "tags", fields_strings(&c->info.tags));
	json_object_set_new(record, "note", json_string(c->info.note));
	json_object_set(record, "metadata", c->info.metadata);
	json_object_set_new(record, "files", files_json(&c->files));
	return record;
}

/* ---- for people ---- */

static int field(struct out *out, const char *label, const char *value, struct error *err)
{
	return *value ? out_field(out, label, value, err) : 0;
}

static void add_state(struct strbuf *out, const struct card *c)
{
	const struct run_record *r = &c->info.record;

	strbuf_adds(out, run_state_name(c->info.state));
	if (r->signal)
		strbuf_addf(out, ", by signal %d", r->signal);
	else if (r->has_status && r->status)
		strbuf_addf(out, ", with status %d", r->status);
	else if (c->info.state == RUN_DIED)
		strbuf_adds(out, ": its process is gone, and nobody has ended it");
	if (*r->reason)
		strbuf_addf(out, " (%s)", r->reason);
}

static int show_head(struct out *out, const struct card *c, struct error *err)
{
	const struct run_record *r = &c->info.record;
	CLEANUP(strbuf) struct strbuf head = STRBUF_INIT, state = STRBUF_INIT, command = STRBUF_INIT, code = STRBUF_INIT, who = STRBUF_INIT, tags = STRBUF_INIT;

	strbuf_addf(&head, "%s%s%s", c->run->id.text, *c->run->label ? "  " : "", c->run->label);
	add_state(&state, c);
	run_words_command(&command, r->argv);
	run_words_code(&code, r);
	strbuf_addf(&who, "%s@%s", c->info.object.user, *r->host ? r->host : c->info.object.host);
	for (size_t i = 0; i < c->info.tags.count; i++)
		strbuf_addf(&tags, "%s%s", i ? ", " : "", c->info.tags.v[i]);
	return out_heading(out, head.buf, err) < 0 || field(out, "state", state.buf, err) < 0 || field(out, "job type", c->run->job_type, err) < 0 ||
			field(out, "note", c->info.note, err) < 0 || field(out, "tags", tags.buf, err) < 0 ||
			field(out, "command", command.buf, err) < 0 || field(out, "directory", r->directory, err) < 0 ||
			field(out, "git commit", code.buf, err) < 0 || field(out, "by", who.buf, err) < 0 ||
			field(out, "started in", c->info.object.run, err) < 0 ?
		-1 :
		0;
}

static int show_times(struct out *out, const struct card *c, struct error *err)
{
	CLEANUP(strbuf) struct strbuf started = STRBUF_INIT, ended = STRBUF_INIT, logged = STRBUF_INIT, took = STRBUF_INIT;
	int64_t ns = duration_of(c);

	if (c->info.record.started)
		clock_format_moment(&started, c->info.record.started);
	if (c->info.record.ended)
		clock_format_moment(&ended, c->info.record.ended);
	if (c->info.state == RUN_DIED && c->info.touched)
		clock_format_moment(&logged, c->info.touched);
	if (ns >= 0)
		duration_format_brief(&took, (double)ns / (double)NS_PER_S);
	if (c->info.state == RUN_RUNNING && took.len)
		strbuf_adds(&took, " so far");
	if (logged.len && took.len)
		strbuf_adds(&took, " at least");
	return field(out, "started", started.buf, err) < 0 || field(out, "ended", ended.buf, err) < 0 || field(out, "last seen", logged.buf, err) < 0 ||
			field(out, "duration", took.buf, err) < 0 ? -1 : 0;
}

static int show_edges(struct out *out, const char *name, const json_t *list, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	size_t i, count = json_array_size(list);
	const json_t *edge;

	json_array_foreach(list, i, edge)
	{
		const char *as;
		bool flag;

		if (i == EDGES_SHOWN) {
			strbuf_addf(&text, "\nand %zu more", count - i);
			break;
		}
		strbuf_addf(&text, "%s%s", i ? "\n" : "", json_string_value(json_object_get(edge, "ref")));
		if (json_get_string(edge, "as", &as))
			strbuf_addf(&text, " as %s", as);
		if (json_get_bool(edge, "created", &flag) && !flag)
			strbuf_adds(&text, " (it was there already)");
		if (json_get_bool(edge, "live", &flag) && !flag)
			strbuf_adds(&text, " (not here)");
	}
	return field(out, name, text.buf, err);
}

static json_t *curve_row(const char *name, uint64_t count, json_t *last, json_t *min, json_t *max, const char *curve)
{
	json_t *row = json_object();

	json_object_set_new(row, "metric", json_string(name));
	json_object_set_new(row, "last", last);
	json_object_set_new(row, "min", min);
	json_object_set_new(row, "max", max);
	json_object_set_new(row, "points", json_u64(count));
	json_object_set_new(row, "curve", json_string(curve));
	return row;
}

/* What a terminal has room for beside the names and four numbers. */
static size_t curve_columns(const struct out *out, const json_t *metrics)
{
	size_t width = out_width(out), used = NUMBERS_COLUMNS;
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)metrics, name, value)
	{
		size_t needed = utf8_width(name, strlen(name)) + NUMBERS_COLUMNS;

		used = needed > used ? needed : used;
	}
	return !width || width >= used + CURVE_COLUMNS ? CURVE_COLUMNS : width > used + CURVE_MIN ? width - used : CURVE_MIN;
}

static int show_curves(struct out *out, const struct card *c, struct error *err)
{
	static const struct column columns[] = {
		{ "metric", "  METRIC", COLUMN_TEXT, false }, { "last", NULL, COLUMN_NUMBER, false }, { "min", NULL, COLUMN_NUMBER, false },
		{ "max", NULL, COLUMN_NUMBER, false }, { "points", NULL, COLUMN_NUMBER, false }, { "curve", NULL, COLUMN_TEXT, false },
		{ NULL, NULL, COLUMN_TEXT, false },
	};
	size_t columns_of_curve = curve_columns(out, c->info.metrics);
	const char *name;
	json_t *value;

	if (!json_object_size(c->info.metrics))
		return 0;
	if (out_section(out, "metrics", err) < 0 || out_list_begin(out, columns, NULL, "metric", err) < 0)
		return -1;
	json_object_foreach(c->info.metrics, name, value) {
		const struct point_summary *p = point_summaries_find(&c->curves.summaries, name);
		const json_t *known = json_object_get(c->info.record.points, name);
		CLEANUP(strbuf) struct strbuf curve = STRBUF_INIT, label = STRBUF_INIT;
		double said = json_is_number(value) ? json_number_value(value) : NAN; /* it may have been set afterwards, and is a value as those */
		json_t *row;

		strbuf_addf(&label, "  %s", name);
		if (p) {
			spark_draw(&curve, &c->curves.v[p - c->curves.summaries.v].series, columns_of_curve);
			row = curve_row(label.buf, p->count, json_copy_or_null(value), run_show_number(said < p->min ? said : p->min),
				run_show_number(said > p->max ? said : p->max), curve.buf);
		} else {
			row = curve_row(label.buf, (uint64_t)json_integer_value(json_object_get(known, "count")), json_copy_or_null(value),
				json_copy_or_null(json_object_get(known, "min")), json_copy_or_null(json_object_get(known, "max")), "");
		}
		if (out_list_row(out, row, err) < 0)
			return -1;
	}
	return out_list_end(out, err);
}

static int show_object(struct out *out, const char *heading, const json_t *object, struct error *err)
{
	if (!json_object_size(object))
		return 0;
	return out_section(out, heading, err) < 0 ? -1 : fields_show_object(out, (json_t *)(uintptr_t)object, err);
}

static int show_files(struct out *out, const struct manifest *m, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < m->count && i < FILES_SHOWN; i++) {
		strbuf_addf(&text, "%s%s  ", i ? "\n" : "", m->entries[i].path);
		size_format(&text, m->entries[i].size);
	}
	if (m->count > FILES_SHOWN)
		strbuf_addf(&text, "\nand %zu more", m->count - FILES_SHOWN);
	return field(out, "files", text.buf, err);
}

static int show_children(struct out *out, const struct strvec *children, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < children->count && i < EDGES_SHOWN; i++)
		strbuf_addf(&text, "%s%s", i ? "\n" : "", children->v[i]);
	if (children->count > EDGES_SHOWN)
		strbuf_addf(&text, "\nand %zu more", children->count - EDGES_SHOWN);
	return field(out, "runs in it", text.buf, err);
}

static int show_human(struct out *out, const struct card *c, struct error *err)
{
	const struct run_record *r = &c->info.record;

	if (show_head(out, c, err) < 0 || show_times(out, c, err) < 0 || show_edges(out, "inputs", c->inputs, err) < 0 ||
		show_edges(out, "outputs", c->outputs, err) < 0 || show_children(out, &c->children, err) < 0 || show_files(out, &c->files, err) < 0)
		return -1;
	if (show_object(out, "config", r->config, err) < 0 || show_object(out, "environment", r->environment, err) < 0 ||
		show_object(out, "metadata", c->info.metadata, err) < 0)
		return -1;
	return show_curves(out, c, err);
}

int run_show_card(struct session *s, const struct run *run, struct error *err)
{
	CLEANUP(card) struct card c = { .run = run, .info = RUN_INFO_INIT, .curves = { .summaries = POINT_SUMMARIES_INIT }, .files = MANIFEST_INIT };
	struct view *v = read_children(s, run, &c.children, err) < 0 ? NULL : registry_view(s->registry, err);

	if (!v || read_card(s, v, &c, err) < 0)
		return -1;
	return out_mode(s->out) == OUT_HUMAN ? show_human(s->out, &c, err) : out_result(s->out, card_record(&c), "id", err);
}

int run_show(struct session *s, int argc, char **argv, struct error *err)
{
	CLEANUP(strvec) struct strvec metrics = STRVEC_INIT;
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	CLEANUP(run) struct run run = RUN_INIT;
	bool all = false;
	struct view *v;
	const struct opt opts[] = {
		OPT_STRVEC(0, "metric", &metrics, "METRIC", "show the points of this metric"),
		OPT_FLAG(0, "all", &all, "all points, not only as many as show the curve"),
		OPT_REMOTE(&s->remote_name),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 2, 2, &operands, err) < 0)
		return -1;
	if (all && !metrics.count)
		return error_set(err, ERR_USAGE, "--all is for --metric");
	if (session_update(s, NULL, 0, err) < 0 || !(v = registry_view(s->registry, err)) || run_get(v, operands.v[1], &run, err) < 0)
		return -1;
	return metrics.count ? run_show_points(s, &run, &metrics, all, err) : run_show_card(s, &run, err);
}
