/* SPDX-License-Identifier: Apache-2.0 */
/* The one way in which a verb changes references. */
#ifndef MREG_REGISTRY_COMMIT_H
#define MREG_REGISTRY_COMMIT_H

#include <stdbool.h>

#include "base/error.h"
#include "registry/registry.h"

struct commit {
	const char *verb, *why; /* why may be NULL */
	bool dry_run;           /* decide and check, change nothing */
	bool override;          /* --override: a protection may be passed over, when there is a why */
	const struct stat_rows *stat_rows; /* may be NULL */
};

/* txn_run() of a decision, which must be the same however often it is taken on one state.  Ends the snapshot, as registry_drop_view() does. */
int commit_run(struct registry *reg, const struct commit *commit, txn_decide_fn decide, void *arg, struct error *err) MUST_CHECK;

#endif
