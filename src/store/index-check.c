/* SPDX-License-Identifier: Apache-2.0 */
/* What the index must say, folded from the journal in memory, against what it says. */
#include <config.h>

#include "store/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/mem.h"
#include "store/index-key.h"

/* All changes of a key of which one was withdrawn. */
struct changes_of_key {
	struct change **v;
	size_t count, cap;
};

static void free_changes(void *value)
{
	struct changes_of_key *of = value;

	for (size_t i = 0; i < of->count; i++) {
		change_cleanup(of->v[i]);
		free(of->v[i]);
	}
	free(of->v);
	free(of);
}

struct folding {
	struct fold *fold;
	struct oid *withdrawn;
	size_t count, cap;
	struct hashmap ids;  /* the withdrawn ones */
	struct hashmap keys; /* key → struct changes_of_key */
};

static void folding_cleanup(struct folding *f)
{
	ptr_cleanup(&f->withdrawn);
	hashmap_release(&f->ids, NULL);
	hashmap_release(&f->keys, free_changes);
}

static int fold_line(struct journal_line *line, uint64_t offset, void *arg, struct error *err)
{
	struct folding *f = arg;

	(void)offset;
	(void)err;
	for (size_t i = 0; i < line->change_count; i++)
		fold_step(f->fold, &line->changes[i]);
	for (size_t i = 0; i < line->withdrawn_count; i++) {
		ARRAY_GROW(f->withdrawn, f->count + 1, f->cap);
		f->withdrawn[f->count++] = line->withdrawn[i];
		hashmap_put(&f->ids, line->withdrawn[i].raw, OID_LEN, NULL);
	}
	return 0;
}

static int note_keys(struct journal_line *line, uint64_t offset, void *arg, struct error *err)
{
	struct folding *f = arg;

	(void)offset;
	(void)err;
	for (size_t i = 0; i < line->change_count; i++) {
		const struct change *c = &line->changes[i];

		if (hashmap_has(&f->ids, c->id.raw, OID_LEN) && !hashmap_has(&f->keys, c->key, strlen(c->key)))
			hashmap_put(&f->keys, c->key, strlen(c->key), xcalloc(1, sizeof(struct changes_of_key)));
	}
	return 0;
}

static int take_changes(struct journal_line *line, uint64_t offset, void *arg, struct error *err)
{
	struct folding *f = arg;

	(void)offset;
	(void)err;
	for (size_t i = 0; i < line->change_count; i++) {
		struct change *c = &line->changes[i];
		struct changes_of_key *of = hashmap_find(&f->keys, c->key, strlen(c->key));

		if (!of)
			continue;
		ARRAY_GROW(of->v, of->count + 1, of->cap);
		of->v[of->count++] = xmemdup(c, sizeof *c);
		*c = (struct change){ .key = NULL };
	}
	return 0;
}

static int refold(const void *key, size_t len, void *value, void *arg)
{
	const struct changes_of_key *of = value;
	struct folding *f = arg;
	struct heads *heads = hashmap_find(&f->fold->keys, key, len);

	if (!heads)
		return 0;
	heads_of((const struct change *const *)of->v, of->count, f->withdrawn, f->count, heads);
	if (heads->count)
		return 0;
	hashmap_take(&f->fold->keys, key, len);
	heads_cleanup(heads);
	free(heads);
	return 0;
}

int index_fold_journal(const struct journal *journal, struct fold *fold, struct journal_position *end, enum journal_tail *tail,
		       struct error *err)
{
	CLEANUP(folding) struct folding f = { .fold = fold, .ids = HASHMAP_INIT, .keys = HASHMAP_INIT };
	struct journal_position start;

	journal_start(journal, &start);
	if (journal_read(journal, &start, fold_line, &f, end, tail, err) < 0)
		return -1;
	if (!f.count)
		return 0;
	if (journal_read(journal, &start, note_keys, &f, end, tail, err) < 0 ||
	    journal_read(journal, &start, take_changes, &f, end, tail, err) < 0)
		return -1;
	hashmap_each(&f.keys, refold, &f);
	return 0;
}

struct comparison {
	struct kv_txn *txn;
	const struct fold *fold;
	void (*fn)(const char *key, void *arg);
	void *arg;
	uint64_t differences;
	struct error *err;
};

static void differs(struct comparison *c, const void *key, size_t len)
{
	CLEANUP(ptr) char *text = xstrndup(key, len);

	c->differences++;
	if (c->fn)
		c->fn(text, c->arg);
}

static int compare_row(struct span key, struct span value, void *arg, struct error *err)
{
	CLEANUP(strbuf) struct strbuf want = STRBUF_INIT;
	struct comparison *c = arg;
	const struct heads *heads;

	(void)err;
	if (key.data[0] != TABLE_KEY)
		return 0; /* read for its checksum alone */
	heads = hashmap_find(&c->fold->keys, key.data + 1, key.len - 1);
	if (heads)
		heads_write(&want, heads);
	if (!heads || want.len != value.len || memcmp(want.buf, value.data, value.len) != 0)
		differs(c, key.data + 1, key.len - 1);
	return 0;
}

static int find_missing(const void *key, size_t len, void *value, void *arg)
{
	CLEANUP(strbuf) struct strbuf ignored = STRBUF_INIT;
	struct comparison *c = arg;
	struct index_key k;
	int got;

	(void)value;
	index_key_begin(&k, TABLE_KEY);
	index_key_add(&k, key, len);
	got = kv_get(c->txn, k.data, k.len, &ignored, c->err);
	if (!got)
		differs(c, key, len);
	return got < 0 ? -1 : 0;
}

int index_compare(struct kv_txn *txn, const struct fold *fold, void (*fn)(const char *key, void *arg), void *arg, uint64_t *differences,
		  struct error *err)
{
	struct comparison c = { txn, fold, fn, arg, 0, err };
	int rc = kv_each(txn, (struct span){ NULL, 0 }, NULL, false, compare_row, &c, err);

	if (!rc)
		rc = hashmap_each(&fold->keys, find_missing, &c);
	*differences = c.differences;
	return rc;
}
