/* SPDX-License-Identifier: Apache-2.0 */
/* What a transfer counts on: objects from elsewhere are seen by nobody before they are verified, and not lost when it is cut off. */
#include <config.h>

#include "store/quarantine.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/crash.h"
#include "base/mem.h"
#include "codec/codec.h"
#include "store-fixture.h"
#include "store/pack.h"
#include "store/record.h"

#define LARGE (200u << 10)

static char quarantine_path[4300];

static struct objects *fresh(const char *name)
{
	struct objects *o = new_store(name);

	snprintf(quarantine_path, sizeof quarantine_path, "%s/quarantine", store_path);
	return o;
}

static struct objects *open_again(void)
{
	struct objects *o = objects_open(store_path, NULL, &err);

	need(o != NULL, err.text);
	return o;
}

static struct quarantine *open_quarantine(struct objects *o)
{
	struct quarantine *q = quarantine_open(o, store_path, &err);

	need(q != NULL, err.text);
	return q;
}

/* Chunk number n, not compressed; the large ones are over what a pack writes by itself. */
static void make(unsigned n, bool large, struct record_head *head, struct strbuf *data)
{
	size_t len = large ? LARGE : 100;

	strbuf_reset(data);
	strbuf_grow(data, len);
	fill_noise((uint8_t *)data->buf, len, n + 1);
	strbuf_set_len(data, len);
	*head = (struct record_head){ .kind = OBJECT_CHUNK, .codec = CODEC_RAW, .raw_len = len, .stored_len = len };
	sha256_bytes(data->buf, len, &head->id);
}

static void take_in(struct quarantine *q, unsigned n, bool large)
{
	CLEANUP(strbuf) struct strbuf data = STRBUF_INIT;
	struct record_head head;

	make(n, large, &head, &data);
	need(quarantine_add(q, &head, data.buf, &err) == 0, err.text);
}

static struct oid id_of(unsigned n, bool large)
{
	CLEANUP(strbuf) struct strbuf data = STRBUF_INIT;
	struct record_head head;

	make(n, large, &head, &data);
	return head.id;
}

static bool can_read(struct objects *o, unsigned n, bool large)
{
	CLEANUP(object_reader) struct object_reader *r = object_reader_new(o);
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	struct error ignored = ERROR_INIT;
	struct oid id = id_of(n, large);

	return object_read(r, OBJECT_CHUNK, &id, &out, NULL, &ignored) == 0;
}

static bool is_left(struct quarantine *q, unsigned n, bool large)
{
	struct oid id = id_of(n, large);

	return quarantine_has_left(q, OBJECT_CHUNK, &id);
}

/* As a transfer does that wants it. */
static bool approve(struct quarantine *q, unsigned n, bool large)
{
	CLEANUP(record_checker) struct record_checker *checker = record_checker_new();
	CLEANUP(strbuf) struct strbuf stored = STRBUF_INIT;
	struct oid id = id_of(n, large);
	struct error why = ERROR_INIT;
	struct quarantine_left at;
	struct record_head head;
	const void *raw;

	if (!quarantine_read_left(q, OBJECT_CHUNK, &id, &at, &head, &stored) || record_check(checker, &head, stored.buf, &raw, &why) < 0)
		return false;
	quarantine_approve(q, &at);
	return true;
}

static size_t count_files(const char *path)
{
	DIR *d = opendir(path);
	size_t count = 0;

	for (struct dirent *e; d && (e = readdir(d));)
		count += e->d_name[0] != '.' && strcmp(e->d_name, "multi-pack") != 0;
	if (d)
		closedir(d);
	return count;
}

static size_t count_packs(void)
{
	char path[4400];

	snprintf(path, sizeof path, "%s/objects", store_path);
	return count_files(path);
}

/* The child is killed with what it has taken in; 0: it has reached the end. */
static void in_a_child(void (*fn)(void), int want_signal)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	need(pid >= 0, "a process can be forked");
	if (!pid) {
		fn();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	need(want_signal ? WIFSIGNALED(status) && WTERMSIG(status) == want_signal : WIFEXITED(status), "the child ended as it should");
}

static void keeps_until_commit(void)
{
	struct objects *o = fresh("commit");
	struct quarantine *q = open_quarantine(o);
	struct oid id = id_of(1, false);

	take_in(q, 1, false);
	take_in(q, 2, true);
	ok(can_read(o, 1, false) && can_read(o, 2, true), "what was taken in can be read");
	ok(objects_has(o, OBJECT_CHUNK, &id), "and is there for who asks");
	is_int((intmax_t)quarantine_bytes(q), 2 * 64 + 100 + LARGE, "its bytes are counted");
	is_int((intmax_t)count_packs(), 0, "nothing is in objects/");
	need(quarantine_commit(q, &err) == 0, err.text);
	is_int((intmax_t)count_packs(), 1, "after the commit it is");
	take_in(q, 3, false);
	need(quarantine_commit(q, &err) == 0, err.text);
	is_int((intmax_t)count_packs(), 2, "more can follow");
	quarantine_close(q, false);
	objects_close(o);
	is_int((intmax_t)count_files(quarantine_path), 0, "the quarantine is empty then");
	o = open_again();
	ok(can_read(o, 1, false) && can_read(o, 2, true) && can_read(o, 3, false), "the next process finds all of it");
	objects_close(o);
}

static void leaves_for_the_next(void)
{
	struct objects *o = fresh("left");
	struct quarantine *q = open_quarantine(o);

	for (unsigned n = 0; n < 10; n++)
		take_in(q, n, n % 3 == 0);
	quarantine_close(q, true);
	objects_close(o);
	o = open_again();
	ok(!can_read(o, 1, false), "what a transfer that was cut off has left is seen by nobody");
	q = open_quarantine(o);
	is_int((intmax_t)count_files(quarantine_path), 1, "the next one takes it over");
	ok(is_left(q, 1, false) && is_left(q, 3, true) && !can_read(o, 1, false), "but does not believe it");
	ok(approve(q, 1, false) && approve(q, 3, true) && can_read(o, 1, false) && !is_left(q, 1, false), "before it is verified");
	ok(!can_read(o, 2, false), "one by one");
	take_in(q, 20, false);
	need(quarantine_commit(q, &err) == 0, err.text);
	quarantine_close(q, false);
	objects_close(o);
	o = open_again();
	ok(can_read(o, 1, false) && can_read(o, 3, true) && can_read(o, 20, false), "what was verified is in objects/ then");
	ok(!can_read(o, 2, false), "and nothing else");
	is_int((intmax_t)count_packs(), 1, "in one pack");
	is_int((intmax_t)count_files(quarantine_path), 0, "the rest is removed");
	objects_close(o);
}

static void be_killed(void)
{
	struct quarantine *q = open_quarantine(open_again());

	for (unsigned n = 0; n < 20; n++)
		take_in(q, n, n % 5 == 4);
	raise(SIGKILL);
}

/* The one file with records, of the one directory. */
static void find_partial(char *path, size_t cap)
{
	DIR *d = opendir(quarantine_path);
	struct dirent *e;
	char dir[4600] = "";

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			snprintf(dir, sizeof dir, "%.4300s/%.255s", quarantine_path, e->d_name);
	if (d)
		closedir(d);
	d = opendir(dir);
	while (d && (e = readdir(d)))
		if (strncmp(e->d_name, "pack-", 5) == 0)
			snprintf(path, cap, "%.4600s/%.255s", dir, e->d_name);
	if (d)
		closedir(d);
}

static void survives_a_kill(void)
{
	struct objects *o = fresh("killed");
	struct quarantine *q;
	size_t left = 0;

	objects_close(o);
	in_a_child(be_killed, SIGKILL);
	o = open_again();
	q = open_quarantine(o);
	for (unsigned n = 0; n < 20; n++)
		left += is_left(q, n, n % 5 == 4) && approve(q, n, n % 5 == 4);
	is_int((intmax_t)left, 20, "of a transfer that was killed everything is found that was in the file");
	need(quarantine_commit(q, &err) == 0, err.text);
	quarantine_close(q, false);
	objects_close(o);
	o = open_again();
	ok(can_read(o, 19, true) && can_read(o, 0, false), "and can be used");
	objects_close(o);
}

static void stops_at_damage(void)
{
	struct objects *o = fresh("damaged");
	char path[5000] = "";
	struct quarantine *q;
	int fd;

	objects_close(o);
	in_a_child(be_killed, SIGKILL);
	find_partial(path, sizeof path);
	need(chmod(path, 0644) == 0, "the file can be made writable");
	fd = open(path, O_RDWR | O_CLOEXEC);
	need(pwrite(fd, "x", 1, 32 + 4 * 164 + 64 + LARGE / 2) == 1 && close(fd) == 0, "and damaged");
	o = open_again();
	q = open_quarantine(o);
	ok(is_left(q, 3, false) && !is_left(q, 4, true) && !is_left(q, 5, false), "what was left counts as far as it is whole");
	quarantine_close(q, true);
	q = open_quarantine(o);
	ok(is_left(q, 3, false), "and stays for as long as nobody has finished");
	quarantine_close(q, false);
	is_int((intmax_t)count_files(quarantine_path), 0, "then it is gone");
	objects_close(o);
}

static void passes_over_the_living(void)
{
	struct objects *o = fresh("two"), *other = open_again();
	struct quarantine *q = open_quarantine(o), *second;

	take_in(q, 1, false);
	second = open_quarantine(other);
	ok(!is_left(second, 1, false), "what another transfer is at is not taken over");
	is_int((intmax_t)count_files(quarantine_path), 2, "each has a directory");
	quarantine_close(second, true);
	need(quarantine_commit(q, &err) == 0, err.text);
	quarantine_close(q, false);
	ok(can_read(o, 1, false), "nor disturbed");
	objects_close(o);
	objects_close(other);
}

static void forgets_after_two_weeks(void)
{
	struct objects *o = fresh("old");
	struct timespec times[2] = { { 1000000, 0 }, { 1000000, 0 } };
	char path[5000] = "";
	struct quarantine *q;

	objects_close(o);
	in_a_child(be_killed, SIGKILL);
	find_partial(path, sizeof path);
	need(utimensat(AT_FDCWD, path, times, 0) == 0, "a file can be made old");
	o = open_again();
	q = open_quarantine(o);
	ok(!is_left(q, 1, false), "what was left long ago is removed");
	quarantine_close(q, false);
	is_int((intmax_t)count_files(quarantine_path), 0, "with its directory");
	objects_close(o);
}

static void add_recipe(struct quarantine *q, const struct oid *file, const char *text, struct oid *id)
{
	struct record_head head = { .kind = OBJECT_RECIPE, .raw_len = strlen(text), .stored_len = strlen(text), .file = *file };

	sha256_bytes(text, strlen(text), id);
	head.id = *id;
	need(quarantine_add(q, &head, text, &err) == 0, err.text);
}

static void leaves_out_what_is_rejected(void)
{
	struct objects *o = fresh("rejected");
	struct quarantine *q = open_quarantine(o);
	struct oid good = id_of(100, false), bad = id_of(101, false), recipe, good_recipe, file;

	take_in(q, 1, false);
	add_recipe(q, &good, "a good recipe", &good_recipe);
	add_recipe(q, &bad, "a bad recipe", &recipe);
	ok(quarantine_file_of(q, &recipe, &file) && oid_equal(&file, &bad), "a recipe says of which file it is");
	ok(objects_has(o, OBJECT_FILE, &bad), "and is found by it");
	quarantine_reject(q, &recipe, &bad);
	ok(!objects_has(o, OBJECT_FILE, &bad) && !objects_has(o, OBJECT_RECIPE, &recipe), "once rejected it is not");
	need(quarantine_commit(q, &err) == 0, err.text);
	quarantine_close(q, false);
	objects_close(o);
	o = open_again();
	ok(can_read(o, 1, false) && objects_has(o, OBJECT_FILE, &good), "the others are committed");
	ok(!objects_has(o, OBJECT_FILE, &bad) && !objects_has(o, OBJECT_RECIPE, &recipe), "and it is not");
	objects_close(o);
}

static void adopts_a_pack(void)
{
	struct objects *o = fresh("adopt");
	struct quarantine *q = open_quarantine(o);
	struct pack_writer *w = pack_writer_new(quarantine_dir(q), 1, &err);
	CLEANUP(strbuf) struct strbuf data = STRBUF_INIT, path = STRBUF_INIT;
	struct record_head head;
	struct oid name;

	make(7, true, &head, &data);
	need(w && pack_writer_add(w, &head, data.buf, &err) == 0 && pack_writer_finish(&w, quarantine_dir(q), &name, &err) == 0, err.text);
	pack_path(&path, quarantine_dir(q), &name);
	ok(quarantine_adopt_pack(q, path.buf, &err) == 0 && is_left(q, 7, true), "a pack that was put there counts as left over");
	ok(!can_read(o, 7, true) && approve(q, 7, true) && can_read(o, 7, true), "and is to be verified");
	need(quarantine_commit(q, &err) == 0, err.text);
	strbuf_reset(&path);
	memset(&name, 0xab, sizeof name);
	pack_path(&path, quarantine_dir(q), &name);
	write_file(path.buf, "no pack", 7);
	ok(quarantine_adopt_pack(q, path.buf, &err) < 0 && err.code == ERR_INTEGRITY && !file_exists(path.buf), "what is no pack is refused");
	error_clear(&err);
	quarantine_close(q, false);
	objects_close(o);
}

static const char *point;

static void commit_some(void)
{
	struct objects *o = open_again();
	struct quarantine *q = open_quarantine(o);

	for (unsigned n = 0; n < 6; n++)
		if (is_left(q, n, n % 2))
			need(approve(q, n, n % 2), "what was left can be approved");
		else if (!can_read(o, n, n % 2))
			take_in(q, n, n % 2);
	crash_arm(point);
	need(quarantine_commit(q, &err) == 0, err.text);
	quarantine_close(q, false);
	crash_arm(NULL);
	objects_close(o);
}

static void takes_up_after_each_step(void)
{
	static const char *const points[] = {
		"quarantine-before-finish", "pack-half-written", "pack-before-sync", "pack-before-rename", "pack-after-rename", "pack-after-dir-sync",
		"quarantine-before-move", "quarantine-between-packs", "quarantine-before-remove",
	};

	for (size_t i = 0; i < COUNT_OF(points); i++) {
		char name[40];
		struct objects *o;
		bool whole = true;

		snprintf(name, sizeof name, "crash-%zu", i);
		objects_close(fresh(name));
		point = points[i];
		in_a_child(commit_some, SIGKILL);
		point = NULL;
		commit_some();
		o = open_again();
		for (unsigned n = 0; n < 6; n++)
			whole = whole && can_read(o, n, n % 2);
		ok(whole && count_files(quarantine_path) == 0, "killed at %s, the next one brings it to its end", points[i]);
		objects_close(o);
	}
}

int main(void)
{
	keeps_until_commit();
	leaves_for_the_next();
	survives_a_kill();
	stops_at_damage();
	passes_over_the_living();
	forgets_after_two_weeks();
	leaves_out_what_is_rejected();
	adopts_a_pack();
	takes_up_after_each_step();
	return tap_done();
}
