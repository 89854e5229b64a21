/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics of a collection as charts: over its versions, and over the steps of the runs that made them. */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/report-html-internal.h"
#include "format/points.h"
#include "ui/chart.h"

#define CURVES_MAX 6      /* in one chart: more cannot be told apart */
#define CURVE_CHARTS_MAX 12
#define BUCKETS 50        /* of the steps of a curve */

static void begin(struct report_html *page, const char *title, size_t *count)
{
	if (!(*count)++)
		strbuf_addf(page->out, "<h3>%s</h3>\n<div class=\"cs\">\n", title);
}

static void end(struct report_html *page, size_t count)
{
	if (count)
		strbuf_adds(page->out, "</div>\n");
}

/* --- over versions */

/* What serves before all else, then the later stages: which of them are named where there is no room for all. */
static size_t marks_of(const struct report_collection *c, struct chart_mark *marks)
{
	size_t count = 0;

	for (size_t i = c->alias_count; i-- > 0;) {
		struct chart_mark mark = { (double)c->aliases[i].number, c->aliases[i].alias };

		if (!c->aliases[i].is_stage)
			continue;
		marks[count++] = mark;
		if (strcmp(mark.text, "production") == 0) {
			marks[count - 1] = marks[0];
			marks[0] = mark;
		}
	}
	return count;
}

/* Oldest first; those without the metric are left out. */
static size_t points_of(const struct report_collection *c, const char *metric, struct chart_point *points)
{
	size_t count = 0;
	double value;

	for (size_t i = c->version_count; i-- > 0;)
		if (report_html_metric(&c->versions[i], metric, &value))
			points[count++] = (struct chart_point){ (double)c->versions[i].number, value };
	return count;
}

static void describe(struct strbuf *out, const struct report_data *data, const struct chart_point *points, size_t count)
{
	struct report_html into = { out, data, HASHMAP_INIT };
	const struct chart_point *least = NULL, *greatest = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!isfinite(points[i].y))
			continue;
		least = least && least->y <= points[i].y ? least : &points[i];
		greatest = greatest && greatest->y >= points[i].y ? greatest : &points[i];
	}
	strbuf_addf(out, "%zu versions, v%.0f to v%.0f", count, points[0].x, points[count - 1].x);
	if (!least)
		return;
	strbuf_adds(out, "; least ");
	report_html_digits(&into, least->y, -1);
	strbuf_addf(out, " at v%.0f, greatest ", least->x);
	report_html_digits(&into, greatest->y, -1);
	strbuf_addf(out, " at v%.0f, last ", greatest->x);
	report_html_digits(&into, points[count - 1].y, -1);
}

static const char *rule_of(const struct report_data *data, size_t metric)
{
	if (!data->metric_has_rule || !data->metric_has_rule[metric])
		return "";
	return data->metric_is_min[metric] ? "lower is better" : "higher is better";
}

/* The best version has a mark of its own, which the legend names. */
static size_t add_best(const struct report_collection *c, const char *metric, const struct chart_point *points, size_t count, struct strbuf *name,
	struct strbuf *id, struct chart_series *series)
{
	for (size_t i = 0; i < count; i++) {
		if (!report_html_is_best(c, metric, (uint64_t)points[i].x))
			continue;
		strbuf_addf(name, "best: v%.0f", points[i].x);
		strbuf_addf(id, "%s:v%.0f", c->name, points[i].x);
		*series = (struct chart_series){ .name = name->buf, .id = id->buf, .points = &points[i], .count = 1, .style = 1 };
		return 1;
	}
	return 0;
}

static void add_metric(struct report_html *page, const struct report_collection *c, size_t metric, const struct chart_mark *marks, size_t mark_count,
	struct chart_point *points, size_t *charts)
{
	CLEANUP(strbuf) struct strbuf description = STRBUF_INIT, best = STRBUF_INIT, id = STRBUF_INIT;
	const char *name = page->data->metrics.v[metric];
	size_t count = points_of(c, name, points);
	struct chart_series series[2] = { { .name = name, .points = points, .count = count, .has_dots = true } };
	struct chart chart = { .title = name, .note = rule_of(page->data, metric), .x_name = "", .x_prefix = "v", .series = series, .marks = marks,
			       .mark_count = mark_count };

	if (count < 2)
		return;
	describe(&description, page->data, points, count);
	chart.description = description.buf;
	chart.series_count = 1 + add_best(c, name, points, count, &best, &id, &series[1]);
	begin(page, "Metrics by version", charts);
	chart_svg(page->out, &chart);
}

static void add_metrics(struct report_html *page, const struct report_collection *c)
{
	CLEANUP(ptr) struct chart_point *points = xcalloc(c->version_count + 1, sizeof *points);
	CLEANUP(ptr) struct chart_mark *marks = xcalloc(c->alias_count + 1, sizeof *marks);
	size_t charts = 0, mark_count = marks_of(c, marks);

	for (size_t i = 0; i < page->data->metrics.count; i++)
		add_metric(page, c, i, marks, mark_count, points, &charts);
	end(page, charts);
}

/* --- over steps */

/* The versions whose curves are drawn: each has one style in all charts. */
struct shown {
	uint64_t numbers[CURVES_MAX];
	size_t count;
	bool is_cut;
};

static bool has_curve(const struct report_collection *c, uint64_t number)
{
	for (size_t i = 0; i < c->curve_count; i++)
		if (c->curves[i].number == number)
			return true;
	return false;
}

static void show(struct shown *shown, const struct report_collection *c, uint64_t number)
{
	for (size_t i = 0; i < shown->count; i++)
		if (shown->numbers[i] == number)
			return;
	if (!has_curve(c, number))
		return;
	if (shown->count < CURVES_MAX)
		shown->numbers[shown->count++] = number;
	else
		shown->is_cut = true;
}

/* Who has an alias, then the newest. */
static void choose_shown(struct shown *shown, const struct report_collection *c)
{
	for (size_t i = 0; i < c->alias_count; i++)
		show(shown, c, c->aliases[i].number);
	for (size_t i = 0; i < c->version_count; i++)
		show(shown, c, c->versions[i].number);
}

static size_t thin(const struct report_curve *curve, struct chart_point *points)
{
	struct curve_point few[4 * BUCKETS];
	size_t count = points_thin(curve->points, curve->count, BUCKETS, few);

	for (size_t i = 0; i < count; i++)
		points[i] = (struct chart_point){ (double)few[i].step, few[i].value };
	return count;
}

static void name_curve(struct strbuf *name, struct strbuf *id, const struct report_collection *c, uint64_t number)
{
	strbuf_addf(name, "v%llu", (unsigned long long)number);
	strbuf_addf(id, "%s:%s", c->name, name->buf);
	for (size_t i = 0; i < c->alias_count; i++)
		if (c->aliases[i].number == number)
			strbuf_addf(name, " %s", c->aliases[i].alias);
}

static void add_curves(struct report_html *page, const struct report_collection *c, const char *metric, const struct shown *shown, size_t *charts)
{
	struct chart_point points[CURVES_MAX][4 * BUCKETS];
	struct strbuf names[CURVES_MAX], ids[CURVES_MAX];
	struct chart_series series[CURVES_MAX];
	struct chart chart = { .title = metric, .note = "", .description = "", .x_name = "step", .x_prefix = "", .series = series };

	for (size_t i = 0; i < shown->count; i++)
		for (size_t j = 0; j < c->curve_count; j++) {
			const struct report_curve *curve = &c->curves[j];
			size_t n = chart.series_count;

			if (curve->number != shown->numbers[i] || strcmp(curve->metric, metric) != 0 || !curve->count)
				continue;
			strbuf_init(&names[n]);
			strbuf_init(&ids[n]);
			name_curve(&names[n], &ids[n], c, curve->number);
			series[n] = (struct chart_series){ .name = names[n].buf, .id = ids[n].buf, .points = points[n], .count = thin(curve, points[n]), .style = i };
			chart.series_count++;
			break; /* one run makes a version */
		}
	if (chart.series_count) {
		begin(page, "Training curves", charts);
		chart_svg(page->out, &chart);
	}
	for (size_t i = 0; i < chart.series_count; i++) {
		strbuf_release(&names[i]);
		strbuf_release(&ids[i]);
	}
}

static bool is_first_of_metric(const struct report_collection *c, size_t curve)
{
	for (size_t i = 0; i < curve; i++)
		if (!strcmp(c->curves[i].metric, c->curves[curve].metric))
			return false;
	return true;
}

static void add_training(struct report_html *page, const struct report_collection *c)
{
	struct shown shown = { .count = 0 };
	size_t charts = 0;

	choose_shown(&shown, c);
	for (size_t i = 0; i < c->curve_count && charts < CURVE_CHARTS_MAX; i++)
		if (is_first_of_metric(c, i))
			add_curves(page, c, c->curves[i].metric, &shown, &charts);
	end(page, charts);
	if (charts && shown.is_cut)
		strbuf_addf(page->out, "<p class=\"q\">Curves of the versions with an alias and of the newest, %d at most.</p>\n", CURVES_MAX);
}

void report_html_charts(struct report_html *page, const struct report_collection *c)
{
	add_metrics(page, c);
	add_training(page, c);
}
