/* SPDX-License-Identifier: Apache-2.0 */
/* The changes of one key: their order, and what the key was at a time, also when two went apart and clocks disagree. */
#include <config.h>

#include "registry/chain.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/mem.h"
#include "format/journal-line.h"
#include "store/store.h"
#include "tap.h"

#define KEY "note/000102030405060708090a0b0c0d0e0f"

static struct error err;
static struct store *store;
static struct journal_position at;

static void open_store(const char *name)
{
	struct store_options options = { .lock_timeout_ms = 50, .verb = "test" };
	char path[4300];

	snprintf(path, sizeof path, "%s/%s", tap_dir(), name);
	need(!mkdir(path, 0777) && !store_init(path, false, &err), err.text);
	snprintf(path, sizeof path, "%s/%s/.mreg", tap_dir(), name);
	store = store_open(path, &options, &err);
	need(store && !store_use_journal(store, &err), err.text);
	journal_start(&store->journal, &at);
}

static void append(const struct strbuf *text)
{
	char path[4300];
	int fd;

	snprintf(path, sizeof path, "%s/journal", store->dir);
	fd = open(path, O_WRONLY | O_APPEND);
	need(fd >= 0 && write(fd, text->buf, text->len) == (ssize_t)text->len, "cannot append to the journal");
	close(fd);
}

/* A line with one change of KEY; value NULL: a tombstone. */
static struct oid set(int64_t seconds, const char *value, const struct oid *parents, size_t parent_count)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct journal_line line = { .seq = at.seq + 1, .prev = at.sum, .by = xstrdup("") };
	struct change c = { .key = xstrdup(KEY),
		.value = xstrdup(value ? value : "null"),
		.time = seconds * NS_PER_S,
		.user = xstrdup("u"),
		.host = xstrdup("h"),
		.verb = xstrdup("test"),
		.why = xstrdup(""),
		.run = xstrdup("") };
	struct oid id;

	c.parents = xmemdup(parents, parent_count * sizeof *parents);
	c.parent_count = parent_count;
	need(!change_seal(&c, NULL, &err), err.text);
	id = c.id;
	ARRAY_GROW(line.changes, 1, line.change_cap);
	line.changes[line.change_count++] = c;
	need(!journal_line_write(&text, &line, &err), err.text);
	append(&text);
	at = (struct journal_position){ at.offset + text.len, line.seq, line.sum };
	journal_line_cleanup(&line);
	return id;
}

#define SET(time, value, ...) \
	set(time, value, (const struct oid[]){ __VA_ARGS__ }, sizeof((const struct oid[]){ __VA_ARGS__ }) / sizeof(struct oid))

static void read_chain(struct chain *out)
{
	struct view *v = view_open(store, &err);

	need(v && !chain_read(v, KEY, out, &err), err.text);
	view_close(v);
}

static void order_is(const struct chain *chain, const char *want, const char *name)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	for (size_t i = 0; i < chain->count; i++)
		strbuf_addf(&out, "%s ", chain->v[i].value);
	is_str(out.buf, want, name);
}

static void test_line_of_changes(void)
{
	CLEANUP(chain) struct chain chain = CHAIN_INIT;
	struct oid a, b, c;

	open_store("line");
	read_chain(&chain);
	ok(chain.count == 0 && !chain_value_at(&chain, INT64_MAX), "a key that was never set");
	a = set(10, "\"a\"", NULL, 0);
	b = SET(20, "\"b\"", a);
	c = SET(30, NULL, b);
	SET(40, "\"d\"", c);
	read_chain(&chain);
	order_is(&chain, "\"d\" null \"b\" \"a\" ", "newest first");
	ok(!chain_value_at(&chain, 9 * NS_PER_S), "not set yet");
	is_str(chain_value_at(&chain, 10 * NS_PER_S), "\"a\"", "at the very moment");
	is_str(chain_value_at(&chain, 29 * NS_PER_S), "\"b\"", "until the next");
	ok(!chain_value_at(&chain, 30 * NS_PER_S), "removed");
	is_str(chain_value_at(&chain, INT64_MAX), "\"d\"", "and set again");
	store_close(store);
}

static void test_branches(void)
{
	CLEANUP(chain) struct chain chain = CHAIN_INIT;
	struct oid root, x1, x2, y1;

	open_store("branches");
	root = set(10, "\"r\"", NULL, 0);
	x1 = SET(20, "\"x1\"", root);
	x2 = SET(30, "\"x2\"", x1);
	y1 = SET(25, "\"y1\"", root);
	SET(40, "\"m\"", x2, y1);
	read_chain(&chain);
	order_is(&chain, "\"m\" \"x2\" \"y1\" \"x1\" \"r\" ", "the later first, where two went apart");
	is_str(chain_value_at(&chain, 39 * NS_PER_S), "\"x2\"", "the later of two heads");
	is_str(chain_value_at(&chain, 22 * NS_PER_S), "\"x1\"", "before the other came");
	is_str(chain_value_at(&chain, 15 * NS_PER_S), "\"r\"", "before both");
	store_close(store);
}

static void test_clocks(void)
{
	CLEANUP(chain) struct chain chain = CHAIN_INIT;
	struct oid a, b;

	open_store("clocks");
	a = set(100, "\"a\"", NULL, 0);
	b = SET(50, "\"b\"", a);
	SET(70, "\"c\"", b);
	read_chain(&chain);
	order_is(&chain, "\"c\" \"b\" \"a\" ", "what follows is newer, whatever its clock said");
	is_str(chain_value_at(&chain, 60 * NS_PER_S), "\"b\"", "a clock that was behind");
	is_str(chain_value_at(&chain, 200 * NS_PER_S), "\"c\"", "what was followed stays so");
	store_close(store);
}

int main(void)
{
	test_line_of_changes();
	test_branches();
	test_clocks();
	return tap_done();
}
