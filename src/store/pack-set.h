/* SPDX-License-Identifier: Apache-2.0 */
/* The packs in objects/: which there are, and in which of them an object lies.  Thread-safe. */
#ifndef MREG_STORE_PACK_SET_H
#define MREG_STORE_PACK_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strvec.h"
#include "store/pack.h"

struct multi_pack;
struct pack_set;
struct pack_slot; /* a pack that may not be open yet; lives as long as the set */

/* Where an object lies. */
struct pack_place {
	struct pack_slot *slot;
	struct pack_row row;
};

/*
 * Lists the directory.  A pack that cannot be opened is remembered as such and otherwise passed over.  One that is gone by the time it is to be
 * opened was merged: that is no damage, its objects are in a pack that the next listing finds.
 */
struct pack_set *pack_set_open(const char *objects_dir, struct error *err) MUST_CHECK;
void pack_set_close(struct pack_set *set);
/* Lists again, after something was not found or was damaged: 1 when that may change the answer, 0, -1.  Packs that are no longer listed are
 * forgotten; who still reads one may go on. */
int pack_set_refresh(struct pack_set *set, struct error *err) MUST_CHECK;
/* A pack that was just moved in, perhaps in the place of one that could not be used; another process may have merged it already. */
int pack_set_add(struct pack_set *set, const struct oid *name, struct error *err) MUST_CHECK;
/* Closes a pack that is listed no more and that nobody reads, so that the disk gets its bytes back. */
void pack_set_forget(struct pack_set *set, const struct oid *name);
/* The nth place of the object, from 0; newest packs first. */
bool pack_set_find(struct pack_set *set, enum object_kind kind, const struct oid *id, size_t nth, struct pack_place *out);
/* The slot's pack, opened if need be; belongs to the set. */
struct pack *pack_set_pack(struct pack_set *set, struct pack_slot *slot, struct error *err) MUST_CHECK;
const struct oid *pack_set_name(const struct pack_slot *slot);
/* What is wrong with some pack that cannot be used; false when all can. */
bool pack_set_problem(struct pack_set *set, struct error *out);
/* Every pack by name; problem: why pack is NULL, also for files that are no packs. 1 from fn stops, -1 fails. */
typedef int (*pack_set_fn)(struct pack *pack, const char *name, const struct error *problem, void *arg, struct error *err);
int pack_set_each(struct pack_set *set, pack_set_fn fn, void *arg, struct error *err) MUST_CHECK;
/* Enough small packs lie there for a merge (store/pack-merge.h). */
bool pack_set_wants_merge(struct pack_set *set);
/* A table that is asked: a pack's, or the multi-pack table. */
struct pack_set_table {
	const struct pack_table *rows;
	const struct multi_pack *multi; /* whose rows are of several packs; NULL: all are of `pack` */
	const struct pack *pack;
};
/* The nth table in the order in which pack_set_find() asks them, which only refresh, add and consolidate change; false when there is none.  It is mapped as long as
 * the set is open. */
bool pack_set_table(struct pack_set *set, size_t n, struct pack_set_table *out);
/* Writes the multi-pack table anew if enough packs are outside of it. */
int pack_set_consolidate(struct pack_set *set, const char *tmp_dir, struct error *err) MUST_CHECK;

#endif
