/* SPDX-License-Identifier: Apache-2.0 */
/* What keys and values say to who merges them; where versions are, and which numbers are used. */
#include <config.h>

#include "format/merge-internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "format/json.h"

bool merge_cid_of(const char *key, const char *first, char *out)
{
	size_t len = strlen(first);
	const char *cid = key + len;

	if (strncmp(key, first, len) != 0 || strcspn(cid, "/") != MERGE_CID_LEN)
		return false;
	memcpy(out, cid, MERGE_CID_LEN);
	out[MERGE_CID_LEN] = '\0';
	return true;
}

bool merge_place_parse(const char *key, struct merge_place *out)
{
	const char *number;

	out->is_link = key[0] == 'l';
	if (!merge_cid_of(key, out->is_link ? "link/" : "version/", out->cid))
		return false;
	number = key + strlen(out->is_link ? "link/" : "version/") + MERGE_CID_LEN;
	return *number == '/' && number_parse_u64(number + 1, strlen(number + 1), &out->number) && out->number <= MERGE_NUMBER_MAX;
}

void merge_place_key(struct strbuf *out, const struct merge_place *place)
{
	strbuf_addf(out, "%s/%s/%" PRIu64, place->is_link ? "link" : "version", place->cid, place->number);
}

bool merge_version_of(const char *value, struct oid *out)
{
	struct error err = ERROR_INIT;
	CLEANUP(json) json_t *doc = value[0] == '{' ? json_parse(value, strlen(value), "value", &err) : NULL;

	return doc && json_get_oid(doc, "version", out);
}

static bool names_one(const struct change_list *list, struct oid *version, bool *any)
{
	struct oid named;

	for (size_t i = 0; i < list->count; i++) {
		if (!merge_version_of(list->v[i]->value, &named))
			continue;
		if (*any && !oid_equal(&named, version))
			return false;
		*version = named;
		*any = true;
	}
	return true;
}

bool merge_same_version(const struct change_list *a, const struct change_list *b)
{
	struct oid version;
	bool any = false;

	return names_one(a, &version, &any) && names_one(b, &version, &any);
}

static bool says_run(const char *value)
{
	struct error err = ERROR_INIT;
	CLEANUP(json) json_t *doc = value[0] == '{' ? json_parse(value, strlen(value), "value", &err) : NULL;
	const char *kind;

	return doc && json_get_string(doc, "kind", &kind) && strcmp(kind, "run") == 0;
}

bool merge_is_run(const struct change_map *map, const char *cid)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	const struct change_list *list;

	strbuf_addf(&key, "coll/%s", cid);
	list = change_map_of(map, key.buf);
	for (size_t i = 0; list && i < list->count; i++)
		if (says_run(list->v[i]->value))
			return true;
	return false;
}

static int add_key(const void *key, size_t len, void *value, void *arg)
{
	(void)value;
	strvec_push_own(arg, xstrndup(key, len));
	return 0;
}

void merge_fold_keys(const struct fold *fold, struct strvec *keys)
{
	hashmap_each(&fold->keys, add_key, keys);
	strvec_sort(keys);
}

const char *merge_live_value(const struct fold *fold, const char *key)
{
	const struct heads *heads = fold_find(fold, key);

	return heads && heads_is_live(heads) ? heads_value(heads, NULL) : NULL;
}

/* ---- where versions are ---- */

static void collection_id(struct strbuf *out, const struct merge_place *in)
{
	strbuf_addf(out, "%s/%s", in->is_link ? "link" : "version", in->cid);
}

static void in_collection(struct strbuf *out, const struct merge_place *in, const struct oid *version)
{
	strbuf_reset(out);
	collection_id(out, in);
	strbuf_add(out, version->raw, OID_LEN);
}

static void in_artifacts(struct strbuf *out, const struct oid *version)
{
	strbuf_reset(out);
	strbuf_addc(out, 'a');
	strbuf_add(out, version->raw, OID_LEN);
}

static void put_place(struct hashmap *places, const struct strbuf *id, const char *key)
{
	if (!hashmap_has(places, id->buf, id->len))
		hashmap_put(places, id->buf, id->len, xstrdup(key));
}

void merge_places_add(struct hashmap *places, const char *key, const char *value)
{
	CLEANUP(strbuf) struct strbuf id = STRBUF_INIT;
	struct merge_place place;
	struct oid version;

	if (!merge_place_parse(key, &place) || !merge_version_of(value, &version))
		return;
	in_collection(&id, &place, &version);
	put_place(places, &id, key);
	if (place.is_link)
		return;
	in_artifacts(&id, &version);
	put_place(places, &id, key);
}

void merge_places(const struct fold *fold, struct hashmap *out)
{
	CLEANUP(strvec) struct strvec keys = STRVEC_INIT;

	merge_fold_keys(fold, &keys);
	for (size_t i = 0; i < keys.count; i++) {
		const char *value = merge_live_value(fold, keys.v[i]);

		if (value)
			merge_places_add(out, keys.v[i], value);
	}
}

const char *merge_places_of(const struct hashmap *places, const struct merge_place *in, const struct oid *version)
{
	CLEANUP(strbuf) struct strbuf id = STRBUF_INIT;

	in_collection(&id, in, version);
	return hashmap_find(places, id.buf, id.len);
}

const char *merge_places_in_artifacts(const struct hashmap *places, const struct oid *version)
{
	CLEANUP(strbuf) struct strbuf id = STRBUF_INIT;

	in_artifacts(&id, version);
	return hashmap_find(places, id.buf, id.len);
}

void merge_places_cleanup(struct hashmap *places)
{
	hashmap_release(places, free);
}

/* ---- numbers ---- */

static uint64_t next_of(const struct hashmap *numbers, const struct strbuf *id)
{
	return (uintptr_t)hashmap_find(numbers, id->buf, id->len);
}

uint64_t merge_numbers_next(const struct hashmap *numbers, const struct merge_place *in)
{
	CLEANUP(strbuf) struct strbuf id = STRBUF_INIT;

	collection_id(&id, in);
	return next_of(numbers, &id);
}

void merge_numbers_burn(struct hashmap *numbers, const struct merge_place *place)
{
	CLEANUP(strbuf) struct strbuf id = STRBUF_INIT;

	collection_id(&id, place);
	if (next_of(numbers, &id) <= place->number)
		hashmap_put(numbers, id.buf, id.len, (void *)(uintptr_t)(place->number + 1));
}

static int burn_key(const void *key, size_t len, void *value, void *arg)
{
	CLEANUP(ptr) char *text = xstrndup(key, len);
	struct merge_place place;

	(void)value;
	if (merge_place_parse(text, &place))
		merge_numbers_burn(arg, &place);
	return 0;
}

void merge_numbers(const struct fold *fold, struct hashmap *out)
{
	hashmap_each(&fold->keys, burn_key, out);
}

int merge_numbers_take(struct hashmap *numbers, struct merge_place *place, struct error *err)
{
	CLEANUP(strbuf) struct strbuf id = STRBUF_INIT;

	collection_id(&id, place);
	place->number = next_of(numbers, &id);
	if (place->number > MERGE_NUMBER_MAX)
		return error_set(err, ERR_CONFLICT, "'%s' has no number left", id.buf);
	merge_numbers_burn(numbers, place);
	return 0;
}

/* ---- plans ---- */

void merge_plan_add(struct merge_plan *plan, struct change *made)
{
	ARRAY_GROW(plan->made, plan->made_count + 1, plan->made_cap);
	plan->made[plan->made_count++] = made;
}

void merge_plan_move(struct merge_plan *plan, const char *from, const char *to, const struct oid *version)
{
	ARRAY_GROW(plan->moves, plan->move_count + 1, plan->move_cap);
	plan->moves[plan->move_count++] =
		(struct merge_move){ xstrdup(from), to ? xstrdup(to) : NULL, version ? *version : (struct oid){ { 0 } } };
}

void merge_conflicts_add(struct merge_conflicts *c, enum merge_conflict_kind kind, const char *key, const char *other)
{
	ARRAY_GROW(c->v, c->count + 1, c->cap);
	c->v[c->count++] = (struct merge_conflict){ kind, xstrdup(key), other ? xstrdup(other) : NULL };
}
