/* SPDX-License-Identifier: Apache-2.0 */
/* Promotes versions to stages and rolls them back. */
#include <config.h>

#include "registry/stage.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "registry/commit.h"

#define ARCHIVE "archived"
#define ROLLBACK_VERB "rollback"

void stage_result_cleanup(struct stage_result *r)
{
	resolved_cleanup(&r->version);
}

static int check_stage(const struct strvec *stages, const char *stage, struct error *err)
{
	CLEANUP(strbuf) struct strbuf list = STRBUF_INIT;
	long nearest;

	if (strvec_has(stages, stage))
		return 0;
	for (size_t i = 0; i < stages->count; i++)
		strbuf_addf(&list, "%s%s", i ? ", " : "", stages->v[i]);
	error_set(err, ERR_USAGE, "'%s' is no stage: they are %s", stage, list.buf);
	nearest = suggest_nearest(stage, (const char *const *)stages->v, stages->count);
	if (nearest >= 0)
		return error_hint(err, "Did you mean '%s'?", stages->v[nearest]);
	return error_hint(err, "'stage.list' of the configuration names the stages; 'mreg alias' sets any alias.");
}

/* ---- promotion ---- */

struct promoting {
	const struct stage_promotion *promotion;
	struct stage_result *out;
	bool drop_is_unset;      /* nothing holds what was to be dropped */
	uint64_t drop_holder;    /* another one does */
	bool drop_is_another;
};

static int drop(struct txn *txn, struct promoting *p, struct error *err)
{
	const struct collection *c = &p->out->version.collection;
	const char *stage = p->promotion->drop_from;
	CLEANUP(alias_row) struct alias_row holder = { NULL, { { 0 } }, 0 };
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	int found = alias_find(txn_view(txn), c, stage, &holder, err);

	if (found < 0)
		return -1;
	p->drop_is_unset = !found;
	p->drop_is_another = found && !oid_equal(&holder.version, &p->out->version.row.version);
	p->drop_holder = holder.number;
	p->out->dropped = found && !p->drop_is_another;
	if (!p->out->dropped)
		return 0;
	alias_key(&key, &c->cid, stage);
	return txn_set(txn, key.buf, NULL, err);
}

static int decide_promotion(struct txn *txn, void *arg, struct error *err)
{
	struct promoting *p = arg;
	const struct stage_promotion *promotion = p->promotion;
	struct resolved *version = &p->out->version;
	CLEANUP(alias_row) struct alias_row holder = { NULL, { { 0 } }, 0 };
	int found;

	resolved_cleanup(version);
	p->out->dropped = p->out->archived = p->drop_is_unset = p->drop_is_another = false;
	if (resolve_text(txn_view(txn), promotion->reference, version, err) < 0)
		return -1;
	found = alias_find(txn_view(txn), &version->collection, promotion->stage, &holder, err);
	if (found < 0 || alias_set(txn, &version->collection, promotion->stage, &version->row.version, &promotion->expect, err) < 0)
		return -1;
	p->out->has_previous = found && !oid_equal(&holder.version, &version->row.version);
	p->out->previous = holder.number;
	if (promotion->drop_from && drop(txn, p, err) < 0)
		return -1;
	p->out->archived = promotion->archive_previous && p->out->has_previous;
	return p->out->archived ? alias_set(txn, &version->collection, ARCHIVE, &holder.version, NULL, err) : 0;
}

static int check_promotion(struct registry *reg, const struct stage_promotion *p, struct error *err)
{
	CLEANUP(strvec) struct strvec stages = STRVEC_INIT;

	if (config_stages(reg->config, &stages, err) < 0 || check_stage(&stages, p->stage, err) < 0)
		return -1;
	if (p->drop_from && check_stage(&stages, p->drop_from, err) < 0)
		return error_wrap(err, "--drop-from");
	if (p->drop_from && strcmp(p->drop_from, p->stage) == 0)
		return error_set(err, ERR_USAGE, "--drop-from '%s' would take away what the promotion gives", p->stage);
	if (p->archive_previous && strcmp(p->stage, ARCHIVE) == 0)
		return error_set(err, ERR_USAGE, "--archive-previous gives the alias '%s', to which this promotes another version", ARCHIVE);
	return 0;
}

static void say_what_stayed(struct registry *reg, const struct promoting *p)
{
	const char *name = p->out->version.collection.name, *stage = p->promotion->drop_from;

	if (p->drop_is_unset)
		report_note(reg->report, "'%s:%s' was not set, so nothing was dropped from it", name, stage);
	if (p->drop_is_another)
		report_note(reg->report, "'%s:%s' stays: it is v%" PRIu64, name, stage, p->drop_holder);
}

int stage_promote(struct registry *reg, const struct stage_promotion *promotion, struct stage_result *out, struct error *err)
{
	const struct commit commit = {
		.verb = "promote", .why = promotion->why, .dry_run = promotion->dry_run, .override = promotion->override,
	};
	struct promoting p = { .promotion = promotion, .out = out };

	if (check_promotion(reg, promotion, err) < 0 || commit_run(reg, &commit, decide_promotion, &p, err) < 0)
		return error_wrap(err, "cannot promote '%s'", promotion->reference);
	say_what_stayed(reg, &p);
	return 0;
}

/* ---- rollback ---- */

/* The changes of one key from the newest back to the first, by first parents. */
struct chain {
	struct change *v;
	size_t count, cap;
};

static void chain_cleanup(struct chain *chain)
{
	for (size_t i = 0; i < chain->count; i++)
		change_cleanup(&chain->v[i]);
	free(chain->v);
}

static int read_chain(struct view *v, const char *key, struct chain *out, struct error *err)
{
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	struct oid at;

	if (view_heads(v, key, &heads, err) < 0)
		return -1;
	if (!heads.count)
		return 0;
	for (at = heads.v[0].id;; at = out->v[out->count - 1].parents[0]) {
		struct change c = { .key = NULL };
		int found = view_change(v, &at, &c, err);

		if (found < 0)
			return -1;
		if (!found)
			return error_set(err, ERR_INTEGRITY, "the journal has no change %.12s, which a later one names", oid_hex(&at).text);
		ARRAY_GROW(out->v, out->count + 1, out->cap);
		out->v[out->count++] = c;
		if (!c.parent_count)
			return 0;
	}
}

/* Versions, the present holder on top.  Neighbours differ. */
struct stack {
	struct oid *v;
	size_t count, cap;
	bool is_unset; /* the alias was removed: nothing holds it now, and the top is what did */
};

static void stack_cleanup(struct stack *stack)
{
	free(stack->v);
}

static void push(struct stack *stack, const struct oid *version)
{
	if (stack->count && oid_equal(&stack->v[stack->count - 1], version))
		return;
	ARRAY_GROW(stack->v, stack->count + 1, stack->cap);
	stack->v[stack->count++] = *version;
}

/* Where a rollback to this version from the top leads: the nearest below that is it; SIZE_MAX: none is. */
static size_t find_below(const struct stack *stack, const struct oid *version)
{
	for (size_t i = stack->is_unset ? stack->count : stack->count ? stack->count - 1 : 0; i > 0; i--)
		if (oid_equal(&stack->v[i - 1], version))
			return i - 1;
	return SIZE_MAX;
}

static int take_change(struct stack *stack, const struct change *c, struct error *err)
{
	CLEANUP(json) json_t *doc = json_parse(c->value, strlen(c->value), c->key, err);
	struct oid version;
	size_t below;

	if (!doc)
		return -1;
	if (json_is_null(doc)) {
		stack->is_unset = true;
		return 0;
	}
	if (!json_get_oid(doc, "version", &version))
		return error_set(err, ERR_INTEGRITY, "a change of '%s' names no version", c->key);
	below = strcmp(c->verb, ROLLBACK_VERB) == 0 ? find_below(stack, &version) : SIZE_MAX;
	stack->is_unset = false;
	if (below == SIZE_MAX)
		push(stack, &version);
	else
		stack->count = below + 1;
	return 0;
}

static int read_stack(struct view *v, const struct cid *cid, const char *alias, struct stack *out, struct error *err)
{
	CLEANUP(chain) struct chain chain = { NULL, 0, 0 };
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

	alias_key(&key, cid, alias);
	if (read_chain(v, key.buf, &chain, err) < 0)
		return -1;
	for (size_t i = chain.count; i > 0; i--)
		if (take_change(out, &chain.v[i - 1], err) < 0)
			return -1;
	return 0;
}

struct rolling {
	const struct stage_rollback *rollback;
	struct reference ref;
	struct stage_result *out;
	struct strvec skipped; /* "v3" */
};

/* 1: version is live in c, and row is its; 0: it was removed. */
static int find_live(struct view *v, const struct collection *c, const struct oid *version, struct version_row *row, uint64_t *number,
		     struct error *err)
{
	int found = view_version_in(v, &c->cid, version, number, err);

	if (found == 1)
		found = view_version(v, &c->cid, *number, row, err);
	return found == 1 ? !row->removed : found;
}

static void skip(struct rolling *r, uint64_t number)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "v%" PRIu64, number);
	if (!strvec_has(&r->skipped, text.buf))
		strvec_push(&r->skipped, text.buf);
}

/* The place of the next holder below `from` that is live and another one than `top`: 1, 0 when there is none. */
static int next_holder(struct view *v, struct rolling *r, const struct stack *stack, const struct oid *top, size_t *from, struct error *err)
{
	struct resolved *version = &r->out->version;

	while (*from > 0) {
		const struct oid *candidate = &stack->v[--*from];
		uint64_t number = 0;
		int live = find_live(v, &version->collection, candidate, &version->row, &number, err);

		if (live < 0)
			return -1;
		if (!live)
			skip(r, number);
		else if (!top || !oid_equal(top, candidate))
			return 1;
	}
	return 0;
}

int stage_previous(struct view *v, const struct collection *c, const struct change *const *changes, size_t count, uint64_t *number,
		   struct error *err)
{
	CLEANUP(stack) struct stack stack = { NULL, 0, 0, false };
	struct version_row row;
	const struct oid *top;

	for (size_t i = count; i > 0; i--)
		if (take_change(&stack, changes[i - 1], err) < 0)
			return -1;
	top = stack.is_unset || !stack.count ? NULL : &stack.v[stack.count - 1];
	for (size_t i = stack.count; i > 0; i--) {
		int live;

		if (top && oid_equal(top, &stack.v[i - 1]))
			continue;
		live = find_live(v, c, &stack.v[i - 1], &row, number, err);
		if (live)
			return live;
	}
	return 0;
}

static int none_left(const struct rolling *r, uint64_t steps, struct error *err)
{
	const char *name = r->out->version.collection.name, *stage = r->ref.alias;

	if (steps)
		error_set(err, ERR_NO_REFERENCE, "'%s:%s' has only %" PRIu64 " earlier holder%s", name, stage, steps, steps == 1 ? "" : "s");
	else
		error_set(err, ERR_NO_REFERENCE, "'%s:%s' has no earlier holder%s", name, stage, r->skipped.count ? " that is still there" : "");
	return error_hint(err, "'mreg history %s:%s' shows all its moves.", name, stage);
}

/*
 * One change for all steps, if it can be read as such later: a rollback leads to the nearest holder that is the version it names.  Else each step is a
 * change of its own.
 */
static int set_path(struct txn *txn, struct rolling *r, const struct stack *stack, const size_t *path, size_t count, struct error *err)
{
	const struct collection *c = &r->out->version.collection;
	size_t last = path[count - 1];
	bool in_one = find_below(stack, &stack->v[last]) == last && !(count > 1 && !stack->is_unset && oid_equal(&stack->v[stack->count - 1], &stack->v[last]));

	for (size_t i = in_one ? count - 1 : 0; i < count; i++)
		if (alias_set(txn, c, r->ref.alias, &stack->v[path[i]], i == (in_one ? count - 1 : 0) ? &r->rollback->expect : NULL, err) < 0)
			return -1;
	return 0;
}

static int roll(struct txn *txn, struct rolling *r, const struct stack *stack, struct error *err)
{
	const struct oid *top = stack->is_unset || !stack->count ? NULL : &stack->v[stack->count - 1];
	size_t from = top ? stack->count - 1 : stack->count, done = 0;
	CLEANUP(ptr) size_t *path = xcalloc(stack->count + 1, sizeof *path);

	for (; done < r->rollback->steps; done++) {
		int found = next_holder(txn_view(txn), r, stack, top, &from, err);

		if (found <= 0)
			return found < 0 ? -1 : none_left(r, done, err);
		path[done] = from;
		top = &stack->v[from];
	}
	return set_path(txn, r, stack, path, done, err);
}

static int decide_rollback(struct txn *txn, void *arg, struct error *err)
{
	struct rolling *r = arg;
	struct resolved *version = &r->out->version;
	CLEANUP(alias_row) struct alias_row holder = { NULL, { { 0 } }, 0 };
	CLEANUP(stack) struct stack stack = { NULL, 0, 0, false };
	int found;

	resolved_cleanup(version);
	strvec_release(&r->skipped);
	r->skipped = (struct strvec)STRVEC_INIT;
	if (collection_get(txn_view(txn), r->ref.name, &version->collection, err) < 0 ||
	    read_stack(txn_view(txn), &version->collection.cid, r->ref.alias, &stack, err) < 0)
		return -1;
	if (!stack.count) {
		collection_cleanup(&version->collection);
		return resolve_reference(txn_view(txn), &r->ref, version, err) < 0 ? -1 : error_set(err, ERR_NO_REFERENCE, "it has no past");
	}
	found = alias_find(txn_view(txn), &version->collection, r->ref.alias, &holder, err);
	if (found < 0)
		return -1;
	r->out->has_previous = found;
	r->out->previous = holder.number;
	return roll(txn, r, &stack, err);
}

static int check_rollback(struct registry *reg, struct rolling *r, struct error *err)
{
	CLEANUP(strvec) struct strvec stages = STRVEC_INIT;

	if (reference_parse(r->rollback->reference, &r->ref, err) < 0 || config_stages(reg->config, &stages, err) < 0)
		return -1;
	if (r->ref.kind != REFERENCE_ALIAS) {
		error_set(err, ERR_USAGE, "'%s' names no stage", r->rollback->reference);
		return error_hint(err, "Say 'mreg rollback %s:STAGE'.", r->ref.name);
	}
	if (check_stage(&stages, r->ref.alias, err) < 0)
		return -1;
	return r->rollback->steps ? 0 : error_set(err, ERR_USAGE, "--steps must be at least 1");
}

static void say_what_was_skipped(struct registry *reg, const struct rolling *r)
{
	CLEANUP(strbuf) struct strbuf list = STRBUF_INIT;

	for (size_t i = 0; i < r->skipped.count; i++)
		strbuf_addf(&list, "%s%s", i ? ", " : "", r->skipped.v[i]);
	if (r->skipped.count)
		report_note(reg->report, "skipped, since it was removed: %s", list.buf);
}

static int rollback(struct registry *reg, struct rolling *r, struct error *err)
{
	const struct commit commit = {
		.verb = ROLLBACK_VERB, .why = r->rollback->why, .dry_run = r->rollback->dry_run, .override = r->rollback->override,
	};

	if (check_rollback(reg, r, err) < 0 || commit_run(reg, &commit, decide_rollback, r, err) < 0)
		return error_wrap(err, "cannot roll back '%s'", r->rollback->reference);
	say_what_was_skipped(reg, r);
	return 0;
}

int stage_rollback(struct registry *reg, const struct stage_rollback *how, struct stage_result *out, struct error *err)
{
	struct rolling r = { .rollback = how, .out = out, .skipped = STRVEC_INIT };
	int result = rollback(reg, &r, err);

	strvec_release(&r.skipped);
	return result;
}
