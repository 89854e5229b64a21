/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps changes by key and by id. */
#include <config.h>

#include "format/change-map.h"

#include <stdlib.h>
#include <string.h>

bool change_map_add(struct change_map *map, const struct change *c)
{
	size_t len = strlen(c->key);
	struct change_list *list;

	if (hashmap_has(&map->ids, c->id.raw, OID_LEN))
		return false;
	hashmap_put(&map->ids, c->id.raw, OID_LEN, (void *)(uintptr_t)c);
	list = hashmap_find(&map->keys, c->key, len);
	if (!list) {
		list = xcalloc(1, sizeof *list);
		hashmap_put(&map->keys, c->key, len, list);
	}
	change_list_add(list, c);
	return true;
}

struct adding {
	struct change_map *to;
	const struct hashmap *but; /* may be NULL */
};

static int add_one(const void *id, size_t len, void *value, void *arg)
{
	const struct adding *a = arg;

	if (!a->but || !hashmap_has(a->but, id, len))
		change_map_add(a->to, value);
	return 0;
}

void change_map_add_but(struct change_map *map, const struct change_map *other, const struct hashmap *set)
{
	hashmap_each(&other->ids, add_one, &(struct adding){ map, set });
}

void change_map_add_all(struct change_map *map, const struct change_map *other)
{
	change_map_add_but(map, other, NULL);
}

const struct change *change_map_find(const struct change_map *map, const struct oid *id)
{
	return hashmap_find(&map->ids, id->raw, OID_LEN);
}

const struct change_list *change_map_of(const struct change_map *map, const char *key)
{
	return hashmap_find(&map->keys, key, strlen(key));
}

static int add_key(const void *key, size_t len, void *value, void *arg)
{
	(void)value;
	strvec_push_own(arg, xstrndup(key, len));
	return 0;
}

void change_map_keys(const struct change_map *map, struct strvec *keys)
{
	hashmap_each(&map->keys, add_key, keys);
	strvec_sort(keys);
}

static int fold_key(const void *key, size_t len, void *value, void *arg)
{
	const struct change_list *list = value;
	struct heads *heads = xcalloc(1, sizeof *heads);
	struct fold *fold = arg;

	heads_of((const struct change *const *)list->v, list->count, NULL, 0, heads);
	hashmap_put(&fold->keys, key, len, heads);
	return 0;
}

void change_map_fold(const struct change_map *map, struct fold *out)
{
	fold_cleanup(out);
	hashmap_each(&map->keys, fold_key, out);
}

static void free_list(void *list)
{
	change_list_cleanup(list);
	free(list);
}

void change_map_cleanup(struct change_map *map)
{
	hashmap_release(&map->keys, free_list);
	hashmap_release(&map->ids, NULL);
}
