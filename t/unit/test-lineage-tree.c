/* SPDX-License-Identifier: Apache-2.0 */
/* How a lineage looks as a tree, for Graphviz and for Mermaid, whatever the names and notes are. */
#include <config.h>

#include "cmd/lineage-tree.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "cmd/lineage-text.h"
#include "tap.h"

static struct lineage_node *add_node(struct lineage *l, enum lineage_kind kind, const char *name, const char *type, const char *label)
{
	ARRAY_GROW(l->nodes, l->count + 1, l->cap);
	l->nodes[l->count] = (struct lineage_node){
		.kind = kind, .name = xstrdup(name), .type = xstrdup(type), .label = xstrdup(label), .aliases = STRVEC_INIT, .links = STRVEC_INIT, .members = 1,
	};
	return &l->nodes[l->count++];
}

static void add_edge(struct lineage *l, size_t from, size_t to, const char *as)
{
	ARRAY_GROW(l->edges, l->edge_count + 1, l->edge_cap);
	l->edges[l->edge_count++] = (struct lineage_edge){ .from = from, .to = to, .as = xstrdup(as) };
}

static void draws(const struct lineage *l, const struct lineage_tree_style *style, const char *want, const char *name)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	lineage_tree(&out, l, style);
	is_str(out.buf, want, name);
}

/* raw:v0 → r-prep → data:v1 → r-train → m:v2, both made with raw:v0; m:v2 → 12 runs */
static void make_small(struct lineage *l)
{
	strvec_push(&add_node(l, LINEAGE_VERSION, "m:v2", "model", "second try")->aliases, "m:best");
	strvec_push(&l->nodes[0].links, "prod:v0");
	add_node(l, LINEAGE_RUN, "r-train", "train", "");
	add_node(l, LINEAGE_CLUSTER_RUNS, "evaluate", "evaluate", "")->members = 12;
	add_node(l, LINEAGE_VERSION, "data:v1", "dataset", "");
	add_node(l, LINEAGE_VERSION, "raw:v0", "dataset", "")->is_removed = true;
	strvec_push(&add_node(l, LINEAGE_VERSION, "report:v0", "report", "")->aliases, "report:latest-good");
	add_node(l, LINEAGE_RUN, "r-prep", "prep", "")->is_cut = true;
	add_edge(l, 0, 2, "");
	add_edge(l, 1, 0, "");
	add_edge(l, 2, 5, "");
	add_edge(l, 3, 1, "train");
	add_edge(l, 4, 1, "");
	add_edge(l, 4, 6, "");
	add_edge(l, 6, 3, "");
}

static void trees(void)
{
	CLEANUP(lineage) struct lineage l = LINEAGE_INIT;

	make_small(&l);
	draws(&l, &(struct lineage_tree_style){ true, true, true, 0 },
	      "m:v2 [m:best]  model, linked as prod:v0: second try\n"
	      "made from:\n"
	      "└─ r-train  train\n"
	      "   ├─ data:v1  dataset (as train)\n"
	      "   │  └─ r-prep  prep …\n"
	      "   │     └─ raw:v0  dataset (removed) (below)\n"
	      "   └─ raw:v0  dataset (removed)\n"
	      "led to:\n"
	      "└─ 12 evaluate runs\n"
	      "   └─ report:v0 [report:latest-good]  report\n"
	      "aliases it led to:\n"
	      "  report:latest-good = report:v0\n",
	      "both directions, each node once, aliases told");
	draws(&l, &(struct lineage_tree_style){ true, false, false, 0 },
	      "m:v2 [m:best]  model, linked as prod:v0: second try\n"
	      "made from:\n"
	      "`- r-train  train\n"
	      "   |- data:v1  dataset (as train)\n"
	      "   |  `- r-prep  prep ...\n"
	      "   |     `- raw:v0  dataset (removed) (below)\n"
	      "   `- raw:v0  dataset (removed)\n",
	      "in ASCII");
	draws(&l, &(struct lineage_tree_style){ false, true, true, 20 },
	      "m:v2 [m:best]  mode…\n"
	      "led to:\n"
	      "└─ 12 evaluate runs\n"
	      "   └─ report:v0 [re…\n"
	      "aliases it led to:\n"
	      "  report:latest-goo…\n",
	      "no line is wider than the terminal");
}

static void lonely(void)
{
	CLEANUP(lineage) struct lineage l = LINEAGE_INIT;

	add_node(&l, LINEAGE_VERSION, "m:v0", "model", "")->is_dangling = true;
	draws(&l, &(struct lineage_tree_style){ true, true, true, 0 },
	      "m:v0  model (not here)\nmade from: nothing that is known\nled to: nothing that is known\n", "nothing on either side");
}

static void rings(void)
{
	CLEANUP(lineage) struct lineage l = LINEAGE_INIT;

	add_node(&l, LINEAGE_VERSION, "m:v0", "model", "");
	add_node(&l, LINEAGE_RUN, "r-1", "train", "");
	add_edge(&l, 0, 1, "");
	add_edge(&l, 1, 0, "");
	draws(&l, &(struct lineage_tree_style){ true, true, true, 0 },
	      "m:v0  model\nmade from:\n└─ r-1  train\n   └─ m:v0  model (above)\nled to:\n└─ r-1  train\n   └─ m:v0  model (above)\n", "a ring");
}

static void deep(void)
{
	CLEANUP(lineage) struct lineage l = LINEAGE_INIT;
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	struct lineage_tree_style style = { .down = true, .is_utf8 = true, .width = 30 };
	char name[32];
	size_t widest = 0, len;

	for (size_t i = 0; i < 11; i++) {
		snprintf(name, sizeof name, "m:v%zu", i);
		add_node(&l, LINEAGE_VERSION, name, "", "");
		if (i)
			add_edge(&l, i - 1, i, "");
	}
	draws(&l, &style,
	      "m:v0\nled to:\n└─ m:v1\n   └─ m:v2\n      └─ m:v3\n         └─ m:v4\n            └─ m:v5 (below)\n"
	      "m:v5:\n└─ m:v6\n   └─ m:v7\n      └─ m:v8\n         └─ m:v9\n            └─ m:v10\n",
	      "what would be indented too far is continued below");
	for (size_t i = 11; i <= 100000; i++) {
		snprintf(name, sizeof name, "m:v%zu", i);
		add_node(&l, LINEAGE_VERSION, name, "", "");
		add_edge(&l, i - 1, i, "");
	}
	lineage_tree(&out, &l, &style);
	for (const char *p = out.buf; *p; p += len + 1) {
		len = strcspn(p, "\n");
		widest = utf8_width(p, len) > widest ? utf8_width(p, len) : widest;
	}
	ok(widest <= 30 && strstr(out.buf, " m:v100000\n"), "a hundred thousand steps down, and within the width");
}

static const char hostile[] = "\"] x; }\nclick <script>alert(1)</script> `#quot;` %%{init}%% \\\" \\n & \x1b[31m \xe2\x9c\x93 end";

static void hostile_names(void)
{
	CLEANUP(lineage) struct lineage l = LINEAGE_INIT;
	CLEANUP(strbuf) struct strbuf dot = STRBUF_INIT, mermaid = STRBUF_INIT, tree = STRBUF_INIT;

	add_node(&l, LINEAGE_VERSION, hostile, "", hostile);
	add_node(&l, LINEAGE_RUN, "r-1", "train", "");
	add_edge(&l, 0, 1, hostile);
	lineage_text_dot(&dot, &l);
	lineage_text_mermaid(&mermaid, &l);
	lineage_tree(&tree, &l, &(struct lineage_tree_style){ true, true, true, 0 });
#define DOT "\\\"] x; }\\\\nclick <script>alert(1)</script> `#quot;` %%{init}%% \\\\\\\" \\\\n &amp; \\\\x1b[31m ✓ end"
	is_str(dot.buf,
	       "digraph lineage {\n\trankdir=LR;\n\tnode [shape=box];\n\tn0 [label=\"" DOT "\\n" DOT "\", style=bold];\n"
	       "\tn1 [label=\"r-1\\ntrain\", shape=ellipse];\n\tn0 -> n1 [label=\"" DOT "\"];\n}\n",
	       "Graphviz gets text");
#define MERMAID                                                                                                                                                \
	"#34;#93; x#59; #125;#92;nclick #60;script#62;alert(1)#60;/script#62; #96;#35;quot#59;#96; #37;#37;#123;init#125;#37;#37; #92;#34; #92;n #38; "        \
	"#92;x1b#91;31m ✓ end"
	is_str(mermaid.buf, "flowchart LR\n\tn0[\"" MERMAID "<br/>" MERMAID "\"]\n\tn1([\"r-1<br/>train\"])\n\tn0 -->|\"" MERMAID "\"| n1\n", "so does Mermaid");
	ok(!strchr(tree.buf, '\x1b') && strstr(tree.buf, "\\x1b[31m"), "a terminal is not told to do anything");
}

int main(void)
{
	trees();
	lonely();
	rings();
	deep();
	hostile_names();
	return tap_done();
}
