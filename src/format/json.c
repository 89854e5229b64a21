/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: strict parsing by jansson, and our own writer, so that ids do not depend on a library's version or the locale. */
#include <config.h>

#include "format/json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/utf8.h"

/* Out of memory ends the program, in jansson too: a NULL that it would return must not read as an absent member. */
__attribute__((constructor)) static void json_use_our_memory(void)
{
	json_set_alloc_funcs(xmalloc, free);
}

void json_cleanup(json_t **doc)
{
	int saved = errno;

	json_decref(*doc);
	*doc = NULL;
	errno = saved;
}

/* jansson's own limit is 2,048, too deep for those who recurse over the result. Returns where the first value passes the limit, or len. */
static size_t json_find_too_deep(const char *text, size_t len)
{
	size_t depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (in_string)
			continue;
		else if ((c == '[' || c == '{') && ++depth > JSON_MAX_DEPTH)
			return i;
		else if ((c == ']' || c == '}') && (!depth || !--depth))
			break;
	}
	return len;
}

static int json_set_error(struct error *err, const char *what, const char *reason, int line, int column)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	utf8_add_visible(&shown, reason, strlen(reason));
	if (line > 1)
		return error_set(err, ERR_INVALID, "%s is not JSON: %s at line %d, column %d", what, shown.buf, line, column);
	return error_set(err, ERR_INVALID, "%s is not JSON: %s at column %d", what, shown.buf, column);
}

json_t *json_parse(const char *text, size_t len, const char *what, struct error *err)
{
	const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
	size_t deep = json_find_too_deep(text, len);
	json_error_t failure;
	json_t *doc;

	if (deep < len) {
		error_set(err, ERR_INVALID, "%s is not JSON: nested over %d deep at column %zu", what, JSON_MAX_DEPTH, deep + 1);
		return NULL;
	}
	doc = json_loadb(text, len, flags, &failure);
	if (!doc)
		json_set_error(err, what, failure.text, failure.line, failure.column);
	return doc;
}

json_t *json_parse_first(const char *text, size_t len, size_t *used)
{
	const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK;
	json_error_t failure;
	json_t *value = json_find_too_deep(text, len) < len ? NULL : json_loadb(text, len, flags, &failure);

	*used = value ? (size_t)failure.position : 0;
	return value;
}

size_t json_depth(const json_t *value)
{
	size_t deepest = 0, i;
	const char *key;
	json_t *member;

	if (json_is_array(value)) {
		json_array_foreach(value, i, member)
		{
			size_t depth = json_depth(member);

			deepest = depth > deepest ? depth : deepest;
		}
		return deepest + 1;
	}
	if (json_is_object(value)) {
		/* jansson's iteration takes no const object, though it changes none */
		json_object_foreach((json_t *)(uintptr_t)value, key, member)
		{
			size_t depth = json_depth(member);

			deepest = depth > deepest ? depth : deepest;
		}
		return deepest + 1;
	}
	return 0;
}

struct json_style {
	bool sorted;        /* keys by their bytes */
	bool hides_control; /* DEL and C1 escaped too */
};

static void write_escape(struct strbuf *out, unsigned c)
{
	static const char letters[] = "\b\f\n\r\t", names[] = "bfnrt";
	const char *at = c > 0 && c < 0x20 ? strchr(letters, (int)c) : NULL;

	if (c == '"' || c == '\\')
		strbuf_addf(out, "\\%c", (int)c);
	else if (at)
		strbuf_addf(out, "\\%c", names[at - letters]);
	else
		strbuf_addf(out, "\\u%04x", c);
}

static void write_string(struct strbuf *out, const char *text, size_t len, const struct json_style *style)
{
	size_t start = 0;

	strbuf_addc(out, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i], next = i + 1 < len ? (unsigned char)text[i + 1] : 0;
		bool is_c1 = style->hides_control && c == 0xc2 && next >= 0x80 && next < 0xa0;

		if (!is_c1 && c >= 0x20 && c != '"' && c != '\\' && !(style->hides_control && c == 0x7f))
			continue;
		strbuf_add(out, text + start, i - start);
		write_escape(out, is_c1 ? next : c);
		i += is_c1;
		start = i + 1;
	}
	strbuf_add(out, text + start, len - start);
	strbuf_addc(out, '"');
}

struct json_member {
	const char *key;
	size_t len;
	json_t *value;
};

static int member_compare(const void *a, const void *b)
{
	const struct json_member *x = a, *y = b;
	int order = memcmp(x->key, y->key, x->len < y->len ? x->len : y->len);

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

static void write_value(struct strbuf *out, const json_t *value, const struct json_style *style);

static void write_object(struct strbuf *out, const json_t *value, const struct json_style *style)
{
	json_t *obj = (json_t *)(uintptr_t)value; /* as in json_depth() */
	size_t count = json_object_size(obj), at = 0;
	CLEANUP(ptr) struct json_member *members = xcalloc(count + 1, sizeof *members);

	for (void *it = json_object_iter(obj); it; it = json_object_iter_next(obj, it)) {
		members[at].key = json_object_iter_key(it);
		members[at].len = strlen(members[at].key);
		members[at++].value = json_object_iter_value(it);
	}
	if (style->sorted)
		qsort(members, count, sizeof *members, member_compare);
	strbuf_addc(out, '{');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			strbuf_addc(out, ',');
		write_string(out, members[i].key, members[i].len, style);
		strbuf_addc(out, ':');
		write_value(out, members[i].value, style);
	}
	strbuf_addc(out, '}');
}

static void write_array(struct strbuf *out, const json_t *value, const struct json_style *style)
{
	size_t i;
	json_t *element;

	strbuf_addc(out, '[');
	json_array_foreach(value, i, element)
	{
		if (i > 0)
			strbuf_addc(out, ',');
		write_value(out, element, style);
	}
	strbuf_addc(out, ']');
}

static void write_value(struct strbuf *out, const json_t *value, const struct json_style *style)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		write_object(out, value, style);
		break;
	case JSON_ARRAY:
		write_array(out, value, style);
		break;
	case JSON_STRING:
		write_string(out, json_string_value(value), json_string_length(value), style);
		break;
	case JSON_INTEGER:
		strbuf_addf(out, "%lld", (long long)json_integer_value(value));
		break;
	case JSON_REAL:
		if (!isfinite(json_real_value(value)))
			BUG("NaN or infinity in JSON");
		real_format(out, json_real_value(value));
		break;
	case JSON_TRUE:
		strbuf_adds(out, "true");
		break;
	case JSON_FALSE:
		strbuf_adds(out, "false");
		break;
	case JSON_NULL:
		strbuf_adds(out, "null");
		break;
	default:
		BUG("JSON value of no type");
	}
}

void json_canonical(struct strbuf *out, const json_t *value)
{
	static const struct json_style style = { .sorted = true };

	write_value(out, value, &style);
}

void json_print(struct strbuf *out, const json_t *value)
{
	static const struct json_style style = { .hides_control = true };

	write_value(out, value, &style);
}

json_t *json_escaped(const char *text, size_t len)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	utf8_add_escaped(&out, text, len);
	return json_stringn(out.buf, out.len);
}

json_t *json_oid(const struct oid *id)
{
	return json_string(oid_hex(id).text);
}

json_t *json_u64(uint64_t value)
{
	if (value > INT64_MAX)
		BUG("%llu does not fit a JSON integer", (unsigned long long)value);
	return json_integer((json_int_t)value);
}

json_t *json_time(int64_t ns)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	clock_format_utc(&out, ns);
	return json_stringn(out.buf, out.len);
}

json_t *json_seconds(int64_t ns)
{
	return ns % NS_PER_S ? json_real((double)ns / (double)NS_PER_S) : json_integer(ns / NS_PER_S);
}

json_t *json_text_or_null(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

json_t *json_time_or_null(int64_t ns)
{
	return ns ? json_time(ns) : json_null();
}

json_t *json_copy_or_null(const json_t *value)
{
	return value ? json_deep_copy(value) : json_null();
}

bool json_get_string(const json_t *obj, const char *key, const char **out)
{
	const json_t *member = json_object_get(obj, key);

	if (!json_is_string(member))
		return false;
	*out = json_string_value(member);
	return true;
}

bool json_get_u64(const json_t *obj, const char *key, uint64_t *out)
{
	const json_t *member = json_object_get(obj, key);

	if (!json_is_integer(member) || json_integer_value(member) < 0)
		return false;
	*out = (uint64_t)json_integer_value(member);
	return true;
}

bool json_get_bool(const json_t *obj, const char *key, bool *out)
{
	const json_t *member = json_object_get(obj, key);

	if (!json_is_boolean(member))
		return false;
	*out = json_is_true(member);
	return true;
}

bool json_get_oid(const json_t *obj, const char *key, struct oid *out)
{
	const char *text;

	return json_get_string(obj, key, &text) && oid_parse(text, strlen(text), out);
}

bool json_get_time(const json_t *obj, const char *key, int64_t *out)
{
	const char *text;

	return json_get_string(obj, key, &text) && clock_parse_utc(text, out);
}

bool json_only_keys(const json_t *obj, const char *const *keys)
{
	const char *key;
	json_t *member;

	json_object_foreach((json_t *)(uintptr_t)obj, key, member)
	{
		const char *const *known = keys;

		while (*known && strcmp(*known, key) != 0)
			known++;
		if (!*known)
			return false;
	}
	return true;
}
