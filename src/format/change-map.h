/* SPDX-License-Identifier: Apache-2.0 */
/* The changes that one side holds, by key: what push and pull compare. */
#ifndef MREG_FORMAT_CHANGE_MAP_H
#define MREG_FORMAT_CHANGE_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"
#include "base/hashmap.h"
#include "base/mem.h"
#include "base/strvec.h"
#include "format/change.h"
#include "format/fold.h"

/* Borrowed changes. */
struct change_list {
	const struct change **v;
	size_t count, cap;
};
#define CHANGE_LIST_INIT { NULL, 0, 0 }

static inline void change_list_add(struct change_list *list, const struct change *c)
{
	ARRAY_GROW(list->v, list->count + 1, list->cap);
	list->v[list->count++] = c;
}

static inline void change_list_cleanup(struct change_list *list)
{
	ptr_cleanup(&list->v);
	list->count = list->cap = 0;
}

/* All changes of one side, or of a part of its collections; none that is withdrawn.  The changes are borrowed and outlive it. */
struct change_map {
	struct hashmap keys; /* key → struct change_list * */
	struct hashmap ids;  /* id → const struct change * */
};
#define CHANGE_MAP_INIT { HASHMAP_INIT, HASHMAP_INIT }

/* False: it is there already. */
bool change_map_add(struct change_map *map, const struct change *c);
void change_map_add_all(struct change_map *map, const struct change_map *other);
/* Those of other whose id is not in the set. */
void change_map_add_but(struct change_map *map, const struct change_map *other, const struct hashmap *set);
const struct change *change_map_find(const struct change_map *map, const struct oid *id); /* NULL if absent */
const struct change_list *change_map_of(const struct change_map *map, const char *key);   /* NULL if it has none of this key */
/* Adds every key to the list, which is sorted then; a key that is there already stands in it twice. */
void change_map_keys(const struct change_map *map, struct strvec *keys);
/* The state: what fold_step() makes of all of them in a journal's order. */
void change_map_fold(const struct change_map *map, struct fold *out);
void change_map_cleanup(struct change_map *map);

#endif
