/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes the values of the keys of collections, aliases and versions. */
#include <config.h>

#include "registry/collection.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/env.h"
#include "base/mem.h"
#include "base/suggest.h"
#include "base/utf8.h"
#include "format/name.h"
#include "registry/run.h"

#define FORMER_MAX 1000 /* collections that are asked whether they had another name */

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

bool collection_parse(const struct cid *cid, const json_t *value, struct collection *out)
{
	const char *name, *type, *kind;

	if (!json_get_string(value, "name", &name) || !json_get_string(value, "type", &type) || !json_get_string(value, "kind", &kind))
		return false;
	collection_cleanup(out);
	*out = (struct collection){
		.cid = *cid, .is_model = strcmp(kind, "model") == 0, .is_run = strcmp(kind, "run") == 0, .name = xstrdup(name), .type = xstrdup(type),
	};
	return true;
}

int collection_read(struct view *v, const struct cid *cid, struct collection *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *doc = NULL;
	int found;

	strbuf_addf(&key, "coll/%s", cid->hex);
	found = view_json(v, key.buf, &doc, err);
	if (found <= 0)
		return found;
	return collection_parse(cid, doc, out) ? 1 : damaged(key.buf, err);
}

/* One that the index has under its name. */
static int read_named(struct view *v, const struct cid *cid, struct collection *out, struct error *err)
{
	int found = collection_read(v, cid, out, err);

	return found == 0 ? damaged(cid->hex, err) : found;
}

static int find_name(struct view *v, const char *name, struct collection *out, bool *other_case, struct error *err)
{
	struct cid cid;
	bool exact = false;
	int found = view_find_name(v, name, &cid, &exact, err);

	*other_case = found == 1 && !exact;
	if (found <= 0)
		return found;
	found = read_named(v, &cid, out, err);
	return found < 0 ? -1 : exact;
}

/* ---- titles ---- */

static void title_key(struct strbuf *out, const struct cid *cid)
{
	strbuf_addf(out, "title/%s", cid->hex);
}

int collection_title(struct view *v, const struct cid *cid, struct strbuf *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *doc = NULL;
	int found;

	strbuf_reset(out);
	title_key(&key, cid);
	found = view_json(v, key.buf, &doc, err);
	if (found <= 0)
		return found;
	if (!json_is_string(doc))
		return damaged(key.buf, err);
	strbuf_adds(out, json_string_value(doc));
	return 0;
}

/* A collection of this title whose name has the same parts before its last. */
struct title_search {
	struct view *view;
	const char *title, *prefix;
	size_t prefix_len;
	const struct cid *but; /* not this one; may be NULL */
	struct collection *out;
	bool found, exact;
};

static int match_title(const char *key, const char *value, void *arg, struct error *err)
{
	struct title_search *s = arg;
	CLEANUP(json) json_t *doc = json_parse(value, strlen(value), key, err);
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	struct cid cid;
	int found;

	if (!doc || !json_is_string(doc) || strlen(key) != strlen("title/") + CID_HEX_LEN)
		return damaged(key, err);
	if (strcasecmp(json_string_value(doc), s->title) != 0)
		return 0;
	memcpy(cid.hex, key + strlen("title/"), CID_HEX_LEN + 1);
	if (s->but && strcmp(s->but->hex, cid.hex) == 0)
		return 0;
	found = collection_read(s->view, &cid, &c, err);
	if (found <= 0)
		return found;
	if (strncasecmp(c.name, s->prefix, s->prefix_len) != 0 || strchr(c.name + s->prefix_len, '/'))
		return 0;
	s->found = true;
	s->exact = strcmp(json_string_value(doc), s->title) == 0;
	collection_cleanup(s->out);
	*s->out = c;
	c = (struct collection)COLLECTION_INIT;
	return s->exact;
}

/* name: [[ENTITY/]PROJECT/]TITLE. */
static int find_title(struct view *v, const char *name, struct collection *out, bool *other_case, struct error *err)
{
	const char *title = name_last_part(name);
	struct title_search s = { .view = v, .title = title, .prefix = name, .prefix_len = (size_t)(title - name), .out = out };

	if (view_each(v, "title/", match_title, &s, err) < 0)
		return -1;
	*other_case = s.found && !s.exact;
	return s.exact;
}

int collection_find(struct view *v, const char *name, struct collection *out, bool *other_case, struct error *err)
{
	static int (*const ways[])(struct view *, const char *, struct collection *, bool *, struct error *) = { find_name, find_title };
	CLEANUP(strbuf) struct strbuf complete = STRBUF_INIT;
	CLEANUP(collection) struct collection nearest = COLLECTION_INIT;
	bool is_other = false;

	name_complete(&complete, name, view_scope(v));
	for (size_t way = 0; way < COUNT_OF(ways); way++) {
		const char *const names[] = { complete.buf, name };

		for (size_t i = 0; i < (strcmp(complete.buf, name) ? 2 : 1); i++) {
			int found = ways[way](v, names[i], out, &is_other, err);

			if (found) {
				if (other_case)
					*other_case = false;
				return found;
			}
			if (is_other && !nearest.name) {
				nearest = *out;
				*out = (struct collection)COLLECTION_INIT;
			}
		}
	}
	if (other_case) {
		*other_case = nearest.name != NULL;
		collection_cleanup(out);
		*out = nearest;
		nearest = (struct collection)COLLECTION_INIT;
	}
	return 0;
}

/* ---- what there is instead ---- */

static int collect_name(const char *name, const struct cid *cid, void *arg, struct error *err)
{
	(void)cid;
	(void)err;
	strvec_push(arg, name);
	return 0;
}

struct former_search {
	struct view *view;
	const char *full, *name; /* completed, and as typed */
	struct strbuf *became;
	size_t left; /* collections to be asked */
};

/* Whether one of the changes that made a collection what it is gave it the name that is looked for. */
static int match_former(const char *name, const struct cid *cid, void *arg, struct error *err)
{
	struct former_search *s = arg;
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	struct oid id;

	if (!s->left--)
		return 1;
	strbuf_addf(&key, "coll/%s", cid->hex);
	if (view_heads(s->view, key.buf, &heads, err) < 0)
		return -1;
	if (!heads.count)
		return 0;
	id = heads.v[0].id;
	for (;;) {
		CLEANUP(change) struct change c = { .key = NULL };
		CLEANUP(json) json_t *value = NULL;
		const char *former;
		int found = view_change(s->view, &id, &c, err);

		if (found <= 0)
			return found;
		value = json_parse(c.value, strlen(c.value), c.key, err);
		if (!value)
			return -1;
		if (json_get_string(value, "name", &former) && (!strcmp(former, s->full) || !strcmp(former, s->name))) {
			strbuf_adds(s->became, name);
			return 1;
		}
		if (!c.parent_count)
			return 0;
		id = c.parents[0];
	}
}

int collection_former(struct view *v, const char *name, struct strbuf *became, struct error *err)
{
	CLEANUP(strbuf) struct strbuf full = STRBUF_INIT;
	struct former_search s = { .view = v, .name = name, .became = became, .left = FORMER_MAX };

	strbuf_reset(became);
	name_complete(&full, name, view_scope(v));
	s.full = full.buf;
	return view_each_name(v, match_former, &s, err) < 0 ? -1 : 0;
}

/* The same name in another project, or -1. */
static long elsewhere(const char *full, const struct strvec *names)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(name_last_part(names->v[i]), name_last_part(full)) == 0)
			return (long)i;
	return -1;
}

/* Only to say so; nothing depends on it. */
static bool is_run(struct view *v, const char *name)
{
	CLEANUP(run) struct run run = RUN_INIT;
	struct error ignored = ERROR_INIT;

	return run_find(v, name, &run, &ignored) == 1;
}

static int no_collection(struct view *v, const char *name, struct error *err)
{
	CLEANUP(strvec) struct strvec names = STRVEC_INIT;
	CLEANUP(strbuf) struct strbuf full = STRBUF_INIT, became = STRBUF_INIT;
	long nearest;

	name_complete(&full, name, view_scope(v));
	if (view_each_name(v, collect_name, &names, err) < 0 || collection_former(v, name, &became, err) < 0)
		return -1;
	error_set(err, ERR_NO_COLLECTION, "there is no artifact or model '%s'", name);
	if (is_run(v, name))
		return error_hint(err, "It is a run: 'mreg run show %s' tells of it.", name);
	if (became.len)
		return error_hint(err, "It was renamed: it is '%s' now.", became.buf);
	if (names.count == 0)
		return error_hint(err, "The registry is empty: 'mreg put %s PATH' stores a first version.", name);
	nearest = elsewhere(full.buf, &names);
	if (nearest < 0)
		nearest = suggest_nearest(full.buf, (const char *const *)names.v, names.count);
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

static int count_version(const struct version_row *row, void *arg, struct error *err)
{
	struct collection_count *count = arg;

	(void)err;
	if (!row->removed) {
		count->live++;
		count->latest = row->number;
	}
	return 0;
}

int collection_count(struct view *v, const struct collection *c, struct collection_count *out, struct error *err)
{
	*out = (struct collection_count){ 0, 0 };
	return view_each_version(v, &c->cid, false, count_version, out, err);
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
	if (read_named(each->view, cid, &c, err) < 0)
		return -1;
	return each->fn(&c, each->arg, err);
}

int collection_each(struct view *v, collection_fn fn, void *arg, struct error *err)
{
	struct each_collection each = { v, fn, arg };

	return view_each_name(v, visit_collection, &each, err);
}

int collection_each_run(struct view *v, collection_fn fn, void *arg, struct error *err)
{
	struct each_collection each = { v, fn, arg };

	return view_each_run(v, "", visit_collection, &each, err);
}

json_t *collection_value(const struct collection *c)
{
	return json_pack("{s:s, s:s, s:s}", "kind", c->is_model ? "model" : "artifact", "name", c->name, "type", c->type);
}

int collection_create(struct txn *txn, struct collection *c, struct error *err)
{
	uint8_t raw[CID_HEX_LEN / 2];
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = collection_value(c);

	strbuf_addf(&key, "coll/%s/%" PRIu64, c->name, txn_seq(txn));
	random_fill(raw, sizeof raw, key.buf);
	hex_encode(raw, sizeof raw, c->cid.hex);
	strbuf_reset(&key);
	strbuf_addf(&key, "coll/%s", c->cid.hex);
	return txn_set(txn, key.buf, value, err);
}

int collection_set_title(struct txn *txn, const struct collection *c, const char *title, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = title && *title ? json_string(title) : NULL;

	if (title && *title && name_check_title(title, strlen(title), err) < 0)
		return -1;
	title_key(&key, &c->cid);
	return txn_set(txn, key.buf, value, err);
}

/* Another of the project has it as its title. */
static int check_no_title(struct view *v, const struct collection *c, const char *text, struct error *err)
{
	CLEANUP(collection) struct collection other = COLLECTION_INIT;
	struct title_search s = {
		.view = v, .title = text, .prefix = c->name, .prefix_len = (size_t)(name_last_part(c->name) - c->name), .but = &c->cid, .out = &other,
	};

	if (view_each(v, "title/", match_title, &s, err) < 0)
		return -1;
	return s.found ? error_set(err, ERR_CONFLICT, "'%s' has the title '%s' already", other.name, text) : 0;
}

/* Another of the project has it as its name. */
static int check_no_name(struct view *v, const struct collection *c, const char *text, struct error *err)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	struct cid cid;
	int found;

	strbuf_add(&name, c->name, (size_t)(name_last_part(c->name) - c->name));
	strbuf_adds(&name, text);
	found = view_find_name(v, name.buf, &cid, NULL, err);
	if (found < 0)
		return -1;
	return found && strcmp(cid.hex, c->cid.hex) ? error_set(err, ERR_CONFLICT, "'%s' is the name of another collection", text) : 0;
}

int collection_check_title(struct view *v, const struct cid *cid, struct error *err)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	CLEANUP(strbuf) struct strbuf title = STRBUF_INIT;
	int found = collection_read(v, cid, &c, err);

	if (found <= 0)
		return found;
	if (check_no_title(v, &c, name_last_part(c.name), err) < 0 || collection_title(v, cid, &title, err) < 0)
		return -1;
	if (!title.len)
		return 0;
	if (name_check_title(title.buf, title.len, err) < 0 || check_no_title(v, &c, title.buf, err) < 0)
		return -1;
	return check_no_name(v, &c, title.buf, err);
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
	int found;

	if (!doc || !json_get_string(doc, "alias", &alias) || !json_get_oid(doc, "version", &out->version))
		return damaged(key, err);
	found = view_version_in(v, &c->cid, &out->version, &out->number, err);
	if (found <= 0)
		return found < 0 ? -1 : damaged(key, err);
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

bool alias_rows_has(const struct alias_rows *rows, uint64_t number)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->v[i].number == number)
			return true;
	return false;
}

json_t *alias_rows_of(const struct alias_rows *rows, uint64_t number)
{
	json_t *list = json_array();

	for (size_t i = 0; i < rows->count; i++)
		if (rows->v[i].number == number)
			json_array_append_new(list, json_string(rows->v[i].alias));
	return list;
}
