/* SPDX-License-Identifier: Apache-2.0 */
/* --sort and --limit for lists: rows go through in order of arrival, or are kept and sorted by a member first. */
#ifndef MREG_CMD_SORT_H
#define MREG_CMD_SORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "ui/out.h"

struct sorter;
/* key: member with dots, "-" in front for descending; NULL: as they come.  Ties keep their order; rows without the member come last. */
struct sorter *sorter_new(struct out *out, const char *key, uint64_t limit);
void sorter_free(struct sorter *s);
void sorter_cleanup(struct sorter **s);
/* A column or key that no record has is ERR_USAGE: its part before the first dot must be in `columns` (hidden ones count).  "age" is that of the COLUMN_AGE. */
int sorter_begin(struct sorter *s, const struct column *columns, const char *chosen, const char *primary, struct error *err) MUST_CHECK;
/* Names as in --columns; NULL and "" are none. */
int sorter_check(const struct column *columns, const char *names, struct error *err) MUST_CHECK;
/* What is sorted by, without its sign; NULL: nothing; after sorter_begin(). */
const char *sorter_key(const struct sorter *s);
/* Whether a member is shown or sorted by; after sorter_begin(). */
bool sorter_wants(const struct sorter *s, const char *name);
/* Rows that are sorted need only the key at first: of those that are shown fn makes the whole record.  part is borrowed.  Rows that are
 * not sorted are taken as they are. */
typedef json_t *(*sorter_complete_fn)(const json_t *part, void *arg, struct error *err);
void sorter_defer(struct sorter *s, sorter_complete_fn fn, void *arg);
/* Takes record.  1 when no more rows are wanted, 0, -1. */
int sorter_row(struct sorter *s, json_t *record, struct error *err) MUST_CHECK;
/* Takes a record that comes after all rows, whatever their order and number. */
void sorter_last(struct sorter *s, json_t *record);
int sorter_end(struct sorter *s, struct error *err) MUST_CHECK;

#endif
