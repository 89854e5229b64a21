/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a transaction know of each other: txn.c, txn-received.c, txn-lines.c. */
#ifndef MREG_STORE_TXN_INTERNAL_H
#define MREG_STORE_TXN_INTERNAL_H

#include "base/hashmap.h"
#include "format/change.h"
#include "format/journal-line.h"
#include "store/journal.h"
#include "store/kv.h"
#include "store/txn.h"

/* A change that is queued. */
struct txn_item {
	struct change change;
	char *before;     /* the live value that stood there; NULL: none */
	size_t len;       /* of its canonical text */
	bool is_received; /* handed in by info->by */
};

struct txn {
	struct store *store;
	const struct txn_info *info;
	struct kv_txn *kv;
	struct view *view;
	struct journal_position end; /* of the journal as it was found */
	int64_t time;
	struct txn_item *items;
	size_t count, cap;
	struct hashmap added; /* ids of those items that txn_add() has queued */
	struct oid *withdrawn;
	size_t withdrawn_count, withdrawn_cap;
	struct journal_offer *offers;
	size_t offer_count, offer_cap;
};

/* Puts a sealed change among the items and into the index: it is taken over in any case. */
int txn_queue(struct txn *txn, struct change *c, size_t len, bool is_received, struct error *err) MUST_CHECK;
bool txn_is_empty(const struct txn *txn);
/* The lines that it makes, and the history rows, which name the offsets that the lines will have. *at: the end they make. */
int txn_compose(struct txn *txn, struct strbuf *out, struct journal_position *at, struct error *err) MUST_CHECK;

#define TXN_LINE_FRAME 512 /* more than a line has beside its changes */

#endif
