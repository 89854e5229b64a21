/* SPDX-License-Identifier: Apache-2.0 */
/* Where a collection's version came from and what became of it, as a drawing and as a list. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/report-html-internal.h"
#include "ui/graph.h"
#include "ui/html.h"

/* The words of one node; owned. */
struct words {
	struct strbuf name, detail, title;
};

static void add_part(struct strbuf *out, const char *separator, const char *text)
{
	if (!*text)
		return;
	if (out->len)
		strbuf_adds(out, separator);
	strbuf_adds(out, text);
}

/* "production" of "NAME:production" when it is an alias of the node's own collection. */
static const char *short_alias(const struct lineage_node *n, const char *alias)
{
	const char *colon = strrchr(n->name, ':');
	size_t len = colon ? (size_t)(colon - n->name) + 1 : 0;

	return len && !strncmp(alias, n->name, len) ? alias + len : alias;
}

/* Those of its own collection first: the rest may not fit into the box. */
static void add_aliases(struct strbuf *out, const struct lineage_node *n)
{
	for (int own = 1; own >= 0; own--)
		for (size_t i = 0; i < n->aliases.count; i++)
			if ((short_alias(n, n->aliases.v[i]) != n->aliases.v[i]) == own)
				add_part(out, " · ", short_alias(n, n->aliases.v[i]));
}

static const char *state_of(const struct lineage_node *n)
{
	return n->is_dangling ? "not here" : n->is_removed ? "removed" : "";
}

static void find_words(struct words *w, const struct lineage_node *n)
{
	if (lineage_node_is_cluster(n))
		strbuf_addf(&w->name, "%zu %s", n->members, lineage_node_is_run(n) ? "runs" : "versions");
	else
		strbuf_adds(&w->name, n->name);
	add_part(&w->detail, " · ", lineage_node_is_cluster(n) && !*n->type ? n->name : n->type);
	if (!lineage_node_is_cluster(n))
		add_aliases(&w->detail, n);
	if (n->kind == LINEAGE_RUN)
		add_part(&w->detail, " · ", n->label);
	add_part(&w->detail, " · ", state_of(n));

	strbuf_addf(&w->title, "%s%s", lineage_node_is_cluster(n) ? "" : lineage_node_is_run(n) ? "run " : "version ", w->name.buf);
	if (w->detail.len)
		strbuf_addf(&w->title, " (%s)", w->detail.buf);
	if (n->kind != LINEAGE_RUN)
		add_part(&w->title, ": ", n->label);
	for (size_t i = 0; i < n->links.count; i++)
		add_part(&w->title, i ? ", " : ", linked as ", n->links.v[i]);
	if (n->is_cut)
		strbuf_adds(&w->title, ", with more behind it");
}

static void words_release(struct words *w)
{
	strbuf_release(&w->name);
	strbuf_release(&w->detail);
	strbuf_release(&w->title);
}

static void draw(struct report_html *page, const struct report_collection *c, const struct words *words)
{
	const struct lineage *l = &c->lineage;
	CLEANUP(ptr) struct graph_node *nodes = xcalloc(l->count + 1, sizeof *nodes);
	CLEANUP(ptr) struct graph_edge *edges = xcalloc(l->edge_count + 1, sizeof *edges);
	CLEANUP(strbuf) struct strbuf title = STRBUF_INIT;
	struct graph graph = { .nodes = nodes, .count = l->count, .edges = edges, .edge_count = l->edge_count };

	strbuf_addf(&title, "Lineage of %s", l->nodes[0].name);
	graph.title = title.buf;
	for (size_t i = 0; i < l->count; i++) {
		const struct lineage_node *n = &l->nodes[i];

		nodes[i] = (struct graph_node){ .shape = lineage_node_is_run(n) ? GRAPH_ROUND : GRAPH_BOX,
			.name = words[i].name.buf,
			.detail = words[i].detail.buf,
			.title = words[i].title.buf,
			.is_start = i == 0,
			.is_many = lineage_node_is_cluster(n),
			.is_dashed = n->is_dangling || n->is_removed };
		if (hashmap_has(&page->ids, n->name, strlen(n->name)) && !lineage_node_is_cluster(n))
			nodes[i].id = n->name;
	}
	for (size_t i = 0; i < l->edge_count; i++)
		edges[i] = (struct graph_edge){ l->edges[i].from, l->edges[i].to, l->edges[i].is_from };
	graph_svg(page->out, &graph);
}

static void list(struct report_html *page, const struct lineage *l, const struct words *words)
{
	strbuf_adds(page->out, "<details><summary>The same as a list</summary><ul class=\"li\">\n");
	for (size_t i = 0; i < l->edge_count; i++) {
		const struct lineage_edge *e = &l->edges[i];

		strbuf_adds(page->out, "<li>");
		report_html_reference(page, words[e->from].name.buf);
		strbuf_addf(page->out, " <span aria-hidden=\"true\">%s</span> <span class=\"vh\">%s </span>", e->is_from ? "⇢" : "→",
			e->is_from ? "is the beginning of" : "goes into");
		report_html_reference(page, words[e->to].name.buf);
		if (*e->as) {
			strbuf_adds(page->out, " as ");
			html_text(page->out, e->as);
		}
		strbuf_adds(page->out, "</li>\n");
	}
	strbuf_adds(page->out, "</ul></details>\n");
}

void report_html_lineage(struct report_html *page, const struct report_collection *c)
{
	const struct lineage *l = &c->lineage;
	CLEANUP(ptr) struct words *words = xcalloc(l->count + 1, sizeof *words);

	if (l->count < 2)
		return;
	for (size_t i = 0; i < l->count; i++) {
		words[i] = (struct words){ STRBUF_INIT, STRBUF_INIT, STRBUF_INIT };
		find_words(&words[i], &l->nodes[i]);
	}
	report_html_begin_wide(page, "Lineage", l->nodes[0].name);
	draw(page, c, words);
	strbuf_adds(page->out,
		"</div>\n<p class=\"q\">What stands on the right was made from what stands on the left. Boxes are versions, rounded boxes are runs; "
		"a stack is several of a kind, a dashed outline is what is not here.</p>\n");
	list(page, l, words);
	for (size_t i = 0; i < l->count; i++)
		words_release(&words[i]);
}
