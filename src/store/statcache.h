/* SPDX-License-Identifier: Apache-2.0 */
/* The stat cache: files that need not be read again, as safe as git's racy index.  Rows live in the index. */
#ifndef MREG_STORE_STATCACHE_H
#define MREG_STORE_STATCACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/error.h"
#include "store/view.h"

/* A file as it was read: the stat before it was opened (equal to the stat after), and what its bytes were. */
struct stat_row {
	uint64_t device, inode, size;
	int64_t mtime, ctime; /* ns */
	struct oid digest;
};
struct stat_rows {
	struct stat_row *v;
	size_t count, cap;
};
#define STAT_ROWS_INIT { NULL, 0, 0 }

/* A row is kept only if it was not racy: ctime and mtime each lie before `observed` by more than the file system's time step (20 ms for a
 * time stamp with nanoseconds, 2 s for one of whole seconds). */
void stat_rows_add(struct stat_rows *rows, const struct stat *st, int64_t observed, const struct oid *digest);
void stat_rows_cleanup(struct stat_rows *rows);
/* The file that st was taken of is still as it was: same device, inode, size, mtime, ctime. */
bool stat_is_same(const struct stat *a, const struct stat *b);

/*
 * For files that we wrote ourselves, and that were nobody else's until then: the stat is taken after the last write (and rename), and judged at the end,
 * when a later write must show.  false, and an empty row (inode 0): cannot be kept.
 */
bool stat_row_set(struct stat_row *row, const struct stat *st, const struct oid *digest);
/* Drops what is empty or still racy at this moment.  Waits for it, 21 ms at most, when otherwise over 32 MiB would be read again. */
void stat_rows_settle(struct stat_rows *rows);
/* Same device, inode, size, mtime, ctime: 1 and its digest; 0; -1. The caller checks that the objects are there. */
int statcache_find(struct view *v, const struct stat *st, struct oid *digest, struct error *err) MUST_CHECK;
/* Nobody says which files are gone for good, so when there are this many rows all are dropped: files are then read once more. */
#define STATCACHE_MAX_ROWS (1u << 20)
/* Puts the rows into the index, in the caller's write transaction. */
struct kv_txn;
int statcache_write(struct kv_txn *txn, const struct stat_rows *rows, struct error *err) MUST_CHECK;
/*
 * The same in transactions of its own, for who commits nothing else.  It is worth no failure and no wait: nothing happens when the index cannot be
 * written, is a private one, or is busy.  No view of this process may be open.  The rows get sorted.
 */
struct store;
void statcache_save(struct store *store, struct stat_rows *rows);

#endif
