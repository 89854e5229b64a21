/* SPDX-License-Identifier: Apache-2.0 */
/* Brings files: small ones as their chunk, large ones as a recipe and the chunks that are not here; what is new is put together and hashed. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "format/manifest.h"
#include "store/extract.h"
#include "transport/fetch-internal.h"

#define PIECE_BYTES 36 /* of a recipe */

/* --- files that were seen already --- */

static struct file_item *recent_slot(struct fetch *f, const struct oid *digest)
{
	if (!f->recent)
		f->recent = xcalloc(RECENT_MAX, sizeof *f->recent);
	return &f->recent[load_le64(digest->raw) % RECENT_MAX];
}

static bool is_recent(struct fetch *f, const struct oid *digest, uint64_t size)
{
	const struct file_item *slot = recent_slot(f, digest);

	return slot->size == size && oid_equal(&slot->digest, digest);
}

static void set_lacking(struct fetch *f, struct file_item *file)
{
	file->is_lacking = true;
	ARRAY_GROW(f->lacking, f->lacking_count + 1, f->lacking_cap);
	f->lacking[f->lacking_count++] = load_le64(file->digest.raw);
	f->lacking_sorted = false;
}

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;

	return *one < *other ? -1 : *one > *other;
}

/* There may be a million of them; one that has those bytes in common with another is called lacking too much, at worst. */
bool fetch_is_lacking(struct fetch *f, const struct oid *digest)
{
	const uint64_t first = load_le64(digest->raw);

	if (!f->lacking_count)
		return false;
	if (!f->lacking_sorted)
		qsort(f->lacking, f->lacking_count, sizeof *f->lacking, compare_numbers);
	f->lacking_sorted = true;
	return bsearch(&first, f->lacking, f->lacking_count, sizeof *f->lacking, compare_numbers);
}

/* --- recipes and small files --- */

static uint64_t recipe_max(uint64_t size)
{
	return size < RECIPE_MAX_BYTES / PIECE_BYTES ? size * PIECE_BYTES : RECIPE_MAX_BYTES;
}

static int plan_small(struct fetch *f, const struct file_item *file, struct error *err)
{
	uint64_t len;

	if (!objects_find(f->objects, OBJECT_CHUNK, &file->digest, &len)) {
		fetch_want(f, OBJECT_CHUNK, &file->digest, file->size, true);
		return 0;
	}
	if (len != file->size)
		return error_set(err, ERR_INTEGRITY, "file '%s' has %llu bytes, and not %llu as a manifest says", oid_hex(&file->digest).text,
				 (unsigned long long)len, (unsigned long long)file->size);
	fetch_spare(f, len);
	return 0;
}

/* A recipe of ours that cannot be read, or is of another size, is as good as none. */
static int plan_large(struct fetch *f, const struct file_item *file, struct error *err)
{
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;

	if (objects_has(f->objects, OBJECT_FILE, &file->digest)) {
		if (object_read_recipe(f->reader, &file->digest, file->size, &recipe, err) == 0)
			return 0;
		if (err->code != ERR_INTEGRITY)
			return -1;
		error_clear(err);
	}
	fetch_want(f, OBJECT_FILE, &file->digest, recipe_max(file->size), false);
	return 0;
}

static int plan(struct fetch *f, struct error *err)
{
	for (size_t i = 0; i < f->file_count; i++) {
		const struct file_item *file = &f->files[i];

		if ((file->size <= FILE_ONE_CHUNK_MAX ? plan_small : plan_large)(f, file, err) < 0)
			return -1;
	}
	return 0;
}

/* What the first round brought, and what not. */
static void settle_plan(struct fetch *f)
{
	for (size_t i = 0; i < f->file_count; i++) {
		struct file_item *file = &f->files[i];
		bool is_small = file->size <= FILE_ONE_CHUNK_MAX;
		enum item_state state = fetch_state(f, is_small ? OBJECT_CHUNK : OBJECT_FILE, &file->digest);

		if (state == ITEM_LACKED)
			set_lacking(f, file);
		file->has_foreign = file->is_new = state == ITEM_CAME && !is_small;
	}
}

/* --- chunks --- */

static bool is_open(const struct file_item *file)
{
	return file->size > FILE_ONE_CHUNK_MAX && !file->is_lacking;
}

static int exchange_if_full(struct fetch *f, uint64_t *lacked, struct error *err)
{
	if (f->items.count < ITEMS_MAX)
		return 0;
	if (fetch_exchange(f, err) < 0)
		return -1;
	*lacked += f->items.lacked;
	fetch_clear_items(f);
	return 0;
}

/* Hashing while it comes is done by one thread after the other: what is mostly here is better read by many. */
static bool comes_mostly(struct fetch *f, const struct recipe *recipe)
{
	uint64_t here = 0;

	for (size_t i = 0; i < recipe->count; i++)
		if (objects_has(f->objects, OBJECT_CHUNK, &recipe->pieces[i].chunk))
			here += recipe->pieces[i].len;
	return here < recipe->size / 2;
}

static int want_chunks(struct fetch *f, struct file_item *file, uint64_t *lacked, struct error *err)
{
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;
	size_t first = f->proof.count;
	bool is_hashed;

	if (object_read_recipe(f->reader, &file->digest, file->size, &recipe, err) < 0)
		return -1;
	is_hashed = comes_mostly(f, &recipe) && fetch_proof_begin(f, (size_t)(file - f->files), &recipe);
	for (size_t i = 0; i < recipe.count; i++) {
		const struct recipe_piece *piece = &recipe.pieces[i];
		struct item *item;

		if (objects_has(f->objects, OBJECT_CHUNK, &piece->chunk)) {
			fetch_spare(f, piece->len);
			continue;
		}
		file->is_new = true;
		item = fetch_want(f, OBJECT_CHUNK, &piece->chunk, piece->len, true);
		if (item)
			item->piece = is_hashed ? (uint32_t)(first + i) + 1 : 0;
		else
			fetch_spare(f, piece->len);
		if (exchange_if_full(f, lacked, err) < 0)
			return -1;
	}
	return 0;
}

/* 1: all pieces are here, 0, -1. */
static int has_pieces(struct fetch *f, const struct file_item *file, struct error *err)
{
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;

	if (object_read_recipe(f->reader, &file->digest, file->size, &recipe, err) < 0)
		return -1;
	for (size_t i = 0; i < recipe.count; i++)
		if (!objects_has(f->objects, OBJECT_CHUNK, &recipe.pieces[i].chunk))
			return 0;
	return 1;
}

/* Asks for the chunks of all files, or of those only whose recipe has just come.  *lacked: how many the other side has not got. */
static int bring_chunks(struct fetch *f, bool again, uint64_t *lacked, struct error *err)
{
	*lacked = 0;
	fetch_clear_items(f);
	for (size_t i = 0; i < f->file_count; i++) {
		struct file_item *file = &f->files[i];

		if (!is_open(file) || (again && !file->is_again))
			continue;
		if (want_chunks(f, file, lacked, err) < 0)
			return -1;
	}
	if (fetch_exchange(f, err) < 0)
		return -1;
	*lacked += f->items.lacked;
	fetch_clear_items(f);
	return fetch_proof_finish(f, err);
}

/* Where our recipe cuts the file otherwise than theirs, the other side has not these chunks: then its own recipe helps. */
static int ask_for_recipes(struct fetch *f, bool *any, struct error *err)
{
	*any = false;
	for (size_t i = 0; i < f->file_count; i++) {
		struct file_item *file = &f->files[i];
		int whole;

		if (!is_open(file) || !file->is_new || file->has_foreign)
			continue;
		whole = has_pieces(f, file, err);
		if (whole < 0)
			return -1;
		if (whole)
			continue;
		fetch_want(f, OBJECT_FILE, &file->digest, recipe_max(file->size), false);
		*any = true;
	}
	if (fetch_exchange(f, err) < 0)
		return -1;
	for (size_t i = 0; i < f->file_count; i++)
		if (is_open(&f->files[i]) && fetch_state(f, OBJECT_FILE, &f->files[i].digest) == ITEM_CAME)
			f->files[i].has_foreign = f->files[i].is_again = true;
	return 0;
}

static int reject_recipe(struct fetch *f, const struct file_item *file, struct error *err)
{
	CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT;
	struct oid id;

	if (object_read(f->reader, OBJECT_FILE, &file->digest, &bytes, &id, err) < 0)
		return -1;
	quarantine_reject(f->quarantine, &id, &file->digest);
	return 0;
}

/* What is still not whole never will be. */
static int settle_chunks(struct fetch *f, struct error *err)
{
	for (size_t i = 0; i < f->file_count; i++) {
		struct file_item *file = &f->files[i];
		int whole;

		if (!is_open(file) || !file->is_new)
			continue;
		whole = has_pieces(f, file, err);
		if (whole < 0 || (!whole && file->has_foreign && reject_recipe(f, file, err) < 0))
			return -1;
		if (!whole)
			set_lacking(f, file);
	}
	return 0;
}

static int bring_large(struct fetch *f, struct error *err)
{
	uint64_t lacked;
	bool any;

	if (bring_chunks(f, false, &lacked, err) < 0)
		return -1;
	if (!lacked)
		return 0;
	if (ask_for_recipes(f, &any, err) < 0 || (any && bring_chunks(f, true, &lacked, err) < 0))
		return -1;
	fetch_clear_items(f);
	return settle_chunks(f, err);
}

/* --- proof --- */

static int prove(struct fetch *f, struct error *err)
{
	CLEANUP(ptr) struct extract_item *items = xcalloc(f->file_count + 1, sizeof *items);
	size_t count = 0;
	int rc;

	for (size_t i = 0; i < f->file_count; i++) {
		const struct file_item *file = &f->files[i];

		if (is_open(file) && file->is_new && !file->is_proved)
			items[count++] = (struct extract_item){ .digest = file->digest, .size = file->size, .path = "a received file" };
	}
	if (!count)
		return 0;
	rc = extract_files(f->objects, items, count, NULL, EXTRACT_WHOLE_HASH, NULL, NULL, &f->alive, err);
	f->has_failed |= rc < 0;
	f->is_wrong |= rc < 0 && err->code == ERR_INTEGRITY;
	return rc;
}

static int run_files(struct fetch *f, struct error *err)
{
	fetch_clear_items(f);
	if (plan(f, err) < 0 || fetch_exchange(f, err) < 0)
		return -1;
	settle_plan(f);
	if (bring_large(f, err) < 0 || prove(f, err) < 0)
		return -1;
	for (size_t i = 0; i < f->file_count; i++)
		*recent_slot(f, &f->files[i].digest) = f->files[i];
	f->file_count = 0;
	return 0;
}

static void push_file(struct fetch *f, const struct oid *digest, uint64_t size)
{
	ARRAY_GROW(f->files, f->file_count + 1, f->file_cap);
	f->files[f->file_count++] = (struct file_item){ .digest = *digest, .size = size };
}

int fetch_add_file(struct fetch *f, const struct oid *digest, uint64_t size, struct error *err)
{
	if (is_recent(f, digest, size)) {
		fetch_spare(f, size);
		return 0;
	}
	push_file(f, digest, size);
	return f->file_count < FILES_MAX ? 0 : run_files(f, err);
}

int fetch_finish_files(struct fetch *f, struct error *err)
{
	return f->file_count ? run_files(f, err) : 0;
}

/* --- files of which the size is not known before --- */

/* The size that a recipe in quarantine gives: 1, 0: more than max, -1. */
static int recipe_size(struct fetch *f, enum object_kind kind, const struct oid *id, uint64_t max, uint64_t *size, struct error *err)
{
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;
	CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT;

	if (object_read(f->reader, kind, id, &bytes, NULL, err) < 0 || recipe_parse(bytes.buf, bytes.len, &recipe, err) < 0)
		return -1;
	*size = recipe.size;
	return recipe.size <= max;
}

int fetch_large_manifests(struct fetch *f, const struct oid *digests, size_t count, struct error *err)
{
	fetch_clear_items(f);
	for (size_t i = 0; i < count; i++)
		fetch_want(f, OBJECT_FILE, &digests[i], recipe_max(MANIFEST_MAX_BYTES), false);
	if (fetch_exchange(f, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		uint64_t size;
		int rc;

		if (fetch_state(f, OBJECT_FILE, &digests[i]) != ITEM_CAME)
			continue;
		rc = recipe_size(f, OBJECT_FILE, &digests[i], MANIFEST_MAX_BYTES, &size, err);
		if (rc < 0)
			return -1;
		if (!rc || size <= FILE_ONE_CHUNK_MAX)
			return error_set(err, ERR_INTEGRITY, "manifest '%s' cannot have %llu bytes", oid_hex(&digests[i]).text, (unsigned long long)size);
		push_file(f, &digests[i], size);
		f->files[f->file_count - 1].is_new = f->files[f->file_count - 1].has_foreign = true;
	}
	if (bring_large(f, err) < 0 || prove(f, err) < 0)
		return -1;
	f->file_count = 0;
	return 0;
}
