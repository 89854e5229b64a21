/* SPDX-License-Identifier: Apache-2.0 */
/* Sorts edges by their nodes, without comparing. */
#include <config.h>

#include "registry/lineage-ways.h"

#include <stdlib.h>

#include "base/mem.h"

static size_t node_of(const struct lineage_edge *e, bool up)
{
	return up ? e->to : e->from;
}

void lineage_ways_make(const struct lineage *l, bool up, struct lineage_ways *out)
{
	CLEANUP(ptr) size_t *used = xcalloc(l->count + 1, sizeof *used);
	size_t node;

	*out = (struct lineage_ways){ xcalloc(l->count + 1, sizeof *out->first), xcalloc(l->edge_count + 1, sizeof *out->edges) };
	for (size_t i = 0; i < l->edge_count; i++)
		out->first[node_of(&l->edges[i], up) + 1]++;
	for (size_t i = 0; i < l->count; i++)
		out->first[i + 1] += out->first[i];
	for (size_t i = 0; i < l->edge_count; i++) {
		node = node_of(&l->edges[i], up);
		out->edges[out->first[node] + used[node]++] = i;
	}
}

void lineage_ways_cleanup(struct lineage_ways *ways)
{
	free(ways->first);
	free(ways->edges);
	*ways = (struct lineage_ways){ NULL, NULL };
}
