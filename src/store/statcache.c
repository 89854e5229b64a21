/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the stat cache, kept only when a later write to the file must show in its time stamps. */
#include <config.h>

#include "store/statcache.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/index-key.h"
#include "store/index.h"

#define ROW_LEN (24 + OID_LEN)
#define FINE_STEP (20 * (NS_PER_S / 1000)) /* a kernel's tick, and room for the clock behind it */
#define COARSE_STEP (2 * NS_PER_S)         /* FAT has 2 s */

static int64_t as_ns(struct timespec t)
{
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int64_t step_of(const struct stat *st)
{
	return st->st_mtim.tv_nsec || st->st_ctim.tv_nsec ? FINE_STEP : COARSE_STEP;
}

/* A file may claim any time; one that does not fit 64 bits of nanoseconds is not kept, and is never found. */
static bool fits(struct timespec t)
{
	return t.tv_sec > INT64_MIN / NS_PER_S && t.tv_sec < INT64_MAX / NS_PER_S;
}

void stat_rows_add(struct stat_rows *rows, const struct stat *st, int64_t observed, const struct oid *digest)
{
	int64_t step = step_of(st);

	if (!fits(st->st_mtim) || !fits(st->st_ctim) || st->st_size < 0)
		return;
	if (as_ns(st->st_mtim) >= observed - step || as_ns(st->st_ctim) >= observed - step)
		return;
	ARRAY_GROW(rows->v, rows->count + 1, rows->cap);
	rows->v[rows->count++] = (struct stat_row){
		.device = st->st_dev, .inode = st->st_ino, .size = (uint64_t)st->st_size,
		.mtime = as_ns(st->st_mtim), .ctime = as_ns(st->st_ctim), .observed = observed, .digest = *digest,
	};
}

void stat_rows_cleanup(struct stat_rows *rows)
{
	ptr_cleanup(&rows->v);
	*rows = (struct stat_rows)STAT_ROWS_INIT;
}

static void row_key(struct index_key *k, uint64_t device, uint64_t inode)
{
	index_key_begin(k, TABLE_STAT);
	index_key_add_u64(k, device);
	index_key_add_u64(k, inode);
}

int statcache_find(struct view *v, const struct stat *st, struct oid *digest, struct error *err)
{
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;
	struct index_key k;
	int got;

	if (!fits(st->st_mtim) || !fits(st->st_ctim))
		return 0;
	row_key(&k, st->st_dev, st->st_ino);
	got = kv_get(view_txn(v), k.data, k.len, &value, err);
	if (got <= 0)
		return got;
	if (value.len != ROW_LEN)
		return error_set(err, ERR_INTEGRITY, "index is damaged: row of the stat cache");
	if (load_le64(value.buf) != (uint64_t)st->st_size || load_le64(value.buf + 8) != (uint64_t)as_ns(st->st_mtim) ||
	    load_le64(value.buf + 16) != (uint64_t)as_ns(st->st_ctim))
		return 0;
	memcpy(digest->raw, value.buf + 24, OID_LEN);
	return 1;
}

int statcache_write(struct kv_txn *txn, const struct stat_rows *rows, struct error *err)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct stat_row *row = &rows->v[i];
		uint8_t value[ROW_LEN];
		struct index_key k;

		store_le64(value, row->size);
		store_le64(value + 8, (uint64_t)row->mtime);
		store_le64(value + 16, (uint64_t)row->ctime);
		memcpy(value + 24, row->digest.raw, OID_LEN);
		row_key(&k, row->device, row->inode);
		if (kv_put(txn, k.data, k.len, value, sizeof value, err) < 0)
			return -1;
	}
	return 0;
}
