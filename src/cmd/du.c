/* SPDX-License-Identifier: Apache-2.0 */
/* mreg du: what the artifacts take on disk, what all else takes, and what storing it so has saved. */
#include <config.h>

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/process.h"
#include "base/suggest.h"
#include "cmd/cmd.h"
#include "cmd/sort.h"
#include "registry/usage.h"

/* From here on it is no use to tell how a registry came to be larger than its files: there is too little in it. */
#define MANY_TIMES 10

static const struct column columns[] = {
	{ "name", NULL, COLUMN_TEXT, false },
	{ "versions", NULL, COLUMN_NUMBER, false },
	{ "logical", NULL, COLUMN_SIZE, false },
	{ "unique", NULL, COLUMN_SIZE, false },
	{ "stored", NULL, COLUMN_SIZE, false },
	{ "kind", NULL, COLUMN_TEXT, true },
	{ "type", NULL, COLUMN_TEXT, true },
	{ NULL, NULL, COLUMN_TEXT, false },
};

/* ---- the records ---- */

static json_t *row_record(const struct usage_row *row, enum usage_by by)
{
	json_t *record = json_object();

	json_object_set_new(record, "kind", json_string(row->is_runs ? "runs" : by == USAGE_BY_NAME ? "artifact" : "type"));
	json_object_set_new(record, "name", json_string(row->is_runs ? "(runs)" : row->name));
	json_object_set_new(record, "type", json_string(row->type));
	json_object_set_new(record, "versions", json_u64(row->versions));
	json_object_set_new(record, "logical", json_u64(row->logical));
	json_object_set_new(record, "unique", json_u64(row->unique));
	json_object_set_new(record, "stored", json_u64(row->stored));
	if (row->is_damaged)
		json_object_set_new(record, "damaged", json_true());
	return record;
}

/* In brackets, as no artifact is called. */
static json_t *part_record(const char *kind)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	json_t *record = json_object();

	strbuf_addf(&name, "(%s)", kind);
	json_object_set_new(record, "kind", json_string(kind));
	json_object_set_new(record, "name", json_string(name.buf));
	return record;
}

static json_t *files_record(const char *kind, uint64_t stored)
{
	json_t *record = part_record(kind);

	json_object_set_new(record, "stored", json_u64(stored));
	return record;
}

static json_t *objects_record(const char *kind, uint64_t unique, uint64_t stored)
{
	json_t *record = part_record(kind);

	json_object_set_new(record, "unique", json_u64(unique));
	json_object_set_new(record, "stored", json_u64(stored));
	return record;
}

static json_t *total_record(const struct usage *u)
{
	json_t *record = part_record("total");

	json_object_set_new(record, "versions", json_u64(u->versions));
	json_object_set_new(record, "logical", json_u64(u->logical));
	json_object_set_new(record, "unique", json_u64(u->unique));
	json_object_set_new(record, "stored", json_u64(u->stored));
	json_object_set_new(record, "saved", json_integer((json_int_t)u->logical - (json_int_t)u->stored));
	json_object_set_new(record, "deduplicated", json_u64(u->deduplicated));
	json_object_set_new(record, "compressed", json_u64(u->compressed));
	json_object_set_new(record, "absent", json_u64(u->absent));
	return record;
}

/* ---- printing ---- */

/* People are spared what is nothing. */
static void add_part(struct session *s, struct sorter *sorter, json_t *record)
{
	if (out_mode(s->out) == OUT_HUMAN && json_integer_value(json_object_get(record, "stored")) == 0)
		json_decref(record);
	else
		sorter_last(sorter, record);
}

static void add_parts(struct session *s, struct sorter *sorter, const struct usage *u)
{
	for (size_t i = 0; i < u->count; i++)
		if (u->rows[i].is_runs)
			sorter_last(sorter, row_record(&u->rows[i], USAGE_BY_NAME));
	add_part(s, sorter, objects_record("shared", u->shared_raw, u->shared));
	add_part(s, sorter, objects_record("unreferenced", u->unreferenced_raw, u->unreferenced));
	add_part(s, sorter, files_record("packs", u->packs));
	add_part(s, sorter, files_record("retired", u->retired));
	add_part(s, sorter, files_record("journal", u->journal));
	add_part(s, sorter, files_record("index", u->index));
	add_part(s, sorter, files_record("other", u->other));
	sorter_last(sorter, total_record(u));
}

static double percent(uint64_t part, uint64_t whole)
{
	return 100 * (double)part / (double)whole;
}

static int print_saving(struct session *s, const struct usage *u, struct error *err)
{
	/* what is left of the files, and all that is stored beside it */
	uint64_t encoded = u->logical - u->deduplicated - u->compressed, beside = u->stored > encoded ? u->stored - encoded : 0;
	bool is_larger = u->stored > u->logical;
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (!u->logical)
		return 0;
	if (u->stored / MANY_TIMES >= u->logical)
		return out_text(s->out, err, "%.0f times as large as the files\n", (double)u->stored / (double)u->logical);
	strbuf_addf(&text, "%.1f %% %s than the files: %.1f %% saved by storing once, %.1f %% by compression, %.1f %% added by all else",
		percent(is_larger ? u->stored - u->logical : u->logical - u->stored, u->logical), is_larger ? "larger" : "smaller",
		percent(u->deduplicated, u->logical), percent(u->compressed, u->logical), percent(beside, u->logical));
	return out_prose(s->out, 0, text.buf, err);
}

static int print_absent(struct session *s, const struct usage *u, struct error *err)
{
	CLEANUP(strbuf) struct strbuf size = STRBUF_INIT;

	if (!u->absent)
		return 0;
	size_format(&size, u->absent);
	return out_text(s->out, err, "%s of files are not here, but at a remote\n", size.buf);
}

static int print(struct session *s, struct sorter *sorter, const struct usage *u, enum usage_by by, struct error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < u->count; i++)
		if (!u->rows[i].is_runs)
			rc = sorter_row(sorter, row_record(&u->rows[i], by), err);
	if (rc < 0)
		return -1;
	if (out_mode(s->out) != OUT_LINES)
		add_parts(s, sorter, u);
	if (sorter_end(sorter, err) < 0)
		return -1;
	if (out_mode(s->out) != OUT_HUMAN)
		return 0;
	return print_absent(s, u, err) < 0 ? -1 : print_saving(s, u, err);
}

/* ---- what if ---- */

/* "rm REF…", as it would be typed after mreg. */
static int read_what_if(const char *text, struct strvec *references, struct error *err)
{
	CLEANUP(strvec) struct strvec words = STRVEC_INIT;

	if (process_split(text, &words, err) < 0)
		return -1;
	if (words.count < 2 || strcmp(words.v[0], "rm") != 0) {
		error_set(err, ERR_USAGE, "--what-if takes a removal, not '%s'", text);
		return error_hint(err, "For example: --what-if 'rm digits:v0 digits:v1'");
	}
	for (size_t i = 1; i < words.count; i++)
		if (words.v[i][0] != '-') /* which options make the removal lawful does not matter here */
			strvec_push(references, words.v[i]);
	return 0;
}

static int what_if(struct session *s, const char *text, struct error *err)
{
	CLEANUP(strvec) struct strvec references = STRVEC_INIT;
	CLEANUP(strbuf) struct strbuf logical = STRBUF_INIT, unique = STRBUF_INIT, stored = STRBUF_INIT;
	struct usage_what_if w;
	json_t *record;

	if (read_what_if(text, &references, err) < 0 || usage_what_if(s->registry, &references, &w, err) < 0)
		return -1;
	if (out_mode(s->out) == OUT_HUMAN) {
		size_format(&logical, w.logical);
		size_format(&unique, w.unique);
		size_format(&stored, w.stored);
		return out_text(s->out, err, "%s on disk would be freed: %s that no other version has, of %llu version%s with %s\n", stored.buf, unique.buf,
				(unsigned long long)w.versions, w.versions == 1 ? "" : "s", logical.buf);
	}
	record = part_record("what-if");
	json_object_set_new(record, "versions", json_u64(w.versions));
	json_object_set_new(record, "logical", json_u64(w.logical));
	json_object_set_new(record, "unique", json_u64(w.unique));
	json_object_set_new(record, "stored", json_u64(w.stored));
	return out_result(s->out, record, "stored", err);
}

static int parse_by(const char *text, enum usage_by *out, struct error *err)
{
	static const char *const words[] = { [USAGE_BY_NAME] = "name", [USAGE_BY_TYPE] = "type" };
	long nearest;

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (strcmp(text, words[i]) == 0) {
			*out = (enum usage_by)i;
			return 0;
		}
	}
	error_set(err, ERR_USAGE, "option '--by' takes name or type, not '%s'", text);
	nearest = suggest_nearest(text, words, COUNT_OF(words));
	return nearest < 0 ? -1 : error_hint(err, "Did you mean '%s'?", words[nearest]);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	const char *by_text = "name", *sort = NULL, *removal = NULL;
	uint64_t limit = UINT64_MAX;
	enum usage_by by = USAGE_BY_NAME;
	CLEANUP(operands) struct operands operands = { NULL, 0 };
	CLEANUP(sorter) struct sorter *sorter = NULL;
	CLEANUP(usage) struct usage usage = USAGE_INIT;
	const struct opt opts[] = {
		OPT_STRING(0, "by", &by_text, "name|type", "a row for each artifact, or for each type"),
		OPT_STRING(0, "sort", &sort, "KEY", "order by a column; -KEY for the largest first"),
		OPT_U64('n', "limit", &limit, "N", "at most N artifacts or types"),
		OPT_STRING(0, "what-if", &removal, "'rm REF...'", "what removing these versions would free"),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 0, 0, &operands, err) < 0 || parse_by(by_text, &by, err) < 0)
		return -1;
	if (removal)
		return what_if(s, removal, err);
	sorter = sorter_new(s->out, sort, limit);
	if (sorter_begin(sorter, columns, NULL, "name", err) < 0 || usage_measure(s->registry, by, &usage, err) < 0 ||
		session_pager(s, err) < 0 || print(s, sorter, &usage, by, err) < 0)
		return -1;
	if (!usage.problems)
		return 0;
	*err = usage.first_problem;
	error_wrap(err, "the sums are not whole");
	return error_hint(err, "'mreg fsck' tells what is damaged and which versions it hits.");
}

const struct command cmd_du = {
	.name = "du",
	.synopsis = "[options]",
	.summary = "tell what takes how much of the disk, and what was saved",
	.group = GROUP_LOOK,
	.needs = NEEDS_REGISTRY,
	.run = run,
};
