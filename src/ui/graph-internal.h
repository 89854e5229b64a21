/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of a graph, between graph-layout.c that makes it and graph.c that draws it. */
#ifndef MREG_UI_GRAPH_INTERNAL_H
#define MREG_UI_GRAPH_INTERNAL_H

#include "ui/graph.h"

#define GRAPH_NODE_HEIGHT 44
#define GRAPH_NODE_GAP 16 /* between two boxes of a column */
#define GRAPH_BEND_GAP 12 /* around a curve that passes a column */

/* A node of the graph, or a bend of an edge in a column that it passes. */
struct layout_item {
	size_t layer;
	double y;     /* of its middle */
	double order; /* while places within the column are sought */
};
/* One step of an edge, from an item to one of the next column. */
struct layout_link {
	size_t left, right;
};
struct layout_edge {
	bool is_back;            /* drawn from right to left */
	bool is_drawn;
	size_t first_link, link_count; /* from left to right */
};
struct graph_layout {
	struct layout_item *items; /* those of the nodes first, in their order */
	size_t count, cap;
	struct layout_link *links;
	size_t link_count, link_cap;
	struct layout_edge *edges; /* one for each of the graph */
	size_t layer_count;
	double height;
};

void graph_layout_make(struct graph_layout *layout, const struct graph *graph);
void graph_layout_cleanup(struct graph_layout *layout);

#endif
