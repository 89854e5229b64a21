/* SPDX-License-Identifier: Apache-2.0 */
/* Checks everything a registry stands on and names what is wrong and which versions it hits. */
#ifndef MREG_REGISTRY_FSCK_H
#define MREG_REGISTRY_FSCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "format/pack-format.h"
#include "registry/registry.h"

struct fsck_counts {
	uint64_t packs, objects, bytes; /* stored bytes of objects */
	uint64_t lines, versions, files;
	uint64_t absent, absent_files; /* versions some of whose files are elsewhere, and how many those are: no damage */
	uint64_t problems;
};
/* kind: "journal", "index", "pack", "object", "version", "file", "draft".  refs: the versions it hits, "m:v3"; may be empty. */
typedef int (*fsck_fn)(const char *kind, const char *text, const struct strvec *refs, void *arg, struct error *err);

/* An object of which there is no sound copy, or a file by its digest that cannot be restored (OBJECT_FILE or, a small one, OBJECT_CHUNK). */
struct fsck_lost {
	enum object_kind kind;
	struct oid id;
};
struct fsck_lost_list {
	struct fsck_lost *v;
	size_t count, cap;
};
#define FSCK_LOST_LIST_INIT { NULL, 0, 0 }
void fsck_lost_list_cleanup(struct fsck_lost_list *list);

/* Makes the index anew from the journal. */
int fsck_rebuild_index(struct registry *reg, struct error *err) MUST_CHECK;
/*
 * Journal: every line, its sum and chain.  Index: equal to the fold of the journal.  Versions: object, manifest, every file whole and hashed.  Packs: table
 * and every record decoded and hashed.  Drafts: legible, and all there.  Goes on after each problem; -1 only when it cannot go on at all.  What has no sound copy is noted in the registry
 * (store/damaged.h) unless dry_run, and appended to lost, which may be NULL.
 */
int fsck_run(struct registry *reg, bool dry_run, struct fsck_counts *counts, struct fsck_lost_list *lost, fsck_fn fn, void *arg,
	     struct error *err) MUST_CHECK;
/*
 * After a repair: copies of objects that are damaged are collected now that there are sound ones, and packs that cannot be read at all are moved to
 * MREG_DIR/broken/.  ERR_INTEGRITY, and nothing was done, when a live version is still not whole.  No view, reader or writer may be in use.
 */
int fsck_clear_up(struct registry *reg, struct error *err) MUST_CHECK;

#endif
