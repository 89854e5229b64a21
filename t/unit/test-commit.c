/* SPDX-License-Identifier: Apache-2.0 */
/* Protections hold whatever a transaction is made of, and are those of the state before it. */
#include <config.h>

#include "registry/commit.h"

#include "registry/alias.h"
#include "registry/collection.h"
#include "tap.h"

static struct error err;
static struct config config = CONFIG_INIT;
static struct registry *reg;
static struct collection artifact = { .name = (char *)"m", .type = (char *)"model" };
static struct collection model = { .name = (char *)"r", .type = (char *)"model", .is_model = true };

static struct oid version_id(uint64_t number)
{
	struct oid id = { { 0 } };

	id.raw[0] = 1;
	id.raw[1] = (uint8_t)number;
	return id;
}

static int set_row(struct txn *txn, const char *table, const struct collection *c, uint64_t number, bool is_removed, struct error *e)
{
	const struct version_row row = { .number = number, .version = version_id(number), .digest = version_id(number) };
	CLEANUP(json) json_t *value = is_removed ? NULL : version_value(&row);
	char key[100];

	snprintf(key, sizeof key, "%s/%s/%d", table, c->cid.hex, (int)number);
	return txn_set(txn, key, value, e);
}

static int protect(struct txn *txn, const struct collection *c, const char *alias, const json_t *value, struct error *e)
{
	char key[100];

	snprintf(key, sizeof key, "protect/%s/%s", c->cid.hex, alias);
	return txn_set(txn, key, value, e);
}

static int set_alias(struct txn *txn, const struct collection *c, uint64_t number, struct error *e)
{
	const struct oid id = version_id(number);

	return alias_set(txn, c, "best", &id, NULL, e);
}

static int remove_alias(struct txn *txn, const struct collection *c, struct error *e)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

	alias_key(&key, &c->cid, "best");
	return txn_set(txn, key.buf, NULL, e);
}

/* m:v0 to v2 and r:v0, v1, which are m:v0 and v1; best is v0 of each and protected; in m a reason suffices to move it. */
static int fill(struct txn *txn, void *arg, struct error *e)
{
	CLEANUP(json) json_t *strict = json_pack("{s:s, s:b}", "alias", "best", "reason", 0);
	CLEANUP(json) json_t *lenient = json_pack("{s:s, s:b}", "alias", "best", "reason", 1);

	(void)arg;
	if (collection_create(txn, &artifact, e) < 0 || collection_create(txn, &model, e) < 0)
		return -1;
	for (uint64_t i = 0; i < 3; i++)
		if (set_row(txn, "version", &artifact, i, false, e) < 0 || (i < 2 && set_row(txn, "link", &model, i, false, e) < 0))
			return -1;
	if (set_alias(txn, &artifact, 0, e) < 0 || set_alias(txn, &model, 0, e) < 0)
		return -1;
	return protect(txn, &artifact, "best", lenient, e) < 0 ? -1 : protect(txn, &model, "best", strict, e);
}

enum what { MOVE, MOVE_LINK, REMOVE, UNPROTECT_AND_MOVE, MOVE_AND_BACK, UNLINK, DELETE, DELETE_ANOTHER, END, PROTECT_NEW_AND_SET };

static int end_model(struct txn *txn, struct error *e)
{
	char key[100];

	if (remove_alias(txn, &model, e) < 0 || set_row(txn, "link", &model, 0, true, e) < 0 || set_row(txn, "link", &model, 1, true, e) < 0)
		return -1;
	snprintf(key, sizeof key, "coll/%s", model.cid.hex);
	return txn_set(txn, key, NULL, e);
}

static int protect_and_set(struct txn *txn, struct error *e)
{
	CLEANUP(json) json_t *value = json_pack("{s:s, s:b}", "alias", "new", "reason", 0);
	const struct oid id = version_id(1);

	return protect(txn, &model, "new", value, e) < 0 ? -1 : alias_set(txn, &model, "new", &id, NULL, e);
}

static int decide(struct txn *txn, void *arg, struct error *e)
{
	switch (*(enum what *)arg) {
	case MOVE:
		return set_alias(txn, &artifact, 1, e);
	case MOVE_LINK:
		return set_alias(txn, &model, 1, e);
	case REMOVE:
		return remove_alias(txn, &artifact, e);
	case UNPROTECT_AND_MOVE:
		return protect(txn, &model, "best", NULL, e) < 0 ? -1 : set_alias(txn, &model, 1, e);
	case MOVE_AND_BACK:
		return set_alias(txn, &model, 1, e) < 0 ? -1 : set_alias(txn, &model, 0, e);
	case UNLINK:
		return remove_alias(txn, &model, e) < 0 ? -1 : set_row(txn, "link", &model, 0, true, e);
	case DELETE:
		return set_alias(txn, &artifact, 2, e) < 0 ? -1 : set_row(txn, "version", &artifact, 0, true, e);
	case DELETE_ANOTHER:
		return set_row(txn, "version", &artifact, 2, true, e);
	case END:
		return end_model(txn, e);
	case PROTECT_NEW_AND_SET:
		return protect_and_set(txn, e);
	}
	return -1;
}

static void expect(enum what what, bool override, const char *why, const char *want, const char *name)
{
	const struct commit commit = { .verb = "test", .why = why, .override = override, .dry_run = true };

	error_clear(&err);
	if (commit_run(reg, &commit, decide, &what, &err) == 0)
		is_str("done", want, name);
	else
		is_str(err.text, want, name);
}

static void test_artifact(void)
{
	expect(MOVE, false, NULL, "'m:best' is protected", "a protected alias does not move");
	is_str(err.hint, "Say why: -m WHY.", "and it is said what would help");
	expect(MOVE, false, "", "'m:best' is protected", "an empty reason is none");
	expect(MOVE, false, "why", "done", "a reason suffices where it is said so");
	expect(REMOVE, false, "why", "'m:best' is protected from being removed", "but not to remove it");
	expect(REMOVE, true, NULL, "'m:best' is protected from being removed", "to override takes a reason");
	expect(REMOVE, true, "why", "done", "with both it goes");
	expect(DELETE, false, "why", "'m:best' is protected: the version that it names cannot go", "nor does its version go when it moves away before");
	expect(DELETE_ANOTHER, false, NULL, "done", "another version may go");
}

static void test_model(void)
{
	expect(MOVE_LINK, false, "why", "'r:best' is protected", "the alias of a model is its own");
	expect(MOVE_LINK, true, "why", "done", "and can be overridden");
	expect(UNPROTECT_AND_MOVE, false, "why", "'r:best' is protected", "what counts is what was protected before");
	expect(MOVE_AND_BACK, false, NULL, "done", "what is in the end where it was has not moved");
	expect(UNLINK, false, NULL, "'r:best' is protected from being removed", "a link that it names stays");
	expect(END, false, NULL, "'r:best' is protected from being removed", "so does the collection");
	expect(END, true, "why", "done", "unless it is meant");
	expect(PROTECT_NEW_AND_SET, false, NULL, "done", "what is protected from now on was not before");
}

int main(void)
{
	const struct commit commit = { .verb = "test" };
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;

	need(!registry_init(tap_dir(), false, &dir, &err), "cannot make a registry");
	reg = registry_open(dir.buf, &config, "test", NULL, &err);
	need(reg && !commit_run(reg, &commit, fill, NULL, &err), err.text);
	test_artifact();
	test_model();
	registry_close(reg);
	return tap_done();
}
