/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps a registry without files for each remote that is read, in the user's cache. */
#include <config.h>

#include "transport/borrow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/path.h"
#include "base/tempfile.h"
#include "registry/absent.h"
#include "registry/drop.h"
#include "store/disk-usage.h"
#include "transport/pull.h"

#define HASH_DIGITS 32
#define CACHE_SIZE_DEFAULT (UINT64_C(20) << 30)

struct borrow {
	const struct remote *remote;
	const struct config *config;
	struct report *report;
	const char *verb;
	struct strbuf dir;       /* which holds .mreg */
	bool is_temporary;
	bool is_distrusted;
	bool is_empty;           /* it was made just now, and nothing has come yet */
	struct object_source *source;
	struct connection *connection;
	struct registry *reg;
};

/* ---- where it is ---- */

/* However a path is written, it is one place. */
static void hash_url(const char *url, char out[HASH_DIGITS + 1])
{
	CLEANUP(ptr) char *real = *url == '/' ? realpath(url, NULL) : NULL;
	const char *text = real ? real : url;
	struct oid sum;

	sha256_bytes(text, strlen(text), &sum);
	memcpy(out, oid_hex(&sum).text, HASH_DIGITS);
	out[HASH_DIGITS] = '\0';
}

/* The directory of all caches; false when nobody has said where. */
static bool cache_dir(struct strbuf *out)
{
	const char *cache = env_get("XDG_CACHE_HOME"), *home = env_get("HOME");

	if (cache && *cache == '/')
		path_join(out, cache, "mreg/remotes");
	else if (home && *home == '/')
		path_join(out, home, ".cache/mreg/remotes");
	return out->len > 0;
}

/* What belongs to somebody else may say anything. */
static bool is_ours(const char *dir)
{
	struct stat st;

	return lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

/* A new one beside its place, moved there when it is whole; whoever comes second takes what the first has made. */
static int make_cache(const char *parent, const char *dir, struct error *err)
{
	CLEANUP(strbuf) struct strbuf made = STRBUF_INIT, mreg_dir = STRBUF_INIT;
	struct error ignored = ERROR_INIT;
	int rc;

	if (file_mkdir_parents(parent, 0700, err) < 0)
		return -1;
	tempfile_sweep(parent);
	tempfile_name(&made, parent, "new");
	rc = mkdir(made.buf, 0700) < 0 ? error_set_errno(err, "cannot make '%s'", made.buf) : registry_init(made.buf, false, &mreg_dir, err);
	if (rc == 0)
		rc = file_rename_new(made.buf, dir, err);
	if (rc && file_remove_tree(made.buf, &ignored) < 0)
		error_clear(&ignored);
	return rc < 0 ? -1 : 0;
}

static int make_temporary(struct borrow *b, struct error *err)
{
	CLEANUP(strbuf) struct strbuf mreg_dir = STRBUF_INIT;
	const char *tmp = env_get("TMPDIR");

	strbuf_reset(&b->dir);
	path_join(&b->dir, tmp ? tmp : "/tmp", "mreg-XXXXXX");
	if (!mkdtemp(b->dir.buf))
		return error_set_errno(err, "cannot make a temporary directory '%s'", b->dir.buf);
	b->is_temporary = true;
	return registry_init(b->dir.buf, false, &mreg_dir, err);
}

static int find_place(struct borrow *b, struct error *err)
{
	CLEANUP(strbuf) struct strbuf parent = STRBUF_INIT;
	char hash[HASH_DIGITS + 1];

	if (!cache_dir(&parent))
		return make_temporary(b, err);
	hash_url(b->remote->url, hash);
	strbuf_reset(&b->dir);
	path_join(&b->dir, parent.buf, hash);
	b->is_empty = !file_exists(b->dir.buf);
	if (b->is_empty && make_cache(parent.buf, b->dir.buf, err) < 0) {
		error_clear(err);
		return make_temporary(b, err);
	}
	if (!is_ours(b->dir.buf) || access(b->dir.buf, W_OK) < 0)
		return make_temporary(b, err);
	return 0;
}

/* ---- opening ---- */

static int open_registry(struct borrow *b, struct error *err)
{
	CLEANUP(strbuf) struct strbuf mreg_dir = STRBUF_INIT;

	path_join(&mreg_dir, b->dir.buf, ".mreg");
	b->reg = registry_open(mreg_dir.buf, b->config, b->verb, b->report, err);
	if (!b->reg)
		return -1;
	b->reg->is_cache = true;
	b->reg->source = b->source;
	return 0;
}

/* Somebody may be reading it: it vanishes from its place at once, and for good as soon as it can. */
static void discard(struct borrow *b)
{
	CLEANUP(strbuf) struct strbuf parent = STRBUF_INIT, aside = STRBUF_INIT;
	struct error ignored = ERROR_INIT;

	if (b->reg)
		b->source = b->reg->source;
	registry_close(b->reg);
	b->reg = NULL;
	path_dir(&parent, b->dir.buf);
	tempfile_name(&aside, parent.buf, "old");
	if (rename(b->dir.buf, aside.buf) == 0 && file_remove_tree(aside.buf, &ignored) < 0)
		error_clear(&ignored);
}

static int open_place(struct borrow *b, struct error *err)
{
	return find_place(b, err) < 0 ? -1 : open_registry(b, err);
}

static void free_borrow(struct borrow *b)
{
	struct error ignored = ERROR_INIT;

	connection_cleanup(&b->connection);
	registry_close(b->reg);
	if (b->is_temporary && b->dir.len && file_remove_tree(b->dir.buf, &ignored) < 0)
		error_clear(&ignored);
	strbuf_release(&b->dir);
	free(b);
}

struct borrow *borrow_open(const struct remote *remote, const struct config *config, const char *verb, struct report *report, struct error *err)
{
	struct borrow *b = xcalloc(1, sizeof *b);

	*b = (struct borrow){ .remote = remote, .config = config, .report = report, .verb = verb, .dir = STRBUF_INIT };
	if (open_place(b, err) == 0)
		return b;
	if (!b->is_temporary) {
		error_clear(err);
		discard(b);
		if (open_place(b, err) == 0)
			return b;
	}
	free_borrow(b);
	return NULL;
}

struct registry *borrow_registry(struct borrow *b)
{
	return b->reg;
}

/* ---- bringing it up to date ---- */

/* It is all known already: then only what is new is listed. */
static bool has_all(struct borrow *b)
{
	CLEANUP(remote_state) struct remote_state state = REMOTE_STATE_INIT;
	const struct strvec none = STRVEC_INIT;
	struct error ignored = ERROR_INIT;
	const struct remote_cursor *cursor;

	if (remote_state_read(b->reg, b->remote, &state, &ignored) < 1)
		return false;
	cursor = remote_state_find(&state, &none);
	return cursor && cursor->seq;
}

static int update(struct borrow *b, const struct strvec *names, struct error *err)
{
	CLEANUP(pull_result) struct pull_result result = PULL_RESULT_INIT;
	const struct strvec none = STRVEC_INIT;
	const struct remote bare = { .name = (char *)"", .url = b->remote->url, .written = b->remote->url, .origin = (char *)"" };
	const struct pull_options options = {
		.remote = &bare, .patterns = has_all(b) ? &none : names, .verb = "pull", .metadata_only = true,
		.keep = &b->connection,
	};

	connection_cleanup(&b->connection);
	if (pull_run(b->reg, &options, &result, err) < 0)
		return -1;
	b->is_empty = false;
	return 0;
}

/* A far history that is another one now, or damage: there is nothing in it that could not be had again. */
static bool is_stale(const struct error *err)
{
	return err->code == ERR_CONFLICT || err->code == ERR_INTEGRITY || err->code == ERR_NO_REGISTRY || err->code == ERR_FORMAT;
}

int borrow_update(struct borrow *b, const struct strvec *names, struct error *err)
{
	if (update(b, names, err) == 0)
		return 0;
	if (!is_stale(err) || b->is_temporary)
		return -1;
	error_clear(err);
	discard(b);
	return open_place(b, err) < 0 ? -1 : update(b, names, err);
}

/* ---- what it may take ---- */

static uint64_t size_limit(const struct borrow *b)
{
	const char *text = config_get(b->config, "cache.size");
	uint64_t size;

	return text && size_parse(text, &size) ? size : CACHE_SIZE_DEFAULT;
}

/* The next one will do it when this one cannot. */
static void trim(struct borrow *b)
{
	CLEANUP(hashmap) struct hashmap kept = HASHMAP_INIT;
	struct disk_usage usage = { 0 };
	struct error ignored = ERROR_INIT;
	uint64_t freed;

	if (disk_usage_read(b->reg->store->dir, &usage, &ignored) < 0 || usage.packs + usage.retired <= size_limit(b))
		return;
	for (size_t i = 0; i < b->reg->arrived.count; i++) {
		struct oid id;

		if (oid_parse(b->reg->arrived.v[i], strlen(b->reg->arrived.v[i]), &id))
			hashmap_put(&kept, &id, OID_LEN, b);
	}
	registry_drop_view(b->reg);
	b->reg->store->lock_timeout_ms = 0;
	if (drop_absent(b->reg, &kept, &freed, &ignored) < 0)
		error_clear(&ignored);
}

struct connection *borrow_take_connection(struct borrow *b)
{
	return STEAL(b->connection);
}

void borrow_distrust(struct borrow *b)
{
	b->is_distrusted = true;
}

void borrow_close(struct borrow *b)
{
	if (!b)
		return;
	if (b->reg && !b->is_temporary && (b->is_empty || b->is_distrusted))
		discard(b);
	else if (b->reg && !b->is_temporary)
		trim(b);
	free_borrow(b);
}
