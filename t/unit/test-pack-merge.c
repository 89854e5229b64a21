/* SPDX-License-Identifier: Apache-2.0 */
/* What a user of store/pack-merge and store/retired counts on. */
#include <config.h>

#include "codec/codec.h"
#include "store/pack-merge.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/objects-state.h"
#include "store/retired.h"
#include "store-fixture.h"

#define DAY INT64_C(86400)
#define NOON (INT64_C(20000) * DAY + DAY / 2) /* 2024-10-04 */
#define FOLDER "merged-20241004"

static char *below(const char *name)
{
	static char paths[8][5000];
	static int turn;
	char *path = paths[turn++ % 8];

	snprintf(path, sizeof paths[0], "%s/%s", store_path, name);
	return path;
}

static struct objects *reopen(void)
{
	struct objects *o = objects_open(store_path, NULL, &err);

	need(o != NULL, err.text);
	return o;
}

static struct oid id_of(const char *text)
{
	struct oid id;

	sha256_bytes(text, strlen(text), &id);
	return id;
}

static void add(struct object_writer *w, const char *text)
{
	CLEANUP(codec) struct codec_context *codec = codec_new();
	struct oid id = id_of(text);

	need(object_writer_add(w, codec, NULL, OBJECT_CHUNK, &id, NULL, text, strlen(text), NULL, &err) == 0, "an object can be added");
}

static const char *numbered(int i)
{
	static char text[40];

	snprintf(text, sizeof text, "number %d", i);
	return text;
}

/* As many puts, each of one small object. */
static void store_some(struct objects *o, int first, int last)
{
	for (int i = first; i <= last; i++) {
		CLEANUP(object_writer) struct object_writer *w = object_writer_new(o, &err);

		add(w, numbered(i));
		need(object_writer_commit(w, &err) == 0, "objects can be committed");
	}
}

static size_t count_packs(const char *name)
{
	DIR *d = opendir(below(name));
	size_t count = 0;

	for (struct dirent *e; d && (e = readdir(d));)
		count += strstr(e->d_name, PACK_SUFFIX) != NULL;
	if (d)
		closedir(d);
	return count;
}

static char *some_pack(const char *name)
{
	static char path[5400];
	DIR *d = opendir(below(name));

	need(d != NULL, "a directory can be listed");
	path[0] = '\0';
	for (struct dirent *e; (e = readdir(d));)
		if (strstr(e->d_name, PACK_SUFFIX))
			snprintf(path, sizeof path, "%s/%s", below(name), e->d_name);
	closedir(d);
	return path;
}

static bool reads(struct objects *o, const char *text)
{
	CLEANUP(object_reader) struct object_reader *r = object_reader_new(o);
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	struct oid id = id_of(text);

	error_clear(&err);
	return object_read(r, OBJECT_CHUNK, &id, &out, NULL, &err) == 0 && strcmp(out.buf, text) == 0;
}

static int count_read(struct objects *o, int first, int last)
{
	int found = 0;

	for (int i = first; i <= last; i++)
		found += reads(o, numbered(i));
	return found;
}

static void overwrite(const char *path, off_t at, const char *bytes)
{
	int fd;

	chmod(path, 0644);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	need(fd >= 0 && pwrite(fd, bytes, strlen(bytes), at) == (ssize_t)strlen(bytes), "a file can be damaged");
	close(fd);
}

static size_t chosen_of(struct merge_pack *packs, size_t count)
{
	size_t chosen = 0;

	pack_merge_choose(packs, count);
	for (size_t i = 0; i < count; i++)
		chosen += packs[i].is_chosen;
	return chosen;
}

#define MIB ((uint64_t)1 << 20)

/* count packs of one size, behind those that are there. */
static size_t some(struct merge_pack *packs, size_t at, size_t count, uint64_t len)
{
	for (size_t i = 0; i < count; i++)
		packs[at + i] = (struct merge_pack){ .len = len };
	return at + count;
}

static void choosing(void)
{
	struct merge_pack packs[100];

	is_int((intmax_t)chosen_of(packs, 0), 0, "where there are no packs, none are merged");
	is_int((intmax_t)chosen_of(packs, some(packs, 0, 15, 2000)), 0, "15 packs of one size are left alone");
	is_int((intmax_t)chosen_of(packs, some(packs, 0, 16, 2000)), 16, "16 are merged");
	is_int((intmax_t)chosen_of(packs, some(packs, some(packs, 0, 15, 20000), 16, 2000)), 31, "what fills the next tier takes that along");
	is_int((intmax_t)chosen_of(packs, some(packs, some(packs, 0, 14, 20000), 16, 2000)), 16, "what does not leaves it alone");
	is_int((intmax_t)chosen_of(packs, some(packs, 0, 100, 9 * MIB)), 0, "large packs are never merged");
	is_int((intmax_t)chosen_of(packs, some(packs, 0, 4, 7 * MIB)), 0, "28 MiB wait for more");
	is_int((intmax_t)chosen_of(packs, some(packs, 0, 5, 7 * MIB)), 5, "35 MiB do not, though they are few packs");
	is_int((intmax_t)chosen_of(packs, some(packs, 0, 100, 7 * MIB)), 10, "of very many, 64 MiB are merged at once, and what goes a little beyond");
	is_int((intmax_t)chosen_of(packs, some(packs, some(packs, some(packs, 0, 15, 1 * MIB), 15, 40000), 15, 2000)), 0,
	       "different sizes stand side by side");
}

static void merging(void)
{
	struct objects *o, *old;
	struct oid name = id_of("number 3");
	struct pack *p;

	o = new_store("merging");
	clock_fix(NOON * NS_PER_S);
	store_some(o, 1, 15);
	old = reopen();
	ok(!objects_want_tidying(o), "few packs need no merging");
	clock_fix((NOON + 7) * NS_PER_S);
	store_some(o, 16, 16);
	ok(objects_want_tidying(o), "16 do");
	is_int(objects_tidy(o, &err), 0, "they can be merged");
	is_int((intmax_t)count_packs("objects"), 1, "and are one then");
	is_int((intmax_t)count_packs("objects/retired/" FOLDER), 16, "the old ones stay for a while");
	ok(!objects_want_tidying(o), "once is enough");
	is_int(count_read(o, 1, 16), 16, "all they held can be read");
	ok(objects_has(o, OBJECT_CHUNK, &name), "and is not stored again");
	is_int(count_read(old, 1, 15), 15, "also by who has listed the packs before");
	ok(reads(old, numbered(16)), "who finds, too, what came meanwhile");
	is_int((intmax_t)(objects_retired_reads(o) + objects_retired_reads(old)), 0, "none of it in retired packs");
	objects_close(old);
	objects_close(o);
	need(oid_parse(strrchr(some_pack("objects"), '/') + 1, OID_HEX_LEN, &name), "a pack has a name");
	p = pack_open(some_pack("objects"), &name, &err);
	ok(p && pack_check(p, &err) == 0 && p->table.count == 16, "the new pack is sound");
	ok(p && p->birth == (NOON + 7) * NS_PER_S, "and has the newest birth of the old ones");
	pack_close(p);
	o = reopen();
	is_int(count_read(o, 1, 16), 16, "a new process reads everything");
	store_some(o, 17, 32);
	need(objects_tidy(o, &err) == 0, "a second merge works");
	is_int((intmax_t)count_packs("objects"), 2, "the next 16 become another");
	objects_close(o);
}

/* Each time among 16 packs; what happens to the others. */
static void damaged_inputs(void)
{
	struct objects *o = new_store("damaged");
	char path[5400];

	store_some(o, 1, 16);
	objects_close(o);
	snprintf(path, sizeof path, "%s", some_pack("objects"));
	overwrite(path, 32 + 64, "N");
	o = reopen();
	is_int(objects_tidy(o, &err), 0, "a pack with a damaged record does not stop a merge");
	is_int((intmax_t)count_packs("objects"), 2, "which leaves it out");
	ok(access(path, F_OK) == 0, "and where it was");
	is_int(count_read(o, 1, 16), 15, "nothing else is lost");
	store_some(o, 17, 31);
	objects_close(o);
	need(truncate(path, 50) == 0, "a pack can be cut");
	o = reopen();
	is_int(objects_tidy(o, &err), 0, "nor does one that cannot be opened");
	is_int(count_read(o, 1, 31), 30, "nothing else is lost then");
	objects_close(o);
}

static void duplicates(void)
{
	struct objects *o = new_store("twice"), *blind = reopen();
	CLEANUP(object_writer) struct object_writer *w = object_writer_new(blind, &err);
	struct stat st;

	store_some(o, 1, 15);
	add(w, numbered(1));
	add(w, numbered(2));
	need(object_writer_commit(w, &err) == 0, "objects can be committed");
	object_writer_cleanup(&w);
	objects_close(blind);
	objects_close(o);
	o = reopen();
	is_int(objects_tidy(o, &err), 0, "packs with common objects are merged");
	ok(stat(some_pack("objects"), &st) == 0 &&
	   st.st_size == PACK_HEADER_LEN + PACK_FANOUT_LEN + PACK_TRAILER_LEN + 15 * (64 + 64) + 9 * 8 + 6 * 9, "and each object is copied once");
	is_int(count_read(o, 1, 15), 15, "and read back");
	objects_close(o);
}

/* The older copy has a right checksum and wrong bytes, as of a faulty memory; fsck has found that, and a put has brought the object again. */
static void unsound_twin(void)
{
	struct objects *o = new_store("twin");
	struct oid id = id_of(numbered(1)), name;
	struct record_head head = { .kind = OBJECT_CHUNK, .codec = CODEC_RAW, .id = id, .raw_len = 4, .stored_len = 4 };
	struct pack_writer *w = pack_writer_new(below("tmp"), 1, &err);

	need(w && pack_writer_add(w, &head, "oops", &err) == 0, "a wrong record can be written");
	need(pack_writer_finish(&w, below("objects"), &name, &err) == 0, "and its pack");
	objects_close(o);
	o = reopen();
	need(objects_set_damaged(o, &id, 1, &err) == 0, "it can be known as damaged");
	clock_fix(NOON * NS_PER_S);
	store_some(o, 1, 15);
	is_int(objects_tidy(o, &err), 0, "packs with two copies of an object are merged");
	is_int((intmax_t)count_packs("objects"), 1, "into one");
	is_int(count_read(o, 1, 15), 15, "and the sound copy is read");
	clock_fix((NOON + 2 * DAY) * NS_PER_S);
	need(objects_tidy(o, &err) == 0, "retired packs can be removed");
	objects_close(o);
	o = reopen();
	is_int(count_read(o, 1, 15), 15, "also when the retired packs are gone");
	objects_close(o);
}

/* All that the others have is in the first: what is made has its name. */
static void same_name(void)
{
	struct objects *all = new_store("same"), *blind[15];
	struct object_writer *w = object_writer_new(all, &err);
	char first[5400];

	for (int i = 0; i < 15; i++)
		blind[i] = reopen();
	for (int i = 0; i < 8; i++)
		add(w, numbered(i));
	need(object_writer_commit(w, &err) == 0, "objects can be committed");
	object_writer_cleanup(&w);
	snprintf(first, sizeof first, "%s", some_pack("objects"));
	clock_fix((NOON + 1) * NS_PER_S);
	for (int i = 0; i < 15; i++) {
		w = object_writer_new(blind[i], &err);
		add(w, numbered(i / 2));
		if (i % 2)
			add(w, numbered(i / 2 + 1 < 8 ? i / 2 + 1 : 0));
		need(object_writer_commit(w, &err) == 0, "objects can be committed");
		object_writer_cleanup(&w);
		objects_close(blind[i]);
	}
	objects_close(all);
	all = reopen();
	need(count_packs("objects") == 16 && objects_tidy(all, &err) == 0, "packs can be merged");
	ok(count_packs("objects") == 1 && access(first, F_OK) == 0, "a pack that has all the others have is not retired");
	is_int(count_read(all, 0, 7), 8, "and nothing is lost");
	objects_close(all);
}

/* What a merge left that was killed before it retired anything. */
static void unfinished(void)
{
	struct objects *o = new_store("unfinished");

	store_some(o, 1, 16);
	need(objects_tidy(o, &err) == 0 && count_packs("objects") == 1, "packs can be merged");
	objects_close(o);
	while (count_packs("objects/retired/" FOLDER)) {
		char *from = some_pack("objects/retired/" FOLDER), to[5400];

		snprintf(to, sizeof to, "%s/%s", below("objects"), strrchr(from, '/') + 1);
		need(rename(from, to) == 0, "a pack can be moved");
	}
	o = reopen();
	need(objects_tidy(o, &err) == 0, "packs can be merged again");
	is_int((intmax_t)count_packs("objects"), 1, "a merge that was not finished is done again, and makes the same pack");
	is_int(count_read(o, 1, 16), 16, "with all they held");
	objects_close(o);
}

static void vanishing(void)
{
	struct objects *o = new_store("vanishing"), *other;

	store_some(o, 1, 130);
	is_int(objects_consolidate(o, &err), 0, "a table over many packs can be written");
	ok(access(below("objects/multi-pack"), F_OK) == 0, "where packs are not merged");
	objects_close(o);
	o = reopen();
	other = reopen();
	need(objects_tidy(other, &err) == 0, "another process can merge");
	ok(count_packs("objects") < 20, "what the table has is merged, too");
	is_int(count_read(o, 1, 130), 130, "who has the table finds what has moved");
	objects_close(o);
	o = reopen();
	is_int(count_read(o, 1, 130), 130, "a table of which packs are gone is used for the others");
	is_int((intmax_t)objects_retired_reads(o), 0, "and nothing is looked for in retired packs");
	objects_close(other);
	objects_close(o);
}

static int no_pack_is_bad(struct pack *pack, const char *name, const struct error *problem, void *arg, struct error *e)
{
	(void)name;
	(void)problem;
	(void)e;
	++*(int *)arg;
	return pack ? 0 : -1;
}

static void full_disk(void)
{
	struct objects *o = new_store("full");
	int packs = 0;

	store_some(o, 1, 16);
	need(rmdir(below("tmp")) == 0 && symlink("nowhere/at/all", below("tmp")) == 0, "tmp/ can be spoilt");
	ok(objects_tidy(o, &err) < 0, "a merge that cannot write fails");
	ok(strstr(err.text, "cannot merge small packs") != NULL, "and says what it was about");
	is_int((intmax_t)count_packs("objects"), 16, "and leaves everything as it was");
	is_int(count_read(o, 1, 16), 16, "and readable");
	need(unlink(below("tmp")) == 0 && mkdir(below("tmp"), 0777) == 0, "tmp/ can be made good");
	error_clear(&err);
	is_int(objects_tidy(o, &err), 0, "the next one does it");
	is_int(objects_each_pack(o, no_pack_is_bad, &packs, &err), 0, "packs that were merged meanwhile are no problem to fsck");
	objects_close(o);
	o = new_store("no-retired");
	store_some(o, 1, 16);
	close(open(below("objects/retired"), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	ok(objects_tidy(o, &err) < 0 && count_packs("objects") == 16, "where packs cannot be retired none is merged");
	objects_close(o);
}

static void sweeping(void)
{
	struct objects *o;

	o = new_store("sweeping");
	clock_fix(NOON * NS_PER_S);
	store_some(o, 1, 16);
	need(objects_tidy(o, &err) == 0, "packs can be merged");
	need(mkdir(below("objects/retired/20200101-gc"), 0777) == 0, "a folder of another kind can be made");
	clock_fix((NOON + DAY + DAY / 2 - 1) * NS_PER_S);
	ok(!objects_want_tidying(o), "the grace lasts to the end of the next day");
	clock_fix((NOON + DAY + DAY / 2) * NS_PER_S);
	ok(objects_want_tidying(o), "and then is over");
	is_int(objects_tidy(o, &err), 0, "retired packs can be removed");
	ok(access(below("objects/retired/" FOLDER), F_OK) < 0, "and their folder");
	ok(access(below("objects/retired/20200101-gc"), F_OK) == 0, "but no other");
	is_int(count_read(o, 1, 16), 16, "nothing is lost");
	clock_fix((NOON - 10 * DAY) * NS_PER_S);
	store_some(o, 17, 32);
	need(objects_tidy(o, &err) == 0, "packs can be merged");
	objects_close(o);
}

/* Such as for lack of descriptors; a link stands for it here, which is never followed. */
static void unopenable(void)
{
	static const char name[] = "objects/retired/" FOLDER "/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.pack";
	struct objects *o = new_store("unopenable");
	struct stat st;

	clock_fix(NOON * NS_PER_S);
	store_some(o, 1, 16);
	need(objects_tidy(o, &err) == 0, "packs can be merged");
	need(symlink("elsewhere", below(name)) == 0, "a link can be made");
	clock_fix((NOON + 2 * DAY) * NS_PER_S);
	is_int(objects_tidy(o, &err), 0, "a retired pack that cannot be opened is no failure");
	ok(lstat(below(name), &st) == 0, "and stays");
	is_int(count_read(o, 1, 16), 16, "the others are not needed");
	objects_close(o);
}

/* A copy that was made while packs were merged may have old ones in retired/ only. */
static void incomplete_copy(void)
{
	struct objects *o = new_store("copy");
	struct oid name;

	clock_fix(NOON * NS_PER_S);
	store_some(o, 1, 16);
	need(objects_tidy(o, &err) == 0, "packs can be merged");
	objects_close(o);
	need(unlink(some_pack("objects")) == 0, "a pack can be removed");
	o = reopen();
	is_int(count_read(o, 1, 16), 16, "what is in retired packs only can be read");
	ok(!reads(o, "nothing") && strstr(err.text, "is missing"), "what is nowhere is missing");
	is_int((intmax_t)objects_retired_reads(o), 16, "and who reads can tell");
	name = id_of(numbered(1));
	ok(!objects_has(o, OBJECT_CHUNK, &name), "but it does not count as stored");
	store_some(o, 1, 1);
	clock_fix((NOON + 2 * DAY) * NS_PER_S);
	is_int(objects_tidy(o, &err), 0, "when the grace is over");
	is_int((intmax_t)count_packs("objects"), 16, "what is needed is moved back");
	objects_close(o);
	o = reopen();
	is_int(count_read(o, 1, 16), 16, "and in use again");
	is_int((intmax_t)objects_retired_reads(o), 0, "as if nothing had been");
	objects_close(o);
}

static void damaged_after_merge(void)
{
	struct objects *o = new_store("rot");
	struct oid id = id_of(numbered(2));

	clock_fix(NOON * NS_PER_S);
	store_some(o, 1, 16);
	need(objects_tidy(o, &err) == 0 && objects_set_damaged(o, &id, 1, &err) == 0, "packs can be merged");
	clock_fix((NOON + 2 * DAY) * NS_PER_S);
	need(objects_tidy(o, &err) == 0, "retired packs can be removed");
	is_int((intmax_t)count_packs("objects"), 2, "unless fsck has found that they hold the only sound copy");
	objects_close(o);
}

int main(void)
{
	choosing();
	merging();
	damaged_inputs();
	duplicates();
	unsound_twin();
	clock_fix(NOON * NS_PER_S);
	same_name();
	clock_fix(NOON * NS_PER_S);
	unfinished();
	vanishing();
	full_disk();
	sweeping();
	unopenable();
	incomplete_copy();
	damaged_after_merge();
	return tap_done();
}
