/* SPDX-License-Identifier: Apache-2.0 */
/* Finds which of our chains are in the way, and writes them anew where they are not. */
#include <config.h>

#include "format/renumber.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "format/json.h"
#include "format/merge-internal.h"

/* One of our version or link keys that was never offered. */
struct own {
	char *key;
	struct merge_place place;  /* where it is */
	struct merge_place target; /* where it belongs: the same, or in the collection that its own one joins */
	bool joins, diverged;
};

struct work {
	const struct change_map *ours, *theirs;
	const struct hashmap *offered, *withdrawn;
	struct fold state, of_theirs, of_both;
	struct hashmap places;    /* where versions are in theirs */
	struct hashmap used;      /* next numbers after theirs and what of ours was offered */
	struct hashmap joins;     /* our CID → theirs, an owned string */
	struct strvec keys;       /* ours, sorted */
	struct own *own;
	size_t own_count, own_cap;
	struct merge_plan *plan;
};

static void work_cleanup(struct work *w)
{
	fold_cleanup(&w->state);
	fold_cleanup(&w->of_theirs);
	fold_cleanup(&w->of_both);
	merge_places_cleanup(&w->places);
	hashmap_release(&w->used, NULL);
	hashmap_release(&w->joins, free);
	strvec_release(&w->keys);
	for (size_t i = 0; i < w->own_count; i++)
		free(w->own[i].key);
	free(w->own);
}

static bool is_offered(const struct work *w, const char *key)
{
	const struct change_list *list = change_map_of(w->ours, key);

	for (size_t i = 0; i < list->count; i++)
		if (hashmap_has(w->offered, list->v[i]->id.raw, OID_LEN))
			return true;
	return false;
}

/* ---- chains ---- */

static void withdraw(const struct work *w, const char *key)
{
	const struct change_list *chain = change_map_of(w->ours, key);
	struct merge_plan *plan = w->plan;

	for (size_t i = 0; i < chain->count; i++) {
		ARRAY_GROW(plan->withdrawn, plan->withdrawn_count + 1, plan->withdrawn_cap);
		plan->withdrawn[plan->withdrawn_count++] = chain->v[i]->id;
	}
}

/* Whoever meant the same at the same time under the new key has given this id away; what was withdrawn would stay so. */
static bool is_taken(const struct work *w, const struct oid *id)
{
	return change_map_find(w->ours, id) || (w->withdrawn && hashmap_has(w->withdrawn, id->raw, OID_LEN));
}

static int seal_new(const struct work *w, struct change *c, struct error *err)
{
	int result = change_seal(c, NULL, err);

	while (result == 0 && is_taken(w, &c->id)) {
		c->time += NS_PER_S / 1000000;
		result = change_seal(c, NULL, err);
	}
	return result;
}

/* made: id → what was made of it. */
static int copy_change(const struct work *w, const struct change *c, const char *key, struct hashmap *made, struct error *err)
{
	struct change *copy = xcalloc(1, sizeof *copy);

	*copy = (struct change){ .key = xstrdup(key),
		.value = xstrdup(c->value),
		.time = c->time,
		.user = xstrdup(c->user),
		.host = xstrdup(c->host),
		.verb = xstrdup(c->verb),
		.why = xstrdup(c->why),
		.run = xstrdup(c->run) };
	merge_plan_add(w->plan, copy);
	copy->parents = xcalloc(c->parent_count + 1, sizeof *copy->parents);
	copy->parent_count = c->parent_count;
	for (size_t i = 0; i < c->parent_count; i++) {
		const struct change *parent = hashmap_find(made, c->parents[i].raw, OID_LEN);

		if (!parent)
			return error_set(err, ERR_INTEGRITY, "our history of '%s' is not complete", c->key);
		copy->parents[i] = parent->id;
	}
	if (seal_new(w, copy, err) < 0)
		return -1;
	hashmap_put(made, c->id.raw, OID_LEN, copy);
	return 0;
}

/* Writes a whole chain anew under another key. */
static int move_chain(struct work *w, const char *from, const char *to, struct error *err)
{
	CLEANUP(ancestry) struct ancestry order = ANCESTRY_INIT;
	CLEANUP(hashmap) struct hashmap made = HASHMAP_INIT;
	const struct ancestry_side none = { .changes = NULL }, ours = { .changes = change_map_of(w->ours, from) };

	if (ancestry_compare(from, &ours, &none, &order, err) < 0)
		return -1;
	for (size_t i = 0; i < order.surplus.count; i++)
		if (copy_change(w, order.surplus.v[i], to, &made, err) < 0)
			return -1;
	withdraw(w, from);
	return 0;
}

/* ---- collections of one name ---- */

static json_t *collection_of(const struct fold *fold, const char *key)
{
	const char *value = merge_live_value(fold, key);
	struct error err = ERROR_INIT;

	return value ? json_parse(value, strlen(value), key, &err) : NULL;
}

static bool is_same(const json_t *a, const json_t *b, const char *member)
{
	const char *x, *y;

	return json_get_string(a, member, &x) && json_get_string(b, member, &y) && strcmp(x, y) == 0;
}

/* The CID that the second component of a key is, if it is one. */
static bool subject_of(const char *key, char *cid)
{
	size_t len = strcspn(key, "/");

	if (key[len] != '/' || strcspn(key + len + 1, "/") != MERGE_CID_LEN)
		return false;
	memcpy(cid, key + len + 1, MERGE_CID_LEN);
	cid[MERGE_CID_LEN] = '\0';
	return true;
}

/* Collections that may not join: one of their keys was offered. */
static void find_offered(const struct work *w, struct hashmap *out)
{
	char cid[MERGE_CID_LEN + 1];

	for (size_t i = 0; i < w->keys.count; i++)
		if (subject_of(w->keys.v[i], cid) && is_offered(w, w->keys.v[i]))
			hashmap_put(out, cid, MERGE_CID_LEN, NULL);
}

static void find_theirs_by_name(const struct work *w, struct hashmap *out)
{
	CLEANUP(strvec) struct strvec keys = STRVEC_INIT;
	char cid[MERGE_CID_LEN + 1];

	change_map_keys(w->theirs, &keys);
	for (size_t i = 0; i < keys.count; i++) {
		CLEANUP(json) json_t *c = merge_cid_of(keys.v[i], "coll/", cid) ? collection_of(&w->of_theirs, keys.v[i]) : NULL;
		const char *name;

		if (json_get_string(c, "name", &name))
			free(hashmap_put(out, name, strlen(name), xstrdup(keys.v[i])));
	}
}

static void find_join(struct work *w, const char *key, const char *cid, const struct hashmap *by_name)
{
	CLEANUP(json) json_t *ours = collection_of(&w->state, key), *theirs = NULL;
	const char *name, *other;

	if (!json_get_string(ours, "name", &name))
		return;
	other = hashmap_find(by_name, name, strlen(name));
	theirs = other ? collection_of(&w->of_theirs, other) : NULL;
	if (theirs && strcmp(other, key) != 0 && is_same(ours, theirs, "kind") && is_same(ours, theirs, "type"))
		hashmap_put(&w->joins, cid, MERGE_CID_LEN, xstrdup(other + strlen("coll/")));
}

static void find_joins(struct work *w)
{
	CLEANUP(hashmap) struct hashmap offered = HASHMAP_INIT;
	CLEANUP(merge_places) struct hashmap by_name = HASHMAP_INIT;
	char cid[MERGE_CID_LEN + 1];

	find_offered(w, &offered);
	find_theirs_by_name(w, &by_name);
	for (size_t i = 0; i < w->keys.count; i++)
		if (merge_cid_of(w->keys.v[i], "coll/", cid) && !hashmap_has(&offered, cid, MERGE_CID_LEN) &&
		    !change_map_of(w->theirs, w->keys.v[i]))
			find_join(w, w->keys.v[i], cid, &by_name);
}

static const char *joined(const struct work *w, const char *key)
{
	char cid[MERGE_CID_LEN + 1];

	return subject_of(key, cid) ? hashmap_find(&w->joins, cid, MERGE_CID_LEN) : NULL;
}

static bool says_the_same(const struct work *w, const char *key, const char *other)
{
	const struct heads *ours = fold_find(&w->state, key), *theirs = fold_find(&w->of_theirs, other);

	return theirs && strcmp(heads_value(ours, NULL), heads_value(theirs, NULL)) == 0;
}

/* What a collection that joins has beside versions and links; its own key says what theirs says, or it would not join. */
static int join_key(struct work *w, const char *key, const char *into, struct error *err)
{
	CLEANUP(strbuf) struct strbuf other = STRBUF_INIT;
	size_t first = strcspn(key, "/") + 1;

	strbuf_add(&other, key, first);
	strbuf_adds(&other, into);
	strbuf_adds(&other, key + first + MERGE_CID_LEN);
	if (!says_the_same(w, key, other.buf))
		return move_chain(w, key, other.buf, err);
	withdraw(w, key);
	return 0;
}

/* ---- numbers ---- */

/* Theirs has the number for another version, or in another state. */
static bool is_in_the_way(const struct work *w, const char *key)
{
	const struct change_list *theirs = change_map_of(w->theirs, key);

	return theirs && (!says_the_same(w, key, key) || !merge_same_version(change_map_of(w->ours, key), theirs));
}

static void note_own(struct work *w, const char *key, const struct merge_place *place, const char *into)
{
	struct own *own;

	ARRAY_GROW(w->own, w->own_count + 1, w->own_cap);
	own = &w->own[w->own_count++];
	*own = (struct own){ .key = xstrdup(key), .place = *place, .target = *place, .joins = into != NULL };
	if (into)
		memcpy(own->target.cid, into, MERGE_CID_LEN + 1);
	own->diverged = !into && is_in_the_way(w, key);
}

static int sort_keys(struct work *w, struct error *err)
{
	for (size_t i = 0; i < w->keys.count; i++) {
		const char *key = w->keys.v[i], *into = joined(w, key);
		struct merge_place place;

		if (!merge_place_parse(key, &place)) {
			if (into && join_key(w, key, into, err) < 0)
				return -1;
		} else if (is_offered(w, key) || merge_is_run(w->ours, place.cid)) {
			merge_numbers_burn(&w->used, &place);
		} else {
			note_own(w, key, &place, into);
		}
	}
	return 0;
}

/* By collection that they belong to, its own ones before those that join it, and by number. */
static int compare_own(const void *x, const void *y)
{
	const struct own *a = x, *b = y;
	int c = strcmp(a->target.cid, b->target.cid);

	if (c)
		return c;
	if (a->joins != b->joins)
		return a->joins ? 1 : -1;
	c = strcmp(a->place.cid, b->place.cid);
	return c ? c : (a->place.number > b->place.number) - (a->place.number < b->place.number);
}

/* What they have may be followed by what we have; and what has diverged may be settled the other way. */
static bool stays(const struct work *w, const char *key, const struct oid *version)
{
	const struct heads *heads = fold_find(&w->of_both, key);
	struct oid named;

	for (size_t i = 0; i < heads->count; i++)
		if (!merge_version_of(heads->v[i].value, &named) || !oid_equal(&named, version))
			return false;
	return true;
}

/* True: their side has it under another number of the same collection. */
static bool gives_way(struct work *w, const struct own *own)
{
	const char *value = merge_live_value(&w->state, own->key), *there;
	struct oid version;

	if (!value || !merge_version_of(value, &version))
		return false;
	there = merge_places_of(&w->places, &own->target, &version);
	if (!there || strcmp(there, own->key) == 0 || !stays(w, there, &version))
		return false;
	withdraw(w, own->key);
	merge_plan_move(w->plan, own->key, there, &version);
	return true;
}

static int move_own(struct work *w, struct own *own, struct error *err)
{
	CLEANUP(strbuf) struct strbuf to = STRBUF_INIT;
	const char *value = merge_live_value(&w->state, own->key);
	struct oid version = { { 0 } };

	if (value && !merge_version_of(value, &version))
		value = NULL;
	if (merge_numbers_take(&w->used, &own->target, err) < 0)
		return -1;
	merge_place_key(&to, &own->target);
	merge_plan_move(w->plan, own->key, to.buf, value ? &version : NULL);
	return move_chain(w, own->key, to.buf, err);
}

/* moving: a smaller number of the collection was in the way. */
static int place_own(struct work *w, struct own *own, bool *moving, struct error *err)
{
	if (gives_way(w, own))
		return 0;
	*moving = *moving || own->diverged;
	if (own->joins || (*moving && own->place.number < merge_numbers_next(&w->used, &own->place)))
		return move_own(w, own, err);
	merge_numbers_burn(&w->used, &own->place);
	return 0;
}

static int place_all(struct work *w, struct error *err)
{
	bool moving = false;

	if (w->own_count > 0)
		qsort(w->own, w->own_count, sizeof *w->own, compare_own);
	for (size_t i = 0; i < w->own_count; i++) {
		if (i > 0 && strcmp(w->own[i].target.cid, w->own[i - 1].target.cid) != 0)
			moving = false;
		if (place_own(w, &w->own[i], &moving, err) < 0)
			return -1;
	}
	return 0;
}

int renumber(const struct change_map *ours, const struct change_map *theirs, const struct hashmap *offered,
	     const struct hashmap *withdrawn, bool joins, struct merge_plan *plan, struct error *err)
{
	CLEANUP(change_map) struct change_map both = CHANGE_MAP_INIT;
	CLEANUP(work) struct work w = { .ours = ours,
		.theirs = theirs,
		.offered = offered,
		.withdrawn = withdrawn,
		.state = FOLD_INIT,
		.of_theirs = FOLD_INIT,
		.of_both = FOLD_INIT,
		.places = HASHMAP_INIT,
		.used = HASHMAP_INIT,
		.joins = HASHMAP_INIT,
		.keys = STRVEC_INIT,
		.plan = plan };

	change_map_fold(ours, &w.state);
	change_map_fold(theirs, &w.of_theirs);
	change_map_add_all(&both, ours);
	change_map_add_all(&both, theirs);
	change_map_fold(&both, &w.of_both);
	merge_places(&w.of_theirs, &w.places);
	merge_numbers(&w.of_theirs, &w.used);
	change_map_keys(ours, &w.keys);
	if (joins)
		find_joins(&w);
	return sort_keys(&w, err) < 0 ? -1 : place_all(&w, err);
}
