/* SPDX-License-Identifier: Apache-2.0 */
/* Sets, moves and removes aliases, each in one transaction that decides on the state under the lock. */
#include <config.h>

#include "registry/alias.h"

#include <inttypes.h>
#include <string.h>

#include "registry/commit.h"

int expect_parse(const char *text, bool allow_none, struct expect *out, struct error *err)
{
	unsigned long long number;

	*out = (struct expect){ .given = text != NULL };
	if (!text)
		return 0;
	if (allow_none && strcmp(text, "none") == 0) {
		out->none = true;
		return 0;
	}
	if (!name_is_version(text, strlen(text), &number))
		return error_set(err, ERR_USAGE, "--expect takes a version such as v3%s, not '%s'", allow_none ? ", or none" : "", text);
	out->number = number;
	return 0;
}

int alias_check(const char *alias, struct error *err)
{
	if (name_is_latest(alias, strlen(alias))) {
		error_set(err, ERR_INVALID, "'%s' cannot be set: it always is the highest version", alias);
		return error_hint(err, "Choose another alias, such as 'best' or 'current'.");
	}
	return name_check(NAME_ALIAS, alias, strlen(alias), err);
}

static int check_expected(const struct collection *c, const char *alias, const struct expect *expect, const struct alias_row *holder,
			  struct error *err)
{
	if (!expect || !expect->given)
		return 0;
	if (expect->none && !holder)
		return 0;
	if (!expect->none && holder && holder->number == expect->number)
		return 0;
	if (!holder)
		return error_set(err, ERR_CONFLICT, "'%s:%s' is not set, not v%" PRIu64 " as expected", c->name, alias, expect->number);
	if (expect->none)
		return error_set(err, ERR_CONFLICT, "'%s:%s' is v%" PRIu64 ", not unset as expected", c->name, alias, holder->number);
	return error_set(err, ERR_CONFLICT, "'%s:%s' is v%" PRIu64 ", not v%" PRIu64 " as expected", c->name, alias, holder->number, expect->number);
}

/* The holder of an alias as it is written: 1, 0; ERR_CONFLICT when it is there in another case. */
static int find_holder(struct view *v, const struct collection *c, const char *alias, struct alias_row *out, struct error *err)
{
	int found = alias_find(v, c, alias, out, err);

	if (found == 1 && strcmp(out->alias, alias) != 0)
		return error_set(err, ERR_CONFLICT, "'%s' has an alias '%s', which differs from '%s' only in case", c->name, out->alias, alias);
	return found;
}

int alias_set(struct txn *txn, const struct collection *c, const char *alias, const struct oid *version, const struct expect *expect,
	      struct error *err)
{
	CLEANUP(alias_row) struct alias_row holder = { NULL, { { 0 } }, 0 };
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = NULL;
	int found;

	if (alias_check(alias, err) < 0)
		return -1;
	found = find_holder(txn_view(txn), c, alias, &holder, err);
	if (found < 0 || check_expected(c, alias, expect, found ? &holder : NULL, err) < 0)
		return -1;
	if (found && oid_equal(&holder.version, version))
		return 0;
	alias_key(&key, &c->cid, alias);
	value = alias_value(alias, version);
	return txn_set(txn, key.buf, value, err);
}

struct move {
	const struct alias_change *change;
	struct resolved *out;
};

static int decide_move(struct txn *txn, void *arg, struct error *err)
{
	const struct move *move = arg;
	const struct strvec *aliases = move->change->aliases;

	resolved_cleanup(move->out);
	if (resolve_text(txn_view(txn), move->change->reference, move->out, err) < 0)
		return -1;
	for (size_t i = 0; i < aliases->count; i++)
		if (alias_set(txn, &move->out->collection, aliases->v[i], &move->out->row.version, &move->change->expect, err) < 0)
			return -1;
	return 0;
}

int alias_move(struct registry *reg, const struct alias_change *change, struct resolved *out, struct error *err)
{
	const struct commit commit = { .verb = "alias", .why = change->why, .dry_run = change->dry_run, .override = change->override };
	struct move move = { change, out };

	if (commit_run(reg, &commit, decide_move, &move, err) < 0)
		return error_wrap(err, "cannot set the alias of '%s'", change->reference);
	return 0;
}

static int remove_one(struct txn *txn, const char *text, const struct expect *expect, struct error *err)
{
	struct reference ref;
	CLEANUP(resolved) struct resolved target = RESOLVED_INIT;
	CLEANUP(alias_row) struct alias_row holder = { NULL, { { 0 } }, 0 };
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

	if (reference_parse(text, &ref, err) < 0)
		return -1;
	if (ref.kind == REFERENCE_LATEST)
		return error_set(err, ERR_INVALID, "'latest' always is the highest version");
	if (ref.kind != REFERENCE_ALIAS) {
		error_set(err, ERR_USAGE, "'%s' names no alias", text);
		return error_hint(err, "Say 'mreg alias -d %s:ALIAS'.", ref.name);
	}
	/* resolving says what is missing, with the aliases that exist */
	if (resolve_reference(txn_view(txn), &ref, &target, err) < 0 ||
	    alias_find(txn_view(txn), &target.collection, ref.alias, &holder, err) < 0 ||
	    check_expected(&target.collection, ref.alias, expect, &holder, err) < 0)
		return -1;
	alias_key(&key, &target.collection.cid, ref.alias);
	return txn_set(txn, key.buf, NULL, err);
}

static int decide_removal(struct txn *txn, void *arg, struct error *err)
{
	const struct alias_removal *removal = arg;

	for (size_t i = 0; i < removal->references->count; i++)
		if (remove_one(txn, removal->references->v[i], &removal->expect, err) < 0)
			return error_wrap(err, "cannot remove '%s'", removal->references->v[i]);
	return 0;
}

int alias_remove(struct registry *reg, const struct alias_removal *removal, struct error *err)
{
	const struct commit commit = { .verb = "alias", .why = removal->why, .dry_run = removal->dry_run, .override = removal->override };
	struct alias_removal copy = *removal;

	return commit_run(reg, &commit, decide_removal, &copy, err);
}
