/* SPDX-License-Identifier: Apache-2.0 */
/* What a transaction takes over from another registry, and what it gives up for that. */
#include <config.h>

#include <string.h>

#include "base/mem.h"
#include "store/index-key.h"
#include "store/index-owner.h"
#include "store/index.h"
#include "store/txn-internal.h"

static int withdrawn_here(const struct oid *id, struct error *err)
{
	return error_set(err, ERR_CONFLICT, "change %s was withdrawn here: it comes from a copy of this registry", oid_hex(id).text);
}

/* 1 known, 0 not, -1. */
static int is_known(struct txn *txn, const struct oid *id, struct error *err)
{
	struct change_row row;
	int got;

	if (hashmap_has(&txn->added, id->raw, OID_LEN))
		return 1;
	got = index_key_find_change(txn->kv, id, &row, err);
	if (got <= 0)
		return got;
	if (row.withdrawn)
		return withdrawn_here(id, err);
	return row.seq != 0;
}

static int check_parents(struct txn *txn, const struct change *c, struct error *err)
{
	for (size_t i = 0; i < c->parent_count; i++) {
		int known = is_known(txn, &c->parents[i], err);

		if (known < 0)
			return -1;
		if (!known)
			return error_set(err, ERR_INTEGRITY, "a change of '%s' follows change %s, which nobody has", c->key,
				oid_hex(&c->parents[i]).text);
	}
	return 0;
}

static int add(struct txn *txn, const struct change *c, bool is_received, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(json) json_t *obj = change_json(c);
	struct change copy;
	int known = is_known(txn, &c->id, err);

	if (known)
		return known < 0 ? -1 : 0;
	json_canonical(&text, obj);
	if (text.len + TXN_LINE_FRAME > JOURNAL_LINE_MAX)
		return error_set(err, ERR_INTEGRITY, "a change of '%s' is over the limit of a journal line", c->key);
	if (check_parents(txn, c, err) < 0)
		return -1;
	hashmap_put(&txn->added, c->id.raw, OID_LEN, txn);
	change_copy(c, &copy);
	return txn_queue(txn, &copy, text.len, is_received, err) < 0 ? -1 : 1;
}

int txn_add(struct txn *txn, const struct change *c, struct error *err)
{
	if (!txn->info->by || !*txn->info->by)
		BUG("changes that nobody has handed in");
	return add(txn, c, true, err);
}

int txn_add_own(struct txn *txn, const struct change *c, struct error *err)
{
	return add(txn, c, false, err);
}

int txn_withdraw(struct txn *txn, const struct oid *ids, size_t count, struct error *err)
{
	if (txn->count)
		BUG("a transaction withdraws after it has queued");
	if (!count)
		return 0;
	ARRAY_GROW(txn->withdrawn, txn->withdrawn_count + count, txn->withdrawn_cap);
	memcpy(txn->withdrawn + txn->withdrawn_count, ids, count * sizeof *ids);
	txn->withdrawn_count += count;
	return index_apply_withdrawn(txn->kv, &txn->store->journal, ids, count, err);
}

void txn_offer(struct txn *txn, const struct cid *cid, uint64_t seq)
{
	struct journal_offer *offer;

	ARRAY_GROW(txn->offers, txn->offer_count + 1, txn->offer_cap);
	offer = &txn->offers[txn->offer_count++];
	*offer = (struct journal_offer){ .through = seq };
	if (cid)
		memcpy(offer->collection, cid->hex, sizeof offer->collection);
}
