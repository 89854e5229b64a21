/* SPDX-License-Identifier: Apache-2.0 */
/* What a remote lacks of what is here, and what it has that is not here, as far as was last seen: without asking it. */
#ifndef MREG_REGISTRY_REMOTE_LAG_H
#define MREG_REGISTRY_REMOTE_LAG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "registry/remote.h"

#define REMOTE_LAG_MAX 10000 /* more are not counted */

struct remote_lag {
	bool is_known;     /* false: it was never asked, and the rest is zero */
	int64_t seen;      /* when it was asked */
	uint64_t changes;  /* of ours that it lacks: of all, or if only patterns were ever pushed or pulled, of what they select */
	uint64_t versions; /* and how many of these bring a version or a link */
	bool has_more;     /* there are more than were counted */
	bool is_ahead;     /* it had changes that were not pulled */
};
int remote_lag_read(struct registry *reg, const struct remote *r, struct remote_lag *out, struct error *err) MUST_CHECK;

#endif
