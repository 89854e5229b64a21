/* SPDX-License-Identifier: Apache-2.0 */
/* mreg cat: streams one file of a version to stdout. */
#include <config.h>

#include <string.h>

#include "base/utf8.h"
#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "registry/resolve.h"
#include "registry/verify.h"

static int write_piece(const void *data, size_t len, void *arg, struct error *err)
{
	return out_bytes(arg, data, len, err);
}

static int no_path(const struct resolved *version, const char *path, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	utf8_add_visible(&shown, path, strlen(path));
	error_set(err, ERR_NO_PATH, "'%s:v%llu' has no file '%s'", version->collection.name, (unsigned long long)version->row.number, shown.buf);
	return error_hint(err, "'mreg ls %s:v%llu' lists its files.", version->collection.name, (unsigned long long)version->row.number);
}

static int cat(struct session *s, const char *ref, const char *path, struct error *err)
{
	CLEANUP(resolved) struct resolved version = RESOLVED_INIT;
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	struct view *v = session_update(s, &ref, 1, err) < 0 ? NULL : registry_view(s->registry, err);
	const struct entry *e;

	if (!v || resolve_text(v, ref, &version, err) < 0 || version_manifest(s->registry, &version.row.digest, &m, err) < 0)
		return -1;
	e = manifest_find(&m, path);
	if (!e || e->kind == ENTRY_DIR)
		return no_path(&version, path, err);
	if (out_mode(s->out) == OUT_JSON)
		return out_result(s->out, fields_entry(e), "path", err);
	if (e->kind == ENTRY_LINK)
		return error_set(err, ERR_NO_PATH, "'%s' is a link to '%s'", path, e->target);
	return verify_stream(s->registry, &version.row.version, &m, e, write_piece, s->out, err);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	CLEANUP(operands) struct operands operands = { NULL, 0 };
	const struct opt opts[] = { OPT_REMOTE(&s->remote_name), OPT_OFFLINE(&s->offline), OPT_END };

	if (session_parse(s, opts, argc, argv, 2, 2, &operands, err) < 0)
		return -1;
	return cat(s, operands.v[0], operands.v[1], err);
}

const struct command cmd_cat = {
	.name = "cat", .synopsis = "[options] REF PATH", .summary = "write one file of a version to standard output", .group = GROUP_STORE,
	.needs = NEEDS_REGISTRY, .run = run,
};
