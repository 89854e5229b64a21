/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated registries for test-merge.c: sets of changes in memory, what is done with them, and what was promised about it. */
#ifndef MREG_T_UNIT_MERGE_SIM_H
#define MREG_T_UNIT_MERGE_SIM_H

#include <inttypes.h>

#include "base/clock.h"
#include "base/mem.h"
#include "format/merge-internal.h"
#include "format/merge.h"
#include "format/renumber.h"
#include "tap.h"

#define REGISTRIES 3
#define VERSION_VALUE "{\"digest\":\"%s\",\"files\":1,\"size\":1,\"version\":\"%s\"}"

struct registry_sim {
	int number;
	struct change_map map;
	struct fold fold;         /* kept in passing, as the index is */
	struct hashmap offered;   /* handed out, or received */
	struct change_list sent[REGISTRIES]; /* to each other one, not known whether it came to be */
	struct hashmap withdrawn;
};

/* A version that somebody was told is stored, or linked. */
struct promise {
	char version[OID_HEX_LEN + 1];
	bool is_link;
};

struct world {
	uint64_t seed, random;
	bool has_hub; /* all share through number 0 alone */
	struct registry_sim r[REGISTRIES];
	struct change **changes; /* all that were ever made */
	size_t count, cap;
	struct change_list done[REGISTRIES]; /* what each has acknowledged itself */
	struct promise *promises;
	size_t promise_count, promise_cap;
	struct hashmap removed, unlinked; /* versions whose removal somebody asked for, somewhere */
	int64_t now;
	size_t exchanges, refused, renumbered, settled, killed; /* for who wonders what was tried */
};

static inline size_t sim_random(struct world *w, size_t n)
{
	w->random ^= w->random >> 12;
	w->random ^= w->random << 25;
	w->random ^= w->random >> 27;
	return (size_t)((w->random * UINT64_C(2685821657736338717)) >> 33) % n;
}

static inline void sim_hex(struct world *w, char *out, size_t digits)
{
	for (size_t i = 0; i < digits; i++)
		out[i] = "0123456789abcdef"[sim_random(w, 16)];
	out[digits] = '\0';
}

static inline void sim_open(struct world *w, uint64_t seed, bool has_hub)
{
	*w = (struct world){ .seed = seed, .random = seed * 2654435761u + 88172645463325252u, .has_hub = has_hub };
	for (int i = 0; i < REGISTRIES; i++)
		w->r[i].number = i;
}

static inline void sim_close(struct world *w)
{
	for (int i = 0; i < REGISTRIES; i++) {
		struct registry_sim *r = &w->r[i];

		change_map_cleanup(&r->map);
		fold_cleanup(&r->fold);
		hashmap_release(&r->offered, NULL);
		hashmap_release(&r->withdrawn, NULL);
		change_list_cleanup(&w->done[i]);
		for (int peer = 0; peer < REGISTRIES; peer++)
			change_list_cleanup(&r->sent[peer]);
	}
	for (size_t i = 0; i < w->count; i++) {
		change_cleanup(w->changes[i]);
		free(w->changes[i]);
	}
	free(w->changes);
	free(w->promises);
	hashmap_release(&w->removed, NULL);
	hashmap_release(&w->unlinked, NULL);
}

static inline void sim_keep(struct world *w, struct change *c)
{
	ARRAY_GROW(w->changes, w->count + 1, w->cap);
	w->changes[w->count++] = c;
}

static inline void sim_promise(struct world *w, const char *version, bool is_link)
{
	ARRAY_GROW(w->promises, w->promise_count + 1, w->promise_cap);
	w->promises[w->promise_count] = (struct promise){ .is_link = is_link };
	memcpy(w->promises[w->promise_count++].version, version, OID_HEX_LEN + 1);
}

static inline bool sim_is_void(const struct world *w, const struct promise *p)
{
	return hashmap_has(&w->removed, p->version, OID_HEX_LEN) || (p->is_link && hashmap_has(&w->unlinked, p->version, OID_HEX_LEN));
}

static inline struct change *sim_change(struct world *w, int by, const char *key, const char *value)
{
	struct change *c = xcalloc(1, sizeof *c);
	char user[8];

	snprintf(user, sizeof user, "u%d", by);
	*c = (struct change){ .key = xstrdup(key),
		.value = xstrdup(value),
		.time = NS_PER_S * (++w->now / 4), /* a coarse clock: much happens at once */
		.user = xstrdup(user),
		.host = xstrdup("h"),
		.verb = xstrdup("test"),
		.why = xstrdup(""),
		.run = xstrdup("") };
	return c;
}

/* What txn_set() does. */
static inline void sim_set(struct world *w, struct registry_sim *r, const char *key, const char *value)
{
	const struct heads *heads = fold_find(&r->fold, key);
	struct change *c = sim_change(w, r->number, key, value);
	struct error err = ERROR_INIT;

	c->parent_count = heads ? heads->count : 0;
	c->parents = xcalloc(c->parent_count + 1, sizeof *c->parents);
	for (size_t i = 0; i < c->parent_count; i++)
		c->parents[i] = heads->v[i].id;
	need(change_seal(c, NULL, &err) == 0, err.text);
	sim_keep(w, c);
	change_map_add(&r->map, c);
	fold_step(&r->fold, c);
	change_list_add(&w->done[r->number], c);
}

/* ---- what is there ---- */

/* The live (or removed) keys that begin so. */
static inline void sim_keys(const struct registry_sim *r, const char *prefix, bool live, struct strvec *out)
{
	CLEANUP(strvec) struct strvec keys = STRVEC_INIT;

	merge_fold_keys(&r->fold, &keys);
	for (size_t i = 0; i < keys.count; i++)
		if (!strncmp(keys.v[i], prefix, strlen(prefix)) && (merge_live_value(&r->fold, keys.v[i]) != NULL) == live)
			strvec_push(out, keys.v[i]);
}

static inline const char *sim_pick(struct world *w, const struct strvec *keys)
{
	return keys->count ? keys->v[sim_random(w, keys->count)] : NULL;
}

/* The key of the live collection of this name, NULL. */
static inline const char *sim_named(const struct strvec *colls, const struct registry_sim *r, const char *name)
{
	char part[64];

	snprintf(part, sizeof part, "\"name\":\"%s\"", name);
	for (size_t i = 0; i < colls->count; i++)
		if (strstr(merge_live_value(&r->fold, colls->v[i]), part))
			return colls->v[i];
	return NULL;
}

static inline void sim_version_hex(const char *value, char out[OID_HEX_LEN + 1])
{
	const char *at = strstr(value, "\"version\":\"");

	need(at != NULL, "a value names a version");
	memcpy(out, at + 11, OID_HEX_LEN);
	out[OID_HEX_LEN] = '\0';
}

/* ---- verbs ---- */

/* Collections are made by whoever needs them: the name says the kind. */
static inline void sim_collection(struct world *w, struct registry_sim *r, const char *name, bool is_model, char cid[MERGE_CID_LEN + 1])
{
	CLEANUP(strvec) struct strvec colls = STRVEC_INIT;
	char key[64], value[128];
	const char *found;

	sim_keys(r, "coll/", true, &colls);
	found = sim_named(&colls, r, name);
	if (found && (strstr(merge_live_value(&r->fold, found), "\"model\",") != NULL) == is_model) {
		memcpy(cid, found + 5, MERGE_CID_LEN + 1);
		return;
	}
	cid[0] = '\0';
	if (found)
		return;
	sim_hex(w, cid, MERGE_CID_LEN);
	snprintf(key, sizeof key, "coll/%s", cid);
	snprintf(value, sizeof value, "{\"kind\":\"%s\",\"name\":\"%s\",\"type\":\"t\"}", is_model ? "model" : "artifact", name);
	sim_set(w, r, key, value);
}

static inline void sim_next_key(const struct registry_sim *r, const char *cid, bool is_link, struct strbuf *out)
{
	CLEANUP(hashmap) struct hashmap numbers = HASHMAP_INIT;
	struct merge_place place = { .is_link = is_link };

	memcpy(place.cid, cid, sizeof place.cid);
	merge_numbers(&r->fold, &numbers);
	place.number = merge_numbers_next(&numbers, &place);
	merge_place_key(out, &place);
}

static inline void sim_put(struct world *w, struct registry_sim *r)
{
	static const char *const names[] = { "a", "a", "b" };
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT, value = STRBUF_INIT;
	char cid[MERGE_CID_LEN + 1], id[OID_HEX_LEN + 1];

	sim_collection(w, r, names[sim_random(w, COUNT_OF(names))], false, cid);
	if (!*cid)
		return;
	sim_next_key(r, cid, false, &key);
	sim_hex(w, id, OID_HEX_LEN);
	strbuf_addf(&value, VERSION_VALUE, id, id);
	sim_set(w, r, key.buf, value.buf);
	sim_promise(w, id, false);
}

static inline void sim_link(struct world *w, struct registry_sim *r)
{
	CLEANUP(strvec) struct strvec versions = STRVEC_INIT;
	CLEANUP(merge_places) struct hashmap places = HASHMAP_INIT;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	struct merge_place place = { .is_link = true };
	const char *from;
	struct oid version;
	char hex[OID_HEX_LEN + 1];

	sim_keys(r, "version/", true, &versions);
	from = sim_pick(w, &versions);
	if (!from)
		return;
	sim_collection(w, r, "m", true, place.cid);
	merge_places(&r->fold, &places);
	need(merge_version_of(merge_live_value(&r->fold, from), &version), "a version has an id");
	if (!*place.cid || merge_places_of(&places, &place, &version))
		return;
	sim_next_key(r, place.cid, true, &key);
	sim_version_hex(merge_live_value(&r->fold, from), hex);
	sim_set(w, r, key.buf, merge_live_value(&r->fold, from));
	sim_promise(w, hex, true);
}

static inline void sim_alias(struct world *w, struct registry_sim *r)
{
	CLEANUP(strvec) struct strvec places = STRVEC_INIT;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT, value = STRBUF_INIT;
	const char *alias = sim_random(w, 3) ? "x" : "y", *to;
	char hex[OID_HEX_LEN + 1], cid[MERGE_CID_LEN + 1];

	sim_keys(r, sim_random(w, 3) ? "version/" : "link/", true, &places);
	to = sim_pick(w, &places);
	if (!to)
		return;
	sim_version_hex(merge_live_value(&r->fold, to), hex);
	memcpy(cid, strchr(to, '/') + 1, MERGE_CID_LEN);
	cid[MERGE_CID_LEN] = '\0';
	strbuf_addf(&key, "alias/%s/%s", cid, alias);
	strbuf_addf(&value, "{\"alias\":\"%s\",\"version\":\"%s\"}", alias, hex);
	if (!merge_live_value(&r->fold, key.buf) || strcmp(merge_live_value(&r->fold, key.buf), value.buf) != 0)
		sim_set(w, r, key.buf, value.buf);
}

static inline void sim_drop_aliases(struct world *w, struct registry_sim *r, const char *place)
{
	CLEANUP(strvec) struct strvec aliases = STRVEC_INIT;
	CLEANUP(strbuf) struct strbuf prefix = STRBUF_INIT;
	char hex[OID_HEX_LEN + 1];

	sim_version_hex(merge_live_value(&r->fold, place), hex);
	strbuf_addf(&prefix, "alias/%.*s/", MERGE_CID_LEN, strchr(place, '/') + 1);
	sim_keys(r, prefix.buf, true, &aliases);
	for (size_t i = 0; i < aliases.count; i++)
		if (strstr(merge_live_value(&r->fold, aliases.v[i]), hex))
			sim_set(w, r, aliases.v[i], "null");
}

/* rm --with-aliases of a version without links, or unlink --with-aliases. */
static inline void sim_remove(struct world *w, struct registry_sim *r, const char *place)
{
	CLEANUP(strvec) struct strvec links = STRVEC_INIT;
	char hex[OID_HEX_LEN + 1];

	sim_version_hex(merge_live_value(&r->fold, place), hex);
	sim_keys(r, "link/", true, &links);
	for (size_t i = 0; place[0] == 'v' && i < links.count; i++)
		if (strstr(merge_live_value(&r->fold, links.v[i]), hex))
			return;
	sim_drop_aliases(w, r, place);
	sim_set(w, r, place, "null");
	hashmap_put(place[0] == 'v' ? &w->removed : &w->unlinked, hex, OID_HEX_LEN, NULL);
}

static inline void sim_remove_one(struct world *w, struct registry_sim *r)
{
	CLEANUP(strvec) struct strvec places = STRVEC_INIT;
	const char *place;

	sim_keys(r, sim_random(w, 2) ? "version/" : "link/", true, &places);
	place = sim_pick(w, &places);
	if (place)
		sim_remove(w, r, place);
}

static inline void sim_remove_collection(struct world *w, struct registry_sim *r)
{
	CLEANUP(strvec) struct strvec colls = STRVEC_INIT, places = STRVEC_INIT, left = STRVEC_INIT;
	CLEANUP(strbuf) struct strbuf prefix = STRBUF_INIT;
	const char *coll;

	sim_keys(r, "coll/", true, &colls);
	coll = sim_pick(w, &colls);
	if (!coll)
		return;
	for (int kind = 0; kind < 2; kind++) {
		strbuf_reset(&prefix);
		strbuf_addf(&prefix, "%s/%s/", kind ? "version" : "link", coll + 5);
		sim_keys(r, prefix.buf, true, &places);
	}
	for (size_t i = 0; i < places.count; i++)
		sim_remove(w, r, places.v[i]);
	sim_keys(r, prefix.buf, true, &left);
	if (!left.count)
		sim_set(w, r, coll, "null");
}

static inline void sim_restore(struct world *w, struct registry_sim *r)
{
	CLEANUP(strvec) struct strvec places = STRVEC_INIT;
	CLEANUP(merge_places) struct hashmap live = HASHMAP_INIT;
	const struct change *removal, *before;
	struct merge_place place;
	const char *key;
	char coll[64];
	struct oid version;

	sim_keys(r, sim_random(w, 2) ? "version/" : "link/", false, &places);
	key = sim_pick(w, &places);
	if (!key)
		return;
	need(merge_place_parse(key, &place), "a place");
	removal = change_map_find(&r->map, &fold_find(&r->fold, key)->v[0].id);
	before = removal->parent_count ? change_map_find(&r->map, &removal->parents[0]) : NULL;
	merge_places(&r->fold, &live);
	snprintf(coll, sizeof coll, "coll/%s", place.cid);
	if (!before || !merge_version_of(before->value, &version) || !merge_live_value(&r->fold, coll))
		return;
	if (place.is_link ? merge_places_of(&live, &place, &version) || !merge_places_in_artifacts(&live, &version)
			  : merge_places_in_artifacts(&live, &version) != NULL)
		return;
	sim_set(w, r, key, before->value);
}

static inline void sim_rename_to(struct world *w, struct registry_sim *r, const char *coll, const char *name)
{
	CLEANUP(strvec) struct strvec colls = STRVEC_INIT;
	const char *value = merge_live_value(&r->fold, coll);
	char text[128];

	sim_keys(r, "coll/", true, &colls);
	if (!value || sim_named(&colls, r, name))
		return;
	snprintf(text, sizeof text, "{\"kind\":\"%s\",\"name\":\"%s\",\"type\":\"t\"}", strstr(value, "\"model\",") ? "model" : "artifact", name);
	sim_set(w, r, coll, text);
}

static inline void sim_rename(struct world *w, struct registry_sim *r)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	CLEANUP(strvec) struct strvec colls = STRVEC_INIT;
	const char *coll;

	sim_keys(r, "coll/", true, &colls);
	coll = sim_pick(w, &colls);
	if (coll)
		sim_rename_to(w, r, coll, names[sim_random(w, COUNT_OF(names))]);
}

static inline void sim_annotate(struct world *w, struct registry_sim *r)
{
	CLEANUP(strvec) struct strvec versions = STRVEC_INIT;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	const char *version;
	char hex[OID_HEX_LEN + 1];

	sim_keys(r, "version/", true, &versions);
	version = sim_pick(w, &versions);
	if (!version)
		return;
	sim_version_hex(merge_live_value(&r->fold, version), hex);
	if (sim_random(w, 2))
		strbuf_addf(&key, "tag/%s/good", hex);
	else
		strbuf_addf(&key, "tag/%.*s/good", MERGE_CID_LEN, version + strlen("version/"));
	sim_set(w, r, key.buf, merge_live_value(&r->fold, key.buf) ? "null" : "true");
}

static inline void sim_work(struct world *w, struct registry_sim *r)
{
	static void (*const verbs[])(struct world *, struct registry_sim *) = { sim_put, sim_put, sim_put, sim_link, sim_link, sim_alias, sim_alias,
		sim_alias, sim_remove_one, sim_restore, sim_annotate, sim_rename };

	if (sim_random(w, 40) == 0)
		sim_remove_collection(w, r);
	else
		verbs[sim_random(w, COUNT_OF(verbs))](w, r);
}

#endif
