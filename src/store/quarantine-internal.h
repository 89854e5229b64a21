/* SPDX-License-Identifier: Apache-2.0 */
/* What quarantine.c and quarantine-left.c share. */
#ifndef MREG_STORE_QUARANTINE_INTERNAL_H
#define MREG_STORE_QUARANTINE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/hashmap.h"
#include "store/objects-state.h"
#include "store/pack.h"
#include "store/quarantine.h"

/* A whole pack in the transfer's directory. */
struct held_pack {
	struct pack *pack;
	uint8_t *approved; /* a bit for each row of its table; NULL: it is ours, and all are */
	size_t count;      /* of bits that are set */
};

struct quarantine {
	struct objects *objects;
	char *dir;             /* of this transfer */
	char *parent;
	int lock_fd;
	pthread_rwlock_t lock; /* of all that follows; read: adding to the writer, looking up */
	struct pack_writer *writer;
	struct held_pack *packs;
	size_t count, cap;
	size_t left_count;     /* how many of them were left over */
	struct hashmap rejected; /* kind, id */
	atomic_uint_fast64_t bytes, records;
};

/* The transfer's directory, with its lock. */
int quarantine_make_dir(struct quarantine *q, struct error *err) MUST_CHECK;
/* Everything whose process is gone comes into the transfer's directory. */
int quarantine_take_over(struct quarantine *q, struct error *err) MUST_CHECK;
/* Opens DIR/NAME.pack; is_ours: its records count as verified. */
int quarantine_hold(struct quarantine *q, const struct oid *name, bool is_ours, struct error *err) MUST_CHECK;

#endif
