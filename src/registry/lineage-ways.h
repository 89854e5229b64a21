/* SPDX-License-Identifier: Apache-2.0 */
/* The edges of a lineage, node by node. */
#ifndef MREG_REGISTRY_LINEAGE_WAYS_H
#define MREG_REGISTRY_LINEAGE_WAYS_H

#include <stdbool.h>
#include <stddef.h>

#include "registry/lineage.h"

struct lineage_ways {
	size_t *first; /* node → its first in edges; one more than there are nodes, so that those of i end before first[i + 1] */
	size_t *edges; /* places in l->edges, in their order */
};
/* up: the edges that lead to each node; else those that lead away from it. */
void lineage_ways_make(const struct lineage *l, bool up, struct lineage_ways *out);
void lineage_ways_cleanup(struct lineage_ways *ways);

#endif
