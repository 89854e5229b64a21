/* SPDX-License-Identifier: Apache-2.0 */
/* Tells which keys have diverged when changes from elsewhere stand beside ours. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "registry/receive-internal.h"
#include "registry/ref-change.h"

#define TOLD_MAX 100

void divergence_cleanup(struct divergence *d)
{
	hashmap_cleanup(&d->seen);
	change_map_cleanup(&d->incoming);
}

static void add_all(struct divergence *d)
{
	const struct receive *r = d->receive;

	if (d->has_incoming)
		return;
	d->has_incoming = true;
	for (size_t i = 0; i < r->changes->count; i++)
		change_map_add(&d->incoming, &r->changes->v[i]);
	for (size_t i = 0; r->plan && i < r->plan->made_count; i++)
		change_map_add(&d->incoming, r->plan->made[i]);
}

/* ---- numbers that were used for two versions ---- */

/* A change below the heads of a key. */
struct reached {
	struct oid id;
	struct oid version;
	bool names_version;
	size_t from; /* how many heads it is below, or is */
	size_t last; /* the head that it was reached from last, counted from 1 */
};
struct below {
	struct divergence *d;
	struct reached **v;
	size_t count, cap;
	struct hashmap places; /* id → struct reached */
};

static void below_cleanup(struct below *b)
{
	for (size_t i = 0; i < b->count; i++)
		free(b->v[i]);
	free(b->v);
	hashmap_cleanup(&b->places);
}

static struct reached *find(struct below *b, const struct oid *id)
{
	struct reached *found = hashmap_find(&b->places, id->raw, OID_LEN);

	if (found)
		return found;
	found = xcalloc(1, sizeof *found);
	found->id = *id;
	hashmap_put(&b->places, id->raw, OID_LEN, found);
	ARRAY_GROW(b->v, b->count + 1, b->cap);
	b->v[b->count++] = found;
	return found;
}

struct walk {
	struct oid *v;
	size_t count, cap;
};

static void walk_cleanup(struct walk *w)
{
	free(w->v);
}

static void push(struct walk *w, const struct oid *id)
{
	ARRAY_GROW(w->v, w->count + 1, w->cap);
	w->v[w->count++] = *id;
}

/* Among what comes, or here. */
static int read_change(struct below *b, const struct oid *id, struct change *out, struct error *err)
{
	const struct change *c = change_map_find(&b->d->incoming, id);

	if (c)
		change_copy(c, out);
	return c ? 1 : view_change(txn_view(b->d->txn), id, out, err);
}

static int step(struct below *b, const struct oid *id, size_t head, struct walk *walk, struct error *err)
{
	CLEANUP(change) struct change c = { .key = NULL };
	CLEANUP(json) json_t *value = NULL;
	struct reached *here = find(b, id);
	int found;

	if (here->last == head)
		return 0;
	here->last = head;
	here->from++;
	found = read_change(b, id, &c, err);
	if (found <= 0)
		return found;
	for (size_t i = 0; i < c.parent_count; i++)
		push(walk, &c.parents[i]);
	value = json_parse(c.value, strlen(c.value), c.key, err);
	if (!value)
		return -1;
	here->names_version = json_get_oid(value, "version", &here->version);
	return 0;
}

static int reach(struct below *b, const struct oid *head, size_t number, struct error *err)
{
	CLEANUP(walk) struct walk walk = { NULL, 0, 0 };

	push(&walk, head);
	while (walk.count) {
		struct oid id = walk.v[--walk.count];

		if (step(b, &id, number, &walk, err) < 0)
			return -1;
	}
	return 0;
}

/* Equal heads, but where they come from the number stood for two versions, one of which could not be restored: 1, 0, -1. */
static int hides_a_version(struct divergence *d, const struct heads *heads, struct error *err)
{
	CLEANUP(below) struct below b = { .d = d, .places = HASHMAP_INIT };
	const struct oid *version = NULL;

	add_all(d);
	for (size_t i = 0; i < heads->count; i++)
		if (reach(&b, &heads->v[i].id, i + 1, err) < 0)
			return -1;
	for (size_t i = 0; i < b.count; i++) {
		if (!b.v[i]->names_version || b.v[i]->from == heads->count)
			continue;
		if (version && !oid_equal(version, &b.v[i]->version))
			return 1;
		version = &b.v[i]->version;
	}
	return 0;
}

/* ---- all keys ---- */

static bool is_number(const char *key)
{
	return strncmp(key, "version/", 8) == 0 || strncmp(key, "link/", 5) == 0;
}

static int check_key(struct divergence *d, const char *key, struct error *err)
{
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	bool differ;
	int hides = 0;

	if (view_heads(txn_view(d->txn), key, &heads, err) < 0)
		return -1;
	if (heads.count < 2 || hashmap_has(&d->seen, key, strlen(key)))
		return 0;
	hashmap_put(&d->seen, key, strlen(key), NULL);
	heads_value(&heads, &differ);
	if (!differ && is_number(key))
		hides = hides_a_version(d, &heads, err);
	if (hides < 0)
		return -1;
	if (differ || hides)
		strvec_push(d->out, key);
	return 0;
}

int receive_find_diverged(struct divergence *d, struct error *err)
{
	const struct receive *r = d->receive;

	for (size_t i = 0; i < r->changes->count; i++)
		if (check_key(d, r->changes->v[i].key, err) < 0)
			return -1;
	for (size_t i = 0; r->plan && i < r->plan->made_count; i++)
		if (check_key(d, r->plan->made[i]->key, err) < 0)
			return -1;
	strvec_sort(d->out);
	return 0;
}

/* ---- in a user's words ---- */

static const char *other_value(const struct heads *heads, const char *ours)
{
	for (size_t i = 0; i < heads->count; i++)
		if (strcmp(heads->v[i].value, ours) != 0)
			return heads->v[i].value;
	return ours;
}

/* An empty note has a value, too. */
static void add_side(struct strbuf *out, const char *value, const char *shown)
{
	strbuf_adds(out, strcmp(value, "null") == 0 ? "removed" : *shown ? shown : "empty");
}

static int add_difference(struct txn *txn, const char *key, struct strvec *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, line = STRBUF_INIT;
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	struct ref_changes both = { .v = NULL };
	struct ref_change c = { .ref = NULL };
	int found = txn_value_before(txn, key, &text, err);
	const char *ours = found == 1 ? text.buf : "null", *theirs;

	if (found < 0 || view_heads(txn_view(txn), key, &heads, err) < 0)
		return -1;
	theirs = other_value(&heads, ours);
	found = strcmp(theirs, ours) == 0 ? 0
					  : ref_change_of(txn_view(txn), key, found ? ours : NULL, strcmp(theirs, "null") != 0 ? theirs : NULL, false, &c, err);
	if (found <= 0)
		return found;
	if (strcmp(c.kind, "alias") == 0 || strcmp(c.kind, "version") == 0 || strcmp(c.kind, "link") == 0)
		strbuf_addf(&line, "'%s' is ", c.ref);
	else
		strbuf_addf(&line, "the %s of '%s' is ", c.kind, c.ref);
	add_side(&line, ours, c.from);
	strbuf_adds(&line, " here, ");
	add_side(&line, theirs, c.to);
	strbuf_adds(&line, " there");
	strvec_push(out, line.buf);
	both.v = xcalloc(1, sizeof *both.v);
	both.v[0] = c;
	both.count = 1;
	ref_changes_cleanup(&both);
	return 0;
}

int receive_tell_differences(struct txn *txn, const struct strvec *keys, struct strvec *out, struct error *err)
{
	for (size_t i = 0; i < keys->count && i < TOLD_MAX; i++)
		if (add_difference(txn, keys->v[i], out, err) < 0)
			return -1;
	if (keys->count > TOLD_MAX)
		strvec_push(out, "not all that has diverged is shown");
	return 0;
}
