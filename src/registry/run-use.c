/* SPDX-License-Identifier: Apache-2.0 */
/* Makes versions of what a run uses, where it is none yet, and declares them as its inputs. */
#include <config.h>

#include "registry/run-use.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/mem.h"
#include "base/path.h"
#include "format/uri.h"
#include "registry/commit.h"
#include "registry/put.h"
#include "registry/run-edge.h"

enum run_use_kind run_use_kind(const char *text)
{
	size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");

	if (*text == '/' || strcmp(text, ".") == 0 || strcmp(text, "..") == 0 || strncmp(text, "./", 2) == 0 || strncmp(text, "../", 3) == 0)
		return RUN_USE_PATH;
	return scheme && strncmp(text + scheme, "://", 3) == 0 ? RUN_USE_URI : RUN_USE_REFERENCE;
}

/* ---- a reference ---- */

struct using {
	const struct run *run;
	const struct run_use *use;
	struct resolved version;
};

static void using_cleanup(struct using *u)
{
	resolved_cleanup(&u->version);
}

static int decide(struct txn *txn, void *arg, struct error *err)
{
	struct using *u = arg;
	const struct collection *c = &u->version.collection;

	resolved_cleanup(&u->version);
	u->version = (struct resolved)RESOLVED_INIT;
	if (resolve_text(txn_view(txn), u->use->text, &u->version, err) < 0)
		return -1;
	if (u->use->type && strcmp(u->use->type, c->type) != 0)
		return error_set(err, ERR_CONFLICT, "'%s' is of type '%s', not '%s'", c->name, c->type, u->use->type);
	return run_edge_add_input(txn, u->run, &u->version, u->use->name, err);
}

static int use_reference(struct registry *reg, const struct run *run, const struct run_use *use, struct run_used *out, struct error *err)
{
	const struct commit commit = { .verb = "use", .why = use->why, .run = run->id.text, .dry_run = use->dry_run };
	CLEANUP(using) struct using u = { run, use, RESOLVED_INIT };

	if (commit_run(reg, &commit, decide, &u, err) < 0)
		return -1;
	*out = (struct run_used){ .number = u.version.row.number, .version = u.version.row.version, .digest = u.version.row.digest };
	memcpy(out->name, u.version.collection.name, strlen(u.version.collection.name) + 1);
	return 0;
}

/* ---- a path, a URI ---- */

static int base_of_path(const char *text, struct strbuf *out, struct error *err)
{
	CLEANUP(ptr) char *real = NULL;
	CLEANUP(strbuf) struct strbuf normal = STRBUF_INIT;
	const char *base;
	size_t len;

	path_normalise(&normal, text);
	base = path_base(normal.buf, &len);
	if (len <= 2 && strncmp(base, "..", len) == 0) {
		real = realpath(text, NULL);
		if (!real)
			return error_set_errno(err, "cannot resolve '%s'", text);
		base = path_base(real, &len);
	}
	strbuf_add(out, base, len);
	return 0;
}

/* Appends the name of the artifact. */
static int name_artifact(const struct run_use *use, bool is_uri, struct strbuf *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf base = STRBUF_INIT;
	struct uri uri;

	if (use->name) {
		strbuf_adds(out, use->name);
		return name_check_full(use->name, strlen(use->name), err);
	}
	if (is_uri ? uri_parse(use->text, &uri, err) < 0 : base_of_path(use->text, &base, err) < 0)
		return -1;
	if (is_uri)
		(void)uri_base_name(&uri, &base);
	name_of_title(out, base.buf);
	if (name_check_full(out->buf, out->len, err) == 0)
		return 0;
	error_clear(err);
	error_set(err, ERR_INVALID, "no name can be made of it for an artifact");
	return error_hint(err, "Say --name NAME.");
}

static int use_files(struct registry *reg, const struct run *run, const struct run_use *use, struct run_used *out, struct error *err)
{
	bool is_uri = run_use_kind(use->text) == RUN_USE_URI;
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	CLEANUP(strvec) struct strvec none = STRVEC_INIT;
	CLEANUP(json) json_t *nothing = json_object();
	const struct put_source source = { .path = use->text };
	struct external ref = use->of_uri;
	struct put_options o = {
		.sources = &source, .source_count = !is_uri, .refs = &ref, .ref_count = is_uri, .type = use->type, .new_type = RUN_USE_TYPE,
		.aliases = &none, .verb = "use", .why = use->why ? use->why : "", .run = run->id.text, .is_input = true, .input_as = use->name,
		.metadata = nothing, .metrics = nothing, .tree = { .include = &none, .exclude = &none }, .dry_run = use->dry_run,
	};
	struct put_result result;

	ref.uri = use->text;
	ref.as = NULL;
	if (name_artifact(use, is_uri, &name, err) < 0)
		return -1;
	o.name = name.buf;
	if (put_run(reg, &o, &result, err) < 0)
		return -1;
	*out = (struct run_used){ .number = result.number, .version = result.version, .digest = result.digest, .created = result.created };
	memcpy(out->name, result.name, sizeof out->name);
	return 0;
}

int run_use(struct registry *reg, const struct run *run, const struct run_use *use, struct run_used *out, struct error *err)
{
	bool is_reference = run_use_kind(use->text) == RUN_USE_REFERENCE;

	if ((use->type && name_check(NAME_TYPE, use->type, strlen(use->type), err) < 0) ||
	    (use->name && name_check_full(use->name, strlen(use->name), err) < 0) ||
	    (is_reference ? use_reference : use_files)(reg, run, use, out, err) < 0)
		return error_wrap(err, "cannot use '%s'", use->text);
	return 0;
}

/* ---- versions ---- */

int run_use_begin(struct registry *reg, bool dry_run, struct run *out, struct error *err)
{
	struct view *v;
	int found;

	if (!env_get("MREG_RUN"))
		return 0;
	v = registry_view(reg, err);
	found = v ? run_current(v, NULL, out, err) : -1;
	if (found > 0 && run_heed_end(reg, v, out, err) < 0)
		return -1;
	return found == 1 && !dry_run && store_check_writable(reg->store, err) < 0 ? -1 : found;
}

int run_use_is_known(struct registry *reg, const struct oid *version, struct error *err)
{
	struct view *v = registry_view(reg, err);
	struct cid cid;
	uint64_t number;

	return v ? view_find_version(v, version, &cid, &number, err) : -1;
}

struct using_all {
	const struct run *run;
	const struct run_use_versions *versions;
};

static int decide_all(struct txn *txn, void *arg, struct error *err)
{
	const struct using_all *u = arg;

	for (size_t i = 0; i < u->versions->count; i++)
		if (run_edge_add_input(txn, u->run, &u->versions->v[i], NULL, err) < 0)
			return -1;
	return 0;
}

int run_use_all(struct registry *reg, const struct run *run, const struct run_use_versions *versions, struct error *err)
{
	const struct commit commit = { .verb = "get", .run = run->id.text, .expected = versions->count };
	struct using_all u = { run, versions };

	return commit_run(reg, &commit, decide_all, &u, err);
}
