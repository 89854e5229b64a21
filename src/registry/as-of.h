/* SPDX-License-Identifier: Apache-2.0 */
/* Reference → version, at a time in the past. */
#ifndef MREG_REGISTRY_AS_OF_H
#define MREG_REGISTRY_AS_OF_H

#include <stdint.h>

#include "base/error.h"
#include "registry/resolve.h"

/*
 * As resolve_text(), but what it meant then: the name is the one that the collection has now, whatever it was called, and what was removed since is found.
 * ERR_NO_REFERENCE when there was no such thing yet, or no more, with a hint that says when there was; out->row is as it was then.
 */
int as_of_resolve(struct view *v, const char *text, int64_t at, struct resolved *out, struct error *err) MUST_CHECK;
/* By which number a collection knew a version then: one that was unlinked and linked anew has had several.  Else as view_version_in(): 1, 0, -1. */
int as_of_number(struct view *v, const struct cid *cid, const struct oid *version, int64_t at, uint64_t *out, struct error *err) MUST_CHECK;

#endif
