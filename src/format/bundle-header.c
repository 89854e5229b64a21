/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes the header of a bundle. */
#include <config.h>

#include "format/bundle-header.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "format/json.h"
#include "format/name.h"
#include "format/run-id.h"

#define BUNDLE_FORMAT 1u
#define CID_LEN 16
#define WHO_MAX 1024 /* bytes of a user's or a host's name */
#define REF_MAX 1024

/* ---- collections ---- */

static int compare_scopes(const void *a, const void *b)
{
	const struct bundle_scope *x = a, *y = b;

	return strcmp(x->cid, y->cid);
}

struct bundle_scope *bundle_header_add_scope(struct bundle_header *h, const char *cid, const char *name)
{
	ARRAY_GROW(h->scope, h->scope_count + 1, h->scope_cap);
	h->scope[h->scope_count] = (struct bundle_scope){ .cid = xstrdup(cid), .name = xstrdup(name) };
	return &h->scope[h->scope_count++];
}

void bundle_header_sort(struct bundle_header *h)
{
	if (h->scope_count)
		qsort(h->scope, h->scope_count, sizeof *h->scope, compare_scopes);
}

bool bundle_header_is_run(const struct bundle_scope *s)
{
	return run_id_is(s->name, strlen(s->name));
}

struct bundle_scope *bundle_header_find_scope(const struct bundle_header *h, const char *cid)
{
	char copy[2 * CID_LEN + 1];
	const struct bundle_scope key = { .cid = copy };

	if (strlen(cid) != 2 * CID_LEN || !h->scope_count)
		return NULL;
	memcpy(copy, cid, sizeof copy);
	return bsearch(&key, h->scope, h->scope_count, sizeof *h->scope, compare_scopes);
}

/* ---- writing ---- */

static json_t *registry_json(const uint8_t raw[REGISTRY_ID_LEN])
{
	char text[2 * REGISTRY_ID_LEN + 1];

	hex_encode(raw, REGISTRY_ID_LEN, text);
	return json_string(text);
}

static json_t *scope_json(const struct bundle_header *h)
{
	json_t *names = json_object();

	for (size_t i = 0; i < h->scope_count; i++)
		json_object_set_new(names, h->scope[i].cid, json_string(h->scope[i].name));
	return names;
}

static bool is_shallow(const struct bundle_scope *s)
{
	return s->is_shallow;
}

static bool is_partial(const struct bundle_scope *s)
{
	return !s->is_shallow && !s->is_whole;
}

static json_t *cids_json(const struct bundle_header *h, bool (*is)(const struct bundle_scope *s))
{
	json_t *list = json_array();

	for (size_t i = 0; i < h->scope_count; i++)
		if (is(&h->scope[i]))
			json_array_append_new(list, json_string(h->scope[i].cid));
	return list;
}

static json_t *versions_json(const struct bundle_header *h)
{
	json_t *list = json_array();

	for (size_t i = 0; i < h->version_count; i++) {
		const struct bundle_version *v = &h->versions[i];
		json_t *item = json_object();

		json_object_set_new(item, "digest", json_oid(&v->digest));
		json_object_set_new(item, "files", json_u64(v->files));
		json_object_set_new(item, "ref", json_string(v->ref));
		json_object_set_new(item, "size", json_u64(v->size));
		json_object_set_new(item, "version", json_oid(&v->version));
		json_array_append_new(list, item);
	}
	return list;
}

static json_t *changes_json(const struct bundle_header *h)
{
	json_t *list = json_array();

	for (size_t i = 0; i < h->changes_count; i++)
		json_array_append_new(list, json_oid(&h->changes[i]));
	return list;
}

static json_t *refs_json(const struct bundle_header *h)
{
	json_t *list = json_array();

	for (size_t i = 0; i < h->refs.count; i++)
		json_array_append_new(list, json_string(h->refs.v[i]));
	return list;
}

/* At least as many as there are values in it. */
static size_t count_values(const char *text, size_t len)
{
	size_t count = 1;

	for (size_t i = 0; i < len; i++)
		count += text[i] == ',' || text[i] == ':' || text[i] == '[' || text[i] == '{';
	return count;
}

static bool is_too_large(const char *text, size_t len)
{
	return len > BUNDLE_HEADER_MAX || count_values(text, len) > BUNDLE_VALUES_MAX;
}

bool bundle_header_write(struct strbuf *out, const struct bundle_header *h)
{
	CLEANUP(json) json_t *obj = json_object();
	size_t before = out->len;

	json_object_set_new(obj, "changes", changes_json(h));
	json_object_set_new(obj, "count", json_u64(h->count));
	json_object_set_new(obj, "created", json_time(h->created));
	json_object_set_new(obj, "format", json_u64(BUNDLE_FORMAT));
	json_object_set_new(obj, "host", json_string(h->host));
	json_object_set_new(obj, "partial", cids_json(h, is_partial));
	json_object_set_new(obj, "program", json_string(h->program));
	json_object_set_new(obj, "refs", refs_json(h));
	json_object_set_new(obj, "registry", registry_json(h->registry));
	json_object_set_new(obj, "scope", scope_json(h));
	json_object_set_new(obj, "seq", json_u64(h->seq));
	json_object_set_new(obj, "shallow", cids_json(h, is_shallow));
	json_object_set_new(obj, "sum", json_oid(&h->sum));
	json_object_set_new(obj, "user", json_string(h->user));
	json_object_set_new(obj, "versions", versions_json(h));
	if (!json_object_get(obj, "user") || !json_object_get(obj, "host"))
		BUG("a bundle by one whose name is not UTF-8");
	json_canonical(out, obj);
	return !is_too_large(out->buf + before, out->len - before);
}

/* ---- reading ---- */

static int wrong(const char *what, struct error *err)
{
	return error_set(err, ERR_INTEGRITY, "'%s' of the header is missing or not legal", what);
}

/* A text that can be shown: no control bytes. */
static bool take_text(const json_t *obj, const char *key, size_t max, char **out)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;
	const char *text;

	if (!json_get_string(obj, key, &text) || strlen(text) > max)
		return false;
	utf8_add_visible(&shown, text, strlen(text));
	if (strcmp(shown.buf, text) != 0)
		return false;
	*out = xstrdup(text);
	return true;
}

static bool take_array(const json_t *obj, const char *key, const json_t **out)
{
	*out = json_object_get(obj, key);
	return json_is_array(*out);
}

static bool is_cid(const char *text)
{
	uint8_t raw[CID_LEN];

	return hex_decode(text, strlen(text), raw, sizeof raw);
}

/* Of a collection, or a run's id, which is no name. */
static bool is_name(const char *name, size_t len)
{
	struct error ignored = ERROR_INIT;

	return name && (run_id_is(name, len) || name_check_full(name, len, &ignored) == 0);
}

static int take_names(const json_t *obj, struct bundle_header *h, struct error *err)
{
	json_t *names = json_object_get(obj, "scope");
	const char *cid;
	json_t *value;

	if (!json_is_object(names))
		return wrong("scope", err);
	json_object_foreach(names, cid, value) {
		const char *name = json_string_value(value);

		if (!is_cid(cid) || !is_name(name, json_string_length(value)))
			return wrong("scope", err);
		bundle_header_add_scope(h, cid, name)->is_whole = true;
	}
	bundle_header_sort(h);
	return 0;
}

static int mark(const json_t *obj, const char *key, bool shallow, struct bundle_header *h, struct error *err)
{
	const json_t *list, *item;
	size_t i;

	if (!take_array(obj, key, &list))
		return wrong(key, err);
	json_array_foreach(list, i, item) {
		struct bundle_scope *s = json_is_string(item) ? bundle_header_find_scope(h, json_string_value(item)) : NULL;

		if (!s || !s->is_whole)
			return wrong(key, err);
		s->is_whole = false;
		s->is_shallow = shallow;
	}
	return 0;
}

static int take_scope(const json_t *obj, struct bundle_header *h, struct error *err)
{
	return take_names(obj, h, err) < 0 || mark(obj, "partial", false, h, err) < 0 ? -1 : mark(obj, "shallow", true, h, err);
}

static int take_versions(const json_t *obj, struct bundle_header *h, struct error *err)
{
	static const char *const known[] = { "digest", "files", "ref", "size", "version", NULL };
	const json_t *list, *item;
	size_t i;

	if (!take_array(obj, "versions", &list))
		return wrong("versions", err);
	json_array_foreach(list, i, item) {
		struct bundle_version *v;

		ARRAY_GROW(h->versions, h->version_count + 1, h->version_cap);
		v = &h->versions[h->version_count++];
		*v = (struct bundle_version){ .ref = NULL };
		if (!json_is_object(item) || !json_only_keys(item, known) || !json_get_oid(item, "digest", &v->digest) ||
		    !json_get_u64(item, "files", &v->files) || !take_text(item, "ref", REF_MAX, &v->ref) || !json_get_u64(item, "size", &v->size) ||
		    !json_get_oid(item, "version", &v->version))
			return wrong("versions", err);
	}
	return 0;
}

static int take_changes(const json_t *obj, struct bundle_header *h, struct error *err)
{
	const json_t *list, *item;
	size_t i;

	if (!take_array(obj, "changes", &list) || json_array_size(list) > BUNDLE_PIECES_MAX)
		return wrong("changes", err);
	json_array_foreach(list, i, item) {
		const char *text = json_string_value(item);

		ARRAY_GROW(h->changes, h->changes_count + 1, h->changes_cap);
		if (!text || !oid_parse(text, json_string_length(item), &h->changes[h->changes_count++]))
			return wrong("changes", err);
	}
	return 0;
}

static int take_refs(const json_t *obj, struct bundle_header *h, struct error *err)
{
	const json_t *list, *item;
	size_t i;

	if (!take_array(obj, "refs", &list))
		return wrong("refs", err);
	json_array_foreach(list, i, item) {
		CLEANUP(json) json_t *holder = json_pack("{s:O}", "ref", item);
		char *text;

		if (!take_text(holder, "ref", REF_MAX, &text))
			return wrong("refs", err);
		strvec_push_own(&h->refs, text);
	}
	return 0;
}

static int take_members(const json_t *obj, struct bundle_header *h, struct error *err)
{
	const char *registry;

	if (!json_get_u64(obj, "count", &h->count))
		return wrong("count", err);
	if (!json_get_time(obj, "created", &h->created))
		return wrong("created", err);
	if (!take_text(obj, "host", WHO_MAX, &h->host))
		return wrong("host", err);
	if (!take_text(obj, "user", WHO_MAX, &h->user))
		return wrong("user", err);
	if (!take_text(obj, "program", BUNDLE_PROGRAM_MAX, &h->program))
		return wrong("program", err);
	if (!json_get_string(obj, "registry", &registry) || !hex_decode(registry, strlen(registry), h->registry, sizeof h->registry))
		return wrong("registry", err);
	if (!json_get_u64(obj, "seq", &h->seq) || !json_get_oid(obj, "sum", &h->sum))
		return wrong("seq", err);
	if (take_refs(obj, h, err) < 0 || take_scope(obj, h, err) < 0 || take_changes(obj, h, err) < 0)
		return -1;
	return take_versions(obj, h, err);
}

/* What it says must be all that it says, and said in the one form. */
static int check_canonical(const char *text, size_t len, const struct bundle_header *h, struct error *err)
{
	CLEANUP(strbuf) struct strbuf again = STRBUF_INIT;

	if (!bundle_header_write(&again, h) || again.len != len || memcmp(again.buf, text, len) != 0)
		return error_set(err, ERR_INTEGRITY, "the header is not in its canonical form");
	return 0;
}

static int parse(const char *text, size_t len, struct bundle_header *h, struct error *err)
{
	CLEANUP(json) json_t *obj = json_parse(text, len, "the header", err);
	uint64_t format;

	if (!obj)
		return -1;
	if (!json_is_object(obj) || !json_get_u64(obj, "format", &format))
		return wrong("format", err);
	if (format > BUNDLE_FORMAT)
		return error_set(err, ERR_FORMAT, "a bundle of the newer format %llu", (unsigned long long)format);
	return take_members(obj, h, err);
}

int bundle_header_parse(const char *text, size_t len, struct bundle_header *out, struct error *err)
{
	CLEANUP(bundle_header) struct bundle_header h = { .seq = 0 };

	memset(out, 0, sizeof *out);
	if (is_too_large(text, len))
		return error_set(err, ERR_INTEGRITY, "a header of %zu bytes is too large", len);
	if (parse(text, len, &h, err) < 0 || check_canonical(text, len, &h, err) < 0) {
		if (err->code != ERR_FORMAT)
			err->code = ERR_INTEGRITY;
		return -1;
	}
	*out = h;
	memset(&h, 0, sizeof h);
	return 0;
}

void bundle_header_cleanup(struct bundle_header *h)
{
	for (size_t i = 0; i < h->scope_count; i++) {
		ptr_cleanup(&h->scope[i].cid);
		ptr_cleanup(&h->scope[i].name);
	}
	for (size_t i = 0; i < h->version_count; i++)
		ptr_cleanup(&h->versions[i].ref);
	ptr_cleanup(&h->scope);
	ptr_cleanup(&h->versions);
	ptr_cleanup(&h->changes);
	ptr_cleanup(&h->user);
	ptr_cleanup(&h->host);
	ptr_cleanup(&h->program);
	strvec_release(&h->refs);
	memset(h, 0, sizeof *h);
}
