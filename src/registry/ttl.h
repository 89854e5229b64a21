/* SPDX-License-Identifier: Apache-2.0 */
/* How long a version is meant to live. */
#ifndef MREG_REGISTRY_TTL_H
#define MREG_REGISTRY_TTL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "registry/annotation.h"
#include "registry/registry.h"

enum ttl_kind { TTL_NONE, TTL_NEVER, TTL_SECONDS };
struct ttl {
	enum ttl_kind kind;
	uint64_t seconds;
	bool is_inherited; /* it is that of the collection */
};

/* Of a version (NULL: of the collection): its own, else its collection's. */
int ttl_read(struct view *v, const struct collection *c, const struct oid *version, struct ttl *out, struct error *err) MUST_CHECK;
/* When a version put at `created` is over; INT64_MAX: never. */
int64_t ttl_expiry(const struct ttl *ttl, int64_t created);

struct ttl_change {
	const char *reference, *why;
	const char *value; /* a duration, "never" or "inherit" */
	bool dry_run;
};
int ttl_set(struct registry *reg, const struct ttl_change *change, struct annotated *out, struct error *err) MUST_CHECK;

#endif
