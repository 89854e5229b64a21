/* SPDX-License-Identifier: Apache-2.0 */
/* Which objects something still refers to: what gc must keep. */
#ifndef MREG_STORE_LIVE_SET_H
#define MREG_STORE_LIVE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/hashmap.h"
#include "format/pack-format.h"

/*
 * Ten million chunks must fit into memory, so of a chunk only the first eight bytes of its id are kept: one that has those in common with a live
 * one is taken for live, which keeps too much and never too little.  All other kinds are kept in full, since something follows from them.
 */
struct live_set {
	uint64_t *chunks; /* 0: free */
	size_t cap, count;
	struct hashmap others; /* kind, id */
};
#define LIVE_SET_INIT { NULL, 0, 0, HASHMAP_INIT }

/* True when it was not there. */
bool live_set_add(struct live_set *set, enum object_kind kind, const struct oid *id);
bool live_set_has(const struct live_set *set, enum object_kind kind, const struct oid *id);
/* Only ever grows. */
size_t live_set_count(const struct live_set *set);
void live_set_cleanup(struct live_set *set);

#endif
