/* SPDX-License-Identifier: Apache-2.0 */
/* Between query.c, which reads a query, and query-match.c, which answers it: the syntax tree. */
#ifndef MREG_FORMAT_QUERY_INTERNAL_H
#define MREG_FORMAT_QUERY_INTERNAL_H

#include "format/query.h"

/* What a value is compared with.  Number and integer: see query_literal_read(). */
struct literal {
	char *text;
	size_t len;
	bool is_number, is_integer;
	double real;
	int64_t integer;
	int64_t end; /* of a day: when it is over; else integer + 1 or the same */
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
};

/* Fills in what text stands for in a comparison with the field; false, with what was expected instead, when it is nothing for it.
 * A quoted text is no number, where the field can have texts. */
bool query_literal_read(struct literal *l, enum query_field_id field, bool quoted, const char **expected);
/* Decimal, with a fraction and an exponent or without: the whole text. */
bool query_number_read(const char *text, size_t len, bool *is_integer, int64_t *integer, double *real);

#endif
