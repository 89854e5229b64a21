/* SPDX-License-Identifier: Apache-2.0 */
/* Ancestry: how two histories of one key stand to each other, whole ones and listings of what is new. */
#include <config.h>

#include "format/ancestry.h"

#include "base/clock.h"
#include "tap.h"

#define MANY 200000

struct made {
	struct change *v[64];
	size_t count;
};

static void made_cleanup(struct made *made)
{
	for (size_t i = 0; i < made->count; i++) {
		change_cleanup(made->v[i]);
		free(made->v[i]);
	}
}

static struct change *new_change(const char *key, const char *value, int64_t time, const struct oid *parents, size_t parent_count)
{
	struct change *c = xcalloc(1, sizeof *c);
	struct error err = ERROR_INIT;

	*c = (struct change){ .key = xstrdup(key), .value = xstrdup(value), .time = NS_PER_S * time };
	c->user = xstrdup("u");
	c->host = xstrdup("h");
	c->verb = xstrdup("alias");
	c->why = xstrdup("");
	c->run = xstrdup("");
	c->parents = parent_count ? xmemdup(parents, parent_count * sizeof *parents) : NULL;
	c->parent_count = parent_count;
	need(change_seal(c, NULL, &err) == 0, err.text);
	return c;
}

static const struct change *add(struct made *made, const char *value, const struct change *a, const struct change *b)
{
	struct oid parents[2];
	size_t count = 0;

	if (a)
		parents[count++] = a->id;
	if (b)
		parents[count++] = b->id;
	made->v[made->count] = new_change("alias/c/a", value, (int64_t)made->count, parents, count);
	return made->v[made->count++];
}

struct side {
	struct change_list list;
	struct oid heads[4];
	struct ancestry_side as;
};

static void side_cleanup(struct side *s)
{
	change_list_cleanup(&s->list);
}

/* Some of the changes, backwards, so that no order is relied on. */
static void hold(struct side *s, const struct change *const *v, size_t count)
{
	*s = (struct side){ .list = CHANGE_LIST_INIT };
	for (size_t i = count; i > 0; i--)
		change_list_add(&s->list, v[i - 1]);
	s->as.changes = &s->list;
}
#define HOLD(s, ...) hold((s), (const struct change *const[]){ __VA_ARGS__ }, COUNT_OF(((const struct change *const[]){ __VA_ARGS__ })))

static void say_head(struct side *s, const struct change *head)
{
	s->heads[s->as.head_count++] = head->id;
	s->as.heads = s->heads;
}

static bool is_before(const struct change_list *list, const struct change *a, const struct change *b)
{
	size_t at_a = list->count, at_b = list->count;

	for (size_t i = 0; i < list->count; i++) {
		at_a = list->v[i] == a ? i : at_a;
		at_b = list->v[i] == b ? i : at_b;
	}
	return at_a < at_b && at_b < list->count;
}

static void is_state(const struct side *ours, const struct side *theirs, enum ancestry_state want, size_t lacked, size_t surplus, const char *name)
{
	CLEANUP(ancestry) struct ancestry a = ANCESTRY_INIT;
	struct error err = ERROR_INIT;
	int result = ancestry_compare("alias/c/a", &ours->as, &theirs->as, &a, &err);

	ok(result == 0 && a.state == want && a.lacked.count == lacked && a.surplus.count == surplus, "%s", name);
	if (result < 0)
		printf("# %s\n", err.text);
	else
		printf("# %s, we lack %zu, they lack %zu\n", ancestry_state_name(a.state), a.lacked.count, a.surplus.count);
}

static void is_refused(const struct side *ours, const struct side *theirs, const char *why, const char *name)
{
	CLEANUP(ancestry) struct ancestry a = ANCESTRY_INIT;
	struct error err = ERROR_INIT;
	int result = ancestry_compare("alias/c/a", &ours->as, &theirs->as, &a, &err);

	ok(result < 0 && err.code == ERR_INTEGRITY && strstr(err.text, why), "%s", name);
	printf("# %s\n", err.text);
}

static void test_states(void)
{
	CLEANUP(made) struct made m = { .count = 0 };
	const struct change *root = add(&m, "1", NULL, NULL), *away = add(&m, "2", root, NULL), *back = add(&m, "1", away, NULL),
			    *other = add(&m, "3", root, NULL), *same = add(&m, "1", other, NULL), *join = add(&m, "1", back, same);
	CLEANUP(side) struct side none = { .list = CHANGE_LIST_INIT }, first, moved, theirs, merged;

	HOLD(&first, root);
	HOLD(&moved, root, away, back);
	HOLD(&theirs, root, other);
	is_state(&none, &none, ANCESTRY_EQUAL, 0, 0, "a key that neither side has is equal");
	is_state(&none, &moved, ANCESTRY_BEHIND, 3, 0, "one that only they have is behind");
	is_state(&moved, &none, ANCESTRY_AHEAD, 0, 3, "one that only we have is ahead");
	is_state(&moved, &moved, ANCESTRY_EQUAL, 0, 0, "the same changes are equal");
	is_state(&first, &moved, ANCESTRY_BEHIND, 2, 0, "a value that went away and came back is behind, not equal");
	is_state(&moved, &first, ANCESTRY_AHEAD, 0, 2, "and ahead from the other side");
	is_state(&moved, &theirs, ANCESTRY_DIVERGED, 1, 2, "other values on one parent have diverged");
	HOLD(&merged, root, other, same);
	is_state(&moved, &merged, ANCESTRY_SIDE_BY_SIDE, 2, 2, "equal values stand side by side");
	side_cleanup(&merged);
	HOLD(&merged, root, away, back, other, same, join);
	is_state(&moved, &merged, ANCESTRY_BEHIND, 3, 0, "a change with both as parents follows both");
}

static void test_order(void)
{
	CLEANUP(made) struct made m = { .count = 0 };
	const struct change *a = add(&m, "1", NULL, NULL), *b = add(&m, "2", a, NULL), *c = add(&m, "3", a, NULL), *d = add(&m, "4", b, c);
	CLEANUP(side) struct side none = { .list = CHANGE_LIST_INIT }, all;
	CLEANUP(ancestry) struct ancestry result = ANCESTRY_INIT;
	struct error err = ERROR_INIT;

	HOLD(&all, d, a, c, b);
	need(ancestry_compare("alias/c/a", &none.as, &all.as, &result, &err) == 0, err.text);
	ok(is_before(&result.lacked, a, b) && is_before(&result.lacked, a, c) && is_before(&result.lacked, b, d) &&
		   is_before(&result.lacked, c, d),
	   "what is lacked comes parents first");
}

static void test_partial(void)
{
	CLEANUP(made) struct made m = { .count = 0 };
	const struct change *a = add(&m, "1", NULL, NULL), *b = add(&m, "1", NULL, NULL), *c = add(&m, "2", a, NULL), *d = add(&m, "3", c, NULL);
	CLEANUP(side) struct side ours, news, gap, useless;

	HOLD(&ours, a, b);
	HOLD(&news, c);
	is_refused(&ours, &news, "their history of 'alias/c/a' is not complete", "a set without its roots is not guessed about");
	say_head(&news, c);
	say_head(&news, b);
	is_state(&ours, &news, ANCESTRY_BEHIND, 1, 0, "with its heads, a listing of what is new is enough");
	news.as.head_count = 1;
	is_state(&ours, &news, ANCESTRY_DIVERGED, 1, 1, "and tells a head that they do not have");
	HOLD(&gap, d);
	say_head(&gap, d);
	is_refused(&ours, &gap, oid_hex(&c->id).text, "a listing with a gap names what is missing");
	HOLD(&useless, c);
	say_head(&useless, a);
	is_refused(&ours, &useless, "no head follows", "a listing of what their heads do not follow is refused");
	useless.heads[0] = d->id;
	is_refused(&ours, &useless, oid_hex(&d->id).text, "so is a head that nobody listed");
	useless.heads[0] = a->id;
	useless.as.head_count = 0;
	change_list_cleanup(&useless.list);
	is_state(&ours, &useless, ANCESTRY_AHEAD, 0, 2, "no head at all: they have nothing");
	m.v[0]->parents = xmemdup(&d->id, sizeof d->id);
	m.v[0]->parent_count = 1;
	HOLD(&useless, a, c, d);
	say_head(&useless, d);
	is_refused(&useless, &useless, "follows itself", "a circle is refused");
}

static void test_other_key(void)
{
	CLEANUP(side) struct side none = { .list = CHANGE_LIST_INIT }, wrong;
	struct change *c = new_change("alias/c/b", "1", 1, NULL, 0);

	HOLD(&wrong, c);
	is_refused(&none, &wrong, "'alias/c/b'", "a change of another key is refused");
	change_cleanup(c);
	free(c);
}

/* A chain that would end a recursion, in far less time than a square would take. */
static void test_long(void)
{
	struct change **v = xcalloc(MANY, sizeof(*v));
	CLEANUP(change_list) struct change_list all = CHANGE_LIST_INIT;
	CLEANUP(ancestry) struct ancestry a = ANCESTRY_INIT;
	struct error err = ERROR_INIT;
	int result;

	for (size_t i = 0; i < MANY; i++) {
		v[i] = xcalloc(1, sizeof(**v));
		v[i]->key = v[i]->value = (char *)"k";
		memcpy(v[i]->id.raw, &i, sizeof i);
		v[i]->parents = i ? &v[i - 1]->id : NULL;
		v[i]->parent_count = i > 0;
		change_list_add(&all, v[i]);
	}
	result = ancestry_compare("k", &(struct ancestry_side){ .changes = NULL }, &(struct ancestry_side){ .changes = &all }, &a, &err);
	ok(result == 0 && a.lacked.count == MANY && a.lacked.v[0] == v[0], "a chain of %d changes", MANY);
	for (size_t i = 0; i < MANY; i++)
		free(v[i]);
	free(v);
}

int main(void)
{
	test_states();
	test_order();
	test_partial();
	test_other_key();
	test_long();
	return tap_done();
}
