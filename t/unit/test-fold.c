/* SPDX-License-Identifier: Apache-2.0 */
/* The fold: heads of chains, of histories that met, and that no order of arrival matters. */
#include <config.h>

#include "format/fold.h"

#include "base/clock.h"
#include "base/mem.h"
#include "tap.h"

#define MAX_CHANGES 48

static uint64_t random_state = 20261121;

/* xorshift64*: the same numbers in every run. */
static size_t random_below(size_t n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (size_t)((random_state * UINT64_C(2685821657736338717)) >> 33) % n;
}

/* Changes made by a test, in causal order. */
struct history {
	struct change changes[MAX_CHANGES];
	size_t count;
};

static void history_cleanup(struct history *h)
{
	for (size_t i = 0; i < h->count; i++)
		change_cleanup(&h->changes[i]);
	h->count = 0;
}

/* A change with `parent_count` parents, indexes of earlier ones. */
static const struct change *add(struct history *h, const char *key, const char *value, size_t parent_count, const size_t *parents)
{
	struct change *c = &h->changes[h->count];
	struct error err = ERROR_INIT;

	need(h->count < MAX_CHANGES, "too many changes");
	*c = (struct change){ .key = xstrdup(key),
		.value = xstrdup(value),
		.time = NS_PER_S * (int64_t)(h->count + 1),
		.user = xstrdup("u"),
		.host = xstrdup("h"),
		.verb = xstrdup("alias"),
		.why = xstrdup(""),
		.run = xstrdup("") };
	c->parents = xcalloc(parent_count + 1, sizeof *c->parents);
	for (size_t i = 0; i < parent_count; i++)
		c->parents[i] = h->changes[parents[i]].id;
	c->parent_count = parent_count;
	need(change_seal(c, NULL, &err) == 0, err.text);
	h->count++;
	return c;
}

#define ADD(h, value, ...) add((h), "a/b", (value), COUNT_OF(((size_t[]){ __VA_ARGS__ })), (size_t[]){ __VA_ARGS__ })
#define ADD_FIRST(h, value) add((h), "a/b", (value), 0, NULL)

/* The fold of all, in order. */
static void step_all(const struct history *h, struct heads *heads)
{
	for (size_t i = 0; i < h->count; i++)
		heads_step(heads, &h->changes[i]);
}

static void set_of(const struct history *h, const struct oid *withdrawn, size_t withdrawn_count, struct heads *heads)
{
	const struct change *set[MAX_CHANGES];

	for (size_t i = 0; i < h->count; i++)
		set[i] = &h->changes[i];
	heads_of(set, h->count, withdrawn, withdrawn_count, heads);
}

static bool same(const struct heads *a, const struct heads *b)
{
	CLEANUP(strbuf) struct strbuf x = STRBUF_INIT, y = STRBUF_INIT;

	heads_write(&x, a);
	heads_write(&y, b);
	return x.len == y.len && memcmp(x.buf, y.buf, x.len) == 0;
}

static bool has_head(const struct heads *heads, const struct change *c)
{
	for (size_t i = 0; i < heads->count; i++)
		if (oid_equal(&heads->v[i].id, &c->id))
			return true;
	return false;
}

static void test_chain(void)
{
	CLEANUP(history) struct history h = { .count = 0 };
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	bool diverged = true;

	ok(heads_value(&heads, &diverged) == NULL && !diverged && !heads_is_live(&heads), "a key that was never set has no value");
	ADD_FIRST(&h, "1");
	ADD(&h, "2", 0);
	ADD(&h, "3", 1);
	step_all(&h, &heads);
	ok(heads.count == 1 && has_head(&heads, &h.changes[2]), "the end of a chain is its head");
	is_str(heads_value(&heads, &diverged), "3", "its value counts");
	ok(!diverged && heads_is_live(&heads), "it agrees with itself");
	heads_step(&heads, &h.changes[2]);
	is_int((intmax_t)heads.count, 1, "a head that comes again changes nothing");
}

static void test_tombstone(void)
{
	CLEANUP(history) struct history h = { .count = 0 };
	CLEANUP(heads) struct heads heads = HEADS_INIT;

	ADD_FIRST(&h, "1");
	ADD(&h, "null", 0);
	step_all(&h, &heads);
	ok(heads.count == 1 && !heads_is_live(&heads), "a tombstone is a head that is not live");
	is_str(heads_value(&heads, NULL), "null", "its value is null");
	heads_step(&heads, ADD(&h, "2", 1));
	ok(heads_is_live(&heads), "the next change brings it back");
}

static void test_divergence(void)
{
	CLEANUP(history) struct history h = { .count = 0 };
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	const struct change *left, *right;
	bool diverged = false;

	ADD_FIRST(&h, "1");
	left = ADD(&h, "2", 0);
	right = ADD(&h, "3", 0);
	step_all(&h, &heads);
	ok(heads.count == 2 && has_head(&heads, left) && has_head(&heads, right), "two changes of one parent are two heads");
	is_str(heads_value(&heads, &diverged), oid_compare(&left->id, &right->id) < 0 ? "2" : "3", "the smallest id gives the value");
	ok(diverged, "they have diverged");
	heads_step(&heads, ADD(&h, "3", 1, 2));
	is_str(heads_value(&heads, &diverged), "3", "a change with both as parents settles it");
	ok(!diverged && heads.count == 1, "and is the only head");
}

static void test_side_by_side(void)
{
	CLEANUP(history) struct history h = { .count = 0 };
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	bool diverged = true;

	ADD_FIRST(&h, "1");
	ADD(&h, "2", 0);
	ADD(&h, "2", 0);
	step_all(&h, &heads);
	is_str(heads_value(&heads, &diverged), "2", "equal heads stand side by side");
	ok(!diverged && heads.count == 2, "without having diverged");
	heads_step(&heads, ADD(&h, "4", 2, 1));
	ok(heads.count == 1 && has_head(&heads, &h.changes[3]), "the next change names both as parents and follows both");
}

static void test_withdrawn(void)
{
	CLEANUP(history) struct history h = { .count = 0 };
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	struct oid withdrawn[2];

	ADD_FIRST(&h, "1");
	ADD(&h, "2", 0);
	ADD(&h, "3", 1);
	withdrawn[0] = h.changes[2].id;
	withdrawn[1] = h.changes[1].id;
	set_of(&h, withdrawn, 1, &heads);
	ok(heads.count == 1 && has_head(&heads, &h.changes[1]), "a withdrawn head gives its parent back");
	set_of(&h, withdrawn, 2, &heads);
	ok(heads.count == 1 && has_head(&heads, &h.changes[0]), "a withdrawn chain gives back what was before it");
	ADD(&h, "4", 0);
	set_of(&h, withdrawn, 2, &heads);
	ok(heads.count == 1 && has_head(&heads, &h.changes[3]), "unless something else follows that");
	withdrawn[0] = h.changes[0].id;
	set_of(&h, withdrawn, 1, &heads);
	ok(heads.count == 2 && !has_head(&heads, &h.changes[0]), "a withdrawn root is no head");
	set_of(&h, NULL, 0, &heads);
	is_int((intmax_t)heads.count, 2, "with nothing withdrawn all count");
}

/* Like work on several sides: mostly on one earlier change, now and then on several, sometimes on none. */
static void make_random(struct history *h)
{
	static const char *const values[] = { "1", "2", "null", "{\"a\":1}" };
	size_t count = 1 + random_below(MAX_CHANGES - 1);

	while (h->count < count) {
		size_t parents[4], parent_count = h->count == 0 || random_below(12) == 0 ? 0 : 1 + random_below(8) / 5;

		for (size_t i = 0; i < parent_count; i++)
			parents[i] = h->count - 1 - random_below(h->count < 6 ? h->count : 6);
		add(h, "a/b", values[random_below(COUNT_OF(values))], parent_count, parents);
	}
}

static void shuffle(const struct change **set, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t other = random_below(i);
		const struct change *c = set[i - 1];

		set[i - 1] = set[other];
		set[other] = c;
	}
}

static bool contains(const struct change *const *set, size_t count, const struct oid *id)
{
	for (size_t i = 0; i < count; i++)
		if (oid_equal(&set[i]->id, id))
			return true;
	return false;
}

/* A random order in which every change comes after its parents. */
static void causal_order(const struct history *h, const struct change **order)
{
	const struct change *left[MAX_CHANGES];
	size_t left_count = h->count, done = 0;

	for (size_t i = 0; i < h->count; i++)
		left[i] = &h->changes[i];
	shuffle(left, left_count);
	while (left_count > 0) {
		size_t i = random_below(left_count);
		bool ready = true;

		for (size_t p = 0; p < left[i]->parent_count; p++)
			ready = ready && contains(order, done, &left[i]->parents[p]);
		if (!ready)
			continue;
		order[done++] = left[i];
		left[i] = left[--left_count];
	}
}

/* The set in random order, each change once or twice. */
static void any_order(const struct history *h, const struct oid *withdrawn, size_t withdrawn_count, struct heads *out)
{
	const struct change *order[2 * MAX_CHANGES];
	size_t count = 0;

	for (size_t i = 0; i < h->count; i++) {
		order[count++] = &h->changes[i];
		if (random_below(4) == 0)
			order[count++] = &h->changes[i];
	}
	shuffle(order, count);
	heads_of(order, count, withdrawn, withdrawn_count, out);
}

static bool survives_any_order(const struct history *h)
{
	CLEANUP(heads) struct heads expected = HEADS_INIT, of_set = HEADS_INIT, stepped = HEADS_INIT;
	const struct change *order[MAX_CHANGES];

	step_all(h, &expected);
	any_order(h, NULL, 0, &of_set);
	causal_order(h, order);
	for (size_t i = 0; i < h->count; i++)
		heads_step(&stepped, order[i]);
	return same(&of_set, &expected) && same(&stepped, &expected);
}

static bool survives_withdrawal(const struct history *h)
{
	CLEANUP(heads) struct heads expected = HEADS_INIT, of_set = HEADS_INIT;
	struct oid withdrawn[8];
	size_t count = random_below(COUNT_OF(withdrawn) + 1);

	for (size_t i = 0; i < count; i++)
		withdrawn[i] = h->changes[random_below(h->count)].id;
	set_of(h, withdrawn, count, &expected);
	any_order(h, withdrawn, count, &of_set);
	return same(&of_set, &expected);
}

static void test_any_order(void)
{
	size_t faults = 0, withdrawal_faults = 0, shuffles = 0;

	for (int round = 0; round < 200; round++) {
		CLEANUP(history) struct history h = { .count = 0 };

		make_random(&h);
		for (int i = 0; i < 25; i++, shuffles++) {
			faults += !survives_any_order(&h);
			withdrawal_faults += !survives_withdrawal(&h);
		}
	}
	ok(faults == 0, "%zu shuffled sets have the heads of their causal orders", shuffles);
	ok(withdrawal_faults == 0, "also when changes are withdrawn");
}

static void test_bytes(void)
{
	CLEANUP(history) struct history h = { .count = 0 };
	CLEANUP(heads) struct heads heads = HEADS_INIT, back = HEADS_INIT;
	CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT;
	struct error err = ERROR_INIT;
	size_t accepted = 0;

	ok(heads_parse("", 0, &back, &err) == 0 && back.count == 0, "no heads are no bytes");
	ADD_FIRST(&h, "{\"a\":1}");
	ADD_FIRST(&h, "null");
	ADD_FIRST(&h, "12");
	step_all(&h, &heads);
	heads_write(&bytes, &heads);
	ok(heads_parse(bytes.buf, bytes.len, &back, &err) == 0 && same(&heads, &back), "heads are read back from their bytes");
	for (size_t i = 1; i < bytes.len; i++)
		if (heads_parse(bytes.buf, i, &back, &err) == 0)
			accepted++;
	is_int((intmax_t)accepted, 2, "a cut is found but between heads");
	memset(bytes.buf, 0xff, OID_LEN);
	ok(heads_parse(bytes.buf, bytes.len, &back, &err) == -1 && err.code == ERR_INTEGRITY, "heads out of order are refused");
	memset(bytes.buf + OID_LEN, 0xff, 4);
	ok(heads_parse(bytes.buf, bytes.len, &back, &err) == -1 && err.code == ERR_INTEGRITY, "a length beyond the end is refused");
}

static void test_fold(void)
{
	CLEANUP(history) struct history h = { .count = 0 };
	CLEANUP(fold) struct fold a = FOLD_INIT, b = FOLD_INIT;
	const struct heads *heads;

	add(&h, "a/x", "1", 0, NULL);
	add(&h, "a/y", "2", 0, NULL);
	add(&h, "a/x", "3", 1, (size_t[]){ 0 });
	for (size_t i = 0; i < 3; i++)
		fold_step(&a, &h.changes[i]);
	heads = fold_find(&a, "a/x");
	is_str(heads ? heads_value(heads, NULL) : NULL, "3", "each key has its own heads");
	ok(fold_find(&a, "a/z") == NULL, "a key that was never set is not there");
	fold_step(&b, &h.changes[1]);
	fold_step(&b, &h.changes[0]);
	ok(!fold_equal(&a, &b) && !fold_equal(&b, &a), "states differ while a change is missing");
	fold_step(&b, &h.changes[2]);
	ok(fold_equal(&a, &b), "and are equal with the same changes");
	fold_step(&b, add(&h, "a/z", "1", 0, NULL));
	ok(!fold_equal(&a, &b) && !fold_equal(&b, &a), "one key more is a difference");
}

int main(void)
{
	test_chain();
	test_tombstone();
	test_divergence();
	test_side_by_side();
	test_withdrawn();
	test_any_order();
	test_bytes();
	test_fold();
	return tap_done();
}
