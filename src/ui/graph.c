/* SPDX-License-Identifier: Apache-2.0 */
/* Draws a graph that has been laid out. */
#include <config.h>

#include "ui/graph.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "ui/graph-internal.h"
#include "ui/html.h"

#define NODE_WIDTH 176
#define COLUMN_WIDTH 216
#define MARGIN 6
#define NAME_COLUMNS 23   /* of text that fit into a box */
#define DETAIL_COLUMNS 27
#define ARROW 7

static int x_of(const struct layout_item *item)
{
	return MARGIN + (int)item->layer * COLUMN_WIDTH;
}

static int y_of(const struct layout_item *item)
{
	return MARGIN + (int)(item->y + 0.5);
}

/* What does not fit is left out behind the first `front` columns. */
static void add_cut(struct strbuf *out, const char *text, size_t columns, size_t front)
{
	size_t len = strlen(text), head, tail;

	if (!utf8_is_valid(text, len) || utf8_width(text, len) <= columns) {
		html_text_len(out, text, len < 4 * columns ? len : 4 * columns);
		return;
	}
	head = utf8_prefix(text, len, front);
	for (tail = head; utf8_width(text + tail, len - tail) > columns - front - 1;)
		tail += utf8_prefix(text + tail, len - tail, 1) ? utf8_prefix(text + tail, len - tail, 1) : utf8_prefix(text + tail, len - tail, 2);
	html_text_len(out, text, head);
	strbuf_adds(out, "…");
	html_text_len(out, text + tail, len - tail);
}

static void draw_shape(struct strbuf *out, const struct graph_node *node, int x, int y, int shift)
{
	strbuf_addf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\"/>", x + shift, y - GRAPH_NODE_HEIGHT / 2 + shift, NODE_WIDTH,
		GRAPH_NODE_HEIGHT, node->shape == GRAPH_ROUND ? GRAPH_NODE_HEIGHT / 2 : 4);
}

static void draw_node(struct strbuf *out, const struct graph_node *node, const struct layout_item *item)
{
	int x = x_of(item), y = y_of(item);

	strbuf_addf(out, "<g class=\"n%s%s%s\">", node->shape == GRAPH_ROUND ? " r" : "", node->is_start ? " st" : "", node->is_dashed ? " d" : "");
	if (node->id) {
		strbuf_adds(out, "<a");
		html_link(out, node->id);
		strbuf_addc(out, '>');
	}
	strbuf_adds(out, "<title>");
	html_text(out, node->title);
	strbuf_adds(out, "</title>");
	if (node->is_many)
		draw_shape(out, node, x, y, 4);
	draw_shape(out, node, x, y, 0);
	strbuf_addf(out, "<text x=\"%d\" y=\"%d\">", x + NODE_WIDTH / 2, *node->detail ? y - 3 : y + 4);
	add_cut(out, node->name, NAME_COLUMNS, NAME_COLUMNS * 2 / 3); /* long names differ at both ends */
	strbuf_adds(out, "</text>");
	if (*node->detail) {
		strbuf_addf(out, "<text class=\"de\" x=\"%d\" y=\"%d\">", x + NODE_WIDTH / 2, y + 13);
		add_cut(out, node->detail, DETAIL_COLUMNS, DETAIL_COLUMNS - 1);
		strbuf_adds(out, "</text>");
	}
	strbuf_adds(out, node->id ? "</a></g>\n" : "</g>\n");
}

/* Level where it leaves and where it arrives. */
static void curve(struct strbuf *out, int from_x, int from_y, int to_x, int to_y)
{
	int middle = (from_x + to_x) / 2;

	if (from_y == to_y)
		strbuf_addf(out, "H%d", to_x);
	else
		strbuf_addf(out, "C%d %d %d %d %d %d", middle, from_y, middle, to_y, to_x, to_y);
}

/* A bend is passed on the level, as wide as the boxes above and below it. */
static void draw_forward(struct strbuf *out, const struct graph_layout *l, const struct layout_edge *e)
{
	const struct layout_item *left = &l->items[l->links[e->first_link].left];

	strbuf_addf(out, "M%d %d", x_of(left) + NODE_WIDTH, y_of(left));
	for (size_t i = 0; i < e->link_count; i++) {
		const struct layout_item *a = &l->items[l->links[e->first_link + i].left], *b = &l->items[l->links[e->first_link + i].right];

		curve(out, x_of(a) + NODE_WIDTH, y_of(a), x_of(b) - (i + 1 == e->link_count ? ARROW : 0), y_of(b));
		if (i + 1 < e->link_count)
			strbuf_addf(out, "H%d", x_of(b) + NODE_WIDTH);
	}
}

static void draw_back(struct strbuf *out, const struct graph_layout *l, const struct layout_edge *e)
{
	const struct layout_item *right = &l->items[l->links[e->first_link + e->link_count - 1].right];

	strbuf_addf(out, "M%d %d", x_of(right), y_of(right));
	for (size_t i = e->link_count; i-- > 0;) {
		const struct layout_item *a = &l->items[l->links[e->first_link + i].left], *b = &l->items[l->links[e->first_link + i].right];

		curve(out, x_of(b), y_of(b), x_of(a) + NODE_WIDTH + (i ? 0 : ARROW), y_of(a));
		if (i)
			strbuf_addf(out, "H%d", x_of(a));
	}
}

static void draw_edges(struct strbuf *out, const struct graph *g, const struct graph_layout *l)
{
	for (size_t i = 0; i < g->edge_count; i++) {
		if (!l->edges[i].is_drawn)
			continue;
		strbuf_addf(out, "<path class=\"e%s\" marker-end=\"url(#:arrow)\" d=\"", g->edges[i].is_dashed ? " d" : "");
		if (l->edges[i].is_back)
			draw_back(out, l, &l->edges[i]);
		else
			draw_forward(out, l, &l->edges[i]);
		strbuf_adds(out, "\"/>\n");
	}
}

void graph_svg(struct strbuf *out, const struct graph *g)
{
	CLEANUP(graph_layout) struct graph_layout l = { NULL };
	int width, height;

	if (!g->count)
		return;
	graph_layout_make(&l, g);
	width = 2 * MARGIN + 4 + (int)(l.layer_count - 1) * COLUMN_WIDTH + NODE_WIDTH;
	height = 2 * MARGIN + (int)(l.height + 1);
	strbuf_addf(out, "<svg class=\"gr\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"group\"", width, height, width, height);
	html_attribute(out, "aria-label", g->title);
	strbuf_adds(out, ">\n");
	draw_edges(out, g, &l);
	for (size_t i = 0; i < g->count; i++)
		draw_node(out, &g->nodes[i], &l.items[i]);
	strbuf_adds(out, "</svg>\n");
}

void graph_defs(struct strbuf *out)
{
	strbuf_addf(out, "<svg width=\"0\" height=\"0\" class=\"df\" aria-hidden=\"true\"><defs><marker id=\":arrow\" class=\"ar\" viewBox=\"0 0 8 8\" refX=\"0\" refY=\"4\" "
		"markerWidth=\"%d\" markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 0l8 4l-8 4z\"/></marker></defs></svg>\n", ARROW);
}
