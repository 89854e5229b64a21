/* SPDX-License-Identifier: Apache-2.0 */
/* Between query.c, which reads a query, and query-match.c, which answers it: the syntax tree. */
#ifndef MREG_FORMAT_QUERY_INTERNAL_H
#define MREG_FORMAT_QUERY_INTERNAL_H

#include "base/strvec.h"
#include "format/query.h"

/* What a value is compared with.  Number and integer: see query_literal_read(). */
struct literal {
	char *text;
	size_t len;
	bool is_number, is_integer;
	double real;
	int64_t integer;
	bool is_day;
	int64_t end; /* of a day: when it is over */
};

struct test {
	struct query_field field;
	enum query_op op;
	struct literal *literals; /* several for QUERY_IN, none for QUERY_EXISTS */
	size_t count, cap;
};

enum node_kind { NODE_AND, NODE_OR, NODE_NOT, NODE_TEST };
struct node {
	enum node_kind kind;
	struct node **children; /* one for NODE_NOT */
	size_t count, cap;
	bool is_dear; /* asks for paths, which have to be read */
	struct test test;
};

struct query {
	struct node *root; /* NULL: everything matches */
	bool asks[QUERY_FIELD_COUNT];
	struct strvec keys[QUERY_FIELD_COUNT]; /* of those that have keys: which */
};

/* ---- query-field.c ---- */

struct query_field_kind {
	const char *name;
	bool has_key;
};
extern const struct query_field_kind query_fields[QUERY_FIELD_COUNT];
/* Of run.KEY and consumed_by.KEY. */
bool query_is_run_key(const char *key);
/* The one that was meant, with a dot at its end when a name belongs there; NULL: none is near. */
const char *query_run_key_nearest(const char *key);

/* What a field's values are. */
enum literal_kind {
	LITERAL_TEXT,
	LITERAL_ANY,  /* a number where it looks like one, else a text */
	/* Points on a line, which have no text: */
	LITERAL_NUMBER,
	LITERAL_SIZE,
	LITERAL_TIME,
	LITERAL_DURATION,
};
enum literal_kind query_literal_kind(const struct query_field *field);

/* ---- query-match.c ---- */

/* Fills in what text stands for in a comparison with the field; false, with what was expected instead, when it is nothing for it.
 * A quoted text is no number, where the field can have texts. */
bool query_literal_read(struct literal *l, const struct query_field *field, bool quoted, const char **expected);
/* Decimal, with a fraction and an exponent or without: the whole text. */
bool query_number_read(const char *text, size_t len, bool *is_integer, int64_t *integer, double *real);

#endif
