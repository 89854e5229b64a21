/* SPDX-License-Identifier: Apache-2.0 */
/* Marks versions as absent and has what only they needed collected. */
#include <config.h>

#include "registry/drop.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "registry/absent.h"
#include "registry/commit.h"
#include "registry/gc.h"
#include "registry/resolve.h"

void drop_list_cleanup(struct drop_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->v[i].ref);
	free(list->v);
	*list = (struct drop_list)DROP_LIST_INIT;
}

/* ---- which ---- */

static bool has_version(const struct drop_list *list, const struct oid *version)
{
	for (size_t i = 0; i < list->count; i++)
		if (oid_equal(&list->v[i].version, version))
			return true;
	return false;
}

static int choose_one(struct view *v, const char *text, struct drop_list *out, struct error *err)
{
	CLEANUP(resolved) struct resolved version = RESOLVED_INIT;
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	struct reference ref;

	if (reference_parse(text, &ref, err) < 0)
		return -1;
	if (ref.kind == REFERENCE_BARE) {
		error_set(err, ERR_USAGE, "'%s' names a whole collection, not one of its versions", text);
		return error_hint(err, "Say '%s:latest', or '%s:vN'.", text, text);
	}
	if (resolve_reference(v, &ref, &version, err) < 0)
		return -1;
	if (has_version(out, &version.row.version))
		return 0;
	resolved_name(&name, &version);
	ARRAY_GROW(out->v, out->count + 1, out->cap);
	out->v[out->count++] = (struct drop_item){
		.ref = strbuf_detach(&name), .version = version.row.version, .digest = version.row.digest, .size = version.row.size,
	};
	return 0;
}

int drop_choose(struct registry *reg, const struct strvec *refs, struct drop_list *out, struct error *err)
{
	struct view *v = registry_view(reg, err);

	for (size_t i = 0; v && i < refs->count; i++)
		if (choose_one(v, refs->v[i], out, err) < 0)
			return -1;
	return v ? 0 : -1;
}

/* ---- doing it ---- */

struct decision {
	const struct drop_list *list;
	const struct drop_change *change;
};

static int note_live(const struct cid *cid, uint64_t number, bool is_link, bool is_live, void *arg, struct error *err)
{
	(void)cid;
	(void)number;
	(void)is_link;
	(void)err;
	*(bool *)arg = is_live;
	return is_live;
}

static int decide(struct txn *txn, void *arg, struct error *err)
{
	const struct decision *d = arg;

	for (size_t i = 0; i < d->list->count; i++) {
		const struct drop_item *item = &d->list->v[i];
		bool is_live = false;

		if (view_each_place(txn_view(txn), &item->version, note_live, &is_live, err) < 0)
			return -1;
		if (!is_live)
			return error_set(err, ERR_NO_REFERENCE, "'%s' was removed meanwhile", item->ref);
		if (absent_set(txn, &item->version, d->change->remote, err) < 0)
			return -1;
	}
	return 0;
}

static int collect(struct registry *reg, const struct hashmap *dropped, const struct gc_options *how, uint64_t *freed, struct error *err)
{
	CLEANUP(gc_result) struct gc_result result = GC_RESULT_INIT;
	const struct gc_options options = { .act = how->act, .at_once = how->at_once, .dropped = dropped };
	int rc = gc_run(reg, &options, &result, err);

	*freed = result.bytes;
	return rc;
}

static int check_held(const struct drop_list *list, const struct drop_change *change, struct error *err)
{
	CLEANUP(strvec) struct strvec versions = STRVEC_INIT;
	CLEANUP(ptr) bool *complete = xcalloc(list->count + 1, sizeof *complete);

	for (size_t i = 0; i < list->count; i++)
		strvec_push(&versions, oid_hex(&list->v[i].version).text);
	if (change->ask(&versions, complete, change->arg, err) < 0)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		if (complete[i])
			continue;
		error_set(err, ERR_POLICY, "'%s' does not have '%s' in full", change->remote, list->v[i].ref);
		return error_hint(err, "Push it first: 'mreg push %s %s'.", change->remote, list->v[i].ref);
	}
	return 0;
}

static int mark(struct registry *reg, const struct drop_list *list, const struct drop_change *change, struct error *err)
{
	const struct commit commit = { .verb = "drop", .why = change->why, .dry_run = change->dry_run };
	CLEANUP(lock) struct lock lock = LOCK_INIT;
	struct store *store = reg->store;
	struct decision d = { list, change };

	if (lock_take(&lock, store->dir, LOCK_DROP, true, store->lock_timeout_ms, store->verb, err) < 0 || check_held(list, change, err) < 0)
		return -1;
	return commit_run(reg, &commit, decide, &d, err);
}

struct absent_list {
	const struct hashmap *kept;
	struct hashmap *dropped;
};

static int take_absent(const char *key, const char *value, void *arg, struct error *err)
{
	struct absent_list *list = arg;
	const char *id = strchr(key, '/') + 1;
	struct oid version;

	(void)value;
	(void)err;
	if (oid_parse(id, strlen(id), &version) && !(list->kept && hashmap_has(list->kept, &version, OID_LEN)))
		hashmap_put(list->dropped, &version, OID_LEN, list);
	return 0;
}

/* What is here of versions that are absent is here by chance, and must not keep what this command is to free. */
static int add_absent(struct registry *reg, const struct hashmap *kept, struct hashmap *dropped, struct error *err)
{
	struct absent_list list = { kept, dropped };
	struct view *v = registry_view(reg, err);
	int rc = v ? view_each(v, "absent/", take_absent, &list, err) : -1;

	registry_drop_view(reg);
	return rc;
}

int drop_run(struct registry *reg, const struct drop_list *list, const struct drop_change *change, uint64_t *freed, struct error *err)
{
	CLEANUP(hashmap) struct hashmap dropped = HASHMAP_INIT;

	*freed = 0;
	for (size_t i = 0; i < list->count; i++)
		hashmap_put(&dropped, &list->v[i].version, OID_LEN, reg);
	registry_drop_view(reg);
	if (mark(reg, list, change, err) < 0)
		return -1;
	if (add_absent(reg, NULL, &dropped, err) == 0 && collect(reg, &dropped, &(struct gc_options){ .act = !change->dry_run }, freed, err) == 0)
		return 0;
	if (change->dry_run || err->code == ERR_INTERRUPTED)
		return -1;
	report_warning(reg->report, "the files count as absent, but are not freed yet: %s; drop them again for that", err->text);
	error_clear(err);
	return 0;
}

int drop_absent(struct registry *reg, const struct hashmap *kept, uint64_t *freed, struct error *err)
{
	CLEANUP(hashmap) struct hashmap dropped = HASHMAP_INIT;

	*freed = 0;
	if (add_absent(reg, kept, &dropped, err) < 0)
		return -1;
	return collect(reg, &dropped, &(struct gc_options){ .act = true, .at_once = true }, freed, err);
}
