/* SPDX-License-Identifier: Apache-2.0 */
/* The messages that every conversation has: hello, end, want, error, note; and what the parsers of all of them are made of. */
#include <config.h>

#include "format/message.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "format/frame.h"
#include "format/message-internal.h"

#define PATTERN_MAX 4096
#define PROGRAM_MAX 256
#define CID_HEX_LEN 32

/* ---- what parsers are made of ---- */

/* Values of a JSON text, counted without making any: at most that many. */
static size_t count_values(const char *text, size_t len)
{
	bool in_string = false;
	size_t count = 1;

	for (size_t i = 0; i < len; i++) {
		if (in_string && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			in_string = !in_string;
		else if (!in_string && (text[i] == ',' || text[i] == '[' || text[i] == '{'))
			count++;
	}
	return count;
}

json_t *payload_open(const void *data, size_t len, const char *what, struct error *err)
{
	CLEANUP(json) json_t *doc = NULL;

	if (len > FRAME_MAX || count_values(data, len) > MESSAGE_VALUES_MAX) {
		error_set(err, ERR_REMOTE, "a %s message is too large", what);
		return NULL;
	}
	doc = json_parse(data, len, what, err);
	if (doc && json_is_object(doc))
		return STEAL(doc);
	error_set(err, ERR_REMOTE, "a %s message is not a JSON object", what);
	return NULL;
}

int payload_wrong(const char *what, const char *key, const char *fault, struct error *err)
{
	return error_set(err, ERR_REMOTE, "%s message: '%s' %s", what, key, fault);
}

static bool has_control(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f || (c == 0xc2 && i + 1 < len && (unsigned char)text[i + 1] < 0xa0))
			return true;
	}
	return false;
}

bool payload_is_text(const json_t *value, size_t max)
{
	return json_is_string(value) && json_string_length(value) <= max && !has_control(json_string_value(value), json_string_length(value));
}

int payload_text(const json_t *obj, const char *what, const char *key, size_t max, char **out, struct error *err)
{
	const json_t *value = json_object_get(obj, key);

	if (!payload_is_text(value, max))
		return payload_wrong(what, key, "is no text without control bytes", err);
	*out = xstrdup(json_string_value(value));
	return 0;
}

const json_t *payload_list(const json_t *obj, const char *what, const char *key, size_t max, struct error *err)
{
	const json_t *list = json_object_get(obj, key);

	if (json_is_array(list) && json_array_size(list) <= max)
		return list;
	(void)!payload_wrong(what, key, json_is_array(list) ? "has too many items" : "is no list", err);
	return NULL;
}

int payload_texts(const json_t *obj, const char *what, const char *key, size_t max_count, payload_check_fn check, struct strvec *out,
		  struct error *err)
{
	const json_t *list;
	size_t count;

	if (!json_object_get(obj, key))
		return 0;
	list = payload_list(obj, what, key, max_count, err);
	if (!list)
		return -1;
	count = json_array_size(list);
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(list, i);

		if (!json_is_string(item) || !check(json_string_value(item), json_string_length(item)))
			return payload_wrong(what, key, "has an item that may not stand there", err);
		strvec_push(out, json_string_value(item));
	}
	return 0;
}

int payload_u64(const json_t *obj, const char *what, const char *key, uint64_t *out, struct error *err)
{
	return json_get_u64(obj, key, out) ? 0 : payload_wrong(what, key, "is no number", err);
}

int payload_oid(const json_t *obj, const char *what, const char *key, struct oid *out, struct error *err)
{
	return json_get_oid(obj, key, out) ? 0 : payload_wrong(what, key, "is no digest", err);
}

int payload_bool(const json_t *obj, const char *what, const char *key, bool *out, struct error *err)
{
	return json_get_bool(obj, key, out) ? 0 : payload_wrong(what, key, "is neither true nor false", err);
}

bool payload_is_oid(const char *text, size_t len)
{
	struct oid id;

	return oid_parse(text, len, &id);
}

bool payload_is_cid(const char *text, size_t len)
{
	uint8_t raw[CID_HEX_LEN / 2];

	return hex_decode(text, len, raw, sizeof raw);
}

bool payload_is_key(const char *text, size_t len)
{
	return len > 0 && len <= CHANGE_KEY_MAX && !has_control(text, len);
}

bool payload_is_pattern(const char *text, size_t len)
{
	return len > 0 && len <= PATTERN_MAX && !has_control(text, len);
}

json_t *payload_string(const char *text)
{
	json_t *value = json_string(text);

	return value ? value : json_escaped(text, strlen(text));
}

json_t *payload_strings(const struct strvec *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, payload_string(list->v[i]));
	return array;
}

json_t *payload_visible(const char *text, size_t max)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	utf8_add_visible(&shown, text, strlen(text));
	if (shown.len > max) {
		size_t at = max;

		while (at && ((unsigned char)shown.buf[at] & 0xc0) == 0x80)
			at--;
		strbuf_set_len(&shown, at);
	}
	return json_string(shown.buf);
}

void payload_close(struct strbuf *out, json_t *obj)
{
	json_canonical(out, obj);
	json_decref(obj);
}

/* ---- HELLO ---- */

void hello_write(struct strbuf *out, const struct hello *h, bool is_server)
{
	json_t *obj = json_object();

	json_object_set_new(obj, "program", json_string(h->program));
	json_object_set_new(obj, "protocol", json_u64(h->protocol));
	if (is_server) {
		json_object_set_new(obj, "kind", json_string(h->kind));
		json_object_set_new(obj, "read_only", json_boolean(h->is_read_only));
		json_object_set_new(obj, "registry", json_string(h->registry));
		json_object_set_new(obj, "seq", json_u64(h->seq));
		json_object_set_new(obj, "sum", json_oid(&h->sum));
	}
	payload_close(out, obj);
}

static int parse_served(const json_t *obj, struct hello *h, struct error *err)
{
	if (payload_text(obj, "hello", "kind", PROGRAM_MAX, &h->kind, err) < 0 ||
		payload_text(obj, "hello", "registry", CID_HEX_LEN, &h->registry, err) < 0 ||
		payload_bool(obj, "hello", "read_only", &h->is_read_only, err) < 0 ||
		payload_u64(obj, "hello", "seq", &h->seq, err) < 0 || payload_oid(obj, "hello", "sum", &h->sum, err) < 0)
		return -1;
	if (strcmp(h->kind, "registry") != 0 && strcmp(h->kind, "bundle") != 0)
		return payload_wrong("hello", "kind", "is neither registry nor bundle", err);
	return payload_is_cid(h->registry, strlen(h->registry)) ? 0 : payload_wrong("hello", "registry", "is no id", err);
}

int hello_parse(const void *data, size_t len, struct hello *out, bool of_server, struct error *err)
{
	CLEANUP(json) json_t *obj = payload_open(data, len, "hello", err);
	CLEANUP(hello) struct hello h = { .protocol = 0 };
	uint64_t protocol;

	if (!obj || payload_text(obj, "hello", "program", PROGRAM_MAX, &h.program, err) < 0 ||
		payload_u64(obj, "hello", "protocol", &protocol, err) < 0 || (of_server && parse_served(obj, &h, err) < 0))
		return -1;
	if (protocol < 1 || protocol > UINT32_MAX)
		return payload_wrong("hello", "protocol", "is no version", err);
	h.protocol = (unsigned)protocol;
	*out = h;
	memset(&h, 0, sizeof h);
	return 0;
}

void hello_cleanup(struct hello *h)
{
	ptr_cleanup(&h->program);
	ptr_cleanup(&h->registry);
	ptr_cleanup(&h->kind);
	memset(h, 0, sizeof *h);
}

/* ---- END ---- */

void end_write(struct strbuf *out, const struct end *e)
{
	json_t *obj = json_object();

	json_object_set_new(obj, "changes", json_u64(e->changes));
	json_object_set_new(obj, "seq", json_u64(e->seq));
	json_object_set_new(obj, "sum", json_oid(&e->sum));
	json_object_set_new(obj, "was_since", json_boolean(e->was_since));
	payload_close(out, obj);
}

int end_parse(const void *data, size_t len, struct end *out, struct error *err)
{
	CLEANUP(json) json_t *obj = payload_open(data, len, "end", err);
	struct end e = { .seq = 0 };

	if (!obj || payload_u64(obj, "end", "changes", &e.changes, err) < 0 || payload_u64(obj, "end", "seq", &e.seq, err) < 0 ||
		payload_oid(obj, "end", "sum", &e.sum, err) < 0 || payload_bool(obj, "end", "was_since", &e.was_since, err) < 0)
		return -1;
	*out = e;
	return 0;
}

/* ---- WANT ---- */

void want_add(struct strbuf *out, const struct want *w)
{
	strbuf_addc(out, (char)w->kind);
	strbuf_add(out, w->id.raw, OID_LEN);
}

int want_parse(const void *data, size_t len, struct want out[FRAME_WANT_MAX], size_t *count, struct error *err)
{
	const uint8_t *p = data;
	size_t n = len / FRAME_WANT_ID_LEN;

	if (n < 1 || n > FRAME_WANT_MAX || len % FRAME_WANT_ID_LEN)
		return error_set(err, ERR_REMOTE, "a want message of %zu bytes", len);
	for (size_t i = 0; i < n; i++, p += FRAME_WANT_ID_LEN) {
		if (*p < OBJECT_CHUNK || *p > OBJECT_FILE)
			return error_set(err, ERR_REMOTE, "a want message asks for an object of kind %u", *p);
		out[i].kind = (enum object_kind)*p;
		memcpy(out[i].id.raw, p + 1, OID_LEN);
	}
	*count = n;
	return 0;
}

/* ---- ERROR, NOTE ---- */

void error_message_write(struct strbuf *out, const struct error *why)
{
	json_t *obj = json_object();

	json_object_set_new(obj, "code", json_string(error_code_name(why->code)));
	json_object_set_new(obj, "hint", payload_visible(why->hint, MESSAGE_TEXT_MAX));
	json_object_set_new(obj, "message", payload_visible(why->text, MESSAGE_TEXT_MAX));
	payload_close(out, obj);
}

/* What the far side's trouble is does not become ours: its full disk is not our full disk. */
static enum error_code far_code(const char *name)
{
	static const enum error_code ours[] = { ERR_USAGE, ERR_INVALID, ERR_NO_COLLECTION, ERR_NO_PATH, ERR_NO_REFERENCE, ERR_CONFLICT, ERR_POLICY };

	for (size_t i = 0; i < COUNT_OF(ours); i++)
		if (strcmp(name, error_code_name(ours[i])) == 0)
			return ours[i];
	return ERR_REMOTE;
}

int error_message_parse(const void *data, size_t len, struct error *out, struct error *err)
{
	CLEANUP(json) json_t *obj = payload_open(data, len, "error", err);
	CLEANUP(ptr) char *code = NULL, *hint = NULL, *text = NULL;

	if (!obj || payload_text(obj, "error", "code", MESSAGE_TEXT_MAX, &code, err) < 0 ||
		payload_text(obj, "error", "hint", MESSAGE_TEXT_MAX, &hint, err) < 0 ||
		payload_text(obj, "error", "message", MESSAGE_TEXT_MAX, &text, err) < 0)
		return -1;
	error_set(out, far_code(code), "%s", text);
	if (*hint)
		error_hint(out, "%s", hint);
	return 0;
}

void note_message_write(struct strbuf *out, bool is_warning, const char *text)
{
	json_t *obj = json_object();

	json_object_set_new(obj, "message", payload_visible(text, MESSAGE_TEXT_MAX));
	json_object_set_new(obj, "warning", json_boolean(is_warning));
	payload_close(out, obj);
}

int note_message_parse(const void *data, size_t len, bool *is_warning, struct strbuf *text, struct error *err)
{
	CLEANUP(json) json_t *obj = payload_open(data, len, "note", err);
	CLEANUP(ptr) char *message = NULL;

	if (!obj || payload_text(obj, "note", "message", MESSAGE_TEXT_MAX, &message, err) < 0 ||
		payload_bool(obj, "note", "warning", is_warning, err) < 0)
		return -1;
	strbuf_adds(text, message);
	return 0;
}
