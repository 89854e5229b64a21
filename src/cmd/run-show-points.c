/* SPDX-License-Identifier: Apache-2.0 */
/* mreg run show --metric: the points of metrics, by their steps. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/run-show.h"
#include "registry/run-points.h"
#include "ui/spark.h"

#define POINTS_SHOWN 100 /* of a metric, without --all */

struct logged {
	struct curve_point point;
	size_t place;
};

struct points {
	struct session *s;
	const char *metric;
	struct curve_point *v;
	size_t count, cap;
	bool all;
};

static void points_cleanup(struct points *p)
{
	free(p->v);
}

static int by_step(const void *x, const void *y)
{
	const struct logged *a = x, *b = y;

	if (a->point.step != b->point.step)
		return a->point.step < b->point.step ? -1 : 1;
	return a->place < b->place ? -1 : a->place > b->place;
}

/* They may have been logged in any order; of one step the order of logging stays. */
static void sort_points(struct curve_point *v, size_t count)
{
	CLEANUP(ptr) struct logged *all = NULL;
	size_t sorted = 1;

	while (sorted < count && v[sorted - 1].step <= v[sorted].step)
		sorted++;
	if (sorted >= count)
		return;
	all = xcalloc(count, sizeof *all);
	for (size_t i = 0; i < count; i++)
		all[i] = (struct logged){ v[i], i };
	qsort(all, count, sizeof *all, by_step);
	for (size_t i = 0; i < count; i++)
		v[i] = all[i].point;
}

static int print_point(const struct points *p, uint64_t step, double value, struct error *err)
{
	json_t *record = json_object();

	json_object_set_new(record, "metric", json_string(p->metric));
	json_object_set_new(record, "step", json_u64(step));
	json_object_set_new(record, "value", run_show_number(value));
	return out_list_row(p->s->out, record, err);
}

static int take_one(const struct point *point, void *arg, struct error *err)
{
	struct points *p = arg;

	(void)err;
	ARRAY_GROW(p->v, p->count + 1, p->cap);
	p->v[p->count++] = (struct curve_point){ point->step, point->value };
	return 0;
}

int run_show_series(struct session *s, struct view *v, const struct run *run, const char *metric, struct spark_series *out, struct error *err)
{
	CLEANUP(points) struct points p = { .s = s, .metric = metric };

	if (run_points_each(s->registry, v, run, metric, take_one, &p, err) < 0)
		return -1;
	sort_points(p.v, p.count);
	*out = (struct spark_series){ .count = 0 };
	for (size_t i = 0; i < p.count; i++)
		spark_add(out, p.v[i].value);
	return 0;
}

static int show_curve(const struct points *p, struct error *err)
{
	struct spark_series series = { .count = 0 };
	CLEANUP(strbuf) struct strbuf line = STRBUF_INIT;
	size_t width = out_width(p->s->out), used = strlen(p->metric) + 2;

	strbuf_addf(&line, "%s  ", p->metric);
	for (size_t i = 0; i < p->count; i++)
		spark_add(&series, p->v[i].value);
	spark_draw(&line, &series, width > used + 8 ? width - used : 80);
	return out_text(p->s->out, err, "%s\n", line.buf);
}

static int print_points(const struct points *p, struct error *err)
{
	CLEANUP(ptr) struct curve_point *thin = NULL;
	const struct curve_point *shown = p->v;
	size_t count = p->count;

	if (!p->all && count > POINTS_SHOWN) {
		thin = xcalloc(POINTS_SHOWN, sizeof *thin);
		count = points_thin(p->v, p->count, POINTS_SHOWN / 4, thin);
		shown = thin;
		report_note(p->s->report, "%zu of %zu points; --all shows them all", count, p->count);
	}
	for (size_t i = 0; i < count; i++)
		if (print_point(p, shown[i].step, shown[i].value, err) < 0)
			return -1;
	return 0;
}

static int check_metric(struct session *s, struct view *v, const struct run *run, const char *metric, struct error *err)
{
	CLEANUP(point_summaries) struct point_summaries all = POINT_SUMMARIES_INIT;
	CLEANUP(strbuf) struct strbuf names = STRBUF_INIT;

	if (run_points_summary(s->registry, v, run, &all, err) < 0)
		return -1;
	if (point_summaries_find(&all, metric))
		return 0;
	error_set(err, ERR_INVALID, "run '%s' has no metric '%s'", run->id.text, metric);
	for (size_t i = 0; i < all.count && i < 10; i++)
		strbuf_addf(&names, "%s%s", i ? ", " : "", all.v[i].name);
	return names.len ? error_hint(err, "It has %s%s.", names.buf, all.count > 10 ? " and more" : "") : error_hint(err, "It has none.");
}

/* For people a table each, below its curve. */
static int show_metric(struct session *s, struct view *v, const struct run *run, const char *metric, bool all, struct error *err)
{
	static const struct column columns[] = {
		{ "step", NULL, COLUMN_NUMBER, false }, { "value", NULL, COLUMN_NUMBER, false }, { "metric", NULL, COLUMN_TEXT, true },
		{ NULL, NULL, COLUMN_TEXT, false },
	};
	CLEANUP(points) struct points p = { .s = s, .metric = metric, .all = all };

	if (out_list_begin(s->out, columns, NULL, "value", err) < 0 || run_points_each(s->registry, v, run, metric, take_one, &p, err) < 0)
		return -1;
	sort_points(p.v, p.count);
	if ((out_mode(s->out) == OUT_HUMAN && p.count && show_curve(&p, err) < 0) || print_points(&p, err) < 0)
		return -1;
	return out_list_end(s->out, err);
}

int run_show_points(struct session *s, const struct run *run, const struct strvec *metrics, bool all, struct error *err)
{
	struct view *v = registry_view(s->registry, err);

	if (!v)
		return -1;
	for (size_t i = 0; i < metrics->count; i++)
		if (check_metric(s, v, run, metrics->v[i], err) < 0)
			return -1;
	for (size_t i = 0; i < metrics->count; i++)
		if ((i && out_mode(s->out) == OUT_HUMAN && out_text(s->out, err, "\n") < 0) || show_metric(s, v, run, metrics->v[i], all, err) < 0)
			return -1;
	return 0;
}
