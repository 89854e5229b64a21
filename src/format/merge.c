/* SPDX-License-Identifier: Apache-2.0 */
/* Compares two sides key by key, and applies what was planned. */
#include <config.h>

#include "format/merge.h"

#include <stdlib.h>
#include <string.h>

#include "format/merge-internal.h"

static int check_withdrawn(const struct change_list *lacked, const struct hashmap *withdrawn, struct error *err)
{
	for (size_t i = 0; withdrawn && i < lacked->count; i++)
		if (hashmap_has(withdrawn, lacked->v[i]->id.raw, OID_LEN))
			return error_set(err, ERR_CONFLICT, "the other side has change %s of '%s', which was withdrawn here before anyone should have it",
					 oid_hex(&lacked->v[i]->id).text, lacked->v[i]->key);
	return 0;
}

static void add_all(struct change_list *to, const struct change_list *from)
{
	for (size_t i = 0; i < from->count; i++)
		change_list_add(to, from->v[i]);
}

/* A number that both sides have used and removed since, for two versions: equal values, but one of the versions could not be restored. */
static bool hides_a_version(const char *key, const struct ancestry *a)
{
	struct merge_place place;

	return a->state == ANCESTRY_SIDE_BY_SIDE && merge_place_parse(key, &place) && !merge_same_version(&a->lacked, &a->surplus);
}

static int compare_key(const struct change_map *ours, const struct change_map *theirs, const struct hashmap *withdrawn, const char *key,
		       struct merge *out, struct error *err)
{
	CLEANUP(ancestry) struct ancestry a = ANCESTRY_INIT;
	const struct ancestry_side us = { .changes = change_map_of(ours, key) }, them = { .changes = change_map_of(theirs, key) };

	if (ancestry_compare(key, &us, &them, &a, err) < 0 || check_withdrawn(&a.lacked, withdrawn, err) < 0)
		return -1;
	if (hides_a_version(key, &a))
		a.state = ANCESTRY_DIVERGED;
	ARRAY_GROW(out->rows, out->count + 1, out->cap);
	out->rows[out->count++] = (struct merge_row){ xstrdup(key), a.state };
	out->diverged += a.state == ANCESTRY_DIVERGED;
	add_all(&out->lacked, &a.lacked);
	add_all(&out->surplus, &a.surplus);
	return 0;
}

int merge_compare(const struct change_map *ours, const struct change_map *theirs, const struct hashmap *withdrawn, struct merge *out,
		  struct error *err)
{
	CLEANUP(strvec) struct strvec keys = STRVEC_INIT;

	merge_cleanup(out);
	change_map_keys(ours, &keys);
	change_map_keys(theirs, &keys);
	for (size_t i = 0; i < keys.count; i++)
		if ((i == 0 || strcmp(keys.v[i - 1], keys.v[i]) != 0) && compare_key(ours, theirs, withdrawn, keys.v[i], out, err) < 0)
			return -1;
	return 0;
}

void merge_cleanup(struct merge *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->rows[i].key);
	ptr_cleanup(&m->rows);
	change_list_cleanup(&m->lacked);
	change_list_cleanup(&m->surplus);
	*m = (struct merge)MERGE_INIT;
}

void merge_plan_apply(const struct merge_plan *plan, const struct change_map *ours, const struct change_map *theirs, struct change_map *out)
{
	CLEANUP(hashmap) struct hashmap withdrawn = HASHMAP_INIT;

	for (size_t i = 0; i < plan->withdrawn_count; i++)
		hashmap_put(&withdrawn, plan->withdrawn[i].raw, OID_LEN, NULL);
	change_map_add_but(out, ours, &withdrawn);
	if (theirs)
		change_map_add_all(out, theirs);
	for (size_t i = 0; i < plan->made_count; i++)
		change_map_add(out, plan->made[i]);
}

void merge_plan_cleanup(struct merge_plan *plan)
{
	for (size_t i = 0; i < plan->made_count; i++) {
		change_cleanup(plan->made[i]);
		free(plan->made[i]);
	}
	for (size_t i = 0; i < plan->move_count; i++) {
		free(plan->moves[i].from);
		free(plan->moves[i].to);
	}
	ptr_cleanup(&plan->made);
	ptr_cleanup(&plan->moves);
	ptr_cleanup(&plan->withdrawn);
	*plan = (struct merge_plan)MERGE_PLAN_INIT;
}

bool merge_conflicts_has(const struct merge_conflicts *c, enum merge_conflict_kind kind)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->v[i].kind == kind)
			return true;
	return false;
}

void merge_conflicts_cleanup(struct merge_conflicts *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->v[i].key);
		free(c->v[i].other);
	}
	ptr_cleanup(&c->v);
	*c = (struct merge_conflicts)MERGE_CONFLICTS_INIT;
}
