/* SPDX-License-Identifier: Apache-2.0 */
/* mreg draft: prepares a version from another one, and puts it when it is ready. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "cmd/put.h"
#include "registry/draft.h"

/* Of what was done to a draft people and -q are told nothing. */
static int print_change(struct session *s, bool dry_run, json_t *record, struct error *err)
{
	if (dry_run)
		report_note(s->report, "dry run: the draft stays as it is");
	if (out_mode(s->out) == OUT_JSON)
		return out_result(s->out, record, "id", err);
	json_decref(record);
	return 0;
}

/* ---- new, add, rm, commit, abort ---- */

static int new(struct session *s, const struct put_options *o, const struct operands *operands, struct error *err)
{
	CLEANUP(draft_info) struct draft_info info = DRAFT_INFO_INIT;
	json_t *record;

	if (draft_new(s->registry, operands->v[1], o->dry_run, &info, err) < 0)
		return -1;
	record = fields_draft(&info);
	if (!o->dry_run)
		return out_result(s->out, record, "id", err);
	report_note(s->report, "dry run: no draft was opened");
	if (out_mode(s->out) == OUT_JSON)
		return out_result(s->out, record, "id", err);
	json_decref(record);
	return 0;
}

static int add(struct session *s, const struct put_options *o, const struct operands *operands, struct error *err)
{
	struct draft_added added;
	json_t *record;

	if (o->source_count == 0 && o->ref_count == 0)
		return error_set(err, ERR_USAGE, "an operand is missing after '%s': a PATH, or --ref URI", operands->v[1]);
	if (draft_add(s->registry, operands->v[1], o, &added, err) < 0)
		return -1;
	record = json_object();
	json_object_set_new(record, "id", json_string(added.id));
	json_object_set_new(record, "files", json_u64(added.files));
	json_object_set_new(record, "bytes", json_u64(added.bytes));
	json_object_set_new(record, "stored", json_u64(added.stored));
	return print_change(s, o->dry_run, record, err);
}

static int take_out(struct session *s, const struct put_options *o, const struct operands *operands, struct error *err)
{
	CLEANUP(strvec) struct strvec removed = STRVEC_INIT;
	char id[DRAFT_ID_LEN + 1];
	json_t *record, *paths;

	if (draft_remove(s->registry, operands->v[1], operands->v + 2, operands->count - 2, o->dry_run, id, &removed, err) < 0)
		return -1;
	record = json_object();
	paths = json_array();
	for (size_t i = 0; i < removed.count; i++)
		json_array_append_new(paths, json_escaped(removed.v[i], strlen(removed.v[i])));
	json_object_set_new(record, "id", json_string(id));
	json_object_set_new(record, "removed", paths);
	return print_change(s, o->dry_run, record, err);
}

static int commit(struct session *s, const struct put_options *o, const struct operands *operands, struct error *err)
{
	struct put_result result;

	if (draft_commit(s->registry, operands->v[1], o, &result, err) < 0)
		return -1;
	return put_finish(s, o, &result, err);
}

static int give_up(struct session *s, const struct put_options *o, const struct operands *operands, struct error *err)
{
	char id[DRAFT_ID_LEN + 1];
	json_t *record;

	if (draft_abort(s->registry, operands->v[1], o->dry_run, id, err) < 0)
		return -1;
	record = json_object();
	json_object_set_new(record, "id", json_string(id));
	return print_change(s, o->dry_run, record, err);
}

/* ---- ls ---- */

static int print_draft(const struct draft_info *info, void *arg, struct error *err)
{
	struct session *s = arg;
	json_t *record = fields_draft(info);

	json_object_set_new(record, "files", json_u64(info->files));
	json_object_set_new(record, "size", json_u64(info->bytes));
	return out_list_row(s->out, record, err);
}

static int list_drafts(struct session *s, struct error *err)
{
	static const struct column columns[] = {
		{ "id", NULL, COLUMN_TEXT, false }, { "name", NULL, COLUMN_TEXT, false }, { "base", NULL, COLUMN_TEXT, false },
		{ "files", NULL, COLUMN_NUMBER, false }, { "size", NULL, COLUMN_SIZE, false }, { "changed", NULL, COLUMN_AGE, false },
		{ "user", NULL, COLUMN_TEXT, false }, { "host", NULL, COLUMN_TEXT, true }, { "opened", NULL, COLUMN_TIME, true },
		{ NULL, NULL, COLUMN_TEXT, false },
	};
	size_t damaged;

	if (out_list_begin(s->out, columns, NULL, "id", err) < 0 || draft_each(s->registry, true, print_draft, s, &damaged, err) < 0 ||
	    out_list_end(s->out, err) < 0)
		return -1;
	if (!damaged)
		return 0;
	error_set(err, ERR_INTEGRITY, "%zu draft%s damaged", damaged, damaged == 1 ? " is" : "s are");
	return error_hint(err, "'mreg draft abort ID' gives one up.");
}

static const char *change_of(const struct entry *before, const struct entry *after)
{
	return !before ? "added" : !after ? "deleted" : before == after ? "" : "modified";
}

/* -q has the paths that a commit would put, so that they can be used. */
static int print_file(const struct entry *before, const struct entry *after, void *arg, struct error *err)
{
	struct session *s = arg;
	json_t *record;

	if (!after && out_mode(s->out) == OUT_LINES)
		return 0;
	/* equal ones are told as one and the same */
	record = fields_entry(after ? after : before);
	json_object_set_new(record, "change", json_string(change_of(before, after)));
	return out_list_row(s->out, record, err);
}

static int list_files(struct session *s, const char *draft, struct error *err)
{
	static const struct column columns[] = {
		{ "change", NULL, COLUMN_TEXT, false }, { "size", NULL, COLUMN_SIZE, false }, { "digest", NULL, COLUMN_DIGEST, false },
		{ "path", NULL, COLUMN_TEXT, false }, { NULL, NULL, COLUMN_TEXT, false },
	};

	if (out_list_begin(s->out, columns, NULL, "path", err) < 0 || draft_each_file(s->registry, draft, print_file, s, err) < 0)
		return -1;
	return out_list_end(s->out, err);
}

static int list(struct session *s, const struct put_options *o, const struct operands *operands, struct error *err)
{
	(void)o;
	return operands->count == 1 ? list_drafts(s, err) : list_files(s, operands->v[1], err);
}

/* ---- which of them ---- */

enum takes { TAKES_READING = 1, TAKES_PUTTING = 2, TAKES_DRY_RUN = 4 };

static const struct sub {
	const char *name;
	size_t min, max; /* operands after it */
	unsigned takes;
	put_parsed_fn run;
} subs[] = {
	{ "new", 1, 1, TAKES_DRY_RUN, new },
	{ "add", 1, SIZE_MAX - 1, TAKES_READING | TAKES_DRY_RUN, add },
	{ "rm", 2, SIZE_MAX - 1, TAKES_DRY_RUN, take_out },
	{ "commit", 1, 1, TAKES_PUTTING | TAKES_DRY_RUN, commit },
	{ "ls", 0, 1, 0, list },
	{ "abort", 1, 1, TAKES_DRY_RUN, give_up },
};

static bool has_as(const struct put_options *o)
{
	for (size_t i = 0; i < o->source_count; i++)
		if (o->sources[i].as)
			return true;
	return false;
}

/* The first option given that says what is read. */
static const char *reading_option(const struct put_options *o)
{
	return o->tree.include->count ? "--include" : o->tree.exclude->count ? "--exclude" : o->tree.dereference ? "--dereference" :
		has_as(o) ? "--as" : o->unpack ? "--unpack" : o->ref_count ? "--ref" : NULL;
}

/* The first that says how a version is put. */
static const char *putting_option(const struct put_options *o)
{
	const struct {
		bool is_given;
		const char *name;
	} options[] = {
		{ o->type != NULL, "--type" }, { o->aliases->count > 0, "--alias" }, { o->message != NULL, "--message" },
		{ json_object_size(o->metadata) > 0, "--metadata" }, { json_object_size(o->metrics) > 0, "--metric" },
		{ o->tags->count > 0, "--tag" }, { o->link_count > 0, "--link" }, { o->only_if_better, "--only-if-better" },
		{ o->best.metric != NULL, "--best-by" }, { o->has_keep_last, "--keep-last" },
		{ o->run != NULL, "--run" }, { o->from != NULL, "--from" },
		{ o->override, "--override" }, { o->allow_empty, "--allow-empty" }, { o->new_version, "--new-version" },
		{ o->fail_if_unchanged, "--fail-if-unchanged" }, { o->expect.given, "--expect" },
	};

	for (size_t i = 0; i < COUNT_OF(options); i++)
		if (options[i].is_given)
			return options[i].name;
	return NULL;
}

static int check_options(const struct sub *sub, const struct put_options *o, struct error *err)
{
	const char *wrong = !(sub->takes & TAKES_READING) ? reading_option(o) : NULL;

	if (!wrong && !(sub->takes & TAKES_PUTTING))
		wrong = putting_option(o);
	if (!wrong && !(sub->takes & TAKES_DRY_RUN) && o->dry_run)
		wrong = "--dry-run";
	return wrong ? error_set(err, ERR_USAGE, "'draft %s' takes no %s", sub->name, wrong) : 0;
}

static int act(struct session *s, const struct put_options *o, const struct operands *operands, struct error *err)
{
	size_t rest = operands->count - 1;

	for (size_t i = 0; i < COUNT_OF(subs); i++) {
		if (strcmp(subs[i].name, operands->v[0]) != 0)
			continue;
		if (rest >= subs[i].min && rest <= subs[i].max)
			return check_options(&subs[i], o, err) < 0 ? -1 : subs[i].run(s, o, operands, err);
		error_set(err, ERR_USAGE, "'draft %s' with %zu operands", subs[i].name, rest);
		return error_hint(err, "usage: mreg draft %s", cmd_draft.synopsis);
	}
	error_set(err, ERR_USAGE, "'%s' is none of new, add, rm, commit, ls, abort", operands->v[0]);
	return error_hint(err, "usage: mreg draft %s", cmd_draft.synopsis);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	return put_parse(s, argc, argv, 2, 1, act, err);
}

const struct command cmd_draft = {
	.name = "draft", .synopsis = "[options] new NAME|REF | add ID PATH... | rm ID PATH... | commit ID | ls [ID] | abort ID",
	.summary = "prepare a version from another one", .group = GROUP_STORE, .needs = NEEDS_REGISTRY, .run = run,
};
