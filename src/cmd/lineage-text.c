/* SPDX-License-Identifier: Apache-2.0 */
/* A lineage for Graphviz and Mermaid. */
#include <config.h>

#include "cmd/lineage-text.h"

#include <string.h>

#include "base/utf8.h"

void lineage_text_title(struct strbuf *out, const struct lineage_node *node)
{
	/* job type "run" is that of a run of which nobody said what it does */
	const char *type = lineage_node_is_run(node) && strcmp(node->type, "run") == 0 ? "" : node->type;

	if (lineage_node_is_cluster(node))
		strbuf_addf(out, "%zu %s%s%s", node->members, type, *type ? " " : "", lineage_node_is_run(node) ? "runs" : "versions");
	else
		strbuf_adds(out, node->name);
}

void lineage_text_list(struct strbuf *out, const char *before, const struct strvec *list, const char *after)
{
	for (size_t i = 0; i < list->count; i++)
		strbuf_addf(out, "%s%s", i ? ", " : before, list->v[i]);
	strbuf_adds(out, list->count ? after : "");
}

typedef void (*escape_fn)(struct strbuf *out, const char *text, size_t len);

/* One line of a label, unless it is empty. */
static void add_line(struct strbuf *out, const char *text, const char *line_break, escape_fn escape)
{
	CLEANUP(strbuf) struct strbuf visible = STRBUF_INIT;

	if (!*text)
		return;
	utf8_add_visible(&visible, text, strlen(text));
	strbuf_adds(out, line_break);
	escape(out, visible.buf, visible.len);
}

static void add_label(struct strbuf *out, const struct lineage_node *node, const char *line_break, escape_fn escape)
{
	CLEANUP(strbuf) struct strbuf title = STRBUF_INIT, aliases = STRBUF_INIT, links = STRBUF_INIT;

	lineage_text_title(&title, node);
	if (node->is_removed || node->is_dangling)
		strbuf_adds(&title, node->is_removed ? " (removed)" : " (not here)");
	if (node->is_cut)
		strbuf_adds(&title, " ...");
	lineage_text_list(&aliases, "[", &node->aliases, "]");
	lineage_text_list(&links, "linked as ", &node->links, "");
	add_line(out, title.buf, "", escape);
	add_line(out, aliases.buf, line_break, escape);
	add_line(out, links.buf, line_break, escape);
	if (!lineage_node_is_cluster(node))
		add_line(out, node->type, line_break, escape);
	add_line(out, node->label, line_break, escape);
}

/* ---- Graphviz ---- */

/* A backslash begins an escape sequence in a label, and an ampersand an entity. */
static void escape_dot(struct strbuf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"' || text[i] == '\\')
			strbuf_addc(out, '\\');
		if (text[i] == '&')
			strbuf_adds(out, "&amp;");
		else
			strbuf_addc(out, text[i]);
	}
}

void lineage_text_dot(struct strbuf *out, const struct lineage *l)
{
	strbuf_adds(out, "digraph lineage {\n\trankdir=LR;\n\tnode [shape=box];\n");
	for (size_t i = 0; i < l->count; i++) {
		const struct lineage_node *node = &l->nodes[i];

		strbuf_addf(out, "\tn%zu [label=\"", i);
		add_label(out, node, "\\n", escape_dot);
		strbuf_addf(out, "\"%s%s", lineage_node_is_run(node) ? ", shape=ellipse" : "", lineage_node_is_cluster(node) ? ", peripheries=2" : "");
		strbuf_adds(out, !i ? ", style=bold" : node->is_removed || node->is_dangling ? ", style=dotted" : "");
		strbuf_adds(out, "];\n");
	}
	for (size_t i = 0; i < l->edge_count; i++) {
		const struct lineage_edge *e = &l->edges[i];

		strbuf_addf(out, "\tn%zu -> n%zu", e->from, e->to);
		if (*e->as) {
			strbuf_adds(out, " [label=\"");
			add_line(out, e->as, "", escape_dot);
			strbuf_adds(out, "\"]");
		}
		strbuf_adds(out, e->is_from ? " [style=dashed];\n" : ";\n");
	}
	strbuf_adds(out, "}\n");
}

/* ---- Mermaid ---- */

static bool is_plain(unsigned char c)
{
	return c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr(" ._-:,/+=@()", c);
}

/* What may mean something there, in any of its versions, is written as an entity: quotes, #, ;, %%, <, backticks, brackets. */
static void escape_mermaid(struct strbuf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)text[i];

		if (is_plain(c))
			strbuf_addc(out, text[i]);
		else
			strbuf_addf(out, "#%u;", c);
	}
}

void lineage_text_mermaid(struct strbuf *out, const struct lineage *l)
{
	strbuf_adds(out, "flowchart LR\n");
	for (size_t i = 0; i < l->count; i++) {
		const struct lineage_node *node = &l->nodes[i];

		strbuf_addf(out, "\tn%zu%s\"", i, lineage_node_is_cluster(node) ? "[[" : lineage_node_is_run(node) ? "([" : "[");
		add_label(out, node, "<br/>", escape_mermaid);
		strbuf_addf(out, "\"%s\n", lineage_node_is_cluster(node) ? "]]" : lineage_node_is_run(node) ? "])" : "]");
	}
	for (size_t i = 0; i < l->edge_count; i++) {
		const struct lineage_edge *e = &l->edges[i];

		strbuf_addf(out, "\tn%zu %s", e->from, e->is_from ? "-.->" : "-->");
		if (*e->as) {
			strbuf_adds(out, "|\"");
			add_line(out, e->as, "", escape_mermaid);
			strbuf_adds(out, "\"|");
		}
		strbuf_addf(out, " n%zu\n", e->to);
	}
}
