/* SPDX-License-Identifier: Apache-2.0 */
/* Which collections a key belongs to, and up to where their changes were handed out. */
#ifndef MREG_STORE_INDEX_OWNER_H
#define MREG_STORE_INDEX_OWNER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "store/index-key.h"
#include "store/kv.h"

struct index_owners {
	struct raw_cid *v;
	size_t count, cap;
};
#define INDEX_OWNERS_INIT { NULL, 0, 0 }
static inline void index_owners_cleanup(struct index_owners *o)
{
	ptr_cleanup(&o->v);
}

/* The collection that stands in the key, or all that have or had the version that does; none of a key that is of no collection. */
int index_owner_find(struct kv_txn *txn, const char *key, struct index_owners *out, struct error *err) MUST_CHECK;

/* The line up to which all changes of a collection (NULL: of everything) were handed out; 0: none. */
int index_owner_offered(struct kv_txn *txn, const struct cid *cid, uint64_t *through, struct error *err) MUST_CHECK;
int index_owner_put_offered(struct kv_txn *txn, const struct cid *cid, uint64_t through, struct error *err) MUST_CHECK;

#endif
