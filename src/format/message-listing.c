/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of a listing: which changes are asked for, of which collections they are, and the changes themselves. */
#include <config.h>

#include "format/message.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "format/journal-line.h"
#include "format/message-internal.h"

#define SCOPE_NAME_MAX 1024

/* ---- LIST ---- */

void list_request_write(struct strbuf *out, const struct list_request *r)
{
	json_t *obj = json_object(), *since;

	json_object_set_new(obj, "collections", payload_strings(&r->collections));
	json_object_set_new(obj, "patterns", payload_strings(&r->patterns));
	if (r->has_since) {
		since = json_object();
		json_object_set_new(since, "seq", json_u64(r->seq));
		json_object_set_new(since, "sum", json_oid(&r->sum));
		json_object_set_new(obj, "since", since);
	}
	payload_close(out, obj);
}

static int parse_since(const json_t *obj, struct list_request *r, struct error *err)
{
	const json_t *since = json_object_get(obj, "since");

	r->has_since = since != NULL;
	if (!since)
		return 0;
	if (!json_is_object(since))
		return payload_wrong("list", "since", "is no object", err);
	return payload_u64(since, "list", "seq", &r->seq, err) < 0 ? -1 : payload_oid(since, "list", "sum", &r->sum, err);
}

int list_request_parse(const void *data, size_t len, struct list_request *out, struct error *err)
{
	CLEANUP(json) json_t *obj = payload_open(data, len, "list", err);
	CLEANUP(list_request) struct list_request r = { .has_since = false };

	if (!obj || payload_texts(obj, "list", "collections", MESSAGE_COLLECTIONS_MAX, payload_is_cid, &r.collections, err) < 0 ||
		payload_texts(obj, "list", "patterns", MESSAGE_PATTERNS_MAX, payload_is_pattern, &r.patterns, err) < 0 ||
		parse_since(obj, &r, err) < 0)
		return -1;
	if (r.collections.count && r.patterns.count)
		return payload_wrong("list", "collections", "stands beside patterns", err);
	*out = r;
	memset(&r, 0, sizeof r);
	return 0;
}

void list_request_cleanup(struct list_request *r)
{
	strvec_cleanup(&r->patterns);
	strvec_cleanup(&r->collections);
	memset(r, 0, sizeof *r);
}

/* ---- SCOPE ---- */

void scope_add(struct scope *s, const char *cid, const char *name, bool is_shallow)
{
	ARRAY_GROW(s->v, s->count + 1, s->cap);
	s->v[s->count++] = (struct scope_item){ xstrdup(cid), xstrdup(name), is_shallow };
}

void scope_write(struct strbuf *out, const struct scope *s)
{
	json_t *obj = json_object(), *list = json_array(), *item;

	for (size_t i = 0; i < s->count; i++) {
		item = json_object();
		json_object_set_new(item, "cid", json_string(s->v[i].cid));
		json_object_set_new(item, "name", payload_string(s->v[i].name));
		json_object_set_new(item, "shallow", json_boolean(s->v[i].is_shallow));
		json_array_append_new(list, item);
	}
	json_object_set_new(obj, "collections", list);
	payload_close(out, obj);
}

static int parse_scope_item(const json_t *obj, struct scope *out, struct error *err)
{
	const json_t *name = json_object_get(obj, "name");
	const char *cid;
	bool is_shallow;

	if (!json_get_string(obj, "cid", &cid) || !payload_is_cid(cid, strlen(cid)))
		return payload_wrong("scope", "cid", "is no id", err);
	if (!payload_is_text(name, SCOPE_NAME_MAX))
		return payload_wrong("scope", "name", "is no text without control bytes", err);
	if (payload_bool(obj, "scope", "shallow", &is_shallow, err) < 0)
		return -1;
	scope_add(out, cid, json_string_value(name), is_shallow);
	return 0;
}

int scope_parse(const void *data, size_t len, struct scope *out, struct error *err)
{
	CLEANUP(json) json_t *obj = payload_open(data, len, "scope", err);
	const json_t *list = obj ? payload_list(obj, "scope", "collections", MESSAGE_COLLECTIONS_MAX, err) : NULL;
	size_t count = json_array_size(list);

	if (!list)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (parse_scope_item(json_array_get(list, i), out, err) < 0)
			return -1;
	return 0;
}

void scope_cleanup(struct scope *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->v[i].cid);
		free(s->v[i].name);
	}
	ptr_cleanup(&s->v);
	*s = (struct scope){ NULL, 0, 0 };
}

/* ---- CHANGES ---- */

void changes_write(struct strbuf *out, const struct change *c)
{
	json_t *obj = change_json(c);

	payload_close(out, obj);
	strbuf_addc(out, '\n');
}

/* The id is that of the canonical text; so what has it is this text. */
static int parse_change(const char *text, size_t len, struct change *out, struct error *err)
{
	CLEANUP(json) json_t *obj = json_parse(text, len, "a change", err);
	struct oid id;

	if (!obj || change_parse(obj, out, err) < 0) {
		err->code = ERR_REMOTE;
		return -1;
	}
	sha256_bytes(text, len, &id);
	if (oid_equal(&id, &out->id))
		return 0;
	change_cleanup(out);
	return error_set(err, ERR_REMOTE, "a change is not in its canonical form");
}

int changes_parse(const void *data, size_t len, struct changes *out, struct error *err)
{
	const char *text = data, *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line = newline ? (size_t)(newline - text) : 0;
		struct change c = { .parents = NULL };

		if (!newline || line >= JOURNAL_LINE_MAX)
			return error_set(err, ERR_REMOTE, "a change that is no line, or one over %u bytes", JOURNAL_LINE_MAX);
		if (out->count >= CHANGES_MAX_COUNT || out->bytes + line > CHANGES_MAX_BYTES)
			return error_set(err, ERR_REMOTE, "more changes than one transfer may bring");
		if (parse_change(text, line, &c, err) < 0)
			return -1;
		ARRAY_GROW(out->v, out->count + 1, out->cap);
		out->v[out->count++] = c;
		out->bytes += line;
		text = newline + 1;
	}
	return 0;
}

void changes_cleanup(struct changes *c)
{
	for (size_t i = 0; i < c->count; i++)
		change_cleanup(&c->v[i]);
	ptr_cleanup(&c->v);
	*c = (struct changes)CHANGES_INIT;
}
