/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of another registry in a transaction: as they are, all or nothing, and what it tells of them afterwards. */
#include <config.h>

#include "store/txn.h"

#include <stdlib.h>

#include "base/mem.h"
#include "store/journal.h"
#include "tap.h"

#define CID "00112233445566778899aabbccddeeff"
#define OTHER "ffeeddccbbaa99887766554433221100"

static struct error err;

static struct store *fresh(const char *name)
{
	const struct store_options options = { .lock_timeout_ms = 20000, .verb = "test" };
	char above[4100], dir[4200];
	struct store *s;

	snprintf(above, sizeof above, "%s/%s", tap_dir(), name);
	snprintf(dir, sizeof dir, "%s/.mreg", above);
	need(!store_init(above, false, &err), "cannot make a registry");
	s = store_open(dir, &options, &err);
	need(s != NULL, "cannot open it");
	return s;
}

static struct change make(const char *key, const char *value, const struct change *parent)
{
	struct change c = { .key = xstrdup(key), .value = xstrdup(value), .time = 5000000000, .user = xstrdup("eva"), .host = xstrdup("far"),
		.verb = xstrdup("note"), .why = xstrdup(""), .run = xstrdup("") };

	if (parent) {
		c.parents = xcalloc(1, sizeof *c.parents);
		c.parents[0] = parent->id;
		c.parent_count = 1;
	}
	need(!change_seal(&c, NULL, &err), "cannot seal a change");
	return c;
}

struct work {
	const struct change *theirs[3], *own;
	const struct oid *withdraw;
	uint64_t offer_all, offer_cid;
	int added;
};

static int decide(struct txn *txn, void *arg, struct error *e)
{
	struct work *w = arg;

	w->added = 0;
	if (w->withdraw && txn_withdraw(txn, w->withdraw, 1, e) < 0)
		return -1;
	for (size_t i = 0; i < 3 && w->theirs[i]; i++) {
		int got = txn_add(txn, w->theirs[i], e);

		if (got < 0)
			return -1;
		w->added += got;
	}
	if (w->own && txn_add_own(txn, w->own, e) < 0)
		return -1;
	if (w->offer_all)
		txn_offer(txn, NULL, w->offer_all);
	if (w->offer_cid)
		txn_offer(txn, &(struct cid){ CID }, w->offer_cid);
	return 0;
}

static int act(struct store *s, struct work *w)
{
	struct journal_position end;
	const struct txn_info info = { .verb = "pull", .user = "me", .host = "here", .by = "origin", .end = &end };

	error_clear(&err);
	return txn_run(s, &info, decide, w, &err);
}

static bool value_is(struct store *s, const char *key, const char *wanted)
{
	CLEANUP(view) struct view *v = view_open(s, &err);
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;

	need(v && view_value(v, key, &value, &err) >= 0, "cannot read");
	return !strcmp(value.buf, wanted);
}

static int offered(struct store *s, const struct change *c)
{
	CLEANUP(view) struct view *v = view_open(s, &err);

	need(v != NULL, "cannot read");
	return view_is_offered(v, &c->id, &err);
}

static int count_change(const struct change *c, uint64_t seq, const char *by, void *arg, struct error *e)
{
	(void)c, (void)seq, (void)by, (void)e;
	++*(int *)arg;
	return 0;
}

static int changes_after(struct store *s, uint64_t seq)
{
	CLEANUP(view) struct view *v = view_open(s, &err);
	int n = 0;

	need(v && !view_each_change_after(v, seq, count_change, &n, &err), "cannot read");
	return n;
}

static void same_index(struct store *s, const char *when)
{
	uint64_t differences = 1;

	need(!store_check_index(s, NULL, NULL, &differences, &err), err.text);
	ok(differences == 0, "the index is what the journal says %s", when);
}

static void test_received(void)
{
	CLEANUP(store) struct store *s = fresh("received");
	CLEANUP(change) struct change first = make("note/" CID, "\"a\"", NULL), second = make("note/" CID, "\"b\"", &first);
	CLEANUP(change) struct change orphan = make("note/" CID, "\"d\"", NULL), lost = make("note/" CID, "\"c\"", &orphan);
	CLEANUP(change) struct change own = make("note/" OTHER, "\"mine\"", NULL);
	struct work w = { .theirs = { &first, &second }, .own = &own };

	ok(!act(s, &w) && w.added == 2 && value_is(s, "note/" CID, "\"b\""), "changes of others are taken over: %s", err.text);
	ok(!act(s, &w) && w.added == 0 && changes_after(s, 0) == 3, "and once is enough");
	ok(offered(s, &first) == 1 && offered(s, &own) == 0, "what came from others, they have; what was made here, they have not");
	w = (struct work){ .theirs = { &lost } };
	ok(act(s, &w) < 0 && err.code == ERR_INTEGRITY, "a change of which nobody has the parent is refused: %s", err.text);
	ok(value_is(s, "note/" CID, "\"b\""), "and nothing has changed");
	ok(changes_after(s, 1) == 1 && changes_after(s, 2) == 0, "changes after a line are those of later ones");
	same_index(s, "after that");
}

static void test_offered(void)
{
	CLEANUP(store) struct store *s = fresh("offered");
	CLEANUP(change) struct change a = make("note/" CID, "\"a\"", NULL), b = make("note/" OTHER, "\"b\"", NULL);
	CLEANUP(change) struct change after = make("note/" CID, "\"z\"", &a);
	struct work w = { .own = &a };

	need(!act(s, &w), err.text);
	w.own = &b;
	need(!act(s, &w), err.text);
	w = (struct work){ .offer_cid = 2 };
	ok(!act(s, &w) && offered(s, &a) == 1 && offered(s, &b) == 0, "a collection is handed out by itself");
	w = (struct work){ .own = &after };
	ok(!act(s, &w) && offered(s, &after) == 0, "what came later was not");
	w = (struct work){ .offer_all = 2 };
	ok(!act(s, &w) && offered(s, &b) == 1 && offered(s, &after) == 0, "all of them up to a line as well");
	same_index(s, "after lines without changes");
}

static void test_withdrawn(void)
{
	CLEANUP(store) struct store *s = fresh("withdrawn");
	CLEANUP(change) struct change mine = make("version/" CID "/0", "\"mine\"", NULL), theirs = make("version/" CID "/0", "\"theirs\"", NULL);
	CLEANUP(change) struct change moved = make("version/" CID "/1", "\"mine\"", NULL);
	struct work w = { .own = &mine };

	need(!act(s, &w), err.text);
	w = (struct work){ .withdraw = &mine.id, .theirs = { &theirs }, .own = &moved };
	ok(!act(s, &w) && value_is(s, "version/" CID "/0", "\"theirs\"") && value_is(s, "version/" CID "/1", "\"mine\""),
		"a number that nobody has seen moves: %s", err.text);
	same_index(s, "after a withdrawal");
	w = (struct work){ .theirs = { &mine } };
	ok(act(s, &w) < 0 && err.code == ERR_CONFLICT, "what was withdrawn does not come back: %s", err.text);
	need(!store_rebuild_index(s, &err), err.text);
	ok(value_is(s, "version/" CID "/0", "\"theirs\"") && changes_after(s, 0) == 2, "an index that is made anew says the same");
}

int main(void)
{
	test_received();
	test_offered();
	test_withdrawn();
	return tap_done();
}
