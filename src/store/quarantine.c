/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps what a transfer receives in packs of its own, and moves what is verified into objects/ when all is there. */
#include <config.h>

#include "store/quarantine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "store/pack-merge.h"
#include "store/quarantine-internal.h"

#define PACK_MAX_RECORDS (1u << 17) /* so that their rows do not fill the memory */
#define FLUSH_BEFORE (64u << 10)    /* what is larger does not wait with what is small: no hole is left where a process was killed */

static void release(struct quarantine *q)
{
	for (size_t i = 0; i < q->count; i++) {
		pack_close(q->packs[i].pack);
		free(q->packs[i].approved);
	}
	hashmap_cleanup(&q->rejected);
	pthread_rwlock_destroy(&q->lock);
	fd_cleanup(&q->lock_fd);
	free(q->packs);
	free(q->dir);
	free(q->parent);
	free(q);
}

struct quarantine *quarantine_open(struct objects *o, const char *mreg_dir, struct error *err)
{
	CLEANUP(strbuf) struct strbuf parent = STRBUF_INIT;
	struct quarantine *q = xcalloc(1, sizeof *q);

	if (o->quarantine)
		BUG("a quarantine is open already");
	path_join(&parent, mreg_dir, "quarantine");
	*q = (struct quarantine){ .objects = o, .parent = strbuf_detach(&parent), .lock_fd = -1, .rejected = HASHMAP_INIT };
	pthread_rwlock_init(&q->lock, NULL);
	if (quarantine_make_dir(q, err) < 0 || quarantine_take_over(q, err) < 0) {
		release(q);
		return NULL;
	}
	o->quarantine = q;
	return q;
}

const char *quarantine_dir(const struct quarantine *q)
{
	return q->dir;
}

uint64_t quarantine_bytes(const struct quarantine *q)
{
	return q->bytes;
}

uint64_t quarantine_records(const struct quarantine *q)
{
	return q->records;
}

/* With the lock held for writing, or while nobody else knows of it. */
int quarantine_hold(struct quarantine *q, const struct oid *name, bool is_ours, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct held_pack *held;
	struct pack *pack;

	pack_path(&path, q->dir, name);
	pack = pack_open(path.buf, name, err);
	if (!pack)
		return -1;
	ARRAY_GROW(q->packs, q->count + 1, q->cap);
	held = &q->packs[q->count++];
	*held = (struct held_pack){ .pack = pack };
	if (is_ours)
		return 0;
	held->approved = xcalloc(pack->table.count / 8 + 1, 1);
	q->left_count++;
	return 0;
}

/* --- what was rejected --- */

struct object_key {
	uint8_t kind, id[OID_LEN];
};

static struct object_key key_of(enum object_kind kind, const struct oid *id)
{
	struct object_key key = { .kind = (uint8_t)kind };

	memcpy(key.id, id->raw, OID_LEN);
	return key;
}

static bool is_rejected(const struct quarantine *q, enum object_kind kind, const struct oid *id)
{
	const struct object_key key = key_of(kind, id);

	return q->rejected.count && hashmap_has(&q->rejected, &key, sizeof key);
}

void quarantine_reject(struct quarantine *q, const struct oid *recipe, const struct oid *file)
{
	const struct object_key keys[] = { key_of(OBJECT_RECIPE, recipe), key_of(OBJECT_FILE, file) };

	pthread_rwlock_wrlock(&q->lock);
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		hashmap_put(&q->rejected, &keys[i], sizeof keys[i], q);
	pthread_rwlock_unlock(&q->lock);
}

/* --- looking up --- */

static bool is_approved(const struct held_pack *held, size_t row)
{
	return !held->approved || (held->approved[row / 8] >> row % 8 & 1);
}

/* With the lock held: whether a pack has such a row, from the one at *at on, that is approved or not. */
static bool find_in_pack(const struct held_pack *held, enum object_kind kind, const struct oid *id, bool approved, struct pack_row *row)
{
	const struct pack_table *table = &held->pack->table;
	int64_t at = pack_table_find(table, id, kind);

	for (size_t i = (size_t)at; at >= 0 && pack_table_row(table, i, held->pack->records_end, row); i++) {
		if (row->kind != kind || !oid_equal(&row->id, id))
			break;
		if (is_approved(held, i) == approved)
			return true;
	}
	return false;
}

/* With the lock held: the pack that has it, NULL with true: the writer has it. */
static bool find(struct quarantine *q, enum object_kind kind, const struct oid *id, struct pack_row *row, struct pack **pack)
{
	*pack = NULL;
	if (is_rejected(q, kind, id))
		return false;
	if (q->writer && pack_writer_find(q->writer, id, kind, row))
		return true;
	for (size_t i = q->count; i-- > 0;) {
		*pack = q->packs[i].pack;
		if (find_in_pack(&q->packs[i], kind, id, true, row))
			return true;
	}
	return false;
}

bool quarantine_find(struct quarantine *q, enum object_kind kind, const struct oid *id, struct pack_row *row)
{
	struct pack *pack;
	bool found;

	pthread_rwlock_rdlock(&q->lock);
	found = find(q, kind, id, row, &pack);
	pthread_rwlock_unlock(&q->lock);
	return found;
}

int quarantine_read(struct quarantine *q, enum object_kind kind, const struct oid *id, struct pack_row *row, struct strbuf *stored,
		    struct error *err)
{
	struct pack *pack;
	int rc = 0;

	pthread_rwlock_rdlock(&q->lock);
	if (find(q, kind, id, row, &pack))
		rc = (pack ? pack_read_stored(pack, row, stored, err) : pack_writer_read_stored(q->writer, row, stored, err)) < 0 ? -1 : 1;
	pthread_rwlock_unlock(&q->lock);
	return rc;
}

bool quarantine_file_of(struct quarantine *q, const struct oid *recipe, struct oid *file)
{
	struct error ignored = ERROR_INIT;
	struct record_head head;
	struct pack_row row;
	struct pack *pack;
	bool found;

	pthread_rwlock_rdlock(&q->lock);
	found = find(q, OBJECT_RECIPE, recipe, &row, &pack) &&
		(pack ? pack_read_head(pack, &row, &head, &ignored) : pack_writer_read_head(q->writer, &row, &head, &ignored)) == 0;
	pthread_rwlock_unlock(&q->lock);
	if (found)
		*file = head.file;
	return found;
}

/* --- what was left over --- */

bool quarantine_has_left(struct quarantine *q, enum object_kind kind, const struct oid *id)
{
	struct pack_row row;
	bool found = false;

	if (!q->left_count)
		return false;
	pthread_rwlock_rdlock(&q->lock);
	for (size_t i = 0; i < q->count && !found; i++)
		found = q->packs[i].approved && find_in_pack(&q->packs[i], kind, id, false, &row);
	pthread_rwlock_unlock(&q->lock);
	return found;
}

bool quarantine_read_left(struct quarantine *q, enum object_kind kind, const struct oid *id, struct quarantine_left *at,
			  struct record_head *head, struct strbuf *stored)
{
	struct error ignored = ERROR_INIT;
	bool found = false;

	pthread_rwlock_rdlock(&q->lock);
	for (size_t i = 0; i < q->count && !found; i++) {
		const struct pack *pack = q->packs[i].pack;

		found = q->packs[i].approved && find_in_pack(&q->packs[i], kind, id, false, &at->row) &&
			pack_read_head(pack, &at->row, head, &ignored) == 0 && pack_read_stored(pack, &at->row, stored, &ignored) == 0;
		at->pack = i;
	}
	pthread_rwlock_unlock(&q->lock);
	return found;
}

/* With the lock held for writing. */
static void approve_row(struct held_pack *held, enum object_kind kind, const struct oid *id, uint64_t offset)
{
	const struct pack_table *table = &held->pack->table;
	int64_t at = pack_table_find(table, id, kind);
	struct pack_row row;

	for (size_t i = (size_t)at; at >= 0 && pack_table_row(table, i, held->pack->records_end, &row); i++) {
		if (row.kind != kind || !oid_equal(&row.id, id))
			break;
		if (row.offset != offset || is_approved(held, i))
			continue;
		held->approved[i / 8] |= (uint8_t)(1u << i % 8);
		held->count++;
	}
}

void quarantine_approve(struct quarantine *q, const struct quarantine_left *at)
{
	struct error ignored = ERROR_INIT;
	struct held_pack *held;
	struct record_head head;

	pthread_rwlock_wrlock(&q->lock);
	held = &q->packs[at->pack];
	if (pack_read_head(held->pack, &at->row, &head, &ignored) == 0) {
		approve_row(held, head.kind, &head.id, at->row.offset);
		if (head.kind == OBJECT_RECIPE)
			approve_row(held, OBJECT_FILE, &head.file, at->row.offset);
	}
	pthread_rwlock_unlock(&q->lock);
}

/* --- taking in --- */

/* With the lock held for writing. */
static int finish_writer(struct quarantine *q, struct error *err)
{
	struct oid name;

	if (!q->writer)
		return 0;
	if (!pack_writer_count(q->writer)) {
		pack_writer_abort(&q->writer);
		return 0;
	}
	return pack_writer_finish(&q->writer, q->dir, &name, err) < 0 ? -1 : quarantine_hold(q, &name, true, err);
}

/* Returns with the lock held for reading and a pack to add to. */
static int use_writer(struct quarantine *q, struct error *err)
{
	for (;;) {
		int rc = 0;

		pthread_rwlock_rdlock(&q->lock);
		if (q->writer && pack_writer_bytes(q->writer) < PACK_MAX_BYTES && pack_writer_count(q->writer) < PACK_MAX_RECORDS)
			return 0;
		pthread_rwlock_unlock(&q->lock);
		pthread_rwlock_wrlock(&q->lock);
		if (q->writer && (pack_writer_bytes(q->writer) >= PACK_MAX_BYTES || pack_writer_count(q->writer) >= PACK_MAX_RECORDS))
			rc = finish_writer(q, err);
		if (!rc && !q->writer && !(q->writer = pack_writer_new(q->dir, clock_now(), err)))
			rc = -1;
		pthread_rwlock_unlock(&q->lock);
		if (rc < 0)
			return -1;
	}
}

/* Without counting: also for what moves from one pack of the quarantine to another. */
static int add(struct quarantine *q, const struct record_head *head, const void *stored, struct error *err)
{
	struct record_head own = *head;
	int rc;

	if (use_writer(q, err) < 0)
		return -1;
	rc = head->stored_len > FLUSH_BEFORE ? pack_writer_flush(q->writer, err) : 0;
	if (!rc)
		rc = pack_writer_add(q->writer, &own, stored, err);
	pthread_rwlock_unlock(&q->lock);
	return rc;
}

int quarantine_add(struct quarantine *q, const struct record_head *head, const void *stored, struct error *err)
{
	if (add(q, head, stored, err) < 0)
		return -1;
	q->bytes += RECORD_HEAD_LEN + (head->kind == OBJECT_RECIPE ? RECORD_FILE_LEN : 0) + head->stored_len;
	q->records++;
	return 0;
}

/* --- into objects/ --- */

static bool row_counts(const struct quarantine *q, const struct held_pack *held, size_t i, struct pack_row *row)
{
	return is_approved(held, i) && pack_table_row(&held->pack->table, i, held->pack->records_end, row) &&
	       !is_rejected(q, row->kind, &row->id);
}

/* It can become one of the registry's as it is.  What was left over in small pieces is better put together. */
static bool is_whole(const struct quarantine *q, const struct held_pack *held)
{
	struct pack_row row;

	if (held->approved && (held->count != held->pack->table.count || held->pack->len < PACK_SMALL_BYTES))
		return false;
	for (size_t i = 0; q->rejected.count && i < held->pack->table.count; i++)
		if (!row_counts(q, held, i, &row))
			return false;
	return true;
}

static int copy_good(struct quarantine *q, size_t pack, struct error *err)
{
	CLEANUP(strbuf) struct strbuf stored = STRBUF_INIT;

	for (size_t i = 0; i < q->packs[pack].pack->table.count; i++) {
		const struct held_pack held = q->packs[pack]; /* adding may move the list */
		struct record_head head;
		struct pack_row row;

		if (!row_counts(q, &held, i, &row) || row.kind == OBJECT_FILE)
			continue;
		if (pack_read_head(held.pack, &row, &head, err) < 0 || pack_read_stored(held.pack, &row, &stored, err) < 0 ||
		    add(q, &head, stored.buf, err) < 0)
			return -1;
	}
	return 0;
}

/* Takes a pack out of the list; its file is elsewhere by now, or to be removed. */
static void drop(struct quarantine *q, size_t at, bool remove)
{
	struct held_pack *held = &q->packs[at];

	if (remove)
		(void)unlink(held->pack->path);
	q->left_count -= held->approved != NULL;
	pack_close(held->pack);
	free(held->approved);
	memmove(held, held + 1, (q->count - at - 1) * sizeof *held);
	q->count--;
}

/* From packs that cannot go as they are, what is good goes into new ones. */
static int sort_out(struct quarantine *q, struct error *err)
{
	size_t count;

	/* rows that are still to be written cannot be told from each other */
	if (q->rejected.count && finish_writer(q, err) < 0)
		return -1;
	count = q->count;
	for (size_t i = 0; i < count; i++) {
		struct held_pack *held = &q->packs[i];

		if (is_whole(q, held) || (held->approved && !held->count))
			continue;
		pthread_rwlock_unlock(&q->lock);
		if (copy_good(q, i, err) < 0) {
			pthread_rwlock_wrlock(&q->lock);
			return -1;
		}
		pthread_rwlock_wrlock(&q->lock);
	}
	return finish_writer(q, err);
}

static int sync_file(const char *path, struct error *err)
{
	CLEANUP(fd) int fd = file_open(path, 0, 0, err);

	return fd < 0 ? -1 : file_sync(fd, path, err);
}

static int move_one(struct quarantine *q, size_t at, struct error *err)
{
	struct oid name = q->packs[at].pack->name;
	const char *path = q->packs[at].pack->path;

	/* one that was adopted may not be durable yet */
	if (q->packs[at].approved && sync_file(path, err) < 0)
		return -1;
	if (pack_move_in(path, q->objects->objects_dir, &name, err) < 0)
		return -1;
	drop(q, at, false);
	crash_point("quarantine-between-packs");
	return pack_set_add(q->objects->packs, &name, err);
}

static int move_all(struct quarantine *q, struct error *err)
{
	for (size_t i = 0; i < q->count;) {
		struct held_pack *held = &q->packs[i];

		if (is_whole(q, held)) {
			if (move_one(q, i, err) < 0)
				return -1;
		} else if (!held->approved) {
			drop(q, i, true);
		} else {
			memset(held->approved, 0, held->pack->table.count / 8 + 1); /* copies of them are there now */
			held->count = 0;
			i++;
		}
	}
	return 0;
}

/* fsck's list: what is here now is sound. */
static void take_off_list(struct quarantine *q)
{
	struct damaged *damaged = &q->objects->damaged;

	for (size_t i = 0; damaged->has_any && i < q->count; i++) {
		struct pack_row row;

		for (size_t k = 0; k < q->packs[i].pack->table.count; k++)
			if (row_counts(q, &q->packs[i], k, &row))
				damaged_take(damaged, &row.id);
	}
}

int quarantine_commit(struct quarantine *q, struct error *err)
{
	struct error problem = ERROR_INIT;
	int rc;

	crash_point("quarantine-before-finish");
	pthread_rwlock_wrlock(&q->lock);
	rc = sort_out(q, err);
	if (!rc) {
		crash_point("quarantine-before-move");
		take_off_list(q);
		rc = move_all(q, err);
	}
	if (!rc)
		hashmap_release(&q->rejected, NULL);
	pthread_rwlock_unlock(&q->lock);
	if (rc < 0)
		return -1;
	/* derived: what matters is durable without it */
	if (damaged_save(&q->objects->damaged, &problem) < 0)
		report_note(q->objects->report, "%s", problem.text);
	return 0;
}

/* So that who takes it over has whole packs. */
static void leave(struct quarantine *q)
{
	struct error ignored = ERROR_INIT;

	pthread_rwlock_wrlock(&q->lock);
	(void)!finish_writer(q, &ignored);
	pthread_rwlock_unlock(&q->lock);
}

void quarantine_close(struct quarantine *q, bool keep)
{
	struct error ignored = ERROR_INIT;

	if (!q)
		return;
	q->objects->quarantine = NULL;
	if (keep && q->writer)
		leave(q);
	pack_writer_abort(&q->writer);
	crash_point("quarantine-before-remove");
	if ((!keep || !q->count) && file_remove_tree(q->dir, &ignored) < 0)
		error_clear(&ignored);
	release(q);
}
