/* SPDX-License-Identifier: Apache-2.0 */
/* A version that is dropped, read again through a source of objects that stands for a remote, and held. */
#include <config.h>

#include "registry/absent.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "registry/collection.h"
#include "registry/commit.h"
#include "registry/drop.h"
#include "registry/fsck.h"
#include "registry/gc.h"
#include "registry/hold.h"
#include "registry/put.h"
#include "registry/resolve.h"
#include "registry/verify.h"
#include "registry/version.h"
#include "store-fixture.h"
#include "store/objects-state.h"

#define LARGE (3u << 20)

static char mreg_dir[4300];
static struct config config = CONFIG_INIT;
static struct report silent;
static int fetches;
static size_t fetched;

static struct registry *open_registry(void)
{
	struct registry *r;

	error_clear(&err);
	r = registry_open(mreg_dir, &config, "test", &silent, &err);
	need(r != NULL, err.text);
	return r;
}

static void put(const char *dir)
{
	CLEANUP(registry) struct registry *r = open_registry();
	const struct put_source source = { .path = in_dir(dir) };
	const struct strvec none = STRVEC_INIT;
	const struct put_options options = { .name = "m", .sources = &source, .source_count = 1, .aliases = &none };
	struct put_result result;

	need(put_run(r, &options, &result, &err) == 0, err.text);
}

/* Packs are copied there and back by what stands for a remote. */
static void copy_packs(const char *from, const char *to)
{
	DIR *dir = opendir(from);
	struct dirent *d;

	need(dir != NULL, "no packs");
	while ((d = readdir(dir))) {
		CLEANUP(strbuf) struct strbuf source = STRBUF_INIT, target = STRBUF_INIT;

		if (!strstr(d->d_name, ".pack"))
			continue;
		strbuf_addf(&source, "%s/%s", from, d->d_name);
		strbuf_addf(&target, "%s/%s", to, d->d_name);
		need(link(source.buf, target.buf) == 0 || errno == EEXIST, "cannot copy a pack");
	}
	closedir(dir);
}

static char *objects_dir(void)
{
	static char path[4400];

	snprintf(path, sizeof path, "%s/objects", mreg_dir);
	return path;
}

static int fetch(struct object_source *s, struct registry *reg, const char *remote, const struct entry *const *files, size_t count, struct error *e)
{
	(void)s;
	(void)files;
	fetches++;
	fetched += count;
	if (strcmp(remote, "origin") != 0)
		return error_set(e, ERR_REMOTE, "no such remote");
	copy_packs(in_dir("there"), objects_dir());
	return pack_set_refresh(reg->store->objects->packs, e) < 0 ? -1 : 0;
}

static void resolve(struct registry *r, const char *ref, struct resolved *out, struct manifest *m)
{
	struct view *v = registry_view(r, &err);

	need(v && resolve_text(v, ref, out, &err) == 0 && version_manifest(r, &out->row.digest, m, &err) == 0, err.text);
}

static int is_absent(const char *ref)
{
	CLEANUP(registry) struct registry *r = open_registry();
	CLEANUP(resolved) struct resolved version = RESOLVED_INIT;
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;

	resolve(r, ref, &version, &m);
	return absent_is(registry_view(r, &err), &version.row.version, NULL, &err);
}

static size_t count_lacking(const char *ref)
{
	CLEANUP(registry) struct registry *r = open_registry();
	CLEANUP(resolved) struct resolved version = RESOLVED_INIT;
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	struct objects *o = version_objects(r, &err);
	size_t count = 0;

	resolve(r, ref, &version, &m);
	for (size_t i = 0; i < m.count; i++)
		count += !objects_has_file(o, &m.entries[i].digest, m.entries[i].size);
	return count;
}

static bool holds(const char *ref)
{
	CLEANUP(registry) struct registry *r = open_registry();
	CLEANUP(resolved) struct resolved version = RESOLVED_INIT;
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	CLEANUP(strvec) struct strvec ids = STRVEC_INIT;
	bool complete = false;

	resolve(r, ref, &version, &m);
	strvec_push(&ids, oid_hex(&version.row.version).text);
	need(hold_verify(r, &ids, &complete, &err) == 0, err.text);
	return complete;
}

static int nothing_wrong(const char *kind, const char *text, const struct strvec *refs, void *arg, struct error *e)
{
	(void)kind;
	(void)refs;
	(void)arg;
	(void)e;
	printf("# %s\n", text);
	return 0;
}

static struct fsck_counts check(void)
{
	CLEANUP(registry) struct registry *r = open_registry();
	struct fsck_counts counts;

	need(fsck_run(r, true, &counts, NULL, nothing_wrong, NULL, &err) == 0, err.text);
	return counts;
}

static int ask(const struct strvec *versions, bool *complete, void *arg, struct error *e)
{
	(void)e;
	for (size_t i = 0; i < versions->count; i++)
		complete[i] = *(bool *)arg;
	return 0;
}

/* While one registry lets go of files, it does not say that it has them. */
static int ask_back(const struct strvec *versions, bool *complete, void *arg, struct error *e)
{
	CLEANUP(registry) struct registry *r = open_registry();

	(void)arg;
	return hold_verify(r, versions, complete, e);
}

static void test_refusal(void)
{
	struct registry *r = open_registry();
	CLEANUP(strvec) struct strvec refs = STRVEC_INIT;
	CLEANUP(drop_list) struct drop_list list = DROP_LIST_INIT;
	struct drop_change change = { .remote = "origin", .ask = ask, .arg = &(bool){ false } };
	uint64_t freed;

	strvec_push(&refs, "m:v0");
	need(drop_choose(r, &refs, &list, &err) == 0, err.text);
	ok(drop_run(r, &list, &change, &freed, &err) < 0 && err.code == ERR_POLICY, "what the remote lacks is not dropped: %s", err.text);
	error_clear(&err);
	change.ask = ask_back;
	ok(drop_run(r, &list, &change, &freed, &err) < 0 && err.code == ERR_LOCK_TIMEOUT, "two do not drop what the other has: %s", err.text);
	error_clear(&err);
	registry_close(r);
	ok(is_absent("m:v0") == 0 && count_lacking("m:v0") == 0, "nothing has changed");
}

static uint64_t drop(const char *ref)
{
	CLEANUP(registry) struct registry *r = open_registry();
	CLEANUP(strvec) struct strvec refs = STRVEC_INIT;
	CLEANUP(drop_list) struct drop_list list = DROP_LIST_INIT;
	const struct drop_change change = { .remote = "origin", .ask = ask, .arg = &(bool){ true } };
	uint64_t freed;

	strvec_push(&refs, ref);
	need(drop_choose(r, &refs, &list, &err) == 0, err.text);
	need(drop_run(r, &list, &change, &freed, &err) == 0, err.text);
	return freed;
}

static void set_up(void)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;
	static uint8_t data[LARGE];

	need(registry_init(in_dir("r"), false, &dir, &err) == 0, err.text);
	snprintf(mreg_dir, sizeof mreg_dir, "%s", dir.buf);
	need(!mkdir(in_dir("a"), 0777) && !mkdir(in_dir("b"), 0777) && !mkdir(in_dir("there"), 0777), "cannot make folders");
	fill_noise(data, sizeof data, 1);
	write_file(in_dir("a/weights"), data, sizeof data);
	fill_noise(data, sizeof data, 2);
	write_file(in_dir("b/weights"), data, sizeof data);
	write_file(in_dir("a/shared"), "both have it", 12);
	write_file(in_dir("b/shared"), "both have it", 12);
	write_file(in_dir("a/small"), "only v0 has it", 14);
	put("a");
	put("b");
	copy_packs(objects_dir(), in_dir("there"));
}

/* Of the three files of v0 one is in v1 as well. */
static void test_drop(void)
{
	struct fsck_counts counts;

	ok(holds("m:v0") && holds("m:v1"), "what was put is held");
	ok(drop("m:v0") >= LARGE, "dropping frees the bytes");
	ok(is_absent("m:v0") == 1 && is_absent("m:v1") == 0, "the version is absent, the other one is not");
	ok(count_lacking("m:v0") == 2 && count_lacking("m:v1") == 0, "what only it has is gone");
	ok(!holds("m:v0") && holds("m:v1"), "it is not held any more");
	counts = check();
	ok(counts.problems == 0 && counts.absent == 1 && counts.absent_files == 2, "fsck calls it absent, not damaged");
	ok(drop("m:v0") == 0, "to drop it again frees nothing");
}

static int read_file(const char *path, struct object_source *source)
{
	CLEANUP(registry) struct registry *r = open_registry();
	CLEANUP(resolved) struct resolved version = RESOLVED_INIT;
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	const struct entry *file;

	r->source = source;
	resolve(r, "m:v0", &version, &m);
	file = manifest_find(&m, path);
	fetches = 0;
	fetched = 0;
	return absent_fetch(r, &version.row.version, &m, path ? &file : NULL, 1, &err);
}

static void test_fetch(void)
{
	struct object_source source = { fetch, true };

	ok(read_file("shared", NULL) == 0 && !fetches, "a file that is here is not fetched");
	ok(read_file("small", NULL) < 0 && err.code == ERR_REMOTE && !strcmp(err.text, "the files of 'm:v0' are at 'origin'"), "without a source: %s", err.text);
	ok(read_file("small", &source) < 0 && err.code == ERR_REMOTE && !fetches, "--offline fetches nothing: %s", err.hint);
	source.is_offline = false;
	ok(read_file("small", &source) == 0 && fetches == 1 && fetched == 1, "only what is read is asked for");
	ok(count_lacking("m:v0") == 0 && is_absent("m:v0") == 0, "when all has come the version is absent no more");
	ok(holds("m:v0"), "and is held again");
}

/* A version that was removed stays restorable when another one is dropped. */
static int remove_first(struct txn *txn, void *arg, struct error *e)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

	(void)arg;
	if (collection_get(txn_view(txn), "m", &c, e) < 0)
		return -1;
	strbuf_addf(&key, "version/%s/0", c.cid.hex);
	return txn_set(txn, key.buf, NULL, e);
}

static void test_removed(void)
{
	CLEANUP(resolved) struct resolved version = RESOLVED_INIT;
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	struct registry *r = open_registry();
	const struct commit commit = { .verb = "rm" };

	resolve(r, "m:v0", &version, &m);
	need(commit_run(r, &commit, remove_first, NULL, &err) == 0, err.text);
	registry_close(r);
	drop("m:v1");
	r = open_registry();
	ok(gc_has_version(r, &version.row.version, &version.row.digest, false, &err) == 1, "a removed version can still be restored");
	registry_close(r);
}

static int make_shallow(struct txn *txn, void *arg, struct error *e)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;

	(void)arg;
	return collection_get(txn_view(txn), "m", &c, e) < 0 ? -1 : absent_set_shallow(txn, &c.cid, true, e);
}

static void test_shallow(void)
{
	struct registry *r = open_registry();
	const struct put_source source = { .path = in_dir("a/small") };
	const struct strvec none = STRVEC_INIT;
	const struct put_options options = { .name = "m", .sources = &source, .source_count = 1, .aliases = &none };
	const struct commit commit = { .verb = "pull" };
	struct resolved version = RESOLVED_INIT;
	struct put_result result;

	need(commit_run(r, &commit, make_shallow, NULL, &err) == 0, err.text);
	ok(put_run(r, &options, &result, &err) < 0 && err.code == ERR_CONFLICT, "nothing is put into a shallow collection: %s", err.text);
	error_clear(&err);
	ok(resolve_text(registry_view(r, &err), "m", &version, &err) < 0 && err.code == ERR_NO_REFERENCE, "its latest is not known: %s", err.text);
	resolved_cleanup(&version);
	registry_close(r);
}

int main(void)
{
	set_up();
	test_refusal();
	test_drop();
	test_fetch();
	test_removed();
	test_shallow();
	return tap_done();
}
