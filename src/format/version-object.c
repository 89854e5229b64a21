/* SPDX-License-Identifier: Apache-2.0 */
/* Version objects to and from canonical JSON. */
#include <config.h>

#include "format/version-object.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "format/name.h"

#define VERSION_OBJECT_FORMAT 1

static bool is_metric(const json_t *value)
{
	const char *text = json_string_value(value);

	if (json_is_number(value))
		return true;
	return text && (strcmp(text, "nan") == 0 || strcmp(text, "inf") == 0 || strcmp(text, "-inf") == 0);
}

static int check_metrics(json_t *metrics, struct error *err)
{
	const char *name;
	json_t *value;
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	json_object_foreach(metrics, name, value)
	{
		if (is_metric(value))
			continue;
		utf8_add_visible(&shown, name, strnlen(name, NAME_MAX_LEN));
		return error_set(err, ERR_INVALID, "the metric '%s' is not a number", shown.buf);
	}
	return 0;
}

static int check_texts(const struct version_object *v, struct error *err)
{
	const struct {
		const char *name, *text;
	} texts[] = { { "description", v->description }, { "user", v->user }, { "host", v->host }, { "run", v->run } };

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (!utf8_is_valid(texts[i].text, strlen(texts[i].text)))
			return error_set(err, ERR_INVALID, "the %s is not UTF-8", texts[i].name);
	return 0;
}

static int check(const struct version_object *v, struct error *err)
{
	if (!json_is_object(v->metadata) || !json_is_object(v->metrics))
		BUG("metadata and metrics of a version must be objects");
	if (name_check(NAME_TYPE, v->type, strlen(v->type), err) < 0 ||
		name_check_full(v->collection, strlen(v->collection), err) < 0 || check_texts(v, err) < 0 ||
		check_metrics(v->metrics, err) < 0)
		return -1;
	/* one level is the object's own */
	if (json_depth(v->metadata) >= JSON_MAX_DEPTH)
		return error_set(err, ERR_INVALID, "the metadata is nested over %d deep", JSON_MAX_DEPTH - 1);
	return 0;
}

static json_t *to_json(const struct version_object *v)
{
	char nonce[2 * VERSION_NONCE_LEN + 1];
	json_t *obj = json_object();

	hex_encode(v->nonce, VERSION_NONCE_LEN, nonce);
	json_object_set_new(obj, "collection", json_string(v->collection));
	json_object_set_new(obj, "description", json_string(v->description));
	json_object_set_new(obj, "format", json_integer(VERSION_OBJECT_FORMAT));
	json_object_set_new(obj, "host", json_string(v->host));
	json_object_set_new(obj, "manifest", json_oid(&v->manifest));
	json_object_set(obj, "metadata", v->metadata);
	json_object_set(obj, "metrics", v->metrics);
	json_object_set_new(obj, "nonce", json_string(nonce));
	json_object_set_new(obj, "run", json_string(v->run));
	json_object_set_new(obj, "time", json_time(v->time));
	json_object_set_new(obj, "type", json_string(v->type));
	json_object_set_new(obj, "user", json_string(v->user));
	return obj;
}

int version_object_write(struct strbuf *out, const struct version_object *v, struct oid *id, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(json) json_t *obj = NULL;

	if (check(v, err) < 0)
		return -1;
	obj = to_json(v);
	json_canonical(&text, obj);
	if (text.len > VERSION_OBJECT_MAX_BYTES)
		return error_set(err, ERR_INVALID, "description, metadata and metrics together take %zu bytes, over the limit of %u",
			text.len, VERSION_OBJECT_MAX_BYTES);
	sha256_bytes(text.buf, text.len, id);
	strbuf_add(out, text.buf, text.len);
	return 0;
}

static bool take_text(const json_t *obj, const char *name, char **out)
{
	const char *text;

	if (!json_get_string(obj, name, &text))
		return false;
	*out = xstrdup(text);
	return true;
}

static bool take_object(const json_t *obj, const char *name, json_t **out)
{
	json_t *member = json_object_get(obj, name);

	if (!json_is_object(member))
		return false;
	*out = json_incref(member);
	return true;
}

/* Presence and type; unknown members and all else show when it is written again. */
static bool take_members(const json_t *obj, struct version_object *v)
{
	const char *nonce;

	return take_text(obj, "collection", &v->collection) && take_text(obj, "description", &v->description) &&
		take_text(obj, "host", &v->host) && take_text(obj, "run", &v->run) && take_text(obj, "type", &v->type) &&
		take_text(obj, "user", &v->user) && take_object(obj, "metadata", &v->metadata) &&
		take_object(obj, "metrics", &v->metrics) && json_get_oid(obj, "manifest", &v->manifest) &&
		json_get_time(obj, "time", &v->time) && json_get_string(obj, "nonce", &nonce) &&
		hex_decode(nonce, strlen(nonce), v->nonce, VERSION_NONCE_LEN);
}

static int check_canonical(const char *text, size_t len, const struct version_object *v, struct error *err)
{
	CLEANUP(strbuf) struct strbuf again = STRBUF_INIT;
	struct oid id;

	if (version_object_write(&again, v, &id, err) < 0)
		return -1;
	if (again.len != len || memcmp(again.buf, text, len) != 0)
		return error_set(err, ERR_INTEGRITY, "it is not in canonical form");
	return 0;
}

static int parse_members(const char *text, size_t len, struct version_object *v, struct error *err)
{
	CLEANUP(json) json_t *obj = json_parse(text, len, "it", err);

	if (!obj)
		return -1;
	return take_members(obj, v) ? 0 : error_set(err, ERR_INTEGRITY, "a member is missing or of a wrong type");
}

static int parse(const char *text, size_t len, bool is_known, struct version_object *out, struct error *err)
{
	CLEANUP(version_object) struct version_object v = { .time = 0 };

	if (len > VERSION_OBJECT_MAX_BYTES)
		return error_set(err, ERR_INTEGRITY, "damaged version object: it has %zu bytes", len);
	if (parse_members(text, len, &v, err) < 0 || (!is_known && check_canonical(text, len, &v, err) < 0)) {
		err->code = ERR_INTEGRITY;
		return error_wrap(err, "damaged version object");
	}
	*out = v;
	memset(&v, 0, sizeof v);
	return 0;
}

int version_object_parse(const char *text, size_t len, struct version_object *out, struct error *err)
{
	return parse(text, len, false, out, err);
}

int version_object_parse_known(const char *text, size_t len, struct version_object *out, struct error *err)
{
	return parse(text, len, true, out, err);
}

void version_object_cleanup(struct version_object *v)
{
	char **const texts[] = { &v->type, &v->collection, &v->description, &v->user, &v->host, &v->run };

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		ptr_cleanup(texts[i]);
	json_cleanup(&v->metadata);
	json_cleanup(&v->metrics);
	memset(v, 0, sizeof *v);
}
