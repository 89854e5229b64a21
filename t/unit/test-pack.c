/* SPDX-License-Identifier: Apache-2.0 */
/* What a user of store/pack counts on. */
#include <config.h>

#include "store/pack.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/thread-pool.h"
#include "tap.h"

static char dir[4200];

static const char *in_dir(const struct oid *name)
{
	static char path[4300];

	snprintf(path, sizeof path, "%s/%s.pack", dir, oid_hex(name).text);
	return path;
}

static size_t files_in_dir(void)
{
	DIR *d = opendir(dir);
	size_t count = 0;

	need(d != NULL, "the directory can be listed");
	for (struct dirent *e; (e = readdir(d));)
		count += e->d_name[0] != '.';
	closedir(d);
	return count;
}

static void add(struct pack_writer *w, enum object_kind kind, const char *text)
{
	struct record_head head = { .kind = kind, .raw_len = strlen(text), .stored_len = strlen(text) };
	struct error err = ERROR_INIT;

	sha256_bytes(text, strlen(text), &head.id);
	if (kind == OBJECT_RECIPE)
		sha256_bytes("the file", 8, &head.file);
	need(pack_writer_add(w, &head, text, &err) == 0, "a record can be added");
}

static void make_pack(struct oid *name)
{
	struct error err = ERROR_INIT;
	struct pack_writer *w = pack_writer_new(dir, 0, &err);

	need(w != NULL, "a pack can be begun");
	add(w, OBJECT_CHUNK, "one");
	add(w, OBJECT_RECIPE, "two two");
	add(w, OBJECT_MANIFEST, "");
	need(pack_writer_finish(&w, dir, name, &err) == 0 && !w, "a pack can be finished");
}

static void writes_and_reads(void)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct record_head head;
	struct pack_row row;
	struct pack *p;
	struct oid name, id;
	int64_t at;

	make_pack(&name);
	is_int((intmax_t)files_in_dir(), 1, "a finished pack leaves nothing else behind");
	p = pack_open(in_dir(&name), &name, &err);
	need(p != NULL, "a pack can be opened");
	is_int((intmax_t)p->table.count, 4, "a recipe has two rows in the table, all else one");
	sha256_bytes("the file", 8, &id);
	at = pack_table_find(&p->table, &id, OBJECT_FILE);
	ok(at >= 0 && pack_table_row(&p->table, (size_t)at, p->records_end, &row), "a recipe is found by its file");
	ok(pack_read_stored(p, &row, &out, &err) == 0, "and can be read");
	is_str(out.buf, "two two", "with all its bytes");
	sha256_bytes("two two", 7, &id);
	ok(pack_read_head(p, &row, &head, &err) == 0 && oid_equal(&head.id, &id), "its head names the recipe");
	is_int(pack_check(p, &err), 0, "a check of it finds nothing");
	row.offset++;
	ok(pack_read_head(p, &row, &head, &err) < 0 && err.code == ERR_INTEGRITY, "a row that points elsewhere is found");
	ok(pack_read_stored(p, &row, &out, &err) < 0 && err.code == ERR_INTEGRITY, "and its bytes are not given out");
	row.offset = UINT64_MAX - 5;
	ok(pack_read_stored(p, &row, &out, &err) < 0 && err.code == ERR_INTEGRITY, "nor those of one that points anywhere");
	pack_close(p);
	unlink(in_dir(&name));
}

static void staged_records(void)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct pack_writer *w = pack_writer_new(dir, 0, &err);
	struct pack_row row;
	struct oid id, name;

	need(w != NULL, "a pack can be begun");
	add(w, OBJECT_CHUNK, "staged");
	sha256_bytes("staged", 6, &id);
	ok(pack_writer_find(w, &id, OBJECT_CHUNK, &row), "a record is found before the pack is finished");
	ok(!pack_writer_find(w, &id, OBJECT_MANIFEST, &row), "but not as another kind");
	ok(pack_writer_find(w, &id, OBJECT_CHUNK, &row) && pack_writer_read_stored(w, &row, &out, &err) == 0, "and can be read back");
	is_str(out.buf, "staged", "with its bytes");
	is_int((intmax_t)pack_writer_count(w), 1, "records are counted");
	is_int((intmax_t)pack_writer_bytes(w), 32 + 64 + 6, "and their bytes");
	pack_writer_abort(&w);
	is_int((intmax_t)files_in_dir(), 0, "an aborted pack leaves nothing behind");
	w = pack_writer_new(dir, 0, &err);
	ok(w && pack_writer_finish(&w, dir, &name, &err) == 0 && !name.raw[0] && !files_in_dir(), "nor does an empty one");
}

static void a_record_that_was_not_written(void)
{
	static char large[200000];
	struct record_head head = { .kind = OBJECT_CHUNK, .raw_len = sizeof large, .stored_len = sizeof large };
	struct rlimit old = { 0 }, low;
	struct error err = ERROR_INIT;
	struct pack_writer *w = pack_writer_new(dir, 0, &err);
	struct oid name;

	need(w && getrlimit(RLIMIT_FSIZE, &old) == 0, "a pack can be begun");
	add(w, OBJECT_CHUNK, "before");
	low = old;
	low.rlim_cur = 100000;
	signal(SIGXFSZ, SIG_IGN);
	need(setrlimit(RLIMIT_FSIZE, &low) == 0, "limits can be set");
	ok(pack_writer_add(w, &head, large, &err) < 0, "a record for which there is no room is an error");
	need(setrlimit(RLIMIT_FSIZE, &old) == 0, "limits can be set");
	add(w, OBJECT_CHUNK, "behind");
	ok(pack_writer_finish(&w, dir, &name, &err) < 0 && !w && !files_in_dir(), "and a pack with such a hole is never finished");
}

static void same_pack_twice(void)
{
	struct error err = ERROR_INIT;
	struct oid one, two;
	struct pack *p;

	make_pack(&one);
	make_pack(&two);
	ok(oid_equal(&one, &two), "the same records give a pack of the same name");
	is_int((intmax_t)files_in_dir(), 1, "and the second takes the place of the first");
	need(chmod(in_dir(&one), 0644) == 0 && truncate(in_dir(&one), 50) == 0, "a pack can be cut");
	make_pack(&two);
	p = pack_open(in_dir(&one), &one, &err);
	ok(oid_equal(&one, &two) && p && pack_check(p, &err) == 0, "which mends one that was damaged");
	pack_close(p);
	unlink(in_dir(&one));
}

/* Flips a bit at one place of the pack; what checking and opening say of it. */
static bool damage_is_found(const struct oid *name, off_t at)
{
	struct error err = ERROR_INIT;
	struct pack *p;
	uint8_t byte = 0;
	bool found;
	int fd;

	chmod(in_dir(name), 0644);
	fd = open(in_dir(name), O_RDWR | O_CLOEXEC);
	need(fd >= 0 && pread(fd, &byte, 1, at) == 1, "the pack can be damaged");
	byte ^= 0x40;
	need(pwrite(fd, &byte, 1, at) == 1, "the pack can be damaged");
	p = pack_open(in_dir(name), name, &err);
	found = (!p || pack_check(p, &err) < 0) && (err.code == ERR_INTEGRITY || err.code == ERR_FORMAT) && strstr(err.text, ".pack");
	pack_close(p);
	byte ^= 0x40;
	need(pwrite(fd, &byte, 1, at) == 1, "the damage can be undone");
	close(fd);
	return found;
}

static void every_byte_is_checked(void)
{
	size_t missed = 0, payload = 0;
	struct stat st;
	struct oid name;

	make_pack(&name);
	need(stat(in_dir(&name), &st) == 0, "the pack is there");
	for (off_t at = 0; at < st.st_size; at++)
		missed += !damage_is_found(&name, at);
	payload = 3 + 7;
	is_int((intmax_t)missed, (intmax_t)payload,
	       "a check of a pack finds damage in every byte but those of the payloads, which reading finds");
	need(truncate(in_dir(&name), st.st_size - 1) == 0, "the pack can be cut");
	ok(damage_is_found(&name, 3), "a pack that is cut is refused");
	unlink(in_dir(&name));
}

static void other_name(void)
{
	struct error err = ERROR_INIT;
	struct oid name, other = { { 1 } };

	make_pack(&name);
	ok(!pack_open(in_dir(&name), &other, &err) && err.code == ERR_INTEGRITY, "a pack under another name is refused");
	unlink(in_dir(&name));
}

#define THREADS 4
#define EACH 500

static void add_many(void *arg, size_t worker)
{
	for (size_t i = 0; i < EACH; i++) {
		char text[100];

		snprintf(text, sizeof text, "record %zu of worker %zu", i, worker);
		add(arg, OBJECT_CHUNK, text);
	}
}

static void many_threads(void)
{
	struct error err = ERROR_INIT;
	struct pack_writer *w = pack_writer_new(dir, 0, &err);
	struct pack *p;
	struct oid name;

	need(w != NULL, "a pack can be begun");
	thread_run(THREADS, add_many, w);
	is_int((intmax_t)pack_writer_count(w), THREADS * EACH, "several threads can add at once");
	need(pack_writer_finish(&w, dir, &name, &err) == 0, "a pack can be finished");
	p = pack_open(in_dir(&name), &name, &err);
	ok(p && p->table.count == THREADS * EACH && pack_check(p, &err) == 0, "and all of it is there");
	pack_close(p);
	unlink(in_dir(&name));
}

int main(void)
{
	snprintf(dir, sizeof dir, "%s/packs", tap_dir());
	need(mkdir(dir, 0777) == 0, "a directory can be made");
	writes_and_reads();
	staged_records();
	a_record_that_was_not_written();
	same_pack_twice();
	every_byte_is_checked();
	other_name();
	many_threads();
	return tap_done();
}
