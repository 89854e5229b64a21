/* SPDX-License-Identifier: Apache-2.0 */
/* Goes from a version down to its chunks, and copies their records. */
#include <config.h>

#include "transport/bundle-copy.h"

#include <string.h>

#include "base/interrupt.h"
#include "format/recipe.h"
#include "registry/version.h"

int bundle_copy_init(struct bundle_copy *c, struct registry *reg, struct bundle_writer *writer, struct error *err)
{
	*c = (struct bundle_copy){ .reg = reg, .writer = writer, .seen = HASHMAP_INIT, .manifests = HASHMAP_INIT, .stored = STRBUF_INIT, .raw = STRBUF_INIT };
	c->objects = version_objects(reg, err);
	if (!c->objects)
		return -1;
	c->reader = object_reader_new(c->objects);
	return 0;
}

void bundle_copy_cleanup(struct bundle_copy *c)
{
	object_reader_cleanup(&c->reader);
	hashmap_release(&c->seen, NULL);
	hashmap_release(&c->manifests, NULL);
	strbuf_release(&c->stored);
	strbuf_release(&c->raw);
}

/* ---- one record ---- */

struct seen_key {
	uint8_t kind;
	struct oid id;
};

static bool has(struct bundle_copy *c, enum object_kind kind, const struct oid *id)
{
	const struct seen_key key = { (uint8_t)kind, *id };

	return c->writer ? bundle_writer_has(c->writer, kind, id) : hashmap_has(&c->seen, &key, sizeof key);
}

static int put(struct bundle_copy *c, const struct record_head *head, struct error *err)
{
	const struct seen_key key = { (uint8_t)head->kind, head->id }, file = { OBJECT_FILE, head->file };

	c->objects_count++;
	c->bytes += RECORD_HEAD_LEN + (head->kind == OBJECT_RECIPE ? RECORD_FILE_LEN : 0) + head->stored_len;
	if (c->writer)
		return bundle_writer_add(c->writer, head, c->stored.buf, err);
	hashmap_put(&c->seen, &key, sizeof key, c);
	if (head->kind == OBJECT_RECIPE)
		hashmap_put(&c->seen, &file, sizeof file, c);
	return 0;
}

static const char *word(enum object_kind kind)
{
	switch ((int)kind) {
	case OBJECT_CHUNK:
		return "chunk";
	case OBJECT_MANIFEST:
		return "manifest";
	case OBJECT_VERSION:
		return "version";
	default:
		return "file";
	}
}

/* head (may be NULL): of what was copied. */
static int copy(struct bundle_copy *c, enum object_kind kind, const struct oid *id, struct record_head *head, struct error *err)
{
	struct record_head found;
	int rc;

	if (has(c, kind, id))
		return 0;
	rc = objects_read_record(c->objects, kind, id, &found, &c->stored, err);
	if (rc < 0)
		return -1;
	if (!rc)
		return error_set(err, ERR_INTEGRITY, "%s '%s' is missing", word(kind), oid_hex(id).text);
	if (head)
		*head = found;
	return put(c, &found, err);
}

/* ---- files ---- */

/* The chunks of the very recipe that was copied: another one of this file may name others. */
static int copy_chunks(struct bundle_copy *c, const struct oid *recipe_id, struct error *err)
{
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;

	if (object_read(c->reader, OBJECT_RECIPE, recipe_id, &c->raw, NULL, err) < 0 || recipe_parse(c->raw.buf, c->raw.len, &recipe, err) < 0)
		return -1;
	for (size_t i = 0; i < recipe.count; i++)
		if (interrupt_check(err) < 0 || copy(c, OBJECT_CHUNK, &recipe.pieces[i].chunk, NULL, err) < 0)
			return -1;
	return 0;
}

static int copy_large(struct bundle_copy *c, const struct oid *digest, struct error *err)
{
	struct record_head head;

	if (has(c, OBJECT_FILE, digest))
		return 0;
	return copy(c, OBJECT_FILE, digest, &head, err) < 0 ? -1 : copy_chunks(c, &head.id, err);
}

static int copy_files(struct bundle_copy *c, const struct oid *digest, struct error *err)
{
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;

	if (version_manifest(c->reg, digest, &m, err) < 0)
		return -1;
	for (size_t i = 0; i < m.count; i++) {
		const struct entry *e = &m.entries[i];

		if (e->kind != ENTRY_FILE)
			continue;
		if (interrupt_check(err) < 0 ||
		    (e->size > FILE_ONE_CHUNK_MAX ? copy_large(c, &e->digest, err) : copy(c, OBJECT_CHUNK, &e->digest, NULL, err)) < 0)
			return error_wrap(err, "'%s'", e->path);
		c->done += e->size;
		report_progress(c->reg->report, "bundling", c->done, c->total);
	}
	return 0;
}

/* It is stored as one object, or as a large file is. */
static int copy_manifest(struct bundle_copy *c, const struct oid *digest, struct error *err)
{
	if (has(c, OBJECT_MANIFEST, digest) || has(c, OBJECT_FILE, digest))
		return 0;
	if (!objects_has(c->objects, OBJECT_MANIFEST, digest) && objects_has(c->objects, OBJECT_FILE, digest))
		return copy_large(c, digest, err);
	return copy(c, OBJECT_MANIFEST, digest, NULL, err);
}

int bundle_copy_version(struct bundle_copy *c, const struct oid *version, const struct oid *digest, bool wants_files, struct error *err)
{
	if (copy(c, OBJECT_VERSION, version, NULL, err) < 0 || copy_manifest(c, digest, err) < 0)
		return -1;
	if (!wants_files || hashmap_has(&c->manifests, digest, sizeof *digest))
		return 0;
	hashmap_put(&c->manifests, digest, sizeof *digest, c);
	return copy_files(c, digest, err);
}
