/* SPDX-License-Identifier: Apache-2.0 */
/* Tells changes of keys as what became of which reference. */
#include <config.h>

#include "registry/ref-change.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "registry/annotation.h"
#include "registry/key-name.h"

#define SHOWN_MAX 60 /* bytes of a value */
#define RUN_KIND "run"

/* A collection that a transaction removes is named by what it was before. */
struct naming {
	struct view *view;
	struct txn *txn; /* or NULL */
	struct cid cid;  /* the last one that was looked for, and its name */
	struct strbuf name;
};
#define NAMING_INIT(view, txn) { view, txn, { "" }, STRBUF_INIT }

static void naming_cleanup(struct naming *n)
{
	strbuf_release(&n->name);
}

static void ref_change_cleanup(struct ref_change *c)
{
	free(c->ref);
	free(c->from);
	free(c->to);
	*c = (struct ref_change){ .ref = NULL };
}

void ref_changes_cleanup(struct ref_changes *list)
{
	for (size_t i = 0; i < list->count; i++)
		ref_change_cleanup(&list->v[i]);
	free(list->v);
	*list = (struct ref_changes){ NULL, 0, 0 };
}

/* ---- names ---- */

static int add_name_before(struct naming *n, const struct cid *cid, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT, text = STRBUF_INIT;
	CLEANUP(json) json_t *doc = NULL;
	const char *name;
	int found;

	strbuf_addf(&key, "coll/%s", cid->hex);
	found = view_value(n->view, key.buf, &text, err);
	if (found == 0)
		found = txn_value_before(n->txn, key.buf, &text, err);
	if (found <= 0)
		return found;
	doc = json_parse(text.buf, text.len, key.buf, err);
	if (!doc)
		return -1;
	if (json_get_string(doc, "name", &name))
		strbuf_adds(&n->name, name);
	return 0;
}

static int add_collection(struct naming *n, const struct cid *cid, struct strbuf *out, struct error *err)
{
	if (strcmp(n->cid.hex, cid->hex) != 0) {
		strbuf_reset(&n->name);
		n->cid = (struct cid){ "" };
		if (n->txn && add_name_before(n, cid, err) < 0)
			return -1;
		if (!n->name.len && key_name_collection(n->view, cid->hex, &n->name, err) < 0)
			return -1;
		n->cid = *cid;
	}
	strbuf_adds(out, n->name.buf);
	return 0;
}

/* "NAME:vN" in its artifact, else in a model, else its first digits. */
static int add_version(struct naming *n, const struct oid *version, struct strbuf *out, struct error *err)
{
	struct cid cid;
	uint64_t number;
	int found = view_find_version(n->view, version, &cid, &number, err);

	if (found < 0 || (found && add_collection(n, &cid, out, err) < 0))
		return -1;
	if (found)
		strbuf_addf(out, ":v%" PRIu64, number);
	else
		strbuf_addf(out, "%.12s", oid_hex(version).text);
	return 0;
}

static void add_alias(const struct key_name *s, const char *before, const char *after, struct strbuf *out)
{
	const char *text = after ? after : before;
	struct error ignored = ERROR_INIT;
	CLEANUP(json) json_t *doc = text ? json_parse(text, strlen(text), "an alias", &ignored) : NULL;
	const char *alias = s->rest;

	if (!doc || !json_get_string(doc, "alias", &alias))
		alias = s->rest;
	strbuf_addf(out, ":%s", alias);
}

static int add_subject(struct naming *n, const struct key_name *s, const char *before, const char *after, struct strbuf *out, struct error *err)
{
	size_t start = out->len;

	if (s->is_version)
		return add_version(n, &s->version, out, err);
	if (add_collection(n, &s->cid, out, err) < 0)
		return -1;
	if (key_name_is_run(out->buf + start))
		return 0;
	if (key_name_is(s, "version") || key_name_is(s, "link"))
		strbuf_addf(out, ":v%s", s->rest);
	else if (key_name_is(s, "alias") || key_name_is(s, "protect"))
		add_alias(s, before, after, out);
	return 0;
}

/* ---- values ---- */

/* The first line of it, as far as there is room. */
static char *cut(const struct strbuf *text)
{
	size_t line = strcspn(text->buf, "\n"), len = line;

	if (len > SHOWN_MAX)
		for (len = SHOWN_MAX - 3; len > 0 && ((unsigned char)text->buf[len] & 0xc0) == 0x80;)
			len--;
	if (len == text->len)
		return xstrdup(text->buf);
	else {
		CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

		strbuf_add(&out, text->buf, len);
		strbuf_adds(&out, "...");
		return strbuf_detach(&out);
	}
}

static int add_number(struct naming *n, const struct cid *in, const struct oid *version, struct strbuf *out, struct error *err)
{
	uint64_t number;
	int found = view_version_in(n->view, in, version, &number, err);

	if (found == 1)
		strbuf_addf(out, "v%" PRIu64, number);
	else if (found == 0)
		strbuf_addf(out, "%.12s", oid_hex(version).text);
	return found < 0 ? -1 : 0;
}

static void add_key_of(const struct key_name *s, struct strbuf *out)
{
	CLEANUP(ptr) char *name = annotation_decode_key(s->rest);

	strbuf_addf(out, "%s=", name);
}

static int add_value(struct naming *n, const struct key_name *s, const char *text, struct strbuf *out, struct error *err)
{
	CLEANUP(json) json_t *doc = text ? json_parse(text, strlen(text), "a value", err) : NULL;
	struct oid id;

	if (!text)
		return 0;
	if (!doc)
		return -1;
	if (key_name_is(s, "alias") && json_get_oid(doc, "version", &id))
		return add_number(n, &s->cid, &id, out, err);
	if (key_name_is(s, "link") && json_get_oid(doc, "version", &id))
		return add_version(n, &id, out, err);
	if (key_name_is(s, "version") && json_get_oid(doc, "digest", &id))
		strbuf_addf(out, "%.12s", oid_hex(&id).text);
	else if (key_name_is(s, "coll"))
		key_name_collection_value(doc, out);
	else if ((key_name_is(s, "meta") || key_name_is(s, "metric")) && json_object_get(doc, "value")) {
		add_key_of(s, out);
		key_name_plain_value(s, doc, out);
	} else {
		key_name_plain_value(s, doc, out);
	}
	return 0;
}

/* ---- a change ---- */

static const struct {
	const char *table, *kind;
	bool can_return; /* what was removed keeps its place */
} kinds[] = {
	{ "alias", "alias", false }, { "coll", "collection", true }, { "from", "from", false }, { "input", "input", false },
	{ "link", "link", true }, { "meta", "metadata", false }, { "metric", "metric", false }, { "note", "note", false },
	{ "output", "output", false }, { "protect", "protection", false }, { "tag", "tag", false }, { "title", "title", false },
	{ "ttl", "ttl", false }, { "version", "version", true },
};

static const char *what_of(const char *kind, const char *from, const char *to, bool is_new, bool can_return)
{
	if (!*to)
		return "removed";
	if (!*from)
		return is_new || !can_return ? "new" : "restored";
	return strcmp(kind, "alias") == 0 ? "moved" : "changed";
}

static int describe(struct naming *n, const char *key, const char *before, const char *after, bool is_new, struct ref_change *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT, from = STRBUF_INIT, to = STRBUF_INIT;
	struct key_name s;
	size_t i = 0;
	bool is_run;

	key_name_parse(key, &s);
	while (i < COUNT_OF(kinds) && !key_name_is(&s, kinds[i].table))
		i++;
	if (i == COUNT_OF(kinds) || (!s.is_version && !*s.cid.hex))
		return 0;
	if (add_subject(n, &s, before, after, &ref, err) < 0 || add_value(n, &s, before, &from, err) < 0 || add_value(n, &s, after, &to, err) < 0)
		return -1;
	is_run = key_name_is(&s, "coll") && key_name_is_run(ref.buf);
	*out = (struct ref_change){ .kind = is_run ? RUN_KIND : kinds[i].kind, .ref = strbuf_detach(&ref), .from = cut(&from), .to = cut(&to) };
	/* an empty note is one: whether there is a value decides, but for metadata, where {} says that there is none */
	if (!from.len && before && strncmp(key, "met", 3) != 0)
		strbuf_addc(&from, ' ');
	if (!to.len && after && strncmp(key, "met", 3) != 0)
		strbuf_addc(&to, ' ');
	out->what = what_of(out->kind, from.buf, to.buf, is_new, kinds[i].can_return);
	return 1;
}

int ref_change_of(struct view *v, const char *key, const char *before, const char *after, bool is_new, struct ref_change *out, struct error *err)
{
	CLEANUP(naming) struct naming n = NAMING_INIT(v, NULL);

	return describe(&n, key, before, after, is_new, out, err);
}

int ref_change_name(struct view *v, const char *key, struct strbuf *out, struct error *err)
{
	CLEANUP(naming) struct naming n = NAMING_INIT(v, NULL);
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;
	struct key_name s;
	int found = view_value(v, key, &value, err);

	if (found < 0)
		return -1;
	key_name_parse(key, &s);
	if (s.is_version || *s.cid.hex)
		return add_subject(&n, &s, NULL, found ? value.buf : NULL, out, err);
	strbuf_adds(out, key);
	return 0;
}

/* ---- those of a transaction ---- */

struct collecting {
	struct naming naming;
	struct ref_changes *out;
};

static void collecting_cleanup(struct collecting *c)
{
	naming_cleanup(&c->naming);
}

static int collect(const char *key, const char *before, const char *after, bool is_new, void *arg, struct error *err)
{
	struct collecting *to = arg;
	struct ref_change c = { .ref = NULL };
	int is_told = describe(&to->naming, key, before, after, is_new, &c, err);

	if (is_told <= 0)
		return is_told;
	ARRAY_GROW(to->out->v, to->out->count + 1, to->out->cap);
	to->out->v[to->out->count++] = c;
	return 0;
}

/* v2 stands before v10. */
static int compare_refs(const char *a, const char *b)
{
	size_t same = 0, x, y;

	while (a[same] && a[same] == b[same])
		same++;
	while (same && a[same - 1] >= '0' && a[same - 1] <= '9')
		same--;
	x = strspn(a + same, "0123456789");
	y = strspn(b + same, "0123456789");
	if (x && y && x != y)
		return x < y ? -1 : 1;
	return strcmp(a + same, b + same);
}

static int compare(const void *a, const void *b)
{
	const struct ref_change *x = a, *y = b;
	int order = compare_refs(x->ref, y->ref);

	if (!order)
		order = strcmp(x->kind, y->kind);
	if (!order)
		order = strcmp(x->to, y->to);
	return order ? order : strcmp(x->from, y->from);
}

/* All that is said of one run stands together. */
static size_t join_run(struct ref_changes *list, size_t first, struct ref_change *out)
{
	size_t end = first + 1;

	while (end < list->count && strcmp(list->v[end].ref, list->v[first].ref) == 0)
		end++;
	*out = (struct ref_change){ .ref = xstrdup(list->v[first].ref), .kind = RUN_KIND, .what = "changed" };
	for (size_t i = first; i < end; i++) {
		struct ref_change *c = &list->v[i];

		if (strcmp(c->kind, RUN_KIND) == 0 && !out->from) {
			out->what = c->what;
			out->from = STEAL(c->from);
			out->to = STEAL(c->to);
		}
		ref_change_cleanup(c);
	}
	if (!out->from)
		out->from = xstrdup("");
	if (!out->to)
		out->to = xstrdup("");
	return end;
}

void ref_changes_sort(struct ref_changes *list)
{
	size_t kept = 0;

	if (list->count)
		qsort(list->v, list->count, sizeof *list->v, compare);
	for (size_t i = 0; i < list->count;) {
		struct ref_change one = list->v[i];

		i = key_name_is_run(one.ref) ? join_run(list, i, &one) : i + 1;
		list->v[kept++] = one;
	}
	list->count = kept;
}

int ref_changes_of_txn(struct txn *txn, struct ref_changes *out, struct error *err)
{
	CLEANUP(collecting) struct collecting to = { NAMING_INIT(txn_view(txn), txn), out };

	if (txn_each_change(txn, collect, &to, err) < 0)
		return -1;
	ref_changes_sort(out);
	return 0;
}
