/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the object store know of each other: objects.c, object-read.c, object-writer.c. */
#ifndef MREG_STORE_OBJECTS_STATE_H
#define MREG_STORE_OBJECTS_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/report.h"
#include "store/damaged.h"
#include "store/objects.h"
#include "store/pack-set.h"
#include "store/retired.h"

struct quarantine;

struct objects {
	char *objects_dir, *tmp_dir;
	struct report *report;
	struct pack_set *packs;
	struct damaged damaged;
	pthread_rwlock_t lock; /* of the list of writers */
	struct object_writer *writers;
	struct quarantine *quarantine; /* set and cleared while nobody else uses the objects */
	pthread_mutex_t retired_mutex;
	struct retired *retired; /* opened when something is in no pack */
	atomic_uint_fast64_t retired_reads;
	int64_t listed_mtime; /* of objects/, when object-record.c had it listed in vain; 0: it may have been too new to tell */
};

struct object_writer {
	struct objects *objects;
	struct object_writer *next;
	pthread_rwlock_t lock;    /* read: adding to the pack; write: making or finishing it */
	struct pack_writer *pack; /* NULL: nothing is staged */
	pthread_mutex_t mutex;    /* of what follows; taken after lock where both are held */
	struct claim {
		struct oid id;
		enum object_kind kind;
	} *claims;                /* what some thread is storing just now */
	size_t claim_count, claim_cap;
	bool has_failed;          /* an object that others may count on is not there */
};

/* A staged object, not yet in any pack of the set. */
bool object_writer_has(struct object_writer *w, enum object_kind kind, const struct oid *id);
/* Its row and stored bytes: 1, 0 when it is not staged, -1. */
int object_writer_read(struct object_writer *w, enum object_kind kind, const struct oid *id, struct pack_row *row, struct strbuf *stored,
		       struct error *err) MUST_CHECK;
/* The same for every writer there is. */
int objects_read_staged(struct objects *o, enum object_kind kind, const struct oid *id, struct pack_row *row, struct strbuf *stored,
			struct error *err) MUST_CHECK;
/* The retired packs, listed at the first call. */
const struct retired *objects_retired(struct objects *o);
/* "chunk", "recipe", … */
const char *objects_kind_word(enum object_kind kind);

#endif
