/* SPDX-License-Identifier: Apache-2.0 */
/* Copies what is alive out of packs that are partly dead, and takes the old packs out of use. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/tempfile.h"
#include "store/collect-internal.h"
#include "store/objects-state.h"

#define MAX_RECORDS (1u << 17) /* of a new pack, so that its rows do not fill the memory */
#define DAY_NS (INT64_C(86400) * 1000000000)

/* Packs that go at once, and the one that takes their place. */
struct round {
	struct collector *c;
	struct victim *v; /* count of them, one after the other */
	size_t count;
	struct strbuf staging; /* a directory in tmp/ with the new pack in it; empty: there is none */
	struct oid made;       /* its name */
	const char *folder;    /* where the old ones go */
};

static void round_cleanup(struct round *r)
{
	struct error ignored = ERROR_INIT;

	if (r->staging.len && file_remove_tree(r->staging.buf, &ignored) < 0)
		error_clear(&ignored); /* the next command that stores something sweeps it */
	strbuf_release(&r->staging);
}

static void pack_writer_cleanup(struct pack_writer **w)
{
	pack_writer_abort(w);
}

/* --- copying --- */

static int compare_offsets(const void *left, const void *right)
{
	const struct pack_row *a = left, *b = right;

	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* Rows of what stays, in the order in which the records lie. */
static struct pack_row *list_rows(const struct victim *v)
{
	struct pack_row *rows = xcalloc(v->live_count + 1, sizeof *rows);
	size_t count = 0;

	for (size_t i = 0; i < v->pack->table.count && count < v->live_count; i++)
		if ((v->stays[i / 8] >> i % 8 & 1) && pack_table_row(&v->pack->table, i, v->pack->records_end, &rows[count]))
			count++;
	if (count != v->live_count)
		BUG("%zu rows where %zu were counted", count, v->live_count);
	qsort(rows, count, sizeof *rows, compare_offsets);
	return rows;
}

/* The bytes that are stored, not encoded again.  What no longer matches its checksum leaves the whole pack as it is. */
static int copy_record(struct victim *v, const struct pack_row *row, struct strbuf *stored, struct pack_writer *w, struct error *err)
{
	struct record_head head;

	if (interrupt_check(err) < 0)
		return -1;
	if (pack_read_head(v->pack, row, &head, err) < 0 || pack_read_stored(v->pack, row, stored, err) < 0) {
		if (err->code != ERR_INTEGRITY)
			return -1;
		v->is_left = true;
		return 0;
	}
	return pack_writer_add(w, &head, stored->buf, err);
}

static int copy_pack(const struct round *r, struct victim *v, struct pack_writer *w, struct error *err)
{
	CLEANUP(ptr) struct pack_row *rows = list_rows(v);
	CLEANUP(strbuf) struct strbuf stored = STRBUF_INIT;

	if (v->is_left)
		return 0;
	for (size_t i = 0; i < v->live_count && !v->is_left; i++)
		if (copy_record(v, &rows[i], &stored, w, err) < 0)
			return -1;
	if (!v->is_left)
		return 0;
	report_warning(r->c->store->report, "pack '%s' holds a damaged object, and stays as it is: %s", v->pack->path, err->text);
	error_clear(err);
	return 0;
}

static int64_t newest_birth(const struct round *r)
{
	int64_t birth = r->v[0].pack->birth;

	for (size_t i = 1; i < r->count; i++)
		if (r->v[i].pack->birth > birth)
			birth = r->v[i].pack->birth;
	return birth;
}

/* As readable as the directory it is to go to. */
static int make_staging(struct round *r, struct error *err)
{
	const struct objects *o = r->c->objects;
	struct stat st;

	if (file_mkdir(o->tmp_dir, 0777, err) < 0)
		return -1;
	tempfile_name(&r->staging, o->tmp_dir, "gc");
	if (file_mkdir(r->staging.buf, 0777, err) < 0)
		return -1;
	if (!stat(o->objects_dir, &st) && (st.st_mode & S_ISGID) && (st.st_mode & S_IWGRP) && chmod(r->staging.buf, 02775))
		return error_set_errno(err, "cannot share '%s'", r->staging.buf);
	return 0;
}

static int stage(struct round *r, struct error *err)
{
	CLEANUP(pack_writer) struct pack_writer *w = NULL;

	if (!r->v[0].live_count)
		return 0;
	if (make_staging(r, err) < 0)
		return -1;
	w = pack_writer_new(r->c->objects->tmp_dir, newest_birth(r), err);
	if (!w)
		return -1;
	for (size_t i = 0; i < r->count; i++)
		if (copy_pack(r, &r->v[i], w, err) < 0)
			return -1;
	crash_point("gc-before-finish");
	return pack_writer_finish(&w, r->staging.buf, &r->made, err);
}

/* --- taking the old ones out of use, with the objects locked --- */

static bool goes(const struct victim *v)
{
	return !v->is_left && !v->has_risen;
}

static bool is_going(const struct round *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (goes(&r->v[i]))
			return true;
	return false;
}

static bool has_made(const struct round *r)
{
	static const struct oid none;

	return !oid_equal(&r->made, &none);
}

static int move_in(const struct round *r, struct error *err)
{
	CLEANUP(strbuf) struct strbuf from = STRBUF_INIT, to = STRBUF_INIT;

	if (!has_made(r))
		return 0;
	pack_path(&from, r->staging.buf, &r->made);
	pack_path(&to, r->c->objects->objects_dir, &r->made);
	crash_point("gc-before-rename");
	if (rename(from.buf, to.buf))
		return error_set_errno(err, "cannot rename '%s' to '%s'", from.buf, to.buf);
	crash_point("gc-after-rename");
	return file_sync_dir(r->c->objects->objects_dir, err);
}

/* A new pack that is called like an old one is that pack, as an earlier gc left it that ended before this step. */
static int retire(const struct round *r, struct error *err)
{
	for (size_t i = 0; i < r->count; i++) {
		struct victim *v = &r->v[i];

		if (!goes(v) || (has_made(r) && oid_equal(&v->pack->name, &r->made)))
			continue;
		crash_point("gc-while-retiring");
		if (retired_move_in(r->c->objects->objects_dir, r->folder, &v->pack->name, err) < 0)
			return -1;
		v->is_gone = true;
	}
	return file_sync_dir(r->folder, err) < 0 ? -1 : file_sync_dir(r->c->objects->objects_dir, err);
}

static int replace(struct round *r, collect_again_fn again, void *arg, struct error *err)
{
	crash_point("gc-locked");
	if (again(arg, err) < 0)
		return -1;
	/* also what came alive in an earlier round */
	for (size_t i = 0; i < r->count && live_set_count(r->c->live) != r->c->live_count; i++)
		r->v[i].has_risen = collect_has_risen(r->c, &r->v[i]);
	if (!is_going(r))
		return 0;
	return move_in(r, err) < 0 ? -1 : retire(r, err);
}

/* The lock on what we read ourselves must be given back first; nobody else moves packs meanwhile, since we hold LOCK_MERGE. */
static int replace_locked(struct round *r, collect_again_fn again, void *arg, struct error *err)
{
	struct store *store = r->c->store;
	struct error problem = ERROR_INIT;
	int rc;

	if (store_lock_objects(store, true, err) < 0) {
		if (store_lock_objects(store, false, &problem) < 0)
			error_clear(&problem); /* the first reason counts */
		return -1;
	}
	rc = replace(r, again, arg, err);
	if (store_lock_objects(store, false, rc < 0 ? &problem : err) < 0)
		return -1;
	return rc < 0 || pack_set_refresh(r->c->objects->packs, err) < 0 ? -1 : 0;
}

/* --- rounds --- */

/* Closed as well: there is no room for the next round before. */
static int drop_old(const struct round *r, struct error *err)
{
	for (size_t i = 0; i < r->count; i++) {
		CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;

		if (!r->v[i].is_gone)
			continue;
		pack_path(&path, r->folder, &r->v[i].pack->name);
		crash_point("gc-before-unlink");
		if (unlink(path.buf) && errno != ENOENT)
			return error_set_errno(err, "cannot remove '%s'", path.buf);
		pack_set_forget(r->c->objects->packs, &r->v[i].pack->name);
		r->v[i].pack = NULL;
	}
	return 0;
}

static int do_round(
	struct round *r, collect_again_fn again, void *arg, struct collect_sums *done, struct error *err)
{
	if (!is_going(r) || stage(r, err) < 0)
		return err->code == ERR_NONE ? 0 : -1;
	if (!is_going(r))
		return 0;
	if (replace_locked(r, again, arg, err) < 0)
		return -1;
	for (size_t i = 0; i < r->count; i++)
		collect_add(done, &r->v[i]);
	return r->c->options.keep_ns ? 0 : drop_old(r, err);
}

/* As many as fit one new pack: all that need no copy, or at least one. */
static size_t size_round(const struct collector *c, size_t first)
{
	uint64_t bytes = c->victims[first].live_bytes, records = c->victims[first].live_count;
	size_t next = first + 1;

	for (; next < c->count; next++) {
		const struct victim *v = &c->victims[next];

		bytes += v->live_bytes;
		records += v->live_count;
		if ((v->live_count > 0) != (c->victims[first].live_count > 0) || bytes > PACK_MAX_BYTES || records > MAX_RECORDS)
			break;
	}
	return next - first;
}

static int run_rounds(struct collector *c, const char *folder, collect_again_fn again, void *arg, struct collect_sums *done, struct error *err)
{
	for (size_t first = 0, count; first < c->count; first += count) {
		CLEANUP(round) struct round r = { .c = c, .v = &c->victims[first], .staging = STRBUF_INIT, .folder = folder };

		r.count = count = size_round(c, first);
		report_progress(c->store->report, "collecting", first, c->count);
		if (do_round(&r, again, arg, done, err) < 0)
			return -1;
	}
	return 0;
}

/* --- what is retired --- */

static bool is_in_use(struct objects *o, const struct pack_row *row)
{
	struct error ignored = ERROR_INIT;
	struct pack_place place;

	for (size_t nth = 0; pack_set_find(o->packs, row->kind, &row->id, nth, &place); nth++)
		if (pack_set_pack(o->packs, place.slot, &ignored))
			return true;
	return false;
}

static bool is_usable(const struct pack_row *row, void *arg)
{
	return is_in_use(arg, row);
}

static bool is_needless(const struct pack_row *row, void *arg)
{
	const struct collector *c = arg;

	return !collect_is_live(c, row) || is_in_use(c->objects, row);
}

/* The reverse of dead, which is neither in use nor alive. */
static bool is_not_dead(const struct pack_row *row, void *arg)
{
	const struct collector *c = arg;

	return collect_is_live(c, row) || is_in_use(c->objects, row);
}

static int tidy_retired(struct collector *c, struct error *err)
{
	const char *dir = c->objects->objects_dir;

	if (!c->options.keep_ns)
		return retired_sweep_all(dir, is_needless, c, err);
	if (retired_note_dead(dir, is_not_dead, c, err) < 0)
		return -1;
	return retired_sweep(dir, SIZE_MAX, is_needless, c, err);
}

int collect_prepare(struct store *store, struct error *err)
{
	struct objects *o = store->objects;

	if (pack_set_refresh(o->packs, err) < 0 || retired_bring_back(o->objects_dir, is_usable, o, err) < 0)
		return -1;
	return pack_set_refresh(o->packs, err) < 0 ? -1 : 0;
}

static int64_t kept_until(const struct collector *c)
{
	return c->now + (c->options.keep_ns < DAY_NS ? c->options.keep_ns : DAY_NS);
}

int collect_run(struct collector *c, collect_again_fn again, void *arg, struct collect_sums *done, struct error *err)
{
	CLEANUP(strbuf) struct strbuf folder = STRBUF_INIT;

	*done = (struct collect_sums){ 0 };
	if (c->count && retired_make_gc_folder(c->objects->objects_dir, kept_until(c), &folder, err) < 0)
		return -1;
	if (run_rounds(c, folder.buf, again, arg, done, err) < 0)
		return -1;
	crash_point("gc-before-tidy");
	if (tidy_retired(c, err) < 0)
		return -1;
	return objects_consolidate(c->objects, err);
}
