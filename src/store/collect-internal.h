/* SPDX-License-Identifier: Apache-2.0 */
/* What collect.c, which judges, and collect-run.c, which acts, know of each other. */
#ifndef MREG_STORE_COLLECT_INTERNAL_H
#define MREG_STORE_COLLECT_INTERNAL_H

#include "base/hashmap.h"
#include "store/collect.h"
#include "store/objects.h"

/* A pack of which something goes. */
struct victim {
	struct pack *pack; /* the set's */
	uint8_t *stays;    /* a bit for each row of its table: a record that is copied */
	size_t live_count, dead_count;
	uint64_t live_bytes, dead_bytes; /* of records, with their rows */
	bool is_left;                    /* it is not touched: something that is alive cannot be copied */
	bool has_risen;                  /* nor this one: something was dead and is no more */
	bool is_gone;
};

struct collector {
	struct store *store;
	struct objects *objects;
	struct object_reader *reader;
	const struct live_set *live;
	size_t live_count; /* of it, when the packs were judged */
	struct collect_options options;
	int64_t now;
	struct victim *victims; /* those with least to copy first */
	size_t count, cap;
	struct hashmap copies;  /* of objects that have several: which one stays */
};

bool collect_is_live(const struct collector *c, const struct pack_row *row);
void collect_add(struct collect_sums *sums, const struct victim *v);
/* Something in it is alive that was not when it was judged. */
bool collect_has_risen(struct collector *c, const struct victim *v);

#endif
