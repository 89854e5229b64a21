/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle as what a server answers from: read-only, and always listed whole. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/mem.h"
#include "registry/listing.h"
#include "store/bundle-file.h"
#include "store/index-key.h"
#include "transport/bundle-changes.h"
#include "transport/source.h"

struct bundle_source {
	struct source base;
	struct bundle_file *file;
};

static struct bundle_source *of_base(struct source *s)
{
	return (struct bundle_source *)(void *)s;
}

/* ---- what is asked for ---- */

/* Sets: the value of each key is the map itself. */
struct selection {
	struct hashmap whole, shallow; /* CIDs */
	struct hashmap versions;       /* ids that a selected collection has, or had */
	struct hashmap keys;           /* of shallow collections: version/ keys that have such an id, or had */
};

static void selection_cleanup(struct selection *sel)
{
	hashmap_release(&sel->whole, NULL);
	hashmap_release(&sel->shallow, NULL);
	hashmap_release(&sel->versions, NULL);
	hashmap_release(&sel->keys, NULL);
}

static void add(struct hashmap *set, const void *key, size_t len)
{
	if (!hashmap_has(set, key, len))
		hashmap_put(set, key, len, set);
}

static bool has_cid(const struct hashmap *set, const struct cid *cid)
{
	return hashmap_has(set, cid->hex, CID_HEX_LEN);
}

static int select_pattern(struct selection *sel, const struct bundle_header *h, const char *text, struct error *err)
{
	CLEANUP(listing_pattern) struct listing_pattern p = { NULL, NULL };
	bool found = false;

	if (listing_pattern_parse(NULL, text, &p, err) < 0)
		return -1;
	for (size_t i = 0; i < h->scope_count; i++)
		if (listing_pattern_matches(&p, h->scope[i].name)) {
			add(&sel->whole, h->scope[i].cid, CID_HEX_LEN);
			found = true;
		}
	return found ? 0 : error_set(err, ERR_NO_COLLECTION, "no such artifact or model in the bundle: '%s'", text);
}

static int select_all(struct selection *sel, const struct bundle_header *h, const struct list_request *request, struct error *err)
{
	for (size_t i = 0; i < request->collections.count; i++) {
		const struct bundle_scope *s = bundle_header_find_scope(h, request->collections.v[i]);

		if (s)
			add(&sel->whole, s->cid, CID_HEX_LEN);
	}
	for (size_t i = 0; i < request->patterns.count && !request->collections.count; i++)
		if (select_pattern(sel, h, request->patterns.v[i], err) < 0)
			return -1;
	return 0;
}

/* ---- which collections what was asked for links to ---- */

static int note_selected(const struct change *c, const char *text, size_t len, void *arg, struct error *err)
{
	struct selection *sel = arg;
	struct bundle_version_value value;
	int rc = bundle_changes_version(c->key, c->value, &value, err);

	(void)text;
	(void)len;
	if (rc > 0 && has_cid(&sel->whole, &value.cid))
		add(&sel->versions, value.version.raw, OID_LEN);
	return rc < 0 ? -1 : 0;
}

static int note_shallow(const struct change *c, const char *text, size_t len, void *arg, struct error *err)
{
	struct selection *sel = arg;
	struct bundle_version_value value;
	int rc = bundle_changes_version(c->key, c->value, &value, err);

	(void)text;
	(void)len;
	if (rc > 0 && !value.is_link && !has_cid(&sel->whole, &value.cid) && hashmap_has(&sel->versions, value.version.raw, OID_LEN)) {
		add(&sel->shallow, value.cid.hex, CID_HEX_LEN);
		add(&sel->keys, c->key, strlen(c->key));
	}
	return rc < 0 ? -1 : 0;
}

/* A run that made something of it comes along. */
static int note_maker(const struct change *c, const char *text, size_t len, void *arg, struct error *err)
{
	struct selection *sel = arg;
	struct reference_key key;
	struct cid cid;

	(void)text;
	(void)len;
	(void)err;
	index_key_parse(c->key, &key);
	if (key.table != REF_OUTPUT || !hashmap_has(&sel->versions, key.version.raw, OID_LEN))
		return 0;
	index_cid_write(&key.cid, &cid);
	add(&sel->whole, cid.hex, CID_HEX_LEN);
	return 0;
}

static int make_selection(struct bundle_file *b, const struct list_request *request, struct selection *sel, struct error *err)
{
	if (select_all(sel, bundle_file_header(b), request, err) < 0)
		return -1;
	if (bundle_changes_each(b, note_selected, sel, err) < 0)
		return -1;
	if (bundle_changes_each(b, note_shallow, sel, err) < 0)
		return -1;
	return bundle_changes_each(b, note_maker, sel, err);
}

static bool is_selected(const struct selection *sel, const char *text)
{
	struct reference_key key;
	struct cid cid;

	index_key_parse(text, &key);
	if (key.table == REF_OTHER)
		return false;
	if (key.of_version)
		return hashmap_has(&sel->versions, key.version.raw, OID_LEN);
	index_cid_write(&key.cid, &cid);
	if (has_cid(&sel->whole, &cid))
		return true;
	if (!has_cid(&sel->shallow, &cid))
		return false;
	return key.table == REF_COLLECTION || key.table == REF_TITLE || hashmap_has(&sel->keys, text, strlen(text));
}

/* ---- listing ---- */

/* Whether an item of the scope is listed, and how. */
static bool is_in_scope(const struct selection *sel, const struct bundle_scope *s, bool *shallow)
{
	*shallow = s->is_shallow;
	if (!sel || hashmap_has(&sel->whole, s->cid, CID_HEX_LEN))
		return true;
	*shallow = true;
	return hashmap_has(&sel->shallow, s->cid, CID_HEX_LEN);
}

static int send_scope(const struct bundle_header *h, const struct selection *sel, const struct listing_sink *sink, struct error *err)
{
	for (size_t i = 0; i < h->scope_count; i++) {
		struct scope_item item = { .cid = h->scope[i].cid, .name = h->scope[i].name };

		if (is_in_scope(sel, &h->scope[i], &item.is_shallow) && sink->scope(&item, sink->arg, err) < 0)
			return -1;
	}
	return 0;
}

struct sending {
	const struct listing_sink *sink;
	const struct selection *sel;
	uint64_t count;
};

static int send_line(const char *text, size_t len, void *arg, struct error *err)
{
	struct sending *s = arg;

	s->count++;
	return s->sink->change(text, len, s->sink->arg, err);
}

static int send_selected(const struct change *c, const char *text, size_t len, void *arg, struct error *err)
{
	const struct sending *s = arg;

	return is_selected(s->sel, c->key) ? send_line(text, len, arg, err) : 0;
}

static int list(struct source *s, const struct list_request *request, const struct listing_sink *sink, struct end *end, struct error *err)
{
	CLEANUP(selection) struct selection sel = { HASHMAP_INIT, HASHMAP_INIT, HASHMAP_INIT, HASHMAP_INIT };
	struct bundle_file *b = of_base(s)->file;
	const struct bundle_header *h = bundle_file_header(b);
	bool is_all = !request->patterns.count && !request->collections.count;
	struct sending sending = { sink, &sel, 0 };

	if (!is_all && make_selection(b, request, &sel, err) < 0)
		return -1;
	if (send_scope(h, is_all ? NULL : &sel, sink, err) < 0)
		return -1;
	if (is_all ? bundle_changes_each_line(b, send_line, &sending, err) < 0 : bundle_changes_each(b, send_selected, &sending, err) < 0)
		return -1;
	*end = (struct end){ .seq = h->seq, .sum = h->sum, .changes = sending.count };
	return 0;
}

/* ---- the rest ---- */

static int record(struct source *s, const struct want *want, struct record_head *head, struct strbuf *stored, struct error *err)
{
	return bundle_file_record(of_base(s)->file, want->kind, &want->id, head, stored, err);
}

static int hello(struct source *s, struct hello *out, struct error *err)
{
	const struct bundle_header *h = bundle_file_header(of_base(s)->file);
	char id[2 * REGISTRY_ID_LEN + 1];

	(void)err;
	hex_encode(h->registry, sizeof h->registry, id);
	out->registry = xstrdup(id);
	out->kind = xstrdup("bundle");
	out->is_read_only = true;
	out->seq = h->seq;
	out->sum = h->sum;
	return 0;
}

static void free_source(struct source *s)
{
	struct bundle_source *b = of_base(s);

	bundle_file_close(b->file);
	free(b);
}

struct source *source_of_bundle(const char *path, struct error *err)
{
	static const struct source_methods methods = { list, record, hello, free_source };
	struct bundle_file *file = bundle_file_open(path, err);
	struct bundle_source *b;

	if (!file)
		return NULL;
	b = xcalloc(1, sizeof *b);
	b->base.methods = &methods;
	b->file = file;
	return &b->base;
}
