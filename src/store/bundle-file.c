/* SPDX-License-Identifier: Apache-2.0 */
/* Finds header, changes and objects in a bundle. */
#include <config.h>

#include "store/bundle-file.h"

#include <stdlib.h>

#include "base/interrupt.h"
#include "base/mem.h"
#include "format/recipe.h"
#include "store/objects-state.h"
#include "store/objects.h"
#include "store/pack.h"

struct bundle_file {
	struct pack *pack;
	struct object_reader *reader;
	struct bundle_header header;
	uint64_t objects;
};

/* ---- opening ---- */

/* The one row of its kind; counts what else there is. */
static int find_header(struct bundle_file *b, struct pack_row *out, struct error *err)
{
	const struct pack *p = b->pack;
	struct pack_row row;
	size_t found = 0;

	for (size_t i = 0; i < p->table.count; i++) {
		if (!pack_table_row(&p->table, i, p->records_end, &row))
			return error_set(err, ERR_INTEGRITY, "row %zu of its table is impossible", i);
		if (row.kind == OBJECT_BUNDLE && ++found)
			*out = row;
		b->objects += row.kind != OBJECT_BUNDLE && row.kind != OBJECT_CHANGES && row.kind != OBJECT_FILE;
	}
	if (found != 1)
		return error_set(err, ERR_INTEGRITY, found ? "it has several headers" : "it is a pack of a registry");
	return 0;
}

static int read_header(struct bundle_file *b, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct pack_row row;
	struct oid id;

	if (find_header(b, &row, err) < 0)
		return -1;
	if (row.raw_len > BUNDLE_HEADER_MAX)
		return error_set(err, ERR_INTEGRITY, "its header is too large");
	if (object_read_row(b->reader, b->pack, &row, &text, &id, err) < 0)
		return -1;
	return bundle_header_parse(text.buf, text.len, &b->header, err);
}

struct bundle_file *bundle_file_open(const char *path, struct error *err)
{
	CLEANUP(bundle_file) struct bundle_file *b = xcalloc(1, sizeof *b);

	b->pack = pack_open_bundle(path, err);
	if (!b->pack)
		return NULL;
	b->reader = object_reader_new(NULL);
	if (read_header(b, err) < 0) {
		error_wrap(err, "'%s' is no bundle, or damaged", path);
		return NULL;
	}
	return STEAL(b);
}

void bundle_file_close(struct bundle_file *b)
{
	if (!b)
		return;
	bundle_header_cleanup(&b->header);
	object_reader_free(b->reader);
	pack_close(b->pack);
	free(b);
}

void bundle_file_cleanup(struct bundle_file **b)
{
	bundle_file_close(*b);
	*b = NULL;
}

const struct bundle_header *bundle_file_header(const struct bundle_file *b)
{
	return &b->header;
}

uint64_t bundle_file_bytes(const struct bundle_file *b)
{
	return b->pack->len;
}

uint64_t bundle_file_objects(const struct bundle_file *b)
{
	return b->objects;
}

/* ---- reading ---- */

/* Copy number nth of an object. */
static bool find_row(const struct bundle_file *b, enum object_kind kind, const struct oid *id, size_t nth, struct pack_row *row)
{
	const struct pack_table *t = &b->pack->table;
	int64_t at = pack_table_find(t, id, kind);

	return at >= 0 && pack_table_row(t, (size_t)at + nth, b->pack->records_end, row) && row->kind == kind && oid_equal(&row->id, id);
}

bool bundle_file_has(const struct bundle_file *b, enum object_kind kind, const struct oid *id)
{
	struct pack_row row;

	return find_row(b, kind, id, 0, &row);
}

static int say_missing(enum object_kind kind, const struct oid *id, struct error *err)
{
	return error_set(err, ERR_INTEGRITY, "%s '%s' is not in the bundle", objects_kind_word(kind), oid_hex(id).text);
}

/* Decoded and hashed; of several copies the first that is good. */
static int read_object(struct bundle_file *b, enum object_kind kind, const struct oid *id, struct strbuf *out, struct error *err)
{
	struct error problem = ERROR_INIT;
	struct pack_row row;
	struct oid found;

	for (size_t nth = 0; find_row(b, kind, id, nth, &row); nth++) {
		if (object_read_row(b->reader, b->pack, &row, out, &found, err) == 0)
			return 0;
		if (err->code != ERR_INTEGRITY)
			return -1;
		problem = *err;
	}
	if (problem.code == ERR_NONE)
		return say_missing(kind, id, err);
	*err = problem;
	return -1;
}

int bundle_file_changes(struct bundle_file *b, size_t i, struct strbuf *out, struct error *err)
{
	if (read_object(b, OBJECT_CHANGES, &b->header.changes[i], out, err) < 0)
		return -1;
	return out->len <= BUNDLE_CHANGES_MAX ? 0 : error_set(err, ERR_INTEGRITY, "a record of changes is over the limit of %u bytes", BUNDLE_CHANGES_MAX);
}

int bundle_file_record(struct bundle_file *b, enum object_kind kind, const struct oid *id, struct record_head *head, struct strbuf *stored,
		       struct error *err)
{
	struct pack_row row;

	if (!find_row(b, kind, id, 0, &row))
		return 0;
	if (pack_read_head(b->pack, &row, head, err) < 0 || pack_read_stored(b->pack, &row, stored, err) < 0)
		return -1;
	return 1;
}

int bundle_file_version(struct bundle_file *b, const struct oid *id, struct version_object *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (read_object(b, OBJECT_VERSION, id, &text, err) < 0)
		return -1;
	return version_object_parse(text.buf, text.len, out, err);
}

/* ---- files ---- */

typedef void (*piece_fn)(const void *data, size_t len, void *arg);

static int each_piece(struct bundle_file *b, const struct recipe *recipe, piece_fn fn, void *arg, struct error *err)
{
	CLEANUP(strbuf) struct strbuf data = STRBUF_INIT;

	for (size_t i = 0; i < recipe->count; i++) {
		const struct recipe_piece *piece = &recipe->pieces[i];

		if (interrupt_check(err) < 0 || read_object(b, OBJECT_CHUNK, &piece->chunk, &data, err) < 0)
			return -1;
		if (data.len != piece->len)
			return error_set(err, ERR_INTEGRITY, "chunk '%s' has not the length that a recipe gives it", oid_hex(&piece->chunk).text);
		fn(data.buf, data.len, arg);
	}
	return 0;
}

static int read_recipe(struct bundle_file *b, const struct oid *file, struct recipe *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT;

	if (read_object(b, OBJECT_FILE, file, &bytes, err) < 0)
		return -1;
	return recipe_parse(bytes.buf, bytes.len, out, err);
}

static void add_to_sum(const void *data, size_t len, void *arg)
{
	sha256_update(arg, data, len);
}

static int check_large_file(struct bundle_file *b, const struct oid *digest, uint64_t size, struct error *err)
{
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;
	struct sha256 sum;
	struct oid is;

	if (read_recipe(b, digest, &recipe, err) < 0)
		return -1;
	if (recipe.size != size)
		return error_set(err, ERR_INTEGRITY, "its recipe gives %llu bytes where %llu belong", (unsigned long long)recipe.size,
				 (unsigned long long)size);
	sha256_init(&sum);
	if (each_piece(b, &recipe, add_to_sum, &sum, err) < 0)
		return -1;
	sha256_finish(&sum, &is);
	return oid_equal(&is, digest) ? 0 : error_set(err, ERR_INTEGRITY, "its chunks do not give what its digest stands for");
}

int bundle_file_check_file(struct bundle_file *b, const struct oid *digest, uint64_t size, struct error *err)
{
	CLEANUP(strbuf) struct strbuf data = STRBUF_INIT;

	if (size > FILE_ONE_CHUNK_MAX)
		return check_large_file(b, digest, size, err);
	if (read_object(b, OBJECT_CHUNK, digest, &data, err) < 0)
		return -1;
	return data.len == size ? 0 : error_set(err, ERR_INTEGRITY, "it has %zu bytes where %llu belong", data.len, (unsigned long long)size);
}

static void add_to_text(const void *data, size_t len, void *arg)
{
	strbuf_add(arg, data, len);
}

static int read_large_manifest(struct bundle_file *b, const struct oid *digest, struct strbuf *text, struct error *err)
{
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;
	struct oid is;

	if (read_recipe(b, digest, &recipe, err) < 0)
		return -1;
	if (recipe.size > MANIFEST_MAX_BYTES)
		return error_set(err, ERR_INTEGRITY, "%llu bytes are too many for a manifest", (unsigned long long)recipe.size);
	if (each_piece(b, &recipe, add_to_text, text, err) < 0)
		return -1;
	sha256_bytes(text->buf, text->len, &is);
	return oid_equal(&is, digest) ? 0 : error_set(err, ERR_INTEGRITY, "its chunks do not give what its digest stands for");
}

int bundle_file_manifest(struct bundle_file *b, const struct oid *digest, struct manifest *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	bool is_large = !bundle_file_has(b, OBJECT_MANIFEST, digest) && bundle_file_has(b, OBJECT_FILE, digest);

	if (is_large ? read_large_manifest(b, digest, &text, err) < 0 : read_object(b, OBJECT_MANIFEST, digest, &text, err) < 0)
		return error_wrap(err, "manifest %.12s", oid_hex(digest).text);
	return manifest_parse(text.buf, text.len, out, err);
}

/* ---- checking ---- */

int bundle_file_check_records(struct bundle_file *b, struct report *report, struct error *err)
{
	const struct pack *p = b->pack;
	uint64_t done = 0;

	if (pack_check(p, err) < 0)
		return -1;
	for (size_t i = 0; i < p->table.count; i++) {
		struct pack_row row;

		if (interrupt_check(err) < 0)
			return -1;
		if (!pack_table_row(&p->table, i, p->records_end, &row) || row.kind == OBJECT_FILE)
			continue; /* pack_check() has seen to the rows, and the record has another one */
		if (objects_check_row(b->reader, p, &row, err) < 0)
			return -1;
		done += row.stored_len;
		report_progress(report, "checking", done, p->records_end);
	}
	return 0;
}
