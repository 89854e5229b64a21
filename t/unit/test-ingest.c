/* SPDX-License-Identifier: Apache-2.0 */
/* Files into the store: digests, deduplication, files that change or are no files, and pipes. */
#include <config.h>

#include "store/ingest.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/cleanup.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "store-fixture.h"
#include "store/extract.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

/* ---- round trips through extract_stream() ---- */

struct hashing {
	struct sha256 sha;
	uint64_t size;
};

static int hash_on(const void *data, size_t len, void *arg, struct error *e)
{
	struct hashing *h = arg;

	(void)e;
	sha256_update(&h->sha, data, len);
	h->size += len;
	return 0;
}

static bool comes_back(struct objects *objects, const struct ingest_item *item)
{
	struct hashing h = { .size = 0 };
	struct oid digest;

	sha256_init(&h.sha);
	if (extract_stream(objects, &item->digest, item->size, hash_on, &h, &err) < 0)
		return false;
	sha256_finish(&h.sha, &digest);
	return h.size == item->size && oid_equal(&digest, &item->digest);
}

static void test_size(struct objects *objects, size_t len, bool text, const char *name)
{
	CLEANUP(ptr) uint8_t *data = xmalloc(len + 1);
	struct ingest_item item = file_item(in_dir("file"), len);
	struct oid digest;

	(text ? fill_text : fill_noise)(data, len, len + text);
	write_file(item.path, data, len);
	sha256_bytes(data, len, &digest);
	ok(store_items(objects, &item, 1, NULL) == 0, "%s is stored: %s", name, err.text);
	ok(oid_equal(&item.digest, &digest) && item.size == len, "%s has the digest that sha256sum prints", name);
	ok(comes_back(objects, &item), "%s comes back: %s", name, err.text);
	ok(store_items(objects, &item, 1, NULL) == 0 && item.stored == 0, "%s stored again adds no byte", name);
	ok(objects_has_file(objects, &digest, len), "%s is known by its digest", name);
}

static void test_sizes(void)
{
	struct objects *objects = new_store("sizes");

	test_size(objects, 0, false, "an empty file");
	test_size(objects, 1, false, "a file of one byte");
	test_size(objects, 64 * KIB, false, "a file of 64 KiB");
	test_size(objects, 64 * KIB + 1, false, "a file of 64 KiB and a byte");
	test_size(objects, 256 * KIB, false, "a file of 256 KiB");
	test_size(objects, 256 * KIB, true, "a text of 256 KiB");
	test_size(objects, 256 * KIB + 1, true, "a text of 256 KiB and a byte");
	test_size(objects, 5 * MIB, false, "a file of 5 MiB");
	test_size(objects, 5 * MIB + 12345, true, "a text of 5 MiB");
	test_size(objects, 37 * MIB + 1, false, "a file of 37 MiB");
	objects_close(objects);
}

/* Zeroes of the length of the largest chunk, so that a cut falls just at the end of what was read. */
static void test_zeroes(void)
{
	struct objects *objects = new_store("zeroes");
	static const size_t sizes[] = { 4 * MIB, 4 * MIB + 1, 8 * MIB, 12 * MIB - 1, 256 * KIB };
	bool all = true;

	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		CLEANUP(ptr) uint8_t *data = xcalloc(1, sizes[i]);
		struct ingest_item item = file_item(in_dir("zeroes-file"), sizes[i]);

		write_file(item.path, data, sizes[i]);
		all = all && store_items(objects, &item, 1, NULL) == 0 && comes_back(objects, &item);
	}
	ok(all, "files of zeroes around the largest chunk come back: %s", err.text);
	objects_close(objects);
}

static void test_sparse(void)
{
	struct objects *objects = new_store("sparse");
	struct ingest_item item = file_item(in_dir("sparse-file"), 70 * MIB);
	uint8_t zeroes[4096] = { 0 };
	struct sha256 sha;
	struct oid digest;

	write_file(item.path, "x", 1);
	need(!truncate(item.path, 70 * MIB), "cannot make a sparse file");
	sha256_init(&sha);
	sha256_update(&sha, "x", 1);
	for (size_t left = 70 * MIB - 1; left; left -= left < sizeof zeroes ? left : sizeof zeroes)
		sha256_update(&sha, zeroes, left < sizeof zeroes ? left : sizeof zeroes);
	sha256_finish(&sha, &digest);
	ok(store_items(objects, &item, 1, NULL) == 0 && oid_equal(&item.digest, &digest), "70 MiB of a hole are stored: %s", err.text);
	ok(item.stored < MIB, "a hole takes next to no room");
	ok(comes_back(objects, &item), "a sparse file comes back");
	objects_close(objects);
}

/* ---- several files ---- */

#define MANY 500

static char many_paths[MANY][4300];

static uint64_t write_many(struct ingest_item *items, struct oid *digests)
{
	CLEANUP(ptr) uint8_t *data = xmalloc(3 * MIB);
	uint64_t total = 0;

	for (size_t i = 0; i < MANY; i++) {
		size_t len = i % 50 == 7 ? 64 * KIB + i * 5000 : i * 61 % (30 * KIB);

		snprintf(many_paths[i], sizeof many_paths[i], "%s/many-%zu", tap_dir(), i);
		(i % 3 ? fill_noise : fill_text)(data, len, i + 1000);
		write_file(many_paths[i], data, len);
		sha256_bytes(data, len, &digests[i]);
		items[i] = file_item(many_paths[i], i % 5 ? len : 0); /* a hint may be stale */
		total += len;
	}
	need(!chmod(many_paths[3], 0755), "chmod");
	return total;
}

static void test_many(void)
{
	static struct ingest_item items[MANY], again[MANY];
	static struct oid digests[MANY];
	struct objects *objects = new_store("many");
	struct stat_rows rows = STAT_ROWS_INIT;
	size_t right = 0, back = 0;
	uint64_t added = 0;

	write_many(items, digests);
	memcpy(again, items, sizeof items);
	is_int(store_items(objects, items, MANY, &rows), 0, "500 files of all sizes are stored at once");
	for (size_t i = 0; i < MANY; i++) {
		right += oid_equal(&items[i].digest, &digests[i]);
		back += comes_back(objects, &items[i]);
	}
	is_int((intmax_t)right, MANY, "each has its digest");
	is_int((intmax_t)back, MANY, "each comes back");
	ok(items[3].executable && !items[4].executable, "the exec bit is noticed");
	ok(rows.count <= MANY, "each is in the stat cache at most once");
	is_int(store_items(objects, again, MANY, NULL), 0, "all are stored again");
	for (size_t i = 0; i < MANY; i++)
		added += again[i].stored;
	is_int((intmax_t)added, 0, "which adds no byte");
	memset(again, 0, sizeof again);
	for (size_t i = 0; i < MANY; i++)
		again[i] = file_item(many_paths[i], 0);
	is_int(ingest_hash(again, MANY, NULL, NULL, &err), 0, "hashing alone works");
	right = 0;
	for (size_t i = 0; i < MANY; i++)
		right += oid_equal(&again[i].digest, &digests[i]);
	is_int((intmax_t)right, MANY, "and gives the same digests");
	stat_rows_cleanup(&rows);
	objects_close(objects);
}

static void test_same_twice(void)
{
	struct objects *objects = new_store("twice");
	CLEANUP(ptr) uint8_t *data = xmalloc(20 * MIB);
	struct ingest_item items[2] = { file_item(in_dir("twin"), 20 * MIB), file_item(in_dir("twin"), 20 * MIB) };

	fill_noise(data, 20 * MIB, 77);
	write_file(items[0].path, data, 20 * MIB);
	is_int(store_items(objects, items, 2, NULL), 0, "one file named twice is stored");
	ok(oid_equal(&items[0].digest, &items[1].digest), "with one digest");
	ok(items[0].stored + items[1].stored < 21 * MIB, "and kept once");
	objects_close(objects);
}

/* What is inserted near the start moves all the rest, and yet nearly all of it is found again. */
static void test_shifted(void)
{
	struct objects *objects = new_store("shifted");
	CLEANUP(ptr) uint8_t *data = xmalloc(24 * MIB + 7);
	struct ingest_item before = file_item(in_dir("before"), 24 * MIB), after = file_item(in_dir("after"), 24 * MIB + 7);

	fill_noise(data, 24 * MIB, 5);
	write_file(before.path, data, 24 * MIB);
	memmove(data + 1007, data + 1000, 24 * MIB - 1000);
	write_file(after.path, data, 24 * MIB + 7);
	ok(!store_items(objects, &before, 1, NULL) && !store_items(objects, &after, 1, NULL), "two similar files are stored: %s", err.text);
	ok(after.stored < 8 * MIB, "the second one adds little");
	ok(comes_back(objects, &after), "and comes back");
	objects_close(objects);
}

static void store_as(struct objects *objects, const uint8_t *data, size_t len, bool adds, const char *name)
{
	struct ingest_item item = file_item(in_dir("version"), len);
	struct oid digest;

	sha256_bytes(data, len, &digest);
	write_file(item.path, data, len);
	ok(store_items(objects, &item, 1, NULL) == 0 && oid_equal(&item.digest, &digest), "%s has its own digest: %s", name, err.text);
	ok((item.stored > 1000) == adds, "and adds what is new");
	ok(comes_back(objects, &item), "and comes back: %s", err.text);
}

/* Of a file whose chunks are all known only those are hashed, so it must be noticed when one is not. */
static void test_nearly_known(void)
{
	struct objects *objects = new_store("known");
	CLEANUP(ptr) uint8_t *data = xcalloc(40, MIB);

	store_as(objects, data, 12 * MIB, true, "a file of zeroes");
	store_as(objects, data, 24 * MIB, false, "a longer one, of the same chunks,");
	fill_noise(data, 40 * MIB, 11);
	store_as(objects, data, 40 * MIB, true, "a large file");
	store_as(objects, data, 40 * MIB, false, "the same again");
	data[39 * MIB] ^= 1;
	store_as(objects, data, 40 * MIB, true, "one that differs near its end");
	data[0] ^= 1;
	store_as(objects, data, 40 * MIB, true, "one that differs at its start");
	store_as(objects, data, 30 * MIB, true, "one that was cut");
	objects_close(objects);
}

/* ---- bytes and pipes ---- */

static void test_bytes(void)
{
	struct objects *objects = new_store("bytes");
	struct object_writer *writer = object_writer_new(objects, &err);
	CLEANUP(ptr) uint8_t *data = xmalloc(3 * MIB);
	struct ingest_item small = { .size = 100 }, large = { .size = 3 * MIB };

	fill_text(data, 3 * MIB, 9);
	need(writer != NULL, err.text);
	ok(!ingest_bytes(writer, data, 100, &small.digest, &err) && !ingest_bytes(writer, data, 3 * MIB, &large.digest, &err) &&
	   !object_writer_commit(writer, &err), "bytes in memory are stored: %s", err.text);
	ok(comes_back(objects, &small) && comes_back(objects, &large), "and come back as files: %s", err.text);
	object_writer_free(writer);
	objects_close(objects);
}

struct feed {
	int fd;
	const uint8_t *data;
	size_t len;
};

static void *feed(void *arg)
{
	struct feed *f = arg;

	for (size_t done = 0, n; done < f->len; done += n) {
		ssize_t wrote = write(f->fd, f->data + done, f->len - done < 50001 ? f->len - done : 50001);

		if (wrote < 0)
			break;
		n = (size_t)wrote;
	}
	close(f->fd);
	return NULL;
}

static void test_pipe(size_t len, const char *name)
{
	struct objects *objects = new_store(name);
	CLEANUP(ptr) uint8_t *data = xmalloc(len + 1);
	struct ingest_item items[2] = { file_item(in_dir("file"), 0), { .path = "-" } };
	struct oid digest;
	pthread_t thread;
	struct feed f;
	int fds[2];

	fill_noise(data, len, len);
	sha256_bytes(data, len, &digest);
	need(!pipe(fds), "pipe");
	f = (struct feed){ fds[1], data, len };
	items[1].fd = fds[0];
	need(!pthread_create(&thread, NULL, feed, &f), "thread");
	ok(!store_items(objects, items, 2, NULL), "%s is stored: %s", name, err.text);
	pthread_join(thread, NULL);
	ok(items[1].size == len && oid_equal(&items[1].digest, &digest), "%s has its digest", name);
	ok(comes_back(objects, &items[1]) && comes_back(objects, &items[0]), "%s comes back, and so does the file beside it", name);
	ok(fcntl(fds[0], F_GETFD) >= 0, "%s is left open", name);
	close(fds[0]);
	objects_close(objects);
}

/* ---- what is refused ---- */

/* Changes a file whenever a MiB of it has been read. */
struct meddler {
	struct report report;
	const char *path;
	bool grows; /* else bytes in its middle are written over */
	int times;  /* how often at most; -1: always */
};

static void meddle(struct report *r, const char *what, uint64_t done, uint64_t total)
{
	struct meddler *m = (struct meddler *)(void *)r;
	CLEANUP(fd) int fd = -1;

	(void)what;
	(void)total;
	if (!m->times || !done)
		return;
	m->times -= m->times > 0;
	fd = open(m->path, O_WRONLY | O_CLOEXEC);
	need(fd >= 0 && pwrite(fd, "meddled", 7, m->grows ? lseek(fd, 0, SEEK_END) : 7) == 7, "cannot meddle");
}

static int store_meddled(struct objects *objects, struct ingest_item *item, struct meddler *m, bool hash_only)
{
	struct object_writer *writer = object_writer_new(objects, &err);
	int result;

	error_clear(&err);
	m->report.progress = meddle;
	m->path = item->path;
	result = hash_only ? ingest_hash(item, 1, NULL, &m->report, &err) : ingest_files(objects, writer, item, 1, NULL, NULL, &m->report, &err);
	if (!result)
		result = object_writer_commit(writer, &err);
	object_writer_free(writer);
	return result;
}

static void test_changing(bool hash_only, bool grows, const char *name)
{
	struct objects *objects = new_store(name);
	CLEANUP(ptr) uint8_t *data = xmalloc(20 * MIB);
	struct ingest_item item = file_item(in_dir("changing"), 20 * MIB);
	struct meddler always = { .grows = grows, .times = -1 }, once = { .grows = grows, .times = 1 };
	CLEANUP(strbuf) struct strbuf now = STRBUF_INIT;
	struct oid digest;

	fill_noise(data, 20 * MIB, 3);
	write_file(item.path, data, 20 * MIB);
	is_int(store_meddled(objects, &item, &always, hash_only), -1, name);
	is_int(err.code, ERR_INTEGRITY, "that is a matter of integrity");
	ok(strstr(err.text, "/changing' changes while it is read") != NULL, "and the file is named: %s", err.text);
	is_int(store_meddled(objects, &item, &once, hash_only), 0, "a file that changes but once is read again");
	need(!file_slurp(item.path, &now, 30 * MIB, NULL, &err), err.text);
	sha256_bytes(now.buf, now.len, &digest);
	ok(item.size == now.len && oid_equal(&item.digest, &digest), "and its digest is that of the new bytes");
	ok(hash_only || comes_back(objects, &item), "which come back");
	objects_close(objects);
}

static atomic_bool stop;

static void *append(void *arg)
{
	int fd = open(arg, O_WRONLY | O_APPEND | O_CLOEXEC);

	for (size_t i = 0; i < 50 * KIB && !atomic_load(&stop); i++)
		if (write(fd, "+", 1) != 1)
			break;
	close(fd);
	return NULL;
}

/* Small enough that no change may fall between the two looks at it: then it is what it was at that time. */
static void test_growing(void)
{
	struct objects *objects = new_store("growing");
	CLEANUP(ptr) uint8_t *data = xmalloc(64 * KIB);
	char *path = in_dir("log");
	bool all = true;
	pthread_t thread;

	memset(data, '+', 64 * KIB);
	write_file(path, data, 1);
	atomic_store(&stop, false);
	need(!pthread_create(&thread, NULL, append, path), "thread");
	for (int i = 0; i < 100; i++) {
		struct ingest_item item = file_item(path, 1);
		struct oid digest;

		if (store_items(objects, &item, 1, NULL) == 0) {
			sha256_bytes(data, (size_t)item.size, &digest);
			all = all && oid_equal(&item.digest, &digest) && comes_back(objects, &item);
		} else {
			all = all && err.code == ERR_INTEGRITY;
		}
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	ok(all, "a small file that grows is stored as it was at some time, or refused");
	objects_close(objects);
}

static void refused(const char *path, bool follow, const char *text, const char *name)
{
	struct objects *objects = new_store(name);
	struct ingest_item items[3] = { file_item(in_dir("file"), 1), file_item(path, 0), file_item(in_dir("file"), 1) };

	items[1].follow = follow;
	is_int(store_items(objects, items, 3, NULL), -1, name);
	is_int(err.code, ERR_LOCAL, "as a local file");
	ok(strstr(err.text, text) != NULL, "saying so: %s", err.text);
	objects_close(objects);
}

static void test_refused(void)
{
	struct ingest_item item = file_item(in_dir("link"), 0);
	struct objects *objects;

	need(!mkfifo(in_dir("fifo"), 0600) && !mkdir(in_dir("directory"), 0700) && !symlink("file", in_dir("link")), "cannot make odd files");
	refused(in_dir("fifo"), false, "cannot read '", "a FIFO is refused");
	refused(in_dir("directory"), false, "it is not a regular file", "a directory is refused");
	refused(in_dir("link"), false, "it is not a regular file", "a link is refused");
	refused(in_dir("absent"), false, "No such file or directory", "an absent file is refused");
	refused("/dev/null", true, "it is not a regular file", "a device is refused");
	item.follow = true;
	objects = new_store("followed");
	ok(!store_items(objects, &item, 1, NULL) && comes_back(objects, &item), "a link is followed where that is asked for: %s", err.text);
	objects_close(objects);
}

static void test_nothing(void)
{
	struct objects *objects = new_store("nothing");

	is_int(store_items(objects, NULL, 0, NULL), 0, "no files are stored at once");
	objects_close(objects);
}

/* ---- progress and signals ---- */

struct counting {
	struct report report;
	uint64_t last, total;
	bool wrong;
};

static void count_progress(struct report *r, const char *what, uint64_t done, uint64_t total)
{
	struct counting *c = (struct counting *)(void *)r;

	c->wrong |= strcmp(what, "storing") != 0 || done > total;
	c->last = done;
	c->total = total;
}

static void test_progress(void)
{
	struct objects *objects = new_store("progress");
	struct object_writer *writer = object_writer_new(objects, &err);
	struct counting c = { .report.progress = count_progress };
	CLEANUP(ptr) uint8_t *data = xmalloc(5 * MIB);
	struct ingest_item item = file_item(in_dir("told"), 5 * MIB);

	fill_noise(data, 5 * MIB, 11);
	write_file(item.path, data, 5 * MIB);
	need(writer != NULL, err.text);
	is_int(ingest_files(objects, writer, &item, 1, NULL, NULL, &c.report, &err), 0, "a file is stored with progress");
	ok(!c.wrong && c.last == 5 * MIB && c.total == 5 * MIB, "which ends at the size of all files");
	object_writer_free(writer);
	objects_close(objects);
}

static void *send_signal(void *arg)
{
	sigset_t all;

	/* a process's signal goes to a thread that does not block it */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	usleep(50000);
	kill(getpid(), SIGTERM);
	return arg;
}

/* Last: a signal is remembered for good. */
static void test_interrupted(void)
{
	struct objects *objects = new_store("interrupted");
	struct ingest_item item = { .path = "-" };
	pthread_t thread;
	int fds[2];

	need(!pipe(fds), "pipe");
	item.fd = fds[0];
	interrupt_install();
	need(!pthread_create(&thread, NULL, send_signal, NULL), "thread");
	is_int(store_items(objects, &item, 1, NULL), -1, "a signal ends the wait for a pipe that brings nothing");
	is_int(err.code, ERR_INTERRUPTED, "and is told as what it is");
	item = file_item(in_dir("file"), 1);
	is_int(store_items(objects, &item, 1, NULL), -1, "files are not stored after a signal");
	is_int(err.code, ERR_INTERRUPTED, "for the same reason");
	pthread_join(thread, NULL);
	close(fds[0]);
	close(fds[1]);
	objects_close(objects);
}

int main(void)
{
	test_sizes();
	test_zeroes();
	test_sparse();
	test_many();
	test_same_twice();
	test_shifted();
	test_nearly_known();
	test_bytes();
	test_pipe(0, "an empty pipe");
	test_pipe(70000, "a short pipe");
	test_pipe(9 * MIB + 1, "a long pipe");
	test_changing(false, true, "a file that keeps growing is not stored");
	test_changing(false, false, "a file that is written over is not stored");
	test_changing(true, true, "a file that keeps growing is not hashed");
	test_growing();
	test_refused();
	test_nothing();
	test_progress();
	test_interrupted();
	return tap_done();
}
