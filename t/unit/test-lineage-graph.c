/* SPDX-License-Identifier: Apache-2.0 */
/* Lineage over made-up edges: both directions, steps, cycles, clusters, size. */
#include <config.h>

#include "registry/lineage-graph.h"

#include "base/mem.h"
#include "tap.h"

/* Nodes are numbers: even ones versions, odd ones runs.  Edges lead from → to; those between two versions are put --from. */
struct fake_edge {
	int from, to;
	const char *as;
};
struct fake {
	struct fake_edge *edges;
	size_t count, cap;
	int *alias; /* numbers that have an alias; -1 ends them */
	size_t described;
};

static struct error err;

static void add(struct fake *f, int from, int to)
{
	ARRAY_GROW(f->edges, f->count + 1, f->cap);
	f->edges[f->count++] = (struct fake_edge){ from, to, from % 2 == 0 && to % 2 ? "in" : NULL };
}

static struct lineage_neighbour node_of(int number, char name[32])
{
	struct lineage_neighbour n = { .is_run = number % 2 };

	snprintf(name, 32, n.is_run ? "r-%d" : "m:v%d", number);
	n.name = name;
	memcpy(n.version.raw, &number, n.is_run ? 0 : sizeof number);
	if (!n.is_run)
		n.version.raw[sizeof number] = 1;
	else
		snprintf(n.run.hex, sizeof n.run.hex, "%032d", number);
	n.type = n.is_run ? "train" : NULL;
	return n;
}

static int number_of(const struct lineage_node *node)
{
	int number;

	if (node->kind == LINEAGE_RUN)
		return atoi(node->run.hex);
	memcpy(&number, node->version.raw, sizeof number);
	return number;
}

static int each(const struct lineage_node *of, bool up, lineage_neighbour_fn fn, void *fn_arg, void *arg, struct error *e)
{
	const struct fake *f = arg;
	const int number = number_of(of);
	/* Of long chains the edges of one node stand near it: all are looked at only when there are few. */
	size_t from = 0, to = f->count;
	char name[32];

	if (f->count > 50000) {
		from = number > 2 ? (size_t)number - 2 : 0;
		to = (size_t)number + 2 < f->count ? (size_t)number + 2 : f->count;
	}
	for (size_t i = from; i < to; i++) {
		const struct fake_edge *edge = &f->edges[i];
		struct lineage_neighbour n;

		if ((up ? edge->to : edge->from) != number)
			continue;
		n = node_of(up ? edge->from : edge->to, name);
		n.as = edge->as;
		n.is_from = edge->from % 2 == 0 && edge->to % 2 == 0;
		if (fn(&n, fn_arg, e) < 0)
			return -1;
	}
	return 0;
}

static int describe(struct lineage_node *node, void *arg, struct error *e)
{
	struct fake *f = arg;
	const int number = number_of(node);

	(void)e;
	f->described++;
	free(node->type);
	node->type = xstrdup("model");
	for (const int *a = f->alias; a && *a >= 0; a++)
		if (*a == number)
			strvec_push(&node->aliases, "m:best");
	return 0;
}

/* "m:v0 r-1(2) …": nodes with what stands for more than itself, ! when cut, then edges. */
static char *told(struct fake *f, int start, struct lineage_request request)
{
	const struct lineage_source source = { each, describe, f };
	CLEANUP(lineage) struct lineage l = LINEAGE_INIT;
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	char name[32];
	struct lineage_neighbour n = node_of(start, name);

	need(lineage_graph_read(&source, &n, &request, &l, &err) == 0, err.text);
	for (size_t i = 0; i < l.count; i++) {
		strbuf_addf(&out, "%s%s", i ? " " : "", l.nodes[i].name);
		if (l.nodes[i].members > 1)
			strbuf_addf(&out, "*%zu", l.nodes[i].members);
		strbuf_adds(&out, l.nodes[i].is_cut ? "!" : "");
	}
	strbuf_adds(&out, " |");
	for (size_t i = 0; i < l.edge_count; i++)
		strbuf_addf(&out, " %zu%s%zu%s", l.edges[i].from, l.edges[i].is_from ? "=" : "-", l.edges[i].to, l.edges[i].as);
	return strbuf_detach(&out);
}

static void tells(struct fake *f, int start, struct lineage_request request, const char *want, const char *name)
{
	CLEANUP(ptr) char *got = told(f, start, request);

	is_str(got, want, name);
}

static void fake_cleanup(struct fake *f)
{
	free(f->edges);
}

#define UP .up = true
#define DOWN .down = true
#define EXPLODE .explode = true
#define DEPTH(n) .has_depth = true, .depth = (n)
#define TELLS(f, start, want, name, ...) tells(f, start, (struct lineage_request){ __VA_ARGS__ }, want, name)

/* 0 → r1 → 2 → r3 → 4, 6 → r3; 2 → 8 by put --from. */
static void small(void)
{
	CLEANUP(fake) struct fake f = { 0 };

	add(&f, 0, 1);
	add(&f, 1, 2);
	add(&f, 2, 3);
	add(&f, 6, 3);
	add(&f, 3, 4);
	add(&f, 2, 8);
	TELLS(&f, 2, "m:v2 m:v8 r-1 r-3 m:v0 m:v4 | 0=1 0-3in 2-0 3-5 4-2in", "both directions, without those beside", .up = false);
	TELLS(&f, 2, "m:v2 r-1 m:v0 | 1-0 2-1in", "what it was made from", UP);
	TELLS(&f, 2, "m:v2 m:v8 r-3 m:v4 | 0=1 0-2in 2-3", "what became of it", DOWN);
	TELLS(&f, 2, "m:v2 m:v8 r-1 r-3 m:v0 m:v4 | 0=1 0-3in 2-0 3-5 4-2in", "up and down are both", UP, DOWN);
	TELLS(&f, 4, "m:v4 r-3 m:v2 m:v6 r-1 m:v0 | 1-0 2-1in 3-1in 4-2 5-4in", "all the sources", UP);
	TELLS(&f, 4, "m:v4 r-3! | 1-0", "as deep as asked, and where more is", UP, DEPTH(1));
	TELLS(&f, 4, "m:v4! |", "no step at all", DEPTH(0));
	TELLS(&f, 4, "m:v4 r-3 m:v2 m:v6 r-1! | 1-0 2-1in 3-1in 4-2", "as many as asked, and where more is", .limit = 5);
	TELLS(&f, 3, "r-3 m:v2 m:v4 m:v6 r-1 m:v0 | 0-2 1-0in 3-0in 4-1 5-4in", "of a run, both", DEPTH(9));
	TELLS(&f, 10, "m:v10 |", "one that nobody made or used", EXPLODE);
}

static void cycles(void)
{
	CLEANUP(fake) struct fake f = { 0 };

	add(&f, 0, 1);
	add(&f, 1, 0);
	TELLS(&f, 0, "m:v0 r-1 | 0-1in 1-0", "a run that used what it made", .up = false);
	TELLS(&f, 1, "r-1 m:v0 | 0-1 1-0in", "seen from the run", .up = false);
	add(&f, 0, 2);
	add(&f, 2, 4);
	add(&f, 4, 0);
	add(&f, 4, 4);
	TELLS(&f, 4, "m:v4 m:v0 m:v2 r-1 | 0=1 1=2 1-3in 2=0 3-1", "a ring of beginnings, and one of itself", .up = false);
	TELLS(&f, 4, "m:v4 m:v0 m:v2 r-1 | 0=1 1=2 1-3in 2=0 3-1", "an edge is shown when both its ends are", DEPTH(2), DOWN);
}

/* 0 is used by runs 1, 3, … of which each makes a version. */
static void fan_out(struct fake *f, int runs)
{
	for (int i = 0; i < runs; i++) {
		add(f, 0, 2 * i + 1);
		add(f, 2 * i + 1, 2 * i + 2);
	}
}

static void clusters(void)
{
	CLEANUP(fake) struct fake f = { 0 };
	int alias[] = { 4, -1 };

	fan_out(&f, 2);
	TELLS(&f, 0, "m:v0 r-1 r-3 m:v2 m:v4 | 0-1in 0-2in 1-3 2-4", "two are shown one by one", DOWN);
	fan_out(&f, 5);
	TELLS(&f, 0, "m:v0 train*5 model*5 | 0-1in 1-2", "more are one, and so is what they made", DOWN);
	TELLS(&f, 2, "m:v2 r-1 m:v0 | 1-0 2-1in", "from below there is only one way", UP);
	f.alias = alias;
	TELLS(&f, 0, "m:v0 train*5 m:v4 model*4 | 0-1in 1-2 1-3", "who has an alias is shown", DOWN);
	TELLS(&f, 0, "m:v0 r-1 r-3 r-5 r-7 r-9 m:v2 m:v4 m:v6 m:v8 m:v10 | 0-1in 0-2in 0-3in 0-4in 0-5in 1-6 2-7 3-8 4-9 5-10", "all of them",
	      DOWN, EXPLODE);
	add(&f, 20, 1);
	add(&f, 20, 3);
	add(&f, 20, 5);
	add(&f, 20, 31);
	add(&f, 0, 31);
	TELLS(&f, 0, "m:v0 train*6! | 0-1in", "a cluster is cut when one of its members is", DOWN, DEPTH(1));
}

static void other_parents(void)
{
	CLEANUP(fake) struct fake f = { 0 };

	/* 0 → r1 → 2, 4; each of them goes into three runs. */
	add(&f, 0, 1);
	add(&f, 1, 2);
	add(&f, 1, 4);
	for (int i = 11; i < 17; i += 2)
		add(&f, 2, i);
	for (int i = 21; i < 27; i += 2)
		add(&f, 4, i);
	TELLS(&f, 0, "m:v0 r-1 m:v2 m:v4 train*3 train*3 | 0-1in 1-2 1-3 2-4in 3-5in", "those of other parents are another cluster", DOWN);
}

static void large(void)
{
	CLEANUP(fake) struct fake wide = { 0 }, deep = { 0 };
	CLEANUP(lineage) struct lineage l = LINEAGE_INIT;
	const struct lineage_source source = { each, describe, &deep };
	const struct lineage_request request = { DOWN };
	char name[32];
	struct lineage_neighbour start = node_of(0, name);

	for (int i = 0; i < 10000; i++)
		add(&wide, 0, 2 * i + 1);
	TELLS(&wide, 0, "m:v0 train*10000 | 0-1in", "ten thousand consumers", DOWN);
	for (int i = 0; i < 100000; i++)
		add(&deep, i, i + 1);
	need(lineage_graph_read(&source, &start, &request, &l, &err) == 0, err.text);
	is_int((intmax_t)l.count, 100001, "a hundred thousand steps");
	is_int(l.nodes[l.count - 1].depth, 100000, "the last is as far away");
	is_int((intmax_t)deep.described, 50001, "each version is described once");
}

static void common_of(struct fake *f, int a, int b, const char *want, const char *name)
{
	const struct lineage_source source = { each, describe, f };
	const struct lineage_request request = { UP, EXPLODE };
	CLEANUP(lineage) struct lineage la = LINEAGE_INIT, lb = LINEAGE_INIT;
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	CLEANUP(ptr) size_t *places = NULL;
	char text[32];
	struct lineage_neighbour n = node_of(a, text);
	size_t count;

	need(lineage_graph_read(&source, &n, &request, &la, &err) == 0, err.text);
	n = node_of(b, text);
	need(lineage_graph_read(&source, &n, &request, &lb, &err) == 0, err.text);
	count = lineage_common_of(&la, &lb, &places);
	for (size_t i = 0; i < count; i++)
		strbuf_addf(&out, "%s%s", i ? " " : "", la.nodes[places[i]].name);
	is_str(out.buf, want, name);
}

static void common(void)
{
	CLEANUP(fake) struct fake f = { 0 };

	/* 0 → r1 → 2; 2 → r3 → 4; 2 and 6 → r5 → 8; 6 → r3 too; 10 alone */
	add(&f, 0, 1);
	add(&f, 1, 2);
	add(&f, 2, 3);
	add(&f, 3, 4);
	add(&f, 2, 5);
	add(&f, 6, 5);
	add(&f, 6, 3);
	add(&f, 5, 8);
	common_of(&f, 4, 8, "m:v2 m:v6", "the nearest, and none that is behind them");
	common_of(&f, 8, 4, "m:v2 m:v6", "whichever stands first");
	common_of(&f, 2, 4, "m:v2", "one that the other was made from");
	common_of(&f, 4, 4, "m:v4", "a version and itself");
	common_of(&f, 4, 3, "r-3", "a run");
	common_of(&f, 10, 4, "", "none");
	add(&f, 4, 1);
	common_of(&f, 4, 8, "m:v2", "in a ring, where each is behind the other, the nearest");
}

int main(void)
{
	is_int(lineage_graph_compare_names("m:v9", "m:v10"), -1, "numbers in their order");
	ok(lineage_graph_compare_names("a:v10", "b:v9") < 0 && lineage_graph_compare_names("m:v1", "m:v1") == 0 &&
		   lineage_graph_compare_names("m", "m:v1") < 0 && lineage_graph_compare_names("r-1", "r-2") < 0,
	   "all else by its bytes");
	small();
	cycles();
	clusters();
	other_parents();
	large();
	common();
	return tap_done();
}
