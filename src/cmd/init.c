/* SPDX-License-Identifier: Apache-2.0 */
/* mreg init: makes a registry. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "cmd/cmd.h"
#include "registry/registry.h"
#include "registry/tree.h"
#include "ui/record.h"

/* The directory that is to hold .mreg: the operand, else what --registry or MREG_DIR names (which may be .mreg itself), else here. */
static int choose_directory(const struct session *s, const struct operands *operands, struct strbuf *dir, struct error *err)
{
	const char *named = s->globals.registry ? s->globals.registry : env_get("MREG_DIR"), *base;
	size_t len;

	if (operands->count && s->globals.registry)
		return error_set(err, ERR_USAGE, "'%s' and '--registry %s' both say where", operands->v[0], s->globals.registry);
	if (operands->count || !named) {
		strbuf_adds(dir, operands->count ? operands->v[0] : ".");
		return *dir->buf ? 0 : error_set(err, ERR_USAGE, "the directory's name is empty");
	}
	base = path_base(named, &len);
	if (len == strlen(".mreg") && !memcmp(base, ".mreg", len))
		path_dir(dir, named);
	else
		strbuf_adds(dir, named);
	return 0;
}

/* The directory need not exist yet. */
static int absolute_path(struct strbuf *out, const char *dir, struct error *err)
{
	CLEANUP(ptr) char *real = realpath(dir, NULL), *here = realpath(".", NULL);
	CLEANUP(strbuf) struct strbuf given = STRBUF_INIT;

	if (!here)
		return error_set_errno(err, "cannot tell the current directory");
	path_join(&given, here, dir);
	path_normalise(out, real ? real : given.buf);
	if (!tree_is_reserved(out->buf))
		return 0;
	error_set(err, ERR_USAGE, "'%s' is inside of a registry", out->buf);
	return error_hint(err, "Name the directory that has, or is to have, .mreg in it.");
}

/* Only says what would be. */
static int rehearse(const char *dir, struct strbuf *mreg_dir, struct error *err)
{
	path_join(mreg_dir, dir, ".mreg");
	if (file_exists(mreg_dir->buf))
		return error_set(err, ERR_CONFLICT, "'%s' exists already", mreg_dir->buf);
	return 0;
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	bool shared = false, dry_run = false;
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT, path = STRBUF_INIT, mreg_dir = STRBUF_INIT;
	const struct opt opts[] = {
		OPT_FLAG('\0', "shared", &shared, "let the directory's group write, too"),
		OPT_FLAG('n', "dry-run", &dry_run, "only say what would be made"),
		OPT_END,
	};
	json_t *record;

	if (session_parse(s, opts, argc, argv, 0, 1, &operands, err) < 0 || choose_directory(s, &operands, &dir, err) < 0 ||
	    absolute_path(&path, dir.buf, err) < 0)
		return -1;
	if ((dry_run ? rehearse(path.buf, &mreg_dir, err) : registry_init(dir.buf, shared, &mreg_dir, err)) < 0)
		return -1;
	record = json_object();
	record_set_path(record, "path", mreg_dir.buf);
	json_object_set_new(record, "created", json_boolean(!dry_run));
	return out_result(s->out, record, "path", err);
}

const struct command cmd_init = {
	.name = "init", .synopsis = "[DIR] [--shared] [-n]", .summary = "make a registry",
	.group = GROUP_START, .needs = NEEDS_NOTHING, .run = run,
};
