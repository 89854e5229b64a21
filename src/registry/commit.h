/* SPDX-License-Identifier: Apache-2.0 */
/* The one way in which a verb changes references. */
#ifndef MREG_REGISTRY_COMMIT_H
#define MREG_REGISTRY_COMMIT_H

#include <stdbool.h>

#include "base/error.h"
#include "registry/registry.h"

struct commit {
	const char *verb, *why; /* why may be NULL */
	const char *run;        /* --run: what is made here belongs to this run; NULL: to that of MREG_RUN, if there is one */
	bool dry_run;           /* decide and check, change nothing */
	bool tells_dry_run; /* the verb itself says what would have happened */
	bool override;          /* --override: a protection may be passed over, when there is a why */
	const struct stat_rows *stat_rows; /* may be NULL */
	const char *by;         /* who handed in what the decision takes over by txn_add(), also of collections that are shallow here; NULL: all is made here */
	bool is_heeded;         /* then: protections, and hooks but those of what is received, were heeded where it was made */
	size_t expected;        /* about how many changes, when they are many; else 0 */
	struct journal_position *end; /* filled in: where the journal ends then; may be NULL */
};

/*
 * txn_run() of a decision, which must be the same however often it is taken on one state: with pre-hooks it is rehearsed first.  Changes that are made here are
 * stamped with the run that they belong to: ERR_NO_COLLECTION when it is unknown here.  ERR_POLICY when a protection,
 * a pre-hook or a check refuses it; ERR_CONFLICT when it was another one each time that the hooks had agreed, or absent_guard() refuses it.  Post-hooks run when the registry is closed.  Ends the
 * snapshot, as registry_drop_view() does.
 */
int commit_run(struct registry *reg, const struct commit *commit, txn_decide_fn decide, void *arg, struct error *err) MUST_CHECK;

#endif
