/* SPDX-License-Identifier: Apache-2.0 */
/* From what references name down to the last chunk: all that a version needs, noted as live. */
#ifndef MREG_STORE_TRACE_H
#define MREG_STORE_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/hashmap.h"
#include "store/live-set.h"
#include "store/objects.h"

enum trace_care {
	TRACE_AS_FAR = 1, /* what is there is noted; what is missing or damaged is passed over */
	TRACE_WHOLE,      /* that it is all there matters: ERR_INTEGRITY names the first object that is not */
};

/* What was traced once is not read again. One thread. */
struct trace {
	struct objects *objects;
	struct object_reader *reader;
	struct live_set live;
	struct hashmap files;     /* digest and size → the care it was traced with; a manifest may be a file as well */
	struct hashmap manifests; /* digest → the same */
};
void trace_init(struct trace *t, struct objects *objects);
void trace_cleanup(struct trace *t);

/*
 * Every recipe of a file of which all chunks are there is noted with its chunks, so that it does not matter which of them a reader takes.
 * Objects that lie only in retired packs count as being there.
 */
int trace_file(struct trace *t, const struct oid *digest, uint64_t size, enum trace_care care, struct error *err) MUST_CHECK;
/* A manifest and all files in it. */
int trace_manifest(struct trace *t, const struct oid *digest, enum trace_care care, struct error *err) MUST_CHECK;
/* A version's object and manifest alone, as far as they are there. */
int trace_about(struct trace *t, const struct oid *version, const struct oid *digest, struct error *err) MUST_CHECK;
int trace_version(struct trace *t, const struct oid *version, const struct oid *digest, enum trace_care care, struct error *err) MUST_CHECK;

#endif
