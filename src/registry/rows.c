/* SPDX-License-Identifier: Apache-2.0 */
/* Reads two tables, finds each row of the one in the other by its key, and tells what differs. */
#include <config.h>

#include "registry/rows.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/mem.h"
#include "base/strvec.h"
#include "base/utf8.h"
#include "format/csv.h"

enum form { FORM_CSV, FORM_TSV, FORM_JSONL };

struct row {
	size_t at;
	uint32_t len, line;
};
struct table {
	const struct rows_file *file;
	const char *column;
	enum form form;
	struct strvec header; /* of CSV */
	size_t key_field;     /* of CSV */
	struct row *rows;
	size_t count, cap;
	struct hashmap keys; /* → struct row */
};
#define TABLE_INIT(file, column)                                                 \
	{                                                                        \
		file, column, FORM_CSV, STRVEC_INIT, 0, NULL, 0, 0, HASHMAP_INIT \
	}

static void table_cleanup(struct table *t)
{
	strvec_release(&t->header);
	hashmap_cleanup(&t->keys);
	free(t->rows);
}

const char *rows_kind_name(enum rows_kind kind)
{
	static const char *const names[] = { "added", "removed", "changed" };

	return names[kind];
}

static bool ends_with(const char *path, const char *suffix)
{
	size_t len = strlen(path), n = strlen(suffix);

	return len > n && strcmp(path + len - n, suffix) == 0;
}

static const struct {
	const char *suffix;
	enum form form;
} suffixes[] = { { ".csv", FORM_CSV }, { ".tsv", FORM_TSV }, { ".jsonl", FORM_JSONL }, { ".ndjson", FORM_JSONL } };

bool rows_has_suffix(const char *path)
{
	for (size_t i = 0; i < COUNT_OF(suffixes); i++)
		if (ends_with(path, suffixes[i].suffix))
			return true;
	return false;
}

static enum form form_of(const struct rows_file *f)
{
	for (size_t i = 0; i < COUNT_OF(suffixes); i++)
		if (ends_with(f->path, suffixes[i].suffix))
			return suffixes[i].form;
	return f->len && f->text[0] == '{' ? FORM_JSONL : FORM_CSV;
}

static int in_line(const struct table *t, uint32_t line, struct error *err)
{
	return error_wrap(err, "line %" PRIu32 " of '%s'", line, t->file->name);
}

/* ---- one row ---- */

static char separator_of(const struct table *t)
{
	return t->form == FORM_TSV ? '\t' : ',';
}

static json_t *field_value(const char *text)
{
	size_t len = strlen(text);

	return utf8_is_valid(text, len) ? json_string(text) : json_escaped(text, len);
}

static json_t *read_fields(const struct table *t, const struct row *r, struct error *err)
{
	CLEANUP(strvec) struct strvec fields = STRVEC_INIT;
	CLEANUP(json) json_t *object = json_object();
	size_t used;

	if (csv_read_row(t->file->text + r->at, r->len, separator_of(t), &fields, &used, err) < 0)
		return NULL;
	for (size_t i = 0; i < fields.count && i < t->header.count; i++)
		json_object_set_new(object, t->header.v[i], field_value(fields.v[i]));
	return STEAL(object);
}

/* The row as an object; it was found sound before. */
static json_t *read_row(const struct table *t, const struct row *r, struct error *err)
{
	return t->form == FORM_JSONL ? json_parse(t->file->text + r->at, r->len, "it", err) : read_fields(t, r, err);
}

/* ---- values ---- */

static void add_value_text(struct strbuf *out, const json_t *value)
{
	if (json_is_string(value))
		strbuf_adds(out, json_string_value(value));
	else
		json_canonical(out, value);
}

static bool as_integer(const char *text, long long *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	return !errno && end != text && !*end;
}

static bool as_number(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return end != text && !*end && !strpbrk(text, "xX \t");
}

static bool same_number(const char *a, const char *b)
{
	long long i, j;
	double x, y;

	if (as_integer(a, &i) && as_integer(b, &j))
		return i == j;
	if (!as_number(a, &x) || !as_number(b, &y))
		return false;
	return (isnan(x) && isnan(y)) || (x >= y && x <= y);
}

static bool same_value(const json_t *a, const json_t *b)
{
	CLEANUP(strbuf) struct strbuf x = STRBUF_INIT, y = STRBUF_INIT;

	if (!a || !b)
		return json_is_null(a ? a : b);
	add_value_text(&x, a);
	add_value_text(&y, b);
	return strcmp(x.buf, y.buf) == 0 || same_number(x.buf, y.buf);
}

/* ---- a table ---- */

static int add_row(struct table *t, const struct row *row, const char *key, struct error *err)
{
	if (t->count == ROWS_MAX_COUNT) {
		error_set(err, ERR_INVALID, "there are more than %u rows", ROWS_MAX_COUNT);
		return in_line(t, row->line, err);
	}
	ARRAY_GROW(t->rows, t->count + 1, t->cap);
	t->rows[t->count++] = *row;
	if (hashmap_has(&t->keys, key, strlen(key))) {
		CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

		utf8_add_visible(&shown, key, strlen(key));
		error_set(err, ERR_INVALID, "'%s' is '%.80s' a second time", t->column, shown.buf);
		error_hint(err, "Rows are joined by a column whose values differ, such as an id.");
		return in_line(t, row->line, err);
	}
	hashmap_put(&t->keys, key, strlen(key), (void *)(uintptr_t)t->count);
	return 0;
}

static const struct row *find_row(const struct table *t, const char *key)
{
	uintptr_t place = (uintptr_t)hashmap_find(&t->keys, key, strlen(key));

	return place ? &t->rows[place - 1] : NULL;
}

static int no_column(const struct table *t, struct error *err)
{
	CLEANUP(strbuf) struct strbuf list = STRBUF_INIT;

	for (size_t i = 0; i < t->header.count && list.len < 200; i++) {
		strbuf_adds(&list, i ? ", " : "");
		utf8_add_visible(&list, t->header.v[i], strlen(t->header.v[i]));
	}
	error_set(err, ERR_INVALID, "'%s' has no column '%s'", t->file->name, t->column);
	return t->header.count ? error_hint(err, "Its columns are: %s.", list.buf) : -1;
}

static int take_header(struct table *t, struct strvec *fields, struct error *err)
{
	t->key_field = SIZE_MAX;
	for (size_t i = 0; i < fields->count; i++) {
		CLEANUP(json) json_t *name = field_value(fields->v[i]);

		if (strvec_has(&t->header, json_string_value(name)))
			return error_set(err, ERR_INVALID, "'%s' has two columns '%s'", t->file->name, json_string_value(name));
		if (strcmp(json_string_value(name), t->column) == 0)
			t->key_field = i;
		strvec_push(&t->header, json_string_value(name));
	}
	return t->key_field == SIZE_MAX ? no_column(t, err) : 0;
}

static uint32_t count_lines(const char *text, size_t len)
{
	uint32_t lines = 0;

	for (const char *p = text; (p = memchr(p, '\n', len - (size_t)(p - text))); p++)
		lines++;
	return lines;
}

static bool is_blank(const char *text, size_t len)
{
	return len == 0 || (len == 1 && *text == '\n') || (len == 2 && text[0] == '\r' && text[1] == '\n');
}

static int take_csv_row(struct table *t, const struct row *row, struct strvec *fields, struct error *err)
{
	CLEANUP(json) json_t *key = NULL;

	if (is_blank(t->file->text + row->at, row->len))
		return 0;
	if (!t->header.count)
		return take_header(t, fields, err);
	if (fields->count == t->header.count) {
		key = field_value(fields->v[t->key_field]);
		return add_row(t, row, json_string_value(key), err);
	}
	error_set(err, ERR_INVALID, "%zu fields where the first row has %zu", fields->count, t->header.count);
	return in_line(t, row->line, err);
}

static int read_csv(struct table *t, struct error *err)
{
	const struct rows_file *f = t->file;
	struct row row = { f->len >= 3 && memcmp(f->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0, 0, 1 };

	for (;;) {
		CLEANUP(strvec) struct strvec fields = STRVEC_INIT;
		size_t used;
		int got = csv_read_row(f->text + row.at, f->len - row.at, separator_of(t), &fields, &used, err);

		if (got < 0)
			return in_line(t, row.line, err);
		if (got == 0)
			return t->header.count ? 0 : no_column(t, err);
		row.len = (uint32_t)used;
		if (take_csv_row(t, &row, &fields, err) < 0)
			return -1;
		row.at += used;
		row.line += count_lines(f->text + row.at - used, used);
	}
}

static int take_json_row(struct table *t, const struct row *row, struct error *err)
{
	CLEANUP(json) json_t *doc = json_parse(t->file->text + row->at, row->len, "it", err);
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	const json_t *value = json_object_get(doc, t->column);

	if (!doc)
		return in_line(t, row->line, err);
	if (!value || json_is_null(value) || json_is_object(value) || json_is_array(value)) {
		error_set(err, ERR_INVALID, value ? "'%s' is not text or a number" : "there is no member '%s'", t->column);
		return in_line(t, row->line, err);
	}
	add_value_text(&key, value);
	return add_row(t, row, key.buf, err);
}

static int read_jsonl(struct table *t, struct error *err)
{
	const struct rows_file *f = t->file;
	struct row row = { 0, 0, 1 };

	while (row.at < f->len) {
		const char *end = memchr(f->text + row.at, '\n', f->len - row.at);
		size_t len = end ? (size_t)(end - f->text) - row.at : f->len - row.at;

		row.len = (uint32_t)len;
		if (!is_blank(f->text + row.at, len) && !(len == 1 && f->text[row.at] == '\r') && take_json_row(t, &row, err) < 0)
			return -1;
		row.at += len + (end != NULL);
		row.line++;
	}
	return t->count ? 0 : no_column(t, err);
}

static int read_table(struct table *t, struct error *err)
{
	if (t->file->len > ROWS_MAX_BYTES)
		return error_set(err, ERR_INVALID, "'%s' has more than %u MiB, too many for its rows to be compared", t->file->name,
			ROWS_MAX_BYTES >> 20);
	t->form = form_of(t->file);
	return t->form == FORM_JSONL ? read_jsonl(t, err) : read_csv(t, err);
}

/* ---- the join ---- */

struct join {
	rows_fn fn;
	void *arg;
	struct rows_counts *counts;
};

static void add_column(json_t *columns, const char *name, json_t *a, json_t *b)
{
	json_t *column = json_object();

	json_object_set_new(column, "column", json_string(name));
	json_object_set_new(column, "a", a ? json_incref(a) : json_null());
	json_object_set_new(column, "b", b ? json_incref(b) : json_null());
	json_array_append_new(columns, column);
}

/* a or b may be NULL: the other one was added or removed as a whole. */
static json_t *changed_columns(json_t *a, const char *a_key, json_t *b, const char *b_key)
{
	json_t *columns = json_array(), *value, *other;
	const char *name;

	json_object_foreach(a, name, value)
	{
		other = json_object_get(b, name);
		if (strcmp(name, a_key) != 0 && !same_value(value, other))
			add_column(columns, name, value, other);
	}
	json_object_foreach(b, name, value) if (strcmp(name, b_key) != 0 && !json_object_get(a, name) && !json_is_null(value))
		add_column(columns, name, NULL, value);
	return columns;
}

static void add_key(struct strbuf *out, const struct table *t, const json_t *row)
{
	add_value_text(out, json_object_get(row, t->column));
}

static int tell(const struct join *join, enum rows_kind kind, const char *key, json_t *columns, struct error *err)
{
	const struct rows_change change = { kind, key, columns };
	uint64_t *const counts[] = { &join->counts->added, &join->counts->removed, &join->counts->changed };

	++*counts[kind];
	return join->fn(&change, join->arg, err);
}

/* One row of a against its row of b. */
static int join_row(const struct join *join, const struct table *a, const struct row *row, const struct table *b, struct error *err)
{
	CLEANUP(json) json_t *before = read_row(a, row, err);
	CLEANUP(json) json_t *after = NULL;
	CLEANUP(json) json_t *columns = NULL;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	const struct row *other;

	if (!before)
		return -1;
	add_key(&key, a, before);
	other = find_row(b, key.buf);
	after = other ? read_row(b, other, err) : NULL;
	if (other && !after)
		return -1;
	columns = changed_columns(before, a->column, after, b->column);
	if (other && json_array_size(columns) == 0) {
		join->counts->same++;
		return 0;
	}
	return tell(join, other ? ROWS_CHANGED : ROWS_REMOVED, key.buf, columns, err);
}

static int join_added(const struct join *join, const struct table *a, const struct table *b, const struct row *row, struct error *err)
{
	CLEANUP(json) json_t *after = read_row(b, row, err);
	CLEANUP(json) json_t *columns = NULL;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

	if (!after)
		return -1;
	add_key(&key, b, after);
	if (find_row(a, key.buf))
		return 0;
	columns = changed_columns(NULL, a->column, after, b->column);
	return tell(join, ROWS_ADDED, key.buf, columns, err);
}

int rows_compare(const struct rows_file *a, const struct rows_file *b, const char *column, rows_fn fn, void *arg,
	struct rows_counts *counts, struct error *err)
{
	CLEANUP(table) struct table before = TABLE_INIT(a, column);
	CLEANUP(table) struct table after = TABLE_INIT(b, column);
	const struct join join = { fn, arg, counts };
	int rc = 0;

	*counts = (struct rows_counts){ 0, 0, 0, 0 };
	if (read_table(&before, err) < 0 || read_table(&after, err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < before.count; i++)
		rc = join_row(&join, &before, &before.rows[i], &after, err);
	for (size_t i = 0; rc == 0 && i < after.count; i++)
		rc = join_added(&join, &before, &after, &after.rows[i], err);
	return rc < 0 ? -1 : 0;
}
