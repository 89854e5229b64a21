/* SPDX-License-Identifier: Apache-2.0 */
/* mreg diff for people: values side by side, files in a table. */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/utf8.h"
#include "cmd/diff.h"
#include "ui/record.h"

#define GAP 2
#define CELL_MIN 8 /* a column is never cut to less */
#define ELLIPSIS "\xe2\x80\xa6"

/* ---- side by side ---- */

enum { KEY, BEFORE, AFTER, DELTA, CELLS };

struct line {
	bool is_heading;
	char *cells[CELLS];
};
struct table {
	struct line *lines;
	size_t count, cap;
	size_t width[CELLS];
};

static void table_cleanup(struct table *t)
{
	for (size_t i = 0; i < t->count; i++)
		for (size_t j = 0; j < CELLS; j++)
			free(t->lines[i].cells[j]);
	free(t->lines);
}

/* Text of others: a line stays a line. */
static char *cell_of(const char *text)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	utf8_add_visible(&out, text, strlen(text));
	return strbuf_detach(&out);
}

static void add_line(struct table *t, bool is_heading, const char *key, const char *before, const char *after, const char *delta)
{
	const char *const texts[CELLS] = { key, before, after, delta };
	struct line line = { .is_heading = is_heading };

	for (size_t i = 0; i < CELLS; i++) {
		size_t width;

		line.cells[i] = cell_of(texts[i]);
		width = utf8_width(line.cells[i], strlen(line.cells[i]));
		if (width > t->width[i])
			t->width[i] = width;
	}
	ARRAY_GROW(t->lines, t->count + 1, t->cap);
	t->lines[t->count++] = line;
}

static void add_delta(struct strbuf *out, const struct diff_value *v)
{
	CLEANUP(json) json_t *delta = diff_delta(v->before, v->after);
	CLEANUP(json) json_t *percent = diff_percent(v->before, v->after);

	if (json_is_integer(delta))
		strbuf_addf(out, "%+" JSON_INTEGER_FORMAT, json_integer_value(delta));
	else if (delta)
		strbuf_addf(out, "%+.6g", json_real_value(delta));
	if (percent)
		strbuf_addf(out, " (%+.3g%%)", json_real_value(percent));
}

static void add_value(struct strbuf *out, const json_t *value, bool rounded)
{
	if (value && !(rounded && record_add_rounded(out, value)))
		record_add_text(out, value, ", ");
}

static void add_values(struct table *t, const struct diff_pair *pair, const char *heading, const struct diff_values *values)
{
	if (values->count)
		add_line(t, true, heading, pair->before_name.buf, pair->after_name.buf, "");
	for (size_t i = 0; i < values->count; i++) {
		CLEANUP(strbuf) struct strbuf before = STRBUF_INIT, after = STRBUF_INIT, delta = STRBUF_INIT;
		const struct diff_value *v = &values->v[i];

		add_value(&before, v->before, true);
		add_value(&after, v->after, true);
		if (strcmp(before.buf, after.buf) == 0) { /* a difference that rounding hides */
			strbuf_reset(&before);
			strbuf_reset(&after);
			add_value(&before, v->before, false);
			add_value(&after, v->after, false);
		}
		add_delta(&delta, v);
		add_line(t, false, v->key, before.buf, after.buf, delta.buf);
	}
}

/* Those of one side alone, a line each: an input in both versions of which differ stands in one line. */
static void add_inputs(struct table *t, const struct diff_pair *pair, const struct diff *d)
{
	size_t a = 0, b = 0;

	if (!d->inputs_differ)
		return;
	add_line(t, true, "INPUTS", pair->before_name.buf, pair->after_name.buf, "");
	while (a < d->before_inputs.count || b < d->after_inputs.count) {
		const char *before = a < d->before_inputs.count ? d->before_inputs.v[a] : NULL;
		const char *after = b < d->after_inputs.count ? d->after_inputs.v[b] : NULL;
		size_t before_name = before ? strcspn(before, ":") : 0, after_name = after ? strcspn(after, ":") : 0;
		int order = !before ? 1 : !after ? -1 : strcmp(before, after);

		/* "data:v3" and "data:v5" are the same thing in two states */
		if (before && after && before_name == after_name && memcmp(before, after, before_name) == 0) {
			if (order)
				add_line(t, false, "", before, after, "");
			a++;
			b++;
		} else if (order < 0) {
			add_line(t, false, "", d->before_inputs.v[a++], "", "");
		} else {
			add_line(t, false, "", "", d->after_inputs.v[b++], "");
		}
	}
}

static void add_head(struct table *t, const struct diff_pair *pair, const struct diff *d)
{
	struct oid_hex before = oid_hex(&pair->before.row.digest), after = oid_hex(&pair->after.row.digest);

	add_line(t, true, "VERSION", pair->before_name.buf, pair->after_name.buf, "");
	before.text[12] = after.text[12] = '\0';
	if (strcmp(before.text, after.text) != 0)
		add_line(t, false, "digest", before.text, after.text, "");
	if (d->type_differs)
		add_line(t, false, "type", pair->before.collection.type, pair->after.collection.type, "");
	if (d->description_differs)
		add_line(t, false, "description", d->before_info.description, d->after_info.description, "");
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* Keys get a third at most, and both sides the same, but what one does not need is the other's. */
static void fit(struct table *t, size_t width)
{
	size_t *w = t->width, taken = w[DELTA] ? w[DELTA] + GAP : 0, room, half;

	taken += 2 * GAP;
	room = width > taken + 3 * CELL_MIN ? width - taken : 3 * CELL_MIN;
	if (!width || w[KEY] + w[BEFORE] + w[AFTER] <= room)
		return;
	w[KEY] = smaller(w[KEY], larger(room / 3, CELL_MIN));
	room -= w[KEY];
	half = room / 2;
	if (w[BEFORE] <= half) {
		w[AFTER] = smaller(w[AFTER], room - w[BEFORE]);
	} else {
		w[BEFORE] = smaller(w[BEFORE], w[AFTER] < half ? room - w[AFTER] : half);
		w[AFTER] = smaller(w[AFTER], room - w[BEFORE]);
	}
}

/* Blanks are owed until something follows them. */
static size_t add_cell(struct strbuf *out, const char *text, size_t width, size_t owed)
{
	size_t len = strlen(text), used = utf8_width(text, len);

	if (!len)
		return owed + width + GAP;
	strbuf_addf(out, "%*s", (int)owed, "");
	if (used > width) {
		len = utf8_prefix(text, len, width - 1);
		used = utf8_width(text, len) + 1;
		strbuf_add(out, text, len);
		strbuf_adds(out, ELLIPSIS);
	} else {
		strbuf_add(out, text, len);
	}
	return (used < width ? width - used : 0) + GAP;
}

static int print_table(struct out *out, const struct table *t, struct error *err)
{
	for (size_t i = 0; i < t->count; i++) {
		CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
		const struct line *line = &t->lines[i];
		size_t owed = 0;

		for (size_t j = 0; j < CELLS; j++)
			owed = add_cell(&text, line->cells[j], t->width[j], owed);
		if (line->is_heading && i > 0 && out_text(out, err, "\n") < 0)
			return -1;
		if ((line->is_heading ? out_heading(out, text.buf, err) : out_text(out, err, "%s\n", text.buf)) < 0)
			return -1;
	}
	return 0;
}

/* ---- files ---- */

static const struct column file_columns[] = {
	{ "kind", "CHANGE", COLUMN_TEXT, false },
	{ "size_a", "BEFORE", COLUMN_SIZE, false },
	{ "size_b", "AFTER", COLUMN_SIZE, false },
	{ "delta", NULL, COLUMN_NUMBER, false },
	{ "path", NULL, COLUMN_TEXT, false },
	{ NULL, NULL, COLUMN_TEXT, false },
};

static uint64_t size_of(const struct entry *e)
{
	return e && e->has_size && e->kind != ENTRY_DIR ? e->size : 0;
}

static void add_size_delta(struct strbuf *out, uint64_t before, uint64_t after)
{
	if (before == after)
		return;
	strbuf_addc(out, after > before ? '+' : '-');
	size_format(out, after > before ? after - before : before - after);
}

/* The record as people see it: one text for where it was and is, and for a change of mode. */
static json_t *file_row(const struct difference *x)
{
	json_t *record = diff_file_record(difference_name(x->kind), x->before, x->after);
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT, delta = STRBUF_INIT;

	if (x->kind == DIFFERENCE_RENAMED)
		strbuf_addf(&path, "%s -> ", x->before->path);
	strbuf_adds(&path, (x->after ? x->after : x->before)->path);
	if (x->before && x->after && x->before->mode != x->after->mode)
		strbuf_addf(&path, " (%04o -> %04o)", x->before->mode, x->after->mode);
	add_size_delta(&delta, size_of(x->before), size_of(x->after));
	record_set_path(record, "path", path.buf);
	json_object_set_new(record, "delta", json_string(delta.buf));
	return record;
}

static void add_count(struct strbuf *out, uint64_t count, const char *what)
{
	if (count)
		strbuf_addf(out, "%s%" PRIu64 " %s", out->len ? ", " : "", count, what);
}

static int print_summary(struct out *out, const struct diff *d, struct error *err)
{
	CLEANUP(strbuf) struct strbuf counts = STRBUF_INIT, delta = STRBUF_INIT;

	add_count(&counts, d->files.added, "added");
	add_count(&counts, d->files.deleted, "deleted");
	add_count(&counts, d->files.modified, "modified");
	add_count(&counts, d->files.renamed, "renamed");
	add_size_delta(&delta, manifest_bytes(&d->before), manifest_bytes(&d->after));
	return out_text(out, err, "%zu file%s: %s%s%s\n", d->files.count, d->files.count == 1 ? "" : "s", counts.buf, delta.len ? "; " : "",
		delta.buf);
}

static int print_files(struct out *out, const struct diff *d, struct error *err)
{
	if (!d->files.count)
		return 0;
	if (out_list_begin(out, file_columns, NULL, "path", err) < 0)
		return -1;
	for (size_t i = 0; i < d->files.count; i++)
		if (out_list_row(out, file_row(&d->files.v[i]), err) < 0)
			return -1;
	return out_list_end(out, err) < 0 ? -1 : print_summary(out, d, err);
}

int diff_human(const struct diff_pair *pair, const struct diff *d, struct error *err)
{
	CLEANUP(table) struct table t = { .count = 0 };
	struct out *out = pair->session->out;

	if (diff_is_empty(d) || !d->has_info)
		return print_files(out, d, err);
	if (pair->of_runs)
		add_values(&t, pair, "RUN", &d->run);
	else
		add_head(&t, pair, d);
	add_values(&t, pair, "CONFIG", &d->config);
	add_values(&t, pair, "METADATA", &d->metadata);
	add_values(&t, pair, "METRICS", &d->metrics);
	add_inputs(&t, pair, d);
	fit(&t, out_width(out));
	if (print_table(out, &t, err) < 0 || (d->files.count && out_text(out, err, "\n") < 0))
		return -1;
	return print_files(out, d, err);
}

int diff_path_line(const struct diff_pair *pair, const char *path, struct error *err)
{
	CLEANUP(strbuf) struct strbuf line = STRBUF_INIT;

	if (out_width(pair->session->out))
		utf8_add_visible(&line, path, strlen(path));
	else
		strbuf_adds(&line, path);
	strbuf_addc(&line, pair->session->globals.zero ? '\0' : '\n');
	return out_bytes(pair->session->out, line.buf, line.len, err);
}
