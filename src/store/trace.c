/* SPDX-License-Identifier: Apache-2.0 */
/* Follows manifests and recipes to chunks. */
#include <config.h>

#include "store/trace.h"

#include "base/interrupt.h"
#include "base/mem.h"
#include "format/manifest.h"
#include "format/recipe.h"
#include "store/objects-state.h"

void trace_init(struct trace *t, struct objects *objects)
{
	*t = (struct trace){
		.objects = objects, .reader = object_reader_new(objects), .live = LIVE_SET_INIT, .files = HASHMAP_INIT, .manifests = HASHMAP_INIT,
	};
}

void trace_cleanup(struct trace *t)
{
	object_reader_cleanup(&t->reader);
	live_set_cleanup(&t->live);
	hashmap_release(&t->files, NULL);
	hashmap_release(&t->manifests, NULL);
}

/* A manifest that lies about a size must not keep another from being traced. */
struct file_key {
	struct oid digest;
	uint64_t size;
};

static char cares[TRACE_WHOLE + 1]; /* what the maps' values point to */

static bool was_done(const struct hashmap *map, const void *key, size_t len, enum trace_care care)
{
	const char *done = hashmap_find(map, key, len);

	return done && done - cares >= (int)care;
}

static void set_done(struct hashmap *map, const void *key, size_t len, enum trace_care care)
{
	if (!was_done(map, key, len, care))
		hashmap_put(map, key, len, &cares[care]);
}

/* --- what is there --- */

static bool is_packed(struct trace *t, enum object_kind kind, const struct oid *id)
{
	struct error ignored = ERROR_INIT;
	struct pack_place place;

	for (size_t nth = 0; pack_set_find(t->objects->packs, kind, id, nth, &place); nth++)
		if (pack_set_pack(t->objects->packs, place.slot, &ignored))
			return true;
	return false;
}

/* 1, 0, -1.  A merge may just have moved it, and what was copied meanwhile may have it in a retired pack. */
static int is_there(struct trace *t, enum object_kind kind, const struct oid *id, enum trace_care care, struct error *err)
{
	struct pack_row row;
	int changed;

	if (is_packed(t, kind, id))
		return 1;
	if (care == TRACE_AS_FAR)
		return 0;
	changed = pack_set_refresh(t->objects->packs, err);
	if (changed < 0)
		return -1;
	return (changed && is_packed(t, kind, id)) || retired_find(objects_retired(t->objects), kind, id, 0, &row);
}

static int say_missing(enum object_kind kind, const struct oid *id, struct error *err)
{
	error_set(err, ERR_INTEGRITY, "%s '%s' is missing", objects_kind_word(kind), oid_hex(id).text);
	return error_hint(err, "In a copy of a registry: copy objects/ once more.  'mreg fsck' tells what else is missing.");
}

/* Damage is passed over where it may be; all else stops. */
static int pass_over(enum trace_care care, struct error *err)
{
	if (care == TRACE_WHOLE || err->code != ERR_INTEGRITY)
		return -1;
	error_clear(err);
	return 0;
}

static int trace_object(struct trace *t, enum object_kind kind, const struct oid *id, enum trace_care care, struct error *err)
{
	int there = live_set_has(&t->live, kind, id) && care == TRACE_AS_FAR ? 1 : is_there(t, kind, id, care, err);

	if (there < 0)
		return -1;
	if (there)
		live_set_add(&t->live, kind, id);
	else if (care == TRACE_WHOLE)
		return say_missing(kind, id, err);
	return 0;
}

/* --- files --- */

/* What one copy of a recipe says: 1 when all its chunks are there. */
static int trace_chunks(struct trace *t, const struct recipe *recipe, enum trace_care care, struct error *err)
{
	int whole = 1;

	for (size_t i = 0; i < recipe->count && whole > 0; i++) {
		int there = is_there(t, OBJECT_CHUNK, &recipe->pieces[i].chunk, care, err);

		if (there == 0)
			say_missing(OBJECT_CHUNK, &recipe->pieces[i].chunk, err);
		whole = there;
	}
	if (whole < 0 || (!whole && care == TRACE_WHOLE))
		return whole;
	for (size_t i = 0; i < recipe->count; i++)
		live_set_add(&t->live, OBJECT_CHUNK, &recipe->pieces[i].chunk);
	return whole;
}

static int take_recipe(
	struct trace *t, const struct oid *id, const struct strbuf *bytes, uint64_t size, enum trace_care care, struct error *err)
{
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;
	int whole;

	if (recipe_parse(bytes->buf, bytes->len, &recipe, err) < 0)
		return err->code == ERR_INTEGRITY ? 0 : -1;
	if (recipe.size != size) {
		error_set(err, ERR_INTEGRITY, "recipe '%s' makes a file of another size", oid_hex(id).text);
		return 0;
	}
	whole = trace_chunks(t, &recipe, care, err);
	if (whole > 0 || (!whole && care == TRACE_AS_FAR))
		live_set_add(&t->live, OBJECT_RECIPE, id);
	return whole;
}

/* One of the recipes that packs in use have of a file: 1 whole, 0 not (err says why), -1. */
static int trace_place(
	struct trace *t, const struct pack_place *place, uint64_t size, enum trace_care care, struct error *err)
{
	CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT;
	struct pack *pack = pack_set_pack(t->objects->packs, place->slot, err);
	struct oid id;

	if (!pack)
		return 0; /* another may have it; who finds none says so */
	if (object_read_row(t->reader, pack, &place->row, &bytes, &id, err) < 0)
		return err->code == ERR_INTEGRITY ? 0 : -1;
	return take_recipe(t, &id, &bytes, size, care, err);
}

static int trace_recipes(struct trace *t, const struct oid *file, uint64_t size, enum trace_care care, struct error *err)
{
	struct error problem = ERROR_INIT;
	struct pack_place place;
	bool whole = false;

	for (size_t nth = 0; pack_set_find(t->objects->packs, OBJECT_FILE, file, nth, &place); nth++) {
		struct error why = ERROR_INIT;
		int rc = trace_place(t, &place, size, care, &why);

		if (rc < 0) {
			*err = why;
			return -1;
		}
		whole |= rc > 0;
		if (problem.code == ERR_NONE)
			problem = why;
	}
	if (whole)
		return 1;
	*err = problem;
	return 0;
}

/* In no pack in use is one that is whole: the packs are listed again, and retired ones looked at, by who reads as any reader does. */
static int trace_last_resort(struct trace *t, const struct oid *file, uint64_t size, struct error *err)
{
	CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT;
	struct error why = ERROR_INIT;
	struct oid id;
	int rc;

	if (object_read(t->reader, OBJECT_FILE, file, &bytes, &id, &why) < 0) {
		if (err->code == ERR_NONE)
			*err = why;
		return -1;
	}
	error_clear(err);
	rc = trace_recipes(t, file, size, TRACE_WHOLE, err);
	if (rc)
		return rc < 0 ? -1 : 0;
	error_clear(err);
	return take_recipe(t, &id, &bytes, size, TRACE_WHOLE, err) > 0 ? 0 : -1;
}

static int trace_large(struct trace *t, const struct oid *digest, uint64_t size, enum trace_care care, struct error *err)
{
	int whole = trace_recipes(t, digest, size, care, err);

	if (whole < 0)
		return -1;
	if (!whole && care == TRACE_AS_FAR)
		error_clear(err);
	else if (!whole && trace_last_resort(t, digest, size, err) < 0)
		return -1;
	live_set_add(&t->live, OBJECT_FILE, digest);
	return 0;
}

int trace_file(struct trace *t, const struct oid *digest, uint64_t size, enum trace_care care, struct error *err)
{
	const struct file_key key = { *digest, size };

	if (was_done(&t->files, &key, sizeof key, care))
		return 0;
	if ((size > FILE_ONE_CHUNK_MAX ? trace_large(t, digest, size, care, err) : trace_object(t, OBJECT_CHUNK, digest, care, err)) < 0)
		return -1;
	set_done(&t->files, &key, sizeof key, care);
	return 0;
}

/* --- manifests and versions --- */

static int trace_entries(struct trace *t, const struct manifest *m, enum trace_care care, struct error *err)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct entry *e = &m->entries[i];

		if (interrupt_check(err) < 0)
			return -1;
		if (e->kind == ENTRY_FILE && trace_file(t, &e->digest, e->size, care, err) < 0)
			return error_wrap(err, "'%s'", e->path);
	}
	return 0;
}

/* It may be stored as one object, or as a large file is, or as both. */
static int trace_text(struct trace *t, const struct oid *digest, uint64_t len, enum trace_care care, struct error *err)
{
	if (trace_object(t, OBJECT_MANIFEST, digest, TRACE_AS_FAR, err) < 0)
		return -1;
	if (is_packed(t, OBJECT_FILE, digest) || !live_set_has(&t->live, OBJECT_MANIFEST, digest))
		return len > FILE_ONE_CHUNK_MAX ? trace_large(t, digest, len, care, err) : trace_object(t, OBJECT_MANIFEST, digest, care, err);
	return 0;
}

int trace_manifest(struct trace *t, const struct oid *digest, enum trace_care care, struct error *err)
{
	CLEANUP(manifest) struct manifest manifest = MANIFEST_INIT;
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (was_done(&t->manifests, digest, sizeof *digest, care))
		return 0;
	if (object_read_manifest(t->reader, digest, &text, err) < 0 || manifest_parse(text.buf, text.len, &manifest, err) < 0)
		return pass_over(care, err) < 0 ? error_wrap(err, "cannot read the manifest %.12s", oid_hex(digest).text) : 0;
	if (trace_text(t, digest, text.len, care, err) < 0 || trace_entries(t, &manifest, care, err) < 0)
		return -1;
	set_done(&t->manifests, digest, sizeof *digest, care);
	return 0;
}

int trace_about(struct trace *t, const struct oid *version, const struct oid *digest, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (trace_object(t, OBJECT_VERSION, version, TRACE_AS_FAR, err) < 0)
		return -1;
	if (object_read_manifest(t->reader, digest, &text, err) < 0)
		return pass_over(TRACE_AS_FAR, err);
	return trace_text(t, digest, text.len, TRACE_AS_FAR, err);
}

int trace_version(struct trace *t, const struct oid *version, const struct oid *digest, enum trace_care care, struct error *err)
{
	if (!live_set_has(&t->live, OBJECT_VERSION, version) && trace_object(t, OBJECT_VERSION, version, care, err) < 0)
		return -1;
	return trace_manifest(t, digest, care, err);
}
