/* SPDX-License-Identifier: Apache-2.0 */
/* Every call of LMDB: opening with care, transactions that follow a growing map, values that prove themselves. */
#include <config.h>

#include "store/kv.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "store/kv-fault.h"
#include "store/kv-file.h"
#include "store/kv-frame.h"

#define MAX_READERS 1024
#define OPEN_TRIES 50

struct kv {
	MDB_env *env;
	MDB_dbi dbi;
	enum kv_mode mode;
	pid_t pid;
	char *dir;
	unsigned readers, writers;
	bool full, unmapped;
	bool written_under_reader; /* KV_MEMORY: a commit since the oldest read transaction began */
};

struct kv_txn {
	struct kv *kv;
	MDB_txn *txn;
	bool write;
	struct strbuf frame;
};

static struct kv *on_disk; /* the one environment of this process that is not KV_MEMORY */

static void on_assert(MDB_env *env, const char *text)
{
	(void)env;
	(void)text;
	kv_fault_die();
}

static int fail(struct kv *kv, int rc, const char *what, struct error *err)
{
	switch (rc) {
	case MDB_MAP_FULL:
		kv->full = true;
		return error_set(err, ERR_DISK_FULL, "cannot %s the index: its map is full", what);
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_CURSOR_FULL:
	case MDB_PANIC:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
	case MDB_INCOMPATIBLE:
	case MDB_BAD_TXN:
	case MDB_BAD_DBI:
		return kv_file_damaged(err, mdb_strerror(rc));
	default:
		if (rc < 0)
			return error_set(err, ERR_LOCAL, "cannot %s the index: %s", what, mdb_strerror(rc));
		errno = rc;
		return error_set_errno(err, "cannot %s the index", what);
	}
}

static int open_env(struct kv *kv, const char *path, unsigned flags, unsigned mode, uint64_t map_len, struct error *err)
{
	MDB_txn *txn = NULL;
	int rc = EAGAIN, dead, fd;

	if (map_len > SIZE_MAX)
		return error_set(err, ERR_NO_MEMORY, "cannot open index '%s': it is too large for this machine", path);
	/* EAGAIN: another process opens or closes it at this moment.  A failed open leaves an environment that can only be closed. */
	for (int i = 0; i < OPEN_TRIES && rc == EAGAIN; i++) {
		if (i)
			kv_file_pause();
		kv_fault_enter();
		rc = mdb_env_create(&kv->env);
		if (!rc)
			rc = mdb_env_set_maxreaders(kv->env, MAX_READERS);
		if (!rc)
			rc = mdb_env_set_mapsize(kv->env, (size_t)map_len);
		if (!rc)
			rc = mdb_env_set_assert(kv->env, on_assert);
		if (!rc)
			rc = mdb_env_open(kv->env, path, flags, mode);
		if (rc && kv->env) {
			mdb_env_close(kv->env);
			kv->env = NULL;
		}
		kv_fault_leave();
	}
	if (rc)
		return fail(kv, rc, "open", err);
	if (!mdb_env_get_fd(kv->env, &fd))
		fcntl(fd, F_SETFD, FD_CLOEXEC); /* of all its files LMDB forgets it for this one */
	kv_fault_enter();
	if (kv->mode != KV_MEMORY)
		mdb_reader_check(kv->env, &dead); /* only good housekeeping */
	rc = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, &txn);
	if (!rc)
		rc = mdb_dbi_open(txn, NULL, 0, &kv->dbi);
	if (!rc)
		rc = mdb_dbi_flags(txn, kv->dbi, &flags);
	mdb_txn_abort(txn);
	kv_fault_leave();
	if (!rc && flags)
		return kv_file_damaged(err, "its tree is of another kind");
	return rc ? fail(kv, rc, "open", err) : 0;
}

static int open_on_disk(struct kv *kv, struct error *err)
{
	CLEANUP(strbuf) struct strbuf data = STRBUF_INIT, lock = STRBUF_INIT;
	bool writable = kv->mode == KV_READ_WRITE, absent;
	struct stat st;
	uint64_t len;

	if ((writable && stat(kv->dir, &st) && file_mkdir(kv->dir, 0777, err) < 0) || kv_file_refuse_network(kv->dir, err) < 0)
		return -1;
	if (stat(kv->dir, &st))
		return error_set_errno(err, "cannot open index '%s'", kv->dir);
	path_join(&data, kv->dir, "data.mdb");
	path_join(&lock, kv->dir, "lock.mdb");
	if (kv_file_check(data.buf, &len, &absent, err) < 0 || (writable && kv_file_fill_lock(lock.buf, err) < 0))
		return -1;
	if (!writable && absent)
		return error_set(err, ERR_LOCAL, "cannot open index '%s': there is none", kv->dir);
	if (open_env(kv, kv->dir, MDB_NOTLS | MDB_NOMETASYNC | (writable ? 0 : MDB_RDONLY), 0666, kv_file_map_len(len), err) < 0)
		return -1;
	/* A shared registry: others must be able to write these too.  By path, as closing a descriptor would drop locks. */
	if (absent && (st.st_mode & S_IWGRP) && (chmod(data.buf, 0664) || chmod(lock.buf, 0664)))
		return error_set_errno(err, "cannot share index '%s'", kv->dir);
	return 0;
}

/* Without LMDB's locks, which want a file beside this one: kv_begin() sees to it that no commit takes pages from under a reader. */
static int open_in_memory(struct kv *kv, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	CLEANUP(fd) int fd = kv_file_temporary(&path, err);
	int rc;

	if (fd < 0)
		return -1;
	rc = open_env(kv, path.buf, MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC | MDB_NOTLS, 0600, kv_file_map_len(0), err);
	if (strncmp(path.buf, "/proc/", 6) != 0)
		unlink(path.buf);
	return rc;
}

struct kv *kv_open(const char *dir, enum kv_mode mode, struct error *err)
{
	CLEANUP(kv) struct kv *kv = NULL;

	if (mode != KV_MEMORY && on_disk)
		BUG("index '%s' is opened while '%s' is open", dir, on_disk->dir);
	kv = xcalloc(1, sizeof *kv);
	*kv = (struct kv){ .mode = mode, .pid = getpid() };
	kv_fault_catch();
	if (mode == KV_MEMORY)
		return open_in_memory(kv, err) < 0 ? NULL : STEAL(kv);
	kv->dir = xstrdup(dir);
	if (open_on_disk(kv, err) < 0)
		return NULL;
	on_disk = kv;
	return STEAL(kv);
}

void kv_close(struct kv *kv)
{
	int saved = errno;

	if (!kv)
		return;
	if (kv_is_busy(kv))
		BUG("index closed with a transaction open");
	if (on_disk == kv)
		on_disk = NULL;
	/* A forked child only forgets: the locks are its parent's. */
	if (kv->env && kv->pid == getpid()) {
		kv_fault_enter();
		mdb_env_close(kv->env);
		kv_fault_leave();
	}
	free(kv->dir);
	free(kv);
	errno = saved;
}

void kv_cleanup(struct kv **kv)
{
	kv_close(*kv);
	*kv = NULL;
}

static int data_fd(const struct kv *kv)
{
	int fd = -1;

	return mdb_env_get_fd(kv->env, &fd) ? -1 : fd;
}

int kv_identity(struct kv *kv, uint64_t *inode, int64_t *birth, struct error *err)
{
	return kv_file_identity(data_fd(kv), inode, birth, err);
}

bool kv_is_writable(const struct kv *kv)
{
	return kv->mode != KV_READ_ONLY;
}

bool kv_is_busy(const struct kv *kv)
{
	return kv->readers || kv->writers;
}

bool kv_was_replaced(const struct kv *kv)
{
	return kv->mode != KV_MEMORY && kv_file_was_replaced(data_fd(kv), kv->dir);
}

/* len 0: as large as another process has made it.  When the new map cannot be had the old one is gone too. */
static int resize(struct kv *kv, uint64_t len, struct error *err)
{
	int rc;

	if (kv_is_busy(kv))
		return error_set(err, ERR_LOCAL, "cannot grow the index while it is being read");
	if (len > SIZE_MAX)
		return error_set(err, ERR_NO_MEMORY, "cannot grow the index: it is too large for this machine");
	kv_fault_enter();
	rc = mdb_env_set_mapsize(kv->env, (size_t)len);
	kv_fault_leave();
	if (!rc)
		return 0;
	kv->unmapped = true;
	return fail(kv, rc, "grow", err);
}

int kv_enlarge(struct kv *kv, uint64_t bytes, struct error *err)
{
	MDB_envinfo info;
	int rc;

	if (kv->unmapped)
		return error_set(err, ERR_NO_MEMORY, "cannot map the index");
	rc = mdb_env_info(kv->env, &info);
	if (rc)
		return fail(kv, rc, "grow", err);
	return resize(kv, kv_file_longer(info.me_mapsize, info.me_last_pgno + 1, bytes), err);
}

bool kv_is_full(const struct kv *kv)
{
	return kv->full;
}

static int begin_once(struct kv *kv, bool write, MDB_txn **txn)
{
	int rc;

	kv_fault_enter();
	rc = mdb_txn_begin(kv->env, NULL, write ? 0 : MDB_RDONLY, txn);
	kv_fault_leave();
	return rc;
}

static int begin(struct kv *kv, bool write, MDB_txn **txn, struct error *err)
{
	int rc = begin_once(kv, write, txn), dead;

	for (int i = 0; i < OPEN_TRIES && rc == MDB_MAP_RESIZED; i++) {
		if (resize(kv, 0, err) < 0)
			return -1;
		rc = begin_once(kv, write, txn);
	}
	if (rc == MDB_READERS_FULL) {
		kv_fault_enter();
		mdb_reader_check(kv->env, &dead);
		kv_fault_leave();
		rc = begin_once(kv, write, txn);
	}
	return rc ? fail(kv, rc, write ? "write" : "read", err) : 0;
}

struct kv_txn *kv_begin(struct kv *kv, bool write, struct error *err)
{
	struct kv_txn *txn;
	MDB_txn *mdb = NULL;

	if (kv->pid != getpid())
		BUG("index used across a fork");
	if (write && kv->writers)
		BUG("two write transactions on one index");
	if (kv->unmapped) {
		error_set(err, ERR_NO_MEMORY, "cannot map the index");
		return NULL;
	}
	if (write && kv->readers && kv->written_under_reader) {
		error_set(err, ERR_LOCAL, "cannot write the index in memory while it is being read");
		return NULL;
	}
	kv->full = false;
	if (begin(kv, write, &mdb, err) < 0)
		return NULL;
	if (!write && !kv->readers)
		kv->written_under_reader = false;
	*(write ? &kv->writers : &kv->readers) += 1;
	txn = xcalloc(1, sizeof *txn);
	*txn = (struct kv_txn){ kv, mdb, write, STRBUF_INIT };
	return txn;
}

static void forget(struct kv_txn *txn)
{
	*(txn->write ? &txn->kv->writers : &txn->kv->readers) -= 1;
	strbuf_release(&txn->frame);
	free(txn);
}

int kv_commit(struct kv_txn **txn, struct error *err)
{
	struct kv_txn *t = STEAL(*txn);
	struct kv *kv = t->kv;
	bool write = t->write;
	int rc;

	kv_fault_enter();
	rc = mdb_txn_commit(t->txn);
	kv_fault_leave();
	forget(t);
	if (!rc && write && kv->mode == KV_MEMORY)
		kv->written_under_reader = true;
	return rc ? fail(kv, kv_file_write_error(data_fd(kv), rc), "write", err) : 0;
}

void kv_abort(struct kv_txn **txn)
{
	struct kv_txn *t = *txn;
	int saved = errno;

	if (!t)
		return;
	*txn = NULL;
	if (t->kv->pid == getpid()) {
		kv_fault_enter();
		mdb_txn_abort(t->txn);
		kv_fault_leave();
	}
	forget(t);
	errno = saved;
}

void kv_txn_cleanup(struct kv_txn **txn)
{
	kv_abort(txn);
}

static struct span val_span(const MDB_val *val)
{
	return (struct span){ val->mv_data, val->mv_size };
}

static int unframe(const MDB_val *key, const MDB_val *data, struct span *value, struct error *err)
{
	return kv_frame_parse(val_span(key), val_span(data), value, err);
}

static MDB_val as_val(const void *data, size_t len)
{
	union {
		const void *in;
		void *out;
	} pointer = { .in = data }; /* LMDB's own type knows no const */

	return (MDB_val){ len, pointer.out };
}

static MDB_val as_key(const void *key, size_t len)
{
	if (!len || len > KV_KEY_MAX)
		BUG("index key of %zu bytes", len);
	return as_val(key, len);
}

int kv_get_hint(struct kv_txn *txn, const void *key, size_t len, struct strbuf *out, struct error *err)
{
	MDB_val k = as_key(key, len), data;
	struct span value;
	int rc, got = 0;

	strbuf_reset(out);
	kv_fault_enter();
	rc = mdb_get(txn->txn, txn->kv->dbi, &k, &data);
	if (!rc) {
		got = unframe(&k, &data, &value, err) < 0 ? -1 : 1;
		if (got > 0)
			strbuf_add(out, value.data, value.len);
	}
	kv_fault_leave();
	return rc && rc != MDB_NOTFOUND ? fail(txn->kv, rc, "read", err) : got;
}

static void cursor_cleanup(MDB_cursor **cursor)
{
	kv_fault_enter();
	if (*cursor)
		mdb_cursor_close(*cursor);
	kv_fault_leave();
	*cursor = NULL;
}

/* The pair at the cursor, when a step to it has gone well. */
static int check_pair(struct kv *kv, int rc, const MDB_val *key, const MDB_val *data, struct error *err)
{
	struct span value;

	if (rc == MDB_NOTFOUND)
		return 0;
	return rc ? fail(kv, rc, "read", err) : unframe(key, data, &value, err);
}

/* A key that was damaged stands where it stood, and is found by its checksum: what is not there must have sound neighbours. */
static int check_around(struct kv_txn *txn, const void *key, size_t len, struct error *err)
{
	CLEANUP(cursor) MDB_cursor *cursor = NULL;
	MDB_val k = as_key(key, len), data;
	int rc, sound;

	kv_fault_enter();
	rc = mdb_cursor_open(txn->txn, txn->kv->dbi, &cursor);
	if (!rc)
		rc = mdb_cursor_get(cursor, &k, &data, MDB_SET_RANGE);
	sound = check_pair(txn->kv, rc, &k, &data, err);
	if (!sound)
		sound = check_pair(txn->kv, mdb_cursor_get(cursor, &k, &data, rc ? MDB_LAST : MDB_PREV), &k, &data, err);
	kv_fault_leave();
	return sound;
}

int kv_get(struct kv_txn *txn, const void *key, size_t len, struct strbuf *out, struct error *err)
{
	int got = kv_get_hint(txn, key, len, out, err);

	return got || check_around(txn, key, len, err) == 0 ? got : -1;
}

int kv_put(struct kv_txn *txn, const void *key, size_t len, const void *value, size_t value_len, struct error *err)
{
	MDB_val k = as_key(key, len), data;
	struct strbuf *frame = &txn->frame;
	int rc;

	kv_frame_write(frame, (struct span){ key, len }, (struct span){ value, value_len });
	data = as_val(frame->buf, frame->len);
	kv_fault_enter();
	rc = mdb_put(txn->txn, txn->kv->dbi, &k, &data, 0);
	kv_fault_leave();
	return rc ? fail(txn->kv, rc, "write", err) : 0;
}

int kv_delete(struct kv_txn *txn, const void *key, size_t len, struct error *err)
{
	MDB_val k = as_key(key, len);
	int rc;

	kv_fault_enter();
	rc = mdb_del(txn->txn, txn->kv->dbi, &k, NULL);
	kv_fault_leave();
	return rc && rc != MDB_NOTFOUND ? fail(txn->kv, rc, "write", err) : 0;
}

static int go_to_first(MDB_cursor *cursor, struct span prefix, const struct span *from, MDB_val *key, MDB_val *data)
{
	const struct span *at = from ? from : &prefix;

	if (!at->len)
		return mdb_cursor_get(cursor, key, data, MDB_FIRST);
	*key = as_key(at->data, at->len);
	return mdb_cursor_get(cursor, key, data, MDB_SET_RANGE);
}

static int go_to_last(MDB_cursor *cursor, struct span prefix, const struct span *from, MDB_val *key, MDB_val *data)
{
	CLEANUP(strbuf) struct strbuf bound = STRBUF_INIT;
	int rc;

	if (from)
		strbuf_add(&bound, from->data, from->len);
	else if (!kv_frame_after_prefix(&bound, prefix))
		return mdb_cursor_get(cursor, key, data, MDB_LAST);
	*key = as_key(bound.buf, bound.len);
	rc = mdb_cursor_get(cursor, key, data, MDB_SET_RANGE);
	if (rc == MDB_NOTFOUND)
		return mdb_cursor_get(cursor, key, data, MDB_LAST);
	if (!rc && from && key->mv_size == from->len && memcmp(key->mv_data, from->data, from->len) == 0)
		return 0;
	return rc ? rc : mdb_cursor_get(cursor, key, data, MDB_PREV);
}

struct walk {
	MDB_cursor *cursor;
	struct span prefix;
	bool reverse, begun;
	struct strbuf key, value;
};

static void walk_cleanup(struct walk *w)
{
	cursor_cleanup(&w->cursor);
	strbuf_cleanup(&w->key);
	strbuf_cleanup(&w->value);
}

static int go_to_start(struct walk *w, const struct span *from, MDB_val *key, MDB_val *data)
{
	return (w->reverse ? go_to_last : go_to_first)(w->cursor, w->prefix, from, key, data);
}

/* The row before where a walk begins: a search that damage has led astray passes over what is there. */
static int check_side(struct kv *kv, struct walk *w, const struct span *from, struct error *err)
{
	struct span at = from ? *from : w->prefix;
	MDB_val key = { 0, NULL }, data = { 0, NULL };
	int rc = go_to_start(w, from, &key, &data), order;

	if (!rc)
		rc = mdb_cursor_get(w->cursor, &key, &data, w->reverse ? MDB_NEXT : MDB_PREV);
	else if (rc == MDB_NOTFOUND && !w->reverse)
		rc = mdb_cursor_get(w->cursor, &key, &data, MDB_LAST);
	order = rc ? 0 : span_compare(val_span(&key), at);
	if (!rc && at.len && (w->reverse ? order <= 0 : order >= 0))
		return kv_file_damaged(err, "its keys are out of order");
	return check_pair(kv, rc, &key, &data, err);
}

/* Copies the next pair out: 1, 0 at the end, -1.  A key out of order is damage, and would make walks without end. */
static int walk_next(struct kv *kv, struct walk *w, const struct span *from, struct error *err)
{
	MDB_val key = { 0, NULL }, data = { 0, NULL };
	struct span value;
	int rc, order;

	if (!w->begun && check_side(kv, w, from, err) < 0)
		return -1;
	rc = w->begun ? mdb_cursor_get(w->cursor, &key, &data, w->reverse ? MDB_PREV : MDB_NEXT) : go_to_start(w, from, &key, &data);
	if (rc)
		return rc == MDB_NOTFOUND ? 0 : fail(kv, rc, "read", err);
	order = w->begun ? span_compare(val_span(&key), strbuf_span(&w->key)) : 0;
	if (w->begun && (w->reverse ? order >= 0 : order <= 0))
		return kv_file_damaged(err, "its keys are out of order");
	if (unframe(&key, &data, &value, err) < 0)
		return -1; /* the row behind the last one, too: its key may have been one of ours */
	if (!span_begins_with(val_span(&key), w->prefix))
		return 0;
	strbuf_reset(&w->key);
	strbuf_reset(&w->value);
	strbuf_add(&w->key, key.mv_data, key.mv_size);
	strbuf_add(&w->value, value.data, value.len);
	w->begun = true;
	return 1;
}

int kv_each(struct kv_txn *txn, struct span prefix, const struct span *from, bool reverse, kv_fn fn, void *arg, struct error *err)
{
	CLEANUP(walk) struct walk w = { .prefix = prefix, .reverse = reverse, .key = STRBUF_INIT, .value = STRBUF_INIT };
	int rc, more, stop;

	kv_fault_enter();
	rc = mdb_cursor_open(txn->txn, txn->kv->dbi, &w.cursor);
	kv_fault_leave();
	if (rc)
		return fail(txn->kv, rc, "read", err);
	for (;;) {
		kv_fault_enter();
		more = walk_next(txn->kv, &w, from, err);
		kv_fault_leave();
		if (more <= 0)
			return more;
		stop = fn(strbuf_span(&w.key), strbuf_span(&w.value), arg, err);
		if (stop)
			return stop < 0 ? -1 : 0;
	}
}
