/* SPDX-License-Identifier: Apache-2.0 */
/* What a user of store/objects counts on. */
#include <config.h>

#include "store/objects.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/thread-pool.h"
#include "tap.h"

static char top[4200];

static const char *below(const char *name)
{
	static char path[5000];

	snprintf(path, sizeof path, "%s/%s", top, name);
	return path;
}

/* A fresh registry, as far as objects are concerned. */
static void fresh(const char *name)
{
	snprintf(top, sizeof top, "%s/%s", tap_dir(), name);
	need(mkdir(top, 0777) == 0 && mkdir(below("objects"), 0777) == 0 && mkdir(below("tmp"), 0777) == 0, "a registry can be made");
}

static struct objects *open_all(void)
{
	struct error err = ERROR_INIT;
	struct objects *o = objects_open(top, NULL, &err);

	need(o != NULL, "objects can be opened");
	return o;
}

static size_t count_files(const char *name)
{
	DIR *d = opendir(below(name));
	size_t count = 0;

	need(d != NULL, "the directory can be listed");
	for (struct dirent *e; (e = readdir(d));)
		count += e->d_name[0] != '.';
	closedir(d);
	return count;
}

static struct oid id_of(const char *text)
{
	struct oid id;

	sha256_bytes(text, strlen(text), &id);
	return id;
}

static uint64_t add(struct object_writer *w, enum object_kind kind, const char *text)
{
	CLEANUP(codec) struct codec_context *codec = codec_new();
	struct oid id = id_of(text), file = id_of("the file");
	struct error err = ERROR_INIT;
	uint64_t stored = 0;

	need(object_writer_add(w, codec, NULL, kind, &id, kind == OBJECT_RECIPE ? &file : NULL, text, strlen(text), &stored, &err) == 0,
	     "an object can be added");
	return stored;
}

/* One put of its own: a pack with one object. */
static void store_one(const char *text)
{
	struct objects *o = open_all();
	struct error err = ERROR_INIT;
	struct object_writer *w = object_writer_new(o, &err);

	add(w, OBJECT_CHUNK, text);
	need(object_writer_commit(w, &err) == 0 && objects_consolidate(o, &err) == 0, "objects can be committed");
	object_writer_free(w);
	objects_close(o);
}

/* The chunk's bytes, or why not; alive until the next call. */
static const char *read_back(struct objects *o, const char *text, struct error *err)
{
	static char found[1000];
	CLEANUP(object_reader) struct object_reader *r = object_reader_new(o);
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	struct oid id = id_of(text);

	error_clear(err);
	if (object_read(r, OBJECT_CHUNK, &id, &out, NULL, err) < 0)
		return NULL;
	snprintf(found, sizeof found, "%s", out.buf);
	return found;
}

static void stores_and_reads(void)
{
	struct error err = ERROR_INIT;
	struct objects *o;
	struct object_writer *w;
	struct oid id = id_of("hello");
	char twice[2000];

	fresh("basic");
	o = open_all();
	w = object_writer_new(o, &err);
	memset(twice, 'z', sizeof twice - 1);
	twice[sizeof twice - 1] = '\0';
	ok(!objects_has(o, OBJECT_CHUNK, &id), "what was never stored is not there");
	is_int((intmax_t)add(w, OBJECT_CHUNK, "hello"), 64 + 5, "storing says how many bytes it took");
	is_int((intmax_t)add(w, OBJECT_CHUNK, "hello"), 0, "none the second time");
	ok(add(w, OBJECT_CHUNK, twice) < 200, "few for what can be compressed");
	ok(objects_has(o, OBJECT_CHUNK, &id), "what is staged is there already");
	ok(!objects_has(o, OBJECT_VERSION, &id), "but not as another kind");
	is_str(read_back(o, "hello", &err), "hello", "and can be read");
	is_int((intmax_t)count_files("objects"), 0, "before the commit no pack is in objects/");
	is_int(object_writer_commit(w, &err), 0, "a commit succeeds");
	ok(count_files("objects") == 1 && !count_files("tmp"), "and moves the pack into objects/");
	ok(read_back(o, twice, &err) != NULL, "what was compressed comes back");
	add(w, OBJECT_CHUNK, "more");
	is_int(object_writer_commit(w, &err), 0, "a writer can commit again");
	is_int((intmax_t)add(w, OBJECT_CHUNK, "hello"), 0, "what is in a pack is not stored again");
	add(w, OBJECT_CHUNK, "never committed");
	object_writer_free(w);
	is_int((intmax_t)count_files("tmp"), 0, "what was not committed is removed");
	ok(read_back(o, "more", &err) && !read_back(o, "never committed", &err) && err.code == ERR_INTEGRITY &&
	   strstr(err.text, "is missing"),
	   "and is missing then");
	objects_close(o);
	o = open_all();
	is_str(read_back(o, "hello", &err), "hello", "another process finds what was committed");
	objects_close(o);
}

static void files(void)
{
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT, back = RECIPE_INIT;
	CLEANUP(strbuf) struct strbuf list = STRBUF_INIT, text = STRBUF_INIT;
	CLEANUP(codec) struct codec_context *codec = codec_new();
	struct error err = ERROR_INIT;
	struct objects *o;
	struct object_writer *w;
	struct object_reader *r;
	struct oid digest, id, recipe_id;
	uint8_t buf[5];

	fresh("files");
	o = open_all();
	w = object_writer_new(o, &err);
	r = object_reader_new(o);
	add(w, OBJECT_CHUNK, "hello");
	id = id_of("hello");
	recipe_add(&recipe, &id, 5);
	recipe_add(&recipe, &id, 5);
	recipe_write(&list, &recipe);
	digest = id_of("hellohello");
	sha256_bytes(list.buf, list.len, &id);
	need(object_writer_add(w, codec, NULL, OBJECT_RECIPE, &id, &digest, list.buf, list.len, NULL, &err) == 0, "a recipe can be added");
	ok(object_read_recipe(r, &digest, 10, &back, &err) == 0 && back.count == 2, "a staged recipe is found by its file");
	recipe_cleanup(&back);
	need(object_writer_commit(w, &err) == 0, "objects can be committed");
	ok(objects_has(o, OBJECT_FILE, &digest) && !objects_has_file(o, &digest, 10), "a large file is there by its recipe");
	ok(!objects_has_file(o, &digest, 100000), "unless it is of another size");
	ok(object_read_recipe(r, &digest, 10, &back, &err) == 0 && back.count == 2, "which can be read");
	recipe_cleanup(&back);
	ok(object_read_recipe(r, &digest, 11, &back, &err) < 0 && err.code == ERR_INTEGRITY && !back.count, "unless it gives another size");
	ok(object_read(r, OBJECT_FILE, &digest, &text, &recipe_id, &err) == 0 && oid_equal(&recipe_id, &id), "its id comes along");
	id = id_of("hello");
	ok(object_read_chunk(r, &id, buf, 5, &err) == 0 && !memcmp(buf, "hello", 5), "a chunk is read into a buffer");
	ok(object_read_chunk(r, &id, buf, 4, &err) < 0 && err.code == ERR_INTEGRITY, "unless it has another length");
	ok(object_read_manifest(r, &digest, &text, &err) == 0, "a manifest may be stored as a file is");
	is_str(text.buf, "hellohello", "and comes back whole");
	id = id_of("nothing");
	ok(object_read_manifest(r, &id, &text, &err) < 0 && err.code == ERR_INTEGRITY, "a manifest that is nowhere is missing");
	object_reader_free(r);
	object_writer_free(w);
	objects_close(o);
}

/* The path of some pack. */
static const char *some_pack(void)
{
	static char path[6000];
	DIR *d = opendir(below("objects"));

	need(d != NULL, "the directory can be listed");
	for (struct dirent *e; (e = readdir(d));)
		if (strstr(e->d_name, ".pack"))
			snprintf(path, sizeof path, "%s/%s", below("objects"), e->d_name);
	closedir(d);
	return path;
}

static void whole_large_file(void)
{
	CLEANUP(codec) struct codec_context *codec = codec_new();
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;
	CLEANUP(strbuf) struct strbuf list = STRBUF_INIT;
	struct error err = ERROR_INIT;
	char text[70001], chunks[6000];
	struct objects *o;
	struct object_writer *w;
	struct oid digest, id;

	fresh("whole");
	memset(text, 'w', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	store_one(text);
	snprintf(chunks, sizeof chunks, "%s", some_pack());
	o = open_all();
	w = object_writer_new(o, &err);
	digest = id_of(text);
	recipe_add(&recipe, &digest, sizeof text - 1);
	recipe_write(&list, &recipe);
	sha256_bytes(list.buf, list.len, &id);
	need(object_writer_add(w, codec, NULL, OBJECT_RECIPE, &id, &digest, list.buf, list.len, NULL, &err) == 0 &&
	     object_writer_commit(w, &err) == 0, "a recipe can be stored");
	object_writer_free(w);
	ok(objects_has_file(o, &digest, sizeof text - 1), "a large file is there when its recipe and all chunks are");
	objects_close(o);
	need(unlink(chunks) == 0, "a pack can be removed");
	o = open_all();
	ok(objects_has(o, OBJECT_FILE, &digest) && !objects_has_file(o, &digest, sizeof text - 1), "not when a chunk is gone");
	objects_close(o);
}

static void others_packs(void)
{
	struct error err = ERROR_INIT;
	struct objects *o;

	fresh("others");
	o = open_all();
	store_one("from elsewhere");
	is_str(read_back(o, "from elsewhere", &err), "from elsewhere", "what another process stored meanwhile is found when it must be");
	objects_close(o);
}

static void overwrite(const char *path, off_t at, const char *bytes)
{
	int fd;

	chmod(path, 0644);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	need(fd >= 0 && pwrite(fd, bytes, strlen(bytes), at) == (ssize_t)strlen(bytes), "a file can be damaged");
	close(fd);
}

static int count_problem(struct pack *pack, const char *name, const struct error *problem, void *arg, struct error *err)
{
	size_t *counts = arg;

	(void)name;
	(void)err;
	counts[pack == NULL]++;
	return !pack == !problem ? -1 : 0;
}

static void damage(void)
{
	size_t counts[2] = { 0, 0 };
	struct error err = ERROR_INIT;
	struct objects *o;

	fresh("damage");
	store_one("precious");
	overwrite(some_pack(), 32 + 64, "P");
	o = open_all();
	ok(!read_back(o, "precious", &err) && err.code == ERR_INTEGRITY && strstr(err.text, some_pack()),
	   "damaged bytes are refused and their pack is named");
	objects_close(o);
	store_one("other");
	need(truncate(some_pack(), 10) == 0, "a pack can be cut");
	fclose(fopen(below("objects/stray"), "w"));
	o = open_all();
	need(objects_each_pack(o, count_problem, counts, &err) == 0, "packs can be visited");
	ok(counts[0] == 1 && counts[1] == 2, "every pack is visited, and what is no pack is reported");
	objects_close(o);
}

static void a_good_copy_wins(void)
{
	struct error err = ERROR_INIT;
	struct objects *o, *blind;
	struct object_writer *w;
	char first[6000];

	fresh("copies");
	blind = open_all(); /* does not know of the pack that comes now */
	store_one("twice");
	snprintf(first, sizeof first, "%s", some_pack());
	w = object_writer_new(blind, &err);
	add(w, OBJECT_CHUNK, "twice");
	add(w, OBJECT_CHUNK, "so that the pack has another name");
	need(object_writer_commit(w, &err) == 0 && count_files("objects") == 2, "two packs have it");
	object_writer_free(w);
	objects_close(blind);
	overwrite(first, 32 + 64, "x");
	o = open_all();
	is_str(read_back(o, "twice", &err), "twice", "a damaged copy is passed over for a good one");
	objects_close(o);
}

#define PUTS 130 /* so many small packs are in the table only when they are not merged */

static void multi_pack(void)
{
	struct error err = ERROR_INIT;
	struct objects *o;
	size_t found = 0;
	struct stat st;
	char text[50];

	fresh("multi");
	for (int i = 0; i < PUTS; i++) {
		snprintf(text, sizeof text, "put number %d", i);
		store_one(text);
	}
	ok(stat(below("objects/multi-pack"), &st) == 0 && !count_files("tmp"), "many packs get a table together");
	o = open_all();
	for (int i = 0; i < PUTS; i++) {
		snprintf(text, sizeof text, "put number %d", i);
		found += read_back(o, text, &err) != NULL;
	}
	is_int((intmax_t)found, PUTS, "all they hold is found");
	objects_close(o);
	overwrite(below("objects/multi-pack"), st.st_size / 2, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	overwrite(below("objects/multi-pack"), st.st_size - 40, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	o = open_all();
	found = 0;
	for (int i = 0; i < PUTS; i++) {
		snprintf(text, sizeof text, "put number %d", i);
		found += read_back(o, text, &err) != NULL;
	}
	is_int((intmax_t)found, PUTS, "also when the table is damaged");
	objects_close(o);
	need(unlink(some_pack()) == 0, "a pack can be removed");
	o = open_all();
	found = 0;
	for (int i = 0; i < PUTS; i++) {
		snprintf(text, sizeof text, "put number %d", i);
		found += read_back(o, text, &err) != NULL;
	}
	is_int((intmax_t)found, PUTS - 1, "of a pack that is gone the table is not believed");
	objects_close(o);
}

/* The table knows nothing of what became of the packs. */
static void cut_pack_in_the_table(void)
{
	struct error err = ERROR_INIT;
	struct objects *o;
	struct oid id;
	size_t lost = 0;
	char text[50];
	struct object_writer *w;

	fresh("cut");
	for (int i = 0; i < PUTS; i++) {
		snprintf(text, sizeof text, "put number %d", i);
		store_one(text);
	}
	need(chmod(some_pack(), 0644) == 0 && truncate(some_pack(), 40) == 0, "a pack can be cut");
	o = open_all();
	for (int i = 0; i < PUTS; i++) {
		snprintf(text, sizeof text, "put number %d", i);
		id = id_of(text);
		if (objects_has(o, OBJECT_CHUNK, &id))
			continue;
		lost++;
		w = object_writer_new(o, &err);
		add(w, OBJECT_CHUNK, text);
		is_int(object_writer_commit(w, &err), 0, "so it is stored again, though in a pack of the same name");
		object_writer_free(w);
	}
	is_int((intmax_t)lost, 1, "an object whose pack cannot be used does not count as there");
	for (int i = 0; i < PUTS; i++) {
		snprintf(text, sizeof text, "put number %d", i);
		lost += !read_back(o, text, &err);
	}
	is_int((intmax_t)lost, 1, "and then is there");
	objects_close(o);
}

static void few_descriptors(void)
{
	struct error err = ERROR_INIT;
	struct rlimit old, low;
	struct objects *o;

	need(getrlimit(RLIMIT_NOFILE, &old) == 0, "limits can be read");
	low = old;
	low.rlim_cur = 20;
	need(setrlimit(RLIMIT_NOFILE, &low) == 0, "limits can be set");
	unlink(below("objects/multi-pack"));
	o = open_all();
	ok(read_back(o, "put number 3", &err) || read_back(o, "put number 4", &err),
	   "more packs than descriptors are allowed by default can be open");
	objects_close(o);
	need(setrlimit(RLIMIT_NOFILE, &old) == 0, "limits can be set");
}

#define THREADS 4
#define EACH 300

struct crowd {
	struct object_writer *writer;
	uint64_t stored[THREADS];
};

static void add_many(void *arg, size_t worker)
{
	struct crowd *crowd = arg;

	for (int i = 0; i < EACH; i++) {
		char text[100];

		snprintf(text, sizeof text, "chunk %d", i);
		crowd->stored[worker] += add(crowd->writer, OBJECT_CHUNK, text);
	}
}

static void many_threads(void)
{
	struct error err = ERROR_INIT;
	struct objects *o;
	struct crowd crowd = { NULL, { 0 } };
	uint64_t stored = 0, want = 0;
	size_t found = 0;
	char text[100];

	fresh("threads");
	o = open_all();
	crowd.writer = object_writer_new(o, &err);
	thread_run(THREADS, add_many, &crowd);
	for (int i = 0; i < THREADS; i++)
		stored += crowd.stored[i];
	for (int i = 0; i < EACH; i++)
		want += RECORD_HEAD_LEN + (uint64_t)snprintf(text, sizeof text, "chunk %d", i);
	is_int((intmax_t)stored, (intmax_t)want, "what several threads bring at once is stored once");
	need(object_writer_commit(crowd.writer, &err) == 0, "objects can be committed");
	object_writer_free(crowd.writer);
	for (int i = 0; i < EACH; i++) {
		snprintf(text, sizeof text, "chunk %d", i);
		found += read_back(o, text, &err) != NULL;
	}
	is_int((intmax_t)found, EACH, "and all of it is there");
	objects_close(o);
}

static int check_all(struct pack *pack, const char *name, const struct error *problem, void *arg, struct error *err)
{
	(void)name;
	if (problem || pack_check(pack, err) < 0)
		return -1;
	for (size_t i = 0; i < pack->table.count; i++) {
		struct pack_row row;

		if (!pack_table_row(&pack->table, i, pack->records_end, &row) || objects_check_row(arg, pack, &row, err) < 0)
			return -1;
	}
	return 0;
}

static void fsck(void)
{
	struct objects *o = open_all();
	CLEANUP(object_reader) struct object_reader *r = object_reader_new(o);
	struct error err = ERROR_INIT;

	is_int(objects_each_pack(o, check_all, r, &err), 0, "a check of every record finds nothing in a sound registry");
	object_reader_cleanup(&r);
	objects_close(o);
	overwrite(some_pack(), 32 + 64 + 1, "X");
	o = open_all();
	r = object_reader_new(o);
	ok(objects_each_pack(o, check_all, r, &err) < 0 && err.code == ERR_INTEGRITY, "and finds one changed byte");
	object_reader_cleanup(&r);
	objects_close(o);
}

static void no_room(void)
{
	CLEANUP(codec) struct codec_context *codec = codec_new();
	struct error err = ERROR_INIT;
	struct objects *o;
	struct object_writer *w;
	struct oid id = id_of("hello");

	fresh("no-tmp");
	need(rmdir(below("tmp")) == 0 && symlink("nowhere/at/all", below("tmp")) == 0, "tmp/ can be spoilt");
	o = open_all();
	w = object_writer_new(o, &err);
	ok(object_writer_add(w, codec, NULL, OBJECT_CHUNK, &id, NULL, "hello", 5, NULL, &err) < 0,
	   "an object that cannot be staged is an error");
	ok(object_writer_commit(w, &err) < 0, "and nothing is committed after it");
	object_writer_free(w);
	objects_close(o);
	need(rmdir(below("objects")) == 0, "objects/ can be removed");
	ok(!objects_open(top, NULL, &err) && err.code == ERR_INTEGRITY, "a registry without objects/ is damaged");
}

int main(void)
{
	stores_and_reads();
	files();
	whole_large_file();
	others_packs();
	damage();
	a_good_copy_wins();
	multi_pack();
	few_descriptors();
	cut_pack_in_the_table();
	many_threads();
	fsck();
	no_room();
	return tap_done();
}
