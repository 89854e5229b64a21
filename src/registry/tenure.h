/* SPDX-License-Identifier: Apache-2.0 */
/* Which versions held an alias, from when to when. */
#ifndef MREG_REGISTRY_TENURE_H
#define MREG_REGISTRY_TENURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "format/change.h"
#include "registry/collection.h"

struct tenure {
	const char *alias; /* as written */
	uint64_t number;   /* of the version in its collection */
	struct oid version;
	int64_t from, to; /* to: of no meaning when is_present */
	bool is_present;
	const struct change *began; /* the move that made it the holder */
	const struct change *ended; /* that which ended it, NULL when is_present */
};

/* Newest first; what is passed is lent.  alias in any case.  1 when the alias was ever set, 0, -1.  fn: 1 stops, -1 fails. */
typedef int (*tenure_fn)(const struct tenure *tenure, void *arg, struct error *err);
int tenure_each(struct view *v, const struct collection *c, const char *alias, tenure_fn fn, void *arg, struct error *err) MUST_CHECK;

#endif
