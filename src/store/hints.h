/* SPDX-License-Identifier: Apache-2.0 */
/* Writing to the index what is derived and only makes the next command quicker: worth no failure, and no wait. */
#ifndef MREG_STORE_HINTS_H
#define MREG_STORE_HINTS_H

#include <stddef.h>

#include "base/error.h"
#include "store/kv.h"
#include "store/store.h"

/* Writes items first … first + count - 1 of what arg stands for; may be called again for the same ones. */
typedef int (*hints_fn)(struct kv_txn *txn, size_t first, size_t count, void *arg, struct error *err);
/*
 * Calls fn in write transactions of the index, which then says what the journal says, for at_once items each: pages that change are held in memory
 * until a commit.  Nothing happens, and nothing is said, when the index cannot be written, is a private one, or somebody holds the journal's
 * lock.  No view of this process may be open.
 */
void hints_write(struct store *store, size_t count, size_t at_once, hints_fn fn, void *arg);

#endif
