/* SPDX-License-Identifier: Apache-2.0 */
/* Decides under the lock whether changes from elsewhere fit, and takes them over. */
#include <config.h>

#include "registry/receive.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "registry/absent.h"
#include "registry/commit.h"
#include "registry/protect.h"
#include "registry/receive-internal.h"

#define NAMED_MAX 3 /* keys that a message names */

void receive_result_cleanup(struct receive_result *r)
{
	ref_changes_cleanup(&r->refs);
	strvec_release(&r->diverged);
	strvec_release(&r->differences);
	*r = (struct receive_result)RECEIVE_RESULT_INIT;
}

struct receiving {
	struct registry *reg;
	const struct receive *r;
	const struct commit *commit;
	struct hashmap parents; /* ids that a change names as a parent → the change, when it comes along */
	bool denies_deletes;
	receive_look_fn look; /* may be NULL */
	void *look_arg;
	struct receive_result *out;
};

static void receiving_cleanup(struct receiving *x)
{
	hashmap_cleanup(&x->parents);
}

/* ---- what comes ---- */

static int check_changes(struct receiving *x, struct error *err)
{
	const struct changes *all = x->r->changes;

	for (size_t i = 0; i < all->count; i++) {
		if (receive_check_change(&all->v[i], err) < 0)
			return -1;
		for (size_t p = 0; p < all->v[i].parent_count; p++)
			hashmap_put(&x->parents, all->v[i].parents[p].raw, OID_LEN, NULL);
	}
	for (size_t i = 0; i < all->count; i++)
		if (hashmap_has(&x->parents, all->v[i].id.raw, OID_LEN))
			hashmap_put(&x->parents, all->v[i].id.raw, OID_LEN, &all->v[i]);
	return 0;
}

static int check_parent(struct txn *txn, const struct receiving *x, const struct change *c, const struct oid *parent, struct error *err)
{
	CLEANUP(change) struct change here = { .key = NULL };
	const struct change *coming = hashmap_find(&x->parents, parent->raw, OID_LEN);
	int known = coming ? 1 : view_change(txn_view(txn), parent, &here, err);

	if (known <= 0)
		return known; /* which txn_add() has a word for */
	if (strcmp(coming ? coming->key : here.key, c->key) == 0)
		return 0;
	return error_set(err, ERR_INTEGRITY, "a change of '%s' follows one of another key", c->key);
}

static int add_theirs(struct txn *txn, const struct receiving *x, struct error *err)
{
	const struct changes *all = x->r->changes;

	for (size_t i = 0; i < all->count; i++) {
		const struct change *c = &all->v[i];
		int added = txn_add(txn, c, err);

		for (size_t p = 0; added == 1 && p < c->parent_count; p++)
			if (check_parent(txn, x, c, &c->parents[p], err) < 0)
				return -1;
		if (added < 0)
			return -1;
		x->out->has_changed |= added;
	}
	return 0;
}

static int check_plan(struct txn *txn, const struct receiving *x, struct error *err)
{
	struct journal_position now;

	if (!x->r->plan)
		return 0;
	txn_position(txn, &now);
	if (now.seq == x->r->planned_at->seq && oid_equal(&now.sum, &x->r->planned_at->sum))
		return 0;
	x->out->is_stale = true;
	return error_set(err, ERR_CONFLICT, "the registry keeps changing while both sides are put together");
}

static int add_planned(struct txn *txn, const struct receiving *x, struct error *err)
{
	const struct merge_plan *plan = x->r->plan;

	for (size_t i = 0; plan && i < plan->made_count; i++) {
		int added = txn_add_own(txn, plan->made[i], err);

		if (added < 0)
			return -1;
		x->out->has_changed |= added;
	}
	return 0;
}

/* ---- what does not fit ---- */

static int refuse_diverged(struct txn *txn, const struct receiving *x, struct error *err)
{
	const struct strvec *keys = &x->out->diverged;
	CLEANUP(strbuf) struct strbuf names = STRBUF_INIT;

	for (size_t i = 0; i < keys->count && i < NAMED_MAX; i++) {
		strbuf_adds(&names, i ? ", '" : "'");
		if (ref_change_name(txn_view(txn), keys->v[i], &names, err) < 0)
			return -1;
		strbuf_addc(&names, '\'');
	}
	if (keys->count > NAMED_MAX)
		strbuf_addf(&names, " and %zu more", keys->count - NAMED_MAX);
	if (x->r->is_push) {
		error_set(err, ERR_CONFLICT, "%s %s diverged", names.buf, keys->count == 1 ? "has" : "have");
		return error_hint(err, "'mreg pull' first: there it can be settled.");
	}
	if (receive_tell_differences(txn, keys, &x->out->differences, err) < 0)
		return -1;
	error_set(err, ERR_CONFLICT, "%s %s diverged", names.buf, keys->count == 1 ? "has" : "have");
	return error_hint(err, "'mreg pull --ours' or '--theirs' settles it, '--renumber' moves versions that nobody else has seen.");
}

static int check_diverged(struct txn *txn, const struct receiving *x, struct error *err)
{
	CLEANUP(divergence) struct divergence d = DIVERGENCE_INIT(txn, x->r, &x->out->diverged);

	if (receive_find_diverged(&d, err) < 0)
		return -1;
	return x->out->diverged.count ? refuse_diverged(txn, x, err) : 0;
}

static int deny_delete(const char *key, const char *before, const char *after, bool is_new, void *arg, struct error *err)
{
	static const char *const tables[] = { "alias/", "coll/", "link/", "version/" };
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;

	(void)is_new;
	if (!before || after)
		return 0;
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		if (strncmp(key, tables[i], strlen(tables[i])) != 0)
			continue;
		if (ref_change_name(txn_view(arg), key, &name, err) < 0)
			return -1;
		error_set(err, ERR_POLICY, "'%s' would be removed, which this registry does not let others do", name.buf);
		return error_hint(err, "receive.denyDeletes of its configuration says so.");
	}
	return 0;
}

/* ---- what is this registry's own ---- */

static int set_absent(struct txn *txn, const struct strvec *versions, const char *remote, bool is_absent, struct error *err)
{
	struct oid id;

	for (size_t i = 0; versions && i < versions->count; i++) {
		if (!oid_parse(versions->v[i], strlen(versions->v[i]), &id))
			return error_set(err, ERR_INTEGRITY, "'%s' is no id of a version", versions->v[i]);
		if ((is_absent ? absent_set(txn, &id, remote, err) : absent_clear(txn, &id, err)) < 0)
			return -1;
	}
	return 0;
}

static int set_shallow(struct txn *txn, const struct strvec *cids, bool is_shallow, struct error *err)
{
	struct cid cid;

	for (size_t i = 0; cids && i < cids->count; i++) {
		if (strlen(cids->v[i]) != CID_HEX_LEN)
			return error_set(err, ERR_INTEGRITY, "'%s' is no id of a collection", cids->v[i]);
		memcpy(cid.hex, cids->v[i], CID_HEX_LEN + 1);
		if (absent_set_shallow(txn, &cid, is_shallow, err) < 0)
			return -1;
	}
	return 0;
}

/* One of which all is here stays whole when a part of it comes. */
static int find_unknown(struct view *v, const struct strvec *cids, struct strvec *out, struct error *err)
{
	for (size_t i = 0; cids && i < cids->count; i++) {
		CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
		CLEANUP(heads) struct heads heads = HEADS_INIT;

		strbuf_addf(&key, "coll/%s", cids->v[i]);
		if (view_heads(v, key.buf, &heads, err) < 0)
			return -1;
		if (!heads.count)
			strvec_push(out, cids->v[i]);
	}
	return 0;
}

static int set_own(struct txn *txn, const struct receive *r, const struct strvec *shallow, struct error *err)
{
	if (set_shallow(txn, shallow, true, err) < 0 || set_shallow(txn, r->whole, false, err) < 0)
		return -1;
	return set_absent(txn, r->absent, r->remote, true, err) < 0 ? -1 : set_absent(txn, r->present, "", false, err);
}

/* ---- the decision ---- */

static int decide(struct txn *txn, void *arg, struct error *err)
{
	struct receiving *x = arg;
	const struct receive *r = x->r;
	CLEANUP(strvec) struct strvec shallow = STRVEC_INIT;

	receive_result_cleanup(x->out);
	txn_position(txn, &x->out->begin);
	if (check_plan(txn, x, err) < 0 || find_unknown(txn_view(txn), r->shallow, &shallow, err) < 0)
		return -1;
	x->out->has_changed = r->plan && r->plan->withdrawn_count;
	if (r->plan && txn_withdraw(txn, r->plan->withdrawn, r->plan->withdrawn_count, err) < 0)
		return -1;
	if (add_theirs(txn, x, err) < 0 || add_planned(txn, x, err) < 0 || check_diverged(txn, x, err) < 0)
		return -1;
	if (x->denies_deletes && txn_each_change(txn, deny_delete, txn, err) < 0)
		return -1;
	if (set_own(txn, r, &shallow, err) < 0 || ref_changes_of_txn(txn, &x->out->refs, err) < 0)
		return -1;
	txn_position(txn, &x->out->end);
	return x->look ? x->look(txn_view(txn), x->look_arg, err) : 0;
}

static int rehearse(struct txn *txn, void *arg, struct error *err)
{
	const struct receiving *x = arg;

	if (x->r->is_push)
		return decide(txn, arg, err) < 0 ? -1 : protect_guard(txn, x->commit, err);
	return decide(txn, arg, err);
}

static struct commit commit_of(const struct receive *r)
{
	return (struct commit){ .verb = r->verb, .why = r->why && *r->why ? r->why : NULL, .dry_run = r->dry_run, .tells_dry_run = true,
				.override = r->override, .by = r->by, .is_heeded = !r->is_push, .expected = r->changes->count };
}

static int begin(struct receiving *x, struct error *err)
{
	if (!x->r->by || !*x->r->by || (x->r->plan && !x->r->planned_at))
		BUG("what is received has no sender, or a plan no state");
	if (x->r->is_push && config_get_bool(x->reg->config, "receive.denyDeletes", false, &x->denies_deletes, err) < 0)
		return -1;
	return check_changes(x, err);
}

int receive_commit(struct registry *reg, const struct receive *r, struct receive_result *out, struct error *err)
{
	struct commit commit = commit_of(r);
	CLEANUP(receiving) struct receiving x = { .reg = reg, .r = r, .commit = &commit, .parents = HASHMAP_INIT, .out = out };
	struct journal_position end = { .seq = 0 };

	commit.end = &end;
	if (begin(&x, err) < 0 || commit_run(reg, &commit, decide, &x, err) < 0)
		return -1;
	out->end = end;
	return 0;
}

int receive_rehearse(struct registry *reg, const struct receive *r, receive_look_fn look, void *arg, struct receive_result *out, struct error *err)
{
	const struct commit commit = commit_of(r);
	CLEANUP(receiving) struct receiving x = { .reg = reg, .r = r, .commit = &commit, .parents = HASHMAP_INIT, .look = look, .look_arg = arg, .out = out };
	struct txn_info info = registry_txn_info(reg, r->verb, commit.why, true);

	registry_drop_view(reg);
	info.by = r->by;
	info.expected = commit.expected;
	return begin(&x, err) < 0 ? -1 : txn_run(reg->store, &info, rehearse, &x, err);
}
