/* SPDX-License-Identifier: Apache-2.0 */
/* What the index learns of version objects: kept with a transaction or afterwards, gone with the index. */
#include <config.h>

#include "base/mem.h"
#include "store/lock.h"
#include "store/txn.h"
#include "tap.h"

static struct error err;
static char dir[4200];
static struct oid version, other;

static struct store *open_store(void)
{
	const struct store_options options = { .lock_timeout_ms = 100, .verb = "test" };
	struct store *s = store_open(dir, &options, &err);

	need(s != NULL, err.text);
	return s;
}

static int decide(struct txn *txn, void *arg, struct error *e)
{
	CLEANUP(json) json_t *text = json_string("said");
	CLEANUP(strbuf) struct strbuf facts = STRBUF_INIT, key = STRBUF_INIT;

	(void)arg;
	strbuf_adds(&facts, "of a transaction");
	strbuf_addf(&key, "note/%s", oid_hex(&version).text);
	return txn_set(txn, key.buf, text, e) < 0 || txn_learn_facts(txn, &version, &facts, e) < 0 ? -1 : 0;
}

/* "" when nothing was learned. */
static const char *facts_of(const struct oid *id)
{
	static char text[100];
	CLEANUP(store) struct store *s = open_store();
	CLEANUP(view) struct view *v = view_open(s, &err);
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	need(v != NULL, err.text);
	need(view_facts(v, id, &out, &err) >= 0, err.text);
	snprintf(text, sizeof text, "%s", out.buf);
	return text;
}

static void learn(const char *text)
{
	CLEANUP(store) struct store *s = open_store();
	struct facts_row row = { other, STRBUF_INIT };

	need(!store_use_index(s, &err), err.text);
	strbuf_adds(&row.facts, text);
	view_learn_facts(s, &row, 1);
	strbuf_release(&row.facts);
}

int main(void)
{
	const struct txn_info info = { .verb = "test", .user = "u", .host = "h" };
	char above[4100];

	snprintf(above, sizeof above, "%s/r", tap_dir());
	snprintf(dir, sizeof dir, "%s/.mreg", above);
	need(!store_init(above, false, &err), err.text);
	memset(version.raw, 1, sizeof version.raw);
	memset(other.raw, 2, sizeof other.raw);
	{
		CLEANUP(store) struct store *s = open_store();

		need(!txn_run(s, &info, decide, NULL, &err), err.text);
	}
	is_str(facts_of(&version), "of a transaction", "facts come with a transaction");
	is_str(facts_of(&other), "", "and only of its version");
	{
		CLEANUP(lock) struct lock lock = LOCK_INIT;

		need(!lock_take(&lock, dir, LOCK_JOURNAL, true, 100, "test", &err), err.text);
		learn("under a lock");
	}
	is_str(facts_of(&other), "", "nobody waits to learn");
	learn("afterwards");
	is_str(facts_of(&other), "afterwards", "facts are learned afterwards");
	{
		CLEANUP(store) struct store *s = open_store();

		need(!store_rebuild_index(s, &err), err.text);
	}
	is_str(facts_of(&version), "", "an index made anew knows none");
	return tap_done();
}
