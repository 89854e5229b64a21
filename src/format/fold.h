/* SPDX-License-Identifier: Apache-2.0 */
/* The fold: changes → state.  Pure functions; the index and the tests both stand on them. */
#ifndef MREG_FORMAT_FOLD_H
#define MREG_FORMAT_FOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/hashmap.h"
#include "base/strbuf.h"
#include "format/change.h"

/* A head: a change of a key that no other change of it has as a parent. */
struct head {
	struct oid id;
	char *value; /* canonical JSON text, "null" for a tombstone */
};
/* The heads of one key, sorted by id.  None: the key was never set. */
struct heads {
	struct head *v;
	size_t count, cap;
};
#define HEADS_INIT { NULL, 0, 0 }

/* Adds a change whose parents are already folded in (a journal's order): its parents leave the heads, it joins them.  A change that is
 * among the heads already changes nothing. */
void heads_step(struct heads *heads, const struct change *c);
/* The heads of a set of changes of one key, in any order, leaving out those whose id is withdrawn: a withdrawn change is no one's child,
 * so its parents are heads again unless something else follows them. */
void heads_of(const struct change *const *changes, size_t count, const struct oid *withdrawn, size_t withdrawn_count, struct heads *out);
/* The value all heads agree on, NULL when there is no head.  *diverged (may be NULL): they do not agree; the value of the smallest id is given. */
const char *heads_value(const struct heads *heads, bool *diverged);
bool heads_is_live(const struct heads *heads); /* agreed or not, the value is not null */
/* Heads as bytes for the index, and back (ERR_INTEGRITY). */
void heads_write(struct strbuf *out, const struct heads *heads);
int heads_parse(const void *data, size_t len, struct heads *out, struct error *err) MUST_CHECK;
void heads_cleanup(struct heads *heads);

/* A whole state in memory: key → struct heads *.  For tests, fsck and recovery; the index keeps the same thing on disk. */
struct fold {
	struct hashmap keys;
};
#define FOLD_INIT { HASHMAP_INIT }

void fold_step(struct fold *fold, const struct change *c);
const struct heads *fold_find(const struct fold *fold, const char *key); /* NULL if never set */
/* Same keys, same heads. */
bool fold_equal(const struct fold *a, const struct fold *b);
void fold_cleanup(struct fold *fold);

#endif
