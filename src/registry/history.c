/* SPDX-License-Identifier: Apache-2.0 */
/* Translates changes of keys into what happened to which name. */
#include <config.h>

#include "registry/history.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "registry/annotation.h"
#include "registry/as-of.h"

void history_row_cleanup(struct history_row *row)
{
	struct strbuf *const texts[] = { &row->user, &row->host, &row->by, &row->verb, &row->why, &row->kind, &row->ref, &row->before, &row->after };

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		strbuf_release(texts[i]);
}

struct walk {
	struct view *view;
	const struct cid *collection; /* whose history it is, or NULL */
	history_fn fn;
	void *arg;
};

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

/* The name a collection has now, or had last, else its id. */
static int add_name(struct view *v, const char *cid, struct strbuf *out, struct error *err)
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

/* "NAME:vN" of a version id, as it is called in this collection (NULL: in its artifact), else in its artifact, else its first digits. */
static int add_version_ref(struct view *v, const struct cid *in, const struct oid *version, struct strbuf *out, struct error *err)
{
	struct cid cid;
	uint64_t number;
	int found = in ? view_version_in(v, in, version, &number, err) : 0;

	if (found == 1)
		cid = *in;
	else if (found == 0)
		found = view_find_version(v, version, &cid, &number, err);
	if (found < 0 || (found && add_name(v, cid.hex, out, err) < 0))
		return -1;
	if (found)
		strbuf_addf(out, ":v%" PRIu64, number);
	else
		strbuf_addf(out, "%.12s", oid_hex(version).text);
	return 0;
}

/* "vN": what an alias named, which is of its own collection. */
static int add_holder(struct view *v, const struct cid *in, const struct oid *version, int64_t at, struct strbuf *out, struct error *err)
{
	uint64_t number;
	int found = as_of_number(v, in, version, at, &number, err);

	if (found == 1)
		strbuf_addf(out, "v%" PRIu64, number);
	else if (found == 0)
		strbuf_addf(out, "%.12s", oid_hex(version).text);
	return found < 0 ? -1 : 0;
}

/* A key in its parts: "alias/CID/best" is the kind alias, the subject CID and the rest "best". */
struct changed {
	char kind[16];
	struct cid cid;     /* "" when the subject is a version */
	struct oid version;
	bool is_version;
	const char *rest;   /* "" when there is none */
};

static void parse_key(const char *key, struct changed *out)
{
	size_t kind = strcspn(key, "/"), len;
	const char *id = key[kind] ? key + kind + 1 : key + kind;

	*out = (struct changed){ .rest = "" };
	memcpy(out->kind, key, kind < sizeof out->kind ? kind : sizeof out->kind - 1);
	len = strcspn(id, "/");
	if (len == CID_HEX_LEN)
		memcpy(out->cid.hex, id, len);
	else
		out->is_version = oid_parse(id, len, &out->version);
	if (id[len])
		out->rest = id + len + 1;
}

static bool is_kind(const struct changed *s, const char *kind)
{
	return strcmp(s->kind, kind) == 0;
}

static void add_plain_value(const struct changed *s, const json_t *doc, struct strbuf *out)
{
	bool is_pair = is_kind(s, "meta") || is_kind(s, "metric"), with_reason;
	const json_t *value = is_pair ? json_object_get(doc, "value") : doc;

	if (!value)
		return; /* taken away, though the version was put with it */
	if (is_kind(s, "tag"))
		strbuf_adds(out, s->rest);
	else if (is_kind(s, "ttl") && json_is_integer(value) && json_integer_value(value) > 0)
		duration_format(out, (uint64_t)json_integer_value(value));
	else if (is_kind(s, "protect") && json_get_bool(doc, "reason", &with_reason))
		strbuf_adds(out, with_reason ? "protected, but for a reason" : "protected");
	else if (is_kind(s, "absent"))
		strbuf_adds(out, "elsewhere");
	else if (json_is_string(value) && !is_kind(s, "meta"))
		strbuf_adds(out, json_string_value(value));
	else
		json_canonical(out, value);
}

static int describe_value(struct view *v, const struct changed *s, const char *text, int64_t at, struct strbuf *out, struct error *err)
{
	CLEANUP(json) json_t *doc = json_parse(text, strlen(text), "a change", err);
	struct oid id;
	const char *name;

	if (!doc)
		return -1;
	if (json_is_null(doc))
		return 0;
	if (is_kind(s, "alias") && json_get_oid(doc, "version", &id))
		return add_holder(v, &s->cid, &id, at, out, err);
	if (is_kind(s, "link") && json_get_oid(doc, "version", &id))
		return add_version_ref(v, NULL, &id, out, err);
	if (is_kind(s, "version") && json_get_oid(doc, "digest", &id))
		strbuf_addf(out, "%.12s", oid_hex(&id).text);
	else if (is_kind(s, "coll") && json_get_string(doc, "name", &name))
		strbuf_adds(out, name);
	else
		add_plain_value(s, doc, out);
	return 0;
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

static void add_kind(const struct changed *s, struct strbuf *out)
{
	CLEANUP(ptr) char *name = NULL;

	strbuf_adds(out, is_kind(s, "coll") ? "collection" : s->kind);
	if (!is_kind(s, "meta") && !is_kind(s, "metric"))
		return;
	name = annotation_decode_key(s->rest);
	strbuf_addf(out, " %s", name);
}

static int describe_subject(const struct walk *w, const struct changed *s, const char *before, const char *after, struct strbuf *out, struct error *err)
{
	if (s->is_version)
		return add_version_ref(w->view, w->collection, &s->version, out, err);
	if (!*s->cid.hex)
		return 0;
	if (add_name(w->view, s->cid.hex, out, err) < 0)
		return -1;
	if (is_kind(s, "version") || is_kind(s, "link"))
		strbuf_addf(out, ":v%s", s->rest);
	if (is_kind(s, "alias") || is_kind(s, "protect")) {
		strbuf_addc(out, ':');
		add_alias_name(before, after, s->rest, out);
	}
	return 0;
}

/* The value that the change replaced: that of its first parent. */
static int value_before(struct view *v, const struct change *c, struct strbuf *out, struct error *err)
{
	struct change parent = { .key = NULL };
	int found = c->parent_count ? view_change(v, &c->parents[0], &parent, err) : 0;

	strbuf_adds(out, found == 1 ? parent.value : "null");
	change_cleanup(&parent);
	return found < 0 ? -1 : 0;
}

/* Where bytes lie is no news but when somebody has dropped them. */
static bool is_silent(const struct changed *s, const char *verb)
{
	return is_kind(s, "shallow") || (is_kind(s, "absent") && strcmp(verb, "drop") != 0);
}

static int visit(const struct change *c, uint64_t seq, const char *by, void *arg, struct error *err)
{
	struct walk *w = arg;
	CLEANUP(history_row) struct history_row row = HISTORY_ROW_INIT;
	CLEANUP(strbuf) struct strbuf before = STRBUF_INIT;
	struct changed subject;

	parse_key(c->key, &subject);
	if (is_silent(&subject, c->verb))
		return 0;
	add_kind(&subject, &row.kind);
	row.time = c->time;
	row.seq = seq;
	row.change = c->id;
	strbuf_adds(&row.user, c->user);
	strbuf_adds(&row.host, c->host);
	strbuf_adds(&row.by, by);
	strbuf_adds(&row.verb, c->verb);
	strbuf_adds(&row.why, c->why);
	if (value_before(w->view, c, &before, err) < 0 || describe_subject(w, &subject, before.buf, c->value, &row.ref, err) < 0 ||
	    describe_value(w->view, &subject, before.buf, c->time - 1, &row.before, err) < 0 ||
	    describe_value(w->view, &subject, c->value, c->time, &row.after, err) < 0)
		return -1;
	return w->fn(&row, w->arg, err);
}

int history_each(struct view *v, const struct collection *c, bool newest_first, history_fn fn, void *arg, struct error *err)
{
	struct walk w = { v, c ? &c->cid : NULL, fn, arg };

	return view_each_change(v, c ? &c->cid : NULL, newest_first, visit, &w, err);
}
