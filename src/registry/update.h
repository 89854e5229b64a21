/* SPDX-License-Identifier: Apache-2.0 */
/* A version brought into a directory that has something in it. */
#ifndef MREG_REGISTRY_UPDATE_H
#define MREG_REGISTRY_UPDATE_H

#include "base/error.h"
#include "format/manifest.h"
#include "registry/get.h"

/* m: the version's; entries: what of it is wanted, sorted by path. The directory exists. */
int update_run(struct registry *reg, const struct resolved *version, const struct manifest *m, const struct entry *const *entries, size_t count,
	       const struct get_options *options, struct get_result *out, struct error *err) MUST_CHECK;

#endif
