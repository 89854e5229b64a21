/* SPDX-License-Identifier: Apache-2.0 */
/* What keeps a version from being removed in passing. */
#ifndef MREG_REGISTRY_HOLDERS_H
#define MREG_REGISTRY_HOLDERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hashmap.h"
#include "base/strbuf.h"
#include "registry/collection.h"
#include "registry/link.h"
#include "registry/registry.h"

#define HOLDERS_KEEP_TAG "keep"

/* What holds for all versions of one artifact: read once. */
struct holders {
	struct view *view;
	const struct collection *collection; /* borrowed */
	struct alias_rows aliases;
	struct registry *reg;
	bool has_bases;
	struct hashmap bases; /* id of a version that an open draft was made from → something; read when first asked for */
};
void holders_cleanup(struct holders *h);
int holders_open(struct registry *reg, struct view *v, const struct collection *c, struct holders *out, struct error *err) MUST_CHECK;

/* "aliases best, staging": its aliases, appended; false when it has none. */
bool holders_add_aliases(const struct holders *h, const struct version_row *row, struct strbuf *out);
/* Anything at all that says it is to stay: an alias, a link, an open draft made from it, a run that used it, ttl never, the tag "keep".  1, 0, -1. */
int holders_hold(struct holders *h, const struct version_row *row, struct error *err) MUST_CHECK;

#endif
