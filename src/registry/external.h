/* SPDX-License-Identifier: Apache-2.0 */
/* External references: entries of a version whose bytes stay where they are, and how those are reached. */
#ifndef MREG_REGISTRY_EXTERNAL_H
#define MREG_REGISTRY_EXTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/report.h"
#include "format/manifest.h"
#include "registry/registry.h"
#include "store/statcache.h"

/* What a put is told of one. */
struct external {
	const char *uri;
	const char *as; /* its path in the version; NULL: the base name of the URI's path */
	bool has_digest, has_size;
	struct oid digest;
	uint64_t size;
};

/* Where the bytes of a reference stand, compared with what the version says. */
enum external_state {
	EXTERNAL_SAME,        /* as far as size and digest are known */
	EXTERNAL_DRIFTED,     /* another size or digest, or no file any more */
	EXTERNAL_GONE,
	EXTERNAL_UNREACHABLE, /* nobody can say */
	EXTERNAL_UNCHECKED,   /* nothing here speaks the scheme: its helper mreg-remote-SCHEME is missing */
	EXTERNAL_STATES       /* how many there are */
};

/*
 * Appends an entry for each, unsorted: m is not finished yet.  A file: that exists is read (rows learns it), and must have the size and digest that were
 * given (ERR_INTEGRITY); one that does not exist needs a digest (else ERR_LOCAL).  The network is not asked.  A URI with a credential in it is
 * warned of.  ERR_INVALID: no URI, no path to store it at.
 */
int external_add(struct registry *reg, struct manifest *m, const struct external *refs, size_t count, struct stat_rows *rows, struct error *err) MUST_CHECK;

/* Could it be fetched by this program?  ERR_REMOTE: no helper for its scheme, or it needs the network and may not use it. */
int external_check(const struct entry *ref, bool offline, struct error *err) MUST_CHECK;
/*
 * Writes its bytes to fd, and what their digest is to *digest.  ERR_INTEGRITY when they are gone or other than they were, ERR_REMOTE when they cannot be reached;
 * the file then holds anything.  Without a known digest it warns that nothing could be checked.
 */
int external_fetch(const struct entry *ref, int fd, struct report *report, struct oid *digest, struct error *err) MUST_CHECK;
/* Its bytes to fn, after all of them were checked: they wait in a file without a name. */
int external_stream(struct registry *reg, const struct entry *ref, int (*fn)(const void *data, size_t len, void *arg, struct error *err), void *arg,
		    struct error *err) MUST_CHECK;

/*
 * Looks whether it is still what it was, and keeps nothing: all bytes are read where the digest is known, else the size is asked for.  Any state but EXTERNAL_SAME has
 * its reason in *why.  -1: interrupted, or out of something.
 */
int external_probe(const struct entry *ref, struct report *report, enum external_state *state, struct error *why, struct error *err) MUST_CHECK;
/* "drifted", "gone", "unreachable", "unchecked" */
const char *external_state_name(enum external_state state);

/*
 * Turns the references of m into the files that a get of it makes, so that it can be compared with a directory's manifest `have`.  Where no digest is known, what
 * `have` has at the path is taken to be it, if the size is not another.
 */
void external_as_files(struct manifest *m, const struct manifest *have);
/* What a get writes for this entry, as far as that is known. */
uint64_t external_bytes(const struct entry *e);

#endif
