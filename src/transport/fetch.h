/* SPDX-License-Identifier: Apache-2.0 */
/* Objects that this registry lacks, asked of the other side in bulk, held in quarantine until all is there and verified. */
#ifndef MREG_TRANSPORT_FETCH_H
#define MREG_TRANSPORT_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/hashmap.h"
#include "registry/registry.h"
#include "transport/connection.h"

struct fetch;

struct fetch_version {
	struct oid version, digest; /* of a version/ or link/ key's value */
	uint64_t size, files;       /* what that value says; the manifest must agree */
	bool wants_bytes;           /* else version object and manifest alone */
	bool is_described;          /* out: version object and manifest are here, and were verified */
	bool is_complete;           /* out: everything that was wanted is here, and was verified */
};
struct fetch_file {
	struct oid digest;
	uint64_t size;
	const char *path;           /* for messages */
	bool is_complete;           /* out */
};

/* Holds the objects' lock (shared) from here on.  Takes over what interrupted transfers have left in quarantine. */
struct fetch *fetch_new(struct registry *reg, struct connection *c, struct error *err) MUST_CHECK;

/*
 * Brings what these versions need and this registry lacks: version objects, manifests, recipes, chunks, in four bulk rounds whatever the number of
 * files.  Every record is checked as it comes: asked for, once, of a size that its kind may have and the manifest allows, decoded within that size,
 * hashed.  Every file whose recipe or any chunk is new is reassembled and hashed.  Manifests are parsed as get does, version objects name their
 * manifest.  What the other side lacks leaves its versions incomplete; it is no error.  What is wrong is ERR_INTEGRITY, naming the object; the other side not
 * keeping to the protocol is ERR_REMOTE.  Progress is told in bytes.
 */
int fetch_versions(struct fetch *f, struct fetch_version *versions, size_t count, struct error *err) MUST_CHECK;
/* The same for single files. */
int fetch_files(struct fetch *f, struct fetch_file *files, size_t count, struct error *err) MUST_CHECK;
/* For repair: these objects (kind, id), whatever this registry thinks it has; complete[i] says which came.  Damaged ids are asked for as well. */
int fetch_objects(struct fetch *f, const struct want *wants, size_t count, bool *complete, struct error *err) MUST_CHECK;

/* What came and was verified is durable in objects/ from here on; more may be fetched after it. */
int fetch_commit(struct fetch *f, struct error *err) MUST_CHECK;
uint64_t fetch_bytes(const struct fetch *f);   /* stored bytes that were taken over so far */
uint64_t fetch_objects_count(const struct fetch *f);
/* What came and was not committed stays in quarantine for the next one. */
void fetch_free(struct fetch *f);
void fetch_cleanup(struct fetch **f);

#endif
