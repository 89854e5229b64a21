/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of out share: the buffer, and the table for people.  Only out*.c include this. */
#ifndef MREG_UI_OUT_INTERNAL_H
#define MREG_UI_OUT_INTERNAL_H

#include "ui/out.h"
#include "ui/template.h"

#define OUT_BUFFER_LEN (64u << 10)

/* A column as it is printed: one of the verb's, or a member that was asked for by its name. */
struct out_column {
	char *name, *title;
	enum column_kind kind;
	bool is_primary;        /* the member that -q prints */
	bool is_right, is_free; /* is_free: not one of the verb's, so its cells decide which side it is aligned to */
	size_t width;
};

/* One cell of a row that waits for the widths. */
struct out_cell {
	char *text;
	size_t len, width;
	bool is_number;
};

struct out_table {
	struct out_column *columns;
	size_t count, cap;
	struct out_cell *cells; /* of waiting rows, row after row */
	size_t rows, cells_cap;
	bool is_open, is_sized; /* is_sized: widths are fixed and the heading is printed */
};

struct out {
	struct out_options options;
	struct template template;
	struct out_table table;
	char *primary; /* of the list */
	size_t used;
	char buffer[OUT_BUFFER_LEN];
};

/* Appends to the buffer, which is written when it is full. */
int out_put(struct out *o, const void *data, size_t len, struct error *err) MUST_CHECK;

int out_human_list_begin(struct out *o, const struct column *columns, const char *chosen, struct error *err) MUST_CHECK;
int out_human_list_row(struct out *o, const json_t *record, struct error *err) MUST_CHECK;
/* Fixes the widths by the rows that wait, and prints them. */
int out_human_list_settle(struct out *o, struct error *err) MUST_CHECK;
void out_human_list_close(struct out *o);
/* A value as people read it; returns whether it is a number. */
bool out_human_cell(struct strbuf *out, const json_t *value, enum column_kind kind);

/* {"format":1,…} and a newline. */
int out_json_record(struct out *o, const json_t *record, struct error *err) MUST_CHECK;

#endif
