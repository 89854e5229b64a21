/* SPDX-License-Identifier: Apache-2.0 */
/* Walks from the heads of either side to the roots, and sees who has what. */
#include <config.h>

#include "format/ancestry.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	OURS = 0,
	THEIRS = 1,
	SIDES = 2,
};

struct node {
	const struct change *change;
	bool listed[SIDES]; /* this side said so itself */
	bool opened[SIDES]; /* reached from its heads */
	bool closed[SIDES]; /* and all its parents too */
	bool is_head[SIDES];
};

struct graph {
	const char *key;
	struct node *nodes;
	size_t count;
	struct hashmap places; /* id → index + 1 */
	struct node **order[SIDES]; /* parents first */
	size_t order_count[SIDES];
	bool lists_all[SIDES];
};

static void graph_cleanup(struct graph *g)
{
	free(g->nodes);
	free(g->order[OURS]);
	free(g->order[THEIRS]);
	hashmap_release(&g->places, NULL);
}

static struct node *find(const struct graph *g, const struct oid *id)
{
	uintptr_t place = (uintptr_t)hashmap_find(&g->places, id->raw, OID_LEN);

	return place ? &g->nodes[place - 1] : NULL;
}

static int add_side(struct graph *g, int side, const struct change_list *changes, struct error *err)
{
	for (size_t i = 0; changes && i < changes->count; i++) {
		const struct change *c = changes->v[i];
		struct node *node = find(g, &c->id);

		if (strcmp(c->key, g->key) != 0)
			return error_set(err, ERR_INTEGRITY, "a change of '%s' is listed as one of '%s'", c->key, g->key);
		if (!node) {
			node = &g->nodes[g->count++];
			node->change = c;
			hashmap_put(&g->places, c->id.raw, OID_LEN, (void *)(uintptr_t)g->count);
		}
		node->listed[side] = true;
	}
	return 0;
}

static int missing(const struct graph *g, int side, const struct oid *id, struct error *err)
{
	return error_set(err, ERR_INTEGRITY, "%s history of '%s' is not complete: change %s is missing", side == OURS ? "our" : "their", g->key,
			 oid_hex(id).text);
}

static int get(const struct graph *g, int side, const struct oid *id, struct node **out, struct error *err)
{
	*out = find(g, id);
	return *out && (!g->lists_all[side] || (*out)->listed[side]) ? 0 : missing(g, side, id, err);
}

/* ---- heads ---- */

static int heads_of_all(struct graph *g, int side, struct error *err)
{
	for (size_t i = 0; i < g->count; i++)
		g->nodes[i].is_head[side] = g->nodes[i].listed[side];
	for (size_t i = 0; i < g->count; i++)
		for (size_t p = 0; g->nodes[i].listed[side] && p < g->nodes[i].change->parent_count; p++) {
			struct node *parent;

			if (get(g, side, &g->nodes[i].change->parents[p], &parent, err) < 0)
				return -1;
			parent->is_head[side] = false;
		}
	return 0;
}

static int find_heads(struct graph *g, int side, const struct ancestry_side *what, struct error *err)
{
	if (g->lists_all[side])
		return heads_of_all(g, side, err);
	for (size_t i = 0; i < what->head_count; i++) {
		struct node *node;

		if (get(g, side, &what->heads[i], &node, err) < 0)
			return -1;
		node->is_head[side] = true;
	}
	return 0;
}

/* ---- what a side has ---- */

struct step {
	struct node *node;
	size_t next; /* parent */
};

struct walk {
	struct graph *g;
	int side;
	struct step *v;
	size_t count, cap;
};

static void walk_cleanup(struct walk *w)
{
	free(w->v);
}

static int enter(struct walk *w, struct node *node, struct error *err)
{
	if (node->closed[w->side])
		return 0;
	if (node->opened[w->side])
		return error_set(err, ERR_INTEGRITY, "change %s of '%s' follows itself", oid_hex(&node->change->id).text, w->g->key);
	node->opened[w->side] = true;
	ARRAY_GROW(w->v, w->count + 1, w->cap);
	w->v[w->count++] = (struct step){ node, 0 };
	return 0;
}

/* Everything that a head follows, parents before children. */
static int walk_from(struct walk *w, struct node *head, struct error *err)
{
	if (enter(w, head, err) < 0)
		return -1;
	while (w->count > 0) {
		struct step *top = &w->v[w->count - 1];
		struct node *parent;

		if (top->next == top->node->change->parent_count) {
			top->node->closed[w->side] = true;
			w->g->order[w->side][w->g->order_count[w->side]++] = top->node;
			w->count--;
			continue;
		}
		if (get(w->g, w->side, &top->node->change->parents[top->next++], &parent, err) < 0 || enter(w, parent, err) < 0)
			return -1;
	}
	return 0;
}

/* What was called a head, but is followed by another one. */
static void drop_followed(struct graph *g, int side)
{
	for (size_t i = 0; i < g->order_count[side]; i++) {
		const struct change *c = g->order[side][i]->change;

		for (size_t p = 0; p < c->parent_count; p++) {
			struct node *parent = find(g, &c->parents[p]);

			if (parent)
				parent->is_head[side] = false;
		}
	}
}

static int reach(struct graph *g, int side, struct error *err)
{
	CLEANUP(walk) struct walk w = { .g = g, .side = side };

	g->order[side] = xcalloc(g->count + 1, sizeof(*g->order[side]));
	for (size_t i = 0; i < g->count; i++)
		if (g->nodes[i].is_head[side] && walk_from(&w, &g->nodes[i], err) < 0)
			return -1;
	for (size_t i = 0; i < g->count; i++)
		if (g->nodes[i].listed[side] && !g->nodes[i].closed[side])
			return error_set(err, ERR_INTEGRITY, "change %s of '%s' is listed, but no head follows it",
					 oid_hex(&g->nodes[i].change->id).text, g->key);
	drop_followed(g, side);
	return 0;
}

/* ---- the answer ---- */

static void list_missing(const struct graph *g, int has, struct change_list *out)
{
	for (size_t i = 0; i < g->order_count[has]; i++)
		if (!g->order[has][i]->closed[!has])
			change_list_add(out, g->order[has][i]->change);
}

/* Nobody who has it has anything that follows it. */
static bool is_head_of_both(const struct node *node)
{
	for (int side = 0; side < SIDES; side++)
		if (node->closed[side] && !node->is_head[side])
			return false;
	return node->closed[OURS] || node->closed[THEIRS];
}

static bool heads_agree(const struct graph *g)
{
	const char *value = NULL;

	for (size_t i = 0; i < g->count; i++) {
		if (!is_head_of_both(&g->nodes[i]))
			continue;
		if (value && strcmp(value, g->nodes[i].change->value) != 0)
			return false;
		value = g->nodes[i].change->value;
	}
	return true;
}

static enum ancestry_state judge(const struct graph *g, const struct ancestry *a)
{
	if (a->lacked.count == 0)
		return a->surplus.count == 0 ? ANCESTRY_EQUAL : ANCESTRY_AHEAD;
	if (a->surplus.count == 0)
		return ANCESTRY_BEHIND;
	return heads_agree(g) ? ANCESTRY_SIDE_BY_SIDE : ANCESTRY_DIVERGED;
}

int ancestry_compare(const char *key, const struct ancestry_side *ours, const struct ancestry_side *theirs, struct ancestry *out,
		     struct error *err)
{
	const struct ancestry_side *const sides[SIDES] = { ours, theirs };
	CLEANUP(graph) struct graph g = { .key = key };
	size_t most = 0;

	ancestry_cleanup(out);
	for (int side = 0; side < SIDES; side++) {
		g.lists_all[side] = !sides[side]->heads;
		most += sides[side]->changes ? sides[side]->changes->count : 0;
	}
	g.nodes = xcalloc(most + 1, sizeof *g.nodes);
	for (int side = 0; side < SIDES; side++)
		if (add_side(&g, side, sides[side]->changes, err) < 0)
			return -1;
	for (int side = 0; side < SIDES; side++)
		if (find_heads(&g, side, sides[side], err) < 0 || reach(&g, side, err) < 0)
			return -1;
	list_missing(&g, THEIRS, &out->lacked);
	list_missing(&g, OURS, &out->surplus);
	out->state = judge(&g, out);
	return 0;
}

void ancestry_cleanup(struct ancestry *a)
{
	change_list_cleanup(&a->lacked);
	change_list_cleanup(&a->surplus);
	a->state = ANCESTRY_EQUAL;
}

const char *ancestry_state_name(enum ancestry_state state)
{
	static const char *const names[] = { "equal", "ahead", "behind", "side by side", "diverged" };

	return names[state];
}
