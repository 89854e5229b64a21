/* SPDX-License-Identifier: Apache-2.0 */
/* One registry directory at rest: its stamp, objects, journal, index and locks, opened together. */
#ifndef MREG_STORE_STORE_H
#define MREG_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/report.h"
#include "format/stamp.h"
#include "store/journal.h"
#include "store/lock.h"

struct kv;
struct name_scope;
struct objects;
struct view;

struct store {
	char *dir; /* the .mreg directory */
	struct stamp stamp;
	struct report *report;
	uint64_t lock_timeout_ms;
	const char *verb; /* for the lock file */
	int (*rule)(struct view *v, const char *key, const char *before, struct error *err); /* txn_rule_fn; may be NULL */
	const struct name_scope *scope; /* what short names are completed with; may be NULL */
	/* the rest is store's own, opened when first needed */
	struct journal journal;
	struct kv *index;
	bool index_is_private; /* in memory, because the one on disk cannot be written or trusted */
	bool index_failed;     /* a commit to the one on disk failed: the next use is private */
	struct objects *objects;
	struct lock objects_lock;
};

struct store_options {
	struct report *report;
	uint64_t lock_timeout_ms;
	const char *verb;
	int (*rule)(struct view *v, const char *key, const char *before, struct error *err);
	const struct name_scope *scope; /* borrowed */
};

/* Makes DIR/.mreg (parents too): everything durable before `format` is written last.  ERR_CONFLICT if there is one.  shared: group-writable, setgid. */
int store_init(const char *dir, bool shared, struct error *err) MUST_CHECK;
/* Reads the stamp only; the rest is opened on use.  ERR_NO_REGISTRY, ERR_FORMAT, ERR_INTEGRITY. */
struct store *store_open(const char *mreg_dir, const struct store_options *options, struct error *err) MUST_CHECK;
void store_close(struct store *s);
void store_cleanup(struct store **s);

/* Holds LOCK_OBJECTS shared until store_close(): before the first look at an object.  Idempotent.  tmp/ is swept when it can be written. */
int store_use_objects(struct store *s, struct error *err) MUST_CHECK;
/* For gc alone, which holds LOCK_MERGE: gives the lock on the objects back and takes it anew, exclusively or shared. Nothing may be read meanwhile.
 * When it cannot be had, none is held. */
int store_lock_objects(struct store *s, bool exclusive, struct error *err) MUST_CHECK;
/* ERR_READ_ONLY unless objects can be staged and the journal appended to: asked before much is read for nothing. */
int store_check_writable(struct store *s, struct error *err) MUST_CHECK;
/* After a put, when all that matters is durable: merges small packs and the like (objects_tidy()).  What goes wrong is no more than a note;
 * what another process does just now is left to it. */
void store_tidy_objects(struct store *s);
/* Opens the journal, once. */
int store_use_journal(struct store *s, struct error *err) MUST_CHECK;
/*
 * Opens the index, once: read-write, else read-only when it is current, else a private one in memory, folded from the journal.  An index that is absent, of another schema,
 * of another registry, or was copied along (kv_identity) is rebuilt under LOCK_JOURNAL.  A damaged one is ERR_INTEGRITY with the hint to run `mreg fsck --rebuild-index`.
 */
int store_use_index(struct store *s, struct error *err) MUST_CHECK;
/* The same for txn.c, which holds LOCK_JOURNAL exclusively: one that can be written, and that was not replaced meanwhile. No view may be open. */
int store_use_index_locked(struct store *s, struct error *err) MUST_CHECK;
/* The index on disk could not be written: it is closed, and the next store_use_index() folds the journal in memory. */
void store_distrust_index(struct store *s);
/* fsck --rebuild-index: folds the whole journal into a new environment beside the old one and swaps directories, under LOCK_JOURNAL. */
int store_rebuild_index(struct store *s, struct error *err) MUST_CHECK;
/* Folds the journal from its start into memory and compares keys and heads with the index: calls fn with each key that differs.  Returns how many in *differences. */
int store_check_index(struct store *s, void (*fn)(const char *key, void *arg), void *arg, uint64_t *differences, struct error *err) MUST_CHECK;

#endif
