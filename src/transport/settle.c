/* SPDX-License-Identifier: Apache-2.0 */
/* Puts both histories side by side in memory, and has them merged. */
#include <config.h>

#include "transport/settle.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "format/renumber.h"
#include "registry/collection.h"
#include "registry/listing.h"
#include "registry/remote.h"
#include "registry/resolve.h"
#include "registry/run.h"

struct settling {
	struct registry *reg;
	struct view *view;
	const struct listed *theirs;
	const struct settle_options *o;
	struct changes ours_changes;
	struct change_map ours, theirs_map;
	struct hashmap offered, withdrawn;
	struct hashmap chosen; /* keys */
	struct hashmap pending; /* ids */
};

static void settling_cleanup(struct settling *s)
{
	change_map_cleanup(&s->ours);
	change_map_cleanup(&s->theirs_map);
	changes_cleanup(&s->ours_changes);
	hashmap_cleanup(&s->offered);
	hashmap_cleanup(&s->withdrawn);
	hashmap_cleanup(&s->chosen);
	hashmap_cleanup(&s->pending);
}

/* --- both sides --- */

/* What is shallow there is not judged: a part of a history cannot be told from the whole. */
static bool is_shallow(const struct settling *s, const char *key)
{
	const struct scope_item *item;
	char cid[33];

	if (!listed_cid_of_key(key, cid))
		return false;
	item = listed_collection(s->theirs, cid);
	return item && item->is_shallow;
}

static int keep_ours(const struct change *c, uint64_t seq, void *arg, struct error *err)
{
	struct settling *s = arg;
	struct changes *list = &s->ours_changes;
	int offered;

	(void)seq;
	if (is_shallow(s, c->key))
		return 0;
	ARRAY_GROW(list->v, list->count + 1, list->cap);
	change_copy(c, &list->v[list->count++]);
	offered = view_is_offered(s->view, &c->id, err);
	if (offered > 0 || hashmap_has(&s->pending, c->id.raw, OID_LEN))
		hashmap_put(&s->offered, c->id.raw, OID_LEN, s);
	return offered < 0 ? -1 : 0;
}

/* Collections of ours that the patterns select, and those that the other side has under whatever name. */
static int select_ours(struct settling *s, struct scope *scope, struct error *err)
{
	CLEANUP(hashmap) struct hashmap ours = HASHMAP_INIT;

	if (listing_select(s->reg, s->view, s->o->names, true, scope, err) < 0) {
		if (err->code != ERR_NO_COLLECTION)
			return -1;
		error_clear(err);
		scope_cleanup(scope);
		*scope = (struct scope){ NULL, 0, 0 };
	}
	for (size_t i = 0; i < scope->count; i++)
		hashmap_put(&ours, scope->v[i].cid, strlen(scope->v[i].cid), s);
	for (size_t i = 0; i < s->theirs->scope.count; i++) {
		const struct scope_item *item = &s->theirs->scope.v[i];

		if (!hashmap_has(&ours, item->cid, strlen(item->cid)))
			scope_add(scope, item->cid, item->name, item->is_shallow);
	}
	return 0;
}

static int read_pending(struct settling *s, struct error *err)
{
	CLEANUP(strvec) struct strvec pending = STRVEC_INIT;
	struct oid id;

	if (remote_pending(s->reg, &pending, err) < 0)
		return -1;
	for (size_t i = 0; i < pending.count; i++)
		if (oid_parse(pending.v[i], strlen(pending.v[i]), &id))
			hashmap_put(&s->pending, id.raw, OID_LEN, s);
	return 0;
}

static int read_ours(struct settling *s, struct error *err)
{
	struct scope scope = { NULL, 0, 0 };
	struct list_request request = { .has_since = false };
	int rc;

	if (s->o->names)
		for (size_t i = 0; i < s->o->names->count; i++)
			strvec_push(&request.patterns, s->o->names->v[i]);
	rc = read_pending(s, err) < 0 || select_ours(s, &scope, err) < 0 ||
	     listing_changes(s->reg, s->view, &request, &scope, NULL, keep_ours, s, err) < 0;
	list_request_cleanup(&request);
	scope_cleanup(&scope);
	for (size_t i = 0; !rc && i < s->ours_changes.count; i++)
		change_map_add(&s->ours, &s->ours_changes.v[i]);
	return rc ? -1 : 0;
}

static int read_theirs(struct settling *s, struct error *err)
{
	for (size_t i = 0; i < s->theirs->changes.count; i++) {
		const struct change *c = &s->theirs->changes.v[i];
		int withdrawn = view_is_withdrawn(s->view, &c->id, err);

		if (withdrawn < 0)
			return -1;
		if (withdrawn)
			hashmap_put(&s->withdrawn, c->id.raw, OID_LEN, s);
		if (!is_shallow(s, c->key))
			change_map_add(&s->theirs_map, c);
	}
	return 0;
}

/* --- what was chosen --- */

static void choose_key(struct settling *s, const char *what, const struct cid *cid, const char *rest)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

	strbuf_addf(&key, "%s/%s%s%s", what, cid->hex, *rest ? "/" : "", rest);
	hashmap_put(&s->chosen, key.buf, key.len, s);
}

/* Every key of either side that stands below the collection. */
static void choose_all(struct settling *s, const struct cid *cid)
{
	CLEANUP(strvec) struct strvec keys = STRVEC_INIT;
	char of[33];

	change_map_keys(&s->ours, &keys);
	change_map_keys(&s->theirs_map, &keys);
	for (size_t i = 0; i < keys.count; i++)
		if (listed_cid_of_key(keys.v[i], of) && !strcmp(of, cid->hex))
			hashmap_put(&s->chosen, keys.v[i], strlen(keys.v[i]), s);
}

static void choose_reference(struct settling *s, const struct cid *cid, const char *ref)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

	if (ref[0] == 'v' && strspn(ref + 1, "0123456789") == strlen(ref + 1) && ref[1]) {
		choose_key(s, "version", cid, ref + 1);
		choose_key(s, "link", cid, ref + 1);
		return;
	}
	alias_key(&key, cid, ref);
	hashmap_put(&s->chosen, key.buf, key.len, s);
}

static int choose_run(struct settling *s, const char *text, struct error *err)
{
	CLEANUP(run) struct run run = RUN_INIT;

	if (run_get(s->view, text, &run, err) < 0)
		return -1;
	choose_all(s, &run.cid);
	return 0;
}

/* NAME, NAME:REF or a run; the alias or number need not be there any more. */
static int choose_text(struct settling *s, const char *text, struct error *err)
{
	CLEANUP(ptr) char *name = xstrdup(text);
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	char *colon = strchr(name, ':');

	if (run_is_meant(text))
		return choose_run(s, text, err);
	if (colon)
		*colon = '\0';
	if (collection_get(s->view, name, &c, err) < 0)
		return -1;
	if (colon)
		choose_reference(s, &c.cid, colon + 1);
	else
		choose_all(s, &c.cid);
	return 0;
}

/* --- the plan --- */

static int settle(struct settling *s, struct merge_plan *plan, struct error *err)
{
	CLEANUP(change_map) struct change_map ours = CHANGE_MAP_INIT;
	bool all = !s->o->settle || !s->o->settle->count;
	char nothing[] = "";
	const struct change as = { .time = clock_now(), .user = s->reg->user, .host = s->reg->host, .verb = (char *)s->o->verb,
		.why = s->o->why ? (char *)s->o->why : nothing, .run = nothing, .key = nothing, .value = nothing };

	for (size_t i = 0; !all && i < s->o->settle->count; i++)
		if (choose_text(s, s->o->settle->v[i], err) < 0)
			return -1;
	merge_plan_apply(plan, &s->ours, NULL, &ours);
	return merge_settle(&ours, &s->theirs_map, s->o->winner, all ? NULL : &s->chosen, &as, plan, err);
}

static int make_plan(struct settling *s, struct merge_plan *plan, struct error *err)
{
	CLEANUP(merge) struct merge m = MERGE_INIT;

	if (merge_compare(&s->ours, &s->theirs_map, &s->withdrawn, &m, err) < 0 ||
	    renumber(&s->ours, &s->theirs_map, &s->offered, NULL, s->o->renumber, plan, err) < 0)
		return -1;
	return s->o->settles ? settle(s, plan, err) : 0;
}

int settle_plan(struct registry *reg, const struct listed *theirs, const struct settle_options *o, struct merge_plan *plan,
		struct journal_position *planned_at, struct error *err)
{
	CLEANUP(settling) struct settling s = { .reg = reg, .theirs = theirs, .o = o };

	registry_name_user(reg);
	s.view = registry_view(reg, err);
	if (!s.view)
		return -1;
	view_position(s.view, planned_at);
	if (read_ours(&s, err) < 0 || read_theirs(&s, err) < 0 || make_plan(&s, plan, err) < 0)
		return -1;
	registry_drop_view(reg);
	return 0;
}
