/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a bundle, as `ls` would show it. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/mem.h"
#include "registry/collection.h"
#include "store/bundle-file.h"
#include "store/index-key.h"
#include "transport/bundle-changes.h"
#include "transport/bundle.h"

#define ALIAS_PREFIX "alias/"

/* A live alias: by its collection and the version it names. */
struct named {
	char cid[CID_HEX_LEN + 1], version[OID_HEX_LEN + 1];
	char *alias;
};
struct contents {
	struct bundle_file *file;
	struct fold fold; /* of coll/, version/, link/ and alias/ keys */
	struct bundle_version_value *live;
	size_t live_count;
	struct named *aliases; /* sorted */
	size_t alias_count, alias_cap;
	struct hashmap wanted; /* ids of versions whose files are in the bundle */
	const struct bundle_scope **collections; /* not shallow ones, by name */
	size_t collection_count;
};

static void contents_cleanup(struct contents *c)
{
	bundle_file_cleanup(&c->file);
	fold_cleanup(&c->fold);
	ptr_cleanup(&c->live);
	for (size_t i = 0; i < c->alias_count; i++)
		ptr_cleanup(&c->aliases[i].alias);
	ptr_cleanup(&c->aliases);
	hashmap_release(&c->wanted, NULL);
	ptr_cleanup(&c->collections);
}

/* ---- reading ---- */

static int take_change(const struct change *change, const char *text, size_t len, void *arg, struct error *err)
{
	struct contents *c = arg;
	struct reference_key key;

	(void)text;
	(void)len;
	(void)err;
	index_key_parse(change->key, &key);
	if (key.table == REF_COLLECTION || key.table == REF_VERSION || key.table == REF_LINK || key.table == REF_ALIAS)
		fold_step(&c->fold, change);
	return 0;
}

static int take_alias(const void *key, size_t len, void *value, void *arg)
{
	const struct heads *heads = value;
	struct contents *c = arg;
	struct error ignored = ERROR_INIT;
	CLEANUP(json) json_t *obj = NULL;
	const char *alias, *version, *text;
	struct named *n;

	if (len < strlen(ALIAS_PREFIX) + CID_HEX_LEN || memcmp(key, ALIAS_PREFIX, strlen(ALIAS_PREFIX)) != 0 || !heads_is_live(heads))
		return 0;
	text = heads_value(heads, NULL);
	obj = json_parse(text, strlen(text), "alias", &ignored);
	if (!obj || !json_get_string(obj, "alias", &alias) || !json_get_string(obj, "version", &version) || strlen(version) != OID_HEX_LEN)
		return 0;
	ARRAY_GROW(c->aliases, c->alias_count + 1, c->alias_cap);
	n = &c->aliases[c->alias_count++];
	memcpy(n->cid, (const char *)key + strlen(ALIAS_PREFIX), CID_HEX_LEN);
	n->cid[CID_HEX_LEN] = '\0';
	memcpy(n->version, version, sizeof n->version);
	n->alias = xstrdup(alias);
	return 0;
}

static int compare_aliases(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = strcmp(x->cid, y->cid);

	return order ? order : strcmp(x->alias, y->alias);
}

static int compare_names(const void *a, const void *b)
{
	const struct bundle_scope *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	return order ? order : strcmp((*x)->cid, (*y)->cid);
}

static void list_collections(struct contents *c)
{
	const struct bundle_header *h = bundle_file_header(c->file);

	c->collections = xcalloc(h->scope_count + 1, sizeof *c->collections);
	for (size_t i = 0; i < h->scope_count; i++)
		if (!h->scope[i].is_shallow && !bundle_header_is_run(&h->scope[i]))
			c->collections[c->collection_count++] = &h->scope[i];
	if (c->collection_count)
		qsort(c->collections, c->collection_count, sizeof *c->collections, compare_names);
}

static void note_wanted(struct contents *c)
{
	const struct bundle_header *h = bundle_file_header(c->file);

	for (size_t i = 0; i < h->version_count; i++)
		hashmap_put(&c->wanted, h->versions[i].version.raw, OID_LEN, c);
	for (size_t i = 0; i < c->live_count; i++) {
		const struct bundle_scope *s = bundle_header_find_scope(h, c->live[i].cid.hex);

		if (s && s->is_whole)
			hashmap_put(&c->wanted, c->live[i].version.raw, OID_LEN, c);
	}
}

static int read_contents(struct contents *c, struct error *err)
{
	if (bundle_changes_each(c->file, take_change, c, err) < 0 || bundle_changes_live(&c->fold, &c->live, &c->live_count, err) < 0)
		return -1;
	hashmap_each(&c->fold.keys, take_alias, c);
	if (c->alias_count)
		qsort(c->aliases, c->alias_count, sizeof *c->aliases, compare_aliases);
	list_collections(c);
	note_wanted(c);
	return 0;
}

/* ---- rows ---- */

static size_t first_version(const struct contents *c, const char *cid)
{
	size_t low = 0, high = c->live_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(c->live[middle].cid.hex, cid) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t first_alias(const struct contents *c, const char *cid)
{
	size_t low = 0, high = c->alias_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(c->aliases[middle].cid, cid) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void add_aliases(const struct contents *c, const struct bundle_version_value *v, struct strvec *out)
{
	const struct oid_hex id = oid_hex(&v->version);

	for (size_t i = first_alias(c, v->cid.hex); i < c->alias_count && !strcmp(c->aliases[i].cid, v->cid.hex); i++)
		if (!strcmp(c->aliases[i].version, id.text))
			strvec_push(out, c->aliases[i].alias);
}

static int tell_version(const struct contents *c, size_t i, const struct collection *collection, bundle_row_fn fn, void *arg, struct error *err)
{
	CLEANUP(strvec) struct strvec aliases = STRVEC_INIT;
	const struct bundle_version_value *v = &c->live[i];
	const struct bundle_row row = {
		.name = collection->name, .type = collection->type, .is_model = collection->is_model, .has_version = true, .number = v->number,
		.version = v->version, .digest = v->digest, .size = v->size, .files = v->files,
		.has_files = hashmap_has(&c->wanted, v->version.raw, OID_LEN), .aliases = &aliases,
	};

	add_aliases(c, v, &aliases);
	if (i + 1 == c->live_count || strcmp(c->live[i + 1].cid.hex, v->cid.hex) != 0)
		strvec_push(&aliases, "latest");
	return fn(&row, arg, err);
}

/* False: it was removed. */
static bool read_collection(const struct contents *c, const struct bundle_scope *s, struct collection *out)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	struct error ignored = ERROR_INIT;
	CLEANUP(json) json_t *obj = NULL;
	const struct heads *heads;
	struct cid cid = { "" };
	const char *text;

	strbuf_addf(&key, "coll/%s", s->cid);
	heads = fold_find(&c->fold, key.buf);
	text = heads && heads_is_live(heads) ? heads_value(heads, NULL) : NULL;
	if (!text)
		return false;
	memcpy(cid.hex, s->cid, CID_HEX_LEN);
	obj = json_parse(text, strlen(text), "collection", &ignored);
	return obj && collection_parse(&cid, obj, out);
}

static int tell_collection(const struct contents *c, const struct bundle_scope *s, bundle_row_fn fn, void *arg, struct error *err)
{
	CLEANUP(collection) struct collection collection = COLLECTION_INIT;
	const struct strvec none = STRVEC_INIT;
	size_t first = first_version(c, s->cid), i;
	int rc = 0;

	if (!read_collection(c, s, &collection))
		return 0;
	for (i = first; !rc && i < c->live_count && !strcmp(c->live[i].cid.hex, s->cid); i++)
		rc = tell_version(c, i, &collection, fn, arg, err);
	if (i == first) {
		const struct bundle_row row = { .name = collection.name, .type = collection.type, .is_model = collection.is_model, .aliases = &none };

		rc = fn(&row, arg, err);
	}
	return rc;
}

int bundle_each_version(const char *path, bundle_row_fn fn, void *arg, struct error *err)
{
	CLEANUP(contents) struct contents c = { .fold = FOLD_INIT, .wanted = HASHMAP_INIT };

	c.file = bundle_file_open(path, err);
	if (!c.file || read_contents(&c, err) < 0)
		return -1;
	for (size_t i = 0; i < c.collection_count; i++) {
		int rc = tell_collection(&c, c.collections[i], fn, arg, err);

		if (rc)
			return rc < 0 ? -1 : 0;
	}
	return 0;
}
