/* SPDX-License-Identifier: Apache-2.0 */
/* Owners of keys, found by the rows of version ids, and the rows that say what was handed out. */
#include <config.h>

#include "store/index-owner.h"

#include <string.h>

#include "base/strbuf.h"

static void add_owner(struct index_owners *o, const void *raw)
{
	if (o->count && !memcmp(o->v[o->count - 1].raw, raw, CID_LEN))
		return;
	ARRAY_GROW(o->v, o->count + 1, o->cap);
	memcpy(o->v[o->count++].raw, raw, CID_LEN);
}

static int add_owner_of_id_row(struct span key, struct span value, void *arg, struct error *err)
{
	(void)value;
	if (key.len != 1 + OID_LEN + CID_LEN + 8)
		return error_set(err, ERR_INTEGRITY, "index is damaged: row of a version id");
	add_owner(arg, key.data + 1 + OID_LEN);
	return 0;
}

int index_owner_find(struct kv_txn *txn, const char *key, struct index_owners *out, struct error *err)
{
	struct reference_key ref;
	struct index_key prefix;

	index_key_parse(key, &ref);
	if (ref.table == REF_OTHER)
		return 0;
	if (!ref.of_version) {
		add_owner(out, ref.cid.raw);
		return 0;
	}
	index_key_begin(&prefix, TABLE_ID);
	index_key_add_oid(&prefix, &ref.version);
	return kv_each(txn, index_key_span(&prefix), NULL, false, add_owner_of_id_row, out, err);
}

static int offered_key(struct index_key *k, const struct cid *cid, struct error *err)
{
	struct raw_cid raw = { { 0 } };

	if (cid && !index_cid_parse(cid, &raw))
		return error_set(err, ERR_INTEGRITY, "'%s' is no id of a collection", cid->hex);
	index_key_begin(k, TABLE_OFFERED);
	index_key_add_cid(k, &raw);
	return 0;
}

int index_owner_offered(struct kv_txn *txn, const struct cid *cid, uint64_t *through, struct error *err)
{
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;
	struct index_key k;
	int got;

	*through = 0;
	if (offered_key(&k, cid, err) < 0)
		return -1;
	got = kv_get(txn, k.data, k.len, &value, err);
	if (got <= 0)
		return got;
	if (value.len != 8)
		return error_set(err, ERR_INTEGRITY, "index is damaged: what was handed out");
	*through = load_le64(value.buf);
	return 0;
}

int index_owner_put_offered(struct kv_txn *txn, const struct cid *cid, uint64_t through, struct error *err)
{
	struct index_key k;
	uint8_t value[8];

	if (offered_key(&k, cid, err) < 0)
		return -1;
	store_le64(value, through);
	return kv_put(txn, k.data, k.len, value, sizeof value, err);
}
