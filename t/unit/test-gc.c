/* SPDX-License-Identifier: Apache-2.0 */
/* What a user of registry/gc counts on: a put that keeps the last few versions, and whoever restores one. */
#include <config.h>

#include "registry/gc.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/mem.h"
#include "registry/collection.h"
#include "registry/commit.h"
#include "registry/put.h"
#include "store-fixture.h"
#include "store/disk-usage.h"
#include "store/trace.h"

#define DAY (INT64_C(86400) * NS_PER_S)
#define START (INT64_C(20000) * DAY)
#define FILE_LEN (3u << 20)
#define KEEP 3
#define TURNS 12

static char mreg_dir[4300];
static char warning[800];
static struct config config = CONFIG_INIT;

static void keep_warning(struct report *r, const char *text)
{
	(void)r;
	snprintf(warning, sizeof warning, "%s", text);
}

static struct report listener = { .warning = keep_warning };

static void new_registry(const char *name)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;

	need(registry_init(in_dir(name), false, &dir, &err) == 0, err.text);
	snprintf(mreg_dir, sizeof mreg_dir, "%s", dir.buf);
	warning[0] = '\0';
}

static struct registry *open_registry(void)
{
	struct registry *r;

	error_clear(&err);
	r = registry_open(mreg_dir, &config, "test", &listener, &err);
	need(r != NULL, err.text);
	return r;
}

static void set_config(const char *key, const char *value)
{
	struct strvec overrides = STRVEC_INIT;
	CLEANUP(strbuf) struct strbuf item = STRBUF_INIT;

	strbuf_addf(&item, "%s=%s", key, value);
	strvec_push(&overrides, item.buf);
	config_cleanup(&config);
	config = (struct config)CONFIG_INIT;
	need(config_load(&config, NULL, &overrides, &err) == 0, err.text);
	strvec_release(&overrides);
}

/* A checkpoint like no other, as version `turn` of m. */
static void put_turn(uint64_t turn)
{
	CLEANUP(registry) struct registry *r = open_registry();
	CLEANUP(ptr) uint8_t *data = xmalloc(FILE_LEN);
	const struct put_source source = { .path = in_dir("checkpoint") };
	const struct strvec none = STRVEC_INIT;
	const struct put_options options = { .name = "m", .sources = &source, .source_count = 1, .aliases = &none };
	struct put_result result;

	fill_noise(data, FILE_LEN, turn + 1);
	write_file(source.path, data, FILE_LEN);
	need(put_run(r, &options, &result, &err) == 0 && result.number == turn, err.text);
}

struct removal {
	uint64_t number;
	bool back;
	struct version_row row; /* as it was */
};

static int decide_removal(struct txn *txn, void *arg, struct error *e)
{
	struct removal *removal = arg;
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = removal->back ? version_value(&removal->row) : NULL;

	if (collection_get(txn_view(txn), "m", &c, e) < 0)
		return -1;
	if (!removal->back && view_version(txn_view(txn), &c.cid, removal->number, &removal->row, e) < 0)
		return -1;
	strbuf_addf(&key, "version/%s/%d", c.cid.hex, (int)removal->number);
	return txn_set(txn, key.buf, value, e);
}

static void commit_removal(struct removal *removal)
{
	CLEANUP(registry) struct registry *r = open_registry();
	const struct commit commit = { .verb = removal->back ? "restore" : "rm" };

	registry_name_user(r);
	need(commit_run(r, &commit, decide_removal, removal, &err) == 0, err.text);
}

static struct version_row remove_turn(uint64_t turn)
{
	struct removal removal = { .number = turn };

	commit_removal(&removal);
	return removal.row;
}

static uint64_t disk_of_objects(void)
{
	struct disk_usage usage = { 0 };

	need(disk_usage_read(mreg_dir, &usage, &err) == 0, err.text);
	return usage.packs + usage.retired;
}

static int has(const struct version_row *row)
{
	CLEANUP(registry) struct registry *r = open_registry();

	return gc_has_version(r, &row->version, &row->digest, false, &err);
}

static void collect_automatically(void)
{
	CLEANUP(registry) struct registry *r = open_registry();

	gc_auto(r);
}

/* What a loop that keeps three checkpoints has on disk at most. */
static uint64_t train(const char *name, const char *grace, int64_t step)
{
	uint64_t most = 0;

	new_registry(name);
	set_config("gc.auto", grace);
	for (uint64_t turn = 0; turn < TURNS; turn++) {
		clock_fix(START + (int64_t)turn * step);
		put_turn(turn);
		if (turn >= KEEP)
			remove_turn(turn - KEEP);
		collect_automatically();
		if (disk_of_objects() > most)
			most = disk_of_objects();
	}
	ok(!warning[0], "nothing is warned of");
	return most;
}

static void test_training_loop(void)
{
	uint64_t most = train("at-once", "0", NS_PER_S);

	ok(most < (KEEP + 2) * (uint64_t)FILE_LEN, "with gc.auto=0 a loop that keeps three checkpoints takes the room of five at most");
	most = train("an-hour", "1h", 20 * 60 * NS_PER_S);
	ok(most < (KEEP + 3 + 3 + 2) * (uint64_t)FILE_LEN, "with gc.auto=1h it takes those of two hours more");
	most = train("two-weeks", "14d", NS_PER_S);
	ok(most > TURNS * (uint64_t)FILE_LEN, "what is younger than the grace stays");
}

static void test_unset(void)
{
	struct version_row row;

	new_registry("unset");
	config_cleanup(&config);
	config = (struct config)CONFIG_INIT;
	clock_fix(START);
	put_turn(0);
	put_turn(1);
	row = remove_turn(0);
	clock_fix(START + 400 * DAY);
	collect_automatically();
	ok(has(&row) == 1, "without gc.auto nothing is collected");
}

static void test_skip(void)
{
	CLEANUP(registry) struct registry *reader = NULL;
	struct version_row row;

	new_registry("skip");
	set_config("gc.auto", "0");
	clock_fix(START);
	put_turn(0);
	put_turn(1);
	row = remove_turn(0);
	reader = open_registry();
	need(store_use_objects(reader->store, &err) == 0, err.text);
	collect_automatically();
	ok(has(&row) == 1 && !warning[0], "beside a reader it leaves the matter to the next time, and says nothing");
	registry_close(STEAL(reader));
	collect_automatically();
	ok(has(&row) == 0, "which does it");
}

static void test_restore(void)
{
	struct removal removal = { .number = 0 };
	struct gc_options options = { .grace_s = 0, .act = true };
	CLEANUP(gc_result) struct gc_result result = GC_RESULT_INIT;
	CLEANUP(registry) struct registry *r = NULL;

	new_registry("restore");
	clock_fix(START);
	put_turn(0);
	put_turn(1);
	commit_removal(&removal);
	ok(has(&removal.row) == 1, "a removed version can be restored before gc came");
	removal.back = true;
	commit_removal(&removal);
	r = open_registry();
	ok(gc_run(r, &options, &result, &err) == 0 && result.count == 0, "and when it was, gc leaves it alone");
	registry_close(STEAL(r));
	removal.back = false;
	commit_removal(&removal);
	r = open_registry();
	ok(gc_run(r, &options, &result, &err) == 0 && result.count == 1 && result.objects > 3, "removed again, it goes");
	ok(gc_has_version(r, &removal.row.version, &removal.row.digest, false, &err) == 0, "and cannot be restored");
}

/* A draft's files and manifests stay: the interface by which drafts say so. */
static void test_trace(void)
{
	CLEANUP(registry) struct registry *r = NULL;
	struct removal removal = { .number = 0 };
	struct trace t;
	uint8_t *data = xmalloc(FILE_LEN);
	struct oid digest, absent = { { 1 } };

	new_registry("trace");
	clock_fix(START);
	put_turn(0);
	commit_removal(&removal);
	r = open_registry();
	need(store_use_objects(r->store, &err) == 0, err.text);
	fill_noise(data, FILE_LEN, 1);
	sha256_bytes(data, FILE_LEN, &digest);
	free(data);
	trace_init(&t, r->store->objects);
	ok(trace_file(&t, &digest, FILE_LEN, TRACE_WHOLE, &err) == 0 && live_set_has(&t.live, OBJECT_FILE, &digest) && live_set_count(&t.live) >= 4,
		"a large file is traced down to its chunks");
	ok(trace_file(&t, &digest, FILE_LEN + 1, TRACE_WHOLE, &err) < 0 && err.code == ERR_INTEGRITY, "one of another size is not there");
	error_clear(&err);
	ok(trace_manifest(&t, &removal.row.digest, TRACE_WHOLE, &err) == 0 && live_set_has(&t.live, OBJECT_MANIFEST, &removal.row.digest),
		"a manifest is traced");
	ok(trace_version(&t, &absent, &removal.row.digest, TRACE_WHOLE, &err) < 0 && err.code == ERR_INTEGRITY && strstr(err.text, "is missing"),
		"a version object that is missing is named");
	error_clear(&err);
	ok(trace_version(&t, &absent, &absent, TRACE_AS_FAR, &err) == 0 && !live_set_has(&t.live, OBJECT_VERSION, &absent),
		"where it does not matter it is passed over");
	trace_cleanup(&t);
}

static void test_live_set(void)
{
	struct live_set set = LIVE_SET_INIT;
	struct oid id;
	bool all = true;

	for (int i = 0; i < 5000; i++) {
		sha256_bytes(&i, sizeof i, &id);
		all &= live_set_add(&set, OBJECT_CHUNK, &id) && !live_set_add(&set, OBJECT_CHUNK, &id);
	}
	for (int i = 0; i < 5000; i++) {
		sha256_bytes(&i, sizeof i, &id);
		all &= live_set_has(&set, OBJECT_CHUNK, &id) && !live_set_has(&set, OBJECT_FILE, &id);
	}
	for (int i = 5000; i < 6000; i++) {
		sha256_bytes(&i, sizeof i, &id);
		all &= !live_set_has(&set, OBJECT_CHUNK, &id) && !live_set_has(&set, OBJECT_VERSION, &id);
	}
	memset(&id, 0, sizeof id);
	all &= live_set_add(&set, OBJECT_CHUNK, &id) && live_set_has(&set, OBJECT_CHUNK, &id);
	ok(all && live_set_count(&set) == 5001, "a set has what was added to it, and nothing else");
	live_set_cleanup(&set);
}

int main(void)
{
	test_live_set();
	test_training_loop();
	test_unset();
	test_skip();
	test_restore();
	test_trace();
	config_cleanup(&config);
	return tap_done();
}
