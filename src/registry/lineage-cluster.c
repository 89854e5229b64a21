/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes of a lineage are shown as one: those of one step, direction and type that hang on the same ones. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "registry/lineage-graph.h"

#define ALONE_MAX 2 /* so many are shown one by one */

/* A node and one that it hangs on, a step nearer to the start. */
struct tie {
	size_t node, parent;
};
struct clusters {
	const struct lineage *raw;
	const struct lineage_mark *marks;
	enum lineage_direction direction;
	size_t *shown_as;
	size_t *order; /* nodes of the direction, step by step */
	size_t count;
	struct tie *ties; /* sorted by node */
	size_t tie_count;
};
struct group {
	size_t first, members;
};

static int compare_ties(const void *va, const void *vb)
{
	const struct tie *a = va, *b = vb;

	if (a->node != b->node)
		return a->node < b->node ? -1 : 1;
	return a->parent < b->parent ? -1 : a->parent > b->parent;
}

static int compare_sizes(const void *va, const void *vb)
{
	const size_t *a = va, *b = vb;

	return *a < *b ? -1 : *a > *b;
}

static int compare_steps(const void *va, const void *vb, void *arg)
{
	const struct clusters *c = arg;
	const size_t *a = va, *b = vb;
	uint32_t da = c->marks[*a].depth[c->direction], db = c->marks[*b].depth[c->direction];

	if (da != db)
		return da < db ? -1 : 1;
	return compare_sizes(va, vb);
}

static void collect(struct clusters *c)
{
	const enum lineage_direction d = c->direction;

	for (size_t i = 0; i < c->raw->edge_count; i++) {
		const struct lineage_edge *e = &c->raw->edges[i];
		const size_t node = d == LINEAGE_UP ? e->from : e->to, parent = d == LINEAGE_UP ? e->to : e->from;
		const struct lineage_mark *near = &c->marks[parent], *far = &c->marks[node];

		if (near->is_reached[d] && far->is_reached[d] && far->depth[d] == near->depth[d] + 1)
			c->ties[c->tie_count++] = (struct tie){ node, parent };
	}
	qsort(c->ties, c->tie_count, sizeof *c->ties, compare_ties);
	for (size_t i = 0; i < c->raw->count; i++)
		if (c->marks[i].is_reached[d])
			c->order[c->count++] = i;
	qsort_r(c->order, c->count, sizeof *c->order, compare_steps, c);
}

/* One that is met in both directions, or that somebody relies on by an alias, is shown itself. */
static bool may_join(const struct clusters *c, size_t node)
{
	return c->marks[node].depth[c->direction] && !c->marks[node].is_reached[!c->direction] && !c->raw->nodes[node].aliases.count;
}

static size_t first_tie(const struct clusters *c, size_t node)
{
	size_t low = 0, high = c->tie_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (c->ties[middle].node < node)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Equal for nodes that are alike. */
static void make_key(const struct clusters *c, size_t node, struct strbuf *key)
{
	const struct lineage_node *n = &c->raw->nodes[node];
	const size_t first = first_tie(c, node);
	CLEANUP(ptr) size_t *parents = NULL;
	size_t count = 0;

	while (first + count < c->tie_count && c->ties[first + count].node == node)
		count++;
	parents = xcalloc(count + 1, sizeof *parents);
	for (size_t i = 0; i < count; i++)
		parents[i] = c->shown_as[c->ties[first + i].parent];
	qsort(parents, count, sizeof *parents, compare_sizes);
	strbuf_reset(key);
	strbuf_addf(key, "%d%d%d%s", n->kind, n->is_dangling, n->is_removed, n->type);
	strbuf_addc(key, '\0');
	for (size_t i = 0; i < count; i++)
		if (!i || parents[i] != parents[i - 1])
			strbuf_add(key, &parents[i], sizeof parents[i]);
}

/* The nodes from `first` on that are of one step; *next: the first of the step after. */
static void join_step(struct clusters *c, size_t first, size_t *next)
{
	const uint32_t depth = c->marks[c->order[first]].depth[c->direction];
	CLEANUP(hashmap) struct hashmap places = HASHMAP_INIT; /* key → place in groups, from 1 */
	CLEANUP(ptr) struct group *groups = NULL;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(ptr) size_t *group_of = NULL;
	size_t count = 0, cap = 0, place, end = first;

	while (end < c->count && c->marks[c->order[end]].depth[c->direction] == depth)
		end++;
	group_of = xcalloc(end - first, sizeof *group_of);
	for (size_t i = first; i < end; i++) {
		if (!may_join(c, c->order[i]))
			continue;
		make_key(c, c->order[i], &key);
		place = (size_t)(uintptr_t)hashmap_find(&places, key.buf, key.len);
		if (!place) {
			ARRAY_GROW(groups, count + 1, cap);
			groups[count++] = (struct group){ c->order[i], 0 };
			place = count;
			(void)hashmap_put(&places, key.buf, key.len, (void *)(uintptr_t)place);
		}
		groups[place - 1].members++;
		group_of[i - first] = place;
	}
	for (size_t i = first; i < end; i++)
		if (group_of[i - first] && groups[group_of[i - first] - 1].members > ALONE_MAX)
			c->shown_as[c->order[i]] = groups[group_of[i - first] - 1].first;
	*next = end;
}

size_t *lineage_cluster(const struct lineage *raw, const struct lineage_mark *marks)
{
	size_t *shown_as = xcalloc(raw->count, sizeof *shown_as);

	for (size_t i = 0; i < raw->count; i++)
		shown_as[i] = i;
	for (int d = 0; d < LINEAGE_DIRECTIONS; d++) {
		CLEANUP(ptr) size_t *order = xcalloc(raw->count, sizeof *order);
		CLEANUP(ptr) struct tie *ties = xcalloc(raw->edge_count + 1, sizeof *ties);
		struct clusters c = { .raw = raw, .marks = marks, .direction = (enum lineage_direction)d, .shown_as = shown_as, .order = order, .ties = ties };

		collect(&c);
		for (size_t i = 0; i < c.count;)
			join_step(&c, i, &i);
	}
	return shown_as;
}
