/* SPDX-License-Identifier: Apache-2.0 */
/* Compares heads, key by key. */
#include <config.h>

#include "transport/compared.h"

#include <string.h>

#include "base/interrupt.h"
#include "base/mem.h"

#define QUESTION_MAX (1u << 20) /* bytes, about */

void compared_cleanup(struct compared *c)
{
	hashmap_cleanup(&c->seen);
	strvec_release(&c->keys);
	key_heads_list_cleanup(&c->ahead);
	strvec_release(&c->diverged);
	hashmap_cleanup(&c->surplus);
}

void compared_add_key(struct compared *c, const char *key)
{
	if (hashmap_has(&c->seen, key, strlen(key)))
		return;
	hashmap_put(&c->seen, key, strlen(key), c);
	strvec_push(&c->keys, key);
}

bool compared_is_surplus(const struct compared *c, const struct oid *id)
{
	return hashmap_has(&c->surplus, id->raw, OID_LEN);
}

/* --- one key --- */

static bool has_head(const struct key_heads *theirs, const struct oid *id)
{
	for (size_t i = 0; i < theirs->count; i++)
		if (oid_equal(&theirs->heads[i], id))
			return true;
	return false;
}

/* Our changes of a key, from its heads back to those that the far side has as heads. */
static int add_surplus(struct compared *c, struct view *v, const struct heads *ours, const struct key_heads *theirs, struct error *err)
{
	CLEANUP(ptr) struct oid *todo = NULL;
	size_t count = 0, cap = 0;

	for (size_t i = 0; i < ours->count; i++) {
		ARRAY_GROW(todo, count + 1, cap);
		todo[count++] = ours->v[i].id;
	}
	while (count) {
		CLEANUP(change) struct change change = { .key = NULL };
		struct oid id = todo[--count];
		int found;

		if (has_head(theirs, &id) || compared_is_surplus(c, &id))
			continue;
		found = view_change(v, &id, &change, err);
		if (found <= 0)
			return found < 0 ? -1 : error_set(err, ERR_INTEGRITY, "change %s is not in the index", oid_hex(&id).text);
		hashmap_put(&c->surplus, id.raw, OID_LEN, c);
		for (size_t i = 0; i < change.parent_count; i++) {
			ARRAY_GROW(todo, count + 1, cap);
			todo[count++] = change.parents[i];
		}
	}
	return 0;
}

/* 1 when all of their heads are ours too, 0, -1. */
static int knows_theirs(struct view *v, const struct key_heads *theirs, struct error *err)
{
	for (size_t i = 0; i < theirs->count; i++) {
		CLEANUP(change) struct change change = { .key = NULL };
		int found = view_change(v, &theirs->heads[i], &change, err);

		if (found <= 0)
			return found;
	}
	return 1;
}

static bool has_one_value(const struct heads *ours, const struct key_heads *theirs)
{
	for (size_t i = 0; i < theirs->count; i++)
		if (!ours->count || strcmp(theirs->values[i], ours->v[0].value) != 0)
			return false;
	return true;
}

static void keep_ahead(struct compared *c, struct key_heads *theirs)
{
	ARRAY_GROW(c->ahead.v, c->ahead.count + 1, c->ahead.cap);
	c->ahead.v[c->ahead.count++] = *theirs;
	*theirs = (struct key_heads){ .key = NULL };
}

static int take_answer(struct compared *c, struct view *v, const struct heads *ours, struct key_heads *theirs, struct error *err)
{
	bool is_behind = true;
	int known;

	for (size_t i = 0; i < theirs->known_count; i++)
		is_behind = is_behind && theirs->known[i];
	if (is_behind)
		return 0;
	known = knows_theirs(v, theirs, err);
	if (known < 0)
		return -1;
	if (!known && !has_one_value(ours, theirs)) {
		strvec_push(&c->diverged, theirs->key);
		return 0;
	}
	if (add_surplus(c, v, ours, theirs, err) < 0)
		return -1;
	keep_ahead(c, theirs);
	return 0;
}

/* --- questions --- */

struct question {
	struct key_heads_list list;
	struct heads *heads; /* ours, one for each */
	size_t cap;
};

static void question_cleanup(struct question *q)
{
	for (size_t i = 0; i < q->list.count; i++)
		heads_cleanup(&q->heads[i]);
	free(q->heads);
	key_heads_list_cleanup(&q->list);
}

static int add_to_question(struct question *q, struct view *v, const char *key, size_t *bytes, struct error *err)
{
	struct heads heads = HEADS_INIT;
	struct key_heads *item;

	if (view_heads(v, key, &heads, err) < 0)
		return -1;
	ARRAY_GROW(q->heads, q->list.count + 1, q->cap);
	item = key_heads_add(&q->list, key);
	q->heads[q->list.count - 1] = heads;
	item->heads = xcalloc(heads.count + 1, sizeof *item->heads);
	for (size_t i = 0; i < heads.count; i++)
		item->heads[i] = heads.v[i].id;
	item->count = heads.count;
	*bytes += strlen(key) + (heads.count + 1) * (OID_HEX_LEN + 8);
	return 0;
}

static int check_answer(const struct question *q, const struct key_heads_list *answer, struct connection *connection, struct error *err)
{
	bool fits = answer->count == q->list.count;

	for (size_t i = 0; fits && i < answer->count; i++)
		fits = !strcmp(answer->v[i].key, q->list.v[i].key) && answer->v[i].known_count == q->list.v[i].count;
	if (!fits)
		return error_set(err, ERR_REMOTE, "%s: it answers what it was not asked", connection_name(connection));
	return 0;
}

static int exchange(const struct question *q, struct connection *connection, struct key_heads_list *answer, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct frame frame;

	compare_write(&text, &q->list);
	if (connection_send(connection, FRAME_COMPARE, text.buf, text.len, err) < 0)
		return -1;
	/* as many frames as the values take */
	do {
		if (connection_expect(connection, FRAME_HEADS, &frame, err) < 0)
			return -1;
		if (heads_message_parse(frame.data, frame.len, answer, err) < 0)
			return error_wrap(err, "%s", connection_name(connection));
	} while (answer->more && answer->count < q->list.count);
	return check_answer(q, answer, connection, err);
}

static int ask_one(struct compared *c, const struct question *q, struct connection *connection, struct view *v, struct error *err)
{
	CLEANUP(key_heads_list) struct key_heads_list answer = KEY_HEADS_LIST_INIT;

	if (exchange(q, connection, &answer, err) < 0)
		return -1;
	for (size_t i = 0; i < answer.count; i++)
		if (take_answer(c, v, &q->heads[i], &answer.v[i], err) < 0)
			return -1;
	return interrupt_check(err);
}

int compared_ask(struct compared *c, struct connection *connection, struct view *v, struct error *err)
{
	for (size_t next = 0; next < c->keys.count;) {
		CLEANUP(question) struct question q = { .list = KEY_HEADS_LIST_INIT };
		size_t bytes = 0;

		while (next < c->keys.count && q.list.count < MESSAGE_KEYS_MAX && bytes < QUESTION_MAX)
			if (add_to_question(&q, v, c->keys.v[next++], &bytes, err) < 0)
				return -1;
		if (ask_one(c, &q, connection, v, err) < 0)
			return -1;
	}
	return 0;
}

int compared_ask_change(struct connection *connection, struct view *v, const struct oid *id, struct error *err)
{
	CLEANUP(key_heads_list) struct key_heads_list answer = KEY_HEADS_LIST_INIT;
	CLEANUP(question) struct question q = { .list = KEY_HEADS_LIST_INIT };
	CLEANUP(change) struct change change = { .key = NULL };
	struct key_heads *item;
	int found = view_change(v, id, &change, err);

	if (found <= 0)
		return found;
	ARRAY_GROW(q.heads, 1, q.cap);
	item = key_heads_add(&q.list, change.key);
	q.heads[0] = (struct heads)HEADS_INIT;
	item->heads = xcalloc(1, sizeof *item->heads);
	item->heads[0] = *id;
	item->count = 1;
	return exchange(&q, connection, &answer, err) < 0 ? -1 : answer.v[0].known[0];
}

/* --- in words --- */

int compared_describe(const struct compared *c, struct view *v, struct ref_changes *out, struct error *err)
{
	for (size_t i = 0; i < c->ahead.count; i++) {
		const struct key_heads *theirs = &c->ahead.v[i];
		CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;
		const char *before = theirs->count && strcmp(theirs->values[0], "null") != 0 ? theirs->values[0] : NULL;
		struct ref_change change;
		int found, live = view_value(v, theirs->key, &value, err);

		if (live < 0)
			return -1;
		if (strcmp(live ? value.buf : "", before ? before : "") == 0)
			continue;
		found = ref_change_of(v, theirs->key, before, live ? value.buf : NULL, theirs->count == 0, &change, err);
		if (found < 0)
			return -1;
		if (!found)
			continue;
		ARRAY_GROW(out->v, out->count + 1, out->cap);
		out->v[out->count++] = change;
	}
	ref_changes_sort(out);
	return 0;
}
