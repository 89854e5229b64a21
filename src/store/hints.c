/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions for what nobody waits for. */
#include <config.h>

#include "store/hints.h"

#include "base/interrupt.h"
#include "store/index.h"

static int write_some(struct store *store, size_t first, size_t count, hints_fn fn, void *arg, struct error *err)
{
	struct journal_position end;
	enum journal_tail tail;

	for (;;) {
		struct index_source src = { store->index, &store->journal, &store->stamp };
		CLEANUP(kv_txn) struct kv_txn *txn = index_replay(&src, &end, &tail, err);

		if (!txn)
			return -1;
		if (fn(txn, first, count, arg, err) == 0 && kv_commit(&txn, err) == 0)
			return 0;
		if (!kv_is_full(store->index))
			return -1;
		kv_abort(&txn);
		error_clear(err);
		if (kv_grow(store->index, err) < 0)
			return -1;
	}
}

static bool can_write(const struct store *store)
{
	return store->index && !store->index_is_private && kv_is_writable(store->index);
}

static int write_all(struct store *store, size_t count, size_t at_once, hints_fn fn, void *arg, struct error *err)
{
	CLEANUP(lock) struct lock lock = LOCK_INIT;

	if (store_use_journal(store, err) < 0 || lock_take(&lock, store->dir, LOCK_JOURNAL, true, 0, store->verb, err) < 0 ||
	    store_use_index_locked(store, err) < 0 || !can_write(store))
		return -1;
	for (size_t at = 0, n; at < count; at += n) {
		n = count - at < at_once ? count - at : at_once;
		if (interrupt_check(err) < 0 || write_some(store, at, n, fn, arg, err) < 0)
			return -1;
	}
	return 0;
}

void hints_write(struct store *store, size_t count, size_t at_once, hints_fn fn, void *arg)
{
	struct error ignored = ERROR_INIT;

	if (count && can_write(store) && write_all(store, count, at_once, fn, arg, &ignored) < 0)
		error_clear(&ignored);
}
