/* SPDX-License-Identifier: Apache-2.0 */
/* Merging small packs into larger ones, so that a look-up asks few tables however many puts there were (mreg-registry(5)). */
#ifndef MREG_STORE_PACK_MERGE_H
#define MREG_STORE_PACK_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"

#define PACK_SMALL_BYTES (8ull << 20) /* packs of fewer bytes are merged */

/*
 * Small packs stand in tiers: below 8 MiB, 512 KiB, 32 KiB and 2 KiB of records.  When a tier has 16 packs, or 32 MiB, all of them become one, together
 * with those of the next tier if the new pack fills that, and so on.  So each byte is copied at most four times, and at most 60 small packs
 * stand there.  One merge takes at most 64 MiB of packs.
 */
struct merge_pack {
	struct oid name;
	uint64_t len; /* of the file, in bytes */
	bool is_chosen;
};
/* Sets is_chosen; the order may change.  False: no merge is due. */
bool pack_merge_choose(struct merge_pack *packs, size_t count);

/*
 * Lists objects_dir, and merges what is due into one pack, which is durable before the first of the others is retired (store/retired.h).
 * Records are copied as they are, equal ones once, in the order of the packs' birth; a pack that cannot be read, or has any record that is not
 * what its checksums say, stays as it is.  The new pack's birth is the newest of theirs.  The caller holds LOCK_OBJECTS shared and
 * LOCK_MERGE.  *name: the new pack; zero when nothing was merged.  A signal ends it early, with nothing done.
 */
int pack_merge_run(const char *objects_dir, const char *tmp_dir, struct oid *name, struct error *err) MUST_CHECK;

#endif
