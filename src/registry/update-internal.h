/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of an update know: update.c, which looks and decides, and update-apply.c, which writes. */
#ifndef MREG_REGISTRY_UPDATE_INTERNAL_H
#define MREG_REGISTRY_UPDATE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "registry/tree.h"
#include "registry/update.h"
#include "store/statcache.h"

#define UPDATE_NAMED_MAX 5 /* files that a refusal, or a rehearsal, names */

/* Something in the directory. */
struct have {
	const struct tree_entry *t;
	const struct entry *wants; /* what the version has at this path */
	struct oid digest;
	bool chosen; /* by --include and --exclude */
	bool hashed, same, ours, in_way, settled;
};

struct update {
	struct registry *reg;
	const struct resolved *version;
	const struct entry *const *entries; /* of the version, sorted by path */
	size_t count;
	const struct get_options *options;
	struct get_result *out;
	struct objects *objects;
	struct tree tree;
	struct have *have;       /* of each entry of the tree */
	bool *present;           /* entries[i] is there, same in content */
	size_t pending;          /* of have: neither same nor known to be ours or foreign */
	struct stat_rows learned; /* of files that were hashed */
	int root_fd;
};

/* What the version has at this path; is something of it below? */
const struct entry *update_find_entry(const struct update *u, const char *path);
bool update_has_entry_below(const struct update *u, const char *path);

/* Counts what update_apply() would do, and names what it would remove. */
void update_apply_dry(struct update *u, const struct entry **changed, size_t count);
/* Writes the changed entries, sorted by path, and removes what is to go. */
int update_apply(struct update *u, const struct entry **changed, size_t count, struct error *err) MUST_CHECK;

#endif
