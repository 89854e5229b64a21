/* SPDX-License-Identifier: Apache-2.0 */
/* Members and values of records. */
#include <config.h>

#include "ui/record.h"

#include <math.h>
#include <string.h>

#include "base/digest.h"
#include "base/utf8.h"

#define WHOLE_MAX 1e15 /* a number without a fraction up to here is written out */

/* The longest member name is tried first, so that a name with dots wins over a step into an object. */
const json_t *record_find(const json_t *record, const char *path)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	const json_t *inner, *found = json_object_get(record, path);

	if (found)
		return found;
	for (const char *dot = strchr(path, '.'); dot; dot = strchr(dot + 1, '.')) {
		strbuf_reset(&name);
		strbuf_add(&name, path, (size_t)(dot - path));
		inner = json_object_get(record, name.buf);
		found = json_is_object(inner) ? record_find(inner, dot + 1) : NULL;
		if (found)
			return found;
	}
	return NULL;
}

static void add_array(struct strbuf *out, const json_t *array, const char *between)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		if (i)
			strbuf_adds(out, between);
		if (json_is_array(item))
			json_print(out, item);
		else
			record_add_text(out, item, between);
	}
}

void record_add_text(struct strbuf *out, const json_t *value, const char *between)
{
	if (json_is_string(value))
		strbuf_add(out, json_string_value(value), json_string_length(value));
	else if (json_is_array(value))
		add_array(out, value, between);
	else if (json_is_number(value) || json_is_boolean(value))
		json_canonical(out, value);
	else if (json_is_object(value))
		json_print(out, value);
}

bool record_add_rounded(struct strbuf *out, const json_t *value)
{
	double number = json_real_value(value);
	bool is_whole = number >= -WHOLE_MAX && number <= WHOLE_MAX && number >= trunc(number) && number <= trunc(number);

	if (json_is_real(value))
		strbuf_addf(out, is_whole ? "%.0f" : "%.6g", number);
	return json_is_real(value);
}

json_t *record_string(const char *text)
{
	size_t len = strlen(text);

	return utf8_is_valid(text, len) ? json_stringn(text, len) : json_escaped(text, len);
}

void record_set_path(json_t *record, const char *name, const char *path)
{
	CLEANUP(strbuf) struct strbuf exact = STRBUF_INIT, member = STRBUF_INIT;
	size_t len = strlen(path);

	json_object_set_new(record, name, record_string(path));
	if (utf8_is_valid(path, len))
		return;
	strbuf_addf(&member, "%s_base64", name);
	base64_encode(&exact, path, len);
	json_object_set_new(record, member.buf, json_string(exact.buf));
}

bool record_add_exact(struct strbuf *out, const json_t *record, const char *name)
{
	CLEANUP(strbuf) struct strbuf member = STRBUF_INIT;
	const json_t *exact;

	strbuf_addf(&member, "%s_base64", name);
	exact = json_object_get(record, member.buf);
	return json_is_string(exact) && base64_decode(out, json_string_value(exact), json_string_length(exact));
}
