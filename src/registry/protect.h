/* SPDX-License-Identifier: Apache-2.0 */
/* Aliases that are not to move unless somebody means it. */
#ifndef MREG_REGISTRY_PROTECT_H
#define MREG_REGISTRY_PROTECT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strvec.h"
#include "registry/commit.h"
#include "registry/resolve.h"

struct protection {
	char *alias; /* as written; it need not be set */
	bool reason; /* a move is let through when it says why */
};
struct protections {
	struct protection *v;
	size_t count, cap;
};
#define PROTECTIONS_INIT { NULL, 0, 0 }
void protections_cleanup(struct protections *p);
/* All of a collection, ordered by folded alias. */
int protect_read(struct view *v, const struct collection *c, struct protections *out, struct error *err) MUST_CHECK;

struct protect_change {
	const struct strvec *references; /* NAME:ALIAS each */
	bool remove;
	bool reason; /* when it is no removal */
	const char *why;
	bool dry_run;
};
/* In one transaction.  Removing one that is not there is ERR_NO_REFERENCE. */
int protect_change(struct registry *reg, const struct protect_change *change, struct error *err) MUST_CHECK;

/*
 * After a decision: ERR_POLICY when what it has queued sets, moves or removes an alias that was protected before, or takes away the version that such an
 * alias named, unless commit->override and commit->why are given; or, for a move where reasons suffice, commit->why alone.
 */
int protect_guard(struct txn *txn, const struct commit *commit, struct error *err) MUST_CHECK;

#endif
