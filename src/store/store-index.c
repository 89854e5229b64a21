/* SPDX-License-Identifier: Apache-2.0 */
/* The index of an open registry: the one on disk where it can be used, else one made anew or in memory. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/file.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/tempfile.h"
#include "store/index.h"
#include "store/kv.h"
#include "store/store.h"

#define SWAP_TRIES 100

static struct index_source source_of(struct store *s)
{
	return (struct index_source){ s->index, &s->journal, &s->stamp };
}

static void close_index(struct store *s)
{
	kv_close(s->index);
	s->index = NULL;
	s->index_is_private = false;
}

void store_distrust_index(struct store *s)
{
	close_index(s);
	s->index_failed = true;
}

/* As writable for the group as the registry itself, whatever the umask says; LMDB's files then follow their directory. */
static int make_directory(const struct store *s, const char *dir, struct error *err)
{
	struct stat st;

	if (file_exists(dir))
		return 0;
	if (file_mkdir(dir, 0777, err) < 0)
		return -1;
	if (!stat(s->dir, &st) && (st.st_mode & S_ISGID) && (st.st_mode & S_IWGRP) && chmod(dir, 02775))
		return error_set_errno(err, "cannot share '%s'", dir);
	return 0;
}

static enum index_state read_state(struct store *s, struct journal_position *at, struct error *err)
{
	struct index_source src = source_of(s);
	CLEANUP(kv_txn) struct kv_txn *txn = kv_begin(s->index, false, err);

	return txn ? index_read_state(txn, &src, at, err) : INDEX_FAILED;
}

static int commit(struct kv_txn **txn, struct error *err)
{
	crash_point("index-before-commit");
	if (kv_commit(txn, err) < 0)
		return -1;
	crash_point("index-after-commit");
	return 0;
}

/* Applies all that the journal has beyond the index; a torn tail is cut when `cut`, else left to the next writer. */
static int fold_into(struct store *s, struct kv *kv, bool cut, struct error *err)
{
	struct index_source src = { kv, &s->journal, &s->stamp };
	struct journal_position end;
	enum journal_tail tail;

	for (;;) {
		CLEANUP(kv_txn) struct kv_txn *txn = index_replay(&src, &end, &tail, err);

		if (!txn)
			return -1;
		if (cut && tail == JOURNAL_TORN && journal_cut_torn(&s->journal, &end, s->report, err) < 0)
			return -1;
		if (!commit(&txn, err))
			return 0;
		if (!kv_is_full(kv))
			return -1;
		kv_abort(&txn);
		error_clear(err);
		if (kv_grow(kv, err) < 0)
			return -1;
	}
}

/* Where locks cannot be had at all, on a read-only medium, nobody writes either. */
static int share_journal(struct store *s, struct lock *lock, struct error *err)
{
	if (!lock_take(lock, s->dir, LOCK_JOURNAL, false, s->lock_timeout_ms, s->verb, err))
		return 0;
	if (err->code == ERR_LOCK_TIMEOUT || err->code == ERR_INTERRUPTED)
		return -1;
	error_clear(err);
	return 0;
}

static int use_private(struct store *s, bool locked, struct error *err)
{
	CLEANUP(lock) struct lock lock = LOCK_INIT;

	close_index(s);
	if (!locked && share_journal(s, &lock, err) < 0)
		return -1;
	s->index = kv_open(s->dir, KV_MEMORY, err);
	if (!s->index)
		return -1;
	s->index_is_private = true;
	if (fold_into(s, s->index, false, err) < 0) {
		close_index(s);
		return -1;
	}
	return 0;
}

/* Renaming over a directory is refused, and another process may make an empty index between two renames: hence exchange, and tries. */
static int swap_directories(const char *fresh, const char *index, const char *old, struct error *err)
{
	for (int i = 0; i < SWAP_TRIES; i++) {
#ifdef HAVE_RENAMEAT2
		if (!renameat2(AT_FDCWD, fresh, AT_FDCWD, index, RENAME_EXCHANGE))
			return 0;
#endif
		if (rename(index, old) && errno != ENOENT)
			break;
		if (!rename(fresh, index))
			return 0;
		if (errno != ENOTEMPTY && errno != EEXIST)
			break;
		if (file_remove_tree(old, err) < 0)
			return -1;
	}
	return error_set_errno(err, "cannot put the new index in place at '%s'", index);
}

/* At `dir`, which is ours and durable when this returns. */
static int make_index(struct store *s, const char *dir, struct error *err)
{
	CLEANUP(kv) struct kv *kv = NULL;

	if (make_directory(s, dir, err) < 0)
		return -1;
	kv = kv_open(dir, KV_READ_WRITE, err);
	if (!kv || fold_into(s, kv, true, err) < 0)
		return -1;
	return file_sync_dir(dir, err);
}

static int replace_index(struct store *s, const char *fresh, struct error *err)
{
	CLEANUP(strbuf) struct strbuf index = STRBUF_INIT, old = STRBUF_INIT, tmp = STRBUF_INIT;

	path_join(&tmp, s->dir, "tmp");
	path_join(&index, s->dir, "index");
	tempfile_name(&old, tmp.buf, "index");
	crash_point("rebuild-before-swap");
	if (swap_directories(fresh, index.buf, old.buf, err) < 0 || file_sync_dir(s->dir, err) < 0 || file_remove_tree(old.buf, err) < 0)
		return -1;
	return file_remove_tree(fresh, err); /* after an exchange it is the old one */
}

/* The caller holds LOCK_JOURNAL.  Only one environment on disk may be open, so the old one is closed first. */
static int rebuild(struct store *s, struct error *err)
{
	CLEANUP(strbuf) struct strbuf tmp = STRBUF_INIT, fresh = STRBUF_INIT;
	struct error ignored = ERROR_INIT;

	close_index(s);
	path_join(&tmp, s->dir, "tmp");
	tempfile_name(&fresh, tmp.buf, "index");
	if (file_mkdir(tmp.buf, 0777, err) < 0)
		return -1;
	if (!make_index(s, fresh.buf, err) && !replace_index(s, fresh.buf, err))
		return 0;
	if (file_remove_tree(fresh.buf, &ignored) < 0)
		error_clear(&ignored);
	return error_wrap(err, "cannot rebuild the index of '%s'", s->dir);
}

int store_rebuild_index(struct store *s, struct error *err)
{
	CLEANUP(lock) struct lock lock = LOCK_INIT;

	if (store_use_journal(s, err) < 0 || lock_take(&lock, s->dir, LOCK_JOURNAL, true, s->lock_timeout_ms, s->verb, err) < 0)
		return -1;
	if (rebuild(s, err) < 0)
		return -1;
	s->index_failed = false;
	return 0;
}

static bool is_about_writing(const struct error *err)
{
	return err->code == ERR_READ_ONLY || err->code == ERR_LOCAL || err->code == ERR_DISK_FULL;
}

static bool is_same_directory(const struct stat *before, const char *dir)
{
	struct stat now;

	return !stat(dir, &now) && now.st_ino == before->st_ino && now.st_dev == before->st_dev;
}

/* A rebuilt index may take the directory's place while LMDB opens one file after the other, and another index's lock file locks nothing. */
static int open_mode(struct store *s, enum kv_mode mode, struct error *err)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;
	struct stat before;

	path_join(&dir, s->dir, "index");
	for (int i = 0; i < SWAP_TRIES; i++) {
		if (mode == KV_READ_WRITE && make_directory(s, dir.buf, err) < 0)
			return -1;
		if (stat(dir.buf, &before))
			return error_set_errno(err, "cannot open index '%s'", dir.buf);
		s->index = kv_open(dir.buf, mode, err);
		if (!s->index || is_same_directory(&before, dir.buf))
			return s->index ? 0 : -1;
		close_index(s);
	}
	return error_set(err, ERR_LOCAL, "cannot open index '%s': it is replaced again and again", dir.buf);
}

/* 1: open, and what it says is all that the journal says; 0: not so; -1. */
static int open_current(struct store *s, struct error *err)
{
	struct journal_position at;
	enum index_state state;
	uint64_t size;

	if (open_mode(s, KV_READ_ONLY, err) < 0) {
		if (!is_about_writing(err))
			return -1;
		error_clear(err);
		return 0;
	}
	state = read_state(s, &at, err);
	if (state == INDEX_FAILED || journal_size(&s->journal, &size, err) < 0)
		return -1;
	return state == INDEX_USABLE && at.offset == size && !journal_check(&s->journal, &at, err);
}

/* Who rebuilds sees under the lock whether another has done it meanwhile. */
static int rebuild_foreign(struct store *s, bool locked, struct error *err)
{
	CLEANUP(lock) struct lock lock = LOCK_INIT;
	struct journal_position at;

	if (!locked) {
		if (lock_take(&lock, s->dir, LOCK_JOURNAL, true, s->lock_timeout_ms, s->verb, err) < 0)
			return -1;
		close_index(s);
		if (open_mode(s, KV_READ_WRITE, err) < 0)
			return -1;
		switch (read_state(s, &at, err)) {
		case INDEX_FAILED:
			return -1;
		case INDEX_FOREIGN:
			break;
		case INDEX_EMPTY:
		case INDEX_USABLE:
			return 0;
		}
	}
	if (rebuild(s, err) < 0)
		return -1;
	return open_mode(s, KV_READ_WRITE, err);
}

static int open_on_disk(struct store *s, bool locked, struct error *err)
{
	struct journal_position at;

	if (open_mode(s, KV_READ_WRITE, err) < 0)
		return -1;
	switch (read_state(s, &at, err)) {
	case INDEX_FAILED:
		return -1;
	case INDEX_FOREIGN:
		return rebuild_foreign(s, locked, err);
	case INDEX_EMPTY:
	case INDEX_USABLE:
		break;
	}
	return 0;
}

static int damaged(struct store *s, struct error *err)
{
	close_index(s);
	if (err->code == ERR_INTEGRITY && !err->hint[0])
		error_hint(err, "Run 'mreg fsck --rebuild-index'.");
	return -1;
}

static int use_index(struct store *s, bool locked, struct error *err)
{
	int current;

	if (!s->index_failed) {
		if (!open_on_disk(s, locked, err))
			return 0;
		if (!is_about_writing(err))
			return damaged(s, err);
		error_clear(err);
		close_index(s);
		current = locked ? 0 : open_current(s, err);
		if (current)
			return current < 0 ? damaged(s, err) : 0;
		error_clear(err);
	}
	return use_private(s, locked, err);
}

int store_use_index(struct store *s, struct error *err)
{
	if (s->index)
		return 0;
	if (store_use_journal(s, err) < 0)
		return -1;
	return use_index(s, false, err);
}

int store_use_index_locked(struct store *s, struct error *err)
{
	if (s->index && !s->index_is_private && (!kv_is_writable(s->index) || kv_was_replaced(s->index)))
		close_index(s);
	if (s->index)
		return 0;
	if (store_use_journal(s, err) < 0)
		return -1;
	return use_index(s, true, err);
}

/* Nothing to be written, on a disk that may be full. */
static bool is_current(struct store *s)
{
	struct error ignored = ERROR_INIT;
	struct journal_position at;
	uint64_t size;

	return read_state(s, &at, &ignored) == INDEX_USABLE && !journal_size(&s->journal, &size, &ignored) && at.offset == size;
}

/* So that what is compared stands for the same lines: the index catches up and stays there. */
static int catch_up(struct store *s, struct lock *lock, struct error *err)
{
	if (store_use_index(s, err) < 0)
		return -1;
	if (s->index_is_private || !kv_is_writable(s->index))
		return share_journal(s, lock, err);
	if (lock_take(lock, s->dir, LOCK_JOURNAL, true, s->lock_timeout_ms, s->verb, err) < 0 || store_use_index_locked(s, err) < 0)
		return -1;
	return is_current(s) ? 0 : fold_into(s, s->index, false, err);
}

int store_check_index(struct store *s, void (*fn)(const char *key, void *arg), void *arg, uint64_t *differences, struct error *err)
{
	CLEANUP(fold) struct fold fold = FOLD_INIT;
	CLEANUP(lock) struct lock lock = LOCK_INIT;
	CLEANUP(kv_txn) struct kv_txn *txn = NULL;
	struct journal_position end;
	enum journal_tail tail;

	*differences = 0;
	if (catch_up(s, &lock, err) < 0)
		return -1;
	txn = kv_begin(s->index, false, err);
	if (!txn || index_fold_journal(&s->journal, &fold, &end, &tail, err) < 0)
		return -1;
	return index_compare(txn, &fold, fn, arg, differences, err);
}
