/* SPDX-License-Identifier: Apache-2.0 */
/* Lists for people: aligned columns with a heading. */
#include <config.h>

#include "ui/out-internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/utf8.h"
#include "ui/record.h"

#define ROWS_MEASURED 200
#define GAP 2
#define DIGEST_SHOWN 12
#define LAST_MIN 8   /* the last column is never cut to less */
#define COLUMN_MIN 8 /* nor is another */
#define ELLIPSIS "\xe2\x80\xa6"

static void add_column(struct out_table *t, const char *name, const struct column *known)
{
	CLEANUP(strbuf) struct strbuf title = STRBUF_INIT;
	enum column_kind kind = known ? known->kind : COLUMN_TEXT;
	size_t width;

	if (known && known->title) {
		strbuf_adds(&title, known->title);
	} else {
		utf8_add_visible(&title, name, strlen(name));
		for (char *c = title.buf; *c; c++)
			if (*c >= 'a' && *c <= 'z')
				*c = (char)(*c - 'a' + 'A');
	}
	width = utf8_width(title.buf, title.len);
	ARRAY_GROW(t->columns, t->count + 1, t->cap);
	t->columns[t->count++] = (struct out_column){
		.name = xstrdup(name), .kind = kind, .is_right = kind == COLUMN_NUMBER || kind == COLUMN_SIZE || kind == COLUMN_DURATION, .is_free = !known,
		.width = width, .title = strbuf_detach(&title),
	};
}

static const struct column *find_column(const struct column *columns, const char *name)
{
	for (const struct column *c = columns; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

/* What stands over a time as AGE can be asked for so. */
static const struct column *find_age(const struct column *columns)
{
	while (columns->name && columns->kind != COLUMN_AGE)
		columns++;
	return columns->name ? columns : NULL;
}

/* Who asks for a time by its name wants the time, not the age. */
static void add_asked(struct out_table *t, const char *name, const struct column *known)
{
	const struct column as_time = { name, NULL, COLUMN_TIME, false };

	add_column(t, name, known && known->kind == COLUMN_AGE ? &as_time : known);
}

static int add_chosen(struct out_table *t, const struct column *columns, const char *chosen, struct error *err)
{
	const struct column *known, *age;
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	const char *p = chosen;

	for (;;) {
		strbuf_reset(&name);
		strbuf_add(&name, p, strcspn(p, ","));
		if (!name.len)
			return error_set(err, ERR_USAGE, "a column without a name in '%s'", chosen);
		known = find_column(columns, name.buf);
		age = !known && strcmp(name.buf, "age") == 0 ? find_age(columns) : NULL;
		if (age)
			add_column(t, age->name, age);
		else
			add_asked(t, name.buf, known);
		p += name.len;
		if (!*p++)
			return 0;
	}
}

static int add_columns(struct out *o, const struct column *columns, const char *chosen, struct error *err)
{
	if (chosen)
		return add_chosen(&o->table, columns, chosen, err);
	for (const struct column *c = columns; c->name; c++)
		if (!c->hidden)
			add_column(&o->table, c->name, c);
	return 0;
}

int out_human_list_begin(struct out *o, const struct column *columns, const char *chosen, struct error *err)
{
	out_human_list_close(o);
	o->table.is_open = true;
	if (add_columns(o, columns, chosen, err) < 0)
		return -1;
	for (size_t i = 0; i < o->table.count; i++)
		o->table.columns[i].is_primary = o->primary && strcmp(o->table.columns[i].name, o->primary) == 0;
	return 0;
}

static void add_time(struct strbuf *out, const json_t *value, enum column_kind kind)
{
	const char *text = json_string_value(value);
	int64_t ns;

	if (!text || !clock_parse_utc(text, &ns))
		record_add_text(out, value, ", ");
	else if (kind == COLUMN_AGE)
		clock_format_age(out, ns);
	else if (kind == COLUMN_MOMENT)
		clock_format_moment(out, ns);
	else
		clock_format_local(out, ns);
}

bool out_human_cell(struct strbuf *out, const json_t *value, enum column_kind kind)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (kind == COLUMN_SIZE && json_is_integer(value) && json_integer_value(value) >= 0)
		size_format(&text, (uint64_t)json_integer_value(value));
	else if (kind == COLUMN_DURATION && json_is_number(value))
		duration_format_brief(&text, json_number_value(value));
	else if (kind == COLUMN_TIME || kind == COLUMN_MOMENT || kind == COLUMN_AGE)
		add_time(&text, value, kind);
	else
		record_add_text(&text, value, ", ");
	if (kind == COLUMN_DIGEST && text.len > DIGEST_SHOWN)
		strbuf_set_len(&text, utf8_prefix(text.buf, text.len, DIGEST_SHOWN));
	utf8_add_visible(out, text.buf, text.len);
	return json_is_number(value);
}

/* A fraction in a table is rounded: who needs all of it has --json, -q and --template. */
static bool make_cell(struct strbuf *out, const json_t *value, enum column_kind kind)
{
	return (kind != COLUMN_DURATION && record_add_rounded(out, value)) || out_human_cell(out, value, kind);
}

static void make_cells(const struct out_table *t, const json_t *record, struct out_cell *cells)
{
	for (size_t i = 0; i < t->count; i++) {
		CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

		cells[i].is_number = make_cell(&text, record_find(record, t->columns[i].name), t->columns[i].kind);
		cells[i].len = text.len;
		cells[i].width = utf8_width(text.buf, text.len);
		cells[i].text = strbuf_detach(&text);
	}
}

static void free_cells(struct out_cell *cells, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(cells[i].text);
}

/* Text can be cut; numbers, times and digests are of no use then. */
static bool is_soft(const struct out_column *c)
{
	return !c->is_right && (c->kind == COLUMN_TEXT || c->kind == COLUMN_LIST);
}

/* How wide a cell may become, `used` columns being full. */
static size_t room_for(const struct out *o, size_t column, size_t used)
{
	const struct out_table *t = &o->table;

	if (!o->options.width)
		return SIZE_MAX;
	if (column + 1 == t->count)
		return o->options.width > used + LAST_MIN ? o->options.width - used : LAST_MIN;
	return is_soft(&t->columns[column]) ? t->columns[column].width : SIZE_MAX;
}

/* The cell, or its beginning and an ellipsis; how wide that is. */
static size_t add_cell(struct strbuf *line, const struct out_cell *cell, size_t room)
{
	size_t len;

	if (cell->width <= room) {
		strbuf_add(line, cell->text, cell->len);
		return cell->width;
	}
	len = utf8_prefix(cell->text, cell->len, room - 1);
	strbuf_add(line, cell->text, len);
	strbuf_adds(line, ELLIPSIS);
	return utf8_width(cell->text, len) + 1;
}

/* Where there are too many columns that are never cut, the row is. */
static void clamp(const struct out *o, struct strbuf *line, size_t start)
{
	size_t len = line->len - start;

	if (!o->options.width || utf8_width(line->buf + start, len) <= o->options.width)
		return;
	strbuf_set_len(line, start + utf8_prefix(line->buf + start, len, o->options.width - 1));
	strbuf_adds(line, ELLIPSIS);
}

/* Blanks are owed until something follows them, so nothing trails. */
static void add_row(const struct out *o, struct strbuf *line, const struct out_cell *cells)
{
	const struct out_table *t = &o->table;
	size_t used = 0, owed = 0, pad, width, start = line->len;

	for (size_t i = 0; i < t->count; i++) {
		pad = t->columns[i].width > cells[i].width ? t->columns[i].width - cells[i].width : 0;
		if (t->columns[i].is_right)
			owed += pad;
		if (cells[i].len) {
			strbuf_addf(line, "%*s", (int)owed, "");
			used += owed;
			width = add_cell(line, &cells[i], room_for(o, i, used));
			if (!t->columns[i].is_right)
				pad = t->columns[i].width > width ? t->columns[i].width - width : 0;
			used += width;
			owed = 0;
		}
		owed += (t->columns[i].is_right ? 0 : pad) + GAP;
	}
	clamp(o, line, start);
}

static int put_row(struct out *o, const struct out_cell *cells, struct error *err)
{
	CLEANUP(strbuf) struct strbuf line = STRBUF_INIT;

	add_row(o, &line, cells);
	strbuf_addc(&line, '\n');
	return out_put(o, line.buf, line.len, err);
}

static int put_heading(struct out *o, struct error *err)
{
	CLEANUP(strbuf) struct strbuf line = STRBUF_INIT;
	CLEANUP(ptr) struct out_cell *cells = xcalloc(o->table.count, sizeof *cells);
	const struct out_column *c = o->table.columns;

	for (size_t i = 0; i < o->table.count; i++)
		cells[i] = (struct out_cell){ c[i].title, strlen(c[i].title), utf8_width(c[i].title, strlen(c[i].title)), false };
	if (o->options.color)
		strbuf_adds(&line, "\033[1m");
	add_row(o, &line, cells);
	if (o->options.color)
		strbuf_adds(&line, "\033[m");
	strbuf_addc(&line, '\n');
	return out_put(o, line.buf, line.len, err);
}

static void measure(struct out_table *t, size_t column)
{
	struct out_column *c = &t->columns[column];
	const struct out_cell *cell;
	bool numbers = true;

	for (size_t row = 0; row < t->rows; row++) {
		cell = &t->cells[row * t->count + column];
		if (cell->width > c->width)
			c->width = cell->width;
		numbers = numbers && (cell->is_number || !cell->len);
	}
	if (c->is_free && t->rows)
		c->is_right = numbers;
}

static size_t total_width(const struct out_table *t)
{
	size_t total = t->count ? GAP * (t->count - 1) : 0;

	for (size_t i = 0; i < t->count; i++)
		total += t->columns[i].width;
	return total;
}

/* How narrow a column may become.  References are to be copied: they are kept whole as long as there is as much room again for the rest. */
static size_t narrowest(const struct out *o, const struct out_column *c)
{
	size_t half = o->options.width / 2;

	return c->is_primary && half > COLUMN_MIN ? half : COLUMN_MIN;
}

/* The widest column that may be cut and is not yet narrow, or NULL. */
static struct out_column *widest(struct out *o)
{
	struct out_table *t = &o->table;
	struct out_column *found = NULL;

	for (size_t i = 0; i < t->count; i++) {
		struct out_column *c = &t->columns[i];

		if (is_soft(c) && c->width > narrowest(o, c) && (!found || c->width > found->width))
			found = c;
	}
	return found;
}

/* What does not fit is taken from the widest texts, so that one long one leaves the others whole. */
static void shrink(struct out *o)
{
	struct out_table *t = &o->table;
	struct out_column *c;

	for (size_t i = 0; i < t->count; i++)
		if (is_soft(&t->columns[i]) && t->columns[i].width > o->options.width)
			t->columns[i].width = o->options.width > COLUMN_MIN ? o->options.width : COLUMN_MIN;
	for (size_t total = total_width(t); total > o->options.width && (c = widest(o)); total--)
		c->width--;
}

int out_human_list_settle(struct out *o, struct error *err)
{
	struct out_table *t = &o->table;
	int failed = 0;

	if (!t->is_open || !t->rows)
		return 0;
	if (!t->is_sized) {
		for (size_t i = 0; i < t->count; i++)
			measure(t, i);
		if (o->options.width)
			shrink(o);
		t->is_sized = true;
		failed = put_heading(o, err);
	}
	for (size_t row = 0; row < t->rows && !failed; row++)
		failed = put_row(o, t->cells + row * t->count, err);
	free_cells(t->cells, t->rows * t->count);
	t->rows = 0;
	return failed;
}

int out_human_list_row(struct out *o, const json_t *record, struct error *err)
{
	struct out_table *t = &o->table;

	ARRAY_GROW(t->cells, (t->rows + 1) * t->count, t->cells_cap);
	make_cells(t, record, t->cells + t->rows * t->count);
	t->rows++;
	return t->is_sized || t->rows >= ROWS_MEASURED ? out_human_list_settle(o, err) : 0;
}

void out_human_list_close(struct out *o)
{
	struct out_table *t = &o->table;

	free_cells(t->cells, t->rows * t->count);
	for (size_t i = 0; i < t->count; i++) {
		free(t->columns[i].name);
		free(t->columns[i].title);
	}
	free(t->cells);
	free(t->columns);
	*t = (struct out_table){ 0 };
}
