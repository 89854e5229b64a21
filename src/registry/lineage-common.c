/* SPDX-License-Identifier: Apache-2.0 */
/* What two lineages have in common. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/mem.h"
#include "registry/lineage-graph.h"
#include "registry/lineage-ways.h"

/* A node of both: its place in a, and how far it is from both starts. */
struct shared {
	size_t place;
	uint64_t steps;
	const char *name;
};

static int compare_shared(const void *va, const void *vb)
{
	const struct shared *a = va, *b = vb;

	if (a->steps != b->steps)
		return a->steps < b->steps ? -1 : 1;
	return lineage_graph_compare_names(a->name, b->name);
}

static const void *key_of(const struct lineage_node *node, size_t *len)
{
	*len = lineage_node_is_run(node) ? CID_HEX_LEN : sizeof node->version;
	return lineage_node_is_run(node) ? (const void *)node->run.hex : (const void *)&node->version;
}

static struct shared *find_shared(const struct lineage *a, const struct lineage *b, size_t *count)
{
	CLEANUP(hashmap) struct hashmap places = HASHMAP_INIT; /* → place in b, from 1 */
	struct shared *shared = xcalloc(a->count, sizeof *shared);
	const void *key;
	size_t len, place;

	for (size_t i = 0; i < b->count; i++) {
		key = key_of(&b->nodes[i], &len);
		(void)hashmap_put(&places, key, len, (void *)(uintptr_t)(i + 1));
	}
	*count = 0;
	for (size_t i = 0; i < a->count; i++) {
		key = key_of(&a->nodes[i], &len);
		place = (size_t)(uintptr_t)hashmap_find(&places, key, len);
		if (place)
			shared[(*count)++] = (struct shared){ i, (uint64_t)a->nodes[i].depth + b->nodes[place - 1].depth, a->nodes[i].name };
	}
	qsort(shared, *count, sizeof *shared, compare_shared);
	return shared;
}

/* Marks all that lies behind a node, as far as it is not marked yet. */
static void cover(const struct lineage *l, const struct lineage_ways *ways, size_t node, bool *is_covered, size_t *queue)
{
	size_t head = 0, tail = 0, at, from;

	is_covered[node] = true;
	queue[tail++] = node;
	while (head < tail) {
		at = queue[head++];
		for (size_t i = ways->first[at]; i < ways->first[at + 1]; i++) {
			from = l->edges[ways->edges[i]].from;
			if (!is_covered[from]) {
				is_covered[from] = true;
				queue[tail++] = from;
			}
		}
	}
}

size_t lineage_common_of(const struct lineage *a, const struct lineage *b, size_t **out)
{
	size_t count, found = 0;
	CLEANUP(ptr) struct shared *shared = find_shared(a, b, &count);
	CLEANUP(ptr) bool *is_covered = xcalloc(a->count, sizeof *is_covered);
	CLEANUP(ptr) size_t *queue = xcalloc(a->count, sizeof *queue);
	CLEANUP(lineage_ways) struct lineage_ways ways = { NULL, NULL };

	lineage_ways_make(a, true, &ways);
	*out = xcalloc(count + 1, sizeof **out);
	for (size_t i = 0; i < count; i++) {
		if (is_covered[shared[i].place])
			continue;
		(*out)[found++] = shared[i].place;
		cover(a, &ways, shared[i].place, is_covered, queue);
	}
	return found;
}
