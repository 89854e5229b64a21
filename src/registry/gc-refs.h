/* SPDX-License-Identifier: Apache-2.0 */
/* The references that gc goes by: versions and links, folded from the journal itself, with when they were removed. */
#ifndef MREG_REGISTRY_GC_REFS_H
#define MREG_REGISTRY_GC_REFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/hashmap.h"
#include "format/fold.h"
#include "store/store.h"

/* What a version or a link stands for; the marks of absent versions stand among them, without a target. */
struct gc_target {
	struct oid version, digest;
	uint64_t size; /* of its files, as the reference says */
};
struct gc_ref {
	char *key;
	struct heads heads;
	struct gc_target *targets; /* every value it ever had */
	size_t count, cap;
	int64_t removed_at; /* time of the last line that has a tombstone of it: when that got here */
};

struct gc_refs {
	struct hashmap refs;  /* key → struct gc_ref */
	struct hashmap names; /* CID as text → the name that it has, or had */
	struct journal_position end;
	bool is_begun;
	/* something was withdrawn: then the heads of a key are known only from all of the journal */
	bool has_withdrawn;
	int64_t withdrawn_at;
	struct fold fold;
};
#define GC_REFS_INIT { HASHMAP_INIT, HASHMAP_INIT, { 0, 0, { { 0 } } }, false, false, 0, FOLD_INIT }
void gc_refs_cleanup(struct gc_refs *refs);

/*
 * Reads what the journal has beyond the last call; all of it when what was read then is no longer there, as after a failed sync.  Each line is
 * verified.  A torn end is no line.
 */
int gc_refs_read(struct gc_refs *refs, struct store *store, struct error *err) MUST_CHECK;

/* Any of its heads is no tombstone. */
bool gc_refs_is_live(const struct gc_refs *refs, const struct gc_ref *ref);
/* It is what one of the heads says. */
bool gc_refs_is_current(const struct gc_refs *refs, const struct gc_ref *ref, const struct gc_target *target);
/* When it was removed. */
int64_t gc_refs_removed_at(const struct gc_refs *refs, const struct gc_ref *ref);
/* Files of this version are elsewhere (absent.h). */
bool gc_refs_is_absent(const struct gc_refs *refs, const struct oid *version);
/* "NAME:vN" of a key; the name is that of now, or the last one. */
void gc_refs_name(const struct gc_refs *refs, const struct gc_ref *ref, struct strbuf *out);
/* version/CID/N, not a link. */
bool gc_refs_is_version(const struct gc_ref *ref);
typedef int (*gc_refs_fn)(struct gc_ref *ref, void *arg);
/* In no order; what fn returns stops it unless it is 0. */
int gc_refs_each(const struct gc_refs *refs, gc_refs_fn fn, void *arg);

#endif
