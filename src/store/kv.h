/* SPDX-License-Identifier: Apache-2.0 */
/* LMDB, with every call in kv.c: environments, transactions, cursors, and what Debian's 0.9.24 needs around it (DESIGN 2.3). */
#ifndef MREG_STORE_KV_H
#define MREG_STORE_KV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/strbuf.h"

#define KV_KEY_MAX 511

struct kv;
struct kv_txn;

enum kv_mode {
	KV_READ_WRITE, /* made if absent */
	KV_READ_ONLY,
	KV_MEMORY,     /* private, in memory (memfd; an unlinked temporary file where there is none), dir is ignored */
};

/*
 * Opens DIR (made if absent when KV_READ_WRITE).  At most one environment a process besides KV_MEMORY ones: a second is a BUG.  File size is
 * checked against the header before use and a fault handler (SIGBUS, SIGSEGV within the map) and mdb_env_set_assert end the process with status 7 and
 * "index is damaged; run 'mreg fsck --rebuild-index'".  1,024 readers, stale ones cleared; MDB_NOTLS, NOMETASYNC.  The map starts small and grows.
 * ERR_INTEGRITY: damaged. ERR_READ_ONLY / ERR_LOCAL: cannot be opened that way. ERR_DISK_FULL.
 */
struct kv *kv_open(const char *dir, enum kv_mode mode, struct error *err) MUST_CHECK;
void kv_close(struct kv *kv);
void kv_cleanup(struct kv **kv);
/* Inode and birth time (0 where unknown) of the data file: an index that was copied has others. */
int kv_identity(struct kv *kv, uint64_t *inode, int64_t *birth, struct error *err) MUST_CHECK;
bool kv_is_writable(const struct kv *kv);
/* Some transaction of this process is open on it. */
bool kv_is_busy(const struct kv *kv);
/* The directory now holds another environment than the one that is open (it was rebuilt meanwhile). */
bool kv_was_replaced(const struct kv *kv);

/*
 * A write transaction waits for another process's.  Both follow a map that another process has grown.  A transaction is used by one thread at a
 * time.  KV_MEMORY: once something was committed under an open read transaction, no more is written (ERR_LOCAL) until it ends.
 */
struct kv_txn *kv_begin(struct kv *kv, bool write, struct error *err) MUST_CHECK;
/* Either way the transaction is gone. */
int kv_commit(struct kv_txn **txn, struct error *err) MUST_CHECK;
void kv_abort(struct kv_txn **txn);
void kv_txn_cleanup(struct kv_txn **txn);
/* After a failure in a write transaction: it was only the map that was full.  Abort, kv_grow(), do it all again. */
bool kv_is_full(const struct kv *kv);
/* Makes the map so large that so many bytes more fit into it; 0: twice as large.  No transaction may be open. */
int kv_enlarge(struct kv *kv, uint64_t bytes, struct error *err) MUST_CHECK;
static inline int MUST_CHECK kv_grow(struct kv *kv, struct error *err)
{
	return kv_enlarge(kv, 0, err);
}

/* Values are stored as crc32 | key length | key | value and checked on the way out: a mismatch is ERR_INTEGRITY.  Where there is nothing, or no
 * more, the pairs on either side are checked instead: one of them may be what was asked for, under a key that was damaged. */
/* 1 found (appended to out after a reset), 0 absent, -1. */
int kv_get(struct kv_txn *txn, const void *key, size_t len, struct strbuf *out, struct error *err) MUST_CHECK;
/* The same for what is only a hint, and mostly absent: its neighbours are not looked at. */
int kv_get_hint(struct kv_txn *txn, const void *key, size_t len, struct strbuf *out, struct error *err) MUST_CHECK;
int kv_put(struct kv_txn *txn, const void *key, size_t len, const void *value, size_t value_len, struct error *err) MUST_CHECK;
int kv_delete(struct kv_txn *txn, const void *key, size_t len, struct error *err) MUST_CHECK; /* absent is fine */

/*
 * Visits the keys that begin with `prefix`, in order, from `from` on (NULL: the first; else a whole key, included), or downward from it (NULL: the
 * last) when reverse.  fn gets copies that it may keep only during the call; it must not write.  Non-zero from fn: 1 stops quietly, -1 fails.
 */
typedef int (*kv_fn)(struct span key, struct span value, void *arg, struct error *err);
int kv_each(struct kv_txn *txn, struct span prefix, const struct span *from, bool reverse, kv_fn fn, void *arg, struct error *err) MUST_CHECK;

#endif
