/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in the index: journal lines are applied to it in a kv write transaction (tables: mreg-registry(5)). */
#ifndef MREG_STORE_INDEX_H
#define MREG_STORE_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "format/change.h"
#include "format/fold.h"
#include "format/journal-line.h"
#include "format/stamp.h"
#include "store/journal.h"
#include "store/kv.h"
#include "store/view.h"

#define INDEX_SCHEMA 6 /* goes up when a table changes; an index of another schema is rebuilt */

/* An index, the journal that it indexes, and the registry they belong to.  Borrowed. */
struct index_source {
	struct kv *kv;
	struct journal *journal;
	const struct stamp *stamp;
};

enum index_state {
	INDEX_FAILED = -1,
	INDEX_EMPTY,    /* nothing was ever applied: replay begins at the journal's start */
	INDEX_FOREIGN,  /* another schema, another registry, or a copy of an index: to be rebuilt */
	INDEX_USABLE,
};
/* Reads the state row; *at is the position applied so far (the journal's start unless INDEX_USABLE). */
enum index_state index_read_state(struct kv_txn *txn, const struct index_source *src, struct journal_position *at,
				  struct error *err) MUST_CHECK;
/* Writes it: the last thing before kv_commit(). */
int index_write_state(struct kv_txn *txn, const struct index_source *src, const struct journal_position *at,
		      struct error *err) MUST_CHECK;

/*
 * Begins a write transaction and applies what the journal has beyond the state row, which is then written again; long replays commit on
 * the way, and a full map is grown and the rest begun again (so no other transaction of this process may be open then).  The caller holds
 * LOCK_JOURNAL, or the index is private, and commits (or goes on to write in it).  *end and *tail as journal_read() has them.
 * The journal is fdatasynced first when it can be written and has lines the index has not.
 * NULL: ERR_INTEGRITY for damage in the journal (the whole transactions before it are then applied and committed, *end says how far),
 * for an index ahead of the journal, and for INDEX_FOREIGN.
 */
struct kv_txn *index_replay(const struct index_source *src, struct journal_position *end, enum journal_tail *tail,
			    struct error *err) MUST_CHECK;

/* The steps of it, for a transaction's own changes.  When one fails and kv_is_full(): abort, kv_grow(), begin again with index_replay(). */
/* Heads of the change's key, and the rows derived from them.  A change that was withdrawn before changes nothing. */
int index_apply_keys(struct kv_txn *txn, const struct change *c, struct error *err) MUST_CHECK;
/* History rows: it is change `i` (from 0) of line `seq`, which begins at `line_offset`.  Only after the keys of the whole line. */
int index_apply_history(struct kv_txn *txn, const struct change *c, uint64_t seq, uint32_t i, uint64_t line_offset,
			struct error *err) MUST_CHECK;
/* The ids that a line withdraws, after both of the above for all its changes; changes of the keys are read back from the journal. */
int index_apply_withdrawn(struct kv_txn *txn, const struct journal *journal, const struct oid *ids, size_t count,
			  struct error *err) MUST_CHECK;
/* Up to which lines what was handed out: after all of the above. */
int index_apply_offered(struct kv_txn *txn, const struct journal_offer *offers, size_t count, struct error *err) MUST_CHECK;
/* All four. */
int index_apply_line(struct kv_txn *txn, const struct journal *journal, const struct journal_line *line, uint64_t offset,
		     struct error *err) MUST_CHECK;

/* Folds the whole journal in memory, without what is withdrawn: what the index must say. *end, *tail, ERR_INTEGRITY as journal_read(). */
int index_fold_journal(const struct journal *journal, struct fold *fold, struct journal_position *end, enum journal_tail *tail,
		       struct error *err) MUST_CHECK;
/* Compares heads of all keys, both ways: calls fn (may be NULL) with each key that differs, and counts them.  Rows of all tables are read,
 * and one that does not match its checksum is ERR_INTEGRITY. */
int index_compare(struct kv_txn *txn, const struct fold *fold, void (*fn)(const char *key, void *arg), void *arg, uint64_t *differences,
		  struct error *err) MUST_CHECK;

/* view.c: a view over a transaction that stays the caller's and outlives it.  view_close() frees the view alone. store->journal is open. */
struct view *view_over(struct kv_txn *txn, struct store *store, bool is_received, struct error *err) MUST_CHECK;
struct kv_txn *view_txn(struct view *v);
const struct journal *view_journal(struct view *v);
/* The line at an offset, of which the view keeps the last few: good until the next call. */
const struct journal_line *view_line(struct view *v, uint64_t offset, struct error *err) MUST_CHECK;

#endif
