/* SPDX-License-Identifier: Apache-2.0 */
/* Picks the versions that may go and removes them. */
#include <config.h>

#include "registry/prune.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/number.h"
#include "registry/commit.h"
#include "registry/holders.h"
#include "registry/metadata.h"
#include "registry/remove.h"
#include "registry/resolve.h"
#include "registry/ttl.h"
#include "registry/version.h"

void prune_plan_cleanup(struct prune_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		free(plan->rows[i].ref);
		strbuf_release(&plan->rows[i].why);
	}
	free(plan->rows);
	*plan = (struct prune_plan)PRUNE_PLAN_INIT;
}

int prune_parse_best(const char *text, struct prune_criteria *out, struct error *err)
{
	const char *colon = strrchr(text, ':');
	CLEANUP(ptr) char *rule = colon ? xstrndup(text, (size_t)(colon - text)) : NULL;

	if (rule && number_parse_u64(colon + 1, strlen(colon + 1), &out->keep_best) && best_rule_parse(rule, &out->best, err) == 0) {
		out->has_best = true;
		return 0;
	}
	error_clear(err);
	error_set(err, ERR_USAGE, "'%s' is not METRIC:min:N or METRIC:max:N", text);
	return error_hint(err, "For example: val_loss:min:3");
}

/* A live version of the artifact that is looked at. */
struct candidate {
	struct version_row row;
	int64_t created;
	double value; /* of the metric of keep_best; NaN: none */
	bool is_spared;
};
struct pruning {
	struct registry *reg;
	const struct prune_criteria *criteria;
	struct view *view;
	struct txn *txn; /* NULL: only the plan */
	struct prune_plan *plan;
	struct candidate *v;
	size_t count, cap;
};

static void pruning_cleanup(struct pruning *p)
{
	free(p->v);
}

static int collect(const struct version_row *row, void *arg, struct error *err)
{
	struct pruning *p = arg;

	(void)err;
	if (row->removed)
		return 0;
	ARRAY_GROW(p->v, p->count + 1, p->cap);
	p->v[p->count++] = (struct candidate){ .row = *row, .value = NAN };
	return 0;
}

static int read_created(struct pruning *p, struct candidate *c, struct error *err)
{
	CLEANUP(strbuf) struct strbuf summary = STRBUF_INIT;

	return version_brief_read(p->reg, p->view, &c->row, &summary, &c->created, err);
}

static int read_value(struct pruning *p, struct candidate *c, struct error *err)
{
	CLEANUP(version_info) struct version_info info = VERSION_INFO_INIT;

	if (version_info_read(p->reg, p->view, &c->row, &info, err) < 0)
		return -1;
	if (!metadata_metric_value(json_object_get(info.metrics, p->criteria->best.metric), &c->value))
		c->value = NAN;
	return 0;
}

struct ranked {
	const struct best_rule *rule;
	double value;
	size_t at;
};

/* Best first, of equal ones the older; those without a value last. */
static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (best_is_better(x->rule, x->value, y->value))
		return -1;
	if (best_is_better(x->rule, y->value, x->value))
		return 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void spare_best(struct pruning *p)
{
	CLEANUP(ptr) struct ranked *order = xcalloc(p->count + 1, sizeof *order);

	for (size_t i = 0; i < p->count; i++)
		order[i] = (struct ranked){ &p->criteria->best, p->v[i].value, i };
	qsort(order, p->count, sizeof *order, compare_ranked);
	for (size_t i = 0; i < p->count && i < p->criteria->keep_best; i++)
		p->v[order[i].at].is_spared |= !isnan(order[i].value);
}

/* A metric that no version has ranks none of them; a misspelt one would leave none. */
static int spare_unranked(struct pruning *p, const struct collection *c, struct error *err)
{
	for (size_t i = 0; i < p->count; i++)
		if (!isnan(p->v[i].value))
			return 0;
	for (size_t i = 0; i < p->count; i++)
		p->v[i].is_spared = true;
	if (!p->count || !p->criteria->names->count)
		return 0;
	error_set(err, ERR_USAGE, "no version of '%s' has a metric '%s' by which to keep the best", c->name, p->criteria->best.metric);
	return error_hint(err, "'mreg show %s:latest' lists those of the latest version.", c->name);
}

/* What the --keep options spare, on all live versions: candidates or not. */
static int spare(struct pruning *p, const struct collection *c, struct error *err)
{
	const struct prune_criteria *criteria = p->criteria;

	for (size_t i = 0; criteria->has_last && i < p->count; i++)
		p->v[i].is_spared = p->count - i <= criteria->keep_last;
	if (!criteria->has_best)
		return 0;
	for (size_t i = 0; i < p->count; i++)
		if (interrupt_check(err) < 0 || read_value(p, &p->v[i], err) < 0)
			return -1;
	spare_best(p);
	return spare_unranked(p, c, err);
}

static void add_why(struct strbuf *why, const char *text)
{
	strbuf_addf(why, "%s%s", why->len ? ", " : "", text);
}

static void add_age(struct strbuf *why, int64_t created)
{
	CLEANUP(strbuf) struct strbuf age = STRBUF_INIT;

	clock_format_age(&age, created);
	strbuf_addf(why, "%sput %s", why->len ? ", " : "", age.buf);
}

/* 1: it goes. */
static int judge(struct pruning *p, struct holders *h, struct candidate *c, struct strbuf *why, struct error *err)
{
	const struct prune_criteria *criteria = p->criteria;
	int64_t now = clock_now();
	struct ttl ttl;
	int held;

	if (c->is_spared)
		return 0;
	held = holders_hold(h, &c->row, err);
	if (held != 0)
		return held < 0 ? -1 : 0;
	if (read_created(p, c, err) < 0 || ttl_read(p->view, h->collection, &c->row.version, &ttl, err) < 0)
		return -1;
	if (criteria->expired && ttl_expiry(&ttl, c->created) > now)
		return 0;
	if (criteria->has_age && (now < c->created || (uint64_t)((now - c->created) / NS_PER_S) < criteria->older_than))
		return 0;
	if (criteria->unused)
		add_why(why, "unused");
	if (criteria->expired)
		add_why(why, "expired");
	if (criteria->has_age)
		add_age(why, c->created);
	if (!why->len)
		add_why(why, "not kept");
	return 1;
}

static int take(struct pruning *p, const struct collection *c, const struct candidate *candidate, struct strbuf *why, struct error *err)
{
	struct prune_row row = { NULL, candidate->row.size, candidate->created, *why };
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT;

	strbuf_addf(&ref, "%s:v%" PRIu64, c->name, candidate->row.number);
	row.ref = strbuf_detach(&ref);
	strbuf_init(why);
	ARRAY_GROW(p->plan->rows, p->plan->count + 1, p->plan->cap);
	p->plan->rows[p->plan->count++] = row;
	p->plan->bytes += candidate->row.size;
	return p->txn ? remove_version(p->txn, c, &candidate->row, NULL, err) : 0;
}

static int prune_collection(const struct collection *c, void *arg, struct error *err)
{
	struct pruning *p = arg;
	CLEANUP(holders) struct holders h = { .aliases = ALIAS_ROWS_INIT };

	if (c->is_model)
		return 0;
	p->count = 0;
	if (holders_open(p->reg, p->view, c, &h, err) < 0 || view_each_version(p->view, &c->cid, false, collect, p, err) < 0 || spare(p, c, err) < 0)
		return -1;
	for (size_t i = 0; i < p->count; i++) {
		CLEANUP(strbuf) struct strbuf why = STRBUF_INIT;
		int goes = interrupt_check(err) < 0 ? -1 : judge(p, &h, &p->v[i], &why, err);

		if (goes < 0 || (goes && take(p, c, &p->v[i], &why, err) < 0))
			return -1;
	}
	return 0;
}

static bool is_repeated(const struct strvec *names, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(names->v[i], names->v[at]) == 0)
			return true;
	return false;
}

static int make_plan(struct pruning *p, struct error *err)
{
	const struct strvec *names = p->criteria->names;

	prune_plan_cleanup(p->plan);
	if (!names->count)
		return collection_each(p->view, prune_collection, p, err);
	for (size_t i = 0; i < names->count; i++) {
		CLEANUP(collection) struct collection c = COLLECTION_INIT;

		if (is_repeated(names, i))
			continue;
		if (resolve_bare(p->view, names->v[i], &c, err) < 0)
			return -1;
		if (c.is_model) {
			error_set(err, ERR_CONFLICT, "'%s' is a registered model: its links take no bytes", c.name);
			return error_hint(err, "Prune the artifacts; 'mreg unlink' takes links away.");
		}
		if (prune_collection(&c, p, err) < 0)
			return -1;
	}
	return 0;
}

static int decide(struct txn *txn, void *arg, struct error *err)
{
	struct pruning *p = arg;

	p->txn = txn;
	p->view = txn_view(txn);
	return make_plan(p, err);
}

int prune_run(struct registry *reg, const struct prune_criteria *criteria, bool act, const char *why, struct prune_plan *out, struct error *err)
{
	const struct commit commit = { .verb = "prune", .why = why };
	CLEANUP(pruning) struct pruning p = { .reg = reg, .criteria = criteria, .plan = out };

	if (!criteria->unused && !criteria->expired && !criteria->has_age && !criteria->has_last && !criteria->has_best) {
		error_set(err, ERR_USAGE, "what is to be pruned is not said");
		return error_hint(err, "Give at least one of --unused, --expired, --older-than, --keep-last and --keep-best.");
	}
	if (!act) {
		p.view = registry_view(reg, err);
		return p.view ? make_plan(&p, err) : -1;
	}
	/* objects are locked before the journal, as in every verb */
	return version_objects(reg, err) ? commit_run(reg, &commit, decide, &p, err) : -1;
}

int prune_keep_last(struct registry *reg, struct txn *txn, const struct resolved *given, uint64_t keep, uint64_t *removed, struct error *err)
{
	const struct collection *c = &given->collection;
	CLEANUP(holders) struct holders h = { .aliases = ALIAS_ROWS_INIT };
	CLEANUP(pruning) struct pruning p = { .reg = reg, .view = txn_view(txn) };

	*removed = 0;
	if (holders_open(reg, p.view, c, &h, err) < 0 || view_each_version(p.view, &c->cid, false, collect, &p, err) < 0)
		return -1;
	for (size_t i = 0; i < p.count && p.count - i > keep; i++) {
		int held = p.v[i].row.number == given->row.number ? 1 : holders_hold(&h, &p.v[i].row, err);

		if (held < 0 || (!held && remove_version(txn, c, &p.v[i].row, NULL, err) < 0))
			return -1;
		*removed += !held;
	}
	return 0;
}
