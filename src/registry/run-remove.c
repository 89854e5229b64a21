/* SPDX-License-Identifier: Apache-2.0 */
/* Tombstones for all keys of a run. */
#include <config.h>

#include "registry/run-remove.h"

#include <string.h>

#include "registry/commit.h"
#include "registry/run.h"
#include "registry/version.h"

struct removing {
	struct registry *reg;
	const struct run_removal *removal;
	struct strvec *removed;
};

static int check_state(const struct removing *r, struct view *v, const struct run *run, struct error *err)
{
	CLEANUP(run_info) struct run_info info = RUN_INFO_INIT;

	if (r->removal->force)
		return 0;
	if (run_info_read(r->reg, v, run, &info, err) < 0) {
		if (err->code != ERR_INTEGRITY)
			return -1;
		error_clear(err); /* a damaged one is removed for that very reason */
		return 0;
	}
	if (info.state != RUN_RUNNING)
		return 0;
	error_set(err, ERR_CONFLICT, "the run has not ended");
	return error_hint(err, "'mreg run finish %s' ends it; --force removes it as it is.", run->id.text);
}

static int collect_key(const char *key, const char *value, void *arg, struct error *err)
{
	(void)value;
	(void)err;
	strvec_push(arg, key);
	return 0;
}

static int remove_one(struct txn *txn, const struct removing *r, const struct run *run, struct error *err)
{
	static const char *const tables[] = { "input", "output", "version" };
	CLEANUP(strvec) struct strvec keys = STRVEC_INIT;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		strbuf_reset(&key);
		strbuf_addf(&key, "%s/%s/", tables[i], run->cid.hex);
		if (view_each(txn_view(txn), key.buf, collect_key, &keys, err) < 0)
			return -1;
	}
	strbuf_reset(&key);
	strbuf_addf(&key, "coll/%s", run->cid.hex);
	strvec_push(&keys, key.buf);
	for (size_t i = 0; i < keys.count; i++)
		if (txn_set(txn, keys.v[i], NULL, err) < 0)
			return -1;
	strvec_push(r->removed, run->id.text);
	return 0;
}

static bool is_listed(const struct strvec *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->v[i], text) == 0)
			return true;
	return false;
}

/* Every operand is looked up before anything goes, so that a prefix does not come to mean another run. */
static int find_all(struct txn *txn, const struct removing *r, struct strvec *ids, struct error *err)
{
	for (size_t i = 0; i < r->removal->runs->count; i++) {
		CLEANUP(run) struct run run = RUN_INIT;
		const char *text = r->removal->runs->v[i];

		if (run_get(txn_view(txn), text, &run, err) < 0 || check_state(r, txn_view(txn), &run, err) < 0)
			return error_wrap(err, "cannot remove '%s'", text);
		if (!is_listed(ids, run.id.text))
			strvec_push(ids, run.id.text);
	}
	return 0;
}

static int decide(struct txn *txn, void *arg, struct error *err)
{
	const struct removing *r = arg;
	CLEANUP(strvec) struct strvec ids = STRVEC_INIT;

	strvec_release(r->removed);
	if (find_all(txn, r, &ids, err) < 0)
		return -1;
	for (size_t i = 0; i < ids.count; i++) {
		CLEANUP(run) struct run run = RUN_INIT;

		if (run_get(txn_view(txn), ids.v[i], &run, err) < 0 || remove_one(txn, r, &run, err) < 0)
			return error_wrap(err, "cannot remove '%s'", ids.v[i]);
	}
	return 0;
}

/* Objects are locked before the journal, as in every verb.  The points of one that has not ended stay in their file until gc takes it. */
int run_remove(struct registry *reg, const struct run_removal *removal, struct strvec *removed, struct error *err)
{
	const struct commit commit = { .verb = "run rm", .why = removal->why, .dry_run = removal->dry_run, .tells_dry_run = true };
	struct removing r = { reg, removal, removed };

	return version_objects(reg, err) ? commit_run(reg, &commit, decide, &r, err) : -1;
}
