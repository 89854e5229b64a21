/* SPDX-License-Identifier: Apache-2.0 */
/* mreg run cat: streams one file of a run's record to stdout. */
#include <config.h>

#include <string.h>

#include "base/utf8.h"
#include "cmd/fields.h"
#include "cmd/run.h"
#include "registry/verify.h"

static int write_piece(const void *data, size_t len, void *arg, struct error *err)
{
	return out_bytes(arg, data, len, err);
}

static int no_file(const struct run *run, const struct manifest *m, const char *path, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT, there = STRBUF_INIT;

	utf8_add_visible(&shown, path, strlen(path));
	for (size_t i = 0; i < m->count && there.len < 200; i++) {
		strbuf_adds(&there, i ? ", " : "");
		utf8_add_visible(&there, m->entries[i].path, strlen(m->entries[i].path));
	}
	error_set(err, ERR_NO_PATH, "run '%s' has no file '%s'", run->id.text, shown.buf);
	return error_hint(err, "It has %.200s.", there.len ? there.buf : "none");
}

int run_cat(struct session *s, const struct run_args *a, struct error *err)
{
	CLEANUP(run) struct run run = RUN_INIT;
	CLEANUP(run_info) struct run_info info = RUN_INFO_INIT;
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	struct view *v = registry_view(s->registry, err);
	const struct entry *e;

	if (!v || run_get(v, a->operands.v[0], &run, err) < 0 || run_info_read(s->registry, v, &run, &info, err) < 0 ||
		run_manifest(s->registry, &info, &m, err) < 0)
		return -1;
	e = manifest_find(&m, a->operands.v[1]);
	if (!e || e->kind == ENTRY_DIR)
		return no_file(&run, &m, a->operands.v[1], err);
	if (out_mode(s->out) == OUT_JSON)
		return out_result(s->out, fields_entry(e), "path", err);
	if (e->kind == ENTRY_LINK)
		return error_set(err, ERR_NO_PATH, "'%s' is a link to '%s'", e->path, e->target);
	return verify_stream(s->registry, &info.row.version, &m, e, write_piece, s->out, err);
}
