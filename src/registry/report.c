/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers a report: which collections and metrics are in it, and the time that it is of. */
#include <config.h>

#include "registry/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/mem.h"
#include "base/number.h"
#include "registry/report-internal.h"
#include "registry/search.h"
#include "store/journal.h"

#define METRICS_MAX 12 /* columns that nobody has asked for */

void report_data_cleanup(struct report_data *data)
{
	for (size_t i = 0; i < data->count; i++)
		report_collection_release(&data->collections[i]);
	free(data->collections);
	free(data->root);
	strvec_release(&data->metrics);
	free(data->metric_has_rule);
	free(data->metric_is_min);
	*data = (struct report_data)REPORT_DATA_INIT;
}

static void gathering_cleanup(struct report_gathering *g)
{
	strvec_release(&g->stages);
	hashmap_release(&g->matches, NULL);
}

/* ---- the time ---- */

static int take_time(const struct change *c, uint64_t seq, const char *by, void *arg, struct error *err)
{
	struct report_data *out = arg;

	(void)seq;
	(void)by;
	(void)err;
	out->time = c->time;
	return 1;
}

static int set_time(struct view *v, struct report_data *out, struct error *err)
{
	const char *epoch = env_get("SOURCE_DATE_EPOCH");
	struct journal_position at;
	uint64_t seconds;

	view_position(v, &at);
	out->sequence = at.seq;
	if (!epoch)
		return view_each_change(v, NULL, true, take_time, out, err) < 0 ? -1 : 0;
	if (!number_parse_u64(epoch, strlen(epoch), &seconds) || seconds > INT64_MAX / NS_PER_S)
		return error_set(err, ERR_INVALID, "SOURCE_DATE_EPOCH is no number of seconds since 1970: '%s'", epoch);
	out->time = (int64_t)seconds * NS_PER_S;
	return 0;
}

/* ---- what the query finds ---- */

static int take_match(const struct search_hit *hit, void *arg, struct error *err)
{
	struct report_gathering *g = arg;

	(void)err;
	hashmap_put(&g->matches, hit->row->version.raw, OID_LEN, g);
	return 0;
}

/* Before all else: a search may end the snapshot. */
static int find_matches(struct report_gathering *g, struct error *err)
{
	const char *text = g->request->query;
	CLEANUP(query) struct query *q = query_parse(text, strlen(text), err);
	const struct search_options options = { SEARCH_VERSIONS, q, 0 };
	CLEANUP(search) struct search *s = q ? search_new(g->reg, &options, err) : NULL;

	if (!s)
		return -1;
	g->has_matches = true;
	if (search_each(s, take_match, g, err) == 0 && search_damage(s, err) == 0)
		return 0;
	if (err->code != ERR_INTEGRITY)
		return -1;
	report_warning(g->reg->report, "not all versions could be looked at: %s", err->text);
	error_clear(err);
	return 0;
}

/* ---- the collections ---- */

struct reading {
	struct report_gathering *g;
	struct report_data *out;
	size_t cap;
};

static int read_collection(const struct collection *c, void *arg, struct error *err)
{
	struct reading *r = arg;
	struct report_collection *into;

	ARRAY_GROW(r->out->collections, r->out->count + 1, r->cap);
	into = &r->out->collections[r->out->count];
	*into = (struct report_collection){ .name = NULL };
	if (report_collection_read(r->g, c, into, err) < 0) {
		report_collection_release(into);
		return -1;
	}
	if (r->g->has_matches && !into->version_count && !r->g->request->names->count)
		report_collection_release(into);
	else
		r->out->count++;
	return 0;
}

static bool has_collection(const struct report_data *data, const char *name)
{
	for (size_t i = 0; i < data->count; i++)
		if (strcmp(data->collections[i].name, name) == 0)
			return true;
	return false;
}

static int compare_collections(const void *a, const void *b)
{
	return strcmp(((const struct report_collection *)a)->name, ((const struct report_collection *)b)->name);
}

static int read_named(struct reading *r, struct error *err)
{
	const struct strvec *names = r->g->request->names;

	for (size_t i = 0; i < names->count; i++) {
		CLEANUP(collection) struct collection c = COLLECTION_INIT;

		if (resolve_bare(r->g->view, names->v[i], &c, err) < 0)
			return -1;
		if (!has_collection(r->out, c.name) && read_collection(&c, r, err) < 0)
			return -1;
	}
	return 0;
}

static int read_collections(struct report_gathering *g, struct report_data *out, struct error *err)
{
	struct reading r = { g, out, 0 };

	if ((g->request->names->count ? read_named(&r, err) : collection_each(g->view, read_collection, &r, err)) < 0)
		return -1;
	if (out->count)
		qsort(out->collections, out->count, sizeof *out->collections, compare_collections);
	return 0;
}

/* ---- the metrics ---- */

struct tally {
	const char *name; /* borrowed of a version's metrics */
	size_t count;
};
struct tallies {
	struct tally *v;
	size_t count, cap;
	struct hashmap places; /* name → place, from 1 */
};

static void tallies_cleanup(struct tallies *t)
{
	free(t->v);
	hashmap_release(&t->places, NULL);
}

static void count_metrics(struct tallies *t, json_t *metrics)
{
	const char *name;
	json_t *value;

	json_object_foreach(metrics, name, value)
	{
		size_t place = (uintptr_t)hashmap_find(&t->places, name, strlen(name));

		if (!place) {
			ARRAY_GROW(t->v, t->count + 1, t->cap);
			t->v[t->count++] = (struct tally){ name, 0 };
			place = t->count;
			hashmap_put(&t->places, name, strlen(name), (void *)(uintptr_t)place);
		}
		t->v[place - 1].count++;
	}
}

static int compare_tallies(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Of more metrics than there is room for, those that most versions have. */
static void choose_metrics(struct report_data *out)
{
	CLEANUP(tallies) struct tallies t = { .places = HASHMAP_INIT };

	for (size_t i = 0; i < out->count; i++)
		for (size_t j = 0; j < out->collections[i].version_count; j++)
			count_metrics(&t, out->collections[i].versions[j].metrics);
	if (t.count)
		qsort(t.v, t.count, sizeof *t.v, compare_tallies);
	for (size_t i = 0; i < t.count && i < METRICS_MAX; i++)
		strvec_push(&out->metrics, t.v[i].name);
	strvec_sort(&out->metrics);
}

/* One for each metric, rule or not. */
static void complete_best(const struct report_data *data, struct report_collection *c)
{
	if (!c->best_count)
		c->best = xreallocarray(c->best, data->metrics.count + 1, sizeof *c->best);
	for (size_t i = 0; !c->best_count && i < data->metrics.count; i++)
		c->best[i] = (struct report_best){ .has_best = false };
	c->best_count = data->metrics.count;
	for (size_t i = 0; i < c->best_count; i++)
		c->best[i].metric = data->metrics.v[i];
}

static void set_metrics(const struct report_request *request, struct report_data *out)
{
	for (size_t i = 0; i < request->metric_count; i++)
		strvec_push(&out->metrics, request->metrics[i].name);
	if (!request->metric_count)
		choose_metrics(out);
	out->metric_has_rule = xcalloc(out->metrics.count + 1, sizeof *out->metric_has_rule);
	out->metric_is_min = xcalloc(out->metrics.count + 1, sizeof *out->metric_is_min);
	for (size_t i = 0; i < request->metric_count; i++) {
		out->metric_has_rule[i] = true;
		out->metric_is_min[i] = request->metrics[i].is_min;
	}
	for (size_t i = 0; i < out->count; i++)
		complete_best(out, &out->collections[i]);
}

/* ---- pictures ---- */

static int read_media(struct report_gathering *g, struct report_data *out, struct error *err)
{
	for (size_t i = 0; i < out->count; i++)
		for (size_t j = 0; j < out->collections[i].version_count; j++)
			if (report_media_read(g, out->collections[i].name, &out->collections[i].versions[j], err) < 0)
				return -1;
	report_media_tell(g);
	return 0;
}

/* ---- all of it ---- */

static int check_rules(const struct report_request *request, struct error *err)
{
	for (size_t i = 0; i < request->metric_count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(request->metrics[i].name, request->metrics[j].name) == 0)
				return error_set(err, ERR_INVALID, "the metric '%s' has two rules", request->metrics[i].name);
	return 0;
}

static void name_root(const struct registry *reg, struct report_data *out)
{
	const char *slash = strrchr(reg->root, '/');

	out->root = xstrdup(slash && slash[1] ? slash + 1 : reg->root);
}

int report_gather(struct registry *reg, const struct report_request *request, struct report_data *out, struct error *err)
{
	CLEANUP(gathering) struct report_gathering g = { .reg = reg, .request = request, .stages = STRVEC_INIT, .matches = HASHMAP_INIT };

	if (check_rules(request, err) < 0 || config_stages(reg->config, &g.stages, err) < 0 ||
		(request->query && find_matches(&g, err) < 0))
		return -1;
	g.view = registry_view(reg, err);
	if (!g.view || set_time(g.view, out, err) < 0 || read_collections(&g, out, err) < 0)
		return -1;
	name_root(reg, out);
	set_metrics(request, out);
	report_curve_thin(out);
	if (request->media && read_media(&g, out, err) < 0)
		return -1;
	report_loss_tell(&g);
	return 0;
}
