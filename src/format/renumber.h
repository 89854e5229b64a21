/* SPDX-License-Identifier: Apache-2.0 */
/* Moves our own work out of the way of theirs, as long as nobody else has seen it.  Pure, as all of merging (merge.h). */
#ifndef MREG_FORMAT_RENUMBER_H
#define MREG_FORMAT_RENUMBER_H

#include "base/error.h"
#include "base/hashmap.h"
#include "format/change-map.h"
#include "format/merge.h"

/*
 * Plans what --renumber does, and what has to be done before merge_settle(): a number that nobody else has seen is not fought about, or
 * it would have meant two versions to whoever reads its history.  Both sides list all that they have of the collections in question.
 * offered: the ids of ours that someone else may have: handed out, on their way with an unknown outcome, or received.  It has the
 * ancestors of what it has.  Only chains none of whose changes is in it are touched, and always as a whole; a diverged key of which some
 * are stays as it is.
 *
 * - joins (--renumber alone): of two collections of one name (the same in case), kind and type, of which ours was never offered, ours
 *   joins theirs.  Its own key is withdrawn, its versions and links follow theirs with new numbers in their order; of its other keys
 *   those that say what theirs says are dropped, the rest move over (and have diverged there if theirs says something else).
 * - A version or link that has diverged: it and all later ones of its collection get the next free numbers, in their order, so that
 *   what was latest stays latest.  No number becomes smaller.  Records of runs stay: which end is the end, has to be said.
 * - A version or link that is live on their side under another number of the same collection gives way to that, unless
 *   that number has diverged.
 *
 * A chain that moves is written anew as it was, each change with its time, user, verb and reason, under the new key; the old chain is
 * withdrawn.  A time is put off by microseconds if the change would else be one of ours or of `withdrawn` (those of earlier lines; may be
 * NULL), which would not count.  What names versions by their id (aliases, tags, notes) need not move.  The plan's moves tell
 * old → new.  Whoever takes the plan takes theirs along: a collection that was joined is known only then.
 * ERR_CONFLICT: no number is left.
 */
int renumber(const struct change_map *ours, const struct change_map *theirs, const struct hashmap *offered,
	     const struct hashmap *withdrawn, bool joins, struct merge_plan *plan, struct error *err) MUST_CHECK;

#endif
