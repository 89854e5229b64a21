/* SPDX-License-Identifier: Apache-2.0 */
/* Draws a lineage as trees: what something was made from, and what it led to. */
#include <config.h>

#include "cmd/lineage-tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "cmd/lineage-text.h"
#include "registry/lineage-ways.h"

#define INDENT 3       /* columns a level */
#define LEVELS_MAX 30  /* when there is no width */
#define LEVELS_MIN 4
#define NONE SIZE_MAX

struct branches {
	const char *next, *last, *through, *ellipsis;
};
static const struct branches box_branches = { "├─ ", "└─ ", "│  ", "…" };
static const struct branches ascii_branches = { "|- ", "`- ", "|  ", "..." };

/* One node whose neighbours are being drawn. */
struct level {
	size_t node;
	size_t next, end;  /* of its ways */
	size_t prefix_len; /* of the lines of its neighbours */
};

/* One direction. */
struct tree {
	const struct lineage *l;
	const struct lineage_tree_style *style;
	const struct branches *branches;
	struct strbuf *out;
	bool is_up;
	struct lineage_ways ways;
	size_t *above; /* node → the one below which it stands; NONE for those that are not reached, and the start */
	bool *is_drawn;
	struct strbuf prefix;
	struct level *levels;
	size_t depth, level_cap, level_max;
	size_t *later; /* nodes that are continued below */
	size_t later_count, later_cap;
};

static void tree_cleanup(struct tree *t)
{
	lineage_ways_cleanup(&t->ways);
	free(t->above);
	free(t->is_drawn);
	free(t->levels);
	free(t->later);
	strbuf_release(&t->prefix);
}

static size_t far_end(const struct tree *t, size_t way)
{
	const struct lineage_edge *e = &t->l->edges[t->ways.edges[way]];

	return t->is_up ? e->from : e->to;
}

/* Breadth first: each stands where it is nearest to the start. */
static void find_places(struct tree *t)
{
	CLEANUP(ptr) size_t *queue = xcalloc(t->l->count, sizeof *queue);
	size_t head = 0, tail = 0, node, other;

	t->above = xcalloc(t->l->count, sizeof *t->above);
	t->is_drawn = xcalloc(t->l->count, sizeof *t->is_drawn);
	for (size_t i = 0; i < t->l->count; i++)
		t->above[i] = NONE;
	queue[tail++] = 0;
	while (head < tail) {
		node = queue[head++];
		for (size_t i = t->ways.first[node]; i < t->ways.first[node + 1]; i++) {
			other = far_end(t, i);
			if (!other || t->above[other] != NONE)
				continue;
			t->above[other] = node;
			queue[tail++] = other;
		}
	}
}

/* ---- lines ---- */

static void add_visible(struct strbuf *out, const char *text)
{
	utf8_add_visible(out, text, strlen(text));
}

/* "digits:v4 [digits:best]  model, linked as prod:v2: epoch 5" */
static void add_node(struct strbuf *out, const struct lineage_node *node)
{
	CLEANUP(strbuf) struct strbuf title = STRBUF_INIT, links = STRBUF_INIT;

	lineage_text_title(&title, node);
	lineage_text_list(&title, " [", &node->aliases, "]");
	add_visible(out, title.buf);
	if (*node->type && !lineage_node_is_cluster(node)) {
		strbuf_adds(out, "  ");
		add_visible(out, node->type);
	}
	lineage_text_list(&links, ", linked as ", &node->links, "");
	add_visible(out, links.buf);
	if (*node->label) {
		strbuf_adds(out, ": ");
		add_visible(out, node->label);
	}
	if (node->is_removed || node->is_dangling)
		strbuf_adds(out, node->is_removed ? " (removed)" : " (not here)");
}

static void add_edge(struct strbuf *out, const struct tree *t, const struct lineage_edge *e)
{
	if (*e->as) {
		strbuf_adds(out, " (as ");
		add_visible(out, e->as);
		strbuf_addc(out, ')');
	}
	if (e->is_from)
		strbuf_adds(out, t->is_up ? " (its name began there)" : " (its name began here)");
}

static void end_line(struct tree *t, struct strbuf *line)
{
	const size_t dots = utf8_width(t->branches->ellipsis, strlen(t->branches->ellipsis));

	if (t->style->width > dots && utf8_width(line->buf, line->len) > t->style->width) {
		strbuf_set_len(line, utf8_prefix(line->buf, line->len, t->style->width - dots));
		strbuf_adds(line, t->branches->ellipsis);
	}
	strbuf_addc(line, '\n');
	strbuf_add(t->out, line->buf, line->len);
}

/* way NONE: the node stands alone. */
static void draw(struct tree *t, size_t node, size_t way, bool is_last, const char *remark)
{
	CLEANUP(strbuf) struct strbuf line = STRBUF_INIT;

	if (way != NONE)
		strbuf_addf(&line, "%s%s", t->prefix.buf, is_last ? t->branches->last : t->branches->next);
	add_node(&line, &t->l->nodes[node]);
	if (way != NONE)
		add_edge(&line, t, &t->l->edges[t->ways.edges[way]]);
	if (t->l->nodes[node].is_cut)
		strbuf_addf(&line, " %s", t->branches->ellipsis);
	strbuf_adds(&line, remark);
	end_line(t, &line);
}

/* ---- trees ---- */

static void enter(struct tree *t, size_t node, const char *more_prefix)
{
	ARRAY_GROW(t->levels, t->depth + 1, t->level_cap);
	strbuf_adds(&t->prefix, more_prefix);
	t->levels[t->depth++] = (struct level){ node, t->ways.first[node], t->ways.first[node + 1], t->prefix.len };
}

static void draw_neighbour(struct tree *t, struct level *level)
{
	const size_t way = level->next++, node = far_end(t, way);
	const bool is_last = level->next == level->end, is_here = t->above[node] == level->node;
	const bool has_more = t->ways.first[node] < t->ways.first[node + 1];

	strbuf_set_len(&t->prefix, level->prefix_len);
	if (!is_here) {
		draw(t, node, way, is_last, !node || t->is_drawn[node] ? " (above)" : " (below)");
	} else if (has_more && t->depth >= t->level_max) {
		draw(t, node, way, is_last, " (below)");
		ARRAY_GROW(t->later, t->later_count + 1, t->later_cap);
		t->later[t->later_count++] = node;
	} else {
		t->is_drawn[node] = true;
		draw(t, node, way, is_last, "");
		if (has_more)
			enter(t, node, is_last ? "   " : t->branches->through);
	}
}

static void draw_below(struct tree *t, size_t root)
{
	strbuf_reset(&t->prefix);
	t->depth = 0;
	enter(t, root, "");
	while (t->depth) {
		struct level *level = &t->levels[t->depth - 1];

		if (level->next == level->end)
			t->depth--;
		else
			draw_neighbour(t, level);
	}
}

/* Who has to know: every alias of what it led to. */
static void draw_aliases(struct tree *t)
{
	CLEANUP(strvec) struct strvec found = STRVEC_INIT;

	for (size_t i = 1; i < t->l->count; i++)
		for (size_t j = 0; t->above[i] != NONE && j < t->l->nodes[i].aliases.count; j++) {
			CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

			strbuf_adds(&text, "  ");
			add_visible(&text, t->l->nodes[i].aliases.v[j]);
			strbuf_adds(&text, " = ");
			add_visible(&text, t->l->nodes[i].name);
			strvec_push_own(&found, strbuf_detach(&text));
		}
	strvec_sort(&found);
	strbuf_adds(t->out, found.count ? "aliases it led to:\n" : "");
	for (size_t i = 0; i < found.count; i++) {
		CLEANUP(strbuf) struct strbuf line = STRBUF_INIT;

		strbuf_adds(&line, found.v[i]);
		end_line(t, &line);
	}
}

static void draw_direction(struct strbuf *out, const struct lineage *l, const struct lineage_tree_style *style, bool is_up)
{
	CLEANUP(tree) struct tree t = {
		.l = l, .style = style, .out = out, .is_up = is_up, .branches = style->is_utf8 ? &box_branches : &ascii_branches, .prefix = STRBUF_INIT,
		.level_max = !style->width ? LEVELS_MAX : style->width / 2 / INDENT > LEVELS_MIN ? style->width / 2 / INDENT : LEVELS_MIN,
	};

	lineage_ways_make(l, is_up, &t.ways);
	find_places(&t);
	strbuf_adds(out, is_up ? "made from" : "led to");
	if (t.ways.first[0] < t.ways.first[1])
		strbuf_adds(out, ":\n");
	else if (is_up ? l->nodes[0].is_cut_above : l->nodes[0].is_cut_below)
		strbuf_adds(out, ": more than is shown here\n");
	else
		strbuf_adds(out, ": nothing that is known\n");
	draw_below(&t, 0);
	for (size_t i = 0; i < t.later_count; i++) {
		t.is_drawn[t.later[i]] = true;
		draw(&t, t.later[i], NONE, true, ":");
		draw_below(&t, t.later[i]);
	}
	if (!is_up)
		draw_aliases(&t);
}

void lineage_tree(struct strbuf *out, const struct lineage *l, const struct lineage_tree_style *style)
{
	struct tree start = { .l = l, .style = style, .out = out, .branches = style->is_utf8 ? &box_branches : &ascii_branches };

	draw(&start, 0, NONE, true, "");
	if (style->up)
		draw_direction(out, l, style, true);
	if (style->down)
		draw_direction(out, l, style, false);
}
