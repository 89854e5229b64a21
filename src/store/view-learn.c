/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps in the index what was learned from version objects, so that they need not be read for the next list. */
#include <config.h>

#include <string.h>

#include "base/interrupt.h"
#include "store/index-version.h"
#include "store/index.h"
#include "store/store.h"
#include "store/view.h"

/* Rows a transaction: the pages that one lets go are used by the one after the next, where all at once would leave a large index, half of it free. */
#define ROWS_AT_ONCE 4096

void version_row_set_brief(struct version_row *row, int64_t created, const char *description)
{
	size_t len = strcspn(description, "\n");

	row->has_brief = len <= VERSION_SUMMARY_MAX;
	if (!row->has_brief)
		return;
	row->created = created;
	memcpy(row->summary, description, len);
	row->summary[len] = '\0';
}

static int learn_all(struct kv_txn *txn, const struct cid *cid, const struct version_row *rows, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (index_version_learn(txn, cid, &rows[i], err) < 0)
			return -1;
	return 0;
}

static int learn_some(struct store *store, const struct cid *cid, const struct version_row *rows, size_t count, struct error *err)
{
	struct journal_position end;
	enum journal_tail tail;

	for (;;) {
		struct index_source src = { store->index, &store->journal, &store->stamp };
		CLEANUP(kv_txn) struct kv_txn *txn = index_replay(&src, &end, &tail, err);

		if (!txn)
			return -1;
		if (learn_all(txn, cid, rows, count, err) == 0 && kv_commit(&txn, err) == 0)
			return 0;
		if (!kv_is_full(store->index))
			return -1;
		kv_abort(&txn);
		error_clear(err);
		if (kv_grow(store->index, err) < 0)
			return -1;
	}
}

static int learn(struct store *store, const struct cid *cid, const struct version_row *rows, size_t count, struct error *err)
{
	CLEANUP(lock) struct lock lock = LOCK_INIT;
	size_t n;

	if (store_use_journal(store, err) < 0 || lock_take(&lock, store->dir, LOCK_JOURNAL, true, 0, store->verb, err) < 0 ||
	    store_use_index_locked(store, err) < 0)
		return -1;
	for (size_t at = 0; at < count; at += n) {
		n = count - at < ROWS_AT_ONCE ? count - at : ROWS_AT_ONCE;
		if (interrupt_check(err) < 0 || learn_some(store, cid, rows + at, n, err) < 0)
			return -1;
	}
	return 0;
}

void view_learn(struct store *store, const struct cid *cid, const struct version_row *rows, size_t count)
{
	struct error ignored = ERROR_INIT;

	if (!store->index_is_private && learn(store, cid, rows, count, &ignored) < 0)
		error_clear(&ignored);
}
