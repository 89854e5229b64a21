/* SPDX-License-Identifier: Apache-2.0 */
/* Translates changes of keys into what happened to which name. */
#include <config.h>

#include "registry/history.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "registry/annotation.h"
#include "registry/as-of.h"
#include "registry/key-name.h"

void history_row_cleanup(struct history_row *row)
{
	struct strbuf *const texts[] = { &row->user, &row->host, &row->by, &row->verb, &row->why, &row->run, &row->kind, &row->ref, &row->before, &row->after };

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		strbuf_release(texts[i]);
}

struct walk {
	struct view *view;
	const struct cid *collection; /* whose history it is, or NULL */
	history_fn fn;
	void *arg;
};

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

static int describe_value(struct view *v, const struct key_name *s, const char *text, int64_t at, struct strbuf *out, struct error *err)
{
	CLEANUP(json) json_t *doc = json_parse(text, strlen(text), "a change", err);
	struct oid id;

	if (!doc)
		return -1;
	if (json_is_null(doc))
		return 0;
	if (key_name_is(s, "alias") && json_get_oid(doc, "version", &id))
		return add_holder(v, &s->cid, &id, at, out, err);
	if (key_name_is(s, "link") && json_get_oid(doc, "version", &id))
		return key_name_version(v, NULL, &id, out, err);
	if (key_name_is(s, "version") && json_get_oid(doc, "digest", &id))
		strbuf_addf(out, "%.12s", oid_hex(&id).text);
	else if (key_name_is(s, "coll"))
		key_name_collection_value(doc, out);
	else
		key_name_plain_value(s, doc, out);
	return 0;
}

/* A run is kept as a collection with a version for its beginning and one for its end, which is nobody's business. */
static void add_run_kind(const struct key_name *s, struct strbuf *out)
{
	if (key_name_is(s, "version"))
		strbuf_adds(out, strcmp(s->rest, "0") == 0 ? "run start" : "run end");
	else
		strbuf_adds(out, key_name_is(s, "coll") ? "run" : s->kind);
}

static void add_kind(const struct key_name *s, bool is_run, struct strbuf *out)
{
	CLEANUP(ptr) char *name = NULL;

	if (is_run)
		add_run_kind(s, out);
	else
		strbuf_adds(out, key_name_is(s, "coll") ? "collection" : s->kind);
	if (!key_name_is(s, "meta") && !key_name_is(s, "metric"))
		return;
	name = annotation_decode_key(s->rest);
	strbuf_addf(out, " %s", name);
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
static bool is_silent(const struct key_name *s, const char *verb)
{
	return key_name_is(s, "shallow") || (key_name_is(s, "absent") && strcmp(verb, "drop") != 0);
}

static int visit(const struct change *c, uint64_t seq, const char *by, void *arg, struct error *err)
{
	struct walk *w = arg;
	CLEANUP(history_row) struct history_row row = HISTORY_ROW_INIT;
	CLEANUP(strbuf) struct strbuf before = STRBUF_INIT;
	struct key_name subject;

	key_name_parse(c->key, &subject);
	if (is_silent(&subject, c->verb))
		return 0;
	row.time = c->time;
	row.seq = seq;
	row.change = c->id;
	strbuf_adds(&row.user, c->user);
	strbuf_adds(&row.host, c->host);
	strbuf_adds(&row.by, by);
	strbuf_adds(&row.verb, c->verb);
	strbuf_adds(&row.why, c->why);
	strbuf_adds(&row.run, c->run);
	if (value_before(w->view, c, &before, err) < 0 || key_name_subject(w->view, w->collection, &subject, before.buf, c->value, &row.ref, err) < 0 ||
	    describe_value(w->view, &subject, before.buf, c->time - 1, &row.before, err) < 0 ||
	    describe_value(w->view, &subject, c->value, c->time, &row.after, err) < 0)
		return -1;
	add_kind(&subject, key_name_is_run(row.ref.buf), &row.kind);
	return w->fn(&row, w->arg, err);
}

int history_each(struct view *v, const struct cid *of, bool newest_first, history_fn fn, void *arg, struct error *err)
{
	struct walk w = { v, of, fn, arg };

	return view_each_change(v, of, newest_first, visit, &w, err);
}
