/* SPDX-License-Identifier: Apache-2.0 */
/* Merging: each way out of a divergence, and that random work and exchanges on three registries always come to one state (SEED [COUNT]: that alone). */
#include <config.h>

#include "format/merge.h"

#include "merge-sim.h"

#define WORLDS 800 /* of either shape */
#define ROUNDS 24   /* after so many everyone must agree */

/* ---- sharing ---- */

static void mark(struct hashmap *set, const struct change *c)
{
	hashmap_put(set, c->id.raw, OID_LEN, NULL);
}

/* What became of what was sent and never answered: at the next contact one sees it. */
static void settle_sent(struct registry_sim *r, const struct registry_sim *peer)
{
	struct change_list *sent = &r->sent[peer->number];

	for (size_t i = 0; i < sent->count; i++)
		if (change_map_find(&peer->map, &sent->v[i]->id))
			mark(&r->offered, sent->v[i]);
	sent->count = 0;
}

/* Offered for all that is known. */
static void known_outside(const struct registry_sim *r, struct hashmap *out)
{
	CLEANUP(change_map) struct change_map all = CHANGE_MAP_INIT;

	change_map_add_all(&all, &r->map);
	for (size_t i = 0; i < all.ids.cap; i++)
		if (all.ids.slots[i].key && hashmap_has(&r->offered, all.ids.slots[i].key, OID_LEN))
			hashmap_put(out, all.ids.slots[i].key, OID_LEN, NULL);
	for (int peer = 0; peer < REGISTRIES; peer++)
		for (size_t i = 0; i < r->sent[peer].count; i++)
			mark(out, r->sent[peer].v[i]);
}

static bool in_scope(const struct hashmap *scope, const char *key)
{
	const char *subject = strchr(key, '/') + 1;

	return hashmap_has(scope, subject, strcspn(subject, "/"));
}

/* A collection, the artifacts that it links to, and the annotations of all their versions. */
static void widen(const struct change_map *map, struct hashmap *scope, bool versions_too)
{
	CLEANUP(strvec) struct strvec keys = STRVEC_INIT;
	CLEANUP(hashmap) struct hashmap versions = HASHMAP_INIT;
	struct merge_place place;
	char hex[OID_HEX_LEN + 1];

	change_map_keys(map, &keys);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < keys.count; i++) {
			const struct change_list *list = change_map_of(map, keys.v[i]);

			if (!merge_place_parse(keys.v[i], &place) || place.is_link == (pass == 1))
				continue;
			for (size_t c = 0; c < list->count; c++) {
				if (!strcmp(list->v[c]->value, "null"))
					continue;
				sim_version_hex(list->v[c]->value, hex);
				if (in_scope(scope, keys.v[i]))
					hashmap_put(&versions, hex, OID_HEX_LEN, NULL);
				else if (pass == 1 && hashmap_has(&versions, hex, OID_HEX_LEN))
					hashmap_put(scope, place.cid, MERGE_CID_LEN, NULL);
			}
		}
	for (size_t i = 0; versions_too && i < versions.cap; i++)
		if (versions.slots[i].key)
			hashmap_put(scope, versions.slots[i].key, OID_HEX_LEN, NULL);
}

static void restrict_to(const struct change_map *map, const struct hashmap *scope, struct change_map *out)
{
	for (size_t i = 0; i < map->ids.cap; i++)
		if (map->ids.slots[i].key && in_scope(scope, ((const struct change *)map->ids.slots[i].value)->key))
			change_map_add(out, map->ids.slots[i].value);
}

/* All that a side has, or a collection with what belongs to it. */
static void choose(struct world *w, const struct registry_sim *from, bool whole, struct change_map *out)
{
	CLEANUP(strvec) struct strvec colls = STRVEC_INIT;
	CLEANUP(hashmap) struct hashmap scope = HASHMAP_INIT;
	const char *coll;

	sim_keys(from, "coll/", true, &colls);
	coll = sim_pick(w, &colls);
	if (whole || !coll || sim_random(w, 2)) {
		change_map_add_all(out, &from->map);
		return;
	}
	hashmap_put(&scope, coll + 5, MERGE_CID_LEN, NULL);
	widen(&from->map, &scope, false);
	widen(&from->map, &scope, true);
	restrict_to(&from->map, &scope, out);
}

static bool is_clean(const struct change_map *map)
{
	CLEANUP(fold) struct fold fold = FOLD_INIT;
	CLEANUP(merge_conflicts) struct merge_conflicts conflicts = MERGE_CONFLICTS_INIT;

	change_map_fold(map, &fold);
	merge_check(&fold, &conflicts);
	return conflicts.count == 0;
}

/* The line in the journal: all of it or nothing. */
static void commit(struct world *w, struct registry_sim *r, const struct change_map *now, const struct change_map *received, struct merge_plan *plan)
{
	for (size_t i = 0; i < plan->made_count; i++)
		sim_keep(w, plan->made[i]);
	plan->made_count = 0;
	for (size_t i = 0; i < plan->withdrawn_count; i++)
		hashmap_put(&r->withdrawn, plan->withdrawn[i].raw, OID_LEN, NULL);
	for (size_t i = 0; i < received->ids.cap; i++)
		if (received->ids.slots[i].key)
			mark(&r->offered, received->ids.slots[i].value);
	change_map_cleanup(&r->map);
	change_map_add_all(&r->map, now);
	change_map_fold(&r->map, &r->fold);
}

enum ways { RENUMBER = 1, SETTLE = 2, THEIRS = 4 };

static bool agrees(const struct change_map *ours, const struct change_map *theirs, const struct registry_sim *r, const struct change_map *all,
		   bool settled)
{
	CLEANUP(merge) struct merge m = MERGE_INIT;
	struct error err = ERROR_INIT;

	need(merge_compare(ours, theirs, &r->withdrawn, &m, &err) == 0, err.text);
	return (settled || m.diverged == 0) && is_clean(all);
}

/* Never the number of a version that either side has, nor a change that counts no more. */
static bool is_sound(const struct merge_plan *plan, const struct registry_sim *r, const struct change_map *theirs)
{
	CLEANUP(hashmap) struct hashmap dead = HASHMAP_INIT;
	CLEANUP(change_map) struct change_map left = CHANGE_MAP_INIT;
	const struct merge_plan withdrawing = { .withdrawn = plan->withdrawn, .withdrawn_count = plan->withdrawn_count };
	struct merge_place place;

	merge_plan_apply(&withdrawing, &r->map, theirs, &left);
	for (size_t i = 0; i < plan->withdrawn_count; i++)
		hashmap_put(&dead, plan->withdrawn[i].raw, OID_LEN, NULL);
	for (size_t i = 0; i < plan->made_count; i++)
		if (hashmap_has(&dead, plan->made[i]->id.raw, OID_LEN) || hashmap_has(&r->withdrawn, plan->made[i]->id.raw, OID_LEN))
			return false;
	for (size_t i = 0; i < plan->made_count; i++)
		if (!plan->made[i]->parent_count && merge_place_parse(plan->made[i]->key, &place) && change_map_of(&left, plan->made[i]->key))
			return false;
	return true;
}

/* 1: taken, 0: refused with nothing changed, -1: something is wrong. */
static int take(struct world *w, struct registry_sim *r, const struct change_map *theirs, int ways)
{
	CLEANUP(merge_plan) struct merge_plan plan = MERGE_PLAN_INIT;
	CLEANUP(change_map) struct change_map ours = CHANGE_MAP_INIT, all = CHANGE_MAP_INIT, settled = CHANGE_MAP_INIT;
	CLEANUP(hashmap) struct hashmap offered = HASHMAP_INIT;
	struct change *as = sim_change(w, r->number, "as", "null");
	struct error err = ERROR_INIT;
	bool fine;

	sim_keep(w, as);
	known_outside(r, &offered);
	merge_plan_apply(&plan, &r->map, theirs, &all);
	if (agrees(&r->map, theirs, r, &all, false)) {
		commit(w, r, &all, theirs, &plan);
		return 1;
	}
	if (ways & (RENUMBER | SETTLE)) {
		need(renumber(&r->map, theirs, &offered, &r->withdrawn, ways & RENUMBER, &plan, &err) == 0, err.text);
		w->renumbered += plan.move_count > 0;
		if (!is_sound(&plan, r, theirs))
			return -1;
	}
	merge_plan_apply(&plan, &r->map, NULL, &ours);
	if (ways & SETTLE) {
		need(merge_settle(&ours, theirs, ways & THEIRS ? MERGE_THEIRS : MERGE_OURS, NULL, as, &plan, &err) == 0, err.text);
		w->settled++;
		if (!is_sound(&plan, r, theirs))
			return -1;
	}
	merge_plan_apply(&plan, &r->map, theirs, &settled);
	fine = agrees(&ours, theirs, r, &settled, ways & SETTLE);
	w->refused += !fine;
	if (fine)
		commit(w, r, &settled, theirs, &plan);
	return fine;
}

static int pull(struct world *w, struct registry_sim *r, struct registry_sim *peer, int ways, bool whole)
{
	CLEANUP(change_map) struct change_map theirs = CHANGE_MAP_INIT;

	w->exchanges++;
	settle_sent(r, peer);
	choose(w, peer, whole, &theirs);
	for (size_t i = 0; i < theirs.ids.cap; i++)
		if (theirs.ids.slots[i].key)
			mark(&peer->offered, theirs.ids.slots[i].value);
	if (!whole && sim_random(w, 6) == 0) {
		w->killed++;
		return 0;
	}
	return take(w, r, &theirs, ways);
}

static int push(struct world *w, struct registry_sim *r, struct registry_sim *peer, bool whole)
{
	CLEANUP(change_map) struct change_map ours = CHANGE_MAP_INIT, all = CHANGE_MAP_INIT;
	CLEANUP(merge) struct merge m = MERGE_INIT;
	struct merge_plan nothing = MERGE_PLAN_INIT;
	struct error err = ERROR_INIT;

	w->exchanges++;
	settle_sent(r, peer);
	choose(w, r, whole, &ours);
	need(merge_compare(&ours, &peer->map, &r->withdrawn, &m, &err) == 0, err.text);
	if (m.diverged)
		return 0;
	for (size_t i = 0; i < m.surplus.count; i++)
		change_list_add(&r->sent[peer->number], m.surplus.v[i]);
	if (!whole && sim_random(w, 8) == 0) {
		w->killed++;
		return 0;
	}
	merge_plan_apply(&nothing, &peer->map, &ours, &all);
	if (is_clean(&all))
		commit(w, peer, &all, &ours, &nothing);
	else
		w->refused++;
	if (whole || sim_random(w, 8) > 0)
		settle_sent(r, peer);
	else
		w->killed++;
	return 0;
}

static int exchange(struct world *w)
{
	int from = (int)sim_random(w, REGISTRIES), to = (int)(((size_t)from + 1 + sim_random(w, REGISTRIES - 1)) % REGISTRIES);

	if (w->has_hub && from == 0)
		from = to;
	if (w->has_hub)
		to = 0;
	if (sim_random(w, 2))
		return push(w, &w->r[from], &w->r[to], false);
	return pull(w, &w->r[from], &w->r[to], (int)sim_random(w, 8), false);
}

/* ---- after that everyone shares everything ---- */

static bool have_the_same(const struct world *w)
{
	for (int i = 1; i < REGISTRIES; i++)
		if (w->r[i].map.ids.count != w->r[0].map.ids.count || !fold_equal(&w->r[i].fold, &w->r[0].fold))
			return false;
	return true;
}

/* A name that both have given is chosen anew by whoever sees it. */
static void rename_one(struct world *w, struct registry_sim *r, const struct registry_sim *peer)
{
	CLEANUP(change_map) struct change_map all = CHANGE_MAP_INIT;
	CLEANUP(fold) struct fold fold = FOLD_INIT;
	CLEANUP(merge_conflicts) struct merge_conflicts conflicts = MERGE_CONFLICTS_INIT;
	char name[16];

	change_map_add_all(&all, &r->map);
	change_map_add_all(&all, &peer->map);
	change_map_fold(&all, &fold);
	merge_check(&fold, &conflicts);
	for (size_t i = 0; i < conflicts.count; i++) {
		const struct merge_conflict *c = &conflicts.v[i];

		const char *mine = sim_random(w, 2) ? c->key : c->other;

		sim_hex(w, name, 12);
		if (c->kind == MERGE_NAME)
			sim_rename_to(w, r, merge_live_value(&r->fold, mine) ? mine : mine == c->key ? c->other : c->key, name);
	}
}

static int share(struct world *w, struct registry_sim *r, struct registry_sim *peer)
{
	int taken = pull(w, r, peer, RENUMBER | SETTLE | (sim_random(w, 2) ? THEIRS : 0), true);

	if (taken == 0)
		rename_one(w, r, peer);
	return taken < 0 ? -1 : push(w, r, peer, true);
}

static const char *converge(struct world *w)
{
	for (int round = 0; round < ROUNDS; round++) {
		if (have_the_same(w))
			return NULL;
		for (int i = 1; i < REGISTRIES; i++)
			if (share(w, &w->r[i], &w->r[0]) < 0)
				return "a plan gives a number that is another version's, or makes what was withdrawn";
		if (!w->has_hub && share(w, &w->r[2], &w->r[1]) < 0)
			return "a plan gives a number that is another version's, or makes what was withdrawn";
	}
	return "they never agree";
}

/* ---- what must hold then ---- */

static bool names_version(const struct change_map *map, const struct change *c, const struct oid *version)
{
	struct oid named;

	for (size_t i = 0; i < c->parent_count; i++) {
		const struct change *parent = change_map_find(map, &c->parents[i]);

		if ((merge_version_of(parent->value, &named) && oid_equal(&named, version)) || names_version(map, parent, version))
			return true;
	}
	return false;
}

/* With a hub a number is one version's for ever; without, those who never met may both have given it, and then only a merge goes from one to the other. */
static bool numbers_are_kept(const struct world *w)
{
	const struct change_map *map = &w->r[0].map;
	CLEANUP(strvec) struct strvec keys = STRVEC_INIT;
	struct merge_place place;
	struct oid version;

	change_map_keys(map, &keys);
	for (size_t i = 0; i < keys.count; i++) {
		const struct change_list *list = change_map_of(map, keys.v[i]), none = CHANGE_LIST_INIT;

		if (!merge_place_parse(keys.v[i], &place))
			continue;
		if (w->has_hub && !merge_same_version(list, &none))
			return false;
		for (size_t c = 0; c < list->count; c++)
			if (list->v[c]->parent_count && merge_version_of(list->v[c]->value, &version) && !names_version(map, list->v[c], &version))
				return false;
	}
	return true;
}

static bool nobody_has_what_was_withdrawn(const struct world *w)
{
	for (int i = 0; i < REGISTRIES; i++)
		for (size_t s = 0; s < w->r[i].withdrawn.cap; s++)
			for (int j = 0; w->r[i].withdrawn.slots[s].key && j < REGISTRIES; j++)
				if (hashmap_has(&w->r[j].map.ids, w->r[i].withdrawn.slots[s].key, OID_LEN))
					return false;
	return true;
}

static bool changes_are_kept(const struct world *w)
{
	for (int i = 0; i < REGISTRIES; i++)
		for (size_t c = 0; c < w->done[i].count; c++)
			if (!change_map_find(&w->r[0].map, &w->done[i].v[c]->id) &&
			    !hashmap_has(&w->r[i].withdrawn, w->done[i].v[c]->id.raw, OID_LEN))
				return false;
	return true;
}

/* A collection that was removed took what others put into it along. */
static bool went_with_collection(const struct world *w, const struct oid *version, bool is_link)
{
	for (size_t i = 0; i < w->count; i++) {
		struct merge_place place;
		struct oid named;
		char coll[64];

		if (!merge_place_parse(w->changes[i]->key, &place) || (place.is_link && !is_link) || !merge_version_of(w->changes[i]->value, &named) ||
		    !oid_equal(&named, version))
			continue;
		snprintf(coll, sizeof coll, "coll/%s", place.cid);
		for (size_t c = 0; c < w->count; c++)
			if (!strcmp(w->changes[c]->key, coll) && !strcmp(w->changes[c]->value, "null"))
				return true;
	}
	return false;
}

static bool promises_are_kept(const struct world *w)
{
	CLEANUP(merge_places) struct hashmap places = HASHMAP_INIT;
	CLEANUP(hashmap) struct hashmap linked = HASHMAP_INIT;
	CLEANUP(strvec) struct strvec links = STRVEC_INIT;
	struct oid version;

	merge_places(&w->r[0].fold, &places);
	sim_keys(&w->r[0], "link/", true, &links);
	for (size_t i = 0; i < links.count; i++)
		if (merge_version_of(merge_live_value(&w->r[0].fold, links.v[i]), &version))
			mark(&linked, &(struct change){ .id = version });
	for (size_t i = 0; i < w->promise_count; i++) {
		const struct promise *p = &w->promises[i];

		need(oid_parse(p->version, OID_HEX_LEN, &version), "an id");
		if (sim_is_void(w, p) || (p->is_link ? hashmap_has(&linked, version.raw, OID_LEN) : merge_places_in_artifacts(&places, &version) != NULL))
			continue;
		if (!went_with_collection(w, &version, p->is_link))
			return false;
	}
	return true;
}

static bool is_from_scratch(const struct registry_sim *r)
{
	CLEANUP(fold) struct fold fold = FOLD_INIT;

	change_map_fold(&r->map, &fold);
	return fold_equal(&fold, &r->fold);
}

/* The rules across keys, said once more and in another way than merge_check() does. */
static bool breaks_a_rule(const struct registry_sim *r)
{
	CLEANUP(strvec) struct strvec all = STRVEC_INIT, places = STRVEC_INIT, names = STRVEC_INIT;
	char hex[OID_HEX_LEN + 1], text[160];

	sim_keys(r, "", true, &all);
	for (size_t i = 0; i < all.count; i++) {
		const char *value = merge_live_value(&r->fold, all.v[i]), *rest = strchr(all.v[i], '/') + 1;

		if (!strncmp(all.v[i], "coll/", 5)) {
			if (strvec_has(&names, strstr(value, "\"name\"")))
				return true;
			strvec_push(&names, strstr(value, "\"name\""));
		} else if (all.v[i][0] == 'v' || all.v[i][0] == 'l') {
			sim_version_hex(value, hex);
			snprintf(text, sizeof text, "coll/%.*s", MERGE_CID_LEN, rest);
			if (!merge_live_value(&r->fold, text))
				return true;
			for (int where = 0; where < 2; where++) {
				snprintf(text, sizeof text, "%c%.*s %s", where ? 'c' : all.v[i][0], where || all.v[i][0] == 'l' ? MERGE_CID_LEN : 0,
					 rest, hex);
				if (strvec_has(&places, text))
					return true;
				strvec_push(&places, text);
			}
		}
	}
	for (size_t i = 0; i < all.count; i++) {
		bool is_alias = all.v[i][0] == 'a';

		if (!is_alias && all.v[i][0] != 'l')
			continue;
		sim_version_hex(merge_live_value(&r->fold, all.v[i]), hex);
		snprintf(text, sizeof text, "%c%.*s %s", is_alias ? 'c' : 'v', is_alias ? MERGE_CID_LEN : 0, strchr(all.v[i], '/') + 1, hex);
		if (!strvec_has(&places, text))
			return true;
	}
	return false;
}

static const char *what_is_wrong(struct world *w)
{
	const char *wrong = converge(w);

	if (wrong)
		return wrong;
	if (!is_from_scratch(&w->r[0]) || !is_from_scratch(&w->r[1]) || !is_from_scratch(&w->r[2]))
		return "the state is not the fold from scratch";
	if (!is_clean(&w->r[0].map) || breaks_a_rule(&w->r[0]))
		return "the state that all have breaks a rule";
	if (!numbers_are_kept(w))
		return "a number has meant two versions";
	if (!nobody_has_what_was_withdrawn(w))
		return "somebody has what was withdrawn";
	if (!changes_are_kept(w))
		return "an acknowledged change is lost";
	return promises_are_kept(w) ? NULL : "an acknowledged version or link is lost";
}

static const char *live_in(struct world *w)
{
	size_t steps = 8 + sim_random(w, 40);

	for (size_t i = 0; i < steps; i++) {
		if (sim_random(w, 3))
			sim_work(w, &w->r[sim_random(w, REGISTRIES)]);
		else if (exchange(w) < 0)
			return "a plan gives a number that is another version's, or makes what was withdrawn";
		for (int r = 0; r < REGISTRIES; r++)
			if (i % 8 == 7 && breaks_a_rule(&w->r[r]))
				return "a state breaks a rule";
	}
	return NULL;
}

struct totals {
	size_t exchanges, refused, renumbered, settled, killed;
};

static bool try_world(uint64_t seed, bool has_hub, struct totals *t)
{
	struct world w;
	const char *wrong;

	sim_open(&w, seed, has_hub);
	wrong = live_in(&w);
	wrong = wrong ? wrong : what_is_wrong(&w);
	if (wrong)
		printf("# seed %" PRIu64 ", %s: %s\n# again: test-merge %" PRIu64 " 1\n", seed, has_hub ? "with a hub" : "all with all", wrong, seed);
	*t = (struct totals){ t->exchanges + w.exchanges, t->refused + w.refused, t->renumbered + w.renumbered, t->settled + w.settled,
			      t->killed + w.killed };
	sim_close(&w);
	return !wrong;
}

static void test_property(uint64_t seed, uint64_t count)
{
	for (int has_hub = 0; has_hub < 2; has_hub++) {
		struct totals t = { 0 };
		bool passed = true;

		for (uint64_t i = 0; passed && i < count; i++)
			passed = try_world(seed + i, has_hub, &t);
		ok(passed, has_hub ? "whoever shares through one registry comes to one state, and no number means two versions"
				   : "whoever shares with whom, all come to one state, and nothing is lost");
		printf("# %zu exchanges, %zu refused, %zu renumbered, %zu settled, %zu killed\n", t.exchanges, t.refused, t.renumbered, t.settled,
		       t.killed);
	}
}

/* ---- each way out by itself ---- */

#define CID "00000000000000000000000000000001"
#define OTHER_CID "00000000000000000000000000000002"
#define MODEL_CID "00000000000000000000000000000003"
#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static void put_at(struct world *w, int r, const char *key, const char *version)
{
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;

	strbuf_addf(&value, VERSION_VALUE, version, version);
	sim_set(w, &w->r[r], key, value.buf);
}

static void alias_to(struct world *w, int r, const char *cid, const char *version)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT, value = STRBUF_INIT;

	strbuf_addf(&key, "alias/%s/x", cid);
	strbuf_addf(&value, "{\"alias\":\"x\",\"version\":\"%s\"}", version);
	sim_set(w, &w->r[r], key.buf, value.buf);
}

static void collection(struct world *w, int r, const char *cid, const char *kind, const char *name)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT, value = STRBUF_INIT;

	strbuf_addf(&key, "coll/%s", cid);
	strbuf_addf(&value, "{\"kind\":\"%s\",\"name\":\"%s\",\"type\":\"t\"}", kind, name);
	sim_set(w, &w->r[r], key.buf, value.buf);
}

/* Registry 0 with an artifact of one version, which 1 has as well. */
static void open_shared(struct world *w)
{
	sim_open(w, 1, false);
	collection(w, 0, CID, "artifact", "digits");
	put_at(w, 0, "version/" CID "/0", A);
	need(pull(w, &w->r[1], &w->r[0], 0, true) == 1, "a first pull");
}

static bool has_at(const struct world *w, int r, const char *key, const char *version)
{
	const char *value = merge_live_value(&w->r[r].fold, key);

	return value && version ? strstr(value, version) != NULL : !value && !version;
}

static int pull_as(struct world *w, int ways)
{
	return pull(w, &w->r[1], &w->r[0], ways, true);
}

static void test_numbers(void)
{
	struct world w;

	open_shared(&w);
	put_at(&w, 0, "version/" CID "/1", B);
	put_at(&w, 1, "version/" CID "/1", C);
	put_at(&w, 1, "version/" CID "/2", OTHER_CID OTHER_CID);
	alias_to(&w, 1, CID, C);
	ok(pull_as(&w, 0) == 0 && has_at(&w, 1, "version/" CID "/1", C), "two versions of one number are refused, and nothing is changed");
	ok(pull_as(&w, RENUMBER) == 1 && has_at(&w, 1, "version/" CID "/1", B) && has_at(&w, 1, "version/" CID "/2", C) &&
		   has_at(&w, 1, "version/" CID "/3", OTHER_CID OTHER_CID),
	   "--renumber puts ours after theirs, in their order");
	ok(has_at(&w, 1, "alias/" CID "/x", C), "and an alias stays with its version");
	sim_close(&w);
	open_shared(&w);
	put_at(&w, 0, "version/" CID "/1", B);
	put_at(&w, 1, "version/" CID "/1", C);
	need(pull(&w, &w.r[2], &w.r[1], 0, true) == 1, "somebody pulls ours");
	ok(pull_as(&w, RENUMBER) == 0, "--renumber leaves alone what somebody has");
	ok(pull_as(&w, SETTLE | THEIRS) == 1 && has_at(&w, 1, "version/" CID "/1", B) && has_at(&w, 1, "version/" CID "/2", C),
	   "--theirs gives ours the next number");
	sim_close(&w);
	open_shared(&w);
	put_at(&w, 0, "version/" CID "/1", B);
	sim_set(&w, &w.r[0], "version/" CID "/1", "null");
	put_at(&w, 1, "version/" CID "/1", C);
	sim_set(&w, &w.r[1], "version/" CID "/1", "null");
	ok(pull_as(&w, 0) == 0, "a number that two versions had is refused even when both are removed");
	need(pull(&w, &w.r[2], &w.r[1], 0, true) == 1, "somebody pulls ours");
	ok(pull_as(&w, SETTLE | THEIRS) == 1 && has_at(&w, 1, "version/" CID "/1", NULL) &&
		   fold_find(&w.r[1].fold, "version/" CID "/1")->count == 1,
	   "--theirs settles one that somebody has");
	sim_close(&w);
	open_shared(&w);
	put_at(&w, 0, "version/" CID "/1", B);
	sim_set(&w, &w.r[0], "version/" CID "/1", "null");
	put_at(&w, 1, "version/" CID "/1", C);
	sim_set(&w, &w.r[1], "version/" CID "/1", "null");
	ok(pull_as(&w, RENUMBER) == 1 && change_map_of(&w.r[1].map, "version/" CID "/2") && !merge_live_value(&w.r[1].fold, "version/" CID "/2"),
	   "--renumber moves a removed one too, so that it can be restored");
	sim_close(&w);
}

static void test_aliases(void)
{
	struct world w;

	open_shared(&w);
	put_at(&w, 0, "version/" CID "/1", B);
	alias_to(&w, 0, CID, A);
	need(pull_as(&w, 0) == 1, "a pull");
	alias_to(&w, 0, CID, B);
	alias_to(&w, 0, CID, A);
	alias_to(&w, 1, CID, B);
	ok(pull_as(&w, RENUMBER) == 0, "an alias that was moved away and back there, and moved here, is refused");
	ok(pull_as(&w, SETTLE) == 1 && has_at(&w, 1, "alias/" CID "/x", B), "--ours keeps ours");
	alias_to(&w, 0, CID, B);
	alias_to(&w, 0, CID, A);
	ok(pull_as(&w, SETTLE | THEIRS) == 1 && has_at(&w, 1, "alias/" CID "/x", A), "--theirs takes theirs");
	sim_set(&w, &w.r[0], "alias/" CID "/x", "null");
	sim_set(&w, &w.r[0], "version/" CID "/1", "null");
	alias_to(&w, 1, CID, B);
	ok(pull_as(&w, RENUMBER) == 0, "an alias of ours to a version that they removed is refused");
	ok(pull_as(&w, SETTLE | THEIRS) == 1 && has_at(&w, 1, "alias/" CID "/x", NULL) && has_at(&w, 1, "version/" CID "/1", NULL),
	   "--theirs takes it along");
	sim_close(&w);
	open_shared(&w);
	sim_set(&w, &w.r[0], "version/" CID "/0", "null");
	alias_to(&w, 1, CID, A);
	ok(pull_as(&w, SETTLE) == 1 && has_at(&w, 1, "alias/" CID "/x", A) && has_at(&w, 1, "version/" CID "/0", A), "--ours brings the version back");
	sim_close(&w);
	open_shared(&w);
	alias_to(&w, 0, CID, A);
	alias_to(&w, 1, CID, A);
	ok(pull_as(&w, 0) == 1 && fold_find(&w.r[1].fold, "alias/" CID "/x")->count == 2, "the same said twice stands side by side");
	sim_close(&w);
}

static void test_links(void)
{
	struct world w;

	open_shared(&w);
	collection(&w, 0, MODEL_CID, "model", "m");
	put_at(&w, 0, "version/" CID "/1", B);
	need(pull_as(&w, 0) == 1, "a pull");
	put_at(&w, 0, "link/" MODEL_CID "/0", B);
	put_at(&w, 0, "link/" MODEL_CID "/1", A);
	put_at(&w, 1, "link/" MODEL_CID "/0", A);
	ok(pull_as(&w, 0) == 0, "a version that is linked under two numbers is refused");
	ok(pull_as(&w, RENUMBER) == 1 && has_at(&w, 1, "link/" MODEL_CID "/0", B) && has_at(&w, 1, "link/" MODEL_CID "/1", A) &&
		   !change_map_of(&w.r[1].map, "link/" MODEL_CID "/2"),
	   "--renumber lets our link give way to theirs");
	sim_set(&w, &w.r[0], "coll/" MODEL_CID, "null");
	sim_set(&w, &w.r[0], "link/" MODEL_CID "/0", "null");
	sim_set(&w, &w.r[0], "link/" MODEL_CID "/1", "null");
	put_at(&w, 1, "version/" CID "/2", C);
	put_at(&w, 1, "link/" MODEL_CID "/2", C);
	ok(pull_as(&w, RENUMBER) == 0, "a link into a model that they removed is refused");
	ok(pull_as(&w, SETTLE) == 1 && has_at(&w, 1, "link/" MODEL_CID "/2", C) && merge_live_value(&w.r[1].fold, "coll/" MODEL_CID),
	   "--ours brings the model back");
	sim_close(&w);
}

static void test_joins(void)
{
	struct world w;

	sim_open(&w, 1, false);
	collection(&w, 0, CID, "artifact", "digits");
	put_at(&w, 0, "version/" CID "/0", A);
	alias_to(&w, 0, CID, A);
	collection(&w, 1, OTHER_CID, "artifact", "digits");
	put_at(&w, 1, "version/" OTHER_CID "/0", B);
	sim_set(&w, &w.r[1], "title/" OTHER_CID, "\"Handwriting\"");
	ok(pull_as(&w, SETTLE) == 0, "two collections of one name are refused");
	ok(pull_as(&w, RENUMBER) == 1 && has_at(&w, 1, "version/" CID "/1", B) && !change_map_of(&w.r[1].map, "coll/" OTHER_CID) &&
		   has_at(&w, 1, "title/" CID, "Handwriting"),
	   "--renumber joins ours into theirs");
	sim_close(&w);
	sim_open(&w, 1, false);
	collection(&w, 0, CID, "artifact", "digits");
	collection(&w, 1, OTHER_CID, "model", "digits");
	ok(pull_as(&w, RENUMBER | SETTLE) == 0, "but not one of another kind");
	sim_close(&w);
	sim_open(&w, 1, false);
	collection(&w, 0, CID, "artifact", "digits");
	collection(&w, 1, OTHER_CID, "artifact", "Digits");
	ok(pull_as(&w, RENUMBER | SETTLE) == 0, "nor one whose name differs in case");
	sim_set(&w, &w.r[1], "coll/" OTHER_CID, "null");
	collection(&w, 1, OTHER_CID, "artifact", "letters");
	sim_set(&w, &w.r[1], "title/" OTHER_CID, "\"DIGITS\"");
	ok(pull_as(&w, RENUMBER | SETTLE) == 0, "nor is a title taken that is a name of theirs");
	sim_close(&w);
}

/* Somebody else may have it, whoever that is. */
static void offer(struct world *w, int r)
{
	for (size_t i = 0; i < w->r[r].map.ids.cap; i++)
		if (w->r[r].map.ids.slots[i].key)
			mark(&w->r[r].offered, w->r[r].map.ids.slots[i].value);
}

/* What both have settled, each in its way, without having met since. */
static void test_settled_twice(void)
{
	struct world w;

	open_shared(&w);
	put_at(&w, 0, "version/" CID "/1", B);
	offer(&w, 0);
	put_at(&w, 1, "version/" CID "/1", C);
	need(pull(&w, &w.r[2], &w.r[1], 0, true) == 1, "somebody pulls ours");
	need(pull_as(&w, SETTLE | THEIRS) == 1, "we give way");
	need(pull(&w, &w.r[0], &w.r[2], SETTLE | THEIRS, true) == 1, "and so do they");
	offer(&w, 1);
	need(has_at(&w, 0, "version/" CID "/1", C) && has_at(&w, 0, "version/" CID "/2", B), "numbers are exchanged");
	ok(pull_as(&w, SETTLE) == 1 && has_at(&w, 1, "version/" CID "/1", B) && has_at(&w, 1, "version/" CID "/2", C) &&
		   !change_map_of(&w.r[1].map, "version/" CID "/3"),
	   "what was exchanged on both sides gets no further number");
	sim_close(&w);
	open_shared(&w);
	put_at(&w, 0, "version/" CID "/1", B);
	offer(&w, 0);
	put_at(&w, 1, "version/" CID "/1", C);
	need(pull(&w, &w.r[2], &w.r[1], 0, true) == 1 && pull_as(&w, SETTLE | THEIRS) == 1, "we give way, with a number that nobody has seen");
	need(pull(&w, &w.r[0], &w.r[2], SETTLE | THEIRS, true) == 1, "they do as well");
	ok(pull_as(&w, SETTLE) == 1 && has_at(&w, 1, "version/" CID "/1", B) && has_at(&w, 1, "version/" CID "/3", C),
	   "a version that gave way to a number which it then lost gets another");
	sim_close(&w);
	open_shared(&w);
	put_at(&w, 0, "version/" CID "/1", B);
	offer(&w, 0);
	put_at(&w, 1, "version/" CID "/1", C);
	need(pull(&w, &w.r[2], &w.r[1], 0, true) == 1 && pull(&w, &w.r[0], &w.r[2], SETTLE, true) == 1, "they keep theirs, and ours is their v2");
	ok(pull_as(&w, SETTLE) == 1 && has_at(&w, 1, "version/" CID "/1", B) && has_at(&w, 1, "version/" CID "/2", C),
	   "a number that they settled after us is behind, and nothing is in the way");
	sim_close(&w);
	open_shared(&w);
	put_at(&w, 0, "version/" CID "/1", B);
	offer(&w, 0);
	put_at(&w, 1, "version/" CID "/1", C);
	need(pull(&w, &w.r[2], &w.r[1], 0, true) == 1 && pull_as(&w, SETTLE) == 1, "we keep ours, and theirs is our v2");
	need(pull(&w, &w.r[0], &w.r[1], 0, true) == 1 && has_at(&w, 0, "version/" CID "/2", B), "they take that");
	sim_set(&w, &w.r[1], "version/" CID "/2", "null");
	sim_set(&w, &w.r[0], "version/" CID "/2", "null");
	put_at(&w, 0, "version/" CID "/2", B);
	ok(pull_as(&w, SETTLE) == 1 && has_at(&w, 1, "version/" CID "/2", NULL) && !change_map_of(&w.r[1].map, "version/" CID "/3"),
	   "a removal that wins stays one");
	sim_close(&w);
}

static void test_twice(void)
{
	struct world w;

	open_shared(&w);
	collection(&w, 0, MODEL_CID, "model", "m");
	need(pull_as(&w, 0) == 1, "a pull");
	put_at(&w, 0, "link/" MODEL_CID "/0", A);
	put_at(&w, 1, "link/" MODEL_CID "/1", A);
	need(pull(&w, &w.r[2], &w.r[1], 0, true) == 1, "somebody pulls ours");
	ok(pull_as(&w, RENUMBER) == 0, "a version that is in a model twice is refused");
	ok(pull_as(&w, SETTLE | THEIRS) == 1 && has_at(&w, 1, "link/" MODEL_CID "/0", A) && has_at(&w, 1, "link/" MODEL_CID "/1", NULL),
	   "--theirs leaves their link");
	sim_close(&w);
	open_shared(&w);
	collection(&w, 0, MODEL_CID, "model", "m");
	need(pull_as(&w, 0) == 1, "a pull");
	put_at(&w, 1, "link/" MODEL_CID "/0", A);
	alias_to(&w, 1, MODEL_CID, A);
	alias_to(&w, 1, CID, A);
	sim_set(&w, &w.r[0], "version/" CID "/0", "null");
	ok(pull_as(&w, RENUMBER) == 0, "a link of ours to a version that they removed is refused");
	ok(pull_as(&w, SETTLE) == 1 && has_at(&w, 1, "version/" CID "/0", A) && !change_map_of(&w.r[1].map, "version/" CID "/1"),
	   "--ours brings it back once, however many references it has");
	sim_close(&w);
}

/* Renumbering has its own traps. */
static void test_traps(void)
{
	struct world w;

	open_shared(&w);
	collection(&w, 0, MODEL_CID, "model", "m");
	collection(&w, 0, OTHER_CID, "artifact", "zz");
	need(pull_as(&w, 0) == 1, "a pull");
	put_at(&w, 0, "version/" CID "/1", B);
	put_at(&w, 1, "version/" CID "/1", C);
	put_at(&w, 0, "version/" OTHER_CID "/8", MODEL_CID MODEL_CID);
	put_at(&w, 1, "version/" OTHER_CID "/7", OTHER_CID OTHER_CID);
	ok(pull_as(&w, RENUMBER) == 1 && has_at(&w, 1, "version/" OTHER_CID "/7", OTHER_CID OTHER_CID),
	   "a collection in whose way nothing is stays as it is");
	w.now = 0;
	put_at(&w, 1, "link/" MODEL_CID "/0", A);
	w.now = 0;
	sim_set(&w, &w.r[1], "link/" MODEL_CID "/0", "null");
	w.now = 0;
	put_at(&w, 1, "link/" MODEL_CID "/1", A);
	put_at(&w, 0, "link/" MODEL_CID "/0", B);
	ok(pull_as(&w, RENUMBER) == 1 && has_at(&w, 1, "link/" MODEL_CID "/1", NULL) && has_at(&w, 1, "link/" MODEL_CID "/2", A) &&
		   change_map_of(&w.r[1].map, "link/" MODEL_CID "/1"),
	   "what moves to a number that was the same version's in the same moment is there");
	sim_close(&w);
	open_shared(&w);
	put_at(&w, 0, "version/" CID "/1", B);
	need(pull_as(&w, 0) == 1, "a pull");
	put_at(&w, 1, "version/" CID "/1", C);
	put_at(&w, 1, "version/" CID "/2", B);
	sim_set(&w, &w.r[0], "note/" A, "1");
	sim_set(&w, &w.r[1], "note/" A, "2");
	ok(pull_as(&w, RENUMBER | SETTLE) == 1 && has_at(&w, 1, "version/" CID "/1", C) && has_at(&w, 1, "version/" CID "/2", B),
	   "nothing gives way to a number that is another version's by now");
	sim_close(&w);
}

/* More heads than one change can name. */
static void test_many_heads(void)
{
	struct world w;

	open_shared(&w);
	for (int i = 0; i < 3 * CHANGE_MAX_PARENTS; i++) {
		struct change *c = sim_change(&w, 0, "note/" A, i % 2 ? "\"one\"" : "\"two\"");
		struct error err = ERROR_INIT;

		need(change_seal(c, NULL, &err) == 0, err.text);
		sim_keep(&w, c);
		change_map_add(&w.r[i % 2].map, c);
	}
	change_map_fold(&w.r[0].map, &w.r[0].fold);
	change_map_fold(&w.r[1].map, &w.r[1].fold);
	ok(pull_as(&w, SETTLE | THEIRS) == 1 && fold_find(&w.r[1].fold, "note/" A)->count == 1, "%d heads are settled into one",
	   3 * CHANGE_MAX_PARENTS);
	is_str(merge_live_value(&w.r[1].fold, "note/" A), "\"two\"", "of their value");
	sim_close(&w);
}

/* A copy of a registry, made before it withdrew something, gives it back. */
static void test_withdrawn(void)
{
	CLEANUP(change_map) struct change_map copy = CHANGE_MAP_INIT;
	CLEANUP(merge) struct merge m = MERGE_INIT;
	struct error err = ERROR_INIT;
	struct world w;

	open_shared(&w);
	put_at(&w, 0, "version/" CID "/1", B);
	put_at(&w, 1, "version/" CID "/1", C);
	change_map_add_all(&copy, &w.r[1].map);
	need(pull_as(&w, RENUMBER) == 1, "a pull");
	ok(merge_compare(&w.r[1].map, &copy, &w.r[1].withdrawn, &m, &err) < 0 && err.code == ERR_CONFLICT,
	   "a change that was withdrawn here and comes back is refused");
	printf("# %s\n", err.text);
	sim_close(&w);
}

/* Only what was chosen. */
static void test_chosen(void)
{
	CLEANUP(hashmap) struct hashmap chosen = HASHMAP_INIT;
	CLEANUP(merge_plan) struct merge_plan plan = MERGE_PLAN_INIT;
	struct error err = ERROR_INIT;
	struct change *as;
	struct world w;

	open_shared(&w);
	for (int r = 0; r < 2; r++) {
		sim_set(&w, &w.r[r], "note/" A, r ? "\"ours\"" : "\"theirs\"");
		sim_set(&w, &w.r[r], "note/" CID, r ? "\"ours\"" : "\"theirs\"");
	}
	hashmap_put(&chosen, "note/" A, strlen("note/" A), NULL);
	as = sim_change(&w, 1, "as", "null");
	sim_keep(&w, as);
	ok(merge_settle(&w.r[1].map, &w.r[0].map, MERGE_THEIRS, &chosen, as, &plan, &err) == 0 && plan.made_count == 1 &&
		   !strcmp(plan.made[0]->key, "note/" A) && !strcmp(plan.made[0]->value, "\"theirs\"") && plan.made[0]->parent_count == 2,
	   "of two keys only the chosen one is settled");
	sim_close(&w);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		test_property(strtoull(argv[1], NULL, 10), argc > 2 ? strtoull(argv[2], NULL, 10) : 1);
	if (argc > 1)
		return tap_done();
	test_numbers();
	test_aliases();
	test_links();
	test_joins();
	test_settled_twice();
	test_twice();
	test_traps();
	test_many_heads();
	test_withdrawn();
	test_chosen();
	test_property(20261121, WORLDS);
	return tap_done();
}
