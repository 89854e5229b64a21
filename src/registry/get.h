/* SPDX-License-Identifier: Apache-2.0 */
/* Version → directory. */
#ifndef MREG_REGISTRY_GET_H
#define MREG_REGISTRY_GET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "registry/registry.h"
#include "registry/resolve.h"

struct get_options {
	const char *dir; /* the target */
	const struct strvec *include, *exclude;
	bool exact, force;
	bool offline; /* ERR_REMOTE instead of using the network for external references */
	bool dry_run; /* compare and decide, write nothing; the result says what would have been */
};
struct get_result {
	uint64_t written, removed, unchanged; /* entries */
	uint64_t bytes;                       /* of the files written */
};

/*
 * A target that does not exist is built beside its place and renamed into it: whole or not there.  Into an existing directory: unchanged files are not touched; files of the
 * last 1,000 versions of the collection are replaced or removed, all else is foreign: kept, ERR_POLICY when it is in the way (nothing is then
 * changed) unless force; exact removes it.  External references are fetched and checked like the rest, before anything is changed; what is there already is not fetched
 * again.  Changed files are staged and verified first, then renamed one by one.  `.mreg` is never touched.
 */
int get_run(struct registry *reg, const struct resolved *version, const struct get_options *options, struct get_result *out,
	    struct error *err) MUST_CHECK;
/* Could it be written?  Asked before anything else is; a place inside the target that only the get will make is taken to be good. */
int get_check_stamp(const char *path, const char *target, struct error *err) MUST_CHECK;
/* Writes the digest and a newline to path, atomically, only when that is not what it holds. */
int get_stamp(const char *path, const struct oid *digest, struct error *err) MUST_CHECK;

#endif
