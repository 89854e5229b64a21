/* SPDX-License-Identifier: Apache-2.0 */
/* One file of MREG_DIR/drafts: made, found, read, locked, appended to, removed. */
#ifndef MREG_REGISTRY_OPEN_DRAFT_H
#define MREG_REGISTRY_OPEN_DRAFT_H

#include "base/error.h"
#include "base/strvec.h"
#include "format/draft-file.h"
#include "registry/registry.h"

struct open_draft {
	char id[DRAFT_ID_LEN + 1];
	char *path;
	int fd; /* >= 0: locked, so that nobody else appends, commits or removes it */
	struct draft_file file;
};
#define OPEN_DRAFT_INIT { .path = NULL, .fd = -1 }
void open_draft_cleanup(struct open_draft *d);

/* The ids of all, sorted.  What else lies in the folder is passed over. */
int open_draft_list(struct registry *reg, struct strvec *ids, struct error *err) MUST_CHECK;
/* text: an id, or the beginning of just one.  ERR_NO_COLLECTION: there is none; ERR_INVALID: several begin so. */
int open_draft_find(struct registry *reg, const char *text, char id[DRAFT_ID_LEN + 1], struct error *err) MUST_CHECK;

/* Makes the file of a draft that has its first line, durably; id, path and fd are set. */
int open_draft_create(struct registry *reg, struct open_draft *d, struct error *err) MUST_CHECK;
/* As it is at this moment.  ERR_NO_COLLECTION when it is gone, ERR_INTEGRITY when it is damaged. */
int open_draft_read(struct registry *reg, const char *id, struct open_draft *out, struct error *err) MUST_CHECK;
/* The same, locked until open_draft_cleanup(). */
int open_draft_lock(struct registry *reg, const char *id, struct open_draft *out, struct error *err) MUST_CHECK;
/* d is locked.  The step, which becomes d's, is durable on return, or has not happened. */
int open_draft_append(struct open_draft *d, struct draft_step *step, struct error *err) MUST_CHECK;
/* d is locked. */
int open_draft_remove(struct registry *reg, struct open_draft *d, struct error *err) MUST_CHECK;
/* Locks and removes, whatever is in it. */
int open_draft_abort(struct registry *reg, const char *id, struct error *err) MUST_CHECK;

/* Manifest of the base, an empty one when there is none. */
int open_draft_base(struct registry *reg, const struct open_draft *d, struct manifest *out, struct error *err) MUST_CHECK;

#endif
