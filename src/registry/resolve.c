/* SPDX-License-Identifier: Apache-2.0 */
/* Answers which version a reference means, and says what there is instead when it means none. */
#include <config.h>

#include "registry/resolve.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "registry/absent.h"

void resolved_cleanup(struct resolved *r)
{
	collection_cleanup(&r->collection);
}

void resolved_list_cleanup(struct resolved_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		resolved_cleanup(&list->v[i]);
	free(list->v);
}

int resolve_is_there(struct view *v, const struct resolved *r, struct error *err)
{
	struct version_row row;
	int found = view_version(v, &r->collection.cid, r->row.number, &row, err);

	return found == 1 ? !row.removed : found;
}

void resolved_name(struct strbuf *out, const struct resolved *r)
{
	strbuf_addf(out, "%s:v%" PRIu64, r->collection.name, r->row.number);
}

/* Which version is the last, or an alias's, can be told only by who has all of them. */
static int not_here(const struct collection *c, const char *what, struct error *err)
{
	error_set(err, ERR_NO_REFERENCE, "%s of '%s' cannot be told: only a part of it is here", what, c->name);
	return error_hint(err, "'mreg pull REMOTE %s' brings all of it.", c->name);
}

static int resolve_latest(struct view *v, struct resolved *out, struct error *err)
{
	int found = absent_is_shallow(v, &out->collection.cid, err);

	if (found)
		return found < 0 ? -1 : not_here(&out->collection, "the latest version", err);
	found = view_latest(v, &out->collection.cid, &out->row, err);

	if (found != 0)
		return found < 0 ? -1 : 0;
	error_set(err, ERR_NO_REFERENCE, "'%s' has no version", out->collection.name);
	if (out->collection.is_model)
		return error_hint(err, "'mreg link ARTIFACT:vN %s' links one.", out->collection.name);
	return error_hint(err, "'mreg put %s PATH' stores one.", out->collection.name);
}

static int resolve_number(struct view *v, uint64_t number, struct resolved *out, struct error *err)
{
	struct version_row latest;
	int found = view_version(v, &out->collection.cid, number, &out->row, err);

	if (found < 0 || (found == 1 && !out->row.removed))
		return found < 0 ? -1 : 0;
	if (found == 1)
		return error_set(err, ERR_NO_REFERENCE, "'%s:v%" PRIu64 "' was %s", out->collection.name, number,
				 out->collection.is_model ? "unlinked" : "removed");
	found = view_latest(v, &out->collection.cid, &latest, err);
	if (found < 0)
		return -1;
	error_set(err, ERR_NO_REFERENCE, "'%s' has no version v%" PRIu64, out->collection.name, number);
	if (found == 1)
		error_hint(err, "The latest is v%" PRIu64 ".", latest.number);
	return -1;
}

/* other_case: one that is there and differs only in case, or NULL. */
static int no_alias(struct view *v, const struct collection *c, const char *alias, const char *other_case, struct error *err)
{
	CLEANUP(alias_rows) struct alias_rows rows = ALIAS_ROWS_INIT;
	CLEANUP(strbuf) struct strbuf list = STRBUF_INIT;
	CLEANUP(strvec) struct strvec names = STRVEC_INIT;
	long nearest;

	if (alias_rows_read(v, c, &rows, err) < 0)
		return -1;
	error_set(err, ERR_NO_REFERENCE, "'%s' has no alias '%s'", c->name, alias);
	if (other_case)
		return error_hint(err, "Did you mean '%s:%s'?", c->name, other_case);
	if (rows.count == 0)
		return error_hint(err, "It has no aliases: 'mreg alias %s:vN %s' sets one.", c->name, alias);
	for (size_t i = 0; i < rows.count; i++) {
		strbuf_addf(&list, "%s%s (v%" PRIu64 ")", i ? ", " : "", rows.v[i].alias, rows.v[i].number);
		strvec_push(&names, rows.v[i].alias);
	}
	nearest = suggest_nearest(alias, (const char *const *)names.v, names.count);
	if (nearest >= 0)
		return error_hint(err, "Did you mean '%s:%s'? Its aliases are: %s.", c->name, names.v[nearest], list.buf);
	return error_hint(err, "Its aliases are: %s.", list.buf);
}

static int resolve_alias(struct view *v, const char *alias, struct resolved *out, struct error *err)
{
	CLEANUP(alias_row) struct alias_row row = { NULL, { { 0 } }, 0 };
	int found = absent_is_shallow(v, &out->collection.cid, err);

	if (found)
		return found < 0 ? -1 : not_here(&out->collection, "an alias", err);
	found = alias_find(v, &out->collection, alias, &row, err);
	if (found < 0)
		return -1;
	if (found == 0 || strcmp(row.alias, alias) != 0)
		return no_alias(v, &out->collection, alias, found ? row.alias : NULL, err);
	return resolve_number(v, row.number, out, err);
}

struct prefix_search {
	struct version_row best;
	size_t contents;
};

static int prefix_found(const struct version_row *row, void *arg, struct error *err)
{
	struct prefix_search *search = arg;

	(void)err;
	if (search->contents == 0 || !oid_equal(&search->best.digest, &row->digest))
		search->contents++;
	search->best = *row; /* rows of one digest come in order of number: the highest stays */
	return 0;
}

static int resolve_digest(struct view *v, const char *hex, struct resolved *out, struct error *err)
{
	struct prefix_search search = { .contents = 0 };

	if (view_each_digest(v, &out->collection.cid, hex, prefix_found, &search, err) < 0)
		return -1;
	if (search.contents == 0)
		return error_set(err, ERR_NO_REFERENCE, "'%s' has no version whose digest begins with %s", out->collection.name, hex);
	if (search.contents > 1) {
		error_set(err, ERR_INVALID, "'%s@%s' is ambiguous: %zu contents begin so", out->collection.name, hex, search.contents);
		return error_hint(err, "Give more digits of the digest.");
	}
	out->row = search.best;
	return 0;
}

int resolve_reference(struct view *v, const struct reference *ref, struct resolved *out, struct error *err)
{
	if (collection_get(v, ref->name, &out->collection, err) < 0)
		return -1;
	switch (ref->kind) {
	case REFERENCE_BARE:
	case REFERENCE_LATEST:
		return resolve_latest(v, out, err);
	case REFERENCE_NUMBER:
		return resolve_number(v, ref->number, out, err);
	case REFERENCE_ALIAS:
		return resolve_alias(v, ref->alias, out, err);
	case REFERENCE_DIGEST:
		return resolve_digest(v, ref->hex, out, err);
	}
	BUG("reference of unknown kind %d", (int)ref->kind);
}

int resolve_text(struct view *v, const char *text, struct resolved *out, struct error *err)
{
	struct reference ref;

	if (reference_parse(text, &ref, err) < 0)
		return -1;
	return resolve_reference(v, &ref, out, err);
}

int resolve_bare(struct view *v, const char *text, struct collection *out, struct error *err)
{
	struct reference ref;

	if (reference_parse(text, &ref, err) < 0)
		return -1;
	if (ref.kind != REFERENCE_BARE) {
		error_set(err, ERR_USAGE, "'%s' names a version; this takes a whole artifact or model", text);
		return error_hint(err, "Say '%s'.", ref.name);
	}
	return collection_get(v, ref.name, out, err);
}
