/* SPDX-License-Identifier: Apache-2.0 */
/* What coll/ and version/ keys derive: names, version rows, ids, digests; and version rows read back. */
#ifndef MREG_STORE_INDEX_VERSION_H
#define MREG_STORE_INDEX_VERSION_H

#include "base/error.h"
#include "store/index-key.h"
#include "store/kv.h"
#include "store/view.h"

/* The key's value went from `before` to `after`: canonical JSON, "null" for a tombstone, NULL when it was never set (or is so again). */
int index_version_derive(struct kv_txn *txn, const char *key, const char *before, const char *after, struct error *err) MUST_CHECK;
/* Adds what row->has_brief stands for to the version's row, if that is still of the same version. */
int index_version_learn(struct kv_txn *txn, const struct cid *cid, const struct version_row *row, struct error *err) MUST_CHECK;
/* Keeps the facts of a version (format/facts.h), which never change; and gives them: 1, 0 when they were not learned, -1. */
int index_version_put_facts(struct kv_txn *txn, const struct oid *version, struct span facts, struct error *err) MUST_CHECK;
int index_version_facts(struct kv_txn *txn, const struct oid *version, struct strbuf *out, struct error *err) MUST_CHECK;
/* A row of TABLE_VERSION. */
int index_version_parse(struct span key, struct span value, struct version_row *out, struct error *err) MUST_CHECK;

#endif
