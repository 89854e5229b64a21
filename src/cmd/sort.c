/* SPDX-License-Identifier: Apache-2.0 */
/* Sorts records of a list by one member. */
#include <config.h>

#include "cmd/sort.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strvec.h"
#include "base/suggest.h"
#include "ui/record.h"

struct row {
	json_t *record; /* owned until it is handed to out */
	const json_t *key; /* borrowed from it */
	size_t arrival;
};

struct sorter {
	struct out *out;
	const char *key;
	bool descending;
	uint64_t limit;
	struct row *rows;
	size_t count, cap;
	json_t *last; /* array of what comes behind */
	sorter_complete_fn complete; /* may be NULL */
	void *complete_arg;
};

struct sorter *sorter_new(struct out *out, const char *key, uint64_t limit)
{
	struct sorter *s = xcalloc(1, sizeof *s);

	s->out = out;
	s->limit = limit;
	s->descending = key && *key == '-';
	s->key = s->descending ? key + 1 : key;
	s->last = json_array();
	return s;
}

void sorter_free(struct sorter *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++)
		json_decref(s->rows[i].record);
	json_decref(s->last);
	free(s->rows);
	free(s);
}

void sorter_cleanup(struct sorter **s)
{
	sorter_free(*s);
}

static int no_column(const struct column *columns, const char *name, struct error *err)
{
	CLEANUP(strvec) struct strvec names = STRVEC_INIT;
	CLEANUP(strbuf) struct strbuf list = STRBUF_INIT;
	long nearest;

	for (const struct column *c = columns; c->name; c++) {
		strvec_push(&names, c->name);
		strbuf_addf(&list, "%s%s", list.len ? ", " : "", c->name);
	}
	error_set(err, ERR_USAGE, "there is no column '%s'", name);
	nearest = suggest_nearest(name, (const char *const *)names.v, names.count);
	if (nearest >= 0)
		return error_hint(err, "Did you mean '%s'?", names.v[nearest]);
	if (strvec_has(&names, "config"))
		return error_hint(
			err, "What is within one is written config.%s, metrics.%s or metadata.%s; the columns are: %s.", name, name, name, list.buf);
	if (strvec_has(&names, "metadata"))
		return error_hint(err, "What is within one is written metrics.%s or metadata.%s; the columns are: %s.", name, name, list.buf);
	return error_hint(err, "The columns are: %s.", list.buf);
}

static const struct column *find_column(const struct column *columns, const char *name)
{
	while (columns->name && strcmp(columns->name, name) != 0)
		columns++;
	return columns->name ? columns : NULL;
}

/* The column that people see as AGE; NULL: there is none. */
static const struct column *find_age(const struct column *columns, const char *name)
{
	if (strcmp(name, "age") != 0)
		return NULL;
	while (columns->name && columns->kind != COLUMN_AGE)
		columns++;
	return columns->name ? columns : NULL;
}

/* Names are separated by commas; what is below a column, after a dot, is not known beforehand. */
int sorter_check(const struct column *columns, const char *names, struct error *err)
{
	while (names && *names) {
		size_t len = strcspn(names, ","), top = strcspn(names, ".,");
		CLEANUP(ptr) char *name = xstrndup(names, top);

		if (!find_column(columns, name) && !find_age(columns, name))
			return no_column(columns, name, err);
		names += len + (names[len] == ',');
	}
	return 0;
}

/* Who is older was made earlier. */
static void take_age(struct sorter *s, const struct column *columns)
{
	const struct column *age = s->key && !find_column(columns, s->key) ? find_age(columns, s->key) : NULL;

	if (!age)
		return;
	s->key = age->name;
	s->descending = !s->descending;
}

const char *sorter_key(const struct sorter *s)
{
	return s->key;
}

int sorter_begin(struct sorter *s, const struct column *columns, const char *chosen, const char *primary, struct error *err)
{
	if (s->key && !*s->key)
		return error_set(err, ERR_USAGE, "--sort needs the name of a column");
	take_age(s, columns);
	if (sorter_check(columns, s->key, err) < 0 || sorter_check(columns, chosen, err) < 0)
		return -1;
	return out_list_begin(s->out, columns, chosen, primary, err);
}

bool sorter_wants(const struct sorter *s, const char *name)
{
	size_t len = strlen(name);

	if (s->key && strncmp(s->key, name, len) == 0 && (s->key[len] == '\0' || s->key[len] == '.'))
		return true;
	return out_list_wants(s->out, name);
}

int sorter_row(struct sorter *s, json_t *record, struct error *err)
{
	if (s->key) {
		ARRAY_GROW(s->rows, s->count + 1, s->cap);
		s->rows[s->count] = (struct row){ record, record_find(record, s->key), s->count };
		s->count++;
		return 0;
	}
	if (s->limit == 0) {
		json_decref(record);
		return 1;
	}
	if (out_list_row(s->out, record, err) < 0)
		return -1;
	return --s->limit == 0;
}

/* Numbers come before strings, and strings before all else, whichever way the order goes; what is missing comes last. */
static int rank(const json_t *v)
{
	return !v || json_is_null(v) ? 3 : json_is_number(v) ? 0 : json_is_string(v) ? 1 : 2;
}

static int compare_values(const json_t *a, const json_t *b)
{
	if (json_is_integer(a) && json_is_integer(b))
		return json_integer_value(a) < json_integer_value(b) ? -1 : json_integer_value(a) > json_integer_value(b);
	if (json_is_number(a)) {
		double x = json_number_value(a), y = json_number_value(b);

		return x < y ? -1 : x > y;
	}
	return json_is_string(a) ? strcmp(json_string_value(a), json_string_value(b)) : 0;
}

static int by_key(const void *x, const void *y, void *arg)
{
	const struct row *a = x, *b = y;
	const struct sorter *s = arg;
	int order = 0;

	if (rank(a->key) != rank(b->key))
		return rank(a->key) - rank(b->key);
	if (rank(a->key) < 2)
		order = compare_values(a->key, b->key);
	if (order == 0)
		return a->arrival < b->arrival ? -1 : a->arrival > b->arrival;
	return s->descending ? -order : order;
}

void sorter_defer(struct sorter *s, sorter_complete_fn fn, void *arg)
{
	s->complete = fn;
	s->complete_arg = arg;
}

void sorter_last(struct sorter *s, json_t *record)
{
	json_array_append_new(s->last, record);
}

int sorter_end(struct sorter *s, struct error *err)
{
	json_t *last;
	size_t n;

	if (s->count)
		qsort_r(s->rows, s->count, sizeof *s->rows, by_key, s);
	for (size_t i = 0; i < s->count && i < s->limit; i++) {
		json_t *record = s->rows[i].record;

		s->rows[i].record = NULL;
		if (s->complete) {
			json_t *part = record;

			record = s->complete(part, s->complete_arg, err);
			json_decref(part);
		}
		if (!record || out_list_row(s->out, record, err) < 0)
			return -1;
	}
	json_array_foreach(s->last, n, last)
		if (out_list_row(s->out, json_incref(last), err) < 0)
			return -1;
	return out_list_end(s->out, err);
}
