/* SPDX-License-Identifier: Apache-2.0 */
/* One transaction: decide under the lock, one journal append, one index commit: all or nothing (DESIGN 2.1, 3). */
#ifndef MREG_STORE_TXN_H
#define MREG_STORE_TXN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "format/json.h"
#include "store/statcache.h"
#include "store/store.h"
#include "store/view.h"

struct txn;

/* What every change of a transaction is stamped with.  Strings are borrowed. */
struct txn_info {
	const char *verb, *why, *user, *host, *run; /* why and run may be NULL */
	bool dry_run;                               /* decide, check the rules, write nothing */
	const struct stat_rows *stat_rows;          /* written in the same index commit; may be NULL */
	size_t expected;                            /* about how many changes it will have, when they are many; else 0 */
	struct journal_position *end;               /* filled in when all is done: where the journal ends then; may be NULL */
	const char *by;                             /* who handed in what is added by txn_add(); never "" then */
};

/*
 * Takes the verb's decision on the state it finds in txn_view() and queues changes by txn_set(). May be called several times (the map grew, a decision
 * was rehearsed): it must start afresh each time and change nothing else.  -1 refuses: nothing happens.  No change queued: nothing is written.
 */
typedef int (*txn_decide_fn)(struct txn *txn, void *arg, struct error *err);

/*
 * Lock (LOCK_JOURNAL, time-out from the store), replay, decide, rules, append, fdatasync, index, unlock.  0 is returned once the line is durable; if only the index
 * could not be written, a warning says so and the next reader replays.  Objects that the changes name must be durable already.  No view of this
 * process may be open: the index may have to grow or to be opened anew.
 */
int txn_run(struct store *store, const struct txn_info *info, txn_decide_fn decide, void *arg, struct error *err) MUST_CHECK;

/* State under the lock, with this transaction's own changes already in it. */
struct view *txn_view(struct txn *txn);
/* Sets key to value (borrowed; NULL makes a tombstone); parents are all its heads.  A value that stands there already as the only head is no change. */
int txn_set(struct txn *txn, const char *key, const json_t *value, struct error *err) MUST_CHECK;

/* ---- what comes from another registry ---- */

/* Queues a change that was made elsewhere, as it is: 1; 0 when it is known here; ERR_INTEGRITY when one of its parents is not, ERR_CONFLICT when it was
 * withdrawn here.  Its parents leave the heads of its key, which may have several afterwards: the caller looks at them. */
int txn_add(struct txn *txn, const struct change *c, struct error *err) MUST_CHECK;
/* The same for one that was made here, sealed, by whoever planned what is to become of theirs and ours. */
int txn_add_own(struct txn *txn, const struct change *c, struct error *err) MUST_CHECK;
/* From now on these changes count no more: before anything else is queued. */
int txn_withdraw(struct txn *txn, const struct oid *ids, size_t count, struct error *err) MUST_CHECK;
/* Notes that all changes of a collection (NULL: of everything) up to line `seq` were handed out. */
void txn_offer(struct txn *txn, const struct cid *cid, uint64_t seq);
/* Where the journal ends before this transaction. */
struct journal_position;
void txn_position(const struct txn *txn, struct journal_position *out);

/* Every key whose value this transaction changes, once, in the order in which it was first set: what it was before (NULL: not set) and what it is set to
 * (NULL: removed).  is_new: no change of it has ever been made.  fn as in kv.h: 1 stops, -1 fails; it queues nothing. */
typedef int (*txn_change_fn)(const char *key, const char *before, const char *after, bool is_new, void *arg, struct error *err);
int txn_each_change(struct txn *txn, txn_change_fn fn, void *arg, struct error *err) MUST_CHECK;
/* view_value() as it was before this transaction. */
int txn_value_before(struct txn *txn, const char *key, struct strbuf *out, struct error *err) MUST_CHECK;
/* For a version that this transaction made: what row->has_brief stands for goes into the index with it. */
int txn_learn(struct txn *txn, const struct cid *cid, const struct version_row *row, struct error *err) MUST_CHECK;
/* Likewise what facts_write() makes of its object. */
int txn_learn_facts(struct txn *txn, const struct oid *version, const struct strbuf *facts, struct error *err) MUST_CHECK;
/* The time that every change of this transaction carries: clock_now() when the decision began. */
int64_t txn_time(const struct txn *txn);
/* seq the line will have: with MREG_SEED it makes what is random differ from line to line. */
uint64_t txn_seq(const struct txn *txn);

/* Cross-key rules, set by registry when it opens the store: called after decide with each key that changed, and the value it had before the
 * transaction (canonical JSON; NULL: none). */
typedef int (*txn_rule_fn)(struct view *v, const char *key, const char *before, struct error *err);

#endif
