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
	int64_t observed;     /* clock_real() before the read began */
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
/* Same device, inode, size, mtime, ctime: 1 and its digest; 0; -1. The caller checks that the objects are there. */
int statcache_find(struct view *v, const struct stat *st, struct oid *digest, struct error *err) MUST_CHECK;
/* Nobody says which files are gone for good, so when there are this many rows all are dropped: files are then read once more. */
#define STATCACHE_MAX_ROWS (1u << 20)
/* Puts the rows into the index, in the caller's write transaction. */
struct kv_txn;
int statcache_write(struct kv_txn *txn, const struct stat_rows *rows, struct error *err) MUST_CHECK;

#endif
