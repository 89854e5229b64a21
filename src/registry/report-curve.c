/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers how metrics went during the runs that made versions. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "format/points.h"
#include "registry/report-internal.h"
#include "registry/run-points.h"
#include "registry/run.h"

#define RUNS_MAX 20           /* of a collection, whose curves are drawn: those of the newest versions */
#define LINES_MAX 12          /* metrics of a run that nobody has asked for */
#define POINTS_MAX (1u << 17) /* of one metric that are kept while a run is read */
#define BUCKETS_WHILE_READ 4096u
#define BUCKETS_MAX 64u /* of a curve */
#define BUCKETS_MIN 6u
#define POINTS_OF_REPORT 8000u /* of all curves together, if each has more than the fewest: the page stays small */

/* ---- the points of one run ---- */

struct line {
	char *metric;
	struct curve_point *points;
	size_t count, cap;
};
struct lines {
	const struct report_gathering *g;
	struct line v[LINES_MAX];
	size_t count;
	struct hashmap places; /* metric → place from 1; or 0, which is not wanted */
};

static void lines_cleanup(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		free(lines->v[i].metric);
		free(lines->v[i].points);
	}
	hashmap_release(&lines->places, NULL);
}

static bool is_asked_for(const struct report_request *request, const char *name, size_t len)
{
	for (size_t i = 0; i < request->metric_count; i++)
		if (strlen(request->metrics[i].name) == len && memcmp(request->metrics[i].name, name, len) == 0)
			return true;
	return !request->metric_count;
}

static struct line *line_of(struct lines *lines, const struct point *p)
{
	uintptr_t place = (uintptr_t)hashmap_find(&lines->places, p->name, p->name_len);
	struct line *line;

	if (place)
		return &lines->v[place - 1];
	if (lines->count == LINES_MAX || !is_asked_for(lines->g->request, p->name, p->name_len))
		return NULL;
	line = &lines->v[lines->count++];
	*line = (struct line){ .metric = xstrndup(p->name, p->name_len) };
	hashmap_put(&lines->places, p->name, p->name_len, (void *)(uintptr_t)lines->count);
	return line;
}

static void thin(struct curve_point **points, size_t *count, size_t buckets)
{
	struct curve_point *few;

	if (*count <= 4 * buckets)
		return;
	few = xcalloc(4 * buckets, sizeof *few);
	*count = points_thin(*points, *count, buckets, few);
	free(*points);
	*points = few;
}

static int take_point(const struct point *p, void *arg, struct error *err)
{
	struct line *line = line_of(arg, p);

	(void)err;
	if (!line)
		return 0;
	if (line->count == POINTS_MAX) {
		thin(&line->points, &line->count, BUCKETS_WHILE_READ);
		line->cap = 4 * BUCKETS_WHILE_READ;
	}
	ARRAY_GROW(line->points, line->count + 1, line->cap);
	line->points[line->count++] = (struct curve_point){ p->step, p->value };
	return 0;
}

/* What is not finite is no point of a curve, and one point is none. */
static void add_curve(struct report_collection *c, size_t *cap, const struct report_version *v, struct line *line)
{
	struct curve_point *points = xcalloc(4 * BUCKETS_MAX, sizeof *points);
	size_t count = points_thin(line->points, line->count, BUCKETS_MAX, points);

	if (count < 2) {
		free(points);
		return;
	}
	ARRAY_GROW(c->curves, c->curve_count + 1, *cap);
	c->curves[c->curve_count++] = (struct report_curve){ v->number, xstrdup(v->run), xstrdup(line->metric), points, count };
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->metric, ((const struct line *)b)->metric);
}

static int read_run(struct report_gathering *g, const struct run *run, const struct report_version *v, struct report_collection *c,
	size_t *cap, struct error *err)
{
	CLEANUP(lines) struct lines lines = { .g = g, .places = HASHMAP_INIT };

	if (run_points_each(g->reg, g->view, run, NULL, take_point, &lines, err) < 0)
		return report_loss_add(g, &g->points, v->run, err);
	if (lines.count)
		qsort(lines.v, lines.count, sizeof *lines.v, compare_lines);
	for (size_t i = 0; i < lines.count; i++)
		add_curve(c, cap, v, &lines.v[i]);
	return 0;
}

/* One whose points are here, or can be tried to be fetched: 1, 0, -1. */
static int is_readable(struct report_gathering *g, const struct run *run, struct error *err)
{
	struct version_row row = VERSION_ROW_INIT;
	bool is_ended;
	int lost = run_row(g->view, run, &row, &is_ended, err);

	if (lost == 1)
		lost = report_loss_expect(g, &row.version, err);
	if (lost == 1)
		g->points.count++;
	return lost < 0 ? -1 : !lost;
}

/* ---- the curves ---- */

int report_curve_read(struct report_gathering *g, struct report_collection *c, struct error *err)
{
	CLEANUP(hashmap) struct hashmap seen = HASHMAP_INIT;
	size_t cap = 0;

	for (size_t i = 0; i < c->version_count && seen.count < RUNS_MAX; i++) {
		const struct report_version *v = &c->versions[i];
		struct run run = RUN_INIT;
		int got;

		if (interrupt_check(err) < 0)
			return -1;
		if (!*v->run || hashmap_has(&seen, v->run, strlen(v->run)))
			continue;
		hashmap_put(&seen, v->run, strlen(v->run), NULL);
		got = run_find(g->view, v->run, &run, err);
		if (got == 1)
			got = is_readable(g, &run, err);
		if (got == 1)
			got = read_run(g, &run, v, c, &cap, err);
		run_cleanup(&run);
		if (got < 0)
			return -1;
	}
	return 0;
}

void report_curve_thin(struct report_data *data)
{
	size_t curves = 0, buckets;

	for (size_t i = 0; i < data->count; i++)
		curves += data->collections[i].curve_count;
	if (!curves)
		return;
	buckets = POINTS_OF_REPORT / 4 / curves;
	buckets = buckets < BUCKETS_MIN ? BUCKETS_MIN : buckets > BUCKETS_MAX ? BUCKETS_MAX : buckets;
	for (size_t i = 0; i < data->count; i++)
		for (size_t j = 0; j < data->collections[i].curve_count; j++)
			thin(&data->collections[i].curves[j].points, &data->collections[i].curves[j].count, buckets);
}

void report_curve_release(struct report_curve *curve)
{
	free(curve->run);
	free(curve->metric);
	free(curve->points);
}
