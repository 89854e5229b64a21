/* SPDX-License-Identifier: Apache-2.0 */
/* Copies objects of a registry into a bundle, each once, as they lie in its packs. */
#ifndef MREG_TRANSPORT_BUNDLE_COPY_H
#define MREG_TRANSPORT_BUNDLE_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/hashmap.h"
#include "base/strbuf.h"
#include "registry/registry.h"
#include "store/bundle-writer.h"
#include "store/objects.h"

struct bundle_copy {
	struct registry *reg;
	struct objects *objects;
	struct object_reader *reader;
	struct bundle_writer *writer;  /* borrowed; NULL: only counts */
	struct hashmap seen;           /* kind and id, where there is no writer to know them */
	struct hashmap manifests;      /* digests of those of which all files are there */
	struct strbuf stored, raw;
	uint64_t objects_count, bytes; /* of records */
	uint64_t done, total;          /* bytes of files; the caller sets total */
};
int bundle_copy_init(struct bundle_copy *c, struct registry *reg, struct bundle_writer *writer, struct error *err) MUST_CHECK;
void bundle_copy_cleanup(struct bundle_copy *c);

/* A version's object and manifest, and its files when they are wanted.  ERR_INTEGRITY when something is missing or damaged. */
int bundle_copy_version(struct bundle_copy *c, const struct oid *version, const struct oid *digest, bool wants_files, struct error *err) MUST_CHECK;

#endif
