/* SPDX-License-Identifier: Apache-2.0 */
/* Is a directory what a version says it is; are a version's stored bytes sound. */
#ifndef MREG_REGISTRY_VERIFY_H
#define MREG_REGISTRY_VERIFY_H

#include "base/error.h"
#include "registry/compare.h"
#include "registry/external.h"
#include "registry/registry.h"
#include "registry/resolve.h"

/* Manifest of a directory as a put of it would make it (.mregignore honoured), every file read or known by the stat cache; but links that leave it are no
 * error, and a special file is an entry that no version has.  Ends the snapshot, as registry_drop_view() does. */
int verify_scan(struct registry *reg, const char *dir, struct manifest *out, struct error *err) MUST_CHECK;

/* A file of the version whose stored bytes are missing or damaged. */
typedef void (*verify_fn)(const char *path, const struct error *why, void *arg);
/* Reads every stored byte of a version, after fetching what is elsewhere of it: *files and *bytes are those, *refs its external references, which are left alone; *damaged counts the files for
 * which fn was called. */
int verify_stored(struct registry *reg, const struct version_row *version, verify_fn fn, void *arg, uint64_t *files, uint64_t *bytes, uint64_t *refs, uint64_t *damaged,
		  struct error *err) MUST_CHECK;

/* An external reference that is not what it was, or of which that cannot be said. */
typedef void (*verify_reference_fn)(const char *path, enum external_state state, const struct error *why, void *arg);
/* Probes every external reference of a version, by the network where it must; counts says how many are in which state. */
int verify_references(struct registry *reg, const struct oid *digest, verify_reference_fn fn, void *arg, uint64_t counts[EXTERNAL_STATES],
		      struct error *err) MUST_CHECK;

/* One file of a version in order to fn, each chunk checked before it is handed out; what is elsewhere is fetched, and an external reference checked as a
 * whole first. */
int verify_stream(struct registry *reg, const struct oid *version, const struct manifest *m, const struct entry *file,
		  int (*fn)(const void *data, size_t len, void *arg, struct error *err), void *arg, struct error *err) MUST_CHECK;

#endif
