/* SPDX-License-Identifier: Apache-2.0 */
/* Brings back what was removed, as long as its bytes are there. */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "registry/absent.h"
#include "registry/commit.h"
#include "registry/gc.h"
#include "registry/remove.h"
#include "registry/resolve.h"
#include "registry/run.h"
#include "registry/version.h"

struct restoration {
	struct registry *reg;
	const struct restore_change *change;
	struct objects *objects;
	struct removed *out;
};

/* The newest change of a key, if that was its removal, and what stood there before: 1, 0 when it was never set or is live, -1. */
static int read_removal(struct view *v, const char *key, struct change *removal, json_t **before, struct error *err)
{
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	CLEANUP(change) struct change parent = { .key = NULL };
	int found;

	if (view_heads(v, key, &heads, err) < 0)
		return -1;
	if (!heads.count || heads_is_live(&heads))
		return 0;
	found = view_change(v, &heads.v[0].id, removal, err);
	if (found <= 0 || !removal->parent_count)
		return found < 0 ? -1 : 0;
	found = view_change(v, &removal->parents[0], &parent, err);
	if (found <= 0)
		return found;
	*before = json_parse(parent.value, strlen(parent.value), key, err);
	return *before ? !json_is_null(*before) : -1;
}

/* ---- bytes ---- */

static int gone(const struct collection *c, uint64_t number, struct error *err)
{
	if (c->is_run)
		return error_set(err, ERR_NO_REFERENCE, "the run '%s' was removed, and gc has taken its records", c->name);
	error_set(err, ERR_NO_REFERENCE, "'%s:v%" PRIu64 "' was removed, and its files are not here: gc has taken them, or they never came", c->name,
		  number);
	return error_hint(err, "Another copy of the registry may still have them.");
}

/* What lies in retired packs alone is about to go, and does not count. */
static int check_bytes(struct view *v, const struct restoration *r, const struct collection *c, uint64_t number, const json_t *value,
		       struct error *err)
{
	struct oid version, digest;
	int has;

	if (!json_get_oid(value, "version", &version) || !json_get_oid(value, "digest", &digest))
		return error_set(err, ERR_INTEGRITY, "'%s:v%" PRIu64 "' was no version", c->name, number);
	has = absent_is(v, &version, NULL, err);
	if (has >= 0)
		has = gc_has_version(r->reg, &version, &digest, has, err);
	return has == 0 ? gone(c, number, err) : has < 0 ? -1 : 0;
}

/* ---- one version or link ---- */

static void note_restored(struct removed *out, const struct collection *c, uint64_t number, const json_t *value)
{
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT;
	uint64_t size = 0;

	if (c->is_run)
		return;
	strbuf_addf(&ref, "%s:v%" PRIu64, c->name, number);
	strvec_push(&out->refs, ref.buf);
	if (!c->is_model && json_get_u64(value, "size", &size))
		out->bytes += size;
}

static int restore_number(struct txn *txn, const struct restoration *r, const struct collection *c, uint64_t number, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(change) struct change removal = { .key = NULL };
	CLEANUP(json) json_t *before = NULL;
	struct version_row row;
	int found = view_version(txn_view(txn), &c->cid, number, &row, err);

	if (found < 0)
		return -1;
	if (!found)
		return error_set(err, ERR_NO_REFERENCE, "'%s' never had a version v%" PRIu64, c->name, number);
	if (!row.removed)
		return error_set(err, ERR_NO_REFERENCE, "'%s:v%" PRIu64 "' was not removed", c->name, number);
	strbuf_addf(&key, "%s/%s/%" PRIu64, c->is_model ? "link" : "version", c->cid.hex, number);
	found = read_removal(txn_view(txn), key.buf, &removal, &before, err);
	if (found <= 0)
		return found < 0 ? -1 : gone(c, number, err);
	if (!c->is_model && check_bytes(txn_view(txn), r, c, number, before, err) < 0)
		return -1;
	note_restored(r->out, c, number, before);
	return txn_set(txn, key.buf, before, err);
}

/* ---- a whole collection ---- */

/* What went with a collection: the change that took it, and what stood there before. */
struct tomb {
	char *key, *before; /* before: NULL when it was not met */
	struct oid id;
};

struct tombs {
	struct view *view;
	const char *full, *name; /* completed, and as typed */
	struct change removal;   /* of the collection's key */
	struct tomb *v;          /* the newest first */
	size_t count, cap;
	struct hashmap wanted;   /* id of a change whose value one waits for → its place, from 1 */
	bool found, is_past;
};

static void tombs_cleanup(struct tombs *t)
{
	change_cleanup(&t->removal);
	for (size_t i = 0; i < t->count; i++) {
		free(t->v[i].key);
		free(t->v[i].before);
	}
	free(t->v);
	hashmap_release(&t->wanted, NULL);
}

struct each_removed {
	struct view *view;
	remove_collection_fn fn;
	void *arg;
};

/* A removal that is still in force: 1, with what the collection was; 0, -1. */
static int read_removed(struct view *v, const struct change *c, struct change *removal, json_t **before, struct error *err)
{
	int found;

	if (strncmp(c->key, "coll/", 5) != 0 || strcmp(c->value, "null") != 0)
		return 0;
	found = read_removal(v, c->key, removal, before, err);
	return found <= 0 ? found : oid_equal(&removal->id, &c->id);
}

static int pass_removed(const struct change *c, uint64_t seq, const char *by, void *arg, struct error *err)
{
	const struct each_removed *to = arg;
	CLEANUP(json) json_t *before = NULL;
	CLEANUP(change) struct change removal = { .key = NULL };
	CLEANUP(collection) struct collection was = COLLECTION_INIT;
	struct cid cid = { "" };
	int found = read_removed(to->view, c, &removal, &before, err);

	(void)seq;
	(void)by;
	if (found <= 0)
		return found;
	if (strlen(c->key) == strlen("coll/") + CID_HEX_LEN)
		memcpy(cid.hex, c->key + strlen("coll/"), sizeof cid.hex);
	if (!collection_parse(&cid, before, &was) || was.is_run)
		return 0;
	return to->fn(&was, removal.time, to->arg, err);
}

int remove_each_collection(struct view *v, remove_collection_fn fn, void *arg, struct error *err)
{
	struct each_removed to = { v, fn, arg };

	return view_each_change(v, NULL, true, pass_removed, &to, err);
}

/* The newest removal of a collection of that name which is still in force. */
static int find_collection(const struct change *c, uint64_t seq, const char *by, void *arg, struct error *err)
{
	struct tombs *t = arg;
	CLEANUP(json) json_t *before = NULL;
	CLEANUP(change) struct change removal = { .key = NULL };
	const char *name;
	int found = read_removed(t->view, c, &removal, &before, err);

	(void)seq;
	(void)by;
	if (found <= 0)
		return found;
	if (!json_get_string(before, "name", &name) || (strcmp(name, t->full) && strcmp(name, t->name)))
		return 0;
	t->removal = removal;
	removal = (struct change){ .key = NULL };
	t->found = true;
	return 1;
}

/* Removed runs that a text means: by the beginning of their id, or by their label. */
struct removed_runs {
	struct view *view;
	const char *text;
	struct strvec ids;
};

static void removed_runs_cleanup(struct removed_runs *r)
{
	strvec_release(&r->ids);
}

static int find_run(const struct change *c, uint64_t seq, const char *by, void *arg, struct error *err)
{
	struct removed_runs *r = arg;
	CLEANUP(json) json_t *before = NULL;
	CLEANUP(change) struct change removal = { .key = NULL };
	const char *kind, *id, *label = "";
	int found = read_removed(r->view, c, &removal, &before, err);

	(void)seq;
	(void)by;
	if (found <= 0)
		return found;
	if (!json_get_string(before, "kind", &kind) || strcmp(kind, "run") != 0 || !json_get_string(before, "name", &id))
		return 0;
	(void)json_get_string(before, "label", &label);
	if (strcmp(label, r->text) != 0 && !(run_is_meant(r->text) && strncmp(id, r->text, strlen(r->text)) == 0))
		return 0;
	strvec_push(&r->ids, id);
	return r->ids.count > 1;
}

static bool is_of_same_removal(const struct change *a, const struct change *b)
{
	return a->time == b->time && !strcmp(a->verb, b->verb) && !strcmp(a->user, b->user) && !strcmp(a->host, b->host);
}

static void add_tomb(struct tombs *t, const struct change *c)
{
	ARRAY_GROW(t->v, t->count + 1, t->cap);
	t->v[t->count++] = (struct tomb){ .key = xstrdup(c->key), .id = c->id };
	if (c->parent_count)
		hashmap_put(&t->wanted, c->parents[0].raw, OID_LEN, (void *)(uintptr_t)t->count);
}

/* What stood there is met on the same way back: looked up key by key, a line of a megabyte would be read for each of ten thousand keys. */
static int collect_tomb(const struct change *c, uint64_t seq, const char *by, void *arg, struct error *err)
{
	struct tombs *t = arg;
	uintptr_t place = (uintptr_t)hashmap_take(&t->wanted, c->id.raw, OID_LEN);

	(void)seq;
	(void)by;
	if (place)
		t->v[place - 1].before = xstrdup(c->value);
	if (!is_of_same_removal(c, &t->removal))
		t->is_past |= strcmp(c->key, t->removal.key) == 0; /* older than the removal */
	else if (!t->is_past && strcmp(c->value, "null") == 0)
		add_tomb(t, c);
	return t->is_past && !t->wanted.count ? 1 : interrupt_check(err);
}

/* 1, with what the tomb has taken, which is still its due; 0, -1. */
static int read_tomb(struct view *v, const struct tomb *tomb, json_t **before, struct error *err)
{
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	CLEANUP(change) struct change removal = { .key = NULL };

	if (view_heads(v, tomb->key, &heads, err) < 0)
		return -1;
	if (!heads.count || heads_is_live(&heads) || !oid_equal(&heads.v[0].id, &tomb->id))
		return 0;
	if (!tomb->before)
		return read_removal(v, tomb->key, &removal, before, err);
	*before = json_parse(tomb->before, strlen(tomb->before), tomb->key, err);
	return *before ? !json_is_null(*before) : -1;
}

static int restore_tomb(struct txn *txn, const struct restoration *r, const struct collection *c, const struct tomb *tomb, struct error *err)
{
	CLEANUP(json) json_t *before = NULL;
	const char *key = tomb->key, *slash = strrchr(key, '/');
	int found = read_tomb(txn_view(txn), tomb, &before, err);
	unsigned long long number;

	if (found <= 0)
		return found;
	if (strncmp(key, "version/", 8) == 0 || strncmp(key, "link/", 5) == 0) {
		number = strtoull(slash + 1, NULL, 10);
		if (!c->is_model && check_bytes(txn_view(txn), r, c, number, before, err) < 0)
			return -1;
		note_restored(r->out, c, number, before);
	}
	return txn_set(txn, key, before, err);
}

static int restore_collection(struct txn *txn, const struct tombs *t, struct error *err)
{
	CLEANUP(change) struct change removal = { .key = NULL };
	CLEANUP(json) json_t *before = NULL;
	int found = read_removal(txn_view(txn), t->removal.key, &removal, &before, err);

	return found <= 0 ? found : txn_set(txn, t->removal.key, before, err);
}

static int not_removed(struct view *v, const char *name, struct error *err)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	CLEANUP(run) struct run run = RUN_INIT;
	bool is_run = run_is_meant(name);
	int found = is_run ? run_find(v, name, &run, err) : 0;

	if (found < 0 || (!is_run && collection_get(v, name, &c, err) < 0))
		return -1;
	if (!is_run || found)
		return error_set(err, ERR_NO_REFERENCE, "'%s' was not removed", is_run ? run.id.text : c.name);
	error_set(err, ERR_NO_COLLECTION, "no run '%s' was removed", name);
	return error_hint(err, "'mreg history' tells which were.");
}

static int restore_whole(struct txn *txn, const struct restoration *r, const char *name, struct error *err);

/* Nothing that was removed is called so; one run may be meant. */
static int restore_run(struct txn *txn, const struct restoration *r, const char *text, struct error *err)
{
	CLEANUP(removed_runs) struct removed_runs runs = { txn_view(txn), text, STRVEC_INIT };

	if (!run_id_is(text, strlen(text)) && view_each_change(runs.view, NULL, true, find_run, &runs, err) < 0)
		return -1;
	if (!runs.ids.count)
		return not_removed(runs.view, text, err);
	if (runs.ids.count == 1)
		return restore_whole(txn, r, runs.ids.v[0], err);
	error_set(err, ERR_INVALID, "several runs that were removed may be meant by '%s': %s, %s, ...", text, runs.ids.v[0], runs.ids.v[1]);
	return error_hint(err, "Write a whole id; 'mreg history' tells them.");
}

static int restore_whole(struct txn *txn, const struct restoration *r, const char *name, struct error *err)
{
	CLEANUP(strbuf) struct strbuf full = STRBUF_INIT;
	CLEANUP(tombs) struct tombs t = { .view = txn_view(txn), .name = name, .wanted = HASHMAP_INIT };
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	struct cid cid;

	name_complete(&full, name, view_scope(t.view));
	t.full = full.buf;
	if (view_each_change(t.view, NULL, true, find_collection, &t, err) < 0)
		return -1;
	if (!t.found)
		return restore_run(txn, r, name, err);
	memcpy(cid.hex, t.removal.key + strlen("coll/"), sizeof cid.hex);
	if (view_each_change(t.view, &cid, true, collect_tomb, &t, err) < 0 || restore_collection(txn, &t, err) < 0)
		return -1;
	if (collection_read(t.view, &cid, &c, err) != 1)
		return error_set(err, ERR_INTEGRITY, "what '%s' was cannot be read", name);
	for (size_t i = t.count; i > 0; i--)
		if (interrupt_check(err) < 0 || restore_tomb(txn, r, &c, &t.v[i - 1], err) < 0)
			return -1;
	strvec_push(&r->out->refs, c.name);
	return 0;
}

static int restore_one(struct txn *txn, const struct restoration *r, const char *text, struct error *err)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	struct reference ref;

	if (run_is_meant(text))
		return restore_whole(txn, r, text, err);
	if (reference_parse(text, &ref, err) < 0)
		return -1;
	if (ref.kind == REFERENCE_BARE)
		return restore_whole(txn, r, ref.name, err);
	if (ref.kind != REFERENCE_NUMBER) {
		error_set(err, ERR_USAGE, "'%s' is no removed version: those have their number alone", text);
		return error_hint(err, "'mreg ls --removed %s' lists them.", ref.name);
	}
	if (collection_get(txn_view(txn), ref.name, &c, err) < 0)
		return -1;
	return restore_number(txn, r, &c, ref.number, err);
}

static int decide(struct txn *txn, void *arg, struct error *err)
{
	const struct restoration *r = arg;
	const struct strvec *refs = r->change->references;

	removed_cleanup(r->out);
	*r->out = (struct removed){ STRVEC_INIT, 0 };
	for (size_t i = 0; i < refs->count; i++)
		if (restore_one(txn, r, refs->v[i], err) < 0)
			return error_wrap(err, "cannot restore '%s'", refs->v[i]);
	return 0;
}

/* Objects are locked before the journal, as in every verb: what is found there stays until the commit. */
int remove_restore(struct registry *reg, const struct restore_change *change, struct removed *out, struct error *err)
{
	const struct commit commit = { .verb = "restore", .why = change->why, .dry_run = change->dry_run };
	struct restoration r = { reg, change, version_objects(reg, err), out };

	return r.objects ? commit_run(reg, &commit, decide, &r, err) : -1;
}
