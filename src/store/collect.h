/* SPDX-License-Identifier: Apache-2.0 */
/* gc among the packs: which of them hold what nothing refers to, and taking that out of use (mreg-registry(5)). */
#ifndef MREG_STORE_COLLECT_H
#define MREG_STORE_COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "store/live-set.h"
#include "store/store.h"

struct collect_options {
	int64_t grace_ns;  /* packs that were born since are left alone */
	int64_t keep_ns;   /* so long, and at most for a day, packs that were taken out of use are kept; 0: none is, nor any other */
	bool is_thrifty;   /* also those that are more than half alive: to copy them would cost more than it gives */
};

/* What goes: whole packs, and of others the records that are dead.  Bytes on disk: records and rows of tables, for a whole pack all of it. */
struct collect_sums {
	uint64_t packs, objects, bytes;
	uint64_t left; /* packs that hold dead objects but cannot be read well enough to be copied */
};

/*
 * Before anything is traced: what lies in retired packs alone comes back into use.  The caller holds LOCK_MERGE; the store uses its objects.
 */
int collect_prepare(struct store *store, struct error *err) MUST_CHECK;

struct collector;
/*
 * Looks at every pack that can be opened and is old enough, and reads objects of which there are several copies, so that a sound one is the one that stays.
 * live must be complete, and outlive it.  When packs are only to be looked at, no lock but the shared one is needed; who
 * goes on to collect_run() holds LOCK_MERGE from before until after.
 */
struct collector *collect_plan(struct store *store, const struct live_set *live, const struct collect_options *options, struct error *err) MUST_CHECK;
void collect_free(struct collector *c);
void collect_cleanup(struct collector **c);
void collect_sum_up(const struct collector *c, struct collect_sums *out);
/* Every copy of the object is among what goes. */
bool collect_takes(struct collector *c, enum object_kind kind, const struct oid *id);

/* With the objects locked exclusively: brings `live` up to date with what was committed since. */
typedef int (*collect_again_fn)(void *arg, struct error *err);
/*
 * Packs in which all is dead go first, so that there is room; then what is alive in the others is copied as it is into new packs of about 1 GiB,
 * one at a time: durable in tmp/, then, with the objects locked exclusively for a moment, again() is called, and the new pack takes the place of
 * those old ones in which nothing has come alive meanwhile.  Those are moved to objects/retired/ and kept there as the options say.
 * ERR_LOCK_TIMEOUT when that lock cannot be had: what was done until then is whole, *done says how much that was.
 */
int collect_run(struct collector *c, collect_again_fn again, void *arg, struct collect_sums *done, struct error *err) MUST_CHECK;

#endif
