/* SPDX-License-Identifier: Apache-2.0 */
/* Making and renaming collections. */
#ifndef MREG_REGISTRY_CURATE_H
#define MREG_REGISTRY_CURATE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strvec.h"
#include "registry/collection.h"
#include "registry/registry.h"

struct curate_create {
	const char *name;         /* or a title, of which a name is then made */
	bool is_artifact;         /* else a registered model */
	const char *type, *title; /* NULL: "model"; none */
	const char *note;         /* NULL: none */
	const struct strvec *tags;
	bool if_absent;           /* one of that name, kind and type is fine */
	bool dry_run;
};
/* *created is false when it was there.  ERR_CONFLICT when it is there (any case) and may not be, or is another kind or type. */
int curate_create(struct registry *reg, const struct curate_create *create, struct collection *out, bool *created, struct error *err) MUST_CHECK;

struct curate_rename {
	const char *from, *to;
	const char *why;
	bool dry_run;
};
/* All that it has stays.  ERR_CONFLICT when the new name is taken (any case).  *out as it is named then. */
int curate_rename(struct registry *reg, const struct curate_rename *rename, struct collection *out, struct error *err) MUST_CHECK;

#endif
