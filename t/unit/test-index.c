/* SPDX-License-Identifier: Apache-2.0 */
/* Property: however a journal came to be, and in whatever steps it was applied, the index says what the journal folds to. */
#include <config.h>

#include "store/index.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/mem.h"
#include "tap.h"

#define ROUNDS 30
#define LINES 40

static struct error err;
static const struct stamp stamp = { .id = { 9, 8, 7 } };
static uint64_t state;

static unsigned pick(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 20) % n);
}

struct made {
	char *key;
	struct oid id;
	bool withdrawn;
};

/* A journal that grows, and all changes in it. */
struct world {
	struct journal journal;
	struct journal_position at;
	struct fold fold; /* without regard to what is withdrawn */
	struct made *made;
	size_t count, cap, withdrawn;
};

static void world_cleanup(struct world *w)
{
	for (size_t i = 0; i < w->count; i++)
		free(w->made[i].key);
	free(w->made);
	fold_cleanup(&w->fold);
	journal_close(&w->journal);
}

static void random_key(char *out, size_t len)
{
	static const char *const tables[] = { "coll", "version", "version", "alias", "note", "meta", "future" };
	const char *table = tables[pick(COUNT_OF(tables))];
	char oid[OID_HEX_LEN + 1];
	unsigned cid = pick(3);

	memset(oid, '0' + (int)pick(4), OID_HEX_LEN);
	oid[OID_HEX_LEN] = '\0';
	if (!strcmp(table, "coll"))
		snprintf(out, len, "coll/%032x", cid);
	else if (!strcmp(table, "version"))
		snprintf(out, len, "version/%032x/%u", cid, pick(4));
	else if (!strcmp(table, "alias"))
		snprintf(out, len, "alias/%032x/%c", cid, 'a' + (int)pick(3));
	else if (!strcmp(table, "note"))
		snprintf(out, len, "note/%s", oid);
	else if (!strcmp(table, "meta"))
		snprintf(out, len, "meta/%s/%c", oid, 'a' + (int)pick(2));
	else
		snprintf(out, len, "future/%u", pick(3));
}

static void random_value(const char *key, char *out, size_t len)
{
	char version[OID_HEX_LEN + 1], digest[OID_HEX_LEN + 1];

	memset(version, '0' + (int)pick(4), OID_HEX_LEN);
	memset(digest, 'a' + (int)pick(3), OID_HEX_LEN);
	version[OID_HEX_LEN] = digest[OID_HEX_LEN] = '\0';
	if (!pick(4))
		snprintf(out, len, "null");
	else if (!strncmp(key, "coll/", 5))
		snprintf(out, len, "{\"name\":\"%s%c\"}", pick(9) ? "" : "..", "abAB"[pick(4)]);
	else if (!strncmp(key, "version/", 8) && pick(9))
		snprintf(out, len, "{\"digest\":\"%s\",\"files\":1,\"size\":%u,\"version\":\"%s\"}", digest, pick(9), version);
	else
		snprintf(out, len, "%u", pick(4));
}

/* Mostly the heads, sometimes older changes of the key or none, as if it came from another registry; no id comes twice. */
static void random_parents(struct world *w, struct change *c)
{
	const struct heads *heads = fold_find(&w->fold, c->key);
	unsigned way = pick(6);

	c->parents = xcalloc(CHANGE_MAX_PARENTS, sizeof *c->parents);
	for (size_t i = 0; way > 1 && heads && i < heads->count && c->parent_count < CHANGE_MAX_PARENTS; i++)
		c->parents[c->parent_count++] = heads->v[i].id;
	for (size_t i = 0; way == 1 && i < w->count && c->parent_count < 2; i++)
		if (!strcmp(w->made[i].key, c->key))
			c->parents[c->parent_count++] = w->made[i].id;
}

static void add_change(struct world *w, struct journal_line *line)
{
	char key[200], value[400];
	struct change c = { .time = (int64_t)w->count * 1000, .user = xstrdup("u"), .host = xstrdup("h"), .verb = xstrdup("v"),
			    .why = xstrdup(""), .run = xstrdup("") };

	random_key(key, sizeof key);
	random_value(key, value, sizeof value);
	c.key = xstrdup(key);
	c.value = xstrdup(value);
	random_parents(w, &c);
	need(!change_seal(&c, NULL, &err), err.text);
	fold_step(&w->fold, &c);
	ARRAY_GROW(w->made, w->count + 1, w->cap);
	w->made[w->count++] = (struct made){ xstrdup(key), c.id, false };
	ARRAY_GROW(line->changes, line->change_count + 1, line->change_cap);
	line->changes[line->change_count++] = c;
}

static int compare_oids(const void *a, const void *b)
{
	return oid_compare(a, b);
}

static void withdraw_some(struct world *w, struct journal_line *line)
{
	line->withdrawn = xcalloc(w->count + 1, sizeof *line->withdrawn);
	for (unsigned tries = pick(4); w->count && tries--;) {
		struct made *m = &w->made[pick((unsigned)w->count)];

		if (m->withdrawn)
			continue;
		m->withdrawn = true;
		line->withdrawn[line->withdrawn_count++] = m->id;
		w->withdrawn++;
	}
	qsort(line->withdrawn, line->withdrawn_count, sizeof *line->withdrawn, compare_oids);
}

static void add_line(struct world *w, bool with_withdrawn)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(journal_line) struct journal_line line = { .seq = w->at.seq + 1, .prev = w->at.sum, .by = xstrdup("") };

	for (unsigned n = 1 + pick(4); n--;)
		add_change(w, &line);
	if (with_withdrawn && !pick(5))
		withdraw_some(w, &line);
	need(!journal_line_write(&text, &line, &err) && pwrite(w->journal.fd, text.buf, text.len, (off_t)w->at.offset) == (ssize_t)text.len,
	     "cannot write a line");
	w->at = (struct journal_position){ w->at.offset + text.len, line.seq, line.sum };
}

static void catch_up(struct world *w, struct kv *kv)
{
	struct index_source src = { kv, &w->journal, &stamp };
	struct journal_position end;
	enum journal_tail tail;
	struct kv_txn *txn = index_replay(&src, &end, &tail, &err);

	need(txn != NULL, err.text);
	need(!kv_commit(&txn, &err), err.text);
}

static int dump_row(struct span key, struct span value, void *arg, struct error *e)
{
	uint8_t lens[8];

	(void)e;
	if (key.data[0] == 'M')
		return 0;
	store_le32(lens, (uint32_t)key.len);
	store_le32(lens + 4, (uint32_t)value.len);
	strbuf_add(arg, lens, sizeof lens);
	strbuf_add(arg, key.data, key.len);
	strbuf_add(arg, value.data, value.len);
	return 0;
}

static void dump(struct kv *kv, struct strbuf *out)
{
	CLEANUP(kv_txn) struct kv_txn *txn = kv_begin(kv, false, &err);

	need(txn && !kv_each(txn, (struct span){ NULL, 0 }, NULL, false, dump_row, out, &err), err.text);
}

static uint64_t differences_from(struct kv *kv, const struct fold *fold)
{
	CLEANUP(kv_txn) struct kv_txn *txn = kv_begin(kv, false, &err);
	uint64_t n = 0;

	need(txn && !index_compare(txn, fold, NULL, NULL, &n, &err), err.text);
	return n;
}

struct verdict {
	int wrong_heads, wrong_rows, wrong_fold;
};

static void one_round(unsigned seed, bool with_withdrawn, struct verdict *verdict)
{
	CLEANUP(world) struct world w = { .fold = FOLD_INIT };
	CLEANUP(kv) struct kv *stepwise = kv_open(NULL, KV_MEMORY, &err);
	CLEANUP(kv) struct kv *at_once = kv_open(NULL, KV_MEMORY, &err);
	CLEANUP(fold) struct fold fold = FOLD_INIT;
	CLEANUP(strbuf) struct strbuf a = STRBUF_INIT, b = STRBUF_INIT;
	struct journal_position end;
	enum journal_tail tail;
	char path[4300];

	need(stepwise && at_once, err.text);
	state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	snprintf(path, sizeof path, "%s/journal", tap_dir());
	unlink(path);
	need(!journal_open(&w.journal, tap_dir(), &stamp, &err), err.text);
	w.journal.writable = false; /* spares thousands of syncs */
	journal_start(&w.journal, &w.at);
	for (int i = 0; i < LINES; i++) {
		add_line(&w, with_withdrawn);
		if (!pick(3))
			catch_up(&w, stepwise);
	}
	catch_up(&w, stepwise);
	catch_up(&w, at_once);
	need(!index_fold_journal(&w.journal, &fold, &end, &tail, &err), err.text);
	verdict->wrong_heads += differences_from(stepwise, &fold) != 0 || differences_from(at_once, &fold) != 0;
	verdict->wrong_fold += !w.withdrawn && !fold_equal(&fold, &w.fold);
	dump(stepwise, &a);
	dump(at_once, &b);
	verdict->wrong_rows += a.len != b.len || memcmp(a.buf, b.buf, a.len) != 0;
}

static void test_property(bool with_withdrawn, const char *what)
{
	struct verdict verdict = { 0, 0, 0 };

	for (unsigned seed = 1; seed <= ROUNDS; seed++)
		one_round(seed, with_withdrawn, &verdict);
	ok(!verdict.wrong_heads, "random journals %s: the index has the heads the journal folds to", what);
	ok(!verdict.wrong_rows, "random journals %s: line by line or at once, every row is the same", what);
	ok(!verdict.wrong_fold, "random journals %s: a journal folds to what its changes fold to", what);
}

static void test_comparison(void)
{
	CLEANUP(world) struct world w = { .fold = FOLD_INIT };
	CLEANUP(kv) struct kv *kv = kv_open(NULL, KV_MEMORY, &err);
	uint64_t n;
	char path[4300];

	snprintf(path, sizeof path, "%s/journal", tap_dir());
	unlink(path);
	state = 77;
	need(kv && !journal_open(&w.journal, tap_dir(), &stamp, &err), err.text);
	journal_start(&w.journal, &w.at);
	add_line(&w, false);
	add_line(&w, false);
	catch_up(&w, kv);
	is_int((int)differences_from(kv, &w.fold), 0, "an index that caught up differs nowhere");
	for (int i = 0; i < 5; i++)
		add_line(&w, false);
	n = differences_from(kv, &w.fold);
	ok(n > 0, "one that is behind differs");
	catch_up(&w, kv);
	fold_cleanup(&w.fold);
	w.fold = (struct fold)FOLD_INIT;
	ok(differences_from(kv, &w.fold) > n, "so does one that has keys nobody else knows");
}

/* Flips bits of what stands behind each copy of some bytes in a file. */
static void spoil_behind(const char *path, const uint8_t *what, size_t len)
{
	CLEANUP(strbuf) struct strbuf data = STRBUF_INIT;
	int fd = open(path, O_RDWR);
	const char *at;

	need(fd >= 0 && !file_slurp(path, &data, 64u << 20, NULL, &err), "no data file");
	for (at = data.buf; (at = memmem(at, (size_t)(data.buf + data.len - at), what, len)); at += len)
		need(pwrite(fd, &(char){ (char)~at[len] }, 1, at - data.buf + (off_t)len) == 1, "cannot damage the data file");
	close(fd);
}

static void test_damaged_row(void)
{
	static const uint8_t row[] = { 'T', 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0 }; /* the first change of the first line */
	CLEANUP(world) struct world w = { .fold = FOLD_INIT };
	CLEANUP(kv) struct kv *kv = NULL;
	CLEANUP(kv_txn) struct kv_txn *txn = NULL;
	char dir[4300], path[4400];
	uint64_t n;

	snprintf(path, sizeof path, "%s/journal", tap_dir());
	unlink(path);
	snprintf(dir, sizeof dir, "%s/damaged-index", tap_dir());
	snprintf(path, sizeof path, "%s/data.mdb", dir);
	kv = kv_open(dir, KV_READ_WRITE, &err);
	need(kv && !journal_open(&w.journal, tap_dir(), &stamp, &err), err.text);
	journal_start(&w.journal, &w.at);
	add_line(&w, false);
	catch_up(&w, kv);
	is_int((int)differences_from(kv, &w.fold), 0, "a sound index on disk differs nowhere");
	kv_cleanup(&kv);
	spoil_behind(path, row, sizeof row);
	kv = kv_open(dir, KV_READ_ONLY, &err);
	need(kv != NULL, err.text);
	txn = kv_begin(kv, false, &err);
	ok(txn && index_compare(txn, &w.fold, NULL, NULL, &n, &err) < 0 && err.code == ERR_INTEGRITY,
	   "a comparison also finds damage in rows that are derived");
	error_clear(&err);
}

static void test_states(void)
{
	static const struct stamp other = { .id = { 1 } };
	CLEANUP(world) struct world w = { .fold = FOLD_INIT };
	CLEANUP(kv) struct kv *kv = kv_open(NULL, KV_MEMORY, &err);
	CLEANUP(kv_txn) struct kv_txn *txn = NULL;
	struct index_source src = { kv, &w.journal, &stamp };
	struct journal_position at;
	enum journal_tail tail;
	char path[4300];

	snprintf(path, sizeof path, "%s/journal", tap_dir());
	unlink(path);
	state = 5;
	need(kv && !journal_open(&w.journal, tap_dir(), &stamp, &err), err.text);
	journal_start(&w.journal, &w.at);
	txn = kv_begin(kv, false, &err);
	ok(txn && index_read_state(txn, &src, &at, &err) == INDEX_EMPTY && !at.seq && oid_equal(&at.sum, &w.at.sum), "a new index is empty");
	kv_abort(&txn);
	add_line(&w, false);
	catch_up(&w, kv);
	txn = kv_begin(kv, false, &err);
	ok(txn && index_read_state(txn, &src, &at, &err) == INDEX_USABLE && at.seq == 1 && at.offset == w.at.offset,
	   "afterwards it knows how far it goes");
	src.stamp = &other;
	ok(index_read_state(txn, &src, &at, &err) == INDEX_FOREIGN, "to another registry it is foreign");
	kv_abort(&txn);
	ok(!index_replay(&src, &at, &tail, &err) && err.code == ERR_INTEGRITY, "and is not written");
	error_clear(&err);
	src.stamp = &stamp;
	need(!ftruncate(w.journal.fd, 0), "cannot cut the journal");
	ok(!index_replay(&src, &at, &tail, &err) && err.code == ERR_INTEGRITY, "an index ahead of its journal is damage");
	error_clear(&err);
}

int main(void)
{
	test_states();
	test_comparison();
	test_damaged_row();
	test_property(false, "without withdrawals");
	test_property(true, "with withdrawals");
	return tap_done();
}
