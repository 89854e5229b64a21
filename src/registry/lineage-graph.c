/* SPDX-License-Identifier: Apache-2.0 */
/* Lineage over any source of edges: breadth first in both directions, without recursion, so that neither depth nor cycles matter. */
#include <config.h>

#include "registry/lineage-graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/mem.h"

void lineage_node_cleanup(struct lineage_node *node)
{
	free(node->name);
	free(node->type);
	free(node->label);
	strvec_release(&node->aliases);
	strvec_release(&node->links);
	*node = (struct lineage_node){ .kind = LINEAGE_VERSION };
}

bool lineage_node_is_run(const struct lineage_node *node)
{
	return node->kind == LINEAGE_RUN || node->kind == LINEAGE_CLUSTER_RUNS;
}

bool lineage_node_is_cluster(const struct lineage_node *node)
{
	return node->kind == LINEAGE_CLUSTER_RUNS || node->kind == LINEAGE_CLUSTER_VERSIONS;
}

void lineage_cleanup(struct lineage *l)
{
	for (size_t i = 0; i < l->count; i++)
		lineage_node_cleanup(&l->nodes[i]);
	for (size_t i = 0; i < l->edge_count; i++)
		free(l->edges[i].as);
	free(l->nodes);
	free(l->edges);
	*l = (struct lineage)LINEAGE_INIT;
}

static void cut(struct lineage_node *node, bool is_above)
{
	node->is_cut = true;
	node->is_cut_above = node->is_cut_above || is_above;
	node->is_cut_below = node->is_cut_below || !is_above;
}

/* ---- reaching ---- */

struct graph {
	const struct lineage_source *source;
	const struct lineage_request *request;
	struct lineage raw;         /* in the order of discovery */
	struct lineage_mark *marks; /* one for each node */
	size_t mark_cap;
	struct hashmap places; /* version or run → place in raw.nodes, from 1 */
	size_t *queue;
	size_t queue_cap, head, tail;
	enum lineage_direction direction;
	size_t current; /* whose neighbours are told */
};

static void graph_cleanup(struct graph *g)
{
	lineage_cleanup(&g->raw);
	free(g->marks);
	free(g->queue);
	hashmap_release(&g->places, NULL);
}

static const void *key_of(bool is_run, const struct oid *version, const struct cid *run, size_t *len)
{
	*len = is_run ? CID_HEX_LEN : sizeof *version;
	return is_run ? (const void *)run->hex : (const void *)version;
}

static size_t find_place(const struct graph *g, const struct lineage_neighbour *n)
{
	size_t len;
	const void *key = key_of(n->is_run, &n->version, &n->run, &len);

	return (size_t)(uintptr_t)hashmap_find(&g->places, key, len);
}

static int add_node(struct graph *g, const struct lineage_neighbour *n, size_t *place, struct error *err)
{
	struct lineage *l = &g->raw;
	struct lineage_node *node;
	const void *key;
	size_t len;

	ARRAY_GROW(l->nodes, l->count + 1, l->cap);
	ARRAY_GROW(g->marks, l->count + 1, g->mark_cap);
	node = &l->nodes[l->count];
	*node = (struct lineage_node){
		.kind = n->is_run ? LINEAGE_RUN : LINEAGE_VERSION, .name = xstrdup(n->name ? n->name : ""), .type = xstrdup(n->type ? n->type : ""),
		.label = xstrdup(n->label ? n->label : ""), .aliases = STRVEC_INIT, .links = STRVEC_INIT, .members = 1, .version = n->version,
		.digest = n->digest, .run = n->run,
	};
	g->marks[l->count] = (struct lineage_mark){ { false, false }, { 0, 0 } };
	*place = ++l->count;
	key = key_of(n->is_run, &n->version, &n->run, &len);
	(void)hashmap_put(&g->places, key, len, (void *)(uintptr_t)*place);
	return n->is_run ? 0 : g->source->describe(node, g->source->arg, err);
}

static void reach(struct graph *g, size_t node, uint32_t depth)
{
	struct lineage_mark *mark = &g->marks[node];

	mark->is_reached[g->direction] = true;
	mark->depth[g->direction] = depth;
	ARRAY_GROW(g->queue, g->tail + 1, g->queue_cap);
	g->queue[g->tail++] = node;
}

static void add_edge(struct graph *g, size_t other, const struct lineage_neighbour *n)
{
	struct lineage *l = &g->raw;
	const bool up = g->direction == LINEAGE_UP;

	ARRAY_GROW(l->edges, l->edge_count + 1, l->edge_cap);
	l->edges[l->edge_count++] = (struct lineage_edge){
		.from = up ? other : g->current, .to = up ? g->current : other, .is_from = n->is_from, .as = xstrdup(n->as ? n->as : ""),
	};
}

static int take_neighbour(const struct lineage_neighbour *n, void *arg, struct error *err)
{
	struct graph *g = arg;
	const uint32_t depth = g->marks[g->current].depth[g->direction];
	const bool at_end = g->request->has_depth && depth >= g->request->depth;
	size_t place = find_place(g, n);

	if (place == g->current + 1)
		return 0;
	if ((!place && (at_end || g->raw.count >= LINEAGE_NODES_MAX)) || g->raw.edge_count >= LINEAGE_EDGES_MAX) {
		cut(&g->raw.nodes[g->current], g->direction == LINEAGE_UP);
		return 0;
	}
	if (!place && add_node(g, n, &place, err) < 0)
		return -1;
	if (!g->marks[place - 1].is_reached[g->direction] && !at_end)
		reach(g, place - 1, depth + 1);
	add_edge(g, place - 1, n);
	return 0;
}

static int walk(struct graph *g, enum lineage_direction direction, struct error *err)
{
	g->direction = direction;
	g->head = g->tail = 0;
	reach(g, 0, 0);
	while (g->head < g->tail) {
		/* The array of nodes moves while neighbours are added; what a node says of itself does not. */
		struct lineage_node of;

		g->current = g->queue[g->head++];
		of = g->raw.nodes[g->current];
		if (interrupt_check(err) < 0 ||
		    g->source->each(&of, direction == LINEAGE_UP, take_neighbour, g, g->source->arg, err) < 0)
			return -1;
	}
	return 0;
}

static uint32_t depth_of(const struct lineage_mark *mark)
{
	if (!mark->is_reached[LINEAGE_DOWN])
		return mark->depth[LINEAGE_UP];
	if (!mark->is_reached[LINEAGE_UP])
		return mark->depth[LINEAGE_DOWN];
	return mark->depth[LINEAGE_UP] < mark->depth[LINEAGE_DOWN] ? mark->depth[LINEAGE_UP] : mark->depth[LINEAGE_DOWN];
}

/* ---- order ---- */

/* Where the number of "data:v9" begins; 0 when there is none. */
static size_t number_at(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon && colon[1] == 'v' && colon[2] && strspn(colon + 2, "0123456789") == strlen(colon + 2) ? (size_t)(colon + 2 - name) : 0;
}

int lineage_graph_compare_names(const char *a, const char *b)
{
	const size_t at = number_at(a);
	size_t len_a, len_b;

	if (!at || number_at(b) != at || memcmp(a, b, at))
		return strcmp(a, b);
	len_a = strlen(a + at);
	len_b = strlen(b + at);
	return len_a != len_b ? (len_a < len_b ? -1 : 1) : strcmp(a + at, b + at);
}

static int compare_nodes(const void *va, const void *vb)
{
	const struct lineage_node *a = *(const struct lineage_node *const *)va, *b = *(const struct lineage_node *const *)vb;
	int order;

	if (a->depth != b->depth)
		return a->depth < b->depth ? -1 : 1;
	order = lineage_graph_compare_names(a->name, b->name);
	if (!order && a->kind != b->kind)
		order = a->kind < b->kind ? -1 : 1;
	return order ? order : a < b ? -1 : a > b;
}

static int compare_edges(const void *va, const void *vb)
{
	const struct lineage_edge *a = va, *b = vb;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return a->to < b->to ? -1 : a->to > b->to;
}

/* ---- what is shown ---- */

/* A node that stands for others becomes their cluster. */
static void make_cluster(struct lineage_node *node, size_t members)
{
	node->kind = node->kind == LINEAGE_RUN ? LINEAGE_CLUSTER_RUNS : LINEAGE_CLUSTER_VERSIONS;
	node->members = members;
	free(node->name);
	node->name = xstrdup(node->type);
	free(node->label);
	node->label = xstrdup("");
	node->version = node->digest = (struct oid){ { 0 } };
	node->run = (struct cid){ "" };
}

static void merge_members(struct graph *g, const size_t *shown_as)
{
	struct lineage *l = &g->raw;
	CLEANUP(ptr) size_t *members = xcalloc(l->count, sizeof *members);

	for (size_t i = 0; i < l->count; i++) {
		members[shown_as[i]]++;
		l->nodes[i].depth = depth_of(&g->marks[i]);
		if (l->nodes[i].is_cut_above)
			cut(&l->nodes[shown_as[i]], true);
		if (l->nodes[i].is_cut_below)
			cut(&l->nodes[shown_as[i]], false);
	}
	for (size_t i = 0; i < l->count; i++)
		if (members[i] > 1)
			make_cluster(&l->nodes[i], members[i]);
}

/* Those that stand for themselves, in order; place_of: raw place → place there, SIZE_MAX for what the limit leaves out. */
static void take_nodes(struct graph *g, const size_t *shown_as, size_t *place_of, struct lineage *out)
{
	struct lineage *l = &g->raw;
	CLEANUP(ptr) struct lineage_node **order = xcalloc(l->count, sizeof *order);
	const size_t limit = g->request->limit ? g->request->limit : LINEAGE_NODES_MAX;
	size_t count = 0;

	for (size_t i = 0; i < l->count; i++)
		if (shown_as[i] == i)
			order[count++] = &l->nodes[i];
	qsort(order, count, sizeof *order, compare_nodes);
	out->cap = count < limit ? count : limit;
	out->nodes = xcalloc(out->cap, sizeof *out->nodes);
	for (size_t i = 0; i < l->count; i++)
		place_of[i] = SIZE_MAX;
	for (size_t i = 0; i < out->cap; i++) {
		place_of[order[i] - l->nodes] = i;
		out->nodes[i] = *order[i];
		*order[i] = (struct lineage_node){ .kind = LINEAGE_VERSION };
	}
	out->count = out->cap;
}

/* Two ways between the same nodes, of members or in both directions, are one; what they call it stays when they agree. */
static void join_edges(struct lineage *l)
{
	size_t count = 0;

	qsort(l->edges, l->edge_count, sizeof *l->edges, compare_edges);
	for (size_t i = 0; i < l->edge_count; i++) {
		struct lineage_edge *last = count ? &l->edges[count - 1] : NULL;

		if (!last || compare_edges(last, &l->edges[i])) {
			l->edges[count++] = l->edges[i];
			continue;
		}
		if (strcmp(last->as, l->edges[i].as))
			last->as[0] = '\0';
		free(l->edges[i].as);
	}
	l->edge_count = count;
}

static void take_edges(struct graph *g, const size_t *shown_as, const size_t *place_of, struct lineage *out)
{
	struct lineage *l = &g->raw;
	size_t from, to;

	out->edge_cap = l->edge_count;
	out->edges = xcalloc(l->edge_count + 1, sizeof *out->edges);
	for (size_t i = 0; i < l->edge_count; i++) {
		from = place_of[shown_as[l->edges[i].from]];
		to = place_of[shown_as[l->edges[i].to]];
		if (from == SIZE_MAX && to != SIZE_MAX)
			cut(&out->nodes[to], true);
		if (to == SIZE_MAX && from != SIZE_MAX)
			cut(&out->nodes[from], false);
		if (from == SIZE_MAX || to == SIZE_MAX || from == to)
			continue;
		out->edges[out->edge_count] = l->edges[i];
		out->edges[out->edge_count].from = from;
		out->edges[out->edge_count++].to = to;
		l->edges[i].as = NULL;
	}
	join_edges(out);
}

static size_t *each_for_itself(size_t count)
{
	size_t *shown_as = xcalloc(count, sizeof *shown_as);

	for (size_t i = 0; i < count; i++)
		shown_as[i] = i;
	return shown_as;
}

int lineage_graph_read(const struct lineage_source *source, const struct lineage_neighbour *start, const struct lineage_request *request,
		       struct lineage *out, struct error *err)
{
	CLEANUP(graph) struct graph g = { .source = source, .request = request, .raw = LINEAGE_INIT, .places = HASHMAP_INIT };
	CLEANUP(ptr) size_t *shown_as = NULL, *place_of = NULL;
	const bool both = request->up == request->down;
	size_t place;

	if (add_node(&g, start, &place, err) < 0 || ((both || request->up) && walk(&g, LINEAGE_UP, err) < 0) ||
	    ((both || request->down) && walk(&g, LINEAGE_DOWN, err) < 0))
		return -1;
	shown_as = request->explode ? each_for_itself(g.raw.count) : lineage_cluster(&g.raw, g.marks);
	place_of = xcalloc(g.raw.count, sizeof *place_of);
	merge_members(&g, shown_as);
	take_nodes(&g, shown_as, place_of, out);
	take_edges(&g, shown_as, place_of, out);
	return 0;
}
