/* SPDX-License-Identifier: Apache-2.0 */
/* What gc, prune and who removes versions count on of drafts. */
#include <config.h>

#include "registry/draft.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "registry/commit.h"
#include "registry/resolve.h"
#include "tap.h"

static struct strbuf mreg_dir = STRBUF_INIT;
static struct config config;

static void make_file(const char *name, const char *text, struct strbuf *path)
{
	struct error err = ERROR_INIT;

	strbuf_reset(path);
	path_join(path, tap_dir(), name);
	need(file_replace(path->buf, text, strlen(text), 0644, &err) == 0, err.text);
}

static struct registry *open_registry(void)
{
	struct error err = ERROR_INIT;
	struct registry *reg = registry_open(mreg_dir.buf, &config, "test", NULL, &err);

	need(reg != NULL, err.text);
	return reg;
}

static struct put_options options_of(const struct put_source *source)
{
	static const struct strvec none = STRVEC_INIT;

	return (struct put_options){ .name = "m", .sources = source, .source_count = source ? 1 : 0, .aliases = &none,
				     .tree = { .include = &none, .exclude = &none } };
}

static void put(const char *name, const char *text, struct put_result *out)
{
	CLEANUP(registry) struct registry *reg = open_registry();
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct put_source source = { .path = NULL };
	struct put_options o = options_of(&source);

	make_file(name, text, &path);
	source.path = path.buf;
	need(put_run(reg, &o, out, &err) == 0, err.text);
}

static void open_draft(const char *of, char id[DRAFT_ID_LEN + 1])
{
	CLEANUP(registry) struct registry *reg = open_registry();
	CLEANUP(draft_info) struct draft_info info = DRAFT_INFO_INIT;
	struct error err = ERROR_INIT;

	need(draft_new(reg, of, false, &info, &err) == 0, err.text);
	memcpy(id, info.id, sizeof info.id);
}

static void add(const char *id, const char *name, const char *text)
{
	CLEANUP(registry) struct registry *reg = open_registry();
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct put_source source = { .path = NULL };
	struct put_options o = options_of(&source);
	struct draft_added added;

	make_file(name, text, &path);
	source.path = path.buf;
	need(draft_add(reg, id, &o, &added, &err) == 0, err.text);
}

static int decide_removal(struct txn *txn, void *arg, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *gone = json_null();
	const struct resolved *version = arg;

	strbuf_addf(&key, "version/%s/%" PRIu64, version->collection.cid.hex, version->row.number);
	return txn_set(txn, key.buf, gone, err);
}

static struct oid remove_version(const char *ref)
{
	CLEANUP(registry) struct registry *reg = open_registry();
	CLEANUP(resolved) struct resolved version = RESOLVED_INIT;
	struct error err = ERROR_INIT;
	const struct commit how = { .verb = "rm" };

	need(resolve_text(registry_view(reg, &err), ref, &version, &err) == 0, err.text);
	need(commit_run(reg, &how, decide_removal, &version, &err) == 0, err.text);
	return version.row.version;
}

struct seen {
	struct strbuf text;
	struct oid version;
};

static int see_file(const struct oid *digest, uint64_t size, void *arg, struct error *err)
{
	(void)err;
	strbuf_addf(&((struct seen *)arg)->text, "file %.8s %" PRIu64 "\n", oid_hex(digest).text, size);
	return 0;
}

static int see_manifest(const struct oid *digest, void *arg, struct error *err)
{
	(void)err;
	strbuf_addf(&((struct seen *)arg)->text, "manifest %.8s\n", oid_hex(digest).text);
	return 0;
}

static int see_base(const struct oid *version, const char *id, void *arg, struct error *err)
{
	struct seen *seen = arg;

	(void)err;
	seen->version = *version;
	strbuf_addf(&seen->text, "%s\n", id);
	return 0;
}

static void test_roots(void)
{
	CLEANUP(registry) struct registry *reg = open_registry();
	struct seen seen = { STRBUF_INIT, { { 0 } } };
	const struct draft_visitor visitor = { see_file, see_manifest, &seen };
	CLEANUP(strbuf) struct strbuf wanted = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct put_result base;
	struct oid digest;
	char id[DRAFT_ID_LEN + 1];

	ok(draft_each_object(reg, &visitor, &err) == 0 && seen.text.len == 0, "nothing is held while there is no draft");
	put("a", "one", &base);
	open_draft("m", id);
	add(id, "b", "two");
	sha256_bytes("two", 3, &digest);
	strbuf_addf(&wanted, "manifest %.8s\nfile %.8s 3\n", oid_hex(&base.digest).text, oid_hex(&digest).text);
	ok(draft_each_object(reg, &visitor, &err) == 0, "what drafts hold is told");
	is_str(seen.text.buf, wanted.buf, "the base's manifest and what was added");
	strbuf_reset(&seen.text);
	strbuf_reset(&wanted);
	strbuf_addf(&wanted, "%s\n", id);
	ok(draft_each_base(reg, see_base, &seen, &err) == 0, "what drafts began as is told");
	is_str(seen.text.buf, wanted.buf, "with the draft");
	strbuf_release(&seen.text);
}

static void test_damaged_root(void)
{
	CLEANUP(registry) struct registry *reg = open_registry();
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct seen seen = { STRBUF_INIT, { { 0 } } };
	const struct draft_visitor visitor = { see_file, see_manifest, &seen };
	struct error err = ERROR_INIT;

	strbuf_addf(&path, "%s/drafts/d-0000000000", mreg_dir.buf);
	need(file_replace(path.buf, "{}\n", 3, 0644, &err) == 0, err.text);
	ok(draft_each_object(reg, &visitor, &err) < 0 && err.code == ERR_INTEGRITY, "a damaged draft is an error: nobody knows what it holds");
	error_clear(&err);
	ok(draft_each_base(reg, see_base, &seen, &err) < 0 && err.code == ERR_INTEGRITY, "also to who asks for bases");
	error_clear(&err);
	need(draft_abort(reg, "d-0000000000", false, (char[DRAFT_ID_LEN + 1]){ "" }, &err) == 0, err.text);
	ok(draft_each_object(reg, &visitor, &err) == 0, "once it is given up all is well");
	strbuf_release(&seen.text);
}

static void test_removed_base(void)
{
	struct error err = ERROR_INIT;
	struct put_result base, result;
	struct put_options o = options_of(NULL);
	struct oid removed;
	char id[DRAFT_ID_LEN + 1];

	put("c", "three", &base);
	open_draft("m", id);
	removed = remove_version("m");
	{
		CLEANUP(registry) struct registry *reg = open_registry();
		struct seen seen = { STRBUF_INIT, { { 0 } } };

		ok(draft_each_base(reg, see_base, &seen, &err) == 0 && strstr(seen.text.buf, id), "a removed version is still a base");
		strbuf_release(&seen.text);
		ok(draft_commit(reg, id, &o, &result, &err) == 0, "and the draft can be committed");
	}
	ok(result.created && result.number == base.number + 1 && oid_equal(&result.digest, &base.digest), "as the next version, of the same content");
	ok(removed.raw[0] || removed.raw[1] || removed.raw[2], "the version had an id");
}

int main(void)
{
	struct error err = ERROR_INIT;

	need(registry_init(tap_dir(), false, &mreg_dir, &err) == 0, err.text);
	test_roots();
	test_damaged_root();
	test_removed_base();
	strbuf_release(&mreg_dir);
	return tap_done();
}
