/* SPDX-License-Identifier: Apache-2.0 */
/* An archive as a tree source: its members go straight into the store, and are entries of a tree then. */
#ifndef MREG_REGISTRY_UNPACK_H
#define MREG_REGISTRY_UNPACK_H

#include <stdint.h>

#include "base/error.h"
#include "base/report.h"
#include "registry/tree.h"
#include "store/objects.h"

struct unpacker {
	const struct tree_options *options; /* include and exclude hold; .mregignore and dereference do not */
	struct objects *objects;
	struct object_writer *writer; /* NULL: the members are only hashed */
	const char *tmp_dir;          /* for a zip that comes by a pipe */
	struct report *report;
};

/*
 * Adds what is in the archive (path "-": standard input) to the tree, below `as` when it is not NULL, as tree_add() adds what is in a
 * directory: the same content gives the same version.  *stored grows by the bytes that were added to the store.  Memory grows with the number
 * of members, not with their size.
 * ERR_INVALID: no archive; a member whose path is absolute, has "..", or is kept for registries; a link that leaves the archive.
 * ERR_CONFLICT: two members for one path.  ERR_LOCAL: damaged, encrypted, a device, FIFO or socket.  ERR_INTEGRITY: the file changes while it
 * is read.
 */
int unpack_add(const struct unpacker *u, struct tree *tree, const char *path, const char *as, uint64_t *stored,
	       struct error *err) MUST_CHECK;

#endif
