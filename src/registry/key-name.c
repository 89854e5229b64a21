/* SPDX-License-Identifier: Apache-2.0 */
/* Names what a key of the journal is about. */
#include <config.h>

#include "registry/key-name.h"

#include <inttypes.h>
#include <string.h>

#include "base/number.h"
#include "format/run-id.h"

static int add_member(const char *value, const char *member, struct strbuf *out, struct error *err)
{
	CLEANUP(json) json_t *doc = json_parse(value, strlen(value), "a change", err);
	const char *text;

	if (!doc)
		return -1;
	if (json_get_string(doc, member, &text))
		strbuf_adds(out, text);
	return 0;
}

/* Of a collection that was removed: what stood there before. */
static int add_last_name(struct view *v, const char *key, struct strbuf *out, struct error *err)
{
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	CLEANUP(change) struct change removal = { .key = NULL };
	CLEANUP(change) struct change before = { .key = NULL };
	int found = view_heads(v, key, &heads, err);

	if (found == 0 && heads.count)
		found = view_change(v, &heads.v[0].id, &removal, err);
	if (found == 1 && removal.parent_count)
		found = view_change(v, &removal.parents[0], &before, err);
	if (found < 0)
		return -1;
	return before.value ? add_member(before.value, "name", out, err) : 0;
}

int key_name_collection(struct view *v, const char *cid, struct strbuf *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT, value = STRBUF_INIT;
	size_t before = out->len;
	int found;

	strbuf_addf(&key, "coll/%.*s", CID_HEX_LEN, cid);
	found = view_value(v, key.buf, &value, err);
	if (found < 0 || (found ? add_member(value.buf, "name", out, err) : add_last_name(v, key.buf, out, err)) < 0)
		return -1;
	if (out->len == before)
		strbuf_addf(out, "%.*s", CID_HEX_LEN, cid);
	return 0;
}

int key_name_version(struct view *v, const struct cid *in, const struct oid *version, struct strbuf *out, struct error *err)
{
	struct cid cid;
	uint64_t number;
	int found = in ? view_version_in(v, in, version, &number, err) : 0;

	if (found == 1)
		cid = *in;
	else if (found == 0)
		found = view_find_version(v, version, &cid, &number, err);
	if (found < 0 || (found && key_name_collection(v, cid.hex, out, err) < 0))
		return -1;
	if (found)
		strbuf_addf(out, ":v%" PRIu64, number);
	else
		strbuf_addf(out, "%.12s", oid_hex(version).text);
	return 0;
}

void key_name_parse(const char *key, struct key_name *out)
{
	size_t kind = strcspn(key, "/"), len;
	const char *id = key[kind] ? key + kind + 1 : key + kind;

	*out = (struct key_name){ .rest = "" };
	memcpy(out->kind, key, kind < sizeof out->kind ? kind : sizeof out->kind - 1);
	len = strcspn(id, "/");
	if (len == CID_HEX_LEN)
		memcpy(out->cid.hex, id, len);
	else
		out->is_version = oid_parse(id, len, &out->version);
	if (id[len])
		out->rest = id + len + 1;
}

bool key_name_is(const struct key_name *s, const char *kind)
{
	return strcmp(s->kind, kind) == 0;
}

bool key_name_is_run(const char *name)
{
	return run_id_is(name, strlen(name));
}

/* As it was called then: the version need not be known here. */
static bool add_edge(const struct key_name *s, const json_t *doc, struct strbuf *out)
{
	const char *ref, *as;

	if (!key_name_is(s, "input") && !key_name_is(s, "output") && !key_name_is(s, "from"))
		return false;
	if (json_get_string(doc, "ref", &ref))
		strbuf_adds(out, ref);
	if (json_get_string(doc, "as", &as))
		strbuf_addf(out, " as %s", as);
	return true;
}

void key_name_collection_value(const json_t *doc, struct strbuf *out)
{
	const char *kind, *text;
	bool is_run = json_get_string(doc, "kind", &kind) && strcmp(kind, "run") == 0;

	if (json_get_string(doc, is_run ? "type" : "name", &text))
		strbuf_adds(out, text);
	if (is_run && json_get_string(doc, "label", &text))
		strbuf_addf(out, " '%s'", text);
}

void key_name_plain_value(const struct key_name *s, const json_t *doc, struct strbuf *out)
{
	bool is_pair = key_name_is(s, "meta") || key_name_is(s, "metric"), with_reason;
	const json_t *value = is_pair ? json_object_get(doc, "value") : doc;

	if (!value || add_edge(s, doc, out))
		return; /* none: taken away, though the version was put with it */
	if (key_name_is(s, "tag"))
		strbuf_adds(out, s->rest);
	else if (key_name_is(s, "ttl") && json_is_integer(value) && json_integer_value(value) > 0)
		duration_format(out, (uint64_t)json_integer_value(value));
	else if (key_name_is(s, "protect") && json_get_bool(doc, "reason", &with_reason))
		strbuf_adds(out, with_reason ? "protected, but for a reason" : "protected");
	else if (key_name_is(s, "absent"))
		strbuf_adds(out, "elsewhere");
	else if (json_is_string(value) && !key_name_is(s, "meta"))
		strbuf_adds(out, json_string_value(value));
	else
		json_canonical(out, value);
}

/* The alias as it was written stands in the value, before or after. */
static void add_alias_name(const char *before, const char *after, const char *folded, struct strbuf *out)
{
	struct error ignored = ERROR_INIT;
	CLEANUP(json) json_t *a = json_parse(after, strlen(after), "a change", &ignored);
	CLEANUP(json) json_t *b = json_parse(before, strlen(before), "a change", &ignored);
	const char *name = folded;

	if (!a || !json_get_string(a, "alias", &name))
		if (!b || !json_get_string(b, "alias", &name))
			name = folded;
	strbuf_adds(out, name);
}

int key_name_subject(struct view *v, const struct cid *in, const struct key_name *s, const char *before, const char *after,
		     struct strbuf *out, struct error *err)
{
	size_t start = out->len;

	if (s->is_version)
		return key_name_version(v, in, &s->version, out, err);
	if (!*s->cid.hex)
		return 0;
	if (key_name_collection(v, s->cid.hex, out, err) < 0)
		return -1;
	if ((key_name_is(s, "version") && !key_name_is_run(out->buf + start)) || key_name_is(s, "link"))
		strbuf_addf(out, ":v%s", s->rest);
	if (key_name_is(s, "alias") || key_name_is(s, "protect")) {
		strbuf_addc(out, ':');
		add_alias_name(before, after, s->rest, out);
	}
	return 0;
}
