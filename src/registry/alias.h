/* SPDX-License-Identifier: Apache-2.0 */
/* Moving aliases. */
#ifndef MREG_REGISTRY_ALIAS_H
#define MREG_REGISTRY_ALIAS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "registry/registry.h"
#include "registry/resolve.h"

/* --expect: what must hold before a change. */
struct expect {
	bool given, none; /* none: "none" */
	uint64_t number;
};
/* "v3" or, where allow_none, "none"; NULL: not given. */
int expect_parse(const char *text, bool allow_none, struct expect *out, struct error *err) MUST_CHECK;

/* Words that may be set as aliases: legal, not reserved ("latest" is ERR_INVALID with a reason of its own). */
int alias_check(const char *alias, struct error *err) MUST_CHECK;

/* Inside a transaction: alias → version of c.  ERR_CONFLICT when one differs only in case, or the expectation is not met (it names the holder). */
int alias_set(struct txn *txn, const struct collection *c, const char *alias, const struct oid *version, const struct expect *expect,
	      struct error *err) MUST_CHECK;

struct alias_change {
	const char *reference;         /* REF; for removal NAME:ALIAS */
	const struct strvec *aliases;
	struct expect expect;
	const char *why;
	bool dry_run, override;
};
/* Moves all aliases to what the reference means under the lock; *out is that version. */
int alias_move(struct registry *reg, const struct alias_change *change, struct resolved *out, struct error *err) MUST_CHECK;
struct alias_removal {
	const struct strvec *references; /* NAME:ALIAS each */
	struct expect expect;
	const char *why;
	bool dry_run, override;
};
/* In one transaction; one that is not there is ERR_NO_REFERENCE and none is removed. */
int alias_remove(struct registry *reg, const struct alias_removal *removal, struct error *err) MUST_CHECK;

#endif
