/* SPDX-License-Identifier: Apache-2.0 */
/* mreg bundle: collections in one file, to be carried elsewhere. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "transport/bundle.h"
#include "ui/record.h"

struct args {
	bool all, force, dry_run;
};

static void add_counts(json_t *doc, const struct bundle_counts *c)
{
	json_object_set_new(doc, "collections", json_u64(c->collections));
	json_object_set_new(doc, "runs", json_u64(c->runs));
	json_object_set_new(doc, "versions", json_u64(c->versions));
	json_object_set_new(doc, "with_files", json_u64(c->with_files));
	json_object_set_new(doc, "changes", json_u64(c->changes));
	json_object_set_new(doc, "objects", json_u64(c->objects));
	json_object_set_new(doc, "bytes", json_u64(c->bytes));
}

/* ---- create ---- */

static int create(struct session *s, const struct args *a, const char *path, const struct strvec *refs, struct error *err)
{
	const struct bundle_options o = { .refs = refs, .force = a->force, .dry_run = a->dry_run };
	struct bundle_counts counts;
	json_t *doc;

	if (a->all && refs->count)
		return error_set(err, ERR_USAGE, "--all takes no references");
	if (!a->all && !refs->count) {
		error_set(err, ERR_USAGE, "say what is to be bundled");
		return error_hint(err, "Name collections or versions, or use --all.");
	}
	if (session_use_registry(s, err) < 0 || bundle_create(s->registry, path, &o, &counts, err) < 0)
		return -1;
	if (a->dry_run)
		report_note(s->report, "dry run: nothing was written; it would be %" PRIu64 " object%s of %" PRIu64 " version%s", counts.objects,
			    counts.objects == 1 ? "" : "s", counts.versions, counts.versions == 1 ? "" : "s");
	doc = json_object();
	record_set_path(doc, "path", path);
	add_counts(doc, &counts);
	return out_result(s->out, doc, "path", err);
}

/* ---- verify ---- */

static int print_sound(struct session *s, const char *path, const struct bundle_counts *c, struct error *err)
{
	CLEANUP(strbuf) struct strbuf size = STRBUF_INIT, shown = STRBUF_INIT, runs = STRBUF_INIT;

	size_format(&size, c->bytes);
	if (c->runs)
		strbuf_addf(&runs, ", %" PRIu64 " run%s", c->runs, c->runs == 1 ? "" : "s");
	utf8_add_visible(&shown, path, strlen(path));
	return out_text(s->out, err, "%s is sound: %" PRIu64 " collection%s, %" PRIu64 " version%s (%" PRIu64 " with files)%s, %s\n", shown.buf,
			c->collections, c->collections == 1 ? "" : "s", c->versions, c->versions == 1 ? "" : "s", c->with_files, runs.buf, size.buf);
}

static int print_verdict(struct session *s, const char *path, const struct bundle_counts *c, const char *problem, struct error *err)
{
	json_t *doc;

	switch (out_mode(s->out)) {
	case OUT_LINES:
		return 0;
	case OUT_HUMAN:
		return problem ? 0 : print_sound(s, path, c, err);
	case OUT_JSON:
	case OUT_TEMPLATE:
		break;
	}
	doc = json_object();
	record_set_path(doc, "path", path);
	json_object_set_new(doc, "ok", json_boolean(!problem));
	json_object_set_new(doc, "problem", problem ? record_string(problem) : json_null());
	add_counts(doc, c);
	return out_result(s->out, doc, NULL, err);
}

static int verify(struct session *s, const char *path, struct error *err)
{
	struct bundle_counts counts;
	struct error why = ERROR_INIT;

	if (bundle_verify(path, s->report, &counts, err) == 0)
		return print_verdict(s, path, &counts, NULL, err);
	if (err->code == ERR_INTEGRITY && print_verdict(s, path, &counts, err->text, &why) < 0)
		*err = why;
	return -1;
}

/* ---- ls ---- */

static const struct column columns[] = {
	{ "ref", NULL, COLUMN_TEXT, false }, { "kind", NULL, COLUMN_TEXT, true }, { "type", NULL, COLUMN_TEXT, false },
	{ "aliases", NULL, COLUMN_LIST, false }, { "size", NULL, COLUMN_SIZE, false }, { "files", NULL, COLUMN_NUMBER, false },
	{ "holds", NULL, COLUMN_TEXT, false }, { "digest", NULL, COLUMN_DIGEST, true }, { "version", NULL, COLUMN_DIGEST, true },
	{ NULL, NULL, COLUMN_TEXT, false },
};

static int list_row(const struct bundle_row *row, void *arg, struct error *err)
{
	struct session *s = arg;
	json_t *doc = json_object();

	json_object_set_new(doc, "ref", row->has_version ? fields_ref(row->name, row->number) : record_string(row->name));
	json_object_set_new(doc, "kind", json_string(row->is_model ? "model" : "artifact"));
	json_object_set_new(doc, "type", record_string(row->type));
	json_object_set_new(doc, "digest", row->has_version ? json_oid(&row->digest) : json_null());
	json_object_set_new(doc, "version", row->has_version ? json_oid(&row->version) : json_null());
	json_object_set_new(doc, "aliases", fields_strings(row->aliases));
	json_object_set_new(doc, "size", row->has_version ? json_u64(row->size) : json_null());
	json_object_set_new(doc, "files", row->has_version ? json_u64(row->files) : json_null());
	json_object_set_new(doc, "holds", !row->has_version ? json_null() : json_string(row->has_files ? "files" : "metadata"));
	return out_list_row(s->out, doc, err);
}

static int list(struct session *s, const char *path, struct error *err)
{
	if (out_list_begin(s->out, columns, NULL, "ref", err) < 0 || bundle_each_version(path, list_row, s, err) < 0)
		return -1;
	return out_list_end(s->out, err);
}

/* ---- */

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	struct args a = { .all = false };
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	CLEANUP(strvec) struct strvec refs = STRVEC_INIT;
	const struct opt opts[] = {
		OPT_FLAG(0, "all", &a.all, "create: everything there is"),
		OPT_FLAG('f', "force", &a.force, "create: replace a file that is there"),
		OPT_FLAG('n', "dry-run", &a.dry_run, "create: read and count, write nothing"),
		OPT_END,
	};
	const char *what;

	if (session_parse(s, opts, argc, argv, 2, SIZE_MAX, &operands, err) < 0)
		return -1;
	what = operands.v[0];
	operands_from(&operands, 2, &refs);
	if (strcmp(what, "create") == 0)
		return create(s, &a, operands.v[1], &refs, err);
	if ((a.all || a.force || a.dry_run) && (strcmp(what, "verify") == 0 || strcmp(what, "ls") == 0))
		return error_set(err, ERR_USAGE, "--all, --force and --dry-run are for 'bundle create'");
	if (strcmp(what, "verify") == 0 && !refs.count)
		return verify(s, operands.v[1], err);
	if (strcmp(what, "ls") == 0 && !refs.count)
		return list(s, operands.v[1], err);
	if (strcmp(what, "verify") == 0 || strcmp(what, "ls") == 0)
		error_set(err, ERR_USAGE, "'bundle %s' takes one file", what);
	else
		error_set(err, ERR_USAGE, "there is no 'bundle %s'", what);
	return error_hint(err, "usage: mreg bundle create FILE REF...|--all | verify FILE | ls FILE");
}

const struct command cmd_bundle = {
	.name = "bundle", .synopsis = "[options] create FILE [REF...] | verify FILE | ls FILE", .summary = "carry collections elsewhere in one file",
	.group = GROUP_SHARE, .needs = NEEDS_CONFIG, .run = run,
};
