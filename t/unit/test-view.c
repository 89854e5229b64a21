/* SPDX-License-Identifier: Apache-2.0 */
/* Views: what a journal made by hand says of names, versions, digests and history, and how a reader catches up with it. */
#include <config.h>

#include "store/view.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "format/fold.h"
#include "store/index.h"
#include "store/statcache.h"
#include "store/store.h"
#include "tap.h"

#define A "000102030405060708090a0b0c0d0e0f"
#define B "ffeeddccbbaa99887766554433221100"

static struct error err;
static struct store *store;
static struct fold truth = FOLD_INIT;
static struct journal_position at;
static struct journal_line pending;
static struct oid last_id;

static const struct cid cid_a = { A }, cid_b = { B }, cid_none = { "00000000000000000000000000000000" };

static void open_store(const char *name)
{
	struct store_options options = { .lock_timeout_ms = 50, .verb = "test" };
	char path[4300];

	fold_cleanup(&truth);
	truth = (struct fold)FOLD_INIT;
	snprintf(path, sizeof path, "%s/%s", tap_dir(), name);
	need(!mkdir(path, 0777) && !store_init(path, false, &err), err.text);
	snprintf(path, sizeof path, "%s/%s/.mreg", tap_dir(), name);
	store = store_open(path, &options, &err);
	need(store && !store_use_journal(store, &err), err.text);
	journal_start(&store->journal, &at);
}

static void reopen_store(void)
{
	struct store_options options = { .lock_timeout_ms = 50, .verb = "test" };
	char *path = xstrdup(store->dir);

	store_close(store);
	store = store_open(path, &options, &err);
	need(store && !store_use_journal(store, &err), err.text);
	free(path);
}

/* A change of the line being made; its parents are the heads so far. value NULL: a tombstone. */
static void set(const char *key, const char *value)
{
	const struct heads *heads = fold_find(&truth, key);
	struct change c = { .key = xstrdup(key), .value = xstrdup(value ? value : "null"), .time = (int64_t)at.seq * 1000000000,
			    .user = xstrdup("u"), .host = xstrdup("h"), .verb = xstrdup("test"), .why = xstrdup(""), .run = xstrdup("") };

	c.parent_count = heads ? heads->count : 0;
	c.parents = xcalloc(c.parent_count + 1, sizeof *c.parents);
	for (size_t i = 0; i < c.parent_count; i++)
		c.parents[i] = heads->v[i].id;
	need(!change_seal(&c, NULL, &err), err.text);
	last_id = c.id;
	fold_step(&truth, &c);
	ARRAY_GROW(pending.changes, pending.change_count + 1, pending.change_cap);
	pending.changes[pending.change_count++] = c;
}

static void append(const char *text, size_t len)
{
	char path[4300];
	int fd;

	snprintf(path, sizeof path, "%s/journal", store->dir);
	fd = open(path, O_WRONLY | O_APPEND);
	need(fd >= 0 && write(fd, text, len) == (ssize_t)len, "cannot append to the journal");
	close(fd);
}

static void line(void)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	pending.seq = at.seq + 1;
	pending.prev = at.sum;
	pending.by = xstrdup("");
	need(!journal_line_write(&text, &pending, &err), err.text);
	append(text.buf, text.len);
	at = (struct journal_position){ at.offset + text.len, pending.seq, pending.sum };
	journal_line_cleanup(&pending);
	pending = (struct journal_line){ .seq = 0 };
}

static struct view *view(void)
{
	struct view *v = view_open(store, &err);

	need(v != NULL, err.text);
	return v;
}

/* An id whose first byte is `first`, all others 0x11. */
static struct oid id_of(unsigned first)
{
	struct oid id;

	memset(id.raw, 0x11, sizeof id.raw);
	id.raw[0] = (uint8_t)first;
	return id;
}

static void set_version(const char *cid, int number, unsigned version, unsigned digest)
{
	struct oid v = id_of(version), d = id_of(digest);
	char key[128], value[400];

	snprintf(key, sizeof key, "version/%s/%d", cid, number);
	snprintf(value, sizeof value, "{\"digest\":\"%s\",\"files\":2,\"size\":%d,\"version\":\"%s\"}", oid_hex(&d).text, 100 + number,
		 oid_hex(&v).text);
	set(key, value);
}

static void set_coll(const char *cid, const char *name)
{
	char key[128], value[400];

	snprintf(key, sizeof key, "coll/%s", cid);
	snprintf(value, sizeof value, "{\"kind\":\"artifact\",\"name\":\"%s\",\"type\":\"model\"}", name);
	set(key, value);
}

static int add_name(const char *name, const struct cid *cid, void *arg, struct error *e)
{
	(void)e;
	strbuf_addf(arg, "%s=%.2s ", name, cid->hex);
	return 0;
}

static int add_number(const struct version_row *row, void *arg, struct error *e)
{
	(void)e;
	strbuf_addf(arg, "%d%s ", (int)row->number, row->removed ? "x" : "");
	return 0;
}

static int add_change(const struct change *c, uint64_t seq, const char *by, void *arg, struct error *e)
{
	(void)e;
	(void)by;
	strbuf_addf(arg, "%d:%.*s ", (int)seq, (int)strcspn(c->key, "/"), c->key);
	return 0;
}

static int add_value(const char *key, const char *value, void *arg, struct error *e)
{
	(void)e;
	strbuf_addf(arg, "%s=%s ", key, value);
	return 0;
}

static void names_are(const char *want, const char *name)
{
	CLEANUP(view) struct view *v = view();
	CLEANUP(strbuf) struct strbuf got = STRBUF_INIT;

	need(!view_each_name(v, add_name, &got, &err), err.text);
	is_str(got.buf, want, name);
}

static void history_is(const struct cid *cid, bool reverse, const char *want, const char *name)
{
	CLEANUP(view) struct view *v = view();
	CLEANUP(strbuf) struct strbuf got = STRBUF_INIT;

	need(!view_each_change(v, cid, reverse, add_change, &got, &err), err.text);
	is_str(got.buf, want, name);
}

static void versions_are(const struct cid *cid, bool reverse, const char *want, const char *name)
{
	CLEANUP(view) struct view *v = view();
	CLEANUP(strbuf) struct strbuf got = STRBUF_INIT;

	need(!view_each_version(v, cid, reverse, add_number, &got, &err), err.text);
	is_str(got.buf, want, name);
}

static int find(const char *name, bool *exact)
{
	CLEANUP(view) struct view *v = view();
	struct cid cid = { "" };
	int got = view_find_name(v, name, &cid, exact, &err);

	return got == 1 ? cid.hex[0] : got;
}

static void test_empty(void)
{
	CLEANUP(view) struct view *v = NULL;
	struct version_row row;
	struct journal_position where;
	uint64_t next = 7;
	bool exact;

	open_store("empty");
	v = view();
	ok(view_find_name(v, "m", &(struct cid){ "" }, &exact, &err) == 0 && !exact, "an empty registry has no names");
	ok(view_latest(v, &cid_a, &row, &err) == 0, "nor a latest version");
	ok(!view_next_number(v, &cid_a, &next, &err) && next == 0, "the first number is 0");
	view_position(v, &where);
	ok(!where.seq && !where.offset, "it stands for the journal's start");
	ok(view_find_name(v, "", &(struct cid){ "" }, NULL, &err) == 0, "an empty name is no name");
	view_close(STEAL(v));
	store_close(store);
}

static void test_names(void)
{
	bool exact;

	open_store("names");
	set_coll(A, "Bert");
	set_coll(B, "aardvark");
	line();
	names_are("aardvark=ff Bert=00 ", "names come by their folded form");
	ok(find("Bert", &exact) == '0' && exact, "a name is found as it is written");
	ok(find("BERT", &exact) == '0' && !exact, "and in another case, which is said");
	ok(find("ber", &exact) == 0 && find("bertt", &exact) == 0, "not by a part of it");
	set_coll(A, "roberta");
	line();
	ok(find("bert", &exact) == 0 && find("roberta", &exact) == '0', "a rename moves the name");
	names_are("aardvark=ff roberta=00 ", "and leaves no trace of the old one");
	set_coll(A, "RoBERTa");
	line();
	ok(find("roberta", &exact) == '0' && !exact, "a rename may change the case alone");
	set("coll/" A, NULL);
	line();
	names_are("aardvark=ff ", "a tombstone frees the name");
	set_coll(B, "RoBERTa");
	line();
	names_are("RoBERTa=ff ", "for another collection");
	set("coll/" A, "{\"name\":\"../etc\"}");
	set("coll/xyz", "{\"name\":\"short\"}");
	set("coll/" A "/more", "{\"name\":\"long\"}");
	set("future/" A, "{\"name\":\"other\"}");
	line();
	names_are("RoBERTa=ff ", "illegal names, malformed keys and unknown ones derive nothing");
	store_close(store);
}

static void test_versions(void)
{
	CLEANUP(view) struct view *v = NULL;
	struct version_row row;
	struct oid v1 = id_of(0x21), d1 = id_of(0xb1), d2 = id_of(0xb2), missing = id_of(0x77);
	struct cid cid;
	uint64_t number;

	open_store("versions");
	set_coll(A, "m");
	set_version(A, 0, 0x20, 0xb0);
	line();
	set_version(A, 1, 0x21, 0xb1);
	set_version(A, 2, 0x22, 0xb2);
	line();
	set_version(A, 10, 0x2a, 0xb1);
	set_version(B, 0, 0x30, 0xb1);
	line();
	versions_are(&cid_a, false, "0 1 2 10 ", "versions come in order of number");
	versions_are(&cid_a, true, "10 2 1 0 ", "or downward");
	set("version/" A "/2", NULL);
	set("version/" A "/10", NULL);
	line();
	versions_are(&cid_a, true, "10x 2x 1 0 ", "removed ones keep their place");
	v = view();
	ok(!view_next_number(v, &cid_a, &number, &err) && number == 11, "and their number stays burnt");
	ok(view_latest(v, &cid_a, &row, &err) == 1 && row.number == 1 && oid_equal(&row.version, &v1) && row.size == 101 && row.files == 2,
	   "the latest is the highest live one, whole");
	ok(view_version(v, &cid_a, 2, &row, &err) == 1 && row.removed && !row.size, "a tombstone says that it is one");
	ok(view_version(v, &cid_a, 3, &row, &err) == 0, "a number that was never used is absent");
	ok(view_find_digest(v, &cid_a, &d1, &row, &err) == 1 && row.number == 1, "a digest finds the highest live version");
	ok(view_find_digest(v, &cid_a, &d2, &row, &err) == 0, "not a removed one");
	v1 = id_of(0x2a);
	ok(view_find_version(v, &v1, &cid, &number, &err) == 1 && !strcmp(cid.hex, A) && number == 10,
	   "a version id finds its place, removed or not");
	ok(view_find_version(v, &missing, &cid, &number, &err) == 0, "an unknown id finds none");
	ok(view_latest(v, &cid_none, &row, &err) == 0, "an unknown collection has no latest");
	view_close(STEAL(v));
	set_version(A, 2, 0x22, 0xb2);
	line();
	versions_are(&cid_a, false, "0 1 2 10x ", "a removed version comes back");
	set("version/" A "/3", "\"nonsense\"");
	line();
	versions_are(&cid_a, false, "0 1 2 3x 10x ", "a value that says nothing of a version burns the number");
	store_close(store);
}

static void digests_are(const char *hex, const char *want, const char *name)
{
	CLEANUP(view) struct view *v = view();
	CLEANUP(strbuf) struct strbuf got = STRBUF_INIT;

	need(!view_each_digest(v, &cid_a, hex, add_number, &got, &err), err.text);
	is_str(got.buf, want, name);
}

static void test_digest_prefix(void)
{
	struct oid d = id_of(0xb1);

	open_store("digests");
	set_version(A, 0, 0x20, 0xb1);
	set_version(A, 1, 0x21, 0xb2);
	set_version(A, 2, 0x22, 0xc1);
	set_version(A, 3, 0x23, 0xb1);
	set_version(A, 4, 0x24, 0xb3);
	set_version(B, 5, 0x25, 0xb1);
	set("version/" A "/4", NULL);
	line();
	digests_are("b", "0 3 1 ", "one digit of a digest finds all that begin with it");
	digests_are("b1", "0 3 ", "two digits");
	digests_are("b21", "1 ", "three");
	digests_are("b20", "", "three that fit none");
	digests_are(oid_hex(&d).text, "0 3 ", "all of them");
	digests_are("zz", "", "what is not hex finds none");
	digests_are("", "0 3 1 2 ", "no digit finds all");
	store_close(store);
}

static void test_values(void)
{
	CLEANUP(view) struct view *v = NULL;
	CLEANUP(strbuf) struct strbuf got = STRBUF_INIT;
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	char long_key[1000];

	open_store("values");
	set("alias/" A "/best", "{\"alias\":\"Best\"}");
	set("alias/" A "/gone", "1");
	set("alias/" B "/best", "2");
	line();
	set("alias/" A "/gone", NULL);
	set("alias/" A "/aaa", "3");
	line();
	v = view();
	ok(view_value(v, "alias/" A "/best", &got, &err) == 1 && !strcmp(got.buf, "{\"alias\":\"Best\"}"), "a live value is found");
	ok(view_value(v, "alias/" A "/gone", &got, &err) == 0 && !got.len, "a tombstone is no value");
	ok(!view_heads(v, "alias/" A "/gone", &heads, &err) && heads.count == 1, "but it is a head");
	ok(!view_heads(v, "alias/" A "/never", &heads, &err) && heads.count == 0, "what was never set has none");
	memset(long_key, 'k', sizeof long_key);
	long_key[sizeof long_key - 1] = '\0';
	ok(view_value(v, long_key, &got, &err) == 0, "a key longer than any was never set");
	ok(!view_each(v, long_key, add_value, &got, &err), "and is no prefix of any");
	strbuf_reset(&got);
	ok(!view_each(v, "alias/" A "/", add_value, &got, &err), "live keys of a prefix are visited");
	is_str(got.buf, "alias/" A "/aaa=3 alias/" A "/best={\"alias\":\"Best\"} ", "in order, with their values");
	view_close(STEAL(v));
	store_close(store);
}

static void test_history(void)
{
	CLEANUP(view) struct view *v = NULL;
	CLEANUP(change) struct change c = { .key = NULL };
	struct oid version = id_of(0x20), unknown = id_of(0x99), alias_id;
	char key[128];

	open_store("history");
	set_coll(A, "m");
	set_version(A, 0, 0x20, 0xb0);
	line();
	set("alias/" A "/best", "1");
	alias_id = last_id;
	set_coll(B, "other");
	line();
	snprintf(key, sizeof key, "note/%s", oid_hex(&version).text);
	set(key, "\"text\"");
	snprintf(key, sizeof key, "meta/%s/k", oid_hex(&version).text);
	set(key, "1");
	set("future/x", "1");
	line();
	history_is(&cid_a, false, "1:coll 1:version 2:alias 3:note 3:meta ", "a collection's changes come in order, notes on versions too");
	history_is(&cid_a, true, "3:meta 3:note 2:alias 1:version 1:coll ", "or newest first");
	history_is(&cid_b, true, "2:coll ", "another's are its own");
	history_is(NULL, true, "3:future 3:meta 3:note 2:coll 2:alias 1:version 1:coll ", "all of them, of unknown keys too");
	history_is(&cid_none, true, "", "an unknown collection has no history");
	v = view();
	ok(view_change(v, &alias_id, &c, &err) == 1 && !strcmp(c.key, "alias/" A "/best") && oid_equal(&c.id, &alias_id),
	   "a change is found by its id");
	change_cleanup(&c);
	c = (struct change){ .key = NULL };
	ok(view_change(v, &unknown, &c, &err) == 0, "an unknown id finds none");
	view_close(STEAL(v));
	store_close(store);
}

static void test_withdrawn(void)
{
	CLEANUP(view) struct view *v = NULL;
	CLEANUP(strbuf) struct strbuf got = STRBUF_INIT;
	struct oid first, second;

	open_store("withdrawn");
	set_coll(A, "old");
	line();
	set_coll(A, "new");
	first = last_id;
	set_version(A, 0, 0x20, 0xb0);
	second = last_id;
	line();
	names_are("new=00 ", "a change stands");
	pending.withdrawn = xcalloc(2, sizeof *pending.withdrawn);
	pending.withdrawn[0] = first;
	pending.withdrawn[1] = second;
	pending.withdrawn_count = 2;
	if (oid_compare(&first, &second) > 0) {
		pending.withdrawn[0] = second;
		pending.withdrawn[1] = first;
	}
	line();
	names_are("old=00 ", "until it is withdrawn: what it followed stands again");
	versions_are(&cid_a, false, "", "a number that was only in a withdrawn change is free again");
	history_is(&cid_a, false, "1:coll ", "and history does not tell of either");
	set("alias/" A "/x", "1");
	line();
	v = view();
	ok(view_value(v, "alias/" A "/x", &got, &err) == 1, "life goes on");
	view_close(STEAL(v));
	{
		CLEANUP(fold) struct fold fold = FOLD_INIT;
		struct journal_position end;
		enum journal_tail tail;
		uint64_t differences = 9;
		struct kv_txn *txn;

		need(!index_fold_journal(&store->journal, &fold, &end, &tail, &err), err.text);
		txn = kv_begin(store->index, false, &err);
		ok(txn && !index_compare(txn, &fold, NULL, NULL, &differences, &err) && !differences, "the index is what the journal folds to");
		kv_abort(&txn);
	}
	store_close(store);
}

static void test_catching_up(void)
{
	CLEANUP(lock) struct lock lock = LOCK_INIT;
	struct view *old, *new;
	struct cid cid;

	open_store("catching-up");
	set_coll(A, "one");
	line();
	old = view();
	set_coll(B, "two");
	line();
	new = view();
	ok(view_find_name(old, "two", &cid, NULL, &err) == 0 && view_find_name(new, "two", &cid, NULL, &err) == 1,
	   "a view stays as it is, a later one has what came since");
	view_close(old);
	view_close(new);
	set_coll(B, "three");
	line();
	need(!lock_take(&lock, store->dir, LOCK_JOURNAL, true, 0, "other", &err), err.text);
	names_are("one=00 two=ff ", "while a writer holds the lock a reader answers from what it has");
	lock_release(&lock);
	names_are("one=00 three=ff ", "and catches up afterwards");
	reopen_store();
	append("{\"by\":\"\",\"cha", 13);
	names_are("one=00 three=ff ", "a torn tail does not keep a reader from answering");
	append("nges\n", 5);
	store_close(store);
}

static void test_damaged_journal(void)
{
	struct view *v;
	char path[4300];

	open_store("damaged");
	set_coll(A, "one");
	line();
	names_are("one=00 ", "before the damage");
	append("rubbish\n", 8);
	at.offset += 8;
	set_coll(B, "two");
	line();
	v = view_open(store, &err);
	ok(!v && err.code == ERR_INTEGRITY, "damage beyond the index is said: what lies behind it is not absent");
	error_clear(&err);
	snprintf(path, sizeof path, "%s/journal", store->dir);
	need(!truncate(path, 10), "cannot cut the journal");
	v = view_open(store, &err);
	ok(!v && err.code == ERR_INTEGRITY, "a journal that ends before the index does is damage");
	error_clear(&err);
	store_close(store);
}

static void test_rebuilt(void)
{
	uint64_t differences = 1;

	open_store("rebuilt");
	set_coll(A, "one");
	set_version(A, 0, 0x20, 0xb0);
	line();
	names_are("one=00 ", "an index");
	need(!store_rebuild_index(store, &err), err.text);
	names_are("one=00 ", "says the same when it was rebuilt");
	ok(!store_check_index(store, NULL, NULL, &differences, &err) && !differences, "and passes its check");
	store_close(store);
}

static char warning[1024];

static void keep_warning(struct report *r, const char *text)
{
	(void)r;
	snprintf(warning, sizeof warning, "%s", text);
}

/* Rows that only the index on disk has: it becomes larger than the limit below, and one in memory does not. */
static void swell(void)
{
	CLEANUP(stat_rows) struct stat_rows rows = STAT_ROWS_INIT;
	struct kv_txn *txn = kv_begin(store->index, true, &err);
	struct oid digest = id_of(1);

	for (unsigned i = 0; i < 20000; i++)
		stat_rows_add(&rows, &(struct stat){ .st_dev = 1, .st_ino = i }, INT64_MAX, &digest);
	need(txn && rows.count == 20000 && !statcache_write(txn, &rows, &err) && !kv_commit(&txn, &err), err.text);
}

static void test_unwritable_index(void)
{
	static struct report listener = { .warning = keep_warning };
	struct rlimit limit, tight;

	open_store("unwritable");
	store->report = &listener;
	set_coll(A, "one");
	line();
	names_are("one=00 ", "an index that can be written");
	swell();
	set_coll(B, "two");
	line();
	signal(SIGXFSZ, SIG_IGN);
	need(!getrlimit(RLIMIT_FSIZE, &limit), "no limits");
	tight = limit;
	tight.rlim_cur = 1 << 20;
	need(!setrlimit(RLIMIT_FSIZE, &tight), "cannot limit the size of files");
	names_are("one=00 two=ff ", "when it no longer can the journal is read instead");
	ok(strstr(warning, "cannot be written") != NULL, "and it is said");
	set_coll(B, "three");
	line();
	names_are("one=00 three=ff ", "what comes after that is seen too");
	need(!setrlimit(RLIMIT_FSIZE, &limit), "cannot lift the limit");
	store_close(store);
}

int main(void)
{
	test_empty();
	test_names();
	test_versions();
	test_digest_prefix();
	test_values();
	test_history();
	test_withdrawn();
	test_catching_up();
	test_damaged_journal();
	test_rebuilt();
	test_unwritable_index();
	fold_cleanup(&truth);
	return tap_done();
}
