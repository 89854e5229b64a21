/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes the values of the keys of collections, aliases and versions. */
#include <config.h>

#include "registry/collection.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "base/utf8.h"

void collection_cleanup(struct collection *c)
{
	free(c->name);
	free(c->type);
	memset(c, 0, sizeof *c);
}

static int damaged(const char *key, struct error *err)
{
	error_set(err, ERR_INTEGRITY, "the index has no sound value for '%s'", key);
	return error_hint(err, "'mreg fsck' tells what is wrong, 'mreg fsck --rebuild-index' makes the index anew.");
}

static int collection_read(struct view *v, const struct cid *cid, struct collection *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT, value = STRBUF_INIT;
	CLEANUP(json) json_t *doc = NULL;
	const char *name, *type, *kind;
	int found;

	strbuf_addf(&key, "coll/%s", cid->hex);
	found = view_value(v, key.buf, &value, err);
	if (found <= 0)
		return found < 0 ? -1 : damaged(key.buf, err);
	doc = json_parse(value.buf, value.len, key.buf, err);
	if (!doc || !json_get_string(doc, "name", &name) || !json_get_string(doc, "type", &type) || !json_get_string(doc, "kind", &kind))
		return damaged(key.buf, err);
	collection_cleanup(out);
	out->cid = *cid;
	out->is_model = strcmp(kind, "model") == 0;
	out->name = xstrdup(name);
	out->type = xstrdup(type);
	return 1;
}

int collection_find(struct view *v, const char *name, struct collection *out, bool *other_case, struct error *err)
{
	struct cid cid;
	bool exact = false;
	int found = view_find_name(v, name, &cid, &exact, err);

	if (other_case)
		*other_case = found == 1 && !exact;
	if (found <= 0)
		return found;
	if (!exact && !other_case)
		return 0;
	found = collection_read(v, &cid, out, err);
	return found < 0 ? -1 : exact;
}

static int collect_name(const char *name, const struct cid *cid, void *arg, struct error *err)
{
	(void)cid;
	(void)err;
	strvec_push(arg, name);
	return 0;
}

static int no_collection(struct view *v, const char *name, struct error *err)
{
	CLEANUP(strvec) struct strvec names = STRVEC_INIT;
	long nearest;

	if (view_each_name(v, collect_name, &names, err) < 0)
		return -1;
	error_set(err, ERR_NO_COLLECTION, "there is no artifact or model '%s'", name);
	if (names.count == 0)
		return error_hint(err, "The registry is empty: 'mreg put %s PATH' stores a first version.", name);
	nearest = suggest_nearest(name, (const char *const *)names.v, names.count);
	if (nearest >= 0)
		return error_hint(err, "Did you mean '%s'?", names.v[nearest]);
	return error_hint(err, "'mreg ls' lists what there is.");
}

int collection_get(struct view *v, const char *name, struct collection *out, struct error *err)
{
	bool other_case = false;
	int found = collection_find(v, name, out, &other_case, err);

	if (found == 1 || found < 0)
		return found < 0 ? -1 : 0;
	if (other_case) {
		error_set(err, ERR_NO_COLLECTION, "there is no artifact or model '%s'", name);
		error_hint(err, "Did you mean '%s'?", out->name);
		collection_cleanup(out);
		return -1;
	}
	return no_collection(v, name, err);
}

struct each_collection {
	struct view *view;
	collection_fn fn;
	void *arg;
};

static int visit_collection(const char *name, const struct cid *cid, void *arg, struct error *err)
{
	struct each_collection *each = arg;
	CLEANUP(collection) struct collection c = COLLECTION_INIT;

	(void)name;
	if (collection_read(each->view, cid, &c, err) < 0)
		return -1;
	return each->fn(&c, each->arg, err);
}

int collection_each(struct view *v, collection_fn fn, void *arg, struct error *err)
{
	struct each_collection each = { v, fn, arg };

	return view_each_name(v, visit_collection, &each, err);
}

json_t *collection_value(const struct collection *c)
{
	return json_pack("{s:s, s:s, s:s}", "kind", c->is_model ? "model" : "artifact", "name", c->name, "type", c->type);
}

json_t *version_value(const struct version_row *row)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "digest", json_oid(&row->digest), "files", json_u64(row->files), "size", json_u64(row->size), "version",
			 json_oid(&row->version));
}

/* ---- aliases ---- */

void alias_key(struct strbuf *out, const struct cid *cid, const char *alias)
{
	strbuf_addf(out, "alias/%s/", cid->hex);
	ascii_fold(out, alias, strlen(alias));
}

json_t *alias_value(const char *alias, const struct oid *version)
{
	return json_pack("{s:s, s:o}", "alias", alias, "version", json_oid(version));
}

void alias_row_cleanup(struct alias_row *row)
{
	free(row->alias);
	row->alias = NULL;
}

void alias_rows_cleanup(struct alias_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		alias_row_cleanup(&rows->v[i]);
	free(rows->v);
	*rows = (struct alias_rows)ALIAS_ROWS_INIT;
}

static int alias_parse(struct view *v, const struct collection *c, const char *key, const char *value, struct alias_row *out, struct error *err)
{
	CLEANUP(json) json_t *doc = json_parse(value, strlen(value), key, err);
	const char *alias;
	struct cid owner;
	int found;

	if (!doc || !json_get_string(doc, "alias", &alias) || !json_get_oid(doc, "version", &out->version))
		return damaged(key, err);
	found = view_find_version(v, &out->version, &owner, &out->number, err);
	if (found < 0)
		return -1;
	if (found == 0 || strcmp(owner.hex, c->cid.hex) != 0)
		return damaged(key, err);
	out->alias = xstrdup(alias);
	return 0;
}

struct read_aliases {
	struct view *view;
	const struct collection *collection;
	struct alias_rows *rows;
};

static int read_alias(const char *key, const char *value, void *arg, struct error *err)
{
	struct read_aliases *read = arg;
	struct alias_row row = { NULL, { { 0 } }, 0 };

	if (alias_parse(read->view, read->collection, key, value, &row, err) < 0)
		return -1;
	ARRAY_GROW(read->rows->v, read->rows->count + 1, read->rows->cap);
	read->rows->v[read->rows->count++] = row;
	return 0;
}

int alias_rows_read(struct view *v, const struct collection *c, struct alias_rows *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf prefix = STRBUF_INIT;
	struct read_aliases read = { v, c, out };

	strbuf_addf(&prefix, "alias/%s/", c->cid.hex);
	return view_each(v, prefix.buf, read_alias, &read, err);
}

int alias_find(struct view *v, const struct collection *c, const char *alias, struct alias_row *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT, value = STRBUF_INIT;
	int found;

	alias_key(&key, &c->cid, alias);
	found = view_value(v, key.buf, &value, err);
	if (found <= 0)
		return found;
	return alias_parse(v, c, key.buf, value.buf, out, err) < 0 ? -1 : 1;
}

json_t *alias_rows_of(const struct alias_rows *rows, uint64_t number)
{
	json_t *list = json_array();

	for (size_t i = 0; i < rows->count; i++)
		if (rows->v[i].number == number)
			json_array_append_new(list, json_string(rows->v[i].alias));
	return list;
}
