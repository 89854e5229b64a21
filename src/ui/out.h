/* SPDX-License-Identifier: Apache-2.0 */
/* Results on stdout, and nothing else there: one record form (a JSON object), rendered for people, as JSON, as bare lines or by a template. */
#ifndef MREG_UI_OUT_H
#define MREG_UI_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "format/json.h"

enum out_mode { OUT_HUMAN, OUT_JSON, OUT_LINES, OUT_TEMPLATE };

enum column_kind {
	COLUMN_TEXT,   /* string; missing or null: "" */
	COLUMN_NUMBER, /* right-aligned */
	COLUMN_SIZE,   /* integer bytes → "1.5 MiB", right-aligned */
	COLUMN_TIME,   /* RFC 3339 → local "2026-11-21 03:33" */
	COLUMN_MOMENT, /* the same with seconds */
	COLUMN_AGE,    /* RFC 3339 → "3d ago" */
	COLUMN_DIGEST, /* 64 hex digits → first 12 */
	COLUMN_DURATION, /* seconds → "1h 05m", right-aligned */
	COLUMN_LIST,   /* array of strings → "a, b" */
};
struct column {
	const char *name;  /* member of the record; dots step into objects ("metadata.lr") */
	const char *title; /* heading for people; NULL: the name in upper case */
	enum column_kind kind;
	bool hidden;       /* only shown when asked for by --columns */
};

struct out; /* opaque; one a process */

struct out_options {
	enum out_mode mode;
	const char *template; /* OUT_TEMPLATE */
	bool zero;            /* -z: NUL ends each record of lines and templates */
	bool color;           /* ANSI attributes for people */
	size_t width;         /* columns of the terminal; 0: not a terminal, nothing is cut */
};
struct out *out_new(const struct out_options *options, struct error *err) MUST_CHECK; /* a template that does not parse is ERR_USAGE */
void out_free(struct out *o);
enum out_mode out_mode(const struct out *o);
size_t out_width(const struct out *o);

/* One record as the whole result. People and -q get the value of `primary` (a string member) alone on a line; JSON gets {"format":1, …}. Takes record. */
int out_result(struct out *o, json_t *record, const char *primary, struct error *err) MUST_CHECK;

/*
 * A list: JSON Lines (each with "format":1 first), aligned columns for people (widths from the first 200 rows, then streaming; on a terminal
 * texts are cut to its width, fractions are rounded to six digits, the widest first, the primary member to no less than half of it), the primary member for -q, the template for each.  columns: array ended by a NULL name.  chosen: --columns text "ref,aliases,metadata.lr"
 * or NULL; a name that is no column is looked up in the record, unknown ones are empty; "age" is the COLUMN_AGE, which by its own name is shown as a time.  Headings only for people.
 */
int out_list_begin(struct out *o, const struct column *columns, const char *chosen, const char *primary, struct error *err) MUST_CHECK;
/* Whether a member of the records will be shown, as far as is known: what is dear to make can be left out. */
bool out_list_wants(const struct out *o, const char *name);
int out_list_row(struct out *o, json_t *record, struct error *err) MUST_CHECK; /* takes record */
int out_list_end(struct out *o, struct error *err) MUST_CHECK;

/* For people only (BUG in other modes): free text of a card. Values are escaped for terminals. */
int out_heading(struct out *o, const char *text, struct error *err) MUST_CHECK;
/* "label:    value": many-line values are indented, and on a terminal broken at its width. */
int out_field(struct out *o, const char *label, const char *value, struct error *err) MUST_CHECK;
/* The name of what follows, on a line of its own. */
int out_section(struct out *o, const char *name, struct error *err) MUST_CHECK;
/* Text in the colour of what matters, and no newline. */
int out_emphasis(struct out *o, const char *text, struct error *err) MUST_CHECK;
/* A text so many columns in, on a terminal broken at its width. "" is nothing. */
int out_prose(struct out *o, size_t indent, const char *text, struct error *err) MUST_CHECK;
int out_text(struct out *o, struct error *err, const char *fmt, ...) PRINTF_LIKE(3, 4) MUST_CHECK;

/* Straight to stdout, past any record: usage and other text that is asked for before there is a struct out. */
int out_stdout(const void *data, size_t len, struct error *err) MUST_CHECK;
/* Exact bytes (cat, show --checksums). */
int out_bytes(struct out *o, const void *data, size_t len, struct error *err) MUST_CHECK;
/* Writes what is pending, rows that wait for their widths too.  A full disk is ERR_DISK_FULL, a closed pipe ERR_QUIET. */
int out_flush(struct out *o, struct error *err) MUST_CHECK;

#endif
