/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers what a report says of one collection: which of its versions are shown, and which is the best by each rule. */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/mem.h"
#include "registry/annotation.h"
#include "registry/best.h"
#include "registry/report-internal.h"

static void release_alias(struct report_alias *a)
{
	free(a->alias);
	free(a->user);
	free(a->why);
}

static void release_event(struct report_event *e)
{
	free(e->user);
	free(e->host);
	free(e->alias);
	free(e->why);
	free(e->from);
	free(e->to);
}

void report_collection_release(struct report_collection *c)
{
	for (size_t i = 0; i < c->version_count; i++)
		report_version_release(&c->versions[i]);
	for (size_t i = 0; i < c->alias_count; i++)
		release_alias(&c->aliases[i]);
	for (size_t i = 0; i < c->event_count; i++)
		release_event(&c->events[i]);
	for (size_t i = 0; i < c->curve_count; i++)
		report_curve_release(&c->curves[i]);
	free(c->curves);
	lineage_cleanup(&c->lineage);
	free(c->versions);
	free(c->aliases);
	free(c->events);
	free(c->best);
	free(c->name);
	free(c->title);
	free(c->type);
	free(c->kind);
	free(c->note);
	strvec_release(&c->tags);
	strvec_release(&c->config);
	*c = (struct report_collection){ .name = NULL };
}

/* ---- which versions ---- */

struct rows {
	struct report_gathering *g;
	struct version_row *v; /* newest first */
	size_t count, cap;
};

static void rows_cleanup(struct rows *rows)
{
	free(rows->v);
}

static int take_row(const struct version_row *row, void *arg, struct error *err)
{
	struct rows *rows = arg;

	(void)err;
	if (row->removed || (rows->g->has_matches && !hashmap_has(&rows->g->matches, row->version.raw, OID_LEN)))
		return 0;
	ARRAY_GROW(rows->v, rows->count + 1, rows->cap);
	rows->v[rows->count++] = *row;
	return 0;
}

static bool is_best(const struct report_collection *c, uint64_t number)
{
	for (size_t i = 0; i < c->best_count; i++)
		if (c->best[i].has_best && c->best[i].number == number)
			return true;
	return false;
}

/* Without a rule nothing but the row is needed to know whether a version is shown. */
static bool is_wanted(const struct report_gathering *g, const struct alias_rows *aliases, size_t place, uint64_t number)
{
	return place < g->request->top || alias_rows_has(aliases, number);
}

static int read_versions(struct report_gathering *g, const struct collection *c, const struct rows *rows, const struct alias_rows *aliases,
	struct report_collection *out, struct error *err)
{
	out->versions = xcalloc(rows->count + 1, sizeof *out->versions);
	for (size_t i = 0; i < rows->count; i++) {
		int got;

		if (interrupt_check(err) < 0)
			return -1;
		if (!g->request->metric_count && !is_wanted(g, aliases, i, rows->v[i].number)) {
			out->left_out++;
			continue;
		}
		got = report_version_read(g, c, &rows->v[i], &out->versions[out->version_count], err);
		if (got < 0)
			return -1;
		out->version_count += (size_t)got;
	}
	return 0;
}

/* ---- the best ---- */

static struct report_best find_best(const struct report_collection *c, const struct report_metric_rule *rule)
{
	const struct best_rule how = { rule->name, !rule->is_min };
	struct report_best best = { .metric = rule->name };
	double value, record = NAN;

	for (size_t i = c->version_count; i > 0; i--) {
		if (!report_version_metric(&c->versions[i - 1], rule->name, &value) || !best_is_better(&how, value, record))
			continue;
		best.has_best = true;
		best.number = c->versions[i - 1].number;
		record = value;
	}
	return best;
}

static void find_all_best(const struct report_gathering *g, struct report_collection *out)
{
	out->best = xcalloc(g->request->metric_count + 1, sizeof *out->best);
	for (size_t i = 0; i < g->request->metric_count; i++)
		out->best[out->best_count++] = find_best(out, &g->request->metrics[i]);
}

/* Those that had to be read only to know whether they are the best. */
static void drop_unwanted(const struct report_gathering *g, const struct alias_rows *aliases, struct report_collection *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < out->version_count; i++) {
		struct report_version *v = &out->versions[i];

		if (is_wanted(g, aliases, i, v->number) || is_best(out, v->number)) {
			out->versions[kept++] = *v;
			continue;
		}
		report_version_release(v);
		out->left_out++;
	}
	out->version_count = kept;
}

/* ---- all of it ---- */

static int name_it(struct report_gathering *g, const struct collection *c, struct report_collection *out, struct error *err)
{
	const struct subject subject = subject_of_collection(&c->cid);
	CLEANUP(strbuf) struct strbuf title = STRBUF_INIT, note = STRBUF_INIT;

	if (collection_title(g->view, &c->cid, &title, err) < 0 || annotation_note(g->view, &subject, &note, err) < 0 ||
		annotation_tags(g->view, &subject, &out->tags, err) < 0)
		return -1;
	out->name = xstrdup(c->name);
	out->type = xstrdup(c->type);
	out->kind = xstrdup(c->is_model ? "model" : "artifact");
	out->title = strbuf_detach(&title);
	out->note = strbuf_detach(&note);
	return 0;
}

static int complete_versions(struct report_gathering *g, const struct collection *c, const struct alias_rows *aliases,
	struct report_collection *out, struct error *err)
{
	for (size_t i = 0; i < out->version_count; i++) {
		struct report_version *v = &out->versions[i];

		for (size_t j = 0; j < aliases->count; j++)
			if (aliases->v[j].number == v->number)
				strvec_push(&v->aliases, aliases->v[j].alias);
		if (interrupt_check(err) < 0 || report_version_place(g, c, v, err) < 0)
			return -1;
	}
	return 0;
}

int report_collection_read(struct report_gathering *g, const struct collection *c, struct report_collection *out, struct error *err)
{
	CLEANUP(alias_rows) struct alias_rows aliases = ALIAS_ROWS_INIT;
	CLEANUP(rows) struct rows rows = { .g = g };

	if (name_it(g, c, out, err) < 0 || alias_rows_read(g->view, c, &aliases, err) < 0 ||
		view_each_version(g->view, &c->cid, true, take_row, &rows, err) < 0 || read_versions(g, c, &rows, &aliases, out, err) < 0)
		return -1;
	if (g->request->metric_count) {
		find_all_best(g, out);
		drop_unwanted(g, &aliases, out);
	}
	if (complete_versions(g, c, &aliases, out, err) < 0 || report_alias_read(g, c, &aliases, out, err) < 0)
		return -1;
	report_config_choose(out);
	return report_curve_read(g, out, err) < 0 ? -1 : report_lineage_read(g, out, err);
}
