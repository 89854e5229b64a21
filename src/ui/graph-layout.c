/* SPDX-License-Identifier: Apache-2.0 */
/* Lays out a graph in columns (Sugiyama's way): cycles broken, longest paths, neighbours' means, then the least moves that keep the distances. */
#include <config.h>

#include "ui/graph-internal.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define SWEEPS 12

/* The edges of each node, as places in graph->edges: those of node i are list[start[i]] … list[start[i + 1] - 1]. */
struct adjacency {
	size_t *start, *list;
};

static void adjacency_cleanup(struct adjacency *a)
{
	free(a->start);
	free(a->list);
}

static void adjacency_make(struct adjacency *a, const struct graph *g, bool backward)
{
	CLEANUP(ptr) size_t *next = xcalloc(g->count + 1, sizeof *next);

	a->start = xcalloc(g->count + 1, sizeof *a->start);
	a->list = xcalloc(g->edge_count + 1, sizeof *a->list);
	for (size_t i = 0; i < g->edge_count; i++)
		a->start[(backward ? g->edges[i].to : g->edges[i].from) + 1]++;
	for (size_t i = 0; i < g->count; i++) {
		a->start[i + 1] += a->start[i];
		next[i] = a->start[i];
	}
	for (size_t i = 0; i < g->edge_count; i++)
		a->list[next[backward ? g->edges[i].to : g->edges[i].from]++] = i;
}

/* --- cycles */

enum visit { UNSEEN, OPEN, DONE };

struct walk {
	const struct graph *graph;
	const struct adjacency *out;
	struct layout_edge *edges;
	unsigned char *state;
	size_t *stack, *next; /* of each node: how many of its edges were followed */
	size_t *done, done_count;
};

static void follow_edge(struct walk *w, size_t edge, size_t *depth)
{
	size_t to = w->graph->edges[edge].to;

	w->edges[edge].is_drawn = to != w->graph->edges[edge].from;
	w->edges[edge].is_back = w->state[to] == OPEN;
	if (w->state[to] != UNSEEN)
		return;
	w->state[to] = OPEN;
	w->stack[(*depth)++] = to;
}

/* Depth first, without recursion; an edge to a node that is still open closes a cycle. */
static void walk_from(struct walk *w, size_t root)
{
	size_t depth = 0;

	if (w->state[root] != UNSEEN)
		return;
	w->stack[depth++] = root;
	w->state[root] = OPEN;
	while (depth) {
		size_t node = w->stack[depth - 1], edge = w->out->start[node] + w->next[node];

		if (edge < w->out->start[node + 1]) {
			w->next[node]++;
			follow_edge(w, w->out->list[edge], &depth);
		} else {
			w->state[node] = DONE;
			w->done[w->done_count++] = node;
			depth--;
		}
	}
}

/* order: each node before what its edges lead to, those that go back aside. */
static void break_cycles(const struct graph *g, const struct adjacency *out, const struct adjacency *in, struct graph_layout *l, size_t *order)
{
	CLEANUP(ptr) unsigned char *state = xcalloc(g->count + 1, 1);
	CLEANUP(ptr) size_t *stack = xcalloc(g->count + 1, sizeof *stack);
	CLEANUP(ptr) size_t *next = xcalloc(g->count + 1, sizeof *next);
	CLEANUP(ptr) size_t *done = xcalloc(g->count + 1, sizeof *done);
	struct walk w = { g, out, l->edges, state, stack, next, done, 0 };

	/* first from where nothing leads in, so that a cycle is broken where it closes for a reader as well */
	for (size_t i = 0; i < g->count; i++)
		if (in->start[i] == in->start[i + 1])
			walk_from(&w, i);
	for (size_t i = 0; i < g->count; i++)
		walk_from(&w, i);
	for (size_t i = 0; i < g->count; i++)
		order[i] = done[g->count - 1 - i];
}

/* --- columns */

static void widen_layer(struct graph_layout *l, size_t left, size_t right)
{
	if (l->items[right].layer < l->items[left].layer + 1)
		l->items[right].layer = l->items[left].layer + 1;
}

/* The longest path from the left; then what nothing leads to moves next to what it leads to.  An edge that goes back leads to where a path came from. */
static void choose_layers(const struct graph *g, const struct adjacency *out, const struct adjacency *in, struct graph_layout *l, const size_t *order)
{
	for (size_t i = 0; i < g->count; i++)
		for (size_t j = out->start[order[i]]; j < out->start[order[i] + 1]; j++)
			if (l->edges[out->list[j]].is_drawn && !l->edges[out->list[j]].is_back)
				widen_layer(l, order[i], g->edges[out->list[j]].to);
	for (size_t i = 0; i < g->count; i++) {
		size_t nearest = SIZE_MAX;

		if (in->start[i] != in->start[i + 1])
			continue;
		for (size_t j = out->start[i]; j < out->start[i + 1]; j++)
			if (l->edges[out->list[j]].is_drawn && l->items[g->edges[out->list[j]].to].layer < nearest)
				nearest = l->items[g->edges[out->list[j]].to].layer;
		if (nearest != SIZE_MAX && nearest)
			l->items[i].layer = nearest - 1;
	}
	for (size_t i = 0; i < g->count; i++)
		if (l->items[i].layer >= l->layer_count)
			l->layer_count = l->items[i].layer + 1;
}

static void add_link(struct graph_layout *l, size_t left, size_t right)
{
	ARRAY_GROW(l->links, l->link_count + 1, l->link_cap);
	l->links[l->link_count++] = (struct layout_link){ left, right };
}

/* Edges become links from column to column, with a bend in each that they pass. */
static void make_links(const struct graph *g, struct graph_layout *l)
{
	for (size_t i = 0; i < g->edge_count; i++) {
		struct layout_edge *e = &l->edges[i];
		size_t left = e->is_back ? g->edges[i].to : g->edges[i].from, right = e->is_back ? g->edges[i].from : g->edges[i].to;

		if (!e->is_drawn)
			continue;
		e->first_link = l->link_count;
		while (l->items[left].layer + 1 < l->items[right].layer) {
			ARRAY_GROW(l->items, l->count + 1, l->cap);
			l->items[l->count] = (struct layout_item){ .layer = l->items[left].layer + 1 };
			add_link(l, left, l->count);
			left = l->count++;
		}
		add_link(l, left, right);
		e->link_count = l->link_count - e->first_link;
	}
}

/* --- places in a column */

/* All items by column; within a column from top to bottom. */
struct columns {
	size_t *start, *list;
	double *sum;   /* of neighbours' places, and how many: while means are taken */
	size_t *count;
};

static void columns_cleanup(struct columns *c)
{
	free(c->start);
	free(c->list);
	free(c->sum);
	free(c->count);
}

static void columns_make(struct columns *c, const struct graph_layout *l)
{
	CLEANUP(ptr) size_t *next = xcalloc(l->layer_count + 1, sizeof *next);

	c->start = xcalloc(l->layer_count + 1, sizeof *c->start);
	c->list = xcalloc(l->count + 1, sizeof *c->list);
	c->sum = xcalloc(l->count + 1, sizeof *c->sum);
	c->count = xcalloc(l->count + 1, sizeof *c->count);
	for (size_t i = 0; i < l->count; i++)
		c->start[l->items[i].layer + 1]++;
	for (size_t i = 0; i < l->layer_count; i++) {
		c->start[i + 1] += c->start[i];
		next[i] = c->start[i];
	}
	for (size_t i = 0; i < l->count; i++)
		c->list[next[l->items[i].layer]++] = i;
}

static void mean_of_neighbours(struct columns *c, const struct graph_layout *l, bool from_left, bool from_right)
{
	for (size_t i = 0; i < l->count; i++) {
		c->sum[i] = 0;
		c->count[i] = 0;
	}
	for (size_t i = 0; i < l->link_count; i++) {
		size_t left = l->links[i].left, right = l->links[i].right;

		if (from_left) {
			c->sum[right] += l->items[left].y;
			c->count[right]++;
		}
		if (from_right) {
			c->sum[left] += l->items[right].y;
			c->count[left]++;
		}
	}
	for (size_t i = 0; i < l->count; i++)
		c->sum[i] = c->count[i] ? c->sum[i] / (double)c->count[i] : l->items[i].y;
}

static double half_height(const struct graph *g, size_t item)
{
	return item < g->count ? (GRAPH_NODE_HEIGHT + GRAPH_NODE_GAP) / 2.0 : GRAPH_BEND_GAP;
}

/* Insertion keeps what is equal in its order; columns are short, and almost in order after the first sweep. */
static void sort_column(struct columns *c, const struct graph_layout *l, size_t layer)
{
	for (size_t i = c->start[layer] + 1; i < c->start[layer + 1]; i++) {
		size_t item = c->list[i], j = i;

		for (; j > c->start[layer] && l->items[c->list[j - 1]].order > l->items[item].order; j--)
			c->list[j] = c->list[j - 1];
		c->list[j] = item;
	}
}

/*
 * The places nearest to `order` (least squares) at which the items of a column, in the order of the list, keep their distances: what is too near is put
 * into one block at the mean of what its items want.
 */
static void spread_column(const struct columns *c, struct graph_layout *l, const struct graph *g, size_t layer)
{
	size_t from = c->start[layer], count = c->start[layer + 1] - from, blocks = 0;
	CLEANUP(ptr) double *offset = xcalloc(count + 1, sizeof *offset);
	CLEANUP(ptr) double *mean = xcalloc(count + 1, sizeof *mean);
	CLEANUP(ptr) size_t *size = xcalloc(count + 1, sizeof *size);

	for (size_t i = 0; i < count; i++) {
		size_t item = c->list[from + i];

		offset[i] = i ? offset[i - 1] + half_height(g, c->list[from + i - 1]) + half_height(g, item) : 0;
		mean[blocks] = l->items[item].order - offset[i];
		size[blocks++] = 1;
		while (blocks > 1 && mean[blocks - 2] > mean[blocks - 1]) {
			blocks--;
			mean[blocks - 1] = (mean[blocks - 1] * (double)size[blocks - 1] + mean[blocks] * (double)size[blocks]) /
				(double)(size[blocks - 1] + size[blocks]);
			size[blocks - 1] += size[blocks];
		}
	}
	for (size_t block = 0, i = 0; block < blocks; block++)
		for (size_t j = 0; j < size[block]; j++, i++)
			l->items[c->list[from + i]].y = mean[block] + offset[i];
}

static void sweep(struct columns *c, struct graph_layout *l, const struct graph *g, bool from_left, bool from_right, bool may_swap)
{
	for (size_t i = 0; i < l->layer_count; i++) {
		size_t layer = from_left ? i : l->layer_count - 1 - i;

		mean_of_neighbours(c, l, from_left, from_right);
		for (size_t j = c->start[layer]; j < c->start[layer + 1]; j++)
			l->items[c->list[j]].order = c->sum[c->list[j]];
		if (may_swap)
			sort_column(c, l, layer);
		spread_column(c, l, g, layer);
	}
}

static void choose_places(struct graph_layout *l, const struct graph *g)
{
	CLEANUP(columns) struct columns c = { NULL, NULL, NULL, NULL };
	double top = INFINITY, bottom = 0;

	columns_make(&c, l);
	for (size_t layer = 0; layer < l->layer_count; layer++)
		spread_column(&c, l, g, layer);
	for (size_t i = 0; i < SWEEPS; i++)
		sweep(&c, l, g, i % 2 == 0, i % 2 == 1, true);
	for (size_t i = 0; i < SWEEPS; i++)
		sweep(&c, l, g, true, true, false);
	for (size_t i = 0; i < l->count; i++)
		top = l->items[i].y - half_height(g, i) < top ? l->items[i].y - half_height(g, i) : top;
	for (size_t i = 0; i < l->count; i++) {
		l->items[i].y -= top;
		bottom = l->items[i].y + half_height(g, i) > bottom ? l->items[i].y + half_height(g, i) : bottom;
	}
	l->height = bottom;
}

void graph_layout_make(struct graph_layout *l, const struct graph *g)
{
	CLEANUP(adjacency) struct adjacency out = { NULL, NULL };
	CLEANUP(adjacency) struct adjacency in = { NULL, NULL };
	CLEANUP(ptr) size_t *order = xcalloc(g->count + 1, sizeof *order);

	adjacency_make(&out, g, false);
	adjacency_make(&in, g, true);
	*l = (struct graph_layout){ .count = g->count, .cap = g->count };
	l->items = xcalloc(g->count + 1, sizeof *l->items);
	l->edges = xcalloc(g->edge_count + 1, sizeof *l->edges);
	break_cycles(g, &out, &in, l, order);
	choose_layers(g, &out, &in, l, order);
	make_links(g, l);
	choose_places(l, g);
}

void graph_layout_cleanup(struct graph_layout *l)
{
	free(l->items);
	free(l->links);
	free(l->edges);
}
