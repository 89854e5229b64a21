/* SPDX-License-Identifier: Apache-2.0 */
/* Versions whose files are not here, and are not meant to be: they are fetched when they are read. */
#ifndef MREG_REGISTRY_ABSENT_H
#define MREG_REGISTRY_ABSENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "format/manifest.h"
#include "registry/collection.h"
#include "registry/registry.h"

/*
 * Keys of this registry alone, which never travel:
 *	absent/VERSION  {"remote":NAME-OR-URL}  files of this version may be missing; its object and manifest are here
 *	shallow/CID     true                    only a part of this collection's keys is here: nothing may be put into it or numbered in it
 */
int absent_is(struct view *v, const struct oid *version, struct strbuf *remote, struct error *err) MUST_CHECK; /* 1, 0, -1; remote may be NULL */
int absent_set(struct txn *txn, const struct oid *version, const char *remote, struct error *err) MUST_CHECK;
int absent_clear(struct txn *txn, const struct oid *version, struct error *err) MUST_CHECK;
int absent_is_shallow(struct view *v, const struct cid *cid, struct error *err) MUST_CHECK; /* 1, 0, -1 */
int absent_set_shallow(struct txn *txn, const struct cid *cid, bool is_shallow, struct error *err) MUST_CHECK;
/* ERR_CONFLICT when the collection is shallow: "pull it first". */
int absent_check_whole(struct view *v, const struct collection *c, struct error *err) MUST_CHECK;
/* The same when this transaction changes what of a shallow collection is not all here: versions, aliases, annotations of the whole, or that it is there. */
int absent_guard(struct txn *txn, struct error *err) MUST_CHECK;

/* How files are fetched: filled in by cmd from transport (struct registry's `source`; NULL where there is no way). */
struct object_source {
	/* Brings these files (digest, size) from a remote (name or URL; "": it is not known), durable at return. */
	int (*fetch)(struct object_source *s, struct registry *reg, const char *remote, const struct entry *const *files, size_t count, struct error *err);
	bool is_offline; /* --offline: fetch is not called */
};

/*
 * Before files of a version are read: those among entries (NULL: all of m) that are not here are fetched when the version is absent; if all of it is here then, it is
 * absent no more from registry_close() on.  A version that is not absent is left alone: what it lacks is damage.  ERR_REMOTE: unreachable, or
 * forbidden by --offline.  The snapshot stays.
 */
int absent_fetch(struct registry *reg, const struct oid *version, const struct manifest *m, const struct entry *const *entries, size_t count,
		 struct error *err) MUST_CHECK;
/* The same for all files, and for whoever has not read the manifest. */
int absent_fetch_all(struct registry *reg, const struct oid *version, const struct oid *digest, struct error *err) MUST_CHECK;
/* For registry_close(): versions that have become whole are noted so, if that can be had without waiting for long.  No view is open. */
void absent_settle(struct registry *reg);

#endif
