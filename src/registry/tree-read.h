/* SPDX-License-Identifier: Apache-2.0 */
/* A tree's files read into the store, or only hashed: the manifest of what was found. */
#ifndef MREG_REGISTRY_TREE_READ_H
#define MREG_REGISTRY_TREE_READ_H

#include <stdint.h>

#include "base/error.h"
#include "base/report.h"
#include "format/manifest.h"
#include "registry/tree.h"
#include "store/objects.h"
#include "store/statcache.h"

struct tree_reader {
	struct view *view;            /* for the stat cache */
	struct objects *objects;      /* a cached digest counts only while its bytes are in there; NULL: always */
	struct object_writer *writer; /* NULL: hash only */
	struct stat_rows *rows;       /* gets what was read; may be NULL */
	struct report *report;
};
/* Adds to what is in out, which is then finished: sorted and checked.  A special file (keep_special) is in there with a digest of zeros, what is opaque is not.  *stored (may be NULL): bytes added to the store. */
int tree_read(const struct tree_reader *reader, const struct tree *tree, struct manifest *out, uint64_t *stored, struct error *err) MUST_CHECK;

#endif
