/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the list of protected aliases, and refuses transactions that do not heed it. */
#include <config.h>

#include "registry/protect.h"

#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "registry/alias.h"
#include "registry/event.h"

void protections_cleanup(struct protections *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->v[i].alias);
	free(p->v);
	*p = (struct protections)PROTECTIONS_INIT;
}

static void protect_key(struct strbuf *out, const struct cid *cid, const char *alias)
{
	strbuf_addf(out, "protect/%s/", cid->hex);
	ascii_fold(out, alias, strlen(alias));
}

static int take_row(const char *key, const char *value, void *arg, struct error *err)
{
	struct protections *out = arg;
	CLEANUP(json) json_t *doc = json_parse(value, strlen(value), key, err);
	const char *alias;
	bool reason;

	if (!doc || !json_get_string(doc, "alias", &alias) || !json_get_bool(doc, "reason", &reason))
		return error_set(err, ERR_INTEGRITY, "'%s' has no sound value", key);
	ARRAY_GROW(out->v, out->count + 1, out->cap);
	out->v[out->count++] = (struct protection){ xstrdup(alias), reason };
	return 0;
}

int protect_read(struct view *v, const struct collection *c, struct protections *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf prefix = STRBUF_INIT;

	protect_key(&prefix, &c->cid, "");
	return view_each(v, prefix.buf, take_row, out, err);
}

/* ---- changing the list ---- */

static int parse(struct view *v, const char *text, struct reference *ref, struct collection *c, struct error *err)
{
	if (reference_parse(text, ref, err) < 0)
		return -1;
	if (ref->kind == REFERENCE_LATEST)
		return error_set(err, ERR_INVALID, "'%s' cannot be protected: it always is the highest version", text);
	if (ref->kind == REFERENCE_ALIAS)
		return collection_get(v, ref->name, c, err);
	error_set(err, ERR_USAGE, "'%s' names no alias", text);
	return error_hint(err, "Say '%s:ALIAS'.", ref->name);
}

static int other_case(const struct collection *c, const char *there, const char *alias, struct error *err)
{
	if (strcmp(there, alias) == 0)
		return 0;
	return error_set(err, ERR_CONFLICT, "'%s' has an alias '%s', which differs from '%s' only in case", c->name, there, alias);
}

/* 1: it is protected; 0: it is not. */
static int find_row(struct view *v, const char *key, struct protections *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;
	int found = view_value(v, key, &value, err);

	if (found <= 0)
		return found;
	return take_row(key, value.buf, out, err) < 0 ? -1 : 1;
}

static int change_one(struct txn *txn, const struct protect_change *change, const char *text, struct error *err)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	CLEANUP(alias_row) struct alias_row holder = { NULL, { { 0 } }, 0 };
	CLEANUP(protections) struct protections there = PROTECTIONS_INIT;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = NULL;
	struct reference ref;
	int found;

	if (parse(txn_view(txn), text, &ref, &c, err) < 0)
		return -1;
	protect_key(&key, &c.cid, ref.alias);
	found = find_row(txn_view(txn), key.buf, &there, err);
	if (found < 0)
		return -1;
	if (change->remove)
		return found && strcmp(there.v[0].alias, ref.alias) == 0 ?
			       txn_set(txn, key.buf, NULL, err) :
			       error_set(err, ERR_NO_REFERENCE, "'%s:%s' is not protected", c.name, ref.alias);
	if (found && other_case(&c, there.v[0].alias, ref.alias, err) < 0)
		return -1;
	found = alias_find(txn_view(txn), &c, ref.alias, &holder, err);
	if (found < 0 || (found && other_case(&c, holder.alias, ref.alias, err) < 0))
		return -1;
	value = json_pack("{s:s, s:b}", "alias", ref.alias, "reason", (int)change->reason);
	return txn_set(txn, key.buf, value, err);
}

static int decide(struct txn *txn, void *arg, struct error *err)
{
	const struct protect_change *change = arg;

	for (size_t i = 0; i < change->references->count; i++)
		if (change_one(txn, change, change->references->v[i], err) < 0)
			return -1;
	return 0;
}

int protect_change(struct registry *reg, const struct protect_change *change, struct error *err)
{
	const struct commit commit = { .verb = "protect", .why = change->why, .dry_run = change->dry_run };
	struct protect_change copy = *change;

	return commit_run(reg, &commit, decide, &copy, err);
}

/* ---- heeding it ---- */

/* A protected alias as it was before the transaction. */
struct guarded {
	struct protection protection;
	bool is_set;
	struct oid holder;
};
struct guard {
	struct txn *txn;
	const struct commit *commit;
	struct cid cid; /* whose rows these are; "" at first */
	struct guarded *v;
	size_t count, cap;
	struct strvec changed; /* protect/ keys that are changed, of any collection */
	struct hashmap folded; /* aliases that are in v, or known not to be protected */
};

static void forget(struct guard *g)
{
	for (size_t i = 0; i < g->count; i++)
		free(g->v[i].protection.alias);
	g->count = 0;
	hashmap_release(&g->folded, NULL);
	g->folded = (struct hashmap)HASHMAP_INIT;
}

static void guard_cleanup(struct guard *g)
{
	forget(g);
	free(g->v);
	strvec_release(&g->changed);
}

static int read_holder(struct guard *g, const char *folded, struct guarded *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT, text = STRBUF_INIT;
	CLEANUP(json) json_t *doc = NULL;
	int found;

	alias_key(&key, &g->cid, folded);
	found = txn_value_before(g->txn, key.buf, &text, err);
	if (found <= 0)
		return found;
	doc = json_parse(text.buf, text.len, key.buf, err);
	out->is_set = doc && json_get_oid(doc, "version", &out->holder);
	return doc ? 0 : -1;
}

static int take_guarded(struct guard *g, const char *key, const char *folded, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(protections) struct protections one = PROTECTIONS_INIT;
	int found;

	if (hashmap_has(&g->folded, folded, strlen(folded)))
		return 0;
	hashmap_put(&g->folded, folded, strlen(folded), g);
	found = txn_value_before(g->txn, key, &text, err);
	if (found <= 0)
		return found;
	if (take_row(key, text.buf, &one, err) < 0)
		return -1;
	ARRAY_GROW(g->v, g->count + 1, g->cap);
	g->v[g->count] = (struct guarded){ .protection = one.v[0] };
	one.v[0].alias = NULL;
	return read_holder(g, folded, &g->v[g->count++], err);
}

static int take_live(const char *key, const char *value, void *arg, struct error *err)
{
	(void)value;
	return take_guarded(arg, key, strrchr(key, '/') + 1, err);
}

static int note_changed(const char *key, const char *before, const char *after, bool is_new, void *arg, struct error *err)
{
	struct guard *g = arg;

	(void)after;
	(void)is_new;
	(void)err;
	if (before && strncmp(key, "protect/", 8) == 0)
		strvec_push(&g->changed, key);
	return 0;
}

/* What was protected in a collection before the transaction, which may have taken the protection away. */
static int read_guarded(struct guard *g, const struct cid *cid, struct error *err)
{
	CLEANUP(strbuf) struct strbuf prefix = STRBUF_INIT;

	if (strcmp(g->cid.hex, cid->hex) == 0)
		return 0;
	forget(g);
	g->cid = *cid;
	protect_key(&prefix, cid, "");
	if (view_each(txn_view(g->txn), prefix.buf, take_live, g, err) < 0)
		return -1;
	for (size_t i = 0; i < g->changed.count; i++)
		if (strncmp(g->changed.v[i], prefix.buf, prefix.len) == 0 && take_guarded(g, g->changed.v[i], g->changed.v[i] + prefix.len, err) < 0)
			return -1;
	return 0;
}

static int refuse(struct guard *g, const struct guarded *by, const char *what, bool reason_helps, struct error *err)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	const char *alias = by->protection.alias;

	if (event_collection(g->txn, &g->cid, &c, err) < 0)
		return -1;
	error_set(err, ERR_POLICY, "'%s:%s' is protected%s", c.name, alias, what);
	if (reason_helps)
		return error_hint(err, "Say why: -m WHY.");
	return error_hint(err, g->commit->override ? "--override needs a reason: -m WHY." : "--override -m WHY does it all the same.");
}

/* is_move: it will name another version; is_wanted: this protection is concerned. */
static int heed(struct guard *g, const struct guarded *by, const char *what, bool is_move, struct error *err)
{
	bool has_why = g->commit->why && *g->commit->why;
	bool reason_helps = is_move && by->protection.reason;

	if (has_why && (g->commit->override || reason_helps))
		return 0;
	return refuse(g, by, what, reason_helps, err);
}

static int heed_alias(struct guard *g, const char *folded, const char *after, struct error *err)
{
	for (size_t i = 0; i < g->count; i++) {
		CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;

		ascii_fold(&name, g->v[i].protection.alias, strlen(g->v[i].protection.alias));
		if (strcmp(name.buf, folded) == 0)
			return heed(g, &g->v[i], after ? "" : " from being removed", after != NULL, err);
	}
	return 0;
}

static int heed_removal(struct guard *g, const char *key, const char *before, struct error *err)
{
	CLEANUP(json) json_t *doc = json_parse(before, strlen(before), key, err);
	struct oid version;

	if (!doc)
		return -1;
	if (!json_get_oid(doc, "version", &version))
		return 0;
	for (size_t i = 0; i < g->count; i++)
		if (g->v[i].is_set && oid_equal(&g->v[i].holder, &version) &&
		    heed(g, &g->v[i], ": the version that it names cannot go", false, err) < 0)
			return -1;
	return 0;
}

static int heed_end(struct guard *g, struct error *err)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->v[i].is_set && heed(g, &g->v[i], ": its collection cannot go", false, err) < 0)
			return -1;
	return 0;
}

static int visit(const char *key, const char *before, const char *after, bool is_new, void *arg, struct error *err)
{
	struct guard *g = arg;
	struct cid cid;
	const char *rest;
	bool is_alias = event_key_is(key, "alias", &cid, &rest);
	bool is_end = !is_alias && !after && event_key_is(key, "coll", &cid, &rest);
	bool is_removal = !is_alias && !is_end && !after && (event_key_is(key, "version", &cid, &rest) || event_key_is(key, "link", &cid, &rest));

	(void)is_new;
	if (!is_alias && !is_end && !is_removal)
		return 0;
	if (read_guarded(g, &cid, err) < 0)
		return -1;
	if (is_alias)
		return heed_alias(g, rest, after, err);
	return is_end ? heed_end(g, err) : heed_removal(g, key, before, err);
}

int protect_guard(struct txn *txn, const struct commit *commit, struct error *err)
{
	CLEANUP(guard) struct guard g = { .txn = txn, .commit = commit, .folded = HASHMAP_INIT };

	if (txn_each_change(txn, note_changed, &g, err) < 0)
		return -1;
	return txn_each_change(txn, visit, &g, err);
}
