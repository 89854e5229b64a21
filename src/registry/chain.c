/* SPDX-License-Identifier: Apache-2.0 */
/* Follows the changes of a key from its heads back to the first. */
#include <config.h>

#include "registry/chain.h"

#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/mem.h"

void chain_cleanup(struct chain *chain)
{
	for (size_t i = 0; i < chain->count; i++)
		change_cleanup(&chain->v[i]);
	free(chain->v);
	*chain = (struct chain)CHAIN_INIT;
}

/* One is in the map as soon as it is asked for; what is not there was withdrawn, or never came. */
static int collect(struct view *v, const struct oid *id, struct hashmap *seen, struct chain *out, struct error *err)
{
	struct change c = { .key = NULL };
	int found;

	if (hashmap_has(seen, id->raw, OID_LEN))
		return 0;
	hashmap_put(seen, id->raw, OID_LEN, NULL);
	found = view_change(v, id, &c, err);
	if (found <= 0)
		return found;
	ARRAY_GROW(out->v, out->count + 1, out->cap);
	out->v[out->count++] = c;
	return 0;
}

static int collect_all(struct view *v, const struct heads *heads, struct chain *out, struct error *err)
{
	CLEANUP(hashmap) struct hashmap seen = HASHMAP_INIT;

	for (size_t i = 0; i < heads->count; i++)
		if (collect(v, &heads->v[i].id, &seen, out, err) < 0)
			return -1;
	for (size_t i = 0; i < out->count; i++)
		for (size_t j = 0; j < out->v[i].parent_count; j++) {
			struct oid parent = out->v[i].parents[j]; /* the array moves as it grows */

			if (collect(v, &parent, &seen, out, err) < 0)
				return -1;
		}
	return 0;
}

/* How many changes of the chain follow from each. */
struct order {
	struct hashmap places; /* id → place in the chain, counted from 1 */
	size_t *children;
	size_t *ready; /* places whose followers all stand in the result */
	size_t ready_count;
};

static void order_cleanup(struct order *o)
{
	hashmap_cleanup(&o->places);
	free(o->children);
	free(o->ready);
}

static size_t *children_of(const struct order *o, const struct oid *id, size_t *place)
{
	uintptr_t found = (uintptr_t)hashmap_find(&o->places, id->raw, OID_LEN);

	*place = found ? found - 1 : 0;
	return found ? &o->children[*place] : NULL;
}

static void order_init(struct order *o, const struct chain *c)
{
	size_t place, *children;

	o->children = xcalloc(c->count + 1, sizeof *o->children);
	o->ready = xcalloc(c->count + 1, sizeof *o->ready);
	for (size_t i = 0; i < c->count; i++)
		hashmap_put(&o->places, c->v[i].id.raw, OID_LEN, (void *)(uintptr_t)(i + 1));
	for (size_t i = 0; i < c->count; i++)
		for (size_t j = 0; j < c->v[i].parent_count; j++)
			if ((children = children_of(o, &c->v[i].parents[j], &place)))
				++*children;
	for (size_t i = 0; i < c->count; i++)
		if (!o->children[i])
			o->ready[o->ready_count++] = i;
}

static size_t take_latest(struct order *o, const struct chain *c)
{
	size_t best = 0, place;

	for (size_t i = 1; i < o->ready_count; i++)
		if (c->v[o->ready[i]].time > c->v[o->ready[best]].time)
			best = i;
	place = o->ready[best];
	o->ready[best] = o->ready[--o->ready_count];
	return place;
}

static void release_parents(struct order *o, const struct change *c)
{
	size_t place, *children;

	for (size_t j = 0; j < c->parent_count; j++)
		if ((children = children_of(o, &c->parents[j], &place)) && --*children == 0)
			o->ready[o->ready_count++] = place;
}

static void sort(struct chain *c)
{
	CLEANUP(order) struct order o = { .places = HASHMAP_INIT };
	struct change *sorted = xcalloc(c->count + 1, sizeof *sorted);
	size_t count = 0;

	order_init(&o, c);
	while (o.ready_count) {
		size_t place = take_latest(&o, c);

		sorted[count++] = c->v[place];
		release_parents(&o, &c->v[place]);
	}
	/* ids are hashes of what has the parents' ids in it, so there is no circle */
	if (count != c->count)
		BUG("%zu of %zu changes have a place", count, c->count);
	free(c->v);
	c->v = sorted;
	c->cap = count + 1;
}

int chain_read(struct view *v, const char *key, struct chain *out, struct error *err)
{
	CLEANUP(heads) struct heads heads = HEADS_INIT;

	if (view_heads(v, key, &heads, err) < 0 || collect_all(v, &heads, out, err) < 0)
		return -1;
	sort(out);
	return 0;
}

/* A change is a head then when nothing that follows from it was there yet. */
static bool is_followed(const struct chain *c, size_t place, int64_t at)
{
	for (size_t i = 0; i < place; i++)
		for (size_t j = 0; c->v[i].time <= at && j < c->v[i].parent_count; j++)
			if (oid_equal(&c->v[i].parents[j], &c->v[place].id))
				return true;
	return false;
}

const char *chain_value_at(const struct chain *chain, int64_t at)
{
	for (size_t i = 0; i < chain->count; i++)
		if (chain->v[i].time <= at && !is_followed(chain, i, at))
			return strcmp(chain->v[i].value, "null") == 0 ? NULL : chain->v[i].value;
	return NULL;
}
