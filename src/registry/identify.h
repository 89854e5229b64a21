/* SPDX-License-Identifier: Apache-2.0 */
/* Which version a directory is, or comes nearest to. */
#ifndef MREG_REGISTRY_IDENTIFY_H
#define MREG_REGISTRY_IDENTIFY_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strvec.h"
#include "registry/compare.h"
#include "registry/registry.h"
#include "registry/resolve.h"

#define IDENTIFY_RECENT 20 /* versions of each collection that are compared when none is equal */

struct identity {
	struct oid digest;         /* of the directory */
	struct strvec refs;        /* "m:v3": every live version that has it, in order of name and number; of those with external references, recent ones */
	struct manifest have, nearest_manifest;
	struct resolved nearest;   /* when refs is empty and some recent version shares a file with it */
	bool has_nearest;
	struct differences changes; /* nearest → directory */
};
void identity_cleanup(struct identity *id); /* of a zeroed one too */
int identify_directory(struct registry *reg, const char *dir, struct identity *out, struct error *err) MUST_CHECK;

#endif
