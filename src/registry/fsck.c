/* SPDX-License-Identifier: Apache-2.0 */
/* Goes through journal, index, versions and packs, in this order, and reports instead of stopping. */
#include <config.h>

#include "registry/fsck.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hashmap.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/thread-pool.h"
#include "registry/absent.h"
#include "registry/draft.h"
#include "registry/gc.h"
#include "registry/version.h"
#include "store/extract.h"

struct fsck {
	struct registry *reg;
	struct fsck_counts *counts;
	fsck_fn fn;
	void *arg;
	struct fsck_lost_list *lost;
};

void fsck_lost_list_cleanup(struct fsck_lost_list *list)
{
	free(list->v);
	*list = (struct fsck_lost_list)FSCK_LOST_LIST_INIT;
}

static void note_lost(struct fsck *f, enum object_kind kind, const struct oid *id)
{
	ARRAY_GROW(f->lost->v, f->lost->count + 1, f->lost->cap);
	f->lost->v[f->lost->count++] = (struct fsck_lost){ kind, *id };
}

static int problem(struct fsck *f, const char *kind, const char *text, const struct strvec *refs, struct error *err)
{
	static const struct strvec none = STRVEC_INIT;

	f->counts->problems++;
	return f->fn(kind, text, refs ? refs : &none, f->arg, err);
}

/* Damage becomes a problem, all else stops. */
static int problem_or_stop(struct fsck *f, const char *kind, const struct strvec *refs, struct error *err)
{
	CLEANUP(ptr) char *text = xstrdup(err->text);

	if (err->code != ERR_INTEGRITY)
		return -1;
	error_clear(err);
	return problem(f, kind, text, refs, err);
}

/* ---- journal and index ---- */

static int count_line(struct journal_line *line, uint64_t offset, void *arg, struct error *err)
{
	(void)line;
	(void)offset;
	++*(uint64_t *)arg;
	return interrupt_check(err);
}

static int check_journal(struct fsck *f, struct error *err)
{
	struct journal_position start, end;
	enum journal_tail tail = JOURNAL_CLEAN;

	if (store_use_journal(f->reg->store, err) < 0)
		return problem_or_stop(f, "journal", NULL, err);
	journal_start(&f->reg->store->journal, &start);
	if (journal_read(&f->reg->store->journal, &start, count_line, &f->counts->lines, &end, &tail, err) < 0)
		return problem_or_stop(f, "journal", NULL, err);
	if (tail == JOURNAL_TORN)
		return problem(f, "journal", "the journal ends in a torn line; the next change moves it aside", NULL, err);
	return 0;
}

struct index_check {
	struct strbuf keys;
	size_t count;
};

static void differing_key(const char *key, void *arg)
{
	struct index_check *check = arg;

	if (check->count++ < 5)
		strbuf_addf(&check->keys, "%s%s", check->keys.len ? ", " : "", key);
}

/* 1: the index can be asked, 0: it cannot. */
static int check_index(struct fsck *f, struct error *err)
{
	struct index_check check = { STRBUF_INIT, 0 };
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	uint64_t differences = 0;
	int rc;

	if (!registry_view(f->reg, err))
		return problem_or_stop(f, "index", NULL, err);
	rc = f->counts->problems ? 0 : store_check_index(f->reg->store, differing_key, &check, &differences, err);
	if (rc == 0 && differences)
		strbuf_addf(&text, "the index differs from the journal in %" PRIu64 " reference%s: %s", differences, differences == 1 ? "" : "s",
			    check.keys.buf);
	strbuf_release(&check.keys);
	if (rc < 0)
		return problem_or_stop(f, "index", NULL, err) < 0 ? -1 : 1;
	return text.len && problem(f, "index", text.buf, NULL, err) < 0 ? -1 : 1;
}

/* ---- versions ---- */

/* A file of some version, once however many versions have it. */
struct file {
	struct oid digest;
	uint64_t size;
	struct strvec refs; /* filled only for damaged ones */
	char *path, *why;   /* why: NULL while sound */
	bool is_needed;     /* some version that has it is not absent */
	bool is_elsewhere;  /* it is not here, and need not be */
};

struct versions {
	struct fsck *f;
	struct view *view;
	struct objects *objects;
	const struct collection *collection;
	struct hashmap files; /* digest → struct file * */
	bool second_pass;     /* naming the versions that damaged files are in */
};

static void file_free(void *p)
{
	struct file *file = p;

	strvec_release(&file->refs);
	free(file->path);
	free(file->why);
	free(file);
}

static void take_file(struct versions *v, const struct entry *e, const char *ref, bool is_needed)
{
	struct file *file = hashmap_find(&v->files, &e->digest, OID_LEN);

	if (!file && !v->second_pass) {
		file = xcalloc(1, sizeof *file);
		file->digest = e->digest;
		file->size = e->size;
		file->path = xstrdup(e->path);
		hashmap_put(&v->files, &e->digest, OID_LEN, file);
	} else if (file && v->second_pass && file->why && (!file->refs.count || strcmp(file->refs.v[file->refs.count - 1], ref) != 0)) {
		strvec_push(&file->refs, ref); /* once, however often it is in the version */
	}
	if (file)
		file->is_needed |= is_needed;
}

static int read_version(struct versions *v, const struct version_row *row, struct manifest *m, struct error *err)
{
	struct version_object object;
	int rc;

	memset(&object, 0, sizeof object);
	rc = version_object_read(v->f->reg, &row->version, &object, err);
	if (rc == 0 && !oid_equal(&object.manifest, &row->digest))
		rc = error_set(err, ERR_INTEGRITY, "its version object names another manifest");
	version_object_cleanup(&object);
	if (rc < 0)
		return -1;
	if (version_manifest(v->f->reg, &row->digest, m, err) < 0) {
		note_lost(v->f, OBJECT_MANIFEST, &row->digest);
		return -1;
	}
	if (manifest_bytes(m) != row->size || manifest_files(m) != row->files)
		return error_set(err, ERR_INTEGRITY, "its manifest has other sizes than its reference says");
	return 0;
}

static void take_files(struct versions *v, const struct manifest *m, const char *ref, bool is_absent)
{
	bool is_whole = true;

	for (size_t i = 0; i < m->count; i++) {
		const struct entry *e = &m->entries[i];

		if (e->kind != ENTRY_FILE)
			continue;
		take_file(v, e, ref, !is_absent);
		is_whole &= !is_absent || v->second_pass || objects_has_file(v->objects, &e->digest, e->size);
	}
	v->f->counts->absent += !is_whole;
}

static int visit_version(const struct version_row *row, void *arg, struct error *err)
{
	struct versions *v = arg;
	int is_absent;
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT;

	if (row->removed)
		return 0;
	strbuf_adds(&ref, v->collection->name);
	if (!v->collection->is_run)
		strbuf_addf(&ref, ":v%" PRIu64, row->number);
	if (interrupt_check(err) < 0)
		return -1;
	if (read_version(v, row, &m, err) < 0) {
		CLEANUP(strvec) struct strvec refs = STRVEC_INIT;

		if (v->second_pass && err->code == ERR_INTEGRITY) {
			error_clear(err);
			return 0;
		}
		strvec_push(&refs, ref.buf);
		return problem_or_stop(v->f, "version", &refs, err);
	}
	is_absent = absent_is(v->view, &row->version, NULL, err);
	if (is_absent < 0)
		return -1;
	v->f->counts->versions += !v->second_pass && !v->collection->is_run;
	take_files(v, &m, ref.buf, is_absent);
	return 0;
}

static int visit_collection(const struct collection *c, void *arg, struct error *err)
{
	struct versions *v = arg;

	if (c->is_model)
		return 0; /* its links are to versions of artifacts */
	v->collection = c;
	return view_each_version(v->view, &c->cid, false, visit_version, v, err);
}

static int visit_all(struct versions *v, struct error *err)
{
	return collection_each(v->view, visit_collection, v, err) < 0 ? -1 : collection_each_run(v->view, visit_collection, v, err);
}

struct file_list {
	struct versions *v;
	struct extract_item *items;
	size_t count;
};

static int list_file(const void *key, size_t len, void *value, void *arg)
{
	struct file_list *list = arg;
	struct file *file = value;

	(void)key;
	(void)len;
	file->is_elsewhere = !file->is_needed && !objects_has_file(list->v->objects, &file->digest, file->size);
	if (!file->is_elsewhere)
		list->items[list->count++] = (struct extract_item){ file->digest, file->size, file->path, file };
	return 0;
}

static void mark_damaged(struct extract_item *item, const struct error *why, void *arg)
{
	struct file *file = item->user;

	file->why = xstrdup(why->text);
	*(bool *)arg = true;
}

static int check_files(struct versions *v, bool *damaged, struct error *err)
{
	CLEANUP(ptr) struct extract_item *items = xcalloc(v->files.count + 1, sizeof *items);
	struct file_list list = { v, items, 0 };

	hashmap_each(&v->files, list_file, &list);
	v->f->counts->files = list.count;
	v->f->counts->absent_files = v->files.count - list.count;
	return extract_files(v->objects, items, list.count, NULL, EXTRACT_WHOLE_HASH, mark_damaged, damaged, v->f->reg->report, err);
}

struct damage_report {
	struct fsck *f;
	struct error *err;
};

static int report_file(const void *key, size_t len, void *value, void *arg)
{
	struct damage_report *d = arg;
	struct file *file = value;
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	(void)key;
	(void)len;
	if (!file->why)
		return 0;
	note_lost(d->f, file->size > FILE_ONE_CHUNK_MAX ? OBJECT_FILE : OBJECT_CHUNK, &file->digest);
	strbuf_addf(&text, "'%s' cannot be restored: %s", file->path, file->why);
	return problem(d->f, "file", text.buf, &file->refs, d->err);
}

static int check_versions(struct fsck *f, struct error *err)
{
	struct versions v = { .f = f, .view = registry_view(f->reg, err), .objects = version_objects(f->reg, err), .files = HASHMAP_INIT };
	struct damage_report report = { f, err };
	bool damaged = false;
	int rc = v.objects ? visit_all(&v, err) : -1;

	if (rc == 0)
		rc = check_files(&v, &damaged, err);
	v.second_pass = true;
	if (rc == 0 && damaged)
		rc = visit_all(&v, err);
	if (rc == 0 && damaged)
		rc = hashmap_each(&v.files, report_file, &report);
	hashmap_release(&v.files, file_free);
	return rc;
}

/* ---- packs ---- */

/* The rows of one pack, taken one by one by all threads. */
struct rows {
	struct fsck *f;
	const struct pack *pack;
	struct objects *objects;
	pthread_mutex_t lock; /* around counts, fn and err */
	_Atomic size_t next;
	_Atomic bool stop;
	struct error *err;
	int rc;
};

/* Another pack may have a sound copy. */
static bool has_sound_copy(struct object_reader *reader, const struct pack_row *row)
{
	CLEANUP(strbuf) struct strbuf raw = STRBUF_INIT;
	struct error ignored = ERROR_INIT;

	return object_read(reader, row->kind, &row->id, &raw, NULL, &ignored) == 0;
}

static void check_row(struct rows *r, struct object_reader *reader, size_t i)
{
	struct error err = ERROR_INIT;
	struct pack_row row;
	bool is_lost = false;
	int rc = -1;

	if (interrupt_check(&err) == 0 && !pack_table_row(&r->pack->table, i, r->pack->records_end, &row))
		rc = error_set(&err, ERR_INTEGRITY, "row %zu of the table of pack %.12s is impossible", i, oid_hex(&r->pack->name).text);
	else if (err.code == ERR_NONE)
		is_lost = (rc = objects_check_row(reader, r->pack, &row, &err)) < 0 && err.code == ERR_INTEGRITY && !has_sound_copy(reader, &row);
	pthread_mutex_lock(&r->lock);
	if (is_lost)
		note_lost(r->f, row.kind, &row.id);
	if (rc == 0) {
		/* a recipe has two rows, one by its file */
		r->f->counts->objects += row.kind != OBJECT_FILE;
		r->f->counts->bytes += row.kind != OBJECT_FILE ? row.stored_len : 0;
	} else if (!r->stop && problem_or_stop(r->f, "object", NULL, &err) < 0) {
		*r->err = err;
		r->rc = -1;
		r->stop = true;
	}
	pthread_mutex_unlock(&r->lock);
}

static void check_rows(void *arg, size_t worker)
{
	struct rows *r = arg;
	struct object_reader *reader = object_reader_new(r->objects);

	object_reader_skip_retired(reader);

	(void)worker;
	for (size_t i; !r->stop && (i = atomic_fetch_add(&r->next, 1)) < r->pack->table.count;)
		check_row(r, reader, i);
	object_reader_free(reader);
}

struct pack_walk {
	struct fsck *f;
	struct objects *objects;
};

static int check_pack(struct pack *pack, const char *name, const struct error *trouble, void *arg, struct error *err)
{
	struct pack_walk *walk = arg;
	struct rows r = { .f = walk->f, .pack = pack, .objects = walk->objects, .err = err };

	(void)name;
	if (!pack)
		return problem(walk->f, "pack", trouble->text, NULL, err);
	walk->f->counts->packs++;
	if (pack_check(pack, err) < 0 && problem_or_stop(walk->f, "pack", NULL, err) < 0)
		return -1;
	pthread_mutex_init(&r.lock, NULL);
	thread_run(thread_count(8), check_rows, &r);
	pthread_mutex_destroy(&r.lock);
	return r.rc;
}

static int check_packs(struct fsck *f, struct error *err)
{
	struct pack_walk walk = { f, version_objects(f->reg, err) };

	return walk.objects ? objects_each_pack(walk.objects, check_pack, &walk, err) : -1;
}

/* What is remembered as damaged is stored anew by the next put that brings it. */
static void remember_damaged(struct fsck *f)
{
	struct error problem = ERROR_INIT;
	struct objects *objects = version_objects(f->reg, &problem);
	CLEANUP(ptr) struct oid *ids = xcalloc(f->lost->count + 1, sizeof *ids);

	for (size_t i = 0; i < f->lost->count; i++)
		ids[i] = f->lost->v[i].id;
	if (!objects || objects_set_damaged(objects, ids, f->lost->count, &problem) < 0)
		report_note(f->reg->report, "what is damaged could not be noted down: %s", problem.text);
}

static void note_retired(struct fsck *f)
{
	struct store *store = f->reg->store;

	if (store->objects && objects_retired_reads(store->objects))
		report_note(f->reg->report, "some objects lie in packs of '%s/objects/retired' only; they are moved back when those are due to be removed",
			    store->dir);
}

/* ---- drafts ---- */

static int draft_problem(const char *text, void *arg, struct error *err)
{
	return problem(arg, "draft", text, NULL, err);
}

static int check_all(struct fsck *f, struct error *err)
{
	int has_index;

	if (check_journal(f, err) < 0 || (has_index = check_index(f, err)) < 0)
		return -1;
	if (has_index && check_versions(f, err) < 0)
		return -1;
	if (check_packs(f, err) < 0)
		return -1;
	return has_index ? draft_check(f->reg, draft_problem, f, err) : 0;
}

int fsck_run(struct registry *reg, bool dry_run, struct fsck_counts *counts, struct fsck_lost_list *lost, fsck_fn fn, void *arg,
	     struct error *err)
{
	CLEANUP(fsck_lost_list) struct fsck_lost_list own = FSCK_LOST_LIST_INIT;
	struct fsck f = { .reg = reg, .counts = counts, .fn = fn, .arg = arg, .lost = lost ? lost : &own };
	int rc;

	memset(counts, 0, sizeof *counts);
	rc = check_all(&f, err);
	if (rc == 0)
		note_retired(&f);
	if (rc == 0 && !dry_run)
		remember_damaged(&f);
	return rc;
}

/* ---- after a repair ---- */

static int set_aside(struct pack *pack, const char *name, const struct error *trouble, void *arg, struct error *err)
{
	CLEANUP(strbuf) struct strbuf from = STRBUF_INIT, folder = STRBUF_INIT, to = STRBUF_INIT;
	const struct registry *reg = arg;

	(void)trouble;
	if (pack)
		return 0;
	strbuf_addf(&from, "%s/objects/%s", reg->store->dir, name);
	path_join(&folder, reg->store->dir, "broken");
	path_join(&to, folder.buf, name);
	if (file_mkdir_parents(folder.buf, 0777, err) < 0)
		return -1;
	if (rename(from.buf, to.buf) < 0)
		return error_set_errno(err, "cannot move '%s'", from.buf);
	report_note(reg->report, "the pack '%s' cannot be read and is not needed any more: it was moved to '%s'", name, folder.buf);
	return 0;
}

int fsck_clear_up(struct registry *reg, struct error *err)
{
	CLEANUP(gc_result) struct gc_result result = GC_RESULT_INIT;
	CLEANUP(hashmap) struct hashmap none = HASHMAP_INIT;
	const struct gc_options options = { .act = true, .dropped = &none };
	struct objects *objects;

	registry_drop_view(reg);
	if (gc_run(reg, &options, &result, err) < 0)
		return -1;
	objects = version_objects(reg, err);
	return objects ? objects_each_pack(objects, set_aside, reg, err) : -1;
}

int fsck_rebuild_index(struct registry *reg, struct error *err)
{
	registry_drop_view(reg);
	if (store_rebuild_index(reg->store, err) < 0)
		return error_wrap(err, "cannot rebuild the index");
	return 0;
}
