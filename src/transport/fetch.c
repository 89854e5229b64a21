/* SPDX-License-Identifier: Apache-2.0 */
/* Brings versions: their objects, their manifests, and through fetch-files.c what these name. */
#include <config.h>

#include "transport/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/mem.h"
#include "base/number.h"
#include "format/manifest.h"
#include "format/version-object.h"
#include "registry/version.h"
#include "store/extract.h"
#include "transport/fetch-internal.h"

#define MANIFEST_OBJECT_MAX FILE_ONE_CHUNK_MAX
#define VERSIONS_MAX (ITEMS_MAX / 2) /* in one round: two objects each */

static void tell_alive(struct report *r, const char *what, uint64_t done, uint64_t total)
{
	struct fetch *f = (struct fetch *)(void *)((char *)r - offsetof(struct fetch, alive));

	report_progress(f->reg->report, what, done, total);
	if (pthread_equal(pthread_self(), f->main))
		connection_tell_alive(f->connection);
}

struct fetch *fetch_new(struct registry *reg, struct connection *c, struct error *err)
{
	struct objects *objects;
	struct fetch *f;

	if (store_check_writable(reg->store, err) < 0)
		return NULL;
	objects = version_objects(reg, err);
	if (!objects)
		return NULL;
	f = xcalloc(1, sizeof *f);
	*f = (struct fetch){
		.reg = reg, .connection = c, .objects = objects, .main = pthread_self(), .alive = { .progress = tell_alive },
		.quarantine = quarantine_open(objects, reg->store->dir, err),
	};
	if (!f->quarantine) {
		free(f);
		return NULL;
	}
	f->reader = object_reader_new(objects);
	object_reader_skip_retired(f->reader);
	f->proof.reader = object_reader_new(objects);
	object_reader_skip_retired(f->proof.reader);
	return f;
}

/* What was wrong must not be found there again; what was only cut off is worth keeping. */
void fetch_free(struct fetch *f)
{
	if (!f)
		return;
	quarantine_close(f->quarantine, (f->has_uncommitted || f->has_failed) && !f->is_wrong);
	object_reader_cleanup(&f->reader);
	fetch_proof_release(f);
	free(f->items.v);
	free(f->items.slots);
	free(f->files);
	free(f->recent);
	free(f->lacking);
	free(f);
}

void fetch_cleanup(struct fetch **f)
{
	fetch_free(*f);
	*f = NULL;
}

int fetch_commit(struct fetch *f, struct error *err)
{
	if (quarantine_commit(f->quarantine, err) < 0) {
		f->has_failed = true;
		return -1;
	}
	f->has_uncommitted = f->has_failed = false;
	return 0;
}

uint64_t fetch_bytes(const struct fetch *f)
{
	return quarantine_bytes(f->quarantine);
}

uint64_t fetch_objects_count(const struct fetch *f)
{
	return quarantine_records(f->quarantine);
}

/* --- version objects and manifests --- */

/* A manifest is here as one object, or as a file of which all is here. */
static bool has_manifest(struct fetch *f, const struct oid *digest)
{
	CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT;
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;
	struct error ignored = ERROR_INIT;

	if (objects_has(f->objects, OBJECT_MANIFEST, digest))
		return true;
	if (!objects_has(f->objects, OBJECT_FILE, digest) || object_read(f->reader, OBJECT_FILE, digest, &bytes, NULL, &ignored) < 0 ||
	    recipe_parse(bytes.buf, bytes.len, &recipe, &ignored) < 0)
		return false;
	for (size_t i = 0; i < recipe.count; i++)
		if (!objects_has(f->objects, OBJECT_CHUNK, &recipe.pieces[i].chunk))
			return false;
	return true;
}

static int bring_objects(struct fetch *f, const struct fetch_version *versions, size_t count, struct error *err)
{
	CLEANUP(ptr) struct oid *large = xcalloc(count + 1, sizeof *large);
	size_t large_count = 0;

	fetch_clear_items(f);
	for (size_t i = 0; i < count; i++) {
		if (!objects_has(f->objects, OBJECT_VERSION, &versions[i].version))
			fetch_want(f, OBJECT_VERSION, &versions[i].version, VERSION_OBJECT_MAX_BYTES, false);
		if (!has_manifest(f, &versions[i].digest))
			fetch_want(f, OBJECT_MANIFEST, &versions[i].digest, MANIFEST_OBJECT_MAX, false);
	}
	if (fetch_exchange(f, err) < 0)
		return -1;
	for (size_t i = 0; i < f->items.count; i++)
		if (f->items.v[i].kind == OBJECT_MANIFEST && f->items.v[i].state == ITEM_LACKED)
			large[large_count++] = f->items.v[i].id;
	return large_count ? fetch_large_manifests(f, large, large_count, err) : 0;
}

/* --- what is in a manifest --- */

struct reading {
	struct fetch *f;
	struct fetch_version *version;
	uint64_t files, size;
	int (*each)(struct reading *r, const struct entry *e, struct error *err); /* regular files; may be NULL */
	bool is_lacking;
};

static int read_entry(struct entry *e, void *arg, struct error *err)
{
	struct reading *r = arg;

	r->files += e->kind != ENTRY_DIR;
	if (e->has_size && (e->kind == ENTRY_FILE || e->kind == ENTRY_REF))
		r->size += e->size; /* the scan has seen to it that it does not overflow */
	return e->kind == ENTRY_FILE && r->each ? r->each(r, e, err) : 0;
}

static int feed_file(struct fetch *f, const struct oid *digest, struct manifest_scan *scan, struct error *err)
{
	CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT, chunk = STRBUF_INIT;
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;

	if (object_read(f->reader, OBJECT_FILE, digest, &bytes, NULL, err) < 0 || recipe_parse(bytes.buf, bytes.len, &recipe, err) < 0)
		return -1;
	for (size_t i = 0; i < recipe.count; i++) {
		const struct recipe_piece *piece = &recipe.pieces[i];

		if (interrupt_check(err) < 0)
			return -1;
		strbuf_reset(&chunk);
		strbuf_grow(&chunk, piece->len);
		if (object_read_chunk(f->reader, &piece->chunk, chunk.buf, piece->len, err) < 0 || manifest_scan_feed(scan, chunk.buf, piece->len, err) < 0)
			return -1;
	}
	return 0;
}

/* The text never is in memory as a whole. */
static int scan_manifest(struct reading *r, struct error *err)
{
	CLEANUP(manifest_scan) struct manifest_scan *scan = manifest_scan_new(read_entry, r);
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	const struct oid *digest = &r->version->digest;

	if (objects_has(r->f->objects, OBJECT_MANIFEST, digest)) {
		if (object_read(r->f->reader, OBJECT_MANIFEST, digest, &text, NULL, err) < 0 || manifest_scan_feed(scan, text.buf, text.len, err) < 0)
			return -1;
	} else if (feed_file(r->f, digest, scan, err) < 0) {
		return -1;
	}
	return manifest_scan_finish(scan, err);
}

static int add_file(struct reading *r, const struct entry *e, struct error *err)
{
	return fetch_add_file(r->f, &e->digest, e->size, err);
}

static int look_for_lacking(struct reading *r, const struct entry *e, struct error *err)
{
	(void)err;
	r->is_lacking |= fetch_is_lacking(r->f, &e->digest);
	return 0;
}

/* The version object ties version and digest together. */
static int check_object(struct fetch *f, const struct fetch_version *v, struct error *err)
{
	CLEANUP(version_object) struct version_object object = { .time = 0 };
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (object_read(f->reader, OBJECT_VERSION, &v->version, &text, NULL, err) < 0 ||
	    version_object_parse(text.buf, text.len, &object, err) < 0)
		return -1;
	if (oid_equal(&object.manifest, &v->digest))
		return 0;
	return error_set(err, ERR_INTEGRITY, "it names manifest '%s', and not '%s'", oid_hex(&object.manifest).text, oid_hex(&v->digest).text);
}

static int check_manifest(struct fetch *f, struct fetch_version *v, struct error *err)
{
	struct reading r = { .f = f, .version = v, .each = v->wants_bytes ? add_file : NULL };

	if (scan_manifest(&r, err) < 0)
		return -1;
	if (r.files == v->files && r.size == v->size)
		return 0;
	return error_set(err, ERR_INTEGRITY, "its manifest has %llu files of %llu bytes, and not %llu of %llu", (unsigned long long)r.files,
			 (unsigned long long)r.size, (unsigned long long)v->files, (unsigned long long)v->size);
}

static int read_version(struct fetch *f, struct fetch_version *v, struct error *err)
{
	v->is_described = v->is_complete = objects_has(f->objects, OBJECT_VERSION, &v->version) && has_manifest(f, &v->digest);
	if (!v->is_described)
		return 0;
	if (check_object(f, v, err) == 0 && check_manifest(f, v, err) == 0)
		return 0;
	return err->code == ERR_INTEGRITY ? error_wrap(err, "version '%s'", oid_hex(&v->version).text) : -1;
}

static int find_incomplete(struct fetch *f, struct fetch_version *v, struct error *err)
{
	struct reading r = { .f = f, .version = v, .each = look_for_lacking };

	if (!v->is_complete || !v->wants_bytes || !f->lacking_count)
		return 0;
	if (scan_manifest(&r, err) < 0)
		return -1;
	v->is_complete = !r.is_lacking;
	return 0;
}

static int run_versions(struct fetch *f, struct fetch_version *versions, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i += VERSIONS_MAX)
		if (bring_objects(f, versions + i, count - i < VERSIONS_MAX ? count - i : VERSIONS_MAX, err) < 0)
			return -1;
	for (size_t i = 0; i < count; i++)
		if (interrupt_check(err) < 0 || read_version(f, &versions[i], err) < 0)
			return -1;
	if (fetch_finish_files(f, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (find_incomplete(f, &versions[i], err) < 0)
			return -1;
	return 0;
}

static int failed(struct fetch *f, const struct error *err)
{
	f->has_failed = true;
	f->is_wrong |= err->code == ERR_INTEGRITY;
	f->file_count = 0;
	fetch_proof_forget(f);
	return -1;
}

static void add_total(struct fetch *f, uint64_t size)
{
	if (u64_add_overflows(f->total, size, &f->total))
		f->total = UINT64_MAX;
}

int fetch_versions(struct fetch *f, struct fetch_version *versions, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (versions[i].wants_bytes)
			add_total(f, versions[i].size);
	return run_versions(f, versions, count, err) < 0 ? failed(f, err) : 0;
}

/* --- files by themselves --- */

int fetch_files(struct fetch *f, struct fetch_file *files, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		add_total(f, files[i].size);
	for (size_t i = 0; i < count; i++)
		if (interrupt_check(err) < 0 || fetch_add_file(f, &files[i].digest, files[i].size, err) < 0)
			return failed(f, err);
	if (fetch_finish_files(f, err) < 0)
		return failed(f, err);
	for (size_t i = 0; i < count; i++)
		files[i].is_complete = !fetch_is_lacking(f, &files[i].digest);
	return 0;
}
