/* SPDX-License-Identifier: Apache-2.0 */
/* A directed graph as a drawing: SVG of boxes in columns, each left of what comes of it, with curves between them. */
#ifndef MREG_UI_GRAPH_H
#define MREG_UI_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

enum graph_shape {
	GRAPH_BOX,   /* square corners */
	GRAPH_ROUND, /* round ends */
};
struct graph_node {
	enum graph_shape shape;
	const char *name, *detail; /* two lines of text, cut to the box; detail "" for none */
	const char *title;         /* all that is to be said of it, for the pointer and who cannot see it */
	const char *id;            /* of an element that it leads to; NULL: none */
	bool is_start, is_many, is_dashed; /* with a thick edge; as a stack; with a broken edge */
};
struct graph_edge {
	size_t from, to;
	bool is_dashed;
};
struct graph {
	const char *title; /* for who cannot see it */
	const struct graph_node *nodes;
	size_t count;
	const struct graph_edge *edges; /* one from a node to itself is not drawn */
	size_t edge_count;
};

/* Cycles are drawn with one edge going back.  Meant for hundreds of nodes: time grows with their number times that of edges over several columns. */
void graph_svg(struct strbuf *out, const struct graph *graph);
/* The arrow head that drawings refer to; once in a page, before the first of them. */
void graph_defs(struct strbuf *out);

#endif
