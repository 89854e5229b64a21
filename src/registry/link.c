/* SPDX-License-Identifier: Apache-2.0 */
/* Links versions into registered models, each with a number of the model's own. */
#include <config.h>

#include "registry/link.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "registry/commit.h"

void link_target_cleanup(struct link_target *target)
{
	strvec_release(&target->aliases);
}

int link_target_parse(const char *text, struct link_target *out, struct error *err)
{
	size_t len = strcspn(text, ":");
	CLEANUP(ptr) char *name = xstrndup(text, len);
	struct reference ref;

	if (reference_parse(name, &ref, err) < 0)
		return -1;
	if (ref.kind != REFERENCE_BARE)
		return error_set(err, ERR_USAGE, "'%s' is no MODEL or MODEL:ALIAS,ALIAS", text);
	memcpy(out->name, ref.name, sizeof out->name);
	for (const char *at = text + len; *at; at += len) {
		CLEANUP(ptr) char *alias = NULL;

		at++;
		len = strcspn(at, ",");
		alias = xstrndup(at, len);
		if (alias_check(alias, err) < 0)
			return -1;
		strvec_push(&out->aliases, alias);
	}
	return 0;
}

static void link_key(struct strbuf *out, const struct resolved *link)
{
	strbuf_addf(out, "link/%s/%" PRIu64, link->collection.cid.hex, link->row.number);
}

static int make_model(struct txn *txn, const struct resolved *source, const char *name, struct collection *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf full = STRBUF_INIT;

	if (name_check_full(name, strlen(name), err) < 0)
		return -1;
	name_complete(&full, name, view_scope(txn_view(txn)));
	collection_cleanup(out);
	out->is_model = true;
	out->name = strbuf_detach(&full);
	out->type = xstrdup(source->collection.type);
	return collection_create(txn, out, err);
}

static int find_model(struct txn *txn, const struct resolved *source, const char *name, bool may_create, struct collection *out,
		      struct error *err)
{
	bool other_case = false;
	int found = collection_find(txn_view(txn), name, out, &other_case, err);

	if (found < 0)
		return -1;
	if (other_case)
		return error_set(err, ERR_CONFLICT, "there is a collection '%s', whose name differs only in case", out->name);
	if (!found)
		return may_create ? make_model(txn, source, name, out, err) : collection_get(txn_view(txn), name, out, err);
	if (!out->is_model) {
		error_set(err, ERR_CONFLICT, "'%s' is an artifact: versions are put into it, not linked", out->name);
		return error_hint(err, "Choose another name for the registered model.");
	}
	if (strcmp(out->type, source->collection.type) != 0)
		return error_set(err, ERR_CONFLICT, "'%s' is of type '%s', and the version of type '%s': a model's type is fixed when it is made",
				 out->name, out->type, source->collection.type);
	return 0;
}

int link_add(struct txn *txn, const struct resolved *source, const char *model, bool may_create, struct resolved *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = NULL;
	uint64_t number;
	int found;

	if (find_model(txn, source, model, may_create, &out->collection, err) < 0)
		return -1;
	out->row = source->row;
	found = view_version_in(txn_view(txn), &out->collection.cid, &source->row.version, &number, err);
	if (found == 1)
		found = view_version(txn_view(txn), &out->collection.cid, number, &out->row, err);
	if (found < 0)
		return -1;
	if (found == 1 && !out->row.removed && oid_equal(&out->row.version, &source->row.version))
		return 0;
	out->row = source->row;
	if (view_next_number(txn_view(txn), &out->collection.cid, &out->row.number, err) < 0)
		return -1;
	link_key(&key, out);
	value = version_value(&out->row);
	if (txn_set(txn, key.buf, value, err) < 0)
		return -1;
	return txn_learn(txn, &out->collection.cid, &out->row, err);
}

static int drop_aliases(struct txn *txn, const struct resolved *link, const struct alias_rows *rows, struct error *err)
{
	for (size_t i = 0; i < rows->count; i++) {
		CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

		if (rows->v[i].number != link->row.number)
			continue;
		alias_key(&key, &link->collection.cid, rows->v[i].alias);
		if (txn_set(txn, key.buf, NULL, err) < 0)
			return -1;
	}
	return 0;
}

int link_drop(struct txn *txn, const struct resolved *link, bool with_aliases, struct error *err)
{
	CLEANUP(alias_rows) struct alias_rows rows = ALIAS_ROWS_INIT;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT, names = STRBUF_INIT;

	if (alias_rows_read(txn_view(txn), &link->collection, &rows, err) < 0)
		return -1;
	for (size_t i = 0; i < rows.count; i++)
		if (rows.v[i].number == link->row.number)
			strbuf_addf(&names, "%s%s", names.len ? ", " : "", rows.v[i].alias);
	if (names.len && !with_aliases) {
		error_set(err, ERR_POLICY, "'%s:v%" PRIu64 "' has aliases: %s", link->collection.name, link->row.number, names.buf);
		return error_hint(err, "Move them, or take them away as well by --with-aliases.");
	}
	link_key(&key, link);
	return drop_aliases(txn, link, &rows, err) < 0 ? -1 : txn_set(txn, key.buf, NULL, err);
}

struct linking {
	const struct link_change *change;
	struct resolved *out;
};

static int set_aliases(struct txn *txn, const struct resolved *link, const struct strvec *aliases, const struct expect *expect, struct error *err)
{
	for (size_t i = 0; aliases && i < aliases->count; i++)
		if (alias_set(txn, &link->collection, aliases->v[i], &link->row.version, expect, err) < 0)
			return -1;
	return 0;
}

static int decide_link(struct txn *txn, void *arg, struct error *err)
{
	const struct linking *l = arg;
	const struct link_change *change = l->change;
	CLEANUP(resolved) struct resolved source = RESOLVED_INIT;

	resolved_cleanup(l->out);
	if (resolve_text(txn_view(txn), change->reference, &source, err) < 0 ||
	    link_add(txn, &source, change->target->name, !change->no_create, l->out, err) < 0)
		return -1;
	if (set_aliases(txn, l->out, &change->target->aliases, &change->expect, err) < 0)
		return -1;
	return set_aliases(txn, l->out, change->aliases, &change->expect, err);
}

int link_run(struct registry *reg, const struct link_change *change, struct resolved *out, struct error *err)
{
	const struct commit commit = { .verb = "link", .why = change->why, .dry_run = change->dry_run, .override = change->override };
	struct linking l = { change, out };

	if (commit_run(reg, &commit, decide_link, &l, err) < 0)
		return error_wrap(err, "cannot link '%s' into '%s'", change->reference, change->target->name);
	return 0;
}

int link_made_in(struct view *v, const struct resolved *link, struct strbuf *out, struct error *err)
{
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	CLEANUP(change) struct change made = { .key = NULL };
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

	link_key(&key, link);
	if (view_heads(v, key.buf, &heads, err) < 0)
		return -1;
	if (!heads.count)
		return 0;
	if (view_change(v, &heads.v[0].id, &made, err) < 0)
		return -1;
	if (made.run)
		strbuf_adds(out, made.run);
	return 0;
}

/* A bare name, or an artifact's version, is no link. */
static int resolve_link(struct view *v, const char *text, struct resolved *out, struct error *err)
{
	struct reference ref;

	if (reference_parse(text, &ref, err) < 0)
		return -1;
	if (ref.kind == REFERENCE_BARE) {
		error_set(err, ERR_USAGE, "'%s' names a whole model, not one of its links", text);
		return error_hint(err, "Say '%s:vN' or '%s:ALIAS'; 'mreg rm -r %s' removes all of it.", text, text, text);
	}
	if (resolve_reference(v, &ref, out, err) < 0)
		return -1;
	if (out->collection.is_model)
		return 0;
	error_set(err, ERR_CONFLICT, "'%s' is an artifact: it has versions, not links", out->collection.name);
	return error_hint(err, "'mreg rm %s' removes the version.", text);
}

static int unlink_one(struct txn *txn, const struct resolved *link, bool with_aliases, struct strvec *removed, struct error *err)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	int there = resolve_is_there(txn_view(txn), link, err);

	if (there <= 0)
		return there;
	resolved_name(&name, link);
	strvec_push(removed, name.buf);
	return link_drop(txn, link, with_aliases, err);
}

struct unlinking {
	const struct unlink_change *change;
	struct strvec *removed;
};

static int decide_unlink(struct txn *txn, void *arg, struct error *err)
{
	const struct unlinking *u = arg;
	const struct unlink_change *change = u->change;
	const struct strvec *refs = change->references;
	CLEANUP(resolved_list) struct resolved_list all = { xcalloc(refs->count + 1, sizeof *all.v), refs->count };

	strvec_release(u->removed);
	for (size_t i = 0; i < refs->count; i++)
		if (resolve_link(txn_view(txn), refs->v[i], &all.v[i], err) < 0)
			return error_wrap(err, "cannot unlink '%s'", refs->v[i]);
	for (size_t i = 0; i < refs->count; i++)
		if (unlink_one(txn, &all.v[i], change->with_aliases, u->removed, err) < 0)
			return error_wrap(err, "cannot unlink '%s'", refs->v[i]);
	return 0;
}

int link_unlink(struct registry *reg, const struct unlink_change *change, struct strvec *removed, struct error *err)
{
	const struct commit commit = { .verb = "unlink", .why = change->why, .dry_run = change->dry_run, .override = change->override };
	struct unlinking u = { change, removed };

	return commit_run(reg, &commit, decide_unlink, &u, err);
}

/* ---- where a version is ---- */

void link_places_cleanup(struct link_places *places)
{
	for (size_t i = 0; i < places->count; i++)
		collection_cleanup(&places->v[i].collection);
	free(places->v);
	collection_cleanup(&places->artifact.collection);
	*places = (struct link_places)LINK_PLACES_INIT;
}

struct reading {
	struct view *view;
	struct link_places *out;
};

static int read_place(const struct cid *cid, uint64_t number, bool is_link, bool is_live, void *arg, struct error *err)
{
	struct reading *r = arg;
	struct link_place place = { COLLECTION_INIT, number };
	int found = is_live ? collection_read(r->view, cid, &place.collection, err) : 0;

	if (found <= 0)
		return found;
	if (!is_link) {
		collection_cleanup(&r->out->artifact.collection);
		r->out->artifact = place;
		return 0;
	}
	ARRAY_GROW(r->out->v, r->out->count + 1, r->out->cap);
	r->out->v[r->out->count++] = place;
	return 0;
}

static int compare_places(const void *a, const void *b)
{
	return strcmp(((const struct link_place *)a)->collection.name, ((const struct link_place *)b)->collection.name);
}

int link_places_read(struct view *v, const struct oid *version, struct link_places *out, struct error *err)
{
	struct reading r = { v, out };

	if (view_each_place(v, version, read_place, &r, err) < 0)
		return -1;
	if (out->count)
		qsort(out->v, out->count, sizeof *out->v, compare_places);
	return 0;
}
