/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting what nothing refers to any more: what that is, and doing it (mreg-gc(1), mreg-registry(5)). */
#ifndef MREG_REGISTRY_GC_H
#define MREG_REGISTRY_GC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/hashmap.h"
#include "registry/registry.h"

#define GC_GRACE_S (14 * 86400) /* unless another is given */

struct gc_options {
	uint64_t grace_s;
	bool act;         /* else only the plan is made */
	const struct hashmap *dropped; /* ids of versions whose files need not stay if they are absent; then nothing but those files is to go that a
					* version may need: no removed version goes, and all else goes whatever its age; may be NULL */
	bool at_once;     /* with dropped: packs that were taken out of use are not kept for a while */
	bool is_thrifty;  /* nothing is looked at when no removed version can go, and packs that are more than half alive stay as they are */
};

/* A removed version that can be restored no more afterwards. */
struct gc_version {
	char *ref; /* "NAME:vN" */
	struct oid version, digest;
	uint64_t size; /* of its files */
	int64_t removed;
};
struct gc_result {
	struct gc_version *versions; /* in order of name and number */
	size_t count, cap;
	uint64_t objects, bytes, packs; /* what goes: objects, and the bytes on disk that will be free when the retired packs are removed */
	uint64_t left;                  /* packs that should go, but hold something damaged that is alive */
};
#define GC_RESULT_INIT { NULL, 0, 0, 0, 0, 0, 0 }
void gc_result_cleanup(struct gc_result *r);

/*
 * Roots: live versions and links, versions removed less than the grace ago, open drafts; of absent versions what is there.  ERR_INTEGRITY, with each damage said as a warning, when
 * something that a live version or a draft needs is missing or cannot be read, or when the journal ends before what the index knows: then nothing is
 * collected.  ERR_LOCK_TIMEOUT when a lock cannot be had: then nothing was done, or out says what was.  No view, writer or
 * reader of the registry may be in use.
 */
int gc_run(struct registry *reg, const struct gc_options *options, struct gc_result *out, struct error *err) MUST_CHECK;

/*
 * For a put that removed versions, when it is done: with gc.auto=T, collects what was removed longer than T ago.  What goes wrong is a warning,
 * and when another process is at work it is left to the next time.  As gc_run() for the rest.
 */
void gc_auto(struct registry *reg);

/*
 * All that a version consists of is still in use: its object, its manifest and, unless it is absent, every file, so that it can be restored.  1, 0 when some of it was
 * collected, -1.  The lock on the objects, which this takes, keeps it so until the registry is closed.
 */
int gc_has_version(struct registry *reg, const struct oid *version, const struct oid *digest, bool is_absent, struct error *err) MUST_CHECK;

/* ---- what open drafts hold ---- */

struct gc_mark;
/* Told by gc_drafts_keep(): a file, or a manifest with all its files, that must stay.  ERR_INTEGRITY when it is not all there. */
int gc_keep_file(struct gc_mark *m, const struct oid *digest, uint64_t size, struct error *err) MUST_CHECK;
int gc_keep_manifest(struct gc_mark *m, const struct oid *digest, struct error *err) MUST_CHECK;
/*
 * Tells all that every draft in MREG_DIR/drafts holds; called again, with the objects locked exclusively, for what was added since.  Nothing is read
 * when there is no draft.
 */
int gc_drafts_keep(struct registry *reg, struct gc_mark *m, struct error *err) MUST_CHECK;

#endif
