/* SPDX-License-Identifier: Apache-2.0 */
/* How the changes of one key that two sides hold stand to each other.  Pure; linear in the number of changes, no recursion. */
#ifndef MREG_FORMAT_ANCESTRY_H
#define MREG_FORMAT_ANCESTRY_H

#include <stddef.h>

#include "base/digest.h"
#include "base/error.h"
#include "format/change-map.h"

enum ancestry_state {
	ANCESTRY_EQUAL,        /* the same changes */
	ANCESTRY_AHEAD,        /* ours follow all of theirs */
	ANCESTRY_BEHIND,       /* theirs follow all of ours */
	ANCESTRY_SIDE_BY_SIDE, /* each has some that the other lacks, and all heads of both together are of one value */
	ANCESTRY_DIVERGED,     /* the same, and they are not */
};

/*
 * What one side holds of a key.  heads NULL: `changes` is all of it, and its heads follow from that.  Otherwise `heads` are its heads,
 * none when head_count is 0, and `changes` may leave out what the other side has as well: then a listing since some earlier contact is
 * enough.
 */
struct ancestry_side {
	const struct change_list *changes; /* in any order, none withdrawn, each once or oftener; NULL: none */
	const struct oid *heads;
	size_t head_count;
};

struct ancestry {
	enum ancestry_state state;
	struct change_list lacked;  /* theirs that we lack, each after its parents */
	struct change_list surplus; /* ours that they lack, each after its parents */
};
#define ANCESTRY_INIT { ANCESTRY_EQUAL, CHANGE_LIST_INIT, CHANGE_LIST_INIT }

/*
 * Only ids and parents decide, never values or times: a value that went away and came back is another change.  -1 with ERR_INTEGRITY,
 * and nothing is guessed, when a head or a parent is in neither list (or, for a side that lists all, not in its own), when a change is
 * listed that no head follows, that follows itself, or that is of another key.
 */
int ancestry_compare(const char *key, const struct ancestry_side *ours, const struct ancestry_side *theirs, struct ancestry *out,
		     struct error *err) MUST_CHECK;
void ancestry_cleanup(struct ancestry *a);
/* "equal", "ahead", "behind", "side by side", "diverged" */
const char *ancestry_state_name(enum ancestry_state state);

#endif
