/* SPDX-License-Identifier: Apache-2.0 */
/* mreg fsck: checks everything, or makes the index anew. */
#include <config.h>

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/number.h"
#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "registry/fsck.h"
#include "registry/remote.h"
#include "transport/repair.h"
#include "ui/record.h"

static const struct column columns[] = {
	{ "kind", NULL, COLUMN_TEXT, false }, { "message", NULL, COLUMN_TEXT, false }, { "refs", NULL, COLUMN_LIST, false },
	{ NULL, NULL, COLUMN_TEXT, false },
};

static int collect(const char *kind, const char *text, const struct strvec *refs, void *arg, struct error *err)
{
	json_t *problems = arg, *row = json_object();

	(void)err;
	json_object_set_new(row, "kind", json_string(kind));
	json_object_set_new(row, "message", record_string(text));
	json_object_set_new(row, "refs", fields_strings(refs));
	json_array_append_new(problems, row);
	return 0;
}

static int print_human(struct session *s, const json_t *problems, const struct fsck_counts *c, struct error *err)
{
	size_t i, j;
	json_t *row, *ref;
	CLEANUP(strbuf) struct strbuf size = STRBUF_INIT;

	json_array_foreach(problems, i, row) {
		const json_t *refs = json_object_get(row, "refs");

		if (out_text(s->out, err, "%s: %s\n", json_string_value(json_object_get(row, "kind")),
			     json_string_value(json_object_get(row, "message"))) < 0)
			return -1;
		json_array_foreach(refs, j, ref)
			if (out_text(s->out, err, "    hits %s\n", json_string_value(ref)) < 0)
				return -1;
	}
	if (c->absent && out_text(s->out, err, "absent: %" PRIu64 " file%s of %" PRIu64 " version%s, which a remote has\n", c->absent_files,
				  c->absent_files == 1 ? "" : "s", c->absent, c->absent == 1 ? "" : "s") < 0)
		return -1;
	size_format(&size, c->bytes);
	return out_text(s->out, err,
			"%s: %" PRIu64 " journal line%s, %" PRIu64 " version%s, %" PRIu64 " file%s, %" PRIu64 " object%s in %" PRIu64 " pack%s, %s\n",
			c->problems ? "damaged" : "sound", c->lines, c->lines == 1 ? "" : "s", c->versions, c->versions == 1 ? "" : "s", c->files,
			c->files == 1 ? "" : "s", c->objects, c->objects == 1 ? "" : "s", c->packs, c->packs == 1 ? "" : "s", size.buf);
}

static int print_rows(struct session *s, const json_t *problems, struct error *err)
{
	size_t i;
	json_t *row;

	if (out_list_begin(s->out, columns, NULL, "message", err) < 0)
		return -1;
	json_array_foreach(problems, i, row)
		if (out_list_row(s->out, json_incref(row), err) < 0)
			return -1;
	return out_list_end(s->out, err);
}

static json_t *record(json_t *problems, const struct fsck_counts *c)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "ok", json_boolean(c->problems == 0));
	json_object_set_new(doc, "lines", json_u64(c->lines));
	json_object_set_new(doc, "versions", json_u64(c->versions));
	json_object_set_new(doc, "files", json_u64(c->files));
	json_object_set_new(doc, "absent_versions", json_u64(c->absent));
	json_object_set_new(doc, "absent_files", json_u64(c->absent_files));
	json_object_set_new(doc, "objects", json_u64(c->objects));
	json_object_set_new(doc, "packs", json_u64(c->packs));
	json_object_set_new(doc, "bytes", json_u64(c->bytes));
	json_object_set(doc, "problems", problems);
	return doc;
}

/* What helps depends on what is wrong. */
static const char *advice(const json_t *problems)
{
	bool index = false, objects = false, drafts = false;
	size_t i;
	json_t *row;

	json_array_foreach(problems, i, row) {
		const char *kind = json_string_value(json_object_get(row, "kind"));

		index |= strcmp(kind, "index") == 0;
		drafts |= strcmp(kind, "draft") == 0;
		objects |= strcmp(kind, "index") != 0 && strcmp(kind, "journal") != 0 && strcmp(kind, "draft") != 0;
	}
	if (objects)
		return "'mreg fsck --repair-from REMOTE' fetches it anew.  In a copy of a registry, copy objects/ once more.  Where the files are still at "
		       "hand, put them again.  mreg-fsck(1) says more.";
	if (drafts && !index)
		return "'mreg draft abort ID' gives up a draft that cannot be mended.";
	return index ? "'mreg fsck --rebuild-index' makes the index anew from the journal." : "mreg-fsck(1) says what to do.";
}

/* Status 7 when something is wrong. */
static int tell(struct session *s, json_t *problems, const struct fsck_counts *counts, json_t *repaired, struct error *err)
{
	json_t *doc;
	int rc;

	if (out_mode(s->out) == OUT_HUMAN) {
		rc = print_human(s, problems, counts, err);
	} else if (out_mode(s->out) == OUT_JSON) {
		doc = record(problems, counts);
		if (repaired)
			json_object_update(doc, repaired);
		rc = out_result(s->out, doc, "ok", err);
	} else {
		rc = print_rows(s, problems, err);
	}
	if (rc < 0 || counts->problems == 0)
		return rc;
	error_set(err, ERR_INTEGRITY, "%" PRIu64 " problem%s %s", counts->problems, counts->problems == 1 ? "" : "s", repaired ? "left" : "found");
	return error_hint(err, "%s", advice(problems));
}

static int check(struct session *s, bool dry_run, struct error *err)
{
	CLEANUP(json) json_t *problems = json_array();
	struct fsck_counts counts;

	if (fsck_run(s->registry, dry_run, &counts, NULL, collect, problems, err) < 0)
		return -1;
	return tell(s, problems, &counts, NULL, err);
}

/* ---- repairing ---- */

static bool is_among(const json_t *problems, const json_t *problem)
{
	size_t i;
	json_t *row;

	json_array_foreach(problems, i, row)
		if (json_equal(row, problem))
			return true;
	return false;
}

/* What was wrong before and is not any more. */
static int print_repaired(struct session *s, const json_t *before, const json_t *after, json_t *repaired, struct error *err)
{
	json_t *list = json_array(), *row;
	size_t i;
	int rc = 0;

	json_array_foreach(before, i, row) {
		if (is_among(after, row))
			continue;
		json_array_append(list, row);
		if (rc == 0 && out_mode(s->out) == OUT_HUMAN)
			rc = out_text(s->out, err, "repaired: %s: %s\n", json_string_value(json_object_get(row, "kind")),
				      json_string_value(json_object_get(row, "message")));
	}
	json_object_set_new(repaired, "repaired", list);
	return rc;
}

/* What another registry has that is sound here, or was never here, is not asked for: nothing is sent when nothing is wrong. */
static int repair(struct session *s, const char *from, struct error *err)
{
	CLEANUP(json) json_t *before = json_array();
	CLEANUP(json) json_t *after = json_array();
	CLEANUP(json) json_t *repaired = json_object();
	CLEANUP(fsck_lost_list) struct fsck_lost_list lost = FSCK_LOST_LIST_INIT;
	CLEANUP(remote) struct remote r = { .name = NULL };
	struct repair_result came = { 0, 0 };
	struct fsck_counts counts;

	if (remote_find(&s->config, from, &r, err) < 0 || fsck_run(s->registry, false, &counts, &lost, collect, before, err) < 0)
		return -1;
	if (counts.problems) {
		if (repair_run(s->registry, &r, &lost, &came, err) < 0)
			return error_wrap(err, "cannot repair");
		if (fsck_run(s->registry, false, &counts, NULL, collect, after, err) < 0)
			return -1;
	}
	json_object_set_new(repaired, "objects_fetched", json_u64(came.objects));
	json_object_set_new(repaired, "bytes_fetched", json_u64(came.bytes));
	if (print_repaired(s, before, after, repaired, err) < 0)
		return -1;
	return tell(s, after, &counts, repaired, err);
}

static int rebuild(struct session *s, bool dry_run, struct error *err)
{
	json_t *record;

	if (!dry_run && fsck_rebuild_index(s->registry, err) < 0)
		return -1;
	report_note(s->report, dry_run ? "dry run: the index stays as it is" : "the index was made anew from the journal");
	if (out_mode(s->out) != OUT_JSON)
		return 0;
	record = json_object();
	json_object_set_new(record, "rebuilt", json_boolean(!dry_run));
	return out_result(s->out, record, "rebuilt", err);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	bool rebuild_index = false, dry_run = false;
	const char *from = NULL;
	CLEANUP(operands) struct operands operands = { NULL, 0 };
	const struct opt opts[] = {
		OPT_FLAG(0, "rebuild-index", &rebuild_index, "make the index anew from the journal"),
		OPT_STRING(0, "repair-from", &from, "REMOTE", "fetch what is damaged or missing from there"),
		OPT_FLAG('n', "dry-run", &dry_run, "check, but neither mend anything nor note what is damaged"),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 0, 0, &operands, err) < 0)
		return -1;
	if (from && rebuild_index)
		return error_set(err, ERR_USAGE, "--rebuild-index and --repair-from exclude one another");
	if (from && !dry_run)
		return repair(s, from, err);
	return rebuild_index ? rebuild(s, dry_run, err) : check(s, dry_run, err);
}

const struct command cmd_fsck = {
	.name = "fsck", .synopsis = "[options]", .summary = "check every object, the journal and the index", .group = GROUP_KEEP,
	.needs = NEEDS_REGISTRY, .run = run,
};
