/* SPDX-License-Identifier: Apache-2.0 */
/* A set of object ids: chunks by eight bytes in an open table, the few others in a map. */
#include <config.h>

#include "store/live-set.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FIRST_CAP 1024

struct other_key {
	uint8_t kind;
	struct oid id;
};

static char present[1]; /* the map's values say nothing */

static struct other_key key_of(enum object_kind kind, const struct oid *id)
{
	return (struct other_key){ (uint8_t)kind, *id };
}

static uint64_t word_of(const struct oid *id)
{
	uint64_t word;

	memcpy(&word, id->raw, sizeof word);
	return word ? word : 1;
}

/* Where the word is, or would be.  An id is as good as random, so its first bytes are its hash. */
static size_t place_of(const uint64_t *chunks, size_t cap, uint64_t word)
{
	size_t at = (size_t)word & (cap - 1);

	while (chunks[at] && chunks[at] != word)
		at = (at + 1) & (cap - 1);
	return at;
}

static void grow(struct live_set *set)
{
	size_t cap = set->cap ? set->cap * 2 : FIRST_CAP;
	uint64_t *chunks = xcalloc(cap, sizeof *chunks);

	for (size_t i = 0; i < set->cap; i++)
		if (set->chunks[i])
			chunks[place_of(chunks, cap, set->chunks[i])] = set->chunks[i];
	free(set->chunks);
	set->chunks = chunks;
	set->cap = cap;
}

static bool add_chunk(struct live_set *set, const struct oid *id)
{
	size_t at;

	if (set->count >= set->cap / 4 * 3)
		grow(set);
	at = place_of(set->chunks, set->cap, word_of(id));
	if (set->chunks[at])
		return false;
	set->chunks[at] = word_of(id);
	set->count++;
	return true;
}

bool live_set_add(struct live_set *set, enum object_kind kind, const struct oid *id)
{
	struct other_key key = key_of(kind, id);

	if (kind == OBJECT_CHUNK)
		return add_chunk(set, id);
	if (hashmap_has(&set->others, &key, sizeof key))
		return false;
	hashmap_put(&set->others, &key, sizeof key, present);
	return true;
}

bool live_set_has(const struct live_set *set, enum object_kind kind, const struct oid *id)
{
	struct other_key key = key_of(kind, id);

	if (kind != OBJECT_CHUNK)
		return hashmap_has(&set->others, &key, sizeof key);
	return set->cap && set->chunks[place_of(set->chunks, set->cap, word_of(id))];
}

size_t live_set_count(const struct live_set *set)
{
	return set->count + set->others.count;
}

void live_set_cleanup(struct live_set *set)
{
	ptr_cleanup(&set->chunks);
	hashmap_release(&set->others, NULL);
	*set = (struct live_set)LIVE_SET_INIT;
}
