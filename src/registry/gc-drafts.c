/* SPDX-License-Identifier: Apache-2.0 */
/* What open drafts hold, for gc. */
#include <config.h>

#include "registry/draft.h"
#include "registry/gc.h"

static int keep_file(const struct oid *digest, uint64_t size, void *arg, struct error *err)
{
	return gc_keep_file(arg, digest, size, err);
}

static int keep_manifest(const struct oid *digest, void *arg, struct error *err)
{
	return gc_keep_manifest(arg, digest, err);
}

int gc_drafts_keep(struct registry *reg, struct gc_mark *m, struct error *err)
{
	const struct draft_visitor visitor = { keep_file, keep_manifest, m };

	return draft_each_object(reg, &visitor, err);
}
