/* SPDX-License-Identifier: Apache-2.0 */
/* mreg log: the versions of a collection, newest first, with what changed. */
#include <config.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "registry/best.h"
#include "registry/diff.h"
#include "registry/resolve.h"
#include "ui/record.h"
#include "ui/spark.h"

#define NAMED_CHANGES 10 /* a version's changed files that people are shown */
#define SPARK_COLUMNS 80 /* where there is no terminal */
#define SPARK_MIN 8      /* on a very narrow one */

struct args {
	uint64_t limit;
	struct strvec metrics; /* as given: one at most */
	const char *metric; /* or NULL */
	struct best_rule rule; /* what "METRIC:min" or "METRIC:max" says; metric NULL: which is best was not said */
	bool all;
};

static void args_cleanup(struct args *a)
{
	best_rule_cleanup(&a->rule);
	strvec_release(&a->metrics);
}

struct walk {
	struct session *s;
	struct view *view;
	const struct args *args;
	const struct collection *collection;
	struct alias_rows aliases;
	struct version_row next; /* the newer version, waiting for the one before it */
	bool has_next;
	uint64_t shown;
	uint64_t *numbers; /* of the versions whose values those below are */
	size_t number_count, number_cap;
	uint64_t best;  /* place of the best among values, maybe behind what is shown; UINT64_MAX: none, or it was not said which is */
	bool has_values; /* any of them is one */
	json_t *values; /* of the metric, newest first: of the versions that are shown, and of as many more as had to be read; null where there is none */
};

static const struct column columns[] = {
	{ "ref", NULL, COLUMN_TEXT, false }, { "created", NULL, COLUMN_TIME, false }, { "user", NULL, COLUMN_TEXT, false },
	{ "description", NULL, COLUMN_TEXT, false }, { NULL, NULL, COLUMN_TEXT, false },
};

/* ---- one metric of all ---- */

static const json_t *value_of(const struct walk *w, uint64_t place)
{
	return json_array_get(w->values, (size_t)place);
}

static void add_metric(json_t *doc, const struct walk *w)
{
	json_t *value = json_array_get(w->values, (size_t)w->shown - 1), *delta = diff_delta(value_of(w, w->shown), value);

	json_object_set_new(doc, "metric", json_string(w->args->metric));
	json_object_set(doc, "value", value);
	json_object_set_new(doc, "delta", delta ? delta : json_null());
	json_object_set_new(doc, "best", w->args->rule.metric ? json_boolean(w->shown - 1 == w->best) : json_null());
}

static int collect_value(const struct version_row *row, void *arg, struct error *err)
{
	struct walk *w = arg;
	CLEANUP(version_info) struct version_info info = VERSION_INFO_INIT;
	json_t *value;

	if (row->removed)
		return 0;
	if (version_info_read(w->s->registry, w->view, row, &info, err) < 0)
		return -1;
	value = json_object_get(info.metrics, w->args->metric);
	w->has_values = w->has_values || value;
	json_array_append_new(w->values, value ? json_incref(value) : json_null());
	ARRAY_GROW(w->numbers, w->number_count + 1, w->number_cap);
	w->numbers[w->number_count++] = row->number;
	/* one more is there for the first delta; the best may be any, and that none has it is known when all have been asked */
	return !w->args->rule.metric && w->has_values && json_array_size(w->values) > w->args->limit;
}

static int no_metric(const struct walk *w, struct error *err)
{
	error_set(err, ERR_INVALID, "no version of '%s' has a metric '%s'", w->collection->name, w->args->metric);
	return error_hint(err, "'mreg show %s:latest' lists those of the latest version.", w->collection->name);
}

/* "min 0.5 at v0, max 0.9 at v1, last 0.8 at v4" */
static void add_extremes(struct strbuf *out, const struct walk *w, const double *values, size_t shown)
{
	size_t least = SIZE_MAX, greatest = SIZE_MAX, last = SIZE_MAX;

	for (size_t i = 0; i < shown; i++) {
		if (!isfinite(values[i]))
			continue;
		if (least == SIZE_MAX || values[i] < values[least])
			least = i;
		if (greatest == SIZE_MAX || values[i] > values[greatest])
			greatest = i;
		last = i;
	}
	if (last == SIZE_MAX)
		return;
	/* the numbers of versions stand in the order of values, the oldest first */
	strbuf_addf(out, "min %.6g at v%" PRIu64 ", max %.6g at v%" PRIu64 ", last %.6g at v%" PRIu64, values[least], w->numbers[shown - 1 - least],
		    values[greatest], w->numbers[shown - 1 - greatest], values[last], w->numbers[shown - 1 - last]);
}

/* Where the best is not among those that are shown it is told here. */
static void add_best(struct strbuf *out, const struct walk *w, size_t shown)
{
	if (w->best == UINT64_MAX || w->best < shown)
		return;
	strbuf_addf(out, "%sbest of all: %.6g at v%" PRIu64, out->len ? "; " : "", json_number_value(value_of(w, w->best)), w->numbers[w->best]);
}

static int show_spark(const struct walk *w, struct error *err)
{
	CLEANUP(strbuf) struct strbuf line = STRBUF_INIT, extremes = STRBUF_INIT;
	size_t count = json_array_size(w->values), shown = count > w->args->limit ? (size_t)w->args->limit : count, room = out_width(w->s->out), indent;
	CLEANUP(ptr) double *values = xcalloc(count + 1, sizeof *values);

	for (size_t i = 0; i < shown; i++) {
		const json_t *value = json_array_get(w->values, shown - 1 - i); /* the oldest stands left */

		values[i] = json_is_number(value) ? json_number_value(value) : NAN;
	}
	utf8_add_visible(&line, w->args->metric, strlen(w->args->metric));
	strbuf_adds(&line, "  ");
	indent = utf8_width(line.buf, line.len);
	spark_line(&line, values, shown, room > indent + SPARK_MIN ? room - indent : room ? SPARK_MIN : SPARK_COLUMNS);
	add_extremes(&extremes, w, values, shown);
	add_best(&extremes, w, shown);
	if (!extremes.len)
		strbuf_addf(&extremes, "no value in what is shown");
	if (out_text(w->s->out, err, "%s\n", line.buf) < 0)
		return -1;
	if (room && indent + extremes.len > room)
		indent = 0;
	return out_text(w->s->out, err, "%*s%s\n\n", (int)indent, "", extremes.buf);
}

/* Of two that are as good the older one; values come newest first. */
static void find_best(struct walk *w)
{
	double best = NAN;

	w->best = UINT64_MAX;
	for (size_t i = 0; w->args->rule.metric && i < json_array_size(w->values); i++) {
		const json_t *value = json_array_get(w->values, i);
		double number = json_is_number(value) ? json_number_value(value) : NAN;

		if (isnan(number) || (w->best != UINT64_MAX && best_is_better(&w->args->rule, best, number)))
			continue;
		best = number;
		w->best = i;
	}
}

static int collect_values(struct walk *w, struct error *err)
{
	w->values = json_array();
	if (view_each_version(w->view, &w->collection->cid, true, collect_value, w, err) < 0)
		return -1;
	if (!w->has_values && json_array_size(w->values))
		return no_metric(w, err);
	find_best(w);
	return w->has_values && out_mode(w->s->out) == OUT_HUMAN ? show_spark(w, err) : 0;
}

static int show_metric(const struct walk *w, struct error *err)
{
	const json_t *value = value_of(w, w->shown - 1);
	CLEANUP(json) json_t *delta = diff_delta(value_of(w, w->shown), value);
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (!value || json_is_null(value))
		return 0;
	record_add_text(&text, value, ", ");
	if (json_is_integer(delta))
		strbuf_addf(&text, " (%+" JSON_INTEGER_FORMAT ")", json_integer_value(delta));
	else if (delta)
		strbuf_addf(&text, " (%+.6g)", json_real_value(delta));
	if (w->shown - 1 != w->best)
		return out_text(w->s->out, err, "    %s: %s\n", w->args->metric, text.buf);
	strbuf_adds(&text, "  best");
	return out_text(w->s->out, err, "    %s: ", w->args->metric) < 0 || out_emphasis(w->s->out, text.buf, err) < 0 || out_text(w->s->out, err, "\n") < 0 ? -1 : 0;
}

/* ---- the versions ---- */

static json_t *record(const struct walk *w, const struct version_info *info, const struct differences *d)
{
	json_t *doc = fields_version(w->collection, &w->next, &w->aliases, info);

	json_object_set_new(doc, "added", json_u64(d->added));
	json_object_set_new(doc, "deleted", json_u64(d->deleted));
	json_object_set_new(doc, "modified", json_u64(d->modified));
	json_object_set_new(doc, "renamed", json_u64(d->renamed));
	json_object_set_new(doc, "changes", fields_differences(d));
	if (w->args->metric)
		add_metric(doc, w);
	return doc;
}

static int show_changes(struct out *out, const struct walk *w, const struct differences *d, struct error *err)
{
	size_t max = w->args->all ? SIZE_MAX : NAMED_CHANGES;

	for (size_t i = 0; i < d->count && i < max; i++) {
		const struct difference *x = &d->v[i];
		const struct entry *e = x->after ? x->after : x->before;
		CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;

		if (x->kind == DIFFERENCE_RENAMED) {
			utf8_add_visible(&path, x->before->path, strlen(x->before->path));
			strbuf_adds(&path, " -> ");
		}
		utf8_add_visible(&path, e->path, strlen(e->path));
		if (out_text(out, err, "    %-8s  %s\n", difference_name(x->kind), path.buf) < 0)
			return -1;
	}
	if (d->count > max)
		return out_text(out, err, "    and %zu more (--all shows them)\n", d->count - max);
	return 0;
}

static int show_human(struct walk *w, const struct version_info *info, const json_t *source, const struct differences *d, struct error *err)
{
	struct out *out = w->s->out;
	CLEANUP(strbuf) struct strbuf head = STRBUF_INIT, aliases = STRBUF_INIT, time = STRBUF_INIT;

	fields_add_aliases(&aliases, &w->aliases, w->next.number);
	strbuf_addf(&head, "%s:v%" PRIu64 "  %.12s%s%s%s", w->collection->name, w->next.number, oid_hex(&w->next.digest).text, aliases.len ? "  (" : "",
		    aliases.buf, aliases.len ? ")" : "");
	clock_format_local(&time, info->object.time);
	if ((w->shown > 1 && out_text(out, err, "\n") < 0) || out_heading(out, head.buf, err) < 0 ||
	    out_text(out, err, "    %s by %s@%s\n", time.buf, info->object.user, info->object.host) < 0)
		return -1;
	if (json_is_string(source) && out_text(out, err, "    source: %s\n", json_string_value(source)) < 0)
		return -1;
	if ((w->args->metric && show_metric(w, err) < 0) || out_prose(out, 4, info->description, err) < 0)
		return -1;
	return show_changes(out, w, d, err);
}

/* `before` is NULL for the first version. */
static int show_next(struct walk *w, const struct version_row *before, struct error *err)
{
	CLEANUP(version_info) struct version_info info = VERSION_INFO_INIT;
	CLEANUP(manifest) struct manifest old = MANIFEST_INIT;
	CLEANUP(manifest) struct manifest new = MANIFEST_INIT;
	CLEANUP(differences) struct differences d = DIFFERENCES_INIT;
	CLEANUP(json) json_t *source = NULL;
	json_t *doc;

	w->shown++;
	if (version_info_read(w->s->registry, w->view, &w->next, &info, err) < 0 ||
	    version_manifest(w->s->registry, &w->next.digest, &new, err) < 0 ||
	    (before && version_manifest(w->s->registry, &before->digest, &old, err) < 0))
		return -1;
	compare_manifests(&old, &new, &d);
	if (w->collection->is_model && fields_source(w->view, &w->next.version, &source, err) < 0)
		return -1;
	if (out_mode(w->s->out) == OUT_HUMAN)
		return show_human(w, &info, source, &d, err);
	doc = record(w, &info, &d);
	if (source)
		json_object_set(doc, "source", source);
	return out_list_row(w->s->out, doc, err);
}

static int visit(const struct version_row *row, void *arg, struct error *err)
{
	struct walk *w = arg;

	if (row->removed)
		return 0;
	if (w->has_next && show_next(w, row, err) < 0)
		return -1;
	w->next = *row;
	w->has_next = w->shown < w->args->limit;
	return !w->has_next;
}

static int log_run(struct walk *w, const char *name, struct error *err)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	bool human = out_mode(w->s->out) == OUT_HUMAN;

	if (resolve_bare(w->view, name, &c, err) < 0 || alias_rows_read(w->view, &c, &w->aliases, err) < 0)
		return -1;
	w->collection = &c;
	if (w->args->metric && w->args->limit && collect_values(w, err) < 0)
		return -1;
	if (!human && out_list_begin(w->s->out, columns, NULL, "ref", err) < 0)
		return -1;
	if (view_each_version(w->view, &c.cid, true, visit, w, err) < 0 || (w->has_next && show_next(w, NULL, err) < 0))
		return -1;
	return human ? 0 : out_list_end(w->s->out, err);
}

/* "acc:max" is the metric acc, of which the greatest is the best. */
static int read_rule(struct args *a, struct error *err)
{
	const char *colon;

	if (a->metrics.count > 1)
		return error_set(err, ERR_USAGE, "log shows one metric at a time");
	a->metric = a->metrics.count ? a->metrics.v[0] : NULL;
	colon = a->metric ? strrchr(a->metric, ':') : NULL;
	if (!colon || (strcmp(colon, ":min") != 0 && strcmp(colon, ":max") != 0))
		return 0;
	if (best_rule_parse(a->metric, &a->rule, err) < 0)
		return -1;
	a->metric = a->rule.metric;
	return 0;
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	CLEANUP(args) struct args a = { .limit = UINT64_MAX };
	CLEANUP(operands) struct operands operands = { NULL, 0 };
	struct walk w = { .s = s, .args = &a, .aliases = ALIAS_ROWS_INIT, .best = UINT64_MAX };
	int rc;
	const struct opt opts[] = {
		OPT_U64('n', "limit", &a.limit, "N", "at most N versions"),
		OPT_STRVEC(0, "metric", &a.metrics, "METRIC[:min|max]", "show this metric of each version, and all of them in a row"),
		OPT_FLAG(0, "all", &a.all, "name every changed file, not only the first ten"),
		OPT_REMOTE(&s->remote_name),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, 1, &operands, err) < 0 || read_rule(&a, err) < 0 || session_update(s, operands.v, 1, err) < 0 ||
	    !(w.view = registry_view(s->registry, err)) || session_pager(s, err) < 0)
		return -1;
	rc = log_run(&w, operands.v[0], err);
	json_decref(w.values);
	free(w.numbers);
	alias_rows_cleanup(&w.aliases);
	return rc;
}

const struct command cmd_log = {
	.name = "log", .synopsis = "[options] NAME", .summary = "show the versions of a collection, newest first", .group = GROUP_LOOK,
	.needs = NEEDS_REGISTRY, .run = run,
};
