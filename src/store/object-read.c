/* SPDX-License-Identifier: Apache-2.0 */
/* Reads objects: finds a copy, decodes it, and hands it out only if it hashes to its id. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "format/manifest.h"
#include "store/objects-state.h"
#include "store/objects.h"

struct object_reader {
	struct objects *objects;
	struct codec_context *codec;
	struct strbuf stored;
	bool skips_retired;
};

struct object_reader *object_reader_new(struct objects *o)
{
	struct object_reader *r = xcalloc(1, sizeof *r);

	r->objects = o;
	r->codec = codec_new();
	strbuf_init(&r->stored);
	return r;
}

void object_reader_free(struct object_reader *r)
{
	if (!r)
		return;
	codec_free(r->codec);
	strbuf_release(&r->stored);
	free(r);
}

void object_reader_cleanup(struct object_reader **r)
{
	object_reader_free(*r);
	*r = NULL;
}

void object_reader_skip_retired(struct object_reader *r)
{
	r->skips_retired = true;
}

/* What is read, and where to: into `out`, or into the `len` bytes at `dst`. */
struct wish {
	enum object_kind kind;
	const struct oid *id;
	struct strbuf *out;
	void *dst;
	size_t len;
	bool unhashed;    /* whoever asks hashes it */
	struct oid found; /* the id that the bytes hash to: the recipe's for OBJECT_FILE */
};

static int say_damaged(const struct wish *wish, const char *pack, struct error *err)
{
	return error_set(err, ERR_INTEGRITY, "%s '%s' is damaged in pack '%s'", objects_kind_word(wish->kind), oid_hex(wish->id).text,
			 pack);
}

/* Makes room for the raw bytes; false when they would not fit the buffer that was given. */
static bool make_room(struct wish *wish, const struct pack_row *row)
{
	if (!wish->out)
		return row->raw_len == wish->len;
	strbuf_reset(wish->out);
	strbuf_grow(wish->out, (size_t)row->raw_len);
	strbuf_set_len(wish->out, (size_t)row->raw_len);
	wish->dst = wish->out->buf;
	return true;
}

static bool is_plain(const struct pack_row *row)
{
	return row->codec == CODEC_RAW && !row->params && row->raw_len == row->stored_len;
}

static int read_and_decode(struct object_reader *r, struct wish *wish, const struct pack *p, const struct pack_row *row, struct error *err)
{
	if (is_plain(row))
		return pack_read_payload(p, row, wish->dst, err);
	if (pack_read_stored(p, row, &r->stored, err) < 0)
		return -1;
	if (codec_decode(r->codec, row->codec, row->params, r->stored.buf, r->stored.len, wish->dst, (size_t)row->raw_len, err) < 0)
		return say_damaged(wish, p->path, err);
	return 0;
}

static int read_in_pack(struct object_reader *r, struct wish *wish, const struct pack *p, const struct pack_row *row, struct error *err)
{
	struct oid want = *wish->id;

	if (wish->kind == OBJECT_FILE) {
		struct record_head head;

		if (pack_read_head(p, row, &head, err) < 0)
			return -1;
		want = head.id;
	}
	if (!make_room(wish, row))
		return say_damaged(wish, p->path, err);
	if (read_and_decode(r, wish, p, row, err) < 0)
		return -1;
	if (wish->unhashed)
		return 0;
	sha256_bytes(wish->dst, (size_t)row->raw_len, &wish->found);
	return oid_equal(&wish->found, &want) ? 0 : say_damaged(wish, p->path, err);
}

/* 1 when it was read, 0 when it is not staged, -1. */
static int read_staged(struct object_reader *r, struct wish *wish, struct error *err)
{
	struct pack_row row;
	int rc = objects_read_staged(r->objects, wish->kind, wish->id, &row, &r->stored, err);

	if (rc <= 0)
		return rc;
	if (!make_room(wish, &row))
		return say_damaged(wish, "being written", err);
	if (codec_decode(r->codec, row.codec, row.params, r->stored.buf, r->stored.len, wish->dst, (size_t)row.raw_len, err) < 0)
		return -1;
	if (wish->unhashed)
		return 1;
	sha256_bytes(wish->dst, (size_t)row.raw_len, &wish->found);
	if (wish->kind != OBJECT_FILE && !oid_equal(&wish->found, wish->id))
		return say_damaged(wish, "being written", err);
	return 1;
}

/* 1 when some copy was good, 0 when there is none at all, -1 with what is wrong with the first one. */
static int read_packed(struct object_reader *r, struct wish *wish, struct error *err)
{
	struct pack_set *packs = r->objects->packs;
	struct pack_place place;
	size_t nth = 0;

	for (; pack_set_find(packs, wish->kind, wish->id, nth, &place); nth++) {
		struct error problem = ERROR_INIT;
		const struct pack *p = pack_set_pack(packs, place.slot, &problem);

		if (p && read_in_pack(r, wish, p, &place.row, &problem) == 0)
			return 1;
		if (!nth || problem.code == ERR_INTERRUPTED)
			*err = problem;
		if (problem.code == ERR_INTERRUPTED)
			return -1;
	}
	return nth ? -1 : 0;
}

/* A pack that cannot be used is the likely reason, and more to the point. */
static int say_missing(struct object_reader *r, const struct wish *wish, struct error *err)
{
	const char *word = objects_kind_word(wish->kind);

	if (!pack_set_problem(r->objects->packs, err)) {
		error_set(err, ERR_INTEGRITY, "%s '%s' is missing", word, oid_hex(wish->id).text);
		return error_hint(err, "In a copy of a registry: copy objects/ once more.  'mreg fsck' tells what else is missing.");
	}
	return error_wrap(err, "%s '%s' is in no pack that can be read", word, oid_hex(wish->id).text);
}

/* The last resort: true when a retired pack has a good copy. */
static bool read_retired(struct object_reader *r, struct wish *wish)
{
	const struct retired *retired = r->skips_retired ? NULL : objects_retired(r->objects);
	struct pack_row row;
	bool done = false;

	for (size_t nth = 0; retired && !done && retired_find(retired, wish->kind, wish->id, nth, &row); nth++) {
		struct error ignored = ERROR_INIT;
		struct pack *p = retired_pack(retired, &row, &ignored);

		done = p && read_in_pack(r, wish, p, &row, &ignored) == 0;
		pack_close(p);
	}
	r->objects->retired_reads += done;
	return done;
}

static int read_in_use(struct object_reader *r, struct wish *wish, struct error *err)
{
	struct error damage = ERROR_INIT;

	for (bool again = false;; again = true) {
		int rc = read_staged(r, wish, err), changed;

		if (!rc)
			rc = read_packed(r, wish, err);
		if (rc > 0)
			return 0;
		if (rc < 0 && err->code == ERR_INTERRUPTED)
			return -1;
		if (again)
			return rc < 0 ? -1 : say_missing(r, wish, err);
		if (rc < 0)
			damage = *err;
		changed = pack_set_refresh(r->objects->packs, err);
		if (changed > 0)
			continue;
		if (rc < 0)
			*err = damage;
		else if (!changed)
			return say_missing(r, wish, err);
		return -1;
	}
}

static int read_any(struct object_reader *r, struct wish *wish, struct error *err)
{
	if (read_in_use(r, wish, err) == 0)
		return 0;
	if (err->code == ERR_INTERRUPTED || !read_retired(r, wish))
		return -1;
	error_clear(err);
	return 0;
}

int object_read(struct object_reader *r, enum object_kind kind, const struct oid *id, struct strbuf *out, struct oid *recipe_id,
		struct error *err)
{
	struct wish wish = { .kind = kind, .id = id, .out = out };

	if (read_any(r, &wish, err) < 0)
		return -1;
	if (recipe_id)
		*recipe_id = wish.found;
	return 0;
}

int object_read_chunk(struct object_reader *r, const struct oid *id, void *dst, uint32_t len, struct error *err)
{
	struct wish wish = { .kind = OBJECT_CHUNK, .id = id, .dst = dst, .len = len };

	return read_any(r, &wish, err);
}

int object_read_chunk_unhashed(struct object_reader *r, const struct oid *id, void *dst, uint32_t len, struct error *err)
{
	struct wish wish = { .kind = OBJECT_CHUNK, .id = id, .dst = dst, .len = len, .unhashed = true };

	return read_any(r, &wish, err);
}

int object_read_recipe(struct object_reader *r, const struct oid *file, uint64_t size, struct recipe *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT;

	*out = (struct recipe)RECIPE_INIT;
	if (object_read(r, OBJECT_FILE, file, &bytes, NULL, err) < 0)
		return -1;
	if (recipe_parse(bytes.buf, bytes.len, out, err) < 0)
		return error_wrap(err, "file '%s'", oid_hex(file).text);
	if (out->size == size)
		return 0;
	error_set(err, ERR_INTEGRITY, "the recipe of file '%s' gives %llu bytes where %llu belong", oid_hex(file).text,
		  (unsigned long long)out->size, (unsigned long long)size);
	recipe_cleanup(out);
	return -1;
}

/* A manifest that is stored as a large file is. */
static int read_in_chunks(struct object_reader *r, const struct oid *digest, struct strbuf *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT;
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;
	struct oid sum;

	if (object_read(r, OBJECT_FILE, digest, &bytes, NULL, err) < 0 || recipe_parse(bytes.buf, bytes.len, &recipe, err) < 0)
		return -1;
	if (recipe.size > MANIFEST_MAX_BYTES)
		return error_set(err, ERR_INTEGRITY, "%llu bytes are too many for a manifest", (unsigned long long)recipe.size);
	strbuf_reset(out);
	strbuf_grow(out, (size_t)recipe.size);
	for (size_t i = 0; i < recipe.count; i++) {
		const struct recipe_piece *piece = &recipe.pieces[i];

		if (object_read_chunk(r, &piece->chunk, out->buf + out->len, piece->len, err) < 0)
			return -1;
		strbuf_set_len(out, out->len + piece->len);
	}
	sha256_bytes(out->buf, out->len, &sum);
	return oid_equal(&sum, digest) ? 0 : error_set(err, ERR_INTEGRITY, "its chunks do not give what its digest stands for");
}

int object_read_manifest(struct object_reader *r, const struct oid *digest, struct strbuf *out, struct error *err)
{
	struct objects *o = r->objects;

	if (objects_has(o, OBJECT_MANIFEST, digest) || !objects_has(o, OBJECT_FILE, digest)) {
		if (object_read(r, OBJECT_MANIFEST, digest, out, NULL, err) == 0)
			return 0;
		/* the packs were listed again just now: it may have come as a file */
		if (!objects_has(o, OBJECT_FILE, digest))
			return -1;
	}
	if (read_in_chunks(r, digest, out, err) < 0)
		return error_wrap(err, "manifest '%s'", oid_hex(digest).text);
	return 0;
}

int object_read_row(struct object_reader *r, const struct pack *pack, const struct pack_row *row, struct strbuf *out, struct oid *id,
		    struct error *err)
{
	struct wish wish = { .kind = row->kind, .id = &row->id, .out = out };

	if (read_in_pack(r, &wish, pack, row, err) < 0)
		return -1;
	*id = wish.found;
	return 0;
}

int objects_check_row(struct object_reader *r, const struct pack *pack, const struct pack_row *row, struct error *err)
{
	CLEANUP(strbuf) struct strbuf raw = STRBUF_INIT;
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;
	struct wish wish = { .kind = row->kind, .id = &row->id, .out = &raw };
	struct record_head head;

	if (pack_read_head(pack, row, &head, err) < 0 || read_in_pack(r, &wish, pack, row, err) < 0)
		return -1;
	if (row->kind == OBJECT_RECIPE && recipe_parse(raw.buf, raw.len, &recipe, err) < 0)
		return error_wrap(err, "recipe '%s' in pack '%s'", oid_hex(&row->id).text, pack->path);
	return 0;
}
