/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the stat cache, kept only when a later write to the file must show in its time stamps. */
#include <config.h>

#include "store/statcache.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/hints.h"
#include "store/index-key.h"
#include "store/index.h"

#define KEY_LEN 17 /* table, device, inode */
#define ROW_LEN (24 + OID_LEN)
#define KEYS_AT_ONCE 4096
#define FINE_STEP (20 * (NS_PER_S / 1000)) /* a kernel's tick, and room for the clock behind it */
#define WAIT (FINE_STEP + NS_PER_S / 1000)
#define COARSE_STEP (2 * NS_PER_S)         /* FAT has 2 s */
#define WORTH_A_STEP (32u << 20)           /* bytes that are hashed in no less time than a step is */
#define ROWS_AT_ONCE (1u << 16)            /* in a transaction, which holds the pages it changes in memory */

static int64_t as_ns(struct timespec t)
{
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* Each stamp for itself: FAT keeps a modification time of 2 s beside a finer change time. */
static bool is_fresh(int64_t t, int64_t observed)
{
	return t >= observed - (t % NS_PER_S ? FINE_STEP : COARSE_STEP);
}

/* A file may claim any time; one that does not fit 64 bits of nanoseconds is not kept, and is never found. */
static bool fits(struct timespec t)
{
	return t.tv_sec > INT64_MIN / NS_PER_S && t.tv_sec < INT64_MAX / NS_PER_S;
}

static bool is_settled(const struct stat_row *row, int64_t observed)
{
	return !is_fresh(row->mtime, observed) && !is_fresh(row->ctime, observed);
}

bool stat_row_set(struct stat_row *row, const struct stat *st, const struct oid *digest)
{
	*row = (struct stat_row){ .inode = 0 };
	if (!fits(st->st_mtim) || !fits(st->st_ctim) || st->st_size < 0)
		return false;
	*row = (struct stat_row){
		.device = st->st_dev, .inode = st->st_ino, .size = (uint64_t)st->st_size,
		.mtime = as_ns(st->st_mtim), .ctime = as_ns(st->st_ctim), .digest = *digest,
	};
	return true;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool stat_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size && same_time(&a->st_mtim, &b->st_mtim) &&
	       same_time(&a->st_ctim, &b->st_ctim);
}

void stat_rows_add(struct stat_rows *rows, const struct stat *st, int64_t observed, const struct oid *digest)
{
	struct stat_row row;

	if (!stat_row_set(&row, st, digest) || !is_settled(&row, observed))
		return;
	ARRAY_GROW(rows->v, rows->count + 1, rows->cap);
	rows->v[rows->count++] = row;
}

/* Bytes of the files whose rows could be kept if we waited. */
static uint64_t racy_bytes(const struct stat_rows *rows, int64_t now)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < rows->count; i++)
		if (rows->v[i].inode && !is_settled(&rows->v[i], now) && is_settled(&rows->v[i], now + WAIT))
			bytes += rows->v[i].size;
	return bytes;
}

void stat_rows_settle(struct stat_rows *rows)
{
	int64_t now = clock_real();
	size_t kept = 0;

	if (racy_bytes(rows, now) > WORTH_A_STEP) {
		nanosleep(&(struct timespec){ .tv_nsec = WAIT }, NULL);
		now = clock_real();
	}
	for (size_t i = 0; i < rows->count; i++) {
		struct stat_row *row = &rows->v[i];

		if (!row->inode || !is_settled(row, now))
			continue;
		rows->v[kept++] = *row;
	}
	rows->count = kept;
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
	got = kv_get_hint(view_txn(v), k.data, k.len, &value, err);
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

/* How many rows there are. */
static int read_count(struct kv_txn *txn, uint64_t *count, struct error *err)
{
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;
	int got = kv_get(txn, &(char){ TABLE_STAT }, 1, &value, err);

	if (got < 0)
		return -1;
	if (got && value.len != 8)
		return error_set(err, ERR_INTEGRITY, "index is damaged: count of the stat cache");
	*count = got ? load_le64(value.buf) : 0;
	return 0;
}

static int write_count(struct kv_txn *txn, uint64_t count, struct error *err)
{
	uint8_t value[8];

	store_le64(value, count);
	return kv_put(txn, &(char){ TABLE_STAT }, 1, value, sizeof value, err);
}

static int collect_key(struct span key, struct span value, void *arg, struct error *err)
{
	struct strbuf *keys = arg;

	(void)value;
	(void)err;
	if (key.len == KEY_LEN)
		strbuf_add(keys, key.data, KEY_LEN);
	return keys->len >= KEYS_AT_ONCE * KEY_LEN;
}

static int drop_all(struct kv_txn *txn, struct error *err)
{
	CLEANUP(strbuf) struct strbuf keys = STRBUF_INIT;
	uint8_t table = TABLE_STAT;

	do {
		strbuf_reset(&keys);
		if (kv_each(txn, (struct span){ &table, 1 }, NULL, false, collect_key, &keys, err) < 0)
			return -1;
		for (size_t at = 0; at < keys.len; at += KEY_LEN)
			if (kv_delete(txn, keys.buf + at, KEY_LEN, err) < 0)
				return -1;
	} while (keys.len);
	return 0;
}

/* *count goes up when there was no row for this inode. */
static int write_row(struct kv_txn *txn, const struct stat_row *row, uint64_t *count, struct error *err)
{
	CLEANUP(strbuf) struct strbuf before = STRBUF_INIT;
	uint8_t value[ROW_LEN];
	struct index_key k;
	int got;

	store_le64(value, row->size);
	store_le64(value + 8, (uint64_t)row->mtime);
	store_le64(value + 16, (uint64_t)row->ctime);
	memcpy(value + 24, row->digest.raw, OID_LEN);
	row_key(&k, row->device, row->inode);
	got = kv_get_hint(txn, k.data, k.len, &before, err);
	if (got < 0)
		return -1;
	*count += !got;
	if (got && before.len == ROW_LEN && memcmp(before.buf, value, ROW_LEN) == 0)
		return 0;
	return kv_put(txn, k.data, k.len, value, sizeof value, err);
}

int statcache_write(struct kv_txn *txn, const struct stat_rows *rows, struct error *err)
{
	uint64_t count = 0;

	if (!rows->count)
		return 0;
	if (read_count(txn, &count, err) < 0)
		return -1;
	if (count > STATCACHE_MAX_ROWS || rows->count > STATCACHE_MAX_ROWS - count) {
		if (drop_all(txn, err) < 0)
			return -1;
		count = 0;
	}
	for (size_t i = 0; i < rows->count && count < STATCACHE_MAX_ROWS; i++)
		if (write_row(txn, &rows->v[i], &count, err) < 0)
			return -1;
	return write_count(txn, count, err);
}

/* ---- in transactions of its own ---- */

static int by_key(const void *a, const void *b)
{
	const struct stat_row *x = a, *y = b;

	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	return x->inode == y->inode ? 0 : x->inode < y->inode ? -1 : 1;
}

static int save(struct kv_txn *txn, size_t first, size_t count, void *arg, struct error *err)
{
	const struct stat_rows *rows = arg;

	return statcache_write(txn, &(struct stat_rows){ rows->v + first, count, count }, err);
}

void statcache_save(struct store *store, struct stat_rows *rows)
{
	if (rows->count)
		qsort(rows->v, rows->count, sizeof *rows->v, by_key);
	hints_write(store, rows->count, ROWS_AT_ONCE, save, rows);
}
