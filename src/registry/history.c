/* SPDX-License-Identifier: Apache-2.0 */
/* Translates changes of keys into what happened to which name. */
#include <config.h>

#include "registry/history.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "registry/annotation.h"

void history_row_cleanup(struct history_row *row)
{
	struct strbuf *const texts[] = { &row->user, &row->host, &row->by, &row->verb, &row->why, &row->kind, &row->ref, &row->before, &row->after };

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		strbuf_release(texts[i]);
}

struct walk {
	struct view *view;
	history_fn fn;
	void *arg;
};

/* The name a collection has now, else its id. */
static int add_name(struct view *v, const char *cid, struct strbuf *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT, value = STRBUF_INIT;
	CLEANUP(json) json_t *doc = NULL;
	const char *name;
	int found;

	strbuf_addf(&key, "coll/%.*s", CID_HEX_LEN, cid);
	found = view_value(v, key.buf, &value, err);
	if (found < 0)
		return -1;
	doc = found ? json_parse(value.buf, value.len, key.buf, err) : NULL;
	if (found && !doc)
		return -1;
	if (doc && json_get_string(doc, "name", &name))
		strbuf_adds(out, name);
	else
		strbuf_addf(out, "%.*s", CID_HEX_LEN, cid);
	return 0;
}

/* "NAME:vN" of a version id, else its first digits. */
static int add_version_ref(struct view *v, const struct oid *version, bool with_name, struct strbuf *out, struct error *err)
{
	struct cid cid;
	uint64_t number;
	int found = view_find_version(v, version, &cid, &number, err);

	if (found < 0 || (found && with_name && add_name(v, cid.hex, out, err) < 0))
		return -1;
	if (found)
		strbuf_addf(out, "%sv%" PRIu64, with_name ? ":" : "", number);
	else
		strbuf_addf(out, "%.12s", oid_hex(version).text);
	return 0;
}

static int describe_value(struct view *v, const char *kind, const char *text, struct strbuf *out, struct error *err)
{
	CLEANUP(json) json_t *doc = json_parse(text, strlen(text), "a change", err);
	struct oid id;
	const char *s;

	if (!doc)
		return -1;
	if (json_is_null(doc))
		return 0;
	if (strcmp(kind, "alias") == 0 && json_get_oid(doc, "version", &id))
		return add_version_ref(v, &id, false, out, err);
	if (strcmp(kind, "version") == 0 && json_get_oid(doc, "digest", &id))
		strbuf_addf(out, "%.12s", oid_hex(&id).text);
	else if (strcmp(kind, "collection") == 0 && json_get_string(doc, "name", &s))
		strbuf_adds(out, s);
	else if (strcmp(kind, "meta") == 0 && json_object_get(doc, "value"))
		json_canonical(out, json_object_get(doc, "value"));
	else if (json_is_string(doc))
		strbuf_adds(out, json_string_value(doc));
	else
		json_canonical(out, doc);
	return 0;
}

static const char *kind_of(const char *key, struct strbuf *kind)
{
	size_t len = strcspn(key, "/");

	if (len == 4 && memcmp(key, "coll", 4) == 0)
		strbuf_adds(kind, "collection");
	else
		strbuf_add(kind, key, len);
	return key[len] ? key + len + 1 : key + len;
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

static void add_meta_name(const char *encoded, struct strbuf *kind)
{
	CLEANUP(ptr) char *name = annotation_decode_key(encoded);

	strbuf_addf(kind, " %s", name);
}

static int describe_subject(struct view *v, const char *rest, const char *before, const char *after, struct history_row *row, struct error *err)
{
	const char *tail = strchr(rest, '/');
	struct oid version;

	if (strcmp(row->kind.buf, "note") == 0 || strcmp(row->kind.buf, "meta") == 0) {
		if (!oid_parse(rest, tail ? (size_t)(tail - rest) : strlen(rest), &version))
			return 0;
		if (add_version_ref(v, &version, true, &row->ref, err) < 0)
			return -1;
		if (tail)
			add_meta_name(tail + 1, &row->kind);
		return 0;
	}
	if (add_name(v, rest, &row->ref, err) < 0)
		return -1;
	if (tail && strcmp(row->kind.buf, "version") == 0)
		strbuf_addf(&row->ref, ":v%s", tail + 1);
	if (tail && strcmp(row->kind.buf, "alias") == 0) {
		strbuf_addc(&row->ref, ':');
		add_alias_name(before, after, tail + 1, &row->ref);
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

static int visit(const struct change *c, uint64_t seq, const char *by, void *arg, struct error *err)
{
	struct walk *w = arg;
	CLEANUP(history_row) struct history_row row = HISTORY_ROW_INIT;
	CLEANUP(strbuf) struct strbuf before = STRBUF_INIT;
	const char *rest = kind_of(c->key, &row.kind);
	CLEANUP(ptr) char *kind = xstrdup(row.kind.buf);

	row.time = c->time;
	row.seq = seq;
	row.change = c->id;
	strbuf_adds(&row.user, c->user);
	strbuf_adds(&row.host, c->host);
	strbuf_adds(&row.by, by);
	strbuf_adds(&row.verb, c->verb);
	strbuf_adds(&row.why, c->why);
	if (value_before(w->view, c, &before, err) < 0 || describe_subject(w->view, rest, before.buf, c->value, &row, err) < 0 ||
	    describe_value(w->view, kind, before.buf, &row.before, err) < 0 || describe_value(w->view, kind, c->value, &row.after, err) < 0)
		return -1;
	return w->fn(&row, w->arg, err);
}

int history_each(struct view *v, const struct collection *c, bool newest_first, history_fn fn, void *arg, struct error *err)
{
	struct walk w = { v, fn, arg };

	return view_each_change(v, c ? &c->cid : NULL, newest_first, visit, &w, err);
}
