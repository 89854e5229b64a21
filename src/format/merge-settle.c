/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the changes that settle what two sides have decided differently, in favour of one of them. */
#include <config.h>

#include "format/merge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "format/merge-internal.h"

/* What is revived or removed can take something else along, a few steps far: link, alias of the link. */
#define MAX_PASSES 16

/* A value that did not win. */
struct lost {
	char *key, *value;
};

struct settling {
	const struct change_map *winner, *all;
	struct fold state; /* of both sides and of all that was made */
	struct fold of_winner;
	struct hashmap places;  /* where versions are in the winner's */
	struct hashmap numbers; /* next ones, of both sides */
	const struct hashmap *chosen;
	const struct change *as;
	struct merge_plan *plan;
	struct lost *lost;
	size_t lost_count, lost_cap;
};

static void settling_cleanup(struct settling *s)
{
	fold_cleanup(&s->state);
	fold_cleanup(&s->of_winner);
	merge_places_cleanup(&s->places);
	hashmap_release(&s->numbers, NULL);
	for (size_t i = 0; i < s->lost_count; i++) {
		free(s->lost[i].key);
		free(s->lost[i].value);
	}
	free(s->lost);
}

static bool is_chosen(const struct settling *s, const char *key)
{
	return !s->chosen || hashmap_has(s->chosen, key, strlen(key));
}

/* ---- changes ---- */

static struct change *new_change(const struct change *as, const char *key, const char *value)
{
	struct change *c = xcalloc(1, sizeof *c);

	*c = (struct change){ .key = xstrdup(key),
		.value = xstrdup(value),
		.time = as->time,
		.user = xstrdup(as->user),
		.host = xstrdup(as->host),
		.verb = xstrdup(as->verb),
		.why = xstrdup(as->why),
		.run = xstrdup(as->run) };
	return c;
}

static void name_parents(struct change *c, const struct heads *heads)
{
	size_t count = heads ? heads->count : 0;

	c->parent_count = count < CHANGE_MAX_PARENTS ? count : CHANGE_MAX_PARENTS;
	c->parents = xcalloc(c->parent_count + 1, sizeof *c->parents);
	for (size_t i = 0; i < c->parent_count; i++)
		c->parents[i] = heads->v[i].id;
}

/* Sets a key: follows all its heads, in as many changes as that takes. */
static int make(struct settling *s, const char *key, const char *value, struct error *err)
{
	const struct heads *heads;

	do {
		struct change *c = new_change(s->as, key, value);

		merge_plan_add(s->plan, c);
		name_parents(c, fold_find(&s->state, key));
		if (change_seal(c, NULL, err) < 0)
			return -1;
		fold_step(&s->state, c);
		heads = fold_find(&s->state, key);
	} while (heads->count > 1);
	return 0;
}

/* Gives a version the next number of the collection that `from` belongs to. */
static int place_anew(struct settling *s, const char *from, const char *value, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	struct merge_place place;
	struct oid version;

	if (!merge_place_parse(from, &place) || !merge_version_of(value, &version))
		BUG("'%s' is no version's key", from);
	if (merge_numbers_take(&s->numbers, &place, err) < 0)
		return -1;
	merge_place_key(&key, &place);
	merge_plan_move(s->plan, from, key.buf, &version);
	return make(s, key.buf, value, err);
}

/* ---- keys that have diverged ---- */

static void note_lost(struct settling *s, const char *key, const char *value)
{
	ARRAY_GROW(s->lost, s->lost_count + 1, s->lost_cap);
	s->lost[s->lost_count++] = (struct lost){ xstrdup(key), xstrdup(value) };
}

/* Both sides have removed it, but not the same version: there is no value to choose, only what a restore finds. */
static bool hides_a_version(const struct settling *s, const char *key, const struct heads *heads)
{
	const struct change_list *list = change_map_of(s->all, key);
	struct merge_place place;

	return heads->count > 1 && !heads_is_live(heads) && merge_place_parse(key, &place) && list && !merge_same_version(list, list);
}

/* What the winner had there before it was removed; NULL: nothing. */
static const char *removed_value(const struct settling *s, const char *key)
{
	const struct heads *heads = fold_find(&s->of_winner, key);
	const struct change *c = heads && heads->count ? change_map_find(s->winner, &heads->v[0].id) : NULL;
	struct oid version;

	while (c && !merge_version_of(c->value, &version))
		c = c->parent_count ? change_map_find(s->winner, &c->parents[0]) : NULL;
	return c ? c->value : NULL;
}

static int settle_removed(struct settling *s, const char *key, struct error *err)
{
	const char *value = removed_value(s, key);

	if (value && make(s, key, value, err) < 0)
		return -1;
	return make(s, key, "null", err);
}

static int settle_key(struct settling *s, const char *key, struct error *err)
{
	const struct heads *heads = fold_find(&s->state, key), *won = fold_find(&s->of_winner, key);
	CLEANUP(ptr) char *value = NULL;
	bool diverged;

	heads_value(heads, &diverged);
	if (!is_chosen(s, key))
		return 0;
	if (!diverged)
		return hides_a_version(s, key, heads) ? settle_removed(s, key, err) : 0;
	value = xstrdup(heads_value(won ? won : heads, NULL));
	for (size_t i = 0; i < heads->count; i++)
		if (strcmp(heads->v[i].value, value) != 0)
			note_lost(s, key, heads->v[i].value);
	return make(s, key, value, err);
}

/* The winner has removed this very version from this number: a decision.  That it became another version's would be none. */
static bool winner_removed(const struct settling *s, const char *key, const struct oid *version)
{
	const struct change_list *list = change_map_of(s->winner, key);
	struct oid had;

	for (size_t i = 0; list && i < list->count && !merge_live_value(&s->of_winner, key); i++)
		if (merge_version_of(list->v[i]->value, &had) && oid_equal(&had, version))
			return true;
	return false;
}

static int settle_lost(struct settling *s, const struct lost *lost, struct hashmap *places, struct error *err)
{
	struct merge_place place;
	struct oid version;

	if (!merge_place_parse(lost->key, &place) || !merge_version_of(lost->value, &version) || winner_removed(s, lost->key, &version) ||
	    merge_places_of(places, &place, &version) || merge_is_run(s->all, place.cid))
		return 0;
	if (place_anew(s, lost->key, lost->value, err) < 0)
		return -1;
	merge_places_add(places, s->plan->moves[s->plan->move_count - 1].to, lost->value);
	return 0;
}

static int settle_diverged(struct settling *s, struct error *err)
{
	CLEANUP(strvec) struct strvec keys = STRVEC_INIT;
	CLEANUP(merge_places) struct hashmap places = HASHMAP_INIT;

	merge_fold_keys(&s->state, &keys);
	for (size_t i = 0; i < keys.count; i++)
		if (settle_key(s, keys.v[i], err) < 0)
			return -1;
	merge_places(&s->state, &places);
	for (size_t i = 0; i < s->lost_count; i++)
		if (settle_lost(s, &s->lost[i], &places, err) < 0)
			return -1;
	return 0;
}

/* ---- across keys ---- */

static bool winner_has(const struct settling *s, const char *key, const char *value)
{
	const char *won = merge_live_value(&s->of_winner, key);

	return won && strcmp(won, value) == 0;
}

static int settle_twice(struct settling *s, const char *key, const char *other, struct error *err)
{
	const char *value = merge_live_value(&s->state, key);
	bool keep_other = !value || !winner_has(s, key, value);
	const char *from = keep_other ? key : other;
	struct oid version;

	if (!value || !merge_live_value(&s->state, other))
		return 0;
	if (merge_version_of(value, &version))
		merge_plan_move(s->plan, from, keep_other ? other : key, &version);
	return make(s, from, "null", err);
}

static const char *winner_place(const struct settling *s, const char *key, const char *value)
{
	struct merge_place place = { .is_link = false };
	struct oid version;
	const char *found;

	if (!merge_version_of(value, &version))
		return NULL;
	if (!merge_cid_of(key, "alias/", place.cid))
		return merge_places_in_artifacts(&s->places, &version);
	found = merge_places_of(&s->places, &place, &version);
	place.is_link = true;
	return found ? found : merge_places_of(&s->places, &place, &version);
}

/* The winner's reference brings back what it names; the loser's goes with it. */
static int settle_nothing(struct settling *s, const char *key, struct error *err)
{
	const char *value = merge_live_value(&s->state, key), *place, *of_place, *now;

	if (!value)
		return 0;
	place = winner_has(s, key, value) ? winner_place(s, key, value) : NULL;
	of_place = place ? merge_live_value(&s->of_winner, place) : NULL;
	if (!of_place)
		return make(s, key, "null", err);
	now = merge_live_value(&s->state, place);
	if (!now)
		return make(s, place, of_place, err);
	/* another reference to it may have brought it back already */
	return strcmp(now, of_place) == 0 ? 0 : place_anew(s, place, of_place, err);
}

static int settle_orphan(struct settling *s, const char *key, const char *coll, struct error *err)
{
	const char *value = merge_live_value(&s->of_winner, coll);

	if (merge_live_value(&s->state, coll) || !merge_live_value(&s->state, key))
		return 0;
	return value ? make(s, coll, value, err) : make(s, key, "null", err);
}

static int settle_conflict(struct settling *s, const struct merge_conflict *c, struct error *err)
{
	if (!is_chosen(s, c->key))
		return 0;
	switch (c->kind) {
	case MERGE_TWICE:
		return settle_twice(s, c->key, c->other, err);
	case MERGE_NOTHING:
		return settle_nothing(s, c->key, err);
	case MERGE_ORPHAN:
		return settle_orphan(s, c->key, c->other, err);
	case MERGE_DIVERGED:
	case MERGE_NAME:
	case MERGE_TITLE:
		break;
	}
	return 0;
}

/* 1: something was made, so that something else may be wrong now; 0; -1. */
static int settle_once(struct settling *s, struct error *err)
{
	CLEANUP(merge_conflicts) struct merge_conflicts conflicts = MERGE_CONFLICTS_INIT;
	size_t made = s->plan->made_count;

	merge_check(&s->state, &conflicts);
	for (size_t i = 0; i < conflicts.count; i++)
		if (settle_conflict(s, &conflicts.v[i], err) < 0)
			return -1;
	return s->plan->made_count > made;
}

static int settle_all(struct settling *s, struct error *err)
{
	int more = 1;

	if (settle_diverged(s, err) < 0)
		return -1;
	for (int pass = 0; more == 1 && pass < MAX_PASSES; pass++)
		more = settle_once(s, err);
	return more < 0 ? -1 : 0;
}

int merge_settle(const struct change_map *ours, const struct change_map *theirs, enum merge_winner winner, const struct hashmap *chosen,
		 const struct change *as, struct merge_plan *plan, struct error *err)
{
	CLEANUP(change_map) struct change_map all = CHANGE_MAP_INIT;
	CLEANUP(settling) struct settling s = { .winner = winner == MERGE_OURS ? ours : theirs,
		.all = &all,
		.state = FOLD_INIT,
		.of_winner = FOLD_INIT,
		.places = HASHMAP_INIT,
		.numbers = HASHMAP_INIT,
		.chosen = chosen,
		.as = as,
		.plan = plan };

	change_map_add_all(&all, ours);
	change_map_add_all(&all, theirs);
	change_map_fold(&all, &s.state);
	change_map_fold(s.winner, &s.of_winner);
	merge_places(&s.of_winner, &s.places);
	merge_numbers(&s.state, &s.numbers);
	return settle_all(&s, err);
}
