/* SPDX-License-Identifier: Apache-2.0 */
/* The stat cache: what is kept, what is found again, and what is too fresh to be trusted. */
#include <config.h>

#include "store/statcache.h"

#include <sys/stat.h>

#include "base/clock.h"
#include "store/index.h"
#include "store/lock.h"
#include "store/store.h"
#include "tap.h"

#define MS (NS_PER_S / 1000)
#define NOW (INT64_C(1800000000) * NS_PER_S + 500 * MS)

static struct error err;
static const struct oid digest = { { 1, 2, 3 } };

/* A file whose time stamps lie this far before NOW. */
static struct stat file(int64_t mtime_ago, int64_t ctime_ago)
{
	struct stat st = { .st_dev = 1, .st_ino = 2, .st_size = 3 };

	st.st_mtim = (struct timespec){ (NOW - mtime_ago) / NS_PER_S, (NOW - mtime_ago) % NS_PER_S };
	st.st_ctim = (struct timespec){ (NOW - ctime_ago) / NS_PER_S, (NOW - ctime_ago) % NS_PER_S };
	return st;
}

static struct stat coarse(int64_t seconds_ago)
{
	struct stat st = file(0, 0);

	st.st_mtim = st.st_ctim = (struct timespec){ NOW / NS_PER_S - seconds_ago, 0 };
	return st;
}

static bool is_kept(struct stat st)
{
	CLEANUP(stat_rows) struct stat_rows rows = STAT_ROWS_INIT;

	stat_rows_add(&rows, &st, NOW, &digest);
	return rows.count == 1;
}

static void test_racy(void)
{
	struct stat far = file(NS_PER_S, NS_PER_S);

	ok(is_kept(file(NS_PER_S, NS_PER_S)), "a file that was written a second before it was read is kept");
	ok(is_kept(file(21 * MS, 21 * MS)), "one that was written 21 ms before too");
	ok(!is_kept(file(20 * MS, 20 * MS)), "not one of 20 ms: it may be written again within the same time stamp");
	ok(!is_kept(file(NS_PER_S, 5 * MS)), "nor one whose change time alone is that fresh");
	ok(!is_kept(file(5 * MS, NS_PER_S)), "or its modification time");
	ok(!is_kept(file(-NS_PER_S, NS_PER_S)), "nor one from the future");
	far.st_mtim.tv_nsec = 0;
	ok(!is_kept(far), "nor one whose modification time alone is in whole seconds and fresh, as on FAT");
	far.st_mtim.tv_sec -= 1000;
	ok(is_kept(far), "an old one of whole seconds, as archives leave them, does not matter");
	ok(is_kept(coarse(2)), "with time stamps of whole seconds 2.5 s are enough");
	ok(!is_kept(coarse(1)), "1.5 s are not");
	far.st_mtim.tv_sec = INT64_MAX;
	ok(!is_kept(far), "nor is one with a time beyond all reason");
	far.st_mtim.tv_sec = INT64_MIN;
	ok(!is_kept(far), "on either side");
}

static struct stat_row row_of(int64_t ago, off_t size)
{
	struct stat st = { .st_dev = 1, .st_ino = (ino_t)size, .st_size = size };
	int64_t t = clock_real() - ago;
	struct stat_row row;

	st.st_mtim = st.st_ctim = (struct timespec){ t / NS_PER_S, t % NS_PER_S };
	need(stat_row_set(&row, &st, &digest), "a row");
	return row;
}

static void test_settle(void)
{
	struct stat_row v[] = { row_of(NS_PER_S, 1), row_of(0, 2), { .inode = 0 }, row_of(NS_PER_S, 3) };
	struct stat_row large[] = { row_of(0, 40 << 20) }, future[] = { row_of(-3600 * NS_PER_S, 40 << 20) };
	struct stat_rows rows = { v, 4, 4 }, one = { large, 1, 1 }, later = { future, 1, 1 };
	struct stat a = file(NS_PER_S, NS_PER_S), b = a;

	stat_rows_settle(&rows);
	ok(rows.count == 2 && v[0].inode == 1 && v[1].inode == 3, "rows of files that were just written, and empty ones, are dropped");
	stat_rows_settle(&one);
	is_int((intmax_t)one.count, 1, "a large file is waited for");
	stat_rows_settle(&later);
	is_int((intmax_t)later.count, 0, "not one from the future");
	b.st_ctim.tv_nsec++;
	ok(stat_is_same(&a, &a) && !stat_is_same(&a, &b), "another change time is another state of the file");
}

static struct store *new_store(void)
{
	struct store_options options = { .lock_timeout_ms = 50, .verb = "test" };
	static int count;
	char dir[4200], path[4300];
	struct store *store;

	snprintf(dir, sizeof dir, "%s/%d", tap_dir(), count++);
	need(!store_init(dir, false, &err), err.text);
	snprintf(path, sizeof path, "%s/.mreg", dir);
	store = store_open(path, &options, &err);
	need(store && !store_use_index(store, &err), err.text);
	return store;
}

static void write_rows(struct store *store, const struct stat_rows *rows)
{
	struct kv_txn *txn = kv_begin(store->index, true, &err);

	need(txn && !statcache_write(txn, rows, &err) && !kv_commit(&txn, &err), err.text);
}

static int find(struct store *store, struct stat st)
{
	CLEANUP(view) struct view *v = view_open(store, &err);
	struct oid got = { { 0 } };
	int found;

	need(v != NULL, err.text);
	found = statcache_find(v, &st, &got, &err);
	return found == 1 && !oid_equal(&got, &digest) ? -2 : found;
}

static void test_found(void)
{
	CLEANUP(stat_rows) struct stat_rows rows = STAT_ROWS_INIT;
	CLEANUP(store) struct store *store = new_store();
	struct stat st = file(NS_PER_S, NS_PER_S), other;

	is_int(find(store, st), 0, "a file that was never seen is not found");
	stat_rows_add(&rows, &st, NOW, &digest);
	write_rows(store, &rows);
	is_int(find(store, st), 1, "one that was is, with its digest");
	other = st;
	other.st_size++;
	is_int(find(store, other), 0, "not with another size");
	other = st;
	other.st_mtim.tv_nsec++;
	is_int(find(store, other), 0, "nor another modification time");
	other = st;
	other.st_ctim.tv_nsec++;
	is_int(find(store, other), 0, "nor another change time");
	other = st;
	other.st_ino++;
	is_int(find(store, other), 0, "nor another inode");
	other = st;
	other.st_dev++;
	is_int(find(store, other), 0, "nor on another device");
	other = st;
	other.st_mtim.tv_sec = INT64_MAX;
	is_int(find(store, other), 0, "a time beyond all reason is no error");
	other = file(NS_PER_S / 4, NS_PER_S / 4);
	rows.count = 0;
	stat_rows_add(&rows, &other, NOW, &digest);
	write_rows(store, &rows);
	ok(find(store, other) == 1 && find(store, st) == 0, "a file that was read anew takes the place of what it was");
}

static void test_bound(void)
{
	CLEANUP(stat_rows) struct stat_rows rows = STAT_ROWS_INIT;
	CLEANUP(store) struct store *store = new_store();
	struct stat st = file(NS_PER_S, NS_PER_S);
	uint8_t count[8];
	struct kv_txn *txn;

	for (int i = 0; i < 10000; i++, st.st_ino++)
		stat_rows_add(&rows, &st, NOW, &digest);
	write_rows(store, &rows);
	st.st_ino--;
	is_int(find(store, st), 1, "ten thousand files are kept");
	txn = kv_begin(store->index, true, &err);
	store_le64(count, STATCACHE_MAX_ROWS - 1);
	need(txn && !kv_put(txn, "S", 1, count, sizeof count, &err) && !kv_commit(&txn, &err), err.text);
	st.st_ino++;
	rows.count = 0;
	stat_rows_add(&rows, &st, NOW, &digest);
	write_rows(store, &rows);
	st.st_ino--;
	is_int(find(store, st), 1, "up to the limit nothing is dropped");
	st.st_ino += 2;
	rows.count = 0;
	stat_rows_add(&rows, &st, NOW, &digest);
	write_rows(store, &rows);
	is_int(find(store, st), 1, "beyond it the new one is kept");
	for (st.st_ino = 2; st.st_ino < 10003 && !find(store, st); st.st_ino++)
		;
	is_int((intmax_t)st.st_ino, 10003, "and all others are dropped");
}

static void test_save(void)
{
	CLEANUP(stat_rows) struct stat_rows rows = STAT_ROWS_INIT;
	CLEANUP(store) struct store *store = new_store();
	struct stat st = file(NS_PER_S, NS_PER_S);
	struct lock lock = LOCK_INIT;

	for (int i = 0; i < 100; i++, st.st_ino--)
		stat_rows_add(&rows, &st, NOW, &digest);
	st = file(NS_PER_S, NS_PER_S);
	need(!lock_take(&lock, store->dir, LOCK_JOURNAL, true, 0, "other", &err), err.text);
	statcache_save(store, &rows);
	is_int(find(store, st), 0, "rows are not worth waiting for another's lock");
	lock_release(&lock);
	statcache_save(store, &rows);
	is_int(find(store, st), 1, "else they are written");
	store_distrust_index(store);
	need(!store_use_index(store, &err) && store->index_is_private, "a private index");
	statcache_save(store, &rows);
	is_int(find(store, st), 0, "and into a private index they are not");
}

int main(void)
{
	test_racy();
	test_settle();
	test_found();
	test_bound();
	test_save();
	return tap_done();
}
