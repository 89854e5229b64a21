/* SPDX-License-Identifier: Apache-2.0 */
/* bytes -> pointer, for what fits in memory. */
#ifndef MREG_BASE_HASHMAP_H
#define MREG_BASE_HASHMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hashmap_slot {
	uint64_t hash;
	void *key; /* own copy */
	size_t len;
	void *value;
};
struct hashmap {
	struct hashmap_slot *slots;
	size_t cap, count;
};

#define HASHMAP_INIT { NULL, 0, 0 }

/* NULL if absent (so do not store NULL where that must be told apart; use hashmap_has). */
void *hashmap_find(const struct hashmap *map, const void *key, size_t len);
bool hashmap_has(const struct hashmap *map, const void *key, size_t len);
/* Returns the value that was there, or NULL; the map keeps a copy of the key, the value stays the caller's. */
void *hashmap_put(struct hashmap *map, const void *key, size_t len, void *value);
/* Removes; returns the value that was there or NULL. */
void *hashmap_take(struct hashmap *map, const void *key, size_t len);
/* Visits all in no order; stops when fn returns non-zero and returns that. */
int hashmap_each(const struct hashmap *map, int (*fn)(const void *key, size_t len, void *value, void *arg), void *arg);
/* free_value may be NULL. */
void hashmap_release(struct hashmap *map, void (*free_value)(void *));
void hashmap_cleanup(struct hashmap *map); /* hashmap_release(map, NULL) */

#endif
