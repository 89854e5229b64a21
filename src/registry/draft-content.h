/* SPDX-License-Identifier: Apache-2.0 */
/* What a draft comes to, and whether the bytes of it are there. */
#ifndef MREG_REGISTRY_DRAFT_CONTENT_H
#define MREG_REGISTRY_DRAFT_CONTENT_H

#include "base/error.h"
#include "format/manifest.h"
#include "registry/open-draft.h"

struct draft_content {
	struct manifest base, result;
};
#define DRAFT_CONTENT_INIT { MANIFEST_INIT, MANIFEST_INIT }
void draft_content_cleanup(struct draft_content *c);
int draft_content_read(struct registry *reg, const struct open_draft *d, struct draft_content *out, struct error *err) MUST_CHECK;
/* The same as if step were its last. */
int draft_content_with(struct registry *reg, struct open_draft *d, const struct draft_step *step, struct draft_content *out,
		       struct error *err) MUST_CHECK;
/*
 * ERR_INTEGRITY when a file is not in the registry.  What the base has is not looked for as long as it is a live version: the bytes may be
 * elsewhere, as those of that version are.
 */
int draft_content_check(struct registry *reg, const struct open_draft *d, const struct draft_content *c, struct error *err) MUST_CHECK;

#endif
