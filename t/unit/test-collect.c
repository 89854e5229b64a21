/* SPDX-License-Identifier: Apache-2.0 */
/* What a user of store/collect counts on: what is alive stays, whenever it came alive. */
#include <config.h>

#include "store/collect.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/codec.h"
#include "store/objects.h"
#include "store-fixture.h"

#define NOW (INT64_C(20000) * 86400 * NS_PER_S)

static struct store *store;
static struct lock merge_lock;

static struct oid id_of(const char *text)
{
	struct oid id;

	sha256_bytes(text, strlen(text), &id);
	return id;
}

static void open_store(void)
{
	const struct store_options options = { .lock_timeout_ms = 1000, .verb = "test" };
	char dir[4300];

	snprintf(dir, sizeof dir, "%s/.mreg", store_path);
	store = store_open(dir, &options, &err);
	need(store && store_use_objects(store, &err) == 0, err.text);
	merge_lock = (struct lock)LOCK_INIT;
	need(lock_take(&merge_lock, dir, LOCK_MERGE, true, 1000, "test", &err) == 0, err.text);
}

static void close_store(void)
{
	lock_release(&merge_lock);
	store_close(store);
}

static void make_store(const char *name)
{
	clock_fix(NOW);
	error_clear(&err);
	snprintf(store_path, sizeof store_path, "%s", in_dir(name));
	need(store_init(store_path, false, &err) == 0, err.text);
	open_store();
}

/* Words, up to a NULL, become the chunks of one pack. */
static void add_pack(const char *const *words)
{
	CLEANUP(object_writer) struct object_writer *w = object_writer_new(store->objects, &err);
	CLEANUP(codec) struct codec_context *codec = codec_new();

	for (; *words; words++) {
		struct oid id = id_of(*words);

		need(object_writer_add(w, codec, NULL, OBJECT_CHUNK, &id, NULL, *words, strlen(*words), NULL, &err) == 0, err.text);
	}
	need(object_writer_commit(w, &err) == 0, err.text);
}
#define PACK(...) add_pack((const char *const[]){ __VA_ARGS__, NULL })

static void revive(struct live_set *live, const char *word)
{
	struct oid id = id_of(word);

	live_set_add(live, OBJECT_CHUNK, &id);
}

static bool has(const char *word)
{
	struct oid id = id_of(word);
	CLEANUP(object_reader) struct object_reader *r = object_reader_new(store->objects);
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct error why = ERROR_INIT;

	object_reader_skip_retired(r);
	return object_read(r, OBJECT_CHUNK, &id, &text, NULL, &why) == 0 && strcmp(text.buf, word) == 0;
}

static size_t count_files(const char *below, const char *suffix)
{
	char path[4400];
	size_t count = 0;
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof path, "%s/.mreg/objects%s", store_path, below);
	d = opendir(path);
	while (d && (e = readdir(d)))
		count += strstr(e->d_name, suffix) != NULL;
	if (d)
		closedir(d);
	return count;
}

/* What comes alive while packs are being copied. */
struct news {
	struct live_set *live;
	const char *const *words; /* one at each call; NULL: nothing; more calls than words are an error */
	int calls;
	enum error_code code; /* it fails so */
};

static int again(void *arg, struct error *e)
{
	struct news *news = arg;
	const char *word = news->words ? news->words[news->calls] : NULL;

	news->calls++;
	if (word)
		revive(news->live, word);
	return news->code ? error_set(e, news->code, "no") : 0;
}

static int run(struct live_set *live, struct news *news, int64_t grace_ns, bool is_thrifty, struct collect_sums *done)
{
	const struct collect_options options = { grace_ns, grace_ns, is_thrifty };
	CLEANUP(collect) struct collector *c = NULL;

	error_clear(&err);
	news->live = live;
	need(collect_prepare(store, &err) == 0, err.text);
	c = collect_plan(store, live, &options, &err);
	need(c != NULL, err.text);
	return collect_run(c, again, news, done, &err);
}

static void test_plain(void)
{
	struct live_set live = LIVE_SET_INIT;
	struct news news = { .words = NULL };
	struct collect_sums done;

	make_store("plain");
	PACK("dead", "as dead");
	PACK("dying", "living");
	PACK("well", "sound");
	revive(&live, "living");
	revive(&live, "well");
	revive(&live, "sound");
	ok(run(&live, &news, 0, false, &done) == 0 && done.packs == 2 && done.objects == 3 && news.calls == 2, "what is dead goes, whole packs first");
	ok(has("living") && has("well") && has("sound") && !has("dead") && !has("dying"), "what is alive stays");
	ok(count_files("", ".pack") == 2 && count_files("/retired", "gc-") == 0, "nothing is left behind");
	ok(run(&live, &news, 0, false, &done) == 0 && done.packs == 0 && news.calls == 2, "then there is nothing to do");
	live_set_cleanup(&live);
	close_store();
}

/* The second pack is copied in the second round, and what is in it comes alive in the first. */
static void test_risen(void)
{
	static const char *const early[] = { "dying", NULL }, *const late[] = { NULL, "dying" };
	struct live_set live = LIVE_SET_INIT;
	struct news news = { .words = early };
	struct collect_sums done;

	make_store("early");
	PACK("dead");
	PACK("dying", "living");
	revive(&live, "living");
	ok(run(&live, &news, 0, false, &done) == 0 && done.packs == 1 && has("dying") && has("living") && !has("dead"),
		"what comes alive in one round is kept by the next");
	live_set_cleanup(&live);
	close_store();
	make_store("late");
	PACK("dead");
	PACK("dying", "living");
	revive(&live, "living");
	news = (struct news){ .words = late };
	ok(run(&live, &news, 0, false, &done) == 0 && done.packs == 1 && has("dying") && has("living") && !has("dead"),
		"and what comes alive at the last moment, too");
	live_set_cleanup(&live);
	close_store();
}

static void test_failure(void)
{
	struct live_set live = LIVE_SET_INIT;
	struct news news = { .code = ERR_INTEGRITY };
	struct collect_sums done;
	struct lock reader = LOCK_INIT;

	make_store("failure");
	PACK("dying", "living");
	revive(&live, "living");
	ok(run(&live, &news, 0, false, &done) < 0 && err.code == ERR_INTEGRITY && has("dying"), "when it cannot be marked again, nothing goes");
	news.code = ERR_NONE;
	store->lock_timeout_ms = 20;
	need(lock_take(&reader, store->dir, LOCK_OBJECTS, false, 0, "test", &err) == 0, err.text);
	ok(run(&live, &news, 0, false, &done) < 0 && err.code == ERR_LOCK_TIMEOUT && !done.packs && has("dying") && has("living"),
		"nor while somebody reads");
	ok(count_files("", ".pack") == 1 && count_files("/../tmp", "gc") == 0, "and no copy is left");
	lock_release(&reader);
	ok(run(&live, &news, 0, false, &done) == 0 && !has("dying") && has("living"), "the next time it goes");
	live_set_cleanup(&live);
	close_store();
}

static void test_grace(void)
{
	struct live_set live = LIVE_SET_INIT;
	struct news news = { .words = NULL };
	struct collect_sums done;

	make_store("grace");
	PACK("dying", "living");
	PACK("dead");
	revive(&live, "living");
	clock_fix(NOW + 3599 * NS_PER_S);
	ok(run(&live, &news, 3600 * NS_PER_S, false, &done) == 0 && !done.packs, "a young pack is left alone");
	clock_fix(NOW + 3600 * NS_PER_S);
	ok(run(&live, &news, 3600 * NS_PER_S, false, &done) == 0 && done.packs == 2 && !has("dying") && !has("dead"), "one that is old enough is not");
	ok(count_files("/retired/gc-20241004T020000Z", ".pack") == 2 && count_files("/retired/gc-20241004T020000Z", ".dead") == 2,
		"the old packs are kept for the grace, and what is dead in them is noted");
	need(collect_prepare(store, &err) == 0, err.text);
	ok(count_files("", ".pack") == 1, "for which they are not moved back");
	clock_fix(NOW + 7200 * NS_PER_S);
	need(objects_tidy(store->objects, &err) == 0, err.text);
	ok(count_files("/retired", "gc-") == 0 && has("living") && !has("dying"), "after it they go");
	live_set_cleanup(&live);
	close_store();
}

static void test_lost_note(void)
{
	struct live_set live = LIVE_SET_INIT;
	struct news news = { .words = NULL };
	struct collect_sums done;
	char folder[4500], path[9000];
	struct dirent *e;
	DIR *d;

	make_store("note");
	PACK("dead");
	clock_fix(NOW + 3600 * NS_PER_S);
	need(run(&live, &news, 3600 * NS_PER_S, false, &done) == 0, err.text);
	snprintf(folder, sizeof folder, "%s/.mreg/objects/retired/gc-20241004T020000Z", store_path);
	d = opendir(folder);
	need(d != NULL, "packs were retired");
	while ((e = readdir(d)))
		if (strstr(e->d_name, ".dead")) {
			snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
			write_file(path, "nonsense", 8);
		}
	closedir(d);
	clock_fix(NOW + 7200 * NS_PER_S);
	need(objects_tidy(store->objects, &err) == 0, err.text);
	ok(has("dead") && count_files("/retired", "gc-") == 0, "a note that cannot be trusted counts for nothing: the pack comes back");
	ok(run(&live, &news, 0, false, &done) == 0 && !has("dead"), "and is collected again");
	live_set_cleanup(&live);
	close_store();
}

static void test_thrift(void)
{
	struct live_set live = LIVE_SET_INIT;
	struct news news = { .words = NULL };
	struct collect_sums done;

	make_store("thrift");
	PACK("dying", "living", "well");
	revive(&live, "living");
	revive(&live, "well");
	ok(run(&live, &news, 0, true, &done) == 0 && !done.packs && has("dying"), "a pack that is mostly alive is not copied where one is thrifty");
	ok(run(&live, &news, 0, false, &done) == 0 && done.packs == 1 && !has("dying"), "else it is");
	live_set_cleanup(&live);
	close_store();
}

/* An earlier gc that ended between moving the new pack in and the old one out. */
static void test_two_copies(void)
{
	struct live_set live = LIVE_SET_INIT;
	struct news news = { .words = NULL };
	struct collect_sums done;
	char from[4500], to[4500];
	struct dirent *e;
	DIR *d;

	make_store("copies");
	PACK("dying", "living");
	snprintf(from, sizeof from, "%s/.mreg/objects", store_path);
	d = opendir(from);
	need(d != NULL, "packs can be listed");
	while ((e = readdir(d)))
		if (strstr(e->d_name, ".pack")) {
			snprintf(from, sizeof from, "%s/.mreg/objects/%.80s", store_path, e->d_name);
			snprintf(to, sizeof to, "%s/%.80s", in_dir("kept"), e->d_name);
		}
	closedir(d);
	need(!mkdir(in_dir("kept"), 0777) && !link(from, to), "a pack can be kept");
	revive(&live, "living");
	need(run(&live, &news, 0, false, &done) == 0 && !link(to, from), "a pack can be put back");
	ok(run(&live, &news, 0, false, &done) == 0 && has("living") && !has("dying") && count_files("", ".pack") == 1, "of two copies one stays");
	live_set_cleanup(&live);
	close_store();
}

int main(void)
{
	test_plain();
	test_risen();
	test_failure();
	test_grace();
	test_lost_note();
	test_thrift();
	test_two_copies();
	return tap_done();
}
