/* SPDX-License-Identifier: Apache-2.0 */
/* What keys of runs derive: their ids, and rows that lead from a version to the runs and artifacts that name it. */
#ifndef MREG_STORE_INDEX_EDGE_H
#define MREG_STORE_INDEX_EDGE_H

#include "base/error.h"
#include "store/index-key.h"
#include "store/kv.h"

/* The key's value went from `before` to `after`, as in index_version_derive(). */
int index_edge_derive_run(struct kv_txn *txn, const struct reference_key *ref, const char *before, const char *after, struct error *err) MUST_CHECK;
int index_edge_derive(struct kv_txn *txn, const struct reference_key *ref, const char *before, const char *after, struct error *err) MUST_CHECK;

#endif
