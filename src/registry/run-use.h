/* SPDX-License-Identifier: Apache-2.0 */
/* Declares what a run uses: versions, and files and URIs, which become versions first. */
#ifndef MREG_REGISTRY_RUN_USE_H
#define MREG_REGISTRY_RUN_USE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "registry/external.h"
#include "registry/registry.h"
#include "registry/resolve.h"
#include "registry/run.h"

#define RUN_USE_TYPE "dataset" /* of an artifact that is made for a path or a URI */

enum run_use_kind { RUN_USE_REFERENCE, RUN_USE_PATH, RUN_USE_URI };
/* "/…", "./…", "../…", ".", "..": a path; SCHEME://…: a URI; all else a reference. */
enum run_use_kind run_use_kind(const char *text);

struct run_use {
	const char *text; /* REF, PATH or URI */
	const char *name; /* what the run calls it; of a path or URI also the artifact that it is put into; NULL: nothing, and its base name */
	const char *type; /* of a path or URI: NULL: RUN_USE_TYPE if the artifact is new; of a reference: what it must be of (else ERR_CONFLICT) */
	struct external of_uri; /* digest and size, of a URI alone; its uri and as are not looked at */
	const char *why;  /* NULL: none */
	bool dry_run;
};
struct run_used {
	char name[NAME_FULL_MAX + 1]; /* "NAME:vN" are name and number, in the collection through which it was asked for */
	uint64_t number;
	struct oid version, digest;
	bool created; /* a path or URI made a new version */
};
/* Declares the input in one transaction, with the version that a path or URI makes.  In a dry run of one of these, version is of no use. */
int run_use(struct registry *reg, const struct run *run, const struct run_use *use, struct run_used *out, struct error *err) MUST_CHECK;

/*
 * For who is about to bring versions: the run that will have used them (run_current()): 1, 0 there is none, -1; so that nothing is brought in vain, also when the
 * registry cannot be written.
 */
int run_use_begin(struct registry *reg, bool dry_run, struct run *out, struct error *err) MUST_CHECK;
/* Has this registry heard of the version?  1, 0, -1. */
int run_use_is_known(struct registry *reg, const struct oid *version, struct error *err) MUST_CHECK;
/* Versions that are at hand, for who has just brought them: one transaction. */
struct run_use_versions {
	const struct resolved *v;
	size_t count;
};
int run_use_all(struct registry *reg, const struct run *run, const struct run_use_versions *versions, struct error *err) MUST_CHECK;

#endif
