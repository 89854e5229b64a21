/* SPDX-License-Identifier: Apache-2.0 */
/* Layout of graphs: columns, cycles, distances. */
#include <config.h>

#include "ui/graph-internal.h"

#include "base/mem.h"
#include "tap.h"

static struct graph_node nodes[1000];

static void layout(struct graph_layout *l, size_t count, const struct graph_edge *edges, size_t edge_count)
{
	struct graph g = { .title = "g", .nodes = nodes, .count = count, .edges = edges, .edge_count = edge_count };

	graph_layout_make(l, &g);
}

static void columns_are(size_t count, const struct graph_edge *edges, size_t edge_count, const char *want, const char *name)
{
	CLEANUP(graph_layout) struct graph_layout l = { NULL };
	CLEANUP(strbuf) struct strbuf got = STRBUF_INIT;

	layout(&l, count, edges, edge_count);
	for (size_t i = 0; i < count; i++)
		strbuf_addf(&got, "%s%zu", i ? " " : "", l.items[i].layer);
	is_str(got.buf, want, name);
}

#define COLUMNS(count, want, name, ...) \
	columns_are(count, (const struct graph_edge[]){ __VA_ARGS__ }, COUNT_OF(((const struct graph_edge[]){ __VA_ARGS__ })), want, name)

/* No two boxes of a column lie over one another, and all lie within the drawing. */
static bool is_spread(const struct graph_layout *l, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (l->items[i].y < GRAPH_NODE_HEIGHT / 2 || l->items[i].y > l->height - GRAPH_NODE_HEIGHT / 2)
			return false;
		for (size_t j = 0; j < i; j++) {
			double distance = l->items[i].y - l->items[j].y;

			if (l->items[i].layer == l->items[j].layer && distance < GRAPH_NODE_HEIGHT && distance > -GRAPH_NODE_HEIGHT)
				return false;
		}
	}
	return true;
}

static void cycles(void)
{
	CLEANUP(graph_layout) struct graph_layout l = { NULL };
	const struct graph_edge edges[] = { { 0, 1, false }, { 1, 2, false }, { 2, 0, false }, { 2, 2, false } };

	layout(&l, 3, edges, 4);
	ok(!l.edges[0].is_back && !l.edges[1].is_back && l.edges[2].is_back, "a cycle is broken where it closes");
	is_int((intmax_t)l.edges[2].link_count, 2, "and its edge goes back over all columns");
	ok(!l.edges[3].is_drawn, "an edge to where it begins is not drawn");
}

static void crossings(void)
{
	CLEANUP(graph_layout) struct graph_layout l = { NULL };
	const struct graph_edge edges[] = { { 0, 5, false }, { 1, 4, false }, { 2, 3, false } };

	layout(&l, 6, edges, 3);
	ok((l.items[0].y < l.items[1].y) == (l.items[5].y < l.items[4].y) && (l.items[1].y < l.items[2].y) == (l.items[4].y < l.items[3].y),
		"curves that need not cross do not");
	ok(l.items[0].y == l.items[5].y, "and are straight where they can be");
}

static void many(void)
{
	CLEANUP(graph_layout) struct graph_layout l = { NULL };
	CLEANUP(ptr) struct graph_edge *edges = xcalloc(3000, sizeof *edges);
	uint32_t random = 1;

	for (size_t i = 0; i < 3000; i++) {
		random = random * 1664525 + 1013904223;
		edges[i].from = (random >> 16) % 200;
		random = random * 1664525 + 1013904223;
		edges[i].to = (random >> 16) % 200;
	}
	layout(&l, 200, edges, 600);
	ok(is_spread(&l, 200), "boxes do not lie over one another");
	for (size_t i = 0; i < 999; i++)
		edges[i] = (struct graph_edge){ 0, i + 1, false };
	graph_layout_cleanup(&l);
	layout(&l, 1000, edges, 999);
	ok(is_spread(&l, 1000), "one with a thousand around it");
}

static void drawing(void)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT, again = STRBUF_INIT;
	const struct graph_node two[] = {
		{ .shape = GRAPH_BOX, .name = "</svg>", .detail = "a-name-that-is-much-too-long-for-a-box-of-this-width", .title = "\"t\"", .id = "m:v1" },
		{ .shape = GRAPH_ROUND, .name = "another-name-that-is-too-long-for-a-box", .detail = "", .title = "run", .is_many = true, .is_dashed = true },
	};
	const struct graph_edge edges[] = { { 0, 1, false }, { 1, 0, true } };
	struct graph g = { .title = "<lineage>", .nodes = two, .count = 2, .edges = edges, .edge_count = 2 };

	graph_svg(&out, &g);
	graph_svg(&again, &g);
	is_str(out.buf, again.buf, "the same graph gives the same bytes");
	ok(strstr(out.buf, "&lt;/svg&gt;") && strstr(out.buf, "<title>&quot;t&quot;</title>") && strstr(out.buf, "aria-label=\"&lt;lineage&gt;\""),
		"text is escaped");
	ok(strstr(out.buf, "<a href=\"#m:v1\">") != NULL, "a box leads to its version");
	ok(strstr(out.buf, "a-name-that-is-much-too-lo…</text>") != NULL, "details are cut at their end");
	ok(strstr(out.buf, "another-name-th…r-a-box</text>") != NULL, "long names are cut in the middle");
	strbuf_reset(&out);
	g.count = g.edge_count = 0;
	graph_svg(&out, &g);
	is_str(out.buf, "", "nothing for no nodes");
}

int main(void)
{
	columns_are(2, NULL, 0, "0 0", "no edges: one column");
	COLUMNS(4, "0 1 2 3", "a chain", { 0, 1, false }, { 1, 2, false }, { 2, 3, false });
	COLUMNS(4, "0 1 2 1", "the longest way counts, and what begins late stands late", { 0, 1, false }, { 1, 2, false }, { 0, 2, false }, { 3, 2, false });
	COLUMNS(3, "0 1 2", "a cycle", { 0, 1, false }, { 1, 2, false }, { 2, 0, false });
	COLUMNS(2, "0 1", "two edges of one pair", { 0, 1, false }, { 0, 1, false });
	cycles();
	crossings();
	many();
	drawing();
	return tap_done();
}
