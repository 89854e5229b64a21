/* SPDX-License-Identifier: Apache-2.0 */
/* Which versions may go, by criteria. */
#ifndef MREG_REGISTRY_PRUNE_H
#define MREG_REGISTRY_PRUNE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "registry/best.h"
#include "registry/registry.h"
#include "registry/resolve.h"

struct prune_criteria {
	const struct strvec *names; /* of artifacts; none: all */
	/* candidates are what all of these select, all versions when none is given */
	bool unused, expired, has_age;
	uint64_t older_than; /* seconds */
	/* every one of these spares */
	bool has_last, has_best;
	uint64_t keep_last;
	struct best_rule best;
	uint64_t keep_best;
};
struct prune_row {
	char *ref;
	uint64_t size;
	int64_t created;
	struct strbuf why;
};
struct prune_plan {
	struct prune_row *rows; /* in order of name and number */
	size_t count, cap;
	uint64_t bytes;
};
#define PRUNE_PLAN_INIT { NULL, 0, 0, 0 }
void prune_plan_cleanup(struct prune_plan *plan);

/* "METRIC:min|max:N" */
int prune_parse_best(const char *text, struct prune_criteria *out, struct error *err) MUST_CHECK;
/*
 * The plan, and when `act` the removal of all of it in one transaction, for which the plan is made again under the lock.  What has an alias or a
 * link, what an open draft was made from, what a run used, what has ttl never or the tag "keep" is never in it.  ERR_USAGE without a criterion.
 */
int prune_run(struct registry *reg, const struct prune_criteria *criteria, bool act, const char *why, struct prune_plan *out, struct error *err) MUST_CHECK;

/*
 * Within a put's transaction: removes all but the newest `keep` versions of an artifact, what is held, and `given`, which the put answers with and
 * which may be an old one; *removed counts.
 */
int prune_keep_last(struct registry *reg, struct txn *txn, const struct resolved *given, uint64_t keep, uint64_t *removed, struct error *err) MUST_CHECK;

#endif
