/* SPDX-License-Identifier: Apache-2.0 */
/* mreg diff --rows: which predictions came, went and changed. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "cmd/diff.h"
#include "registry/rows.h"
#include "ui/record.h"

/* ---- which file ---- */

static int several_files(const struct strbuf *version, const char *first, const char *second, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	utf8_add_visible(&shown, first, strlen(first));
	strbuf_adds(&shown, "' and '");
	utf8_add_visible(&shown, second, strlen(second));
	error_set(err, ERR_USAGE, "'%s' has more than one file of rows: '%s'", version->buf, shown.buf);
	return error_hint(err, "Name the one that is meant: mreg diff A B PATH --rows COLUMN");
}

/* The only file that has rows by its name. */
static const struct entry *find_only(const struct manifest *m, const struct strbuf *version, struct error *err)
{
	const struct entry *found = NULL;

	for (size_t i = 0; i < m->count; i++) {
		const struct entry *e = &m->entries[i];

		if (e->kind != ENTRY_FILE || !rows_has_suffix(e->path))
			continue;
		if (found) {
			several_files(version, found->path, e->path, err);
			return NULL;
		}
		found = e;
	}
	if (!found) {
		error_set(err, ERR_NO_PATH, "'%s' has no file whose name ends in .csv, .tsv, .jsonl or .ndjson", version->buf);
		error_hint(err, "Another file of rows can be named: mreg diff A B PATH --rows COLUMN");
	}
	return found;
}

static const struct entry *find_file(const struct manifest *m, const char *path, const struct strbuf *version, struct error *err)
{
	const struct entry *e = path ? manifest_find(m, path) : NULL;

	if (path && !e)
		diff_no_path(version, path, err);
	return path ? e : find_only(m, version, err);
}

/* ---- what is told of them ---- */

struct walk {
	const struct diff_pair *pair;
	const struct manifest *before, *after;
	const char *column;
	json_t *list;  /* of all differences, for JSON */
	json_t *tally; /* column → rows in which it changed */
};

static const struct column columns[] = {
	{ "kind", "CHANGE", COLUMN_TEXT, false },
	{ "key", NULL, COLUMN_TEXT, false },
	{ "column", NULL, COLUMN_TEXT, false },
	{ "a", "BEFORE", COLUMN_TEXT, false },
	{ "b", "AFTER", COLUMN_TEXT, false },
	{ NULL, NULL, COLUMN_TEXT, false },
};

static json_t *row_record(const struct rows_change *change)
{
	json_t *record = json_object();

	json_object_set_new(record, "kind", json_string(rows_kind_name(change->kind)));
	json_object_set_new(record, "key", json_string(change->key));
	return record;
}

/* A line for each column that changed; a row that came or went is one line. */
static int print_row(struct out *out, const struct rows_change *change, struct error *err)
{
	json_t *value;
	size_t i;

	if (change->kind != ROWS_CHANGED)
		return out_list_row(out, row_record(change), err);
	json_array_foreach(change->columns, i, value)
	{
		json_t *record = row_record(change);

		json_object_update(record, value);
		if (out_list_row(out, record, err) < 0)
			return -1;
	}
	return 0;
}

static void count_columns(struct walk *w, const struct rows_change *change)
{
	json_t *value;
	size_t i;

	if (change->kind != ROWS_CHANGED)
		return;
	json_array_foreach(change->columns, i, value)
	{
		const char *name = json_string_value(json_object_get(value, "column"));

		json_object_set_new(w->tally, name, json_integer(json_integer_value(json_object_get(w->tally, name)) + 1));
	}
}

static int visit(const struct rows_change *change, void *arg, struct error *err)
{
	struct walk *w = arg;
	struct out *out = w->pair->session->out;
	json_t *record;

	count_columns(w, change);
	if (out_mode(out) == OUT_HUMAN)
		return print_row(out, change, err);
	record = row_record(change);
	json_object_set(record, "columns", change->columns);
	if (out_mode(out) == OUT_LINES)
		return out_list_row(out, record, err);
	json_array_append_new(w->list, record);
	return 0;
}

static json_t *tally_json(json_t *tally)
{
	json_t *list = json_array(), *value;
	const char *name;

	json_object_foreach(tally, name, value) json_array_append_new(list, json_pack("{s:s, s:O}", "column", name, "rows", value));
	return list;
}

static json_t *whole_record(const struct walk *w, const struct entry *before, const struct entry *after, const struct rows_counts *c)
{
	json_t *record = diff_record(w->pair, !c->added && !c->removed && !c->changed);

	record_set_path(record, "path", after->path);
	if (strcmp(before->path, after->path) != 0)
		record_set_path(record, "from", before->path);
	json_object_set_new(record, "key", json_string(w->column));
	json_object_set_new(record, "added", json_u64(c->added));
	json_object_set_new(record, "removed", json_u64(c->removed));
	json_object_set_new(record, "changed", json_u64(c->changed));
	json_object_set_new(record, "unchanged", json_u64(c->same));
	json_object_set_new(record, "changed_columns", tally_json(w->tally));
	json_object_set(record, "rows", w->list);
	return record;
}

static int print_summary(const struct walk *w, const struct rows_counts *c, struct error *err)
{
	CLEANUP(strbuf) struct strbuf of = STRBUF_INIT;
	const char *name;
	json_t *value;

	json_object_foreach(w->tally, name, value)
		strbuf_addf(&of, "%s%s in %" JSON_INTEGER_FORMAT, of.len ? ", " : "; ", name, json_integer_value(value));
	return out_text(w->pair->session->out, err,
		"rows: %" PRIu64 " added, %" PRIu64 " removed, %" PRIu64 " changed, %" PRIu64 " the same%s\n", c->added, c->removed,
		c->changed, c->same, of.buf);
}

static int compare(struct walk *w, const struct entry *before, const struct entry *after, struct rows_counts *counts, struct error *err)
{
	CLEANUP(strbuf) struct strbuf a = STRBUF_INIT, b = STRBUF_INIT, a_name = STRBUF_INIT, b_name = STRBUF_INIT;
	struct rows_file a_file = { .path = before->path }, b_file = { .path = after->path };

	if (diff_read_file(w->pair, &w->pair->before, w->before, before, ROWS_MAX_BYTES, &a, err) < 0 ||
		diff_read_file(w->pair, &w->pair->after, w->after, after, ROWS_MAX_BYTES, &b, err) < 0)
		return -1;
	strbuf_addf(&a_name, "%s/", w->pair->before_name.buf);
	strbuf_addf(&b_name, "%s/", w->pair->after_name.buf);
	utf8_add_visible(&a_name, before->path, strlen(before->path));
	utf8_add_visible(&b_name, after->path, strlen(after->path));
	a_file = (struct rows_file){ a_name.buf, before->path, a.buf, a.len };
	b_file = (struct rows_file){ b_name.buf, after->path, b.buf, b.len };
	return rows_compare(&a_file, &b_file, w->column, visit, w, counts, err);
}

static int tell(struct walk *w, const struct entry *before, const struct entry *after, struct error *err)
{
	struct out *out = w->pair->session->out;
	bool is_list = out_mode(out) == OUT_HUMAN || out_mode(out) == OUT_LINES;
	struct rows_counts counts;

	if ((is_list && out_list_begin(out, columns, NULL, "key", err) < 0) || compare(w, before, after, &counts, err) < 0 ||
		(is_list && out_list_end(out, err) < 0))
		return -1;
	if (out_mode(out) == OUT_HUMAN && print_summary(w, &counts, err) < 0)
		return -1;
	if (!is_list && out_result(out, whole_record(w, before, after, &counts), NULL, err) < 0)
		return -1;
	return counts.added || counts.removed || counts.changed ? diff_is_no(w->pair, err) : 0;
}

int diff_rows(const struct diff_pair *pair, const char *path, const char *path_b, const char *column, struct error *err)
{
	CLEANUP(manifest) struct manifest before = MANIFEST_INIT;
	CLEANUP(manifest) struct manifest after = MANIFEST_INIT;
	CLEANUP(json) json_t *list = json_array();
	CLEANUP(json) json_t *tally = json_object();
	struct walk w = { pair, &before, &after, column, list, tally };
	struct registry *reg = pair->session->registry;
	const struct entry *a, *b;

	if (version_manifest(reg, &pair->before.row.digest, &before, err) < 0 ||
		version_manifest(reg, &pair->after.row.digest, &after, err) < 0)
		return -1;
	a = find_file(&before, path, &pair->before_name, err);
	b = a ? find_file(&after, path_b ? path_b : path, &pair->after_name, err) : NULL;
	return a && b ? tell(&w, a, b, err) : -1;
}
