/* SPDX-License-Identifier: Apache-2.0 */
/* Version objects as compact bytes: lengths before everything, so that what is not asked for is stepped over. */
#include <config.h>

#include "format/facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define NAME_MAX_BYTES 255 /* of user, host, run */
#define LENGTH_MAX_BYTES 5 /* of a length: 7 bits in each byte, the lowest first, 32 bits in all */

enum { HAS_METRICS = 1, HAS_METADATA = 2, HAS_DESCRIPTION = 4 };

/* ---- writing ---- */

static void add_length(struct strbuf *out, size_t len)
{
	for (; len >= 128; len >>= 7)
		strbuf_addc(out, (char)(len | 128));
	strbuf_addc(out, (char)len);
}

static void add_bytes(struct strbuf *out, const void *data, size_t len)
{
	add_length(out, len);
	strbuf_add(out, data, len);
}

static void add_u64(struct strbuf *out, uint64_t n)
{
	uint8_t bytes[8];

	store_le64(bytes, n);
	strbuf_add(out, bytes, sizeof bytes);
}

static void add_number(struct strbuf *out, const json_t *value)
{
	double real = json_real_value(value);
	uint64_t bits;

	memcpy(&bits, &real, sizeof bits);
	strbuf_addc(out, json_is_integer(value) ? FACTS_INTEGER : FACTS_REAL);
	add_u64(out, json_is_integer(value) ? (uint64_t)json_integer_value(value) : bits);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In the order of a canonical object, so that it does not matter where the value came from. */
static void add_members(struct strbuf *items, const json_t *object)
{
	json_t *mutable = (json_t *)(uintptr_t)object; /* jansson's iterators know no const */
	size_t count = json_object_size(object), n = 0;
	CLEANUP(ptr) const char **names = xcalloc(count + 1, sizeof *names);

	for (void *at = json_object_iter(mutable); at && n < count; at = json_object_iter_next(mutable, at))
		names[n++] = json_object_iter_key(at);
	qsort(names, n, sizeof *names, compare_names);
	for (size_t i = 0; i < n; i++)
		facts_add_member(items, names[i], json_object_get(object, names[i]));
}

static void add_container(struct strbuf *out, const json_t *value)
{
	CLEANUP(strbuf) struct strbuf items = STRBUF_INIT;
	const json_t *item;
	size_t i;

	if (json_is_array(value))
		json_array_foreach(value, i, item) facts_add(&items, item);
	else
		add_members(&items, value);
	strbuf_addc(out, json_is_array(value) ? FACTS_ARRAY : FACTS_OBJECT);
	add_bytes(out, items.buf, items.len);
}

void facts_add_member(struct strbuf *items, const char *key, const json_t *value)
{
	add_bytes(items, key, strlen(key));
	if (value)
		facts_add(items, value);
	else
		strbuf_addc(items, FACTS_HIDDEN);
}

void facts_add_object(struct strbuf *out, const struct strbuf *items)
{
	strbuf_addc(out, FACTS_OBJECT);
	add_bytes(out, items->buf, items->len);
}

void facts_add(struct strbuf *out, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_NULL:
		strbuf_addc(out, FACTS_NULL);
		break;
	case JSON_FALSE:
	case JSON_TRUE:
		strbuf_addc(out, json_is_true(value) ? FACTS_TRUE : FACTS_FALSE);
		break;
	case JSON_INTEGER:
	case JSON_REAL:
		add_number(out, value);
		break;
	case JSON_STRING:
		strbuf_addc(out, FACTS_TEXT);
		add_bytes(out, json_string_value(value), json_string_length(value));
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		add_container(out, value);
		break;
	}
}

static bool add_part(struct strbuf *out, const struct strbuf *part, size_t start, uint8_t flag)
{
	bool fits = out->len - start + LENGTH_MAX_BYTES + part->len <= FACTS_MAX_BYTES;

	if (fits) {
		out->buf[start] = (char)(out->buf[start] | flag);
		add_bytes(out, part->buf, part->len);
	}
	return fits;
}

bool facts_write(struct strbuf *out, const struct version_object *v)
{
	const char *const names[] = { v->user, v->host, v->run };
	CLEANUP(strbuf) struct strbuf metrics = STRBUF_INIT, metadata = STRBUF_INIT, description = STRBUF_INIT;
	size_t start = out->len;

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strlen(names[i]) > NAME_MAX_BYTES)
			return false;
	strbuf_addc(out, 0);
	add_u64(out, (uint64_t)v->time);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		add_bytes(out, names[i], strlen(names[i]));
	facts_add(&metrics, v->metrics);
	facts_add(&metadata, v->metadata);
	strbuf_adds(&description, v->description);
	add_part(out, &metrics, start, HAS_METRICS);
	add_part(out, &metadata, start, HAS_METADATA);
	add_part(out, &description, start, HAS_DESCRIPTION);
	return true;
}

/* ---- reading ---- */

static int damaged(struct error *err)
{
	error_set(err, ERR_INTEGRITY, "index is damaged: facts of a version");
	return error_hint(err, "Run 'mreg fsck --rebuild-index'.");
}

static bool take_length(struct span *in, size_t *out)
{
	uint64_t len = 0;

	for (size_t i = 0; i < LENGTH_MAX_BYTES && i < in->len; i++) {
		len |= (uint64_t)(in->data[i] & 127) << (7 * i);
		if (in->data[i] & 128)
			continue;
		in->data += i + 1;
		in->len -= i + 1;
		*out = (size_t)len;
		return len <= in->len;
	}
	return false;
}

static bool take_bytes(struct span *in, struct span *out)
{
	size_t len;

	if (!take_length(in, &len))
		return false;
	*out = (struct span){ in->data, len };
	in->data += len;
	in->len -= len;
	return true;
}

static bool take_u64(struct span *in, uint64_t *out)
{
	if (in->len < 8)
		return false;
	*out = load_le64(in->data);
	in->data += 8;
	in->len -= 8;
	return true;
}

static bool take_value(struct span *in, struct facts_value *out)
{
	uint64_t bits;

	if (!in->len || in->data[0] > FACTS_HIDDEN)
		return false;
	*out = (struct facts_value){ .kind = (enum facts_kind)in->data[0] };
	in->data++;
	in->len--;
	switch (out->kind) {
	case FACTS_NULL:
	case FACTS_FALSE:
	case FACTS_TRUE:
	case FACTS_HIDDEN:
		return true;
	case FACTS_INTEGER:
	case FACTS_REAL:
		if (!take_u64(in, &bits))
			return false;
		out->integer = (int64_t)bits;
		memcpy(&out->real, &bits, sizeof bits);
		return true;
	case FACTS_TEXT:
	case FACTS_ARRAY:
	case FACTS_OBJECT:
		break;
	}
	return take_bytes(in, &out->text);
}

int facts_parse(const void *data, size_t len, struct facts *out, struct error *err)
{
	struct span in = { data, len };
	uint64_t time;
	uint8_t flags;

	*out = (struct facts){ .time = 0 };
	if (!len)
		return damaged(err);
	flags = in.data[0];
	in.data++;
	in.len--;
	out->has_metrics = flags & HAS_METRICS;
	out->has_metadata = flags & HAS_METADATA;
	out->has_description = flags & HAS_DESCRIPTION;
	if (!take_u64(&in, &time) || !take_bytes(&in, &out->user) || !take_bytes(&in, &out->host) || !take_bytes(&in, &out->run) ||
		(out->has_metrics && !take_bytes(&in, &out->metrics)) || (out->has_metadata && !take_bytes(&in, &out->metadata)) ||
		(out->has_description && !take_bytes(&in, &out->description)) || in.len)
		return damaged(err);
	out->time = (int64_t)time;
	return 0;
}

/* ---- back to JSON ---- */

static json_t *to_json(struct span *in, size_t depth);

static json_t *items_to_json(struct span items, bool is_array, size_t depth)
{
	CLEANUP(json) json_t *out = is_array ? json_array() : json_object();
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	struct span name;

	if (depth > JSON_MAX_DEPTH)
		return NULL;
	while (items.len) {
		json_t *item;

		if (!is_array && !take_bytes(&items, &name))
			return NULL;
		item = to_json(&items, depth + 1);
		if (!item)
			return NULL;
		strbuf_reset(&key);
		if (!is_array)
			strbuf_add(&key, name.data, name.len);
		if (is_array ? json_array_append_new(out, item) : json_object_set_new(out, key.buf, item))
			return NULL;
	}
	return STEAL(out);
}

static json_t *to_json(struct span *in, size_t depth)
{
	struct facts_value v;

	if (!take_value(in, &v))
		return NULL;
	switch (v.kind) {
	case FACTS_NULL:
		return json_null();
	case FACTS_FALSE:
	case FACTS_TRUE:
		return json_boolean(v.kind == FACTS_TRUE);
	case FACTS_INTEGER:
		return json_integer(v.integer);
	case FACTS_REAL:
		return json_real(v.real);
	case FACTS_TEXT:
		return json_stringn((const char *)v.text.data, v.text.len);
	case FACTS_HIDDEN:
		return NULL;
	case FACTS_ARRAY:
	case FACTS_OBJECT:
		break;
	}
	return items_to_json(v.text, v.kind == FACTS_ARRAY, depth);
}

json_t *facts_json(struct span value, struct error *err)
{
	CLEANUP(json) json_t *out = to_json(&value, 0);

	if (out && !value.len)
		return STEAL(out);
	damaged(err);
	return NULL;
}

/* ---- finding ---- */

struct search {
	facts_fn fn;
	void *arg;
	struct error *err;
};

static int visit(const struct search *s, const struct facts_value *v)
{
	struct span items = v->text;
	struct facts_value item;
	int rc = 0;

	if (v->kind == FACTS_HIDDEN)
		return 0;
	if (v->kind != FACTS_ARRAY)
		return s->fn(v, s->arg, s->err);
	while (!rc && items.len)
		rc = take_value(&items, &item) && item.kind != FACTS_HIDDEN ? s->fn(&item, s->arg, s->err) : damaged(s->err);
	return rc;
}

static bool is_path(struct span key, struct span path)
{
	return key.len == path.len && (!key.len || memcmp(key.data, path.data, key.len) == 0);
}

static bool leads_to(struct span key, struct span path)
{
	return key.len < path.len && path.data[key.len] == '.' && span_begins_with(path, key);
}

static const struct span none = { NULL, 0 };

/* 1 when an object has a member of that name, 0, -1. */
static int has_member(struct span items, struct span name, struct error *err)
{
	struct facts_value v;
	struct span key;

	while (items.len) {
		if (!take_bytes(&items, &key) || !take_value(&items, &v))
			return damaged(err);
		if (is_path(key, name))
			return 1;
	}
	return 0;
}

static int find_in(const struct search *s, struct span items, struct span above, struct span path, size_t depth)
{
	struct facts_value v;
	struct span key;
	int rc = 0;

	if (depth > JSON_MAX_DEPTH)
		return damaged(s->err);
	while (!rc && items.len) {
		if (!take_bytes(&items, &key) || !take_value(&items, &v))
			return damaged(s->err);
		if (!is_path(key, path) && (v.kind != FACTS_OBJECT || !leads_to(key, path)))
			continue;
		rc = has_member(above, key, s->err);
		if (rc < 0)
			return -1;
		if (rc)
			rc = 0;
		else if (is_path(key, path))
			rc = visit(s, &v);
		else
			rc = find_in(s, v.text, none, (struct span){ path.data + key.len + 1, path.len - key.len - 1 }, depth + 1);
	}
	return rc;
}

/* The items of an object; none of an empty span. */
static bool items_of(struct span object, struct span *items)
{
	struct facts_value v;

	*items = none;
	if (!object.len)
		return true;
	if (!take_value(&object, &v) || v.kind != FACTS_OBJECT || object.len)
		return false;
	*items = v.text;
	return true;
}

int facts_find(struct span object, struct span above, const char *path, facts_fn fn, void *arg, struct error *err)
{
	struct search s = { fn, arg, err };
	struct span wanted = { (const uint8_t *)path, strlen(path) }, below, over;
	int rc;

	if (!items_of(object, &below) || !items_of(above, &over))
		return damaged(err);
	rc = find_in(&s, over, none, wanted, 0);
	if (!rc)
		rc = find_in(&s, below, over, wanted, 0);
	return rc < 0 ? -1 : 0;
}
