/* SPDX-License-Identifier: Apache-2.0 */
/* Tombstones for versions, links and whole collections, in one transaction each time. */
#include <config.h>

#include "registry/remove.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"

#include "registry/commit.h"
#include "registry/resolve.h"
#include "registry/run.h"

void removed_cleanup(struct removed *r)
{
	strvec_release(&r->refs);
}

static void note_removed(struct removed *out, const struct collection *c, uint64_t number, uint64_t bytes)
{
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT;

	if (!out)
		return;
	strbuf_addf(&ref, "%s:v%" PRIu64, c->name, number);
	strvec_push(&out->refs, ref.buf);
	out->bytes += bytes;
}

int remove_version(struct txn *txn, const struct collection *c, const struct version_row *row, struct removed *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

	strbuf_addf(&key, "version/%s/%" PRIu64, c->cid.hex, row->number);
	note_removed(out, c, row->number, row->size);
	return txn_set(txn, key.buf, NULL, err);
}

/* ---- one version ---- */

struct removal {
	struct registry *reg;
	const struct remove_change *change;
	struct removed *out;
};

static int drop_aliases(struct txn *txn, const struct holders *h, const struct version_row *row, struct error *err)
{
	for (size_t i = 0; i < h->aliases.count; i++) {
		CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

		if (row && h->aliases.v[i].number != row->number)
			continue;
		alias_key(&key, &h->collection->cid, h->aliases.v[i].alias);
		if (txn_set(txn, key.buf, NULL, err) < 0)
			return -1;
	}
	return 0;
}

static int check_aliases(const struct removal *r, const struct holders *h, const struct version_row *row, struct error *err)
{
	CLEANUP(strbuf) struct strbuf names = STRBUF_INIT;

	if (r->change->with_aliases || !holders_add_aliases(h, row, &names))
		return 0;
	error_set(err, ERR_POLICY, "'%s:v%" PRIu64 "' has aliases: %s", h->collection->name, row->number, names.buf);
	return error_hint(err, "Move them, or take them away as well by --with-aliases.");
}

static int drop_links(struct txn *txn, const struct removal *r, const struct collection *c, const struct version_row *row, struct error *err)
{
	CLEANUP(link_places) struct link_places places = LINK_PLACES_INIT;
	CLEANUP(strbuf) struct strbuf names = STRBUF_INIT;

	if (link_places_read(txn_view(txn), &row->version, &places, err) < 0)
		return -1;
	for (size_t i = 0; i < places.count; i++)
		strbuf_addf(&names, "%s%s:v%" PRIu64, i ? ", " : "", places.v[i].collection.name, places.v[i].number);
	if (places.count && !r->change->unlink) {
		error_set(err, ERR_POLICY, "'%s:v%" PRIu64 "' is linked as %s", c->name, row->number, names.buf);
		return error_hint(err, "Unlink it, or have it done by --unlink.");
	}
	for (size_t i = 0; i < places.count; i++) {
		struct resolved link = { .collection = places.v[i].collection, .row = *row };

		link.row.number = places.v[i].number;
		if (link_drop(txn, &link, r->change->with_aliases, err) < 0)
			return -1;
	}
	return 0;
}

static int drop_version(struct txn *txn, const struct removal *r, const struct holders *h, const struct version_row *row, struct error *err)
{
	if (check_aliases(r, h, row, err) < 0 || drop_links(txn, r, h->collection, row, err) < 0 || drop_aliases(txn, h, row, err) < 0)
		return -1;
	return remove_version(txn, h->collection, row, r->out, err);
}

static bool is_run(struct view *v, const char *text)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	CLEANUP(run) struct run run = RUN_INIT;
	struct error ignored = ERROR_INIT;

	if (collection_get(v, text, &c, &ignored) == 0)
		return false;
	error_clear(&ignored);
	return run_find(v, text, &run, &ignored) == 1;
}

static int resolve_one(struct view *v, const char *text, struct resolved *out, struct error *err)
{
	struct reference ref;

	if (reference_parse(text, &ref, err) < 0)
		return -1;
	if (ref.kind != REFERENCE_BARE)
		return resolve_reference(v, &ref, out, err);
	if (is_run(v, text)) {
		error_set(err, ERR_USAGE, "'%s' is a run", text);
		return error_hint(err, "'mreg run rm %s' removes it.", text);
	}
	error_set(err, ERR_USAGE, "'%s' names a whole collection, not one of its versions", text);
	return error_hint(err, "Say '%s:vN', or 'mreg rm -r %s' to remove all of it.", text, text);
}

static int remove_one(struct txn *txn, const struct removal *r, const struct resolved *version, struct error *err)
{
	CLEANUP(holders) struct holders h = { .aliases = ALIAS_ROWS_INIT };
	int there = resolve_is_there(txn_view(txn), version, err);

	if (there <= 0)
		return there;
	if (version->collection.is_model) {
		note_removed(r->out, &version->collection, version->row.number, 0);
		return link_drop(txn, version, r->change->with_aliases, err);
	}
	if (holders_open(r->reg, txn_view(txn), &version->collection, &h, err) < 0)
		return -1;
	return drop_version(txn, r, &h, &version->row, err);
}

static int remove_each(struct txn *txn, const struct removal *r, struct error *err)
{
	const struct strvec *refs = r->change->references;
	CLEANUP(resolved_list) struct resolved_list all = { xcalloc(refs->count + 1, sizeof *all.v), refs->count };

	for (size_t i = 0; i < refs->count; i++)
		if (resolve_one(txn_view(txn), refs->v[i], &all.v[i], err) < 0)
			return error_wrap(err, "cannot remove '%s'", refs->v[i]);
	for (size_t i = 0; i < refs->count; i++)
		if (remove_one(txn, r, &all.v[i], err) < 0)
			return error_wrap(err, "cannot remove '%s'", refs->v[i]);
	return 0;
}

/* ---- a whole collection ---- */

struct numbers {
	struct version_row *v;
	size_t count, cap;
};

static void numbers_cleanup(struct numbers *n)
{
	free(n->v);
}

static int collect_row(const struct version_row *row, void *arg, struct error *err)
{
	struct numbers *n = arg;

	(void)err;
	if (row->removed)
		return 0;
	ARRAY_GROW(n->v, n->count + 1, n->cap);
	n->v[n->count++] = *row;
	return 0;
}

static int drop_row(struct txn *txn, const struct removal *r, const struct holders *h, const struct version_row *row, struct error *err)
{
	struct resolved link = { .collection = *h->collection, .row = *row };

	if (!h->collection->is_model)
		return drop_version(txn, r, h, row, err);
	if (check_aliases(r, h, row, err) < 0)
		return -1;
	note_removed(r->out, h->collection, row->number, 0);
	return link_drop(txn, &link, true, err);
}

static int collect_key(const char *key, const char *value, void *arg, struct error *err)
{
	(void)value;
	(void)err;
	strvec_push(arg, key);
	return 0;
}

/* What is left of a collection that has no version any more. */
static int drop_rest(struct txn *txn, const struct collection *c, struct error *err)
{
	static const char *const tables[] = { "title", "coll" };
	CLEANUP(strvec) struct strvec keys = STRVEC_INIT;
	CLEANUP(strbuf) struct strbuf prefix = STRBUF_INIT;

	strbuf_addf(&prefix, "protect/%s/", c->cid.hex);
	if (view_each(txn_view(txn), prefix.buf, collect_key, &keys, err) < 0)
		return -1;
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

		strbuf_addf(&key, "%s/%s", tables[i], c->cid.hex);
		strvec_push(&keys, key.buf);
	}
	for (size_t i = 0; i < keys.count; i++)
		if (txn_set(txn, keys.v[i], NULL, err) < 0)
			return -1;
	return 0;
}

static int remove_whole(struct txn *txn, const struct removal *r, const char *text, struct error *err)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	CLEANUP(holders) struct holders h = { .aliases = ALIAS_ROWS_INIT };
	CLEANUP(numbers) struct numbers rows = { NULL, 0, 0 };

	if (resolve_bare(txn_view(txn), text, &c, err) < 0 || holders_open(r->reg, txn_view(txn), &c, &h, err) < 0 ||
	    view_each_version(txn_view(txn), &c.cid, false, collect_row, &rows, err) < 0)
		return -1;
	for (size_t i = 0; i < rows.count; i++)
		if (drop_row(txn, r, &h, &rows.v[i], err) < 0)
			return -1;
	strvec_push(&r->out->refs, c.name);
	return drop_rest(txn, &c, err);
}

static int decide(struct txn *txn, void *arg, struct error *err)
{
	const struct removal *r = arg;
	const struct strvec *refs = r->change->references;

	removed_cleanup(r->out);
	*r->out = (struct removed){ STRVEC_INIT, 0 };
	if (!r->change->whole)
		return remove_each(txn, r, err);
	for (size_t i = 0; i < refs->count; i++)
		if (remove_whole(txn, r, refs->v[i], err) < 0)
			return error_wrap(err, "cannot remove '%s'", refs->v[i]);
	return 0;
}

int remove_run(struct registry *reg, const struct remove_change *change, struct removed *out, struct error *err)
{
	const struct commit commit = { .verb = "rm", .why = change->why, .dry_run = change->dry_run, .override = change->override,
				       .tells_dry_run = true };
	struct removal r = { reg, change, out };

	return commit_run(reg, &commit, decide, &r, err);
}
