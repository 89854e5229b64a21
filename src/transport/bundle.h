/* SPDX-License-Identifier: Apache-2.0 */
/* Collections of a registry in one file (mreg-bundle(5)): made, checked, and looked into. */
#ifndef MREG_TRANSPORT_BUNDLE_H
#define MREG_TRANSPORT_BUNDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/report.h"
#include "base/strvec.h"
#include "registry/registry.h"

struct bundle_counts {
	uint64_t collections; /* not those that are shallow, nor runs */
	uint64_t runs;
	uint64_t versions;    /* live ones in them, of which */
	uint64_t with_files;  /* so many have their files in the bundle */
	uint64_t changes, objects, bytes;
};

struct bundle_options {
	const struct strvec *refs; /* NAME (of all its live versions the files, too), NAME:REF, NAME@HEX; globs in NAME; none: all there is */
	bool force;                /* a file that is there is replaced */
	bool dry_run;              /* reads and counts, writes nothing; counts->bytes is without header and table */
};

/*
 * Writes what is asked for, with all references of the collections and the versions and manifests of all that is live in them, into a new file, which
 * gets its name when it is whole; the journal notes that it was handed out.  ERR_POLICY: the file is there already, or would lie in a registry;
 * ERR_REMOTE: files that are absent here on purpose; ERR_INTEGRITY: what is missing or damaged.  Errors leave no file.  No view is open afterwards.
 */
int bundle_create(struct registry *reg, const char *path, const struct bundle_options *o, struct bundle_counts *counts, struct error *err) MUST_CHECK;

/* Every record decoded and hashed, every change looked at, and all that the header promises there: else ERR_INTEGRITY says what is wrong first. */
int bundle_verify(const char *path, struct report *report, struct bundle_counts *counts, struct error *err) MUST_CHECK;

/* A live version in a bundle, or a collection that has none (number and all that follows is zero then). */
struct bundle_row {
	const char *name, *type;
	bool is_model, has_version;
	uint64_t number;
	struct oid version, digest;
	uint64_t size, files;
	bool has_files;               /* they are in the bundle */
	const struct strvec *aliases; /* as written, sorted; "latest" last */
};
/* Those of all collections that are not shallow, by name and number.  fn: 1 stops, -1 fails. */
typedef int (*bundle_row_fn)(const struct bundle_row *row, void *arg, struct error *err);
int bundle_each_version(const char *path, bundle_row_fn fn, void *arg, struct error *err) MUST_CHECK;

#endif
