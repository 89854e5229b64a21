/* SPDX-License-Identifier: Apache-2.0 */
/* One transaction: replay, decide, check, append, index, all under the journal's lock. */
#include <config.h>

#include "store/txn.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/hashmap.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "store/index-version.h"
#include "store/index.h"
#include "store/kv.h"
#include "store/txn-internal.h"

#define INDEX_ROOM 2048 /* bytes of the index that a change takes, about: what comes with many is not to be begun again and again */

static void txn_reset(struct txn *txn)
{
	for (size_t i = 0; i < txn->count; i++) {
		change_cleanup(&txn->items[i].change);
		free(txn->items[i].before);
	}
	txn->count = txn->withdrawn_count = txn->offer_count = 0;
	hashmap_cleanup(&txn->added);
	view_close(txn->view);
	txn->view = NULL;
	kv_abort(&txn->kv);
}

static void txn_cleanup(struct txn *txn)
{
	txn_reset(txn);
	free(txn->items);
	free(txn->withdrawn);
	free(txn->offers);
}

bool txn_is_empty(const struct txn *txn)
{
	return !txn->count && !txn->withdrawn_count && !txn->offer_count;
}

static struct index_source source_of(const struct txn *txn)
{
	return (struct index_source){ txn->store->index, &txn->store->journal, &txn->store->stamp };
}

struct view *txn_view(struct txn *txn)
{
	return txn->view;
}

int64_t txn_time(const struct txn *txn)
{
	return txn->time;
}

void txn_position(const struct txn *txn, struct journal_position *out)
{
	*out = txn->end;
}

uint64_t txn_seq(const struct txn *txn)
{
	return txn->end.seq + 1;
}

static char *copy_or_empty(const char *text)
{
	return xstrdup(text ? text : "");
}

/* What stands there already, or was never there and is to go, needs no change. */
static bool is_no_change(const struct heads *heads, const char *value)
{
	if (!heads->count)
		return !strcmp(value, "null");
	return heads->count == 1 && !strcmp(heads->v[0].value, value);
}

static struct change make_change(const struct txn *txn, const char *key, const char *value, const struct heads *heads)
{
	const struct txn_info *info = txn->info;
	struct change c = {
		.key = xstrdup(key),
		.value = xstrdup(value),
		.time = txn->time,
		.user = copy_or_empty(info->user),
		.host = copy_or_empty(info->host),
		.verb = copy_or_empty(info->verb),
		.why = copy_or_empty(info->why),
		.run = copy_or_empty(info->run),
		.parent_count = heads->count,
	};

	if (heads->count)
		c.parents = xcalloc(heads->count, sizeof *c.parents);
	for (size_t i = 0; i < heads->count; i++)
		c.parents[i] = heads->v[i].id;
	return c;
}

int txn_queue(struct txn *txn, struct change *c, size_t len, bool is_received, struct error *err)
{
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	struct txn_item *item;

	ARRAY_GROW(txn->items, txn->count + 1, txn->cap);
	item = &txn->items[txn->count++];
	*item = (struct txn_item){ .change = *c, .len = len, .is_received = is_received };
	if (view_heads(txn->view, item->change.key, &heads, err) < 0)
		return -1;
	item->before = heads_is_live(&heads) ? xstrdup(heads_value(&heads, NULL)) : NULL;
	return index_apply_keys(txn->kv, &item->change, err);
}

int txn_set(struct txn *txn, const char *key, const json_t *value, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, sealed = STRBUF_INIT;
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	CLEANUP(change) struct change c = { .key = NULL };
	struct change queued;

	if (value)
		json_canonical(&text, value);
	else
		strbuf_adds(&text, "null");
	if (view_heads(txn->view, key, &heads, err) < 0)
		return -1;
	if (is_no_change(&heads, text.buf))
		return 0;
	c = make_change(txn, key, text.buf, &heads);
	if (change_seal(&c, &sealed, err) < 0)
		return -1;
	if (sealed.len + TXN_LINE_FRAME > JOURNAL_LINE_MAX)
		return error_set(err, ERR_INVALID, "the value of '%s' is too large: a change has at most %u bytes, this has %zu", key,
			JOURNAL_LINE_MAX - TXN_LINE_FRAME, sealed.len);
	queued = c;
	c = (struct change){ .key = NULL };
	return txn_queue(txn, &queued, sealed.len, false, err);
}

/* For each change the last one of its key, or SIZE_MAX when an earlier one has that key. */
static size_t *last_of_keys(const struct txn *txn)
{
	CLEANUP(hashmap) struct hashmap seen = HASHMAP_INIT;
	size_t *last = xcalloc(txn->count + 1, sizeof *last);

	for (size_t i = 0; i < txn->count; i++) {
		const char *key = txn->items[i].change.key;
		size_t *first = hashmap_find(&seen, key, strlen(key));

		last[i] = first ? SIZE_MAX : i;
		if (first)
			*first = i;
		else
			hashmap_put(&seen, key, strlen(key), &last[i]);
	}
	return last;
}

int txn_each_change(struct txn *txn, txn_change_fn fn, void *arg, struct error *err)
{
	CLEANUP(ptr) size_t *last = last_of_keys(txn);

	for (size_t i = 0; i < txn->count; i++) {
		const char *before = txn->items[i].before, *after;
		int stop;

		if (last[i] == SIZE_MAX)
			continue;
		after = txn->items[last[i]].change.value;
		if (!strcmp(after, before ? before : "null"))
			continue;
		after = strcmp(after, "null") ? after : NULL;
		stop = fn(txn->items[i].change.key, before, after, txn->items[i].change.parent_count == 0, arg, err);
		if (stop)
			return stop < 0 ? -1 : 0;
	}
	return 0;
}

int txn_value_before(struct txn *txn, const char *key, struct strbuf *out, struct error *err)
{
	for (size_t i = 0; i < txn->count; i++) {
		if (strcmp(txn->items[i].change.key, key))
			continue;
		strbuf_reset(out);
		strbuf_adds(out, txn->items[i].before ? txn->items[i].before : "");
		return txn->items[i].before != NULL;
	}
	return view_value(txn->view, key, out, err);
}

int txn_learn(struct txn *txn, const struct cid *cid, const struct version_row *row, struct error *err)
{
	return index_version_learn(txn->kv, cid, row, err);
}

int txn_learn_facts(struct txn *txn, const struct oid *version, const struct strbuf *facts, struct error *err)
{
	return index_version_put_facts(txn->kv, version, (struct span){ (const uint8_t *)facts->buf, facts->len }, err);
}

/* Each key once, however often it was set. */
static int check_rules(struct txn *txn, struct error *err)
{
	CLEANUP(hashmap) struct hashmap seen = HASHMAP_INIT;

	for (size_t i = 0; txn->store->rule && i < txn->count; i++) {
		const char *key = txn->items[i].change.key;

		if (hashmap_has(&seen, key, strlen(key)))
			continue;
		hashmap_put(&seen, key, strlen(key), txn);
		if (txn->store->rule(txn->view, key, txn->items[i].before, err) < 0)
			return -1;
	}
	return 0;
}

/* Rows, and the state that says up to where they go: the last that is written. */
static int write_rest(struct txn *txn, const struct journal_position *at, struct error *err)
{
	struct index_source src = source_of(txn);

	if (txn->info->stat_rows && statcache_write(txn->kv, txn->info->stat_rows, err) < 0)
		return -1;
	return index_write_state(txn->kv, &src, at, err);
}

static int commit(struct txn *txn, struct error *err)
{
	view_close(txn->view);
	txn->view = NULL;
	crash_point("index-before-commit");
	if (kv_commit(&txn->kv, err) < 0)
		return -1;
	crash_point("index-after-commit");
	return 0;
}

/* The map is full: nothing of what was done in it counts. */
static int grow(struct txn *txn, struct error *err)
{
	txn_reset(txn);
	error_clear(err);
	return kv_grow(txn->store->index, err);
}

static int begin(struct txn *txn, struct error *err)
{
	struct store *store = txn->store;
	struct index_source src = source_of(txn);
	enum journal_tail tail;

	txn->kv = index_replay(&src, &txn->end, &tail, err);
	if (!txn->kv)
		return -1;
	if (tail == JOURNAL_TORN && !txn->info->dry_run && journal_cut_torn(&store->journal, &txn->end, store->report, err) < 0)
		return -1;
	txn->view = view_over(txn->kv, store, txn->info->by && *txn->info->by, err);
	txn->time = clock_now();
	return txn->view ? 0 : -1;
}

/* Everything but the commits: what the lines say is in out, and in the open write transaction. */
static int prepare(struct txn *txn, txn_decide_fn decide, void *arg, struct strbuf *out, struct journal_position *at, struct error *err)
{
	strbuf_reset(out);
	*at = (struct journal_position){ 0 };
	if (begin(txn, err) < 0 || decide(txn, arg, err) < 0 || check_rules(txn, err) < 0)
		return -1;
	if (txn->info->dry_run)
		return 0;
	if (txn_compose(txn, out, at, err) < 0)
		return -1;
	return write_rest(txn, at, err);
}

static int prepare_with_room(
	struct txn *txn, txn_decide_fn decide, void *arg, struct strbuf *out, struct journal_position *at, struct error *err)
{
	while (prepare(txn, decide, arg, out, at, err) < 0)
		if (!txn->kv || !kv_is_full(txn->store->index) || grow(txn, err) < 0)
			return -1;
	return 0;
}

/* The lines are durable, and the index has them as far as it was written, which is once more from the journal when the map was full. */
static int commit_with_room(struct txn *txn, struct error *err)
{
	struct index_source src = source_of(txn);
	struct journal_position end;
	enum journal_tail tail;

	while (commit(txn, err) < 0) {
		if (!kv_is_full(txn->store->index) || grow(txn, err) < 0)
			return -1;
		txn->kv = index_replay(&src, &end, &tail, err);
		if (!txn->kv || write_rest(txn, &end, err) < 0)
			return -1;
	}
	return 0;
}

/* From here on nothing fails: the line stands, whatever becomes of the index. */
static void finish(struct txn *txn)
{
	struct store *store = txn->store;
	struct error why = ERROR_INIT;

	if (!commit_with_room(txn, &why)) {
		if (store->index_is_private)
			report_warning(store->report, "the index of '%s' cannot be written; the change is stored all the same", store->dir);
		return;
	}
	txn_reset(txn);
	store_distrust_index(store);
	report_warning(store->report, "the change is stored, but not in the index, which will catch up later: %s", why.text);
}

/* No change, but what was learned of files, or replayed, is worth keeping; it is not worth failing for. */
static void keep_what_was_learned(struct txn *txn)
{
	struct error ignored = ERROR_INIT;

	if (!txn->info->stat_rows || !txn->info->stat_rows->count)
		return;
	if (commit_with_room(txn, &ignored) < 0)
		error_clear(&ignored);
}

static int act(struct txn *txn, const struct strbuf *text, struct error *err)
{
	if (txn->info->dry_run)
		return 0;
	if (txn_is_empty(txn)) {
		keep_what_was_learned(txn);
		return 0;
	}
	if (interrupt_check(err) < 0)
		return -1;
	interrupt_defer();
	if (journal_append(&txn->store->journal, &txn->end, text->buf, text->len, err) < 0)
		return -1;
	finish(txn);
	return 0;
}

int txn_run(struct store *store, const struct txn_info *info, txn_decide_fn decide, void *arg, struct error *err)
{
	CLEANUP(lock) struct lock lock = LOCK_INIT; /* released after the transaction, which is cleaned up before */
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(txn) struct txn txn = { .store = store, .info = info };
	struct journal_position at;

	crash_point("txn-before-lock");
	if (store_use_journal(store, err) < 0)
		return -1;
	if (!store->journal.writable)
		return error_set(err, ERR_READ_ONLY, "registry '%s' is read-only: its journal cannot be written", store->dir);
	if (lock_take(&lock, store->dir, LOCK_JOURNAL, true, store->lock_timeout_ms, info->verb, err) < 0)
		return -1;
	crash_point("txn-locked");
	if (store_use_index_locked(store, err) < 0 || (info->expected && kv_enlarge(store->index, info->expected * INDEX_ROOM, err) < 0) ||
	    prepare_with_room(&txn, decide, arg, &text, &at, err) < 0)
		return -1;
	if (act(&txn, &text, err) < 0)
		return -1;
	if (info->end)
		*info->end = info->dry_run ? txn.end : at;
	return 0;
}
