/* SPDX-License-Identifier: Apache-2.0 */
/* bytes -> pointer: open addressing, linear probing, keyed hash since the keys may come from a stranger. */
#include <config.h>

#include "base/hashmap.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/env.h"
#include "base/mem.h"

static uint64_t hash_key[2];
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;

static void make_hash_key(void)
{
	random_fill(hash_key, sizeof hash_key, "hashmap");
}

static uint64_t rotate(uint64_t v, int bits)
{
	return v << bits | v >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32) + v[3];
	v[2] += v[1];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

/* SipHash-1-3: no one can make many names that collide. */
static uint64_t hash_bytes(const void *data, size_t len)
{
	const uint8_t *p = data, *end = p + (len & ~(size_t)7);
	uint8_t tail[8] = { 0 };
	uint64_t v[4], m;

	pthread_once(&hash_key_once, make_hash_key);
	v[0] = hash_key[0] ^ UINT64_C(0x736f6d6570736575);
	v[1] = hash_key[1] ^ UINT64_C(0x646f72616e646f6d);
	v[2] = hash_key[0] ^ UINT64_C(0x6c7967656e657261);
	v[3] = hash_key[1] ^ UINT64_C(0x7465646279746573);
	for (; p < end; p += 8) {
		m = load_le64(p);
		v[3] ^= m;
		sip_round(v);
		v[0] ^= m;
	}
	if (len & 7)
		memcpy(tail, p, len & 7);
	m = load_le64(tail) | (uint64_t)len << 56;
	v[3] ^= m;
	sip_round(v);
	v[0] ^= m;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The slot that has the key, or the empty one where it would go.  cap is a power of two and never full. */
static struct hashmap_slot *slot_of(const struct hashmap *map, uint64_t hash, const void *key, size_t len)
{
	struct hashmap_slot *slot;

	for (size_t i = (size_t)hash;; i++) {
		slot = &map->slots[i & (map->cap - 1)];
		if (!slot->key || (slot->hash == hash && slot->len == len && (!len || !memcmp(slot->key, key, len))))
			return slot;
	}
}

static struct hashmap_slot *find_slot(const struct hashmap *map, const void *key, size_t len)
{
	struct hashmap_slot *slot;

	if (!map->count)
		return NULL;
	slot = slot_of(map, hash_bytes(key, len), key, len);
	return slot->key ? slot : NULL;
}

void *hashmap_find(const struct hashmap *map, const void *key, size_t len)
{
	struct hashmap_slot *slot = find_slot(map, key, len);

	return slot ? slot->value : NULL;
}

bool hashmap_has(const struct hashmap *map, const void *key, size_t len)
{
	return find_slot(map, key, len) != NULL;
}

static void enlarge(struct hashmap *map)
{
	struct hashmap bigger = { .cap = map->cap ? 2 * map->cap : 16, .count = map->count };

	bigger.slots = xcalloc(bigger.cap, sizeof *bigger.slots);
	for (size_t i = 0; i < map->cap; i++)
		if (map->slots[i].key)
			*slot_of(&bigger, map->slots[i].hash, map->slots[i].key, map->slots[i].len) = map->slots[i];
	free(map->slots);
	*map = bigger;
}

void *hashmap_put(struct hashmap *map, const void *key, size_t len, void *value)
{
	uint64_t hash = hash_bytes(key, len);
	struct hashmap_slot *slot;
	void *old;

	if (map->count >= map->cap / 4 * 3)
		enlarge(map);
	slot = slot_of(map, hash, key, len);
	old = slot->value;
	if (!slot->key) {
		*slot = (struct hashmap_slot){ .hash = hash, .key = xmemdup(key, len), .len = len };
		map->count++;
	}
	slot->value = value;
	return old;
}

/* Moves later slots of the same run back, so that no probe ends early at the hole. */
static void close_gap(struct hashmap *map, size_t hole)
{
	size_t mask = map->cap - 1, home;

	for (size_t i = (hole + 1) & mask; map->slots[i].key; i = (i + 1) & mask) {
		home = (size_t)map->slots[i].hash & mask;
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		map->slots[hole] = map->slots[i];
		hole = i;
	}
	map->slots[hole] = (struct hashmap_slot){ 0 };
}

void *hashmap_take(struct hashmap *map, const void *key, size_t len)
{
	struct hashmap_slot *slot = find_slot(map, key, len);
	void *value;

	if (!slot)
		return NULL;
	value = slot->value;
	free(slot->key);
	map->count--;
	close_gap(map, (size_t)(slot - map->slots));
	return value;
}

int hashmap_each(const struct hashmap *map, int (*fn)(const void *key, size_t len, void *value, void *arg), void *arg)
{
	int stop;

	for (size_t i = 0; i < map->cap; i++) {
		const struct hashmap_slot *slot = &map->slots[i];

		stop = slot->key ? fn(slot->key, slot->len, slot->value, arg) : 0;
		if (stop)
			return stop;
	}
	return 0;
}

void hashmap_release(struct hashmap *map, void (*free_value)(void *))
{
	for (size_t i = 0; i < map->cap; i++) {
		if (map->slots[i].key && free_value)
			free_value(map->slots[i].value);
		free(map->slots[i].key);
	}
	free(map->slots);
	*map = (struct hashmap)HASHMAP_INIT;
}

void hashmap_cleanup(struct hashmap *map)
{
	int saved = errno;

	hashmap_release(map, NULL);
	errno = saved;
}
