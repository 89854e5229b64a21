/* SPDX-License-Identifier: Apache-2.0 */
/* Two tables of predictions, joined by a column: which rows came, went and changed. */
#ifndef MREG_REGISTRY_ROWS_H
#define MREG_REGISTRY_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "format/json.h"

#define ROWS_MAX_BYTES (64u << 20) /* of text, of each table */
#define ROWS_MAX_COUNT 4000000u    /* of rows, of each table */

/* A whole file.  CSV and TSV have the names of their columns in the first row; JSON Lines have an object a line.  Blank lines count for nothing. */
struct rows_file {
	const char *name; /* for messages: "m:v1/predictions.csv" */
	const char *path; /* .csv, .tsv, .jsonl or .ndjson tell the form; else what begins with '{' is JSON Lines, all else CSV */
	const char *text;
	size_t len;
};
/* Whether the path ends in one of those. */
bool rows_has_suffix(const char *path);

enum rows_kind { ROWS_ADDED, ROWS_REMOVED, ROWS_CHANGED };
struct rows_change {
	enum rows_kind kind;
	const char *key; /* what the row has in the column that joins, as text */
	/* [{"column":NAME,"a":VALUE,"b":VALUE}]: the columns that changed; all but the key's of a row that was added or removed.  null: there is none.
	 * A field of CSV is a string; what of it is not UTF-8 is escaped. */
	json_t *columns;
};
struct rows_counts {
	uint64_t added, removed, changed, same;
};
const char *rows_kind_name(enum rows_kind kind); /* "added" … */

/*
 * Calls fn (1 stops, -1 fails) for each difference: removed and changed rows in a's order, then those that were added, in b's.  Values compare as numbers where both
 * are numbers or read as such ("1.0" and 1 are the same), keys always as text.  The whole of both tables stays in memory, with some 100 bytes a row more.
 * ERR_INVALID naming the file and line: no such column, a row without it, a key that stands there twice, a row that is not of as many fields as the header, what is
 * no CSV or JSON, more than the limits.
 */
typedef int (*rows_fn)(const struct rows_change *change, void *arg, struct error *err);
int rows_compare(const struct rows_file *a, const struct rows_file *b, const char *column, rows_fn fn, void *arg,
	struct rows_counts *counts, struct error *err) MUST_CHECK;

#endif
