/* SPDX-License-Identifier: Apache-2.0 */
/* What push and pull make of the changes of two registries.  Pure: changes in, a plan out; nothing is read or written. */
/*
 * A pull of some collections is
 *	merge_compare(ours, theirs)           no row diverged and merge_check() of both together content: take theirs as it is; else 5, or
 *	renumber(ours, theirs, offered)       ours moves out of the way as far as nobody has seen it: --renumber, and before settling (renumber.h)
 *	merge_settle(ours, theirs, WINNER)    changes that follow both sides: --ours, --theirs
 *	merge_check() of what came out        nothing left: one line of the journal with what was taken and made, and what was withdrawn; else 5
 * and a push is merge_compare() with the far side's answer: it may send only where we are ahead.
 *
 * Keys are those of mreg-journal(5).  All results are sorted, so that the same changes give the same plan.
 */
#ifndef MREG_FORMAT_MERGE_H
#define MREG_FORMAT_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/hashmap.h"
#include "format/ancestry.h"
#include "format/change-map.h"
#include "format/change.h"
#include "format/fold.h"

/* ---- key by key ---- */

struct merge_row {
	char *key;
	enum ancestry_state state;
};
struct merge {
	struct merge_row *rows; /* every key of either side, sorted */
	size_t count, cap;
	struct change_list lacked;  /* theirs that we lack; each after its parents */
	struct change_list surplus; /* ours that they lack */
	size_t diverged;            /* rows */
};
#define MERGE_INIT { NULL, 0, 0, CHANGE_LIST_INIT, CHANGE_LIST_INIT, 0 }

/*
 * Both sides list all that they have of the keys that they list (ancestry_compare() itself serves a listing of what is new).
 * withdrawn: ids that count no more here; may be NULL.  A change of theirs that is among them is ERR_CONFLICT: they have it from a
 * copy of this registry, and taking it would give two registries with the same changes different states.  ERR_INTEGRITY as
 * ancestry_compare().
 * A number that was used for two versions, both of them removed since, is called diverged although both values are null.
 */
int merge_compare(const struct change_map *ours, const struct change_map *theirs, const struct hashmap *withdrawn, struct merge *out,
		  struct error *err) MUST_CHECK;
void merge_cleanup(struct merge *m);

/* ---- across keys ---- */

enum merge_conflict_kind {
	MERGE_DIVERGED, /* the heads of key differ */
	MERGE_NAME,     /* the collections key and other have names that are the same but for case */
	MERGE_TITLE,    /* the title of key is, but for case, the title or the name of other beside it */
	MERGE_TWICE,    /* one version is live under key and under other, of one model, or of artifacts */
	MERGE_NOTHING,  /* the alias or link key is live, the version that it names is not */
	MERGE_ORPHAN,   /* the version or link key is live, its collection is not */
};
struct merge_conflict {
	enum merge_conflict_kind kind;
	char *key, *other; /* other may be NULL */
};
struct merge_conflicts {
	struct merge_conflict *v;
	size_t count, cap;
};
#define MERGE_CONFLICTS_INIT { NULL, 0, 0 }

/*
 * Adds what is wrong with a state: what stands in one key, then what refers to others, each in order of key.  The state must have all
 * keys of the collections in question, else what is there cannot be told from what is not.  Values that are not of the form of their
 * key name nothing; whoever receives them checks that before.
 */
void merge_check(const struct fold *state, struct merge_conflicts *out);
bool merge_conflicts_has(const struct merge_conflicts *c, enum merge_conflict_kind kind);
void merge_conflicts_cleanup(struct merge_conflicts *c);

/* ---- plans ---- */

/* A version or link that gets another number, or gives way. */
struct merge_move {
	char *from, *to;    /* keys; to: where the version is instead, NULL: it was removed here before anyone else saw it */
	struct oid version; /* zero when it was removed */
};
struct merge_plan {
	struct change **made; /* new changes, sealed, each after its parents */
	size_t made_count, made_cap;
	struct oid *withdrawn; /* ours, each chain as a whole */
	size_t withdrawn_count, withdrawn_cap;
	struct merge_move *moves; /* in the order in which they were made */
	size_t move_count, move_cap;
};
#define MERGE_PLAN_INIT { NULL, 0, 0, NULL, 0, 0, NULL, 0, 0 }

/* out, empty before: ours without what the plan withdraws, and theirs (may be NULL) and what it makes; the plan must outlive it. */
void merge_plan_apply(const struct merge_plan *plan, const struct change_map *ours, const struct change_map *theirs, struct change_map *out);
void merge_plan_cleanup(struct merge_plan *plan);

/* ---- settling ---- */

enum merge_winner { MERGE_OURS, MERGE_THEIRS };

/*
 * Makes the changes that --ours or --theirs ask for, on top of all of ours and all of theirs; ours has gone through renumber() before.
 * as: who, when, by which verb and why.  chosen: the keys that are to be settled (of a conflict across keys, `key`); NULL: all.
 *
 * A diverged key gets the winner's value, by a change that follows every head (several in a row if they are more than a change may
 * have parents).  A version or link that thereby loses its number, whosever it is, and is not there under another one, gets the next
 * number that neither side has used.  A removal that wins is one: then there is nothing to place.  Of a number that both sides have
 * removed, each another version, a restore finds the winner's.
 * Across keys it is the state that the winner had: what the winner has live comes back if the other side removed it (its version, its
 * collection); what only the loser has, and names what is not there any more, is removed; of two numbers of one version the winner's
 * stays.
 * Names and titles are not settled: who has chosen them must choose another.  So look with merge_check() at what came out.
 *
 * ERR_INVALID: a change cannot be sealed.  ERR_CONFLICT: no number is left.
 */
int merge_settle(const struct change_map *ours, const struct change_map *theirs, enum merge_winner winner, const struct hashmap *chosen,
		 const struct change *as, struct merge_plan *plan, struct error *err) MUST_CHECK;

#endif
