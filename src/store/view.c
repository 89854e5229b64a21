/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about all references, answered from one transaction of the index. */
#include <config.h>

#include "store/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/crash.h"
#include "base/hashmap.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "format/name.h"
#include "store/index-key.h"
#include "store/index.h"
#include "store/store.h"

#define LINES_KEPT 4
#define CATCH_UP_MS 100 /* how long a reader waits for a writer before it answers from what it has */

struct view {
	struct store *store;
	struct kv_txn *txn;
	bool is_borrowed; /* the transaction is another's */
	bool is_received;
	struct hashmap once;
	struct {
		struct journal_line line;
		uint64_t offset;
		bool is_there;
	} lines[LINES_KEPT];
	size_t next_line; /* that gives way to another */
	struct journal_position at;
};

static struct index_source source_of(struct store *store)
{
	return (struct index_source){ store->index, &store->journal, &store->stamp };
}

static int read_position(struct view *v, struct error *err)
{
	struct index_source src = source_of(v->store);

	switch (index_read_state(v->txn, &src, &v->at, err)) {
	case INDEX_FAILED:
		return -1;
	case INDEX_FOREIGN:
		error_set(err, ERR_INTEGRITY, "index is not this registry's");
		return error_hint(err, "Run 'mreg fsck --rebuild-index'.");
	case INDEX_EMPTY:
	case INDEX_USABLE:
		break;
	}
	return 0;
}

static int snapshot(struct view *v, struct error *err)
{
	v->txn = kv_begin(v->store->index, false, err);
	return v->txn ? read_position(v, err) : -1;
}

/* Whole lines of others go into the index; what is torn or damaged stays where it is. */
static int replay(struct store *store, struct error *err)
{
	CLEANUP(lock) struct lock lock = LOCK_INIT;
	CLEANUP(kv_txn) struct kv_txn *txn = NULL;
	struct index_source src = source_of(store);
	uint64_t wait = store->lock_timeout_ms < CATCH_UP_MS ? store->lock_timeout_ms : CATCH_UP_MS;
	struct journal_position end;
	enum journal_tail tail;

	if (lock_take(&lock, store->dir, LOCK_JOURNAL, !store->index_is_private, wait, store->verb, err) < 0)
		return -1;
	do {
		txn = index_replay(&src, &end, &tail, err);
		if (!txn)
			return -1;
		crash_point("index-before-commit");
		if (!kv_commit(&txn, err)) {
			crash_point("index-after-commit");
			return 0;
		}
		if (!kv_is_full(store->index))
			return -1;
		error_clear(err);
	} while (!kv_grow(store->index, err));
	return -1;
}

/* Whether the journal can still be folded in memory when that went wrong. */
static bool is_about_writing(const struct error *err)
{
	return err->code == ERR_DISK_FULL || err->code == ERR_READ_ONLY || err->code == ERR_LOCAL || err->code == ERR_NO_MEMORY;
}

/*
 * The journal is longer than the snapshot, which is given up for a newer one.  Who has the lock is about to make the snapshot old anyway; a
 * full disk is answered with a private index, unless this process still reads the other.  Damage is said: what lies behind it is not absent.
 */
static int catch_up(struct view *v, struct error *err)
{
	struct store *store = v->store;

	kv_abort(&v->txn);
	if (!kv_is_writable(store->index))
		return snapshot(v, err);
	if (replay(store, err) < 0) {
		if (err->code == ERR_INTERRUPTED || err->code == ERR_INTEGRITY)
			return -1;
		if (is_about_writing(err) && !store->index_is_private && !kv_is_busy(store->index)) {
			report_warning(store->report, "the index cannot be written; the journal is read instead: %s", err->text);
			store_distrust_index(store);
			error_clear(err);
			if (store_use_index(store, err) < 0)
				return -1;
		}
		error_clear(err);
	}
	return snapshot(v, err);
}

struct view *view_open(struct store *store, struct error *err)
{
	CLEANUP(view) struct view *v = NULL;
	uint64_t size;

	if (store_use_journal(store, err) < 0 || store_use_index(store, err) < 0)
		return NULL;
	v = xcalloc(1, sizeof *v);
	v->store = store;
	/* In this order: a journal that is longer then has lines that the snapshot lacks, and is never shorter but when it was cut. */
	if (snapshot(v, err) < 0 || journal_check(&store->journal, &v->at, err) < 0 || journal_size(&store->journal, &size, err) < 0)
		return NULL;
	if (size > v->at.offset && catch_up(v, err) < 0)
		return NULL;
	return STEAL(v);
}

struct view *view_over(struct kv_txn *txn, struct store *store, bool is_received, struct error *err)
{
	CLEANUP(view) struct view *v = xcalloc(1, sizeof *v);

	*v = (struct view){ .store = store, .txn = txn, .is_borrowed = true, .is_received = is_received };
	return read_position(v, err) < 0 ? NULL : STEAL(v);
}

void view_close(struct view *v)
{
	if (v && !v->is_borrowed)
		kv_abort(&v->txn);
	for (size_t i = 0; v && i < LINES_KEPT; i++)
		journal_line_cleanup(&v->lines[i].line);
	if (v)
		hashmap_cleanup(&v->once);
	ptr_cleanup(&v);
}

void view_cleanup(struct view **v)
{
	view_close(*v);
	*v = NULL;
}

struct kv_txn *view_txn(struct view *v)
{
	return v->txn;
}

const struct journal *view_journal(struct view *v)
{
	return &v->store->journal;
}

/* Whoever follows very many keys back meets the same few lines, of a megabyte each, again and again. */
const struct journal_line *view_line(struct view *v, uint64_t offset, struct error *err)
{
	struct journal_line line = { .seq = 0 };
	size_t i = 0;

	while (i < LINES_KEPT && !(v->lines[i].is_there && v->lines[i].offset == offset))
		i++;
	if (i < LINES_KEPT)
		return &v->lines[i].line;
	if (journal_read_at(&v->store->journal, offset, &line, err) < 0) {
		journal_line_cleanup(&line);
		return NULL;
	}
	i = v->next_line;
	v->next_line = (i + 1) % LINES_KEPT;
	journal_line_cleanup(&v->lines[i].line);
	v->lines[i].line = line;
	v->lines[i].offset = offset;
	v->lines[i].is_there = true;
	return &v->lines[i].line;
}

void view_position(struct view *v, struct journal_position *out)
{
	*out = v->at;
}

const struct name_scope *view_scope(const struct view *v)
{
	return v->store->scope;
}

bool view_is_received(const struct view *v)
{
	return v->is_received;
}

bool view_once(struct view *v, const char *what)
{
	if (hashmap_has(&v->once, what, strlen(what)))
		return false;
	hashmap_put(&v->once, what, strlen(what), v);
	return true;
}

static int bad_row(const char *what, struct error *err)
{
	error_set(err, ERR_INTEGRITY, "index is damaged: %s", what);
	return error_hint(err, "Run 'mreg fsck --rebuild-index'.");
}

int view_heads(struct view *v, const char *key, struct heads *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;
	struct index_key k;
	size_t len = strlen(key);

	heads_cleanup(out);
	if (len > CHANGE_KEY_MAX)
		return 0;
	index_key_begin(&k, TABLE_KEY);
	index_key_add(&k, key, len);
	return kv_get(v->txn, k.data, k.len, &value, err) < 0 ? -1 : heads_parse(value.buf, value.len, out, err);
}

int view_value(struct view *v, const char *key, struct strbuf *out, struct error *err)
{
	CLEANUP(heads) struct heads heads = HEADS_INIT;

	strbuf_reset(out);
	if (view_heads(v, key, &heads, err) < 0)
		return -1;
	if (!heads_is_live(&heads))
		return 0;
	strbuf_adds(out, heads_value(&heads, NULL));
	return 1;
}

int view_json(struct view *v, const char *key, json_t **out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;
	int found = view_value(v, key, &value, err);

	if (found <= 0)
		return found;
	*out = json_parse(value.buf, value.len, key, err);
	return *out ? 1 : -1;
}

struct each_value {
	view_value_fn fn;
	void *arg;
};

static int pass_value(struct span key, struct span value, void *arg, struct error *err)
{
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	const struct each_value *to = arg;

	if (heads_parse(value.data, value.len, &heads, err) < 0)
		return -1;
	if (!heads_is_live(&heads))
		return 0;
	return to->fn((const char *)key.data + 1, heads_value(&heads, NULL), to->arg, err);
}

int view_each(struct view *v, const char *prefix, view_value_fn fn, void *arg, struct error *err)
{
	struct each_value to = { fn, arg };
	struct index_key k;
	size_t len = strlen(prefix);

	if (len > CHANGE_KEY_MAX)
		return 0;
	index_key_begin(&k, TABLE_KEY);
	index_key_add(&k, prefix, len);
	return kv_each(v->txn, index_key_span(&k), NULL, false, pass_value, &to, err);
}

struct each_name {
	view_name_fn fn;
	void *arg;
};

static int pass_name(struct span key, struct span value, void *arg, struct error *err)
{
	const struct each_name *to = arg;
	struct raw_cid raw;
	struct cid cid;

	if (key.len < 1 + 1 + CID_LEN || !value.len || memchr(value.data, '\0', value.len))
		return bad_row("row of a name", err);
	memcpy(raw.raw, key.data + key.len - CID_LEN, CID_LEN);
	index_cid_write(&raw, &cid);
	return to->fn((const char *)value.data, &cid, to->arg, err);
}

int view_each_name(struct view *v, view_name_fn fn, void *arg, struct error *err)
{
	struct each_name to = { fn, arg };
	struct index_key k;

	index_key_begin(&k, TABLE_NAME);
	return kv_each(v->txn, index_key_span(&k), NULL, false, pass_name, &to, err);
}

/* Among collections of one folded name the one that is written so comes first. */
struct name_search {
	const char *name;
	struct cid *cid;
	bool found, exact;
};

static int match_name(const char *name, const struct cid *cid, void *arg, struct error *err)
{
	struct name_search *s = arg;
	bool exact = !strcmp(name, s->name);

	(void)err;
	if (!s->found || exact)
		*s->cid = *cid;
	s->found = true;
	s->exact = exact;
	return exact;
}

static int count_one(const char *name, const struct cid *cid, void *arg, struct error *err)
{
	(void)name;
	(void)cid;
	(void)err;
	++*(size_t *)arg;
	return 0;
}

/* Every collection of that folded name. */
static int each_of_name(struct view *v, const char *name, view_name_fn fn, void *arg, struct error *err)
{
	CLEANUP(strbuf) struct strbuf folded = STRBUF_INIT;
	struct each_name to = { fn, arg };
	struct index_key k;

	ascii_fold(&folded, name, strlen(name));
	if (folded.len > NAME_FULL_MAX)
		return 0;
	index_key_begin(&k, TABLE_NAME);
	index_key_add(&k, folded.buf, folded.len + 1);
	return kv_each(v->txn, index_key_span(&k), NULL, false, pass_name, &to, err);
}

int view_count_name(struct view *v, const char *name, size_t *count, struct error *err)
{
	*count = 0;
	return each_of_name(v, name, count_one, count, err);
}

int view_find_name(struct view *v, const char *name, struct cid *cid, bool *exact, struct error *err)
{
	struct name_search search = { name, cid, false, false };

	if (exact)
		*exact = false;
	if (each_of_name(v, name, match_name, &search, err) < 0)
		return -1;
	if (exact)
		*exact = search.exact;
	return search.found;
}
