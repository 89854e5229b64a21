/* SPDX-License-Identifier: Apache-2.0 */
/* From changes, and what a user asked for, to the versions that have to be fetched. */
#include <config.h>

#include "transport/wanted.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "format/json.h"
#include "registry/absent.h"
#include "registry/collection.h"
#include "registry/resolve.h"
#include "registry/run.h"
#include "transport/listed.h"

#define VERSION_PREFIX "version/"

void wanted_cleanup(struct wanted *w)
{
	hashmap_cleanup(&w->known);
	hashmap_cleanup(&w->seen);
	free(w->versions);
	w->versions = NULL;
	w->count = w->cap = 0;
}

static bool is_of_version(const struct change *c)
{
	return !strncmp(c->key, VERSION_PREFIX, strlen(VERSION_PREFIX)) || !strncmp(c->key, "link/", strlen("link/"));
}

static bool parse_value(const char *text, struct fetch_version *out)
{
	struct error ignored = ERROR_INIT;
	CLEANUP(json) json_t *value = json_parse(text, strlen(text), "value", &ignored);

	*out = (struct fetch_version){ .size = 0 };
	return value && json_get_oid(value, "version", &out->version) && json_get_oid(value, "digest", &out->digest) &&
	       json_get_u64(value, "size", &out->size) && json_get_u64(value, "files", &out->files);
}

static int is_live_place(const struct cid *cid, uint64_t number, bool is_link, bool is_live, void *arg, struct error *err)
{
	bool *found = arg;

	(void)cid, (void)number, (void)is_link, (void)err;
	*found = *found || is_live;
	return *found;
}

int wanted_note_known(struct wanted *w, struct view *v, const struct changes *changes, struct error *err)
{
	for (size_t i = 0; i < changes->count; i++) {
		struct fetch_version version;
		bool found = false;

		if (!is_of_version(&changes->v[i]) || !parse_value(changes->v[i].value, &version))
			continue;
		if (view_each_place(v, &version.version, is_live_place, &found, err) < 0)
			return -1;
		if (found)
			hashmap_put(&w->known, oid_hex(&version.version).text, OID_HEX_LEN, w);
	}
	return 0;
}

static struct fetch_version *add_version(struct wanted *w, const struct fetch_version *version)
{
	struct oid_hex hex = oid_hex(&version->version);
	uintptr_t place = (uintptr_t)hashmap_find(&w->seen, hex.text, OID_HEX_LEN);

	if (place)
		return &w->versions[place - 1];
	ARRAY_GROW(w->versions, w->count + 1, w->cap);
	w->versions[w->count++] = *version;
	hashmap_put(&w->seen, hex.text, OID_HEX_LEN, (void *)(uintptr_t)w->count);
	return &w->versions[w->count - 1];
}

/* The version of a key that changed, if it is live and not met yet. */
static int add_of_change(struct wanted *w, struct view *v, const struct change *c, struct hashmap *keys, struct error *err)
{
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;
	struct fetch_version version;
	int live;

	if (!is_of_version(c) || hashmap_has(keys, c->key, strlen(c->key)))
		return 0;
	hashmap_put(keys, c->key, strlen(c->key), w);
	live = view_value(v, c->key, &value, err);
	if (live > 0 && parse_value(value.buf, &version))
		add_version(w, &version);
	return live < 0 ? -1 : 0;
}

/* One of theirs may have got another number by what is made here. */
static int add_of_changes(struct wanted *w, struct view *v, const struct changes *changes, const struct merge_plan *plan, struct error *err)
{
	CLEANUP(hashmap) struct hashmap keys = HASHMAP_INIT;

	for (size_t i = 0; i < changes->count; i++)
		if (add_of_change(w, v, &changes->v[i], &keys, err) < 0)
			return -1;
	for (size_t i = 0; plan && i < plan->made_count; i++)
		if (add_of_change(w, v, plan->made[i], &keys, err) < 0)
			return -1;
	return 0;
}

/* --- runs --- */

/* What a run that comes along was recorded with comes as well: what it made is little use without. */
static int add_of_run(struct wanted *w, struct view *v, const struct change *c, struct error *err)
{
	CLEANUP(run) struct run run = RUN_INIT;
	struct fetch_version version;
	struct cid cid;
	int found;

	if (!text_begins_with(c->key, VERSION_PREFIX) || !listed_cid_of_key(c->key, cid.hex))
		return 0;
	found = run_read(v, &cid, &run, err);
	if (found <= 0 || !parse_value(c->value, &version))
		return found < 0 ? -1 : 0;
	if (hashmap_has(&w->seen, oid_hex(&version.version).text, OID_HEX_LEN))
		add_version(w, &version)->wants_bytes = true;
	return 0;
}

static int add_of_runs(struct wanted *w, struct view *v, const struct changes *changes, struct error *err)
{
	for (size_t i = 0; i < changes->count; i++)
		if (add_of_run(w, v, &changes->v[i], err) < 0)
			return -1;
	return 0;
}

/* --- what patterns name --- */

struct naming {
	struct wanted *w;
	struct view *v;
	const struct listing_pattern *pattern;
	const struct collection *collection;
	bool takes_all, found;
};

/* Its files are wanted: those of a version that is absent here as well as of one that comes. */
static int want(struct naming *n, const struct version_row *row, struct error *err)
{
	struct fetch_version version = { .version = row->version, .digest = row->digest, .size = row->size, .files = row->files };
	int absent;

	if (row->removed)
		return 0;
	if (!n->takes_all && !hashmap_has(&n->w->seen, oid_hex(&row->version).text, OID_HEX_LEN)) {
		absent = absent_is(n->v, &row->version, NULL, err);
		if (absent <= 0)
			return absent;
	}
	add_version(n->w, &version)->wants_bytes = true;
	return 0;
}

static int want_row(const struct version_row *row, void *arg, struct error *err)
{
	return want(arg, row, err);
}

static int want_named(struct naming *n, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(resolved) struct resolved resolved = RESOLVED_INIT;

	if (!n->pattern->ref || !strcmp(n->pattern->ref, "*"))
		return view_each_version(n->v, &n->collection->cid, false, want_row, n, err);
	strbuf_addf(&text, "%s:%s", n->collection->name, n->pattern->ref);
	if (resolve_text(n->v, text.buf, &resolved, err) < 0)
		return -1;
	return want(n, &resolved.row, err);
}

/* 1 when it was one, 0, -1. */
static int want_run(struct naming *n, struct error *err)
{
	CLEANUP(run) struct run run = RUN_INIT;
	int found = run_is_meant(n->pattern->name) ? run_find(n->v, n->pattern->name, &run, err) : 0;

	if (found <= 0)
		return found;
	return view_each_version(n->v, &run.cid, false, want_row, n, err) < 0 ? -1 : 1;
}

static int want_of_collection(const struct collection *c, void *arg, struct error *err)
{
	struct naming *n = arg;

	if (!listing_pattern_matches(n->pattern, c->name))
		return 0;
	n->found = true;
	n->collection = c;
	return want_named(n, err);
}

static int add_of_patterns(struct wanted *w, struct view *v, const struct wanted_choice *choice, struct error *err)
{
	for (size_t i = 0; i < choice->pattern_count; i++) {
		struct naming n = { .w = w, .v = v, .pattern = &choice->patterns[i], .takes_all = choice->takes_all_named };

		int is_run = want_run(&n, err);

		if (is_run < 0 || (!is_run && collection_each(v, want_of_collection, &n, err) < 0))
			return -1;
	}
	return 0;
}

int wanted_choose(struct wanted *w, struct view *v, const struct changes *changes, const struct merge_plan *plan,
		  const struct wanted_choice *choice, struct error *err)
{
	hashmap_cleanup(&w->seen);
	w->count = 0;
	if (add_of_changes(w, v, changes, plan, err) < 0)
		return -1;
	for (size_t i = 0; i < w->count; i++)
		w->versions[i].wants_bytes = !choice->none && !choice->patterns;
	if (!choice->none && choice->patterns && (add_of_runs(w, v, changes, err) < 0 || add_of_patterns(w, v, choice, err) < 0))
		return -1;
	for (size_t i = 0; i < w->count && choice->without; i++)
		if (hashmap_has(choice->without, oid_hex(&w->versions[i].version).text, OID_HEX_LEN))
			w->versions[i].wants_bytes = false;
	return 0;
}

void wanted_choose_all(struct wanted *w, const struct changes *changes, bool with_files)
{
	CLEANUP(hashmap) struct hashmap keys = HASHMAP_INIT;

	for (size_t i = changes->count; i-- > 0;) {
		const struct change *c = &changes->v[i];
		struct fetch_version version;

		if (!is_of_version(c) || hashmap_has(&keys, c->key, strlen(c->key)))
			continue;
		hashmap_put(&keys, c->key, strlen(c->key), w);
		if (parse_value(c->value, &version))
			add_version(w, &version)->wants_bytes = with_files;
	}
}

int wanted_add_version(struct wanted *w, struct view *v, const struct oid *id, struct error *err)
{
	struct version_row row;
	struct cid cid;
	uint64_t number;
	int found = view_find_version(v, id, &cid, &number, err);

	if (found > 0)
		found = view_version(v, &cid, number, &row, err);
	if (found <= 0 || row.removed)
		return found < 0 ? -1 : 0;
	add_version(w, &(struct fetch_version){ .version = row.version, .digest = row.digest, .size = row.size, .files = row.files })
		->wants_bytes = true;
	return 0;
}

void wanted_sort(const struct wanted *w, struct strvec *absent, struct strvec *present)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct fetch_version *version = &w->versions[i];
		struct oid_hex hex = oid_hex(&version->version);

		if (version->wants_bytes && version->is_complete)
			strvec_push(present, hex.text);
		else if (!hashmap_has(&w->known, hex.text, OID_HEX_LEN))
			strvec_push(absent, hex.text);
	}
}
