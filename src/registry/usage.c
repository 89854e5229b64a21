/* SPDX-License-Identifier: Apache-2.0 */
/* Goes from every live version down to its chunks, and claims each object for the artifact or type that leads to it. */
#include <config.h>

#include "registry/usage.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/number.h"
#include "registry/absent.h"
#include "registry/resolve.h"
#include "registry/version.h"
#include "store/disk-usage.h"
#include "store/owners.h"

struct measure {
	struct registry *reg;
	struct view *view;
	enum usage_by by;
	struct usage *usage;
	struct owners *owners;
	struct object_reader *reader;
	struct hashmap types;     /* type → index in usage->rows + 1; USAGE_BY_TYPE */
	struct hashmap elsewhere; /* digest of a manifest → bytes of its external references, where there are any */
	struct hashmap removed;   /* ids of versions that are taken to be gone; usage_what_if() */
	const struct collection *collection;
	size_t row; /* of the collection */
	struct objects *objects;
	bool is_absent; /* the version that is being measured: what it lacks is no damage */
};

static void measure_cleanup(struct measure *m)
{
	object_reader_cleanup(&m->reader);
	owners_cleanup(&m->owners);
	hashmap_release(&m->types, NULL);
	hashmap_release(&m->removed, NULL);
	hashmap_release(&m->elsewhere, free);
}

/* Sizes come from files: no sum of them may go round. */
static uint64_t plus(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return u64_add_overflows(a, b, &sum) || sum > INT64_MAX ? INT64_MAX : sum;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* Damage is noted and gone on from; all else stops. */
static int note_problem(struct measure *m, struct error *err)
{
	if (err->code != ERR_INTEGRITY)
		return -1;
	if (m->usage->problems++ == 0)
		m->usage->first_problem = *err;
	error_clear(err);
	return 0;
}

static int note_version_problem(struct measure *m, const struct version_row *row, struct error *err)
{
	if (m->collection->is_run)
		error_wrap(err, "the run '%s'", m->collection->name);
	else
		error_wrap(err, "'%s:v%" PRIu64 "'", m->collection->name, row->number);
	m->usage->rows[m->row].is_damaged = true;
	return note_problem(m, err);
}

static int claim(struct measure *m, enum object_kind kind, const struct oid *id, enum owners_use use, bool *changed, struct error *err)
{
	static const char *const words[] = {
		[OBJECT_CHUNK] = "chunk",
		[OBJECT_RECIPE] = "recipe",
		[OBJECT_MANIFEST] = "manifest",
		[OBJECT_VERSION] = "version",
		[OBJECT_FILE] = "file",
	};

	if (owners_claim(m->owners, kind, id, OWNERS_FIRST + (uint32_t)m->row, use, changed))
		return 0;
	return error_set(err, ERR_INTEGRITY, "%s '%s' is missing", words[kind], oid_hex(id).text);
}

/* What was claimed for the same row before was so down to its chunks, and is not read again. */
static int claim_recipe(struct measure *m, const struct oid *file, enum owners_use use, bool *is_new, struct error *err)
{
	CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT;
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;
	struct oid id;
	bool changed;

	if (claim(m, OBJECT_FILE, file, use, is_new, err) < 0)
		return -1;
	if (!*is_new)
		return 0;
	if (object_read(m->reader, OBJECT_FILE, file, &bytes, &id, err) < 0 || recipe_parse(bytes.buf, bytes.len, &recipe, err) < 0 ||
		claim(m, OBJECT_RECIPE, &id, use, &changed, err) < 0)
		return -1;
	for (size_t i = 0; i < recipe.count; i++)
		if (claim(m, OBJECT_CHUNK, &recipe.pieces[i].chunk, use, &changed, err) < 0)
			return -1;
	return 0;
}

static int claim_file(struct measure *m, const struct entry *e, struct error *err)
{
	bool changed;

	if (e->size > FILE_ONE_CHUNK_MAX)
		return claim_recipe(m, &e->digest, OWNERS_CONTENT, &changed, err);
	return claim(m, OBJECT_CHUNK, &e->digest, OWNERS_CONTENT, &changed, err);
}

static bool is_elsewhere(const struct measure *m, const struct entry *e)
{
	return m->is_absent && !objects_has_file(m->objects, &e->digest, e->size);
}

/* Bytes of files that are not here. */
static int measure_absent(struct measure *m, const struct version_row *row, uint64_t *absent, struct error *err)
{
	CLEANUP(manifest) struct manifest manifest = MANIFEST_INIT;
	int is_absent = absent_is(m->view, &row->version, NULL, err);

	*absent = 0;
	m->is_absent = is_absent > 0;
	if (is_absent <= 0)
		return is_absent;
	if (version_manifest(m->reg, &row->digest, &manifest, err) < 0)
		return note_version_problem(m, row, err);
	for (size_t i = 0; i < manifest.count; i++)
		if (manifest.entries[i].kind == ENTRY_FILE && is_elsewhere(m, &manifest.entries[i]))
			*absent = plus(*absent, manifest.entries[i].size);
	return 0;
}

static int claim_entries(struct measure *m, const struct version_row *row, const struct manifest *manifest, struct error *err)
{
	uint64_t elsewhere = 0;

	for (size_t i = 0; i < manifest->count; i++) {
		const struct entry *e = &manifest->entries[i];

		if (e->kind == ENTRY_REF && e->has_size)
			elsewhere = plus(elsewhere, e->size);
		if (e->kind != ENTRY_FILE || is_elsewhere(m, e))
			continue;
		if (claim_file(m, e, err) < 0) {
			error_wrap(err, "'%s'", e->path);
			if (note_version_problem(m, row, err) < 0)
				return -1;
		}
	}
	if (elsewhere && !hashmap_has(&m->elsewhere, &row->digest, OID_LEN))
		hashmap_put(&m->elsewhere, &row->digest, OID_LEN, xmemdup(&elsewhere, sizeof elsewhere));
	return 0;
}

/* A large manifest is stored as a large file is. */
static int claim_list(struct measure *m, const struct oid *digest, bool *changed, struct error *err)
{
	if (!owners_has(m->owners, OBJECT_MANIFEST, digest) && owners_has(m->owners, OBJECT_FILE, digest))
		return claim_recipe(m, digest, OWNERS_LIST, changed, err);
	return claim(m, OBJECT_MANIFEST, digest, OWNERS_LIST, changed, err);
}

static int claim_manifest(struct measure *m, const struct version_row *row, struct error *err)
{
	CLEANUP(manifest) struct manifest manifest = MANIFEST_INIT;
	bool changed;

	if (claim_list(m, &row->digest, &changed, err) < 0)
		return note_version_problem(m, row, err);
	if (!changed)
		return 0;
	if (version_manifest(m->reg, &row->digest, &manifest, err) < 0)
		return note_version_problem(m, row, err);
	return claim_entries(m, row, &manifest, err);
}

static int measure_version(const struct version_row *row, void *arg, struct error *err)
{
	struct measure *m = arg;
	struct usage_row *sums = &m->usage->rows[m->row];
	const uint64_t *elsewhere;
	uint64_t size, absent;
	bool changed;

	if (row->removed)
		return 0;
	if (interrupt_check(err) < 0 || measure_absent(m, row, &absent, err) < 0)
		return -1;
	if (claim(m, OBJECT_VERSION, &row->version, OWNERS_ABOUT, &changed, err) < 0 && note_version_problem(m, row, err) < 0)
		return -1;
	if (claim_manifest(m, row, err) < 0)
		return -1;
	elsewhere = hashmap_find(&m->elsewhere, &row->digest, OID_LEN);
	size = minus(minus(row->size, elsewhere ? *elsewhere : 0), absent);
	sums->versions++;
	sums->logical = plus(sums->logical, size);
	m->usage->versions += !m->collection->is_run;
	m->usage->absent = plus(m->usage->absent, absent);
	m->usage->logical = plus(m->usage->logical, size);
	report_progress(m->reg->report, "measuring", m->usage->logical, 0);
	return 0;
}

static size_t add_row(struct usage *u, const char *name, const char *type)
{
	ARRAY_GROW(u->rows, u->count + 1, u->cap);
	u->rows[u->count] = (struct usage_row){ .name = xstrdup(name), .type = xstrdup(type) };
	return u->count++;
}

static size_t row_for(struct measure *m, const struct collection *c)
{
	uintptr_t known;

	if (m->by == USAGE_BY_NAME)
		return add_row(m->usage, c->name, c->type);
	known = (uintptr_t)hashmap_find(&m->types, c->type, strlen(c->type));
	if (!known) {
		known = add_row(m->usage, c->type, c->type) + 1;
		hashmap_put(&m->types, c->type, strlen(c->type), (void *)known);
	}
	return known - 1;
}

/* Runs are many and small: one row is for all of them. */
static int measure_run(const struct collection *c, void *arg, struct error *err)
{
	struct measure *m = arg;
	struct usage *u = m->usage;

	if (!u->count || !u->rows[u->count - 1].is_runs) {
		m->row = add_row(u, "runs", "");
		u->rows[m->row].is_runs = true;
	}
	m->collection = c;
	return view_each_version(m->view, &c->cid, false, measure_version, m, err);
}

/* A registered model has no bytes of its own. */
static int measure_collection(const struct collection *c, void *arg, struct error *err)
{
	struct measure *m = arg;

	if (c->is_model)
		return 0;
	m->collection = c;
	m->row = row_for(m, c);
	return view_each_version(m->view, &c->cid, false, measure_version, m, err);
}

/* ---- what would go ---- */

enum { ROW_STAYS, ROW_GOES };

static int measure_split(const struct version_row *row, void *arg, struct error *err)
{
	struct measure *m = arg;

	m->row = hashmap_has(&m->removed, &row->version, OID_LEN) ? ROW_GOES : ROW_STAYS;
	return measure_version(row, arg, err);
}

static int split_collection(const struct collection *c, void *arg, struct error *err)
{
	struct measure *m = arg;

	m->collection = c;
	return c->is_model ? 0 : view_each_version(m->view, &c->cid, false, measure_split, m, err);
}

static int note_removed(struct measure *m, const struct strvec *references, struct error *err)
{
	for (size_t i = 0; i < references->count; i++) {
		CLEANUP(resolved) struct resolved version = RESOLVED_INIT;
		struct reference ref;

		if (reference_parse(references->v[i], &ref, err) < 0)
			return -1;
		if (ref.kind == REFERENCE_BARE)
			return error_set(err, ERR_USAGE, "'%s' names a whole collection, not one of its versions", references->v[i]);
		if (resolve_reference(m->view, &ref, &version, err) < 0)
			return -1;
		if (!version.collection.is_model) /* what a link's removal frees is nothing */
			hashmap_put(&m->removed, &version.row.version, OID_LEN, m);
	}
	return 0;
}

/* ---- the sums ---- */

static int take_sums(struct measure *m, struct owners_sum *sum, struct error *err)
{
	struct usage *u = m->usage;

	if (owners_add_up(m->owners, sum, err) < 0)
		return -1;
	u->unreferenced_raw = sum->of[OWNERS_NONE].raw;
	u->unreferenced = sum->of[OWNERS_NONE].stored;
	u->shared_raw = sum->of[OWNERS_SHARED].raw;
	u->shared = sum->of[OWNERS_SHARED].stored;
	for (size_t i = 0; i < u->count; i++) {
		u->rows[i].unique = sum->of[OWNERS_FIRST + i].raw;
		u->rows[i].stored = sum->of[OWNERS_FIRST + i].stored;
	}
	for (size_t i = 0; i < sum->count; i++) {
		u->unique = plus(u->unique, sum->of[i].raw);
		u->stored = plus(u->stored, sum->of[i].stored);
	}
	u->deduplicated = minus(u->logical, sum->content_raw);
	u->compressed = minus(u->logical - u->deduplicated, sum->content_payload);
	if (sum->impossible) {
		error_set(err, ERR_INTEGRITY, "the tables of packs have %" PRIu64 " impossible row%s", sum->impossible,
			sum->impossible == 1 ? "" : "s");
		return note_problem(m, err);
	}
	return 0;
}

static int add_directory(struct usage *u, const char *mreg_dir, struct error *err)
{
	struct disk_usage disk = { 0 };

	if (disk_usage_read(mreg_dir, &disk, err) < 0)
		return -1;
	u->packs = minus(disk.packs, u->stored);
	u->retired = disk.retired;
	u->journal = disk.journal;
	u->index = disk.index;
	u->other = disk.other;
	u->stored = plus(u->stored, u->packs + u->retired + u->journal + u->index + u->other);
	return 0;
}

static int compare_rows(const void *a, const void *b)
{
	return strcmp(((const struct usage_row *)a)->name, ((const struct usage_row *)b)->name);
}

static int add_up(struct measure *m, struct error *err)
{
	struct usage *u = m->usage;
	size_t count = OWNERS_FIRST + u->count;
	CLEANUP(ptr) struct owned *owned = xcalloc(count, sizeof *owned);
	struct owners_sum sum = { .of = owned, .count = count };

	if (owners_problem(m->owners, err) && note_problem(m, err) < 0)
		return -1;
	if (take_sums(m, &sum, err) < 0 || add_directory(u, m->reg->store->dir, err) < 0)
		return -1;
	if (m->by == USAGE_BY_TYPE && u->count)
		qsort(u->rows, u->count, sizeof *u->rows, compare_rows);
	return 0;
}

/* The references are older than the list of packs: what they need is in it. */
static int open_measure(struct measure *m, struct error *err)
{
	struct objects *objects;

	m->view = registry_view(m->reg, err);
	objects = m->view ? version_objects(m->reg, err) : NULL;
	m->owners = objects ? owners_open(objects, err) : NULL;
	if (!m->owners)
		return -1;
	m->objects = objects;
	m->reader = object_reader_new(objects);
	return 0;
}

int usage_measure(struct registry *reg, enum usage_by by, struct usage *out, struct error *err)
{
	CLEANUP(measure) struct measure m = { .reg = reg, .by = by, .usage = out, .types = HASHMAP_INIT, .elsewhere = HASHMAP_INIT,
					      .removed = HASHMAP_INIT };

	if (open_measure(&m, err) < 0)
		return -1;
	if (collection_each(m.view, measure_collection, &m, err) < 0 || collection_each_run(m.view, measure_run, &m, err) < 0)
		return -1;
	return add_up(&m, err);
}

int usage_what_if(struct registry *reg, const struct strvec *references, struct usage_what_if *out, struct error *err)
{
	CLEANUP(usage) struct usage usage = USAGE_INIT;
	CLEANUP(measure) struct measure m = { .reg = reg, .usage = &usage, .types = HASHMAP_INIT, .elsewhere = HASHMAP_INIT,
					      .removed = HASHMAP_INIT };
	const struct usage_row *goes;

	add_row(&usage, "stays", "");
	add_row(&usage, "goes", "");
	if (open_measure(&m, err) < 0 || note_removed(&m, references, err) < 0 || collection_each(m.view, split_collection, &m, err) < 0 ||
	    collection_each_run(m.view, split_collection, &m, err) < 0 || add_up(&m, err) < 0)
		return -1;
	if (usage.problems) {
		*err = usage.first_problem;
		return error_wrap(err, "what would be freed cannot be told");
	}
	goes = &usage.rows[ROW_GOES];
	*out = (struct usage_what_if){ goes->versions, goes->logical, goes->unique, goes->stored };
	return 0;
}

void usage_cleanup(struct usage *u)
{
	for (size_t i = 0; i < u->count; i++) {
		free(u->rows[i].name);
		free(u->rows[i].type);
	}
	free(u->rows);
	*u = (struct usage)USAGE_INIT;
}
