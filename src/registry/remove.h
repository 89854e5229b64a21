/* SPDX-License-Identifier: Apache-2.0 */
/* Removing versions and collections, and bringing them back. */
#ifndef MREG_REGISTRY_REMOVE_H
#define MREG_REGISTRY_REMOVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "registry/holders.h"
#include "registry/registry.h"

struct remove_change {
	const struct strvec *references; /* NAME:REF each; with whole: NAME */
	bool whole;                      /* -r: collections with all that they have */
	bool with_aliases, unlink;       /* aliases and links of what is removed go as well; else they are ERR_POLICY */
	const char *why;
	bool dry_run, override;
};
struct removed {
	struct strvec refs; /* "m:v3" of each version or link that went; of a collection also "m" */
	uint64_t bytes;     /* of the files of versions */
};
void removed_cleanup(struct removed *r);
/* One transaction.  A link is unlinked.  Bytes stay until gc takes them. */
int remove_run(struct registry *reg, const struct remove_change *change, struct removed *out, struct error *err) MUST_CHECK;

/* Within a transaction: a version that nothing names any more; out may be NULL. */
int remove_version(struct txn *txn, const struct collection *c, const struct version_row *row, struct removed *out, struct error *err) MUST_CHECK;

struct restore_change {
	const struct strvec *references; /* NAME:vN, or NAME of a collection that was removed, with what went with it */
	const char *why;
	bool dry_run;
};
/*
 * *out: what is there again.  ERR_NO_REFERENCE when it was never removed, or gc has taken its bytes; ERR_NO_COLLECTION for a name that no
 * collection had; ERR_CONFLICT when something else has the name now.
 */
int remove_restore(struct registry *reg, const struct restore_change *change, struct removed *out, struct error *err) MUST_CHECK;

/* Collections that are removed, newest first: what stood in them is as it was then; at: when. */
typedef int (*remove_collection_fn)(const struct collection *c, int64_t at, void *arg, struct error *err);
int remove_each_collection(struct view *v, remove_collection_fn fn, void *arg, struct error *err) MUST_CHECK;

#endif
