/* SPDX-License-Identifier: Apache-2.0 */
/* Finds what cannot be true of a state: rules across keys, which two sides may each have kept, and their sum may not. */
#include <config.h>

#include "format/merge.h"

#include <string.h>

#include "base/utf8.h"
#include "format/json.h"
#include "format/merge-internal.h"
#include "format/name.h"

struct check {
	const struct fold *state;
	struct hashmap places; /* merge_places() */
	struct hashmap names;  /* folded name → its key, which the list of keys owns */
	struct hashmap titles; /* folded name with the title in place of its last part → key of the title */
	struct merge_conflicts *out;
};

static void check_cleanup(struct check *c)
{
	merge_places_cleanup(&c->places);
	hashmap_release(&c->names, NULL);
	hashmap_release(&c->titles, NULL);
}

static bool is_diverged(const struct heads *heads)
{
	bool diverged;

	heads_value(heads, &diverged);
	return diverged;
}

/* ---- first all that there is ---- */

/* While a number has diverged, each of its versions is there. */
static void note_versions(struct check *c, const char *key, const struct heads *heads)
{
	for (size_t i = 0; i < heads->count; i++)
		merge_places_add(&c->places, key, heads->v[i].value);
}

static json_t *parse(const char *value)
{
	struct error err = ERROR_INIT;

	return json_parse(value, strlen(value), "value", &err);
}

static void note_name(struct check *c, const char *key, const char *value)
{
	CLEANUP(json) json_t *doc = parse(value);
	CLEANUP(strbuf) struct strbuf folded = STRBUF_INIT;
	const char *name, *other;

	if (!json_get_string(doc, "name", &name))
		return;
	ascii_fold(&folded, name, strlen(name));
	other = hashmap_find(&c->names, folded.buf, folded.len);
	if (other)
		merge_conflicts_add(c->out, MERGE_NAME, key, other);
	else
		hashmap_put(&c->names, folded.buf, folded.len, (void *)(uintptr_t)key);
}

static void note(struct check *c, const char *key)
{
	const struct heads *heads = fold_find(c->state, key);
	char cid[MERGE_CID_LEN + 1];
	struct merge_place place;

	if (is_diverged(heads))
		merge_conflicts_add(c->out, MERGE_DIVERGED, key, NULL);
	if (merge_place_parse(key, &place))
		note_versions(c, key, heads);
	else if (heads_is_live(heads) && merge_cid_of(key, "coll/", cid))
		note_name(c, key, heads_value(heads, NULL));
}

/* ---- then what refers to it ---- */

static void check_place(struct check *c, const char *key, const char *value, const struct merge_place *place)
{
	CLEANUP(strbuf) struct strbuf coll = STRBUF_INIT;
	struct oid version;
	const char *first, *in_artifacts;

	strbuf_addf(&coll, "coll/%s", place->cid);
	if (!merge_live_value(c->state, coll.buf))
		merge_conflicts_add(c->out, MERGE_ORPHAN, key, coll.buf);
	if (!merge_version_of(value, &version))
		return;
	in_artifacts = merge_places_in_artifacts(&c->places, &version);
	first = place->is_link ? merge_places_of(&c->places, place, &version) : in_artifacts;
	if (first && strcmp(first, key) != 0)
		merge_conflicts_add(c->out, MERGE_TWICE, key, first);
	if (place->is_link && !in_artifacts)
		merge_conflicts_add(c->out, MERGE_NOTHING, key, NULL);
}

static void check_alias(struct check *c, const char *key, const char *value, const char *cid)
{
	struct merge_place place = { .is_link = false };
	struct oid version;

	memcpy(place.cid, cid, sizeof place.cid);
	if (!merge_version_of(value, &version) || merge_places_of(&c->places, &place, &version))
		return;
	place.is_link = true;
	if (!merge_places_of(&c->places, &place, &version))
		merge_conflicts_add(c->out, MERGE_NOTHING, key, NULL);
}

/* As rules_check() has it: no other's title, and no other's name, among those beside it. */
static void check_title(struct check *c, const char *key, const char *value, const char *cid)
{
	CLEANUP(strbuf) struct strbuf coll = STRBUF_INIT, folded = STRBUF_INIT;
	CLEANUP(json) json_t *title = parse(value), *doc = NULL;
	const char *of, *name, *other;

	strbuf_addf(&coll, "coll/%s", cid);
	of = merge_live_value(c->state, coll.buf);
	doc = of ? parse(of) : NULL;
	if (!json_is_string(title) || !json_get_string(doc, "name", &name))
		return;
	ascii_fold(&folded, name, (size_t)(name_last_part(name) - name));
	ascii_fold(&folded, json_string_value(title), json_string_length(title));
	other = hashmap_find(&c->names, folded.buf, folded.len);
	if (other && strcmp(other, coll.buf) != 0)
		merge_conflicts_add(c->out, MERGE_TITLE, key, other);
	other = hashmap_find(&c->titles, folded.buf, folded.len);
	if (other)
		merge_conflicts_add(c->out, MERGE_TITLE, key, other);
	else
		hashmap_put(&c->titles, folded.buf, folded.len, (void *)(uintptr_t)key);
}

static void check_key(struct check *c, const char *key)
{
	const char *value = merge_live_value(c->state, key);
	char cid[MERGE_CID_LEN + 1];
	struct merge_place place;

	if (!value || is_diverged(fold_find(c->state, key)))
		return;
	if (merge_place_parse(key, &place))
		check_place(c, key, value, &place);
	else if (merge_cid_of(key, "alias/", cid))
		check_alias(c, key, value, cid);
	else if (merge_cid_of(key, "title/", cid))
		check_title(c, key, value, cid);
}

void merge_check(const struct fold *state, struct merge_conflicts *out)
{
	CLEANUP(strvec) struct strvec keys = STRVEC_INIT;
	CLEANUP(check) struct check c = { .state = state, .places = HASHMAP_INIT, .names = HASHMAP_INIT, .titles = HASHMAP_INIT, .out = out };

	merge_fold_keys(state, &keys);
	for (size_t i = 0; i < keys.count; i++)
		note(&c, keys.v[i]);
	for (size_t i = 0; i < keys.count; i++)
		check_key(&c, keys.v[i]);
}
