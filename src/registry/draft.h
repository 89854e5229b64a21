/* SPDX-License-Identifier: Apache-2.0 */
/* Drafts: a version being prepared from another one, whose files stay where they are (mreg-draft(1), mreg-registry(5)). */
#ifndef MREG_REGISTRY_DRAFT_H
#define MREG_REGISTRY_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "format/draft-file.h"
#include "registry/put.h"
#include "registry/registry.h"

/* Wherever a draft is named, `draft` is its id or the beginning of it alone: ERR_NO_COLLECTION when there is none, ERR_INVALID when there
 * are several. */

struct draft_info {
	char id[DRAFT_ID_LEN + 1];
	char *name; /* of the artifact, as it is called now */
	bool has_base;
	uint64_t base_number;
	int64_t opened, changed;
	char *user, *host; /* who opened it */
	uint64_t files, bytes; /* of what a commit would put; only where sizes are asked for */
};
#define DRAFT_INFO_INIT { .name = NULL }
void draft_info_cleanup(struct draft_info *info);

/*
 * text: a version, or a name: its latest, or nothing when the artifact has no version or does not exist.  Of a registered model it is the
 * artifact that the version was put into.  A dry run gives no id.
 */
int draft_new(struct registry *reg, const char *text, bool dry_run, struct draft_info *out, struct error *err) MUST_CHECK;

struct draft_added {
	char id[DRAFT_ID_LEN + 1];
	uint64_t files, bytes, stored; /* stored: what the store grew by */
};
/*
 * Reads and stores what the options' sources hold, and enters it in the draft, all or nothing.  ERR_CONFLICT: a file would be a folder,
 * too; what was stored is then left to gc.  Several processes may do so at a time.
 */
int draft_add(struct registry *reg, const char *draft, const struct put_options *options, struct draft_added *out,
	      struct error *err) MUST_CHECK;
/* Each operand is a path in the draft, else a folder, else a pattern; one that matches nothing is ERR_NO_PATH, and nothing is changed.
 * removed: the paths, sorted. */
int draft_remove(struct registry *reg, const char *draft, const char *const *operands, size_t count, bool dry_run,
		 char id[DRAFT_ID_LEN + 1], struct strvec *removed, struct error *err) MUST_CHECK;
/* As put_run() of what the draft has come to, into its artifact; then the draft is gone, unless the put was refused (--only-if-better) or a
 * dry run. */
int draft_commit(struct registry *reg, const char *draft, const struct put_options *options, struct put_result *out,
		 struct error *err) MUST_CHECK;
/* A damaged one, too. */
int draft_abort(struct registry *reg, const char *draft, bool dry_run, char id[DRAFT_ID_LEN + 1], struct error *err) MUST_CHECK;

/* ---- what there is ---- */

typedef int (*draft_fn)(const struct draft_info *info, void *arg, struct error *err);
/* All open ones, in order of id.  A damaged one is said as a warning, counted in *damaged, and passed over. */
int draft_each(struct registry *reg, bool with_sizes, draft_fn fn, void *arg, size_t *damaged, struct error *err) MUST_CHECK;

/* before is NULL for what was added, after for what was taken out; the same pointer when the file is as in the base. */
typedef int (*draft_file_fn)(const struct entry *before, const struct entry *after, void *arg, struct error *err);
/* In order of path. */
int draft_each_file(struct registry *reg, const char *draft, draft_file_fn fn, void *arg, struct error *err) MUST_CHECK;

/* ---- what drafts hold: a damaged draft is ERR_INTEGRITY, since nobody can tell what it needs ---- */

struct draft_visitor {
	/* a file that was added; it may be told several times, and also when it was taken out again */
	int (*file)(const struct oid *digest, uint64_t size, void *arg, struct error *err);
	/* the base: its manifest, and so all that is in it */
	int (*manifest)(const struct oid *digest, void *arg, struct error *err);
	void *arg;
};
/* Every object that a commit of some open draft may need.  What is added holds LOCK_OBJECTS shared until it is entered in the draft, so
 * whoever has that lock exclusively is told all.  Nothing is read when there is no draft. */
int draft_each_object(struct registry *reg, const struct draft_visitor *visitor, struct error *err) MUST_CHECK;
/* Versions that open drafts began as, each as often as there are such drafts. */
typedef int (*draft_base_fn)(const struct oid *version, const char *id, void *arg, struct error *err);
int draft_each_base(struct registry *reg, draft_base_fn fn, void *arg, struct error *err) MUST_CHECK;

/* For fsck: calls fn with what is wrong with each draft that could not be committed. */
typedef int (*draft_problem_fn)(const char *text, void *arg, struct error *err);
int draft_check(struct registry *reg, draft_problem_fn fn, void *arg, struct error *err) MUST_CHECK;

#endif
