/* SPDX-License-Identifier: Apache-2.0 */
/* Changes to and from canonical JSON; whatever is sealed here is accepted by the parser, and the other way round. */
#include <config.h>

#include "format/change.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"

/* A value lies within a change, within the list of changes, within a line. */
#define VALUE_MAX_DEPTH (JSON_MAX_DEPTH - 3)

static const char *key_fault(const char *key)
{
	size_t len = strlen(key);

	if (len > CHANGE_KEY_MAX)
		return "it is longer than 480 bytes";
	if (len == 0 || key[0] == '/' || key[len - 1] == '/' || strstr(key, "//"))
		return "it has an empty component";
	if (!utf8_is_valid(key, len))
		return "it is not UTF-8";
	if (utf8_has_control(key, len, ""))
		return "it has control characters";
	return NULL;
}

static int check_key(const char *key, struct error *err)
{
	const char *fault = key_fault(key);
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	if (!fault)
		return 0;
	utf8_add_escaped(&shown, key, strnlen(key, CHANGE_KEY_MAX));
	return error_set(err, ERR_INVALID, "'%s' is not a legal key: %s", shown.buf, fault);
}

static int check_texts(const struct change *c, struct error *err)
{
	const struct {
		const char *name, *text;
	} texts[] = { { "user", c->user }, { "host", c->host }, { "verb", c->verb }, { "reason", c->why }, { "run", c->run } };

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (!utf8_is_valid(texts[i].text, strlen(texts[i].text)))
			return error_set(err, ERR_INVALID, "the %s is not UTF-8", texts[i].name);
	return 0;
}

static int canonicalise_value(struct change *c, struct error *err)
{
	CLEANUP(json) json_t *value = json_parse(c->value, strlen(c->value), "the value of a change", err);
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (!value)
		return -1;
	if (json_depth(value) > VALUE_MAX_DEPTH)
		return error_set(err, ERR_INVALID, "the value of '%s' is nested over %d deep", c->key, VALUE_MAX_DEPTH);
	json_canonical(&text, value);
	free(c->value);
	c->value = strbuf_detach(&text);
	return 0;
}

static int parent_compare(const void *a, const void *b)
{
	return oid_compare(a, b);
}

static int sort_parents(struct change *c, struct error *err)
{
	size_t kept = 0;

	if (c->parent_count > 0)
		qsort(c->parents, c->parent_count, sizeof *c->parents, parent_compare);
	for (size_t i = 0; i < c->parent_count; i++)
		if (i == 0 || !oid_equal(&c->parents[i], &c->parents[kept - 1]))
			c->parents[kept++] = c->parents[i];
	c->parent_count = kept;
	if (kept > CHANGE_MAX_PARENTS)
		return error_set(err, ERR_INVALID, "a change of '%s' has over %d parents", c->key, CHANGE_MAX_PARENTS);
	return 0;
}

int change_seal(struct change *c, struct strbuf *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(json) json_t *obj = NULL;

	if (check_key(c->key, err) < 0 || check_texts(c, err) < 0 || sort_parents(c, err) < 0 || canonicalise_value(c, err) < 0)
		return -1;
	obj = change_json(c);
	json_canonical(&text, obj);
	sha256_bytes(text.buf, text.len, &c->id);
	if (out)
		strbuf_add(out, text.buf, text.len);
	return 0;
}

json_t *change_json(const struct change *c)
{
	struct error err = ERROR_INIT;
	json_t *obj = json_object(), *parents = json_array(), *value = json_parse(c->value, strlen(c->value), "value", &err);

	if (!value)
		BUG("change of '%s' that was not sealed: %s", c->key, err.text);
	for (size_t i = 0; i < c->parent_count; i++)
		json_array_append_new(parents, json_oid(&c->parents[i]));
	json_object_set_new(obj, "host", json_string(c->host));
	json_object_set_new(obj, "key", json_string(c->key));
	json_object_set_new(obj, "parents", parents);
	if (*c->run)
		json_object_set_new(obj, "run", json_string(c->run));
	json_object_set_new(obj, "time", json_time(c->time));
	json_object_set_new(obj, "user", json_string(c->user));
	json_object_set_new(obj, "value", value);
	json_object_set_new(obj, "verb", json_string(c->verb));
	if (*c->why)
		json_object_set_new(obj, "why", json_string(c->why));
	return obj;
}

static int parse_parents(const json_t *obj, struct change *c, struct error *err)
{
	const json_t *list = json_object_get(obj, "parents");
	size_t count = json_array_size(list);

	if (!json_is_array(list) || count > CHANGE_MAX_PARENTS)
		return error_set(err, ERR_INTEGRITY, "a change without a legal list of parents");
	c->parents = xcalloc(count + 1, sizeof *c->parents);
	for (size_t i = 0; i < count; i++) {
		const json_t *hex = json_array_get(list, i);

		if (!json_is_string(hex) || !oid_parse(json_string_value(hex), json_string_length(hex), &c->parents[i]) ||
			(i > 0 && oid_compare(&c->parents[i - 1], &c->parents[i]) >= 0))
			return error_set(err, ERR_INTEGRITY, "the parents of a change are not a sorted list of ids");
	}
	c->parent_count = count;
	return 0;
}

static int parse_text(const json_t *obj, const char *name, char **out, struct error *err)
{
	const char *text;

	if (!json_get_string(obj, name, &text))
		return error_set(err, ERR_INTEGRITY, "a change without '%s'", name);
	*out = xstrdup(text);
	return 0;
}

/* Left out when empty; an empty one would be a second way to write the same. */
static int parse_optional(const json_t *obj, const char *name, char **out, struct error *err)
{
	if (!json_object_get(obj, name)) {
		*out = xstrdup("");
		return 0;
	}
	if (parse_text(obj, name, out, err) < 0)
		return -1;
	return **out ? 0 : error_set(err, ERR_INTEGRITY, "a change with an empty '%s'", name);
}

static int parse_members(const json_t *obj, struct change *c, struct error *err)
{
	static const char *const known[] = { "host", "key", "parents", "run", "time", "user", "value", "verb", "why", NULL };
	const json_t *value = json_object_get(obj, "value");
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (!json_is_object(obj) || !value || !json_only_keys(obj, known))
		return error_set(err, ERR_INTEGRITY, "a change that is no object of the known members");
	if (parse_text(obj, "key", &c->key, err) < 0 || parse_text(obj, "host", &c->host, err) < 0 ||
		parse_text(obj, "user", &c->user, err) < 0 || parse_text(obj, "verb", &c->verb, err) < 0 ||
		parse_optional(obj, "why", &c->why, err) < 0 || parse_optional(obj, "run", &c->run, err) < 0 ||
		parse_parents(obj, c, err) < 0)
		return -1;
	if (!json_get_time(obj, "time", &c->time))
		return error_set(err, ERR_INTEGRITY, "a change without a legal time");
	json_canonical(&text, value);
	c->value = strbuf_detach(&text);
	return 0;
}

int change_parse(const json_t *obj, struct change *out, struct error *err)
{
	CLEANUP(change) struct change c = { .parents = NULL };

	if (parse_members(obj, &c, err) < 0)
		return -1;
	if (change_seal(&c, NULL, err) < 0) {
		err->code = ERR_INTEGRITY;
		return -1;
	}
	*out = c;
	memset(&c, 0, sizeof c);
	return 0;
}

void change_copy(const struct change *from, struct change *to)
{
	*to = *from;
	to->key = xstrdup(from->key);
	to->value = xstrdup(from->value);
	to->user = xstrdup(from->user);
	to->host = xstrdup(from->host);
	to->verb = xstrdup(from->verb);
	to->why = xstrdup(from->why);
	to->run = xstrdup(from->run);
	to->parents = from->parent_count ? xmemdup(from->parents, from->parent_count * sizeof *from->parents) : NULL;
}

void change_cleanup(struct change *c)
{
	char **const texts[] = { &c->key, &c->value, &c->user, &c->host, &c->verb, &c->why, &c->run };

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		ptr_cleanup(texts[i]);
	ptr_cleanup(&c->parents);
	memset(c, 0, sizeof *c);
}
