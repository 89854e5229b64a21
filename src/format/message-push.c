/* SPDX-License-Identifier: Apache-2.0 */
/* The messages around a push: how the heads of keys stand, the push and its result, and what the other side holds in full. */
#include <config.h>

#include "format/message.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "format/message-internal.h"

#define HEADS_MAX 1024 /* of one key: a change has 64 parents at most, so more than that are never settled at once */
#define WHY_MAX 65536
#define USER_MAX 1024

/* ---- COMPARE, HEADS ---- */

struct key_heads *key_heads_add(struct key_heads_list *list, const char *key)
{
	struct key_heads *k;

	ARRAY_GROW(list->v, list->count + 1, list->cap);
	k = &list->v[list->count++];
	*k = (struct key_heads){ .key = xstrdup(key) };
	return k;
}

static void key_heads_release(struct key_heads *k)
{
	for (size_t i = 0; k->values && i < k->count; i++)
		free(k->values[i]);
	free(k->values);
	free(k->key);
	free(k->heads);
	free(k->known);
}

void key_heads_list_cleanup(struct key_heads_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		key_heads_release(&list->v[i]);
	ptr_cleanup(&list->v);
	*list = (struct key_heads_list)KEY_HEADS_LIST_INIT;
}

/* Values travel as the text that they are, since one may be nested as deep as a message may be. */
static json_t *key_json(const struct key_heads *k, bool is_answer)
{
	json_t *obj = json_object(), *heads = json_array(), *known, *values;

	json_object_set_new(obj, "key", json_string(k->key));
	for (size_t i = 0; i < k->count; i++)
		json_array_append_new(heads, json_oid(&k->heads[i]));
	json_object_set_new(obj, "heads", heads);
	if (!is_answer)
		return obj;
	known = json_array();
	for (size_t i = 0; i < k->known_count; i++)
		json_array_append_new(known, json_boolean(k->known[i]));
	json_object_set_new(obj, "known", known);
	values = json_array();
	for (size_t i = 0; i < k->count; i++)
		json_array_append_new(values, json_string(k->values[i]));
	json_object_set_new(obj, "values", values);
	return obj;
}

static void write_keys(struct strbuf *out, const struct key_heads_list *list, bool is_answer)
{
	json_t *obj = json_object(), *keys = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(keys, key_json(&list->v[i], is_answer));
	json_object_set_new(obj, "keys", keys);
	if (list->more)
		json_object_set_new(obj, "more", json_true());
	payload_close(out, obj);
}

void compare_write(struct strbuf *out, const struct key_heads_list *list)
{
	write_keys(out, list, false);
}

void heads_message_write(struct strbuf *out, const struct key_heads_list *list)
{
	write_keys(out, list, true);
}

static int parse_head_ids(const json_t *obj, const char *what, struct key_heads *k, struct error *err)
{
	const json_t *list = payload_list(obj, what, "heads", HEADS_MAX, err);
	size_t count = json_array_size(list);

	if (!list)
		return -1;
	k->heads = xcalloc(count + 1, sizeof *k->heads);
	for (size_t i = 0; i < count; i++) {
		const json_t *hex = json_array_get(list, i);

		if (!json_is_string(hex) || !oid_parse(json_string_value(hex), json_string_length(hex), &k->heads[i]) ||
			(i > 0 && oid_compare(&k->heads[i - 1], &k->heads[i]) >= 0))
			return payload_wrong(what, "heads", "is no sorted list of ids", err);
	}
	k->count = count;
	return 0;
}

/* NULL unless it is JSON in its canonical form. */
static char *parse_value(const json_t *value)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(json) json_t *doc = NULL;
	struct error ignored = ERROR_INIT;

	if (!json_is_string(value))
		return NULL;
	doc = json_parse(json_string_value(value), json_string_length(value), "a value", &ignored);
	if (!doc)
		return NULL;
	json_canonical(&text, doc);
	return strcmp(text.buf, json_string_value(value)) == 0 ? strbuf_detach(&text) : NULL;
}

static int parse_answer(const json_t *obj, struct key_heads *k, struct error *err)
{
	const json_t *values = payload_list(obj, "heads", "values", HEADS_MAX, err);
	const json_t *known = values ? payload_list(obj, "heads", "known", HEADS_MAX, err) : NULL;
	size_t count = json_array_size(known);

	if (!known)
		return -1;
	if (json_array_size(values) != k->count)
		return payload_wrong("heads", "values", "are not as many as there are heads", err);
	k->values = xcalloc(k->count + 1, sizeof *k->values);
	for (size_t i = 0; i < k->count; i++) {
		k->values[i] = parse_value(json_array_get(values, i));
		if (!k->values[i])
			return payload_wrong("heads", "values", "has an item that is no canonical JSON", err);
	}
	k->known = xcalloc(count + 1, sizeof *k->known);
	k->known_count = count;
	for (size_t i = 0; i < count; i++) {
		if (!json_is_boolean(json_array_get(known, i)))
			return payload_wrong("heads", "known", "has an item that is neither true nor false", err);
		k->known[i] = json_is_true(json_array_get(known, i));
	}
	return 0;
}

/* Appends; whoever called cleans up the list, so a key that is half read may stand in it. */
static int parse_keys(const void *data, size_t len, const char *what, bool is_answer, struct key_heads_list *out, struct error *err)
{
	CLEANUP(json) json_t *obj = payload_open(data, len, what, err);
	const json_t *list = obj ? payload_list(obj, what, "keys", MESSAGE_KEYS_MAX, err) : NULL;
	size_t count = json_array_size(list);

	if (!list)
		return -1;
	out->more = json_is_true(json_object_get(obj, "more"));
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(list, i);
		struct key_heads *k;
		const char *key;

		if (!json_get_string(item, "key", &key) || !payload_is_key(key, strlen(key)))
			return payload_wrong(what, "key", "is no key", err);
		k = key_heads_add(out, key);
		if (parse_head_ids(item, what, k, err) < 0 || (is_answer && parse_answer(item, k, err) < 0))
			return -1;
	}
	return 0;
}

int compare_parse(const void *data, size_t len, struct key_heads_list *out, struct error *err)
{
	return parse_keys(data, len, "compare", false, out, err);
}

int heads_message_parse(const void *data, size_t len, struct key_heads_list *out, struct error *err)
{
	return parse_keys(data, len, "heads", true, out, err);
}

/* ---- PUSH, RESULT ---- */

void push_write(struct strbuf *out, const struct push *p)
{
	json_t *obj = json_object();

	json_object_set_new(obj, "absent", payload_strings(&p->absent));
	json_object_set_new(obj, "dry_run", json_boolean(p->dry_run));
	json_object_set_new(obj, "override", json_boolean(p->override));
	json_object_set_new(obj, "present", payload_strings(&p->present));
	json_object_set_new(obj, "shallow", payload_strings(&p->shallow));
	json_object_set_new(obj, "user", payload_visible(p->user, USER_MAX));
	json_object_set_new(obj, "why", payload_string(p->why));
	payload_close(out, obj);
}

/* A reason may be several lines; it is data, shown as any other reason is. */
static int parse_why(const json_t *obj, struct push *p, struct error *err)
{
	const json_t *why = json_object_get(obj, "why");

	if (!json_is_string(why) || json_string_length(why) > WHY_MAX)
		return payload_wrong("push", "why", "is no text", err);
	p->why = xstrdup(json_string_value(why));
	return 0;
}

int push_parse(const void *data, size_t len, struct push *out, struct error *err)
{
	CLEANUP(json) json_t *obj = payload_open(data, len, "push", err);
	CLEANUP(push) struct push p = { .why = NULL };

	if (!obj || payload_texts(obj, "push", "absent", MESSAGE_ABSENT_MAX, payload_is_oid, &p.absent, err) < 0 ||
		payload_texts(obj, "push", "present", MESSAGE_ABSENT_MAX, payload_is_oid, &p.present, err) < 0 ||
		payload_texts(obj, "push", "shallow", MESSAGE_ABSENT_MAX, payload_is_cid, &p.shallow, err) < 0 ||
		payload_bool(obj, "push", "dry_run", &p.dry_run, err) < 0 || payload_bool(obj, "push", "override", &p.override, err) < 0 ||
		payload_text(obj, "push", "user", USER_MAX, &p.user, err) < 0 || parse_why(obj, &p, err) < 0)
		return -1;
	*out = p;
	memset(&p, 0, sizeof p);
	return 0;
}

void push_cleanup(struct push *p)
{
	ptr_cleanup(&p->why);
	ptr_cleanup(&p->user);
	strvec_cleanup(&p->absent);
	strvec_cleanup(&p->present);
	strvec_cleanup(&p->shallow);
	memset(p, 0, sizeof *p);
}

void push_result_write(struct strbuf *out, const struct push_result *r)
{
	json_t *obj = json_object(), *diverged = json_array();

	for (size_t i = 0; i < r->diverged.count && i < MESSAGE_KEYS_MAX; i++)
		json_array_append_new(diverged, json_string(r->diverged.v[i]));
	json_object_set_new(obj, "base", json_u64(r->base));
	json_object_set_new(obj, "changed", json_boolean(r->has_changed));
	json_object_set_new(obj, "diverged", diverged);
	json_object_set_new(obj, "seq", json_u64(r->seq));
	json_object_set_new(obj, "sum", json_oid(&r->sum));
	payload_close(out, obj);
}

int push_result_parse(const void *data, size_t len, struct push_result *out, struct error *err)
{
	CLEANUP(json) json_t *obj = payload_open(data, len, "result", err);
	CLEANUP(push_result) struct push_result r = { .seq = 0 };

	if (!obj || payload_texts(obj, "result", "diverged", MESSAGE_KEYS_MAX, payload_is_key, &r.diverged, err) < 0 ||
		payload_bool(obj, "result", "changed", &r.has_changed, err) < 0 || payload_u64(obj, "result", "seq", &r.seq, err) < 0 ||
		payload_u64(obj, "result", "base", &r.base, err) < 0 ||
		payload_oid(obj, "result", "sum", &r.sum, err) < 0)
		return -1;
	*out = r;
	memset(&r, 0, sizeof r);
	return 0;
}

void push_result_cleanup(struct push_result *r)
{
	strvec_cleanup(&r->diverged);
	memset(r, 0, sizeof *r);
}

/* ---- HOLD, HELD ---- */

void hold_write(struct strbuf *out, const struct strvec *versions)
{
	json_t *obj = json_object();

	json_object_set_new(obj, "versions", payload_strings(versions));
	payload_close(out, obj);
}

int hold_parse(const void *data, size_t len, struct strvec *versions, struct error *err)
{
	CLEANUP(json) json_t *obj = payload_open(data, len, "hold", err);

	return obj ? payload_texts(obj, "hold", "versions", MESSAGE_VERSIONS_MAX, payload_is_oid, versions, err) : -1;
}

void held_write(struct strbuf *out, const bool *complete, size_t count)
{
	json_t *obj = json_object(), *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_boolean(complete[i]));
	json_object_set_new(obj, "complete", list);
	payload_close(out, obj);
}

int held_parse(const void *data, size_t len, bool *complete, size_t count, struct error *err)
{
	CLEANUP(json) json_t *obj = payload_open(data, len, "held", err);
	const json_t *list = obj ? payload_list(obj, "held", "complete", MESSAGE_VERSIONS_MAX, err) : NULL;

	if (!list)
		return -1;
	if (json_array_size(list) != count)
		return payload_wrong("held", "complete", "is not as long as the question", err);
	for (size_t i = 0; i < count; i++) {
		if (!json_is_boolean(json_array_get(list, i)))
			return payload_wrong("held", "complete", "has an item that is neither true nor false", err);
		complete[i] = json_is_true(json_array_get(list, i));
	}
	return 0;
}
