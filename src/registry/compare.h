/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between two manifests. */
#ifndef MREG_REGISTRY_COMPARE_H
#define MREG_REGISTRY_COMPARE_H

#include <stdint.h>

#include "base/error.h"
#include "format/manifest.h"

enum difference_kind { DIFFERENCE_ADDED, DIFFERENCE_DELETED, DIFFERENCE_MODIFIED, DIFFERENCE_RENAMED };

/* before is NULL for added, after for deleted.  A rename pairs a deleted and an added file of the same digest and more than 0 bytes. */
struct difference {
	enum difference_kind kind;
	const struct entry *before, *after;
};
struct differences {
	struct difference *v;
	size_t count, cap;
	uint64_t added, deleted, modified, renamed;
};
#define DIFFERENCES_INIT { NULL, 0, 0, 0, 0, 0, 0 }

/* Ordered by path (of after, else before).  Points into both manifests. */
void compare_manifests(const struct manifest *before, const struct manifest *after, struct differences *out);
const char *difference_name(enum difference_kind kind); /* "added" … */
void differences_cleanup(struct differences *d);

#endif
