/* SPDX-License-Identifier: Apache-2.0 */
/* mreg gc: tells what nothing refers to any more, and takes it away. */
#include <config.h>

#include <inttypes.h>
#include <stdbool.h>

#include "base/number.h"
#include "cmd/cmd.h"
#include "registry/gc.h"

static json_t *version_record(const struct gc_version *v)
{
	json_t *record = json_object();

	json_object_set_new(record, "ref", json_string(v->ref));
	json_object_set_new(record, "version", json_oid(&v->version));
	json_object_set_new(record, "digest", json_oid(&v->digest));
	json_object_set_new(record, "size", json_u64(v->size));
	json_object_set_new(record, "removed", json_time(v->removed));
	return record;
}

static json_t *result_record(const struct gc_result *r, bool done)
{
	json_t *record = json_object(), *versions = json_array();

	for (size_t i = 0; i < r->count; i++)
		json_array_append_new(versions, version_record(&r->versions[i]));
	json_object_set_new(record, "done", json_boolean(done));
	json_object_set_new(record, "versions", versions);
	json_object_set_new(record, "objects", json_u64(r->objects));
	json_object_set_new(record, "bytes", json_u64(r->bytes));
	json_object_set_new(record, "packs", json_u64(r->packs));
	return record;
}

static int print_versions(struct session *s, const struct gc_result *r, struct error *err)
{
	static const struct column columns[] = {
		{ "ref", NULL, COLUMN_TEXT, false }, { "size", NULL, COLUMN_SIZE, false }, { "removed", NULL, COLUMN_AGE, false },
		{ NULL, NULL, COLUMN_TEXT, false },
	};

	if (!r->count && out_mode(s->out) == OUT_HUMAN)
		return 0;
	if (out_list_begin(s->out, columns, NULL, "ref", err) < 0)
		return -1;
	for (size_t i = 0; i < r->count; i++)
		if (out_list_row(s->out, version_record(&r->versions[i]), err) < 0)
			return -1;
	return out_list_end(s->out, err);
}

static int print_sums(struct session *s, const struct gc_result *r, bool done, struct error *err)
{
	CLEANUP(strbuf) struct strbuf size = STRBUF_INIT;

	if (!r->objects)
		return out_text(s->out, err, "nothing to collect\n");
	size_format(&size, r->bytes);
	return out_text(s->out, err, "%s %" PRIu64 " object%s in %" PRIu64 " pack%s, %s%s\n", done ? "collected" : "would collect", r->objects,
		r->objects == 1 ? "" : "s", r->packs, r->packs == 1 ? "" : "s", size.buf, done ? "" : "; --yes does it");
}

static int print(struct session *s, const struct gc_result *r, bool done, struct error *err)
{
	if (out_mode(s->out) == OUT_JSON)
		return out_result(s->out, result_record(r, done), "done", err);
	if (print_versions(s, r, err) < 0)
		return -1;
	return out_mode(s->out) == OUT_HUMAN ? print_sums(s, r, done, err) : 0;
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	struct gc_options options = { .grace_s = GC_GRACE_S };
	bool yes = false, dry_run = false;
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	CLEANUP(gc_result) struct gc_result result = GC_RESULT_INIT;
	const struct opt opts[] = {
		OPT_DURATION(0, "grace", &options.grace_s, "T", "leave alone what was removed or stored less than T ago (14d)"),
		OPT_FLAG(0, "yes", &yes, "do it, not only say what would go"),
		OPT_FLAG('n', "dry-run", &dry_run, "only say what would go, even with --yes"),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 0, 0, &operands, err) < 0)
		return -1;
	options.act = yes && !dry_run;
	if (gc_run(s->registry, &options, &result, err) < 0)
		return error_wrap(err, "cannot collect");
	if (result.left)
		report_warning(s->report, "%" PRIu64 " pack%s stay%s as %s: something in %s is damaged; 'mreg fsck' tells what", result.left,
			result.left == 1 ? "" : "s", result.left == 1 ? "s" : "", result.left == 1 ? "it is" : "they are",
			result.left == 1 ? "it" : "them");
	return print(s, &result, options.act, err);
}

const struct command cmd_gc = {
	.name = "gc",
	.synopsis = "[--grace T] [--yes] [options]",
	.summary = "delete what nothing refers to any more",
	.group = GROUP_KEEP,
	.needs = NEEDS_REGISTRY,
	.run = run,
};
