/* SPDX-License-Identifier: Apache-2.0 */
/* Files out of the store: every byte checked, damage found, nothing handed over as whole that is not. */
#include <config.h>

#include "store/extract.h"

#include <dirent.h>
#include <stdatomic.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "store-fixture.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define COUNT 60

struct file {
	uint8_t *data;
	size_t len;
	char name[32];
};

static struct file files[COUNT];
static struct extract_item items[COUNT];
static size_t failures;
static atomic_int opened, closed_whole, closed_failed;

/* ---- a directory to write to ---- */

static char target[4300];

static int open_in_target(struct extract_sink *sink, struct extract_item *item, struct error *e)
{
	char path[4400];

	(void)sink;
	atomic_fetch_add(&opened, 1);
	snprintf(path, sizeof path, "%s/%s", target, item->path);
	return file_open(path, O_WRONLY | O_CREAT | O_EXCL, 0666, e);
}

static int close_in_target(struct extract_sink *sink, struct extract_item *item, int fd, bool whole, struct error *e)
{
	char path[4400];

	(void)sink;
	(void)e;
	atomic_fetch_add(whole ? &closed_whole : &closed_failed, 1);
	snprintf(path, sizeof path, "%s/%s", target, item->path);
	close(fd);
	if (!whole)
		unlink(path);
	return 0;
}

static struct extract_sink sink = { .open = open_in_target, .close = close_in_target };

static void new_target(const char *name)
{
	snprintf(target, sizeof target, "%s", in_dir(name));
	need(!mkdir(target, 0777), "cannot make a target");
	atomic_store(&opened, 0);
	atomic_store(&closed_whole, 0);
	atomic_store(&closed_failed, 0);
	failures = 0;
	error_clear(&err);
}

static size_t count_right(void)
{
	size_t right = 0;

	for (size_t i = 0; i < COUNT; i++) {
		char path[4400];

		snprintf(path, sizeof path, "%s/%s", target, items[i].path);
		right += file_exists(path) && has_bytes(path, files[i].data, files[i].len);
	}
	return right;
}

static void note_failure(struct extract_item *item, const struct error *why, void *arg)
{
	(void)arg;
	if (why->code == ERR_INTEGRITY && strstr(why->text, item->path))
		failures++;
}

static int extract_all(struct objects *objects, struct extract_sink *to, unsigned flags, bool go_on)
{
	return extract_files(objects, items, COUNT, to, flags, go_on ? note_failure : NULL, NULL, NULL, &err);
}

/* ---- a store with files of all kinds ---- */

static size_t size_of(size_t i)
{
	static const size_t odd[] = { 0, 1, 64 * KIB, 64 * KIB + 1, 5 * MIB, 12 * MIB + 3 };

	return i < COUNT_OF(odd) ? odd[i] : i % 10 == 0 ? i * 100 * KIB : i * 777 % (30 * KIB);
}

static struct objects *filled_store(const char *name)
{
	struct objects *objects = new_store(name);
	CLEANUP(object_writer) struct object_writer *writer = object_writer_new(objects, &err);

	need(writer != NULL, err.text);
	for (size_t i = 0; i < COUNT; i++) {
		struct file *f = &files[i];

		f->len = size_of(i);
		if (!f->data) {
			f->data = xmalloc(f->len + 1);
			(i % 2 ? fill_noise : fill_text)(f->data, f->len, i);
		}
		snprintf(f->name, sizeof f->name, "file-%zu", i);
		items[i] = (struct extract_item){ .size = f->len, .path = f->name };
		need(!ingest_bytes(writer, f->data, f->len, &items[i].digest, &err), err.text);
	}
	need(!object_writer_commit(writer, &err), err.text);
	return objects;
}

static void test_whole(void)
{
	struct objects *objects = filled_store("whole");

	new_target("by-all");
	is_int(extract_all(objects, &sink, 0, false), 0, "files of all sizes are written");
	is_int((intmax_t)count_right(), COUNT, "each byte for byte");
	is_int(atomic_load(&closed_whole), COUNT, "and each is closed as whole");
	new_target("in-order");
	is_int(extract_all(objects, &sink, EXTRACT_WHOLE_HASH, false), 0, "they are written when they are hashed as well");
	is_int((intmax_t)count_right(), COUNT, "each byte for byte again");
	is_int(extract_all(objects, NULL, EXTRACT_WHOLE_HASH, true), 0, "they are checked without being written");
	is_int((intmax_t)failures, 0, "and found to be sound");
	is_int(extract_files(objects, NULL, 0, &sink, 0, NULL, NULL, NULL, &err), 0, "no files are written at once");
	objects_close(objects);
}

static void test_missing(void)
{
	struct objects *objects = filled_store("missing");

	items[3].digest.raw[0] ^= 1;
	items[20].digest.raw[0] ^= 1;
	items[33].digest.raw[5] ^= 1;
	new_target("without-some");
	is_int(extract_all(objects, &sink, 0, true), 0, "files that are missing do not keep others from being written");
	is_int((intmax_t)failures, 3, "and each is named");
	is_int((intmax_t)count_right(), COUNT - 3, "all others are there");
	is_int(atomic_load(&opened), COUNT - 3, "nothing is made for those that are missing");
	new_target("stopped");
	is_int(extract_all(objects, &sink, 0, false), -1, "unless the first one is to stop all");
	is_int(err.code, ERR_INTEGRITY, "with status 7");
	is_int(atomic_load(&opened), atomic_load(&closed_whole) + atomic_load(&closed_failed), "whatever was opened is closed");
	objects_close(objects);
}

static void test_wrong_size(void)
{
	struct objects *objects = filled_store("wrong-size");

	items[4].size++;
	items[6].size++;
	items[5].size -= 2;
	new_target("sizes");
	is_int(extract_all(objects, &sink, 0, true), 0, "files of another size than was said");
	is_int((intmax_t)failures, 3, "are damaged");
	objects_close(objects);
}

/* ---- damage ---- */

static void damage_packs(uint64_t step)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	strbuf_addf(&path, "%s/objects", store_path);
	dir = opendir(path.buf);
	need(dir != NULL, "opendir");
	while ((entry = readdir(dir))) {
		CLEANUP(fd) int fd = -1;

		if (!strstr(entry->d_name, ".pack"))
			continue;
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/objects/%s", store_path, entry->d_name);
		need(!chmod(path.buf, 0644), "chmod");
		fd = open(path.buf, O_RDWR | O_CLOEXEC);
		need(fd >= 0 && !fstat(fd, &st), "open");
		for (uint64_t at = step; at < (uint64_t)st.st_size * 9 / 10; at += step)
			need(pwrite(fd, "damaged!", 8, (off_t)at) == 8, "pwrite");
	}
	closedir(dir);
}

static void test_damaged(unsigned flags, const char *name)
{
	struct objects *objects = filled_store(name);

	damage_packs(MIB);
	new_target(flags ? "damaged-hash" : "damaged-target");
	is_int(extract_all(objects, &sink, flags, true), 0, "a damaged pack does not keep other files from being written");
	ok(failures > 0 && failures < COUNT, "those it hits are named: %zu", failures);
	is_int((intmax_t)count_right(), COUNT - (intmax_t)failures, "the others are right");
	is_int(atomic_load(&closed_whole), COUNT - (intmax_t)failures, "and no damaged one was closed as whole");
	new_target(flags ? "damaged-hash-stop" : "damaged-stop");
	is_int(extract_all(objects, &sink, flags, false), -1, "the first damaged one stops all when that is wanted");
	is_int(err.code, ERR_INTEGRITY, "with status 7");
	is_int(atomic_load(&opened), atomic_load(&closed_whole) + atomic_load(&closed_failed), "whatever was opened is closed");
	objects_close(objects);
}

/* A recipe says of which file it is, and only that file's own digest can tell when it lies. */
static void test_lying_recipe(void)
{
	struct objects *objects = filled_store("lying");
	struct object_writer *writer = object_writer_new(objects, &err);
	CLEANUP(codec) struct codec_context *codec = codec_new();
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct extract_item item = { .path = "lie", .size = 128 * KIB };
	const struct codec_hint hint = { 0 };
	struct oid id;

	memset(item.digest.raw, 7, OID_LEN);
	recipe_add(&recipe, &items[2].digest, 64 * KIB);
	recipe_add(&recipe, &items[2].digest, 64 * KIB);
	recipe_write(&text, &recipe);
	sha256_bytes(text.buf, text.len, &id);
	need(writer != NULL, err.text);
	need(!object_writer_add(writer, codec, &hint, OBJECT_RECIPE, &id, &item.digest, text.buf, text.len, NULL, &err), err.text);
	need(!object_writer_commit(writer, &err), err.text);
	new_target("lies");
	is_int(extract_files(objects, &item, 1, &sink, EXTRACT_WHOLE_HASH, NULL, NULL, NULL, &err), -1, "a recipe of other bytes is found out");
	is_int(err.code, ERR_INTEGRITY, "with status 7");
	is_int(atomic_load(&closed_failed), 1, "and the file is not closed as whole");
	object_writer_free(writer);
	objects_close(objects);
}

/* ---- sinks that fail ---- */

static int open_full(struct extract_sink *s, struct extract_item *item, struct error *e)
{
	(void)s;
	(void)item;
	return file_open("/dev/full", O_WRONLY, 0, e);
}

static int close_full(struct extract_sink *s, struct extract_item *item, int fd, bool whole, struct error *e)
{
	(void)s;
	(void)item;
	(void)e;
	atomic_fetch_add(whole ? &closed_whole : &closed_failed, 1);
	close(fd);
	return 0;
}

static void test_full_disk(void)
{
	struct extract_sink full = { .open = open_full, .close = close_full };
	struct objects *objects = filled_store("full");

	new_target("full-target");
	is_int(extract_files(objects, items + 6, 4, &full, 0, note_failure, NULL, NULL, &err), -1, "a full disk stops all");
	is_int(err.code, ERR_DISK_FULL, "as what it is");
	is_int((intmax_t)failures, 0, "and is no damage");
	is_int(atomic_load(&closed_whole), 0, "nothing was closed as whole");
	objects_close(objects);
}

static int stop_after_one(const void *data, size_t len, void *arg, struct error *e)
{
	int *calls = arg;

	(void)data;
	(void)len;
	++*calls;
	return error_set(e, ERR_QUIET, "enough");
}

static void test_stream_stops(void)
{
	struct objects *objects = filled_store("stream");
	int calls = 0;

	is_int(extract_stream(objects, &items[5].digest, items[5].size, stop_after_one, &calls, &err), -1,
	       "a reader that has enough stops the stream");
	ok(calls == 1 && err.code == ERR_QUIET, "at once");
	objects_close(objects);
}

/* ---- from an old file ---- */

static struct extract_old old_is;
static char old_path[4300];

static int open_old(struct extract_sink *s, struct extract_item *item, struct extract_old *out)
{
	(void)s;
	(void)item;
	*out = old_is;
	return open(old_path, O_RDONLY | O_CLOEXEC);
}

/* Writes what files[from] is, but for one byte, as the old file, and takes files[to] out of the store with its help. */
static bool is_right_with_old(size_t to, size_t from, size_t len, bool lies, const char *name)
{
	struct objects *objects = filled_store(name);
	struct extract_sink with_old = { .open = open_in_target, .close = close_in_target, .open_old = open_old };
	char path[4400];
	bool right;

	snprintf(old_path, sizeof old_path, "%s", in_dir("old"));
	unlink(old_path);
	old_is.digest = items[from].digest;
	old_is.size = files[from].len;
	files[from].data[files[from].len / 2] ^= lies;
	{
		CLEANUP(fd) int fd = open(old_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		need(fd >= 0 && !file_write(fd, files[from].data, len, "old", &err), "cannot write the old file");
	}
	files[from].data[files[from].len / 2] ^= lies;
	snprintf(path, sizeof path, "%s target", name);
	new_target(path);
	need(!extract_files(objects, &items[to], 1, &with_old, 0, NULL, NULL, NULL, &err), err.text);
	snprintf(path, sizeof path, "%s/%s", target, items[to].path);
	right = has_bytes(path, files[to].data, files[to].len);
	objects_close(objects);
	return right;
}

static void test_old(void)
{
	const size_t large = 5, whole = size_of(5);

	ok(is_right_with_old(large, large, whole, false, "old one"), "chunks are taken from an old file");
	ok(is_right_with_old(large, large, whole, true, "old liar"), "one that is not what it was said to be is found out, and the store asked");
	ok(is_right_with_old(large, large, whole / 2, false, "old half"), "and so is one that is shorter");
	ok(is_right_with_old(large, 4, size_of(4), false, "old other"), "one that has no chunk in common does not matter");
}

/* The store has lost what the old file still has. */
static void test_old_alone(void)
{
	struct objects *objects = filled_store("lost chunk");
	struct extract_sink with_old = { .open = open_in_target, .close = close_in_target, .open_old = open_old };
	char path[4400];

	old_is = (struct extract_old){ items[5].digest, files[5].len };
	snprintf(old_path, sizeof old_path, "%s", in_dir("old alone"));
	{
		CLEANUP(fd) int fd = open(old_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		need(fd >= 0 && !file_write(fd, files[5].data, files[5].len, "old", &err), "cannot write the old file");
	}
	damage_packs(4 * MIB);
	new_target("lost target");
	is_int(extract_files(objects, &items[5], 1, &with_old, 0, NULL, NULL, NULL, &err), 0, "what is damaged in the store may be sound in the old file");
	snprintf(path, sizeof path, "%s/%s", target, items[5].path);
	ok(has_bytes(path, files[5].data, files[5].len), "and comes from there");
	objects_close(objects);
}

int main(void)
{
	test_old();
	test_old_alone();
	test_whole();
	test_missing();
	test_wrong_size();
	test_damaged(0, "damaged");
	test_damaged(EXTRACT_WHOLE_HASH, "damaged and hashed");
	test_lying_recipe();
	test_full_disk();
	test_stream_stops();
	for (size_t i = 0; i < COUNT; i++)
		free(files[i].data);
	return tap_done();
}
