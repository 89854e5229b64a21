/* SPDX-License-Identifier: Apache-2.0 */
/* Stamps a decision with who and why, and has it taken. */
#include <config.h>

#include "registry/commit.h"

int commit_run(struct registry *reg, const struct commit *commit, txn_decide_fn decide, void *arg, struct error *err)
{
	struct txn_info info = registry_txn_info(reg, commit->verb, commit->why, commit->dry_run);

	info.stat_rows = commit->stat_rows;
	registry_drop_view(reg);
	return txn_run(reg->store, &info, decide, arg, err);
}
