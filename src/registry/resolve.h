/* SPDX-License-Identifier: Apache-2.0 */
/* Reference → version. */
#ifndef MREG_REGISTRY_RESOLVE_H
#define MREG_REGISTRY_RESOLVE_H

#include "base/error.h"
#include "base/strbuf.h"
#include "format/reference.h"
#include "registry/collection.h"

struct resolved {
	struct collection collection;
	struct version_row row; /* live */
};
#define RESOLVED_INIT { COLLECTION_INIT, VERSION_ROW_INIT }
void resolved_cleanup(struct resolved *r);

/*
 * ERR_INVALID for text that is no reference, ERR_NO_COLLECTION, ERR_NO_REFERENCE (a number never used or removed, an alias that does not exist: the hint lists
 * those that do and the nearest, an empty collection, no digest that begins so); a digest prefix of several contents is ERR_INVALID.
 * A bare NAME is its latest.
 */
int resolve_text(struct view *v, const char *text, struct resolved *out, struct error *err) MUST_CHECK;
int resolve_reference(struct view *v, const struct reference *ref, struct resolved *out, struct error *err) MUST_CHECK;
/* Operands that must be a collection, not one of its versions ("log m:v1" is ERR_USAGE). */
int resolve_bare(struct view *v, const char *text, struct collection *out, struct error *err) MUST_CHECK;
/*
 * For who removes several: every operand is resolved before anything goes, so that "m:v4 m:latest" does not come to take v3 as well.  One `resolved` for
 * each of the references, in their order; resolve_is_there() then tells whether an operand before has taken it along: 1, 0, -1.
 */
struct resolved_list {
	struct resolved *v;
	size_t count;
};
void resolved_list_cleanup(struct resolved_list *list);
int resolve_is_there(struct view *v, const struct resolved *r, struct error *err) MUST_CHECK;
/* "NAME:v3" */
void resolved_name(struct strbuf *out, const struct resolved *r);

#endif
