/* SPDX-License-Identifier: Apache-2.0 */
/* The map from bytes to pointers. */
#include <config.h>

#include "base/hashmap.h"

#include "base/cleanup.h"
#include "tap.h"

#define MANY 20000

static int values[MANY];

static size_t make_key(char *key, size_t size, int i)
{
	return (size_t)snprintf(key, size, "weights/layer.%d", i);
}

static int add_up(const void *key, size_t len, void *value, void *arg)
{
	(void)key;
	(void)len;
	*(long *)arg += (int *)value - values;
	return 0;
}

static int stop_at_once(const void *key, size_t len, void *value, void *arg)
{
	(void)key;
	(void)len;
	(void)value;
	++*(int *)arg;
	return 7;
}

static bool holds_exactly_odd(const struct hashmap *map)
{
	char key[64];

	for (int i = 0; i < MANY; i++) {
		size_t len = make_key(key, sizeof key, i);

		if (hashmap_find(map, key, len) != (i % 2 ? &values[i] : NULL))
			return false;
	}
	return true;
}

static void test_many(void)
{
	CLEANUP(hashmap) struct hashmap map = HASHMAP_INIT;
	bool fresh = true, taken = true;
	char key[64];
	long sum = 0;
	int visits = 0;

	for (int i = 0; i < MANY; i++)
		fresh = !hashmap_put(&map, key, make_key(key, sizeof key, i), &values[i]) && fresh;
	ok(fresh && map.count == MANY, "new keys replace nothing");
	hashmap_each(&map, add_up, &sum);
	is_int(sum, (long)MANY * (MANY - 1) / 2, "each entry is visited once");
	is_int(hashmap_each(&map, stop_at_once, &visits), 7, "a visit can be stopped");
	is_int(visits, 1, "at the first entry");
	for (int i = 0; i < MANY; i += 2)
		taken = hashmap_take(&map, key, make_key(key, sizeof key, i)) == &values[i] && taken;
	ok(taken && map.count == MANY / 2, "entries are taken out");
	ok(holds_exactly_odd(&map), "all others are still found");
}

int main(void)
{
	struct hashmap map = HASHMAP_INIT;

	ok(!hashmap_find(&map, "a", 1) && !hashmap_has(&map, "a", 1) && !hashmap_take(&map, "a", 1), "an empty map has nothing");
	is_int(hashmap_each(&map, stop_at_once, NULL), 0, "an empty map visits nothing");
	hashmap_put(&map, "", 0, &values[1]);
	hashmap_put(&map, "a\0b", 3, &values[2]);
	hashmap_put(&map, "a", 1, NULL);
	ok(hashmap_find(&map, "", 0) == &values[1], "the empty key is a key");
	ok(hashmap_find(&map, "a\0b", 3) == &values[2] && !hashmap_has(&map, "a\0c", 3), "keys are bytes, not strings");
	ok(hashmap_has(&map, "a", 1) && !hashmap_find(&map, "a", 1), "a NULL value is told from none");
	ok(hashmap_put(&map, "", 0, &values[3]) == &values[1] && map.count == 3, "a put hands back what it replaced");
	hashmap_release(&map, NULL);
	hashmap_put(&map, "x", 1, strdup("owned"));
	hashmap_release(&map, free);
	is_int((int)map.count, 0, "a released map is empty");
	test_many();
	return tap_done();
}
