/* SPDX-License-Identifier: Apache-2.0 */
/* A transaction as lines of the journal: what it withdraws, its changes in their order, what it notes as handed out. */
#include <config.h>

#include "base/mem.h"
#include "store/index.h"
#include "store/txn-internal.h"

/* As many as are sure to fit into a line. */
#define WITHDRAWN_MAX 12000
#define OFFERS_MAX 8000

/* How far the lines have come. */
struct cursor {
	size_t withdrawn, item, offer;
};

static bool is_at_end(const struct txn *txn, const struct cursor *at)
{
	return at->withdrawn == txn->withdrawn_count && at->item == txn->count && at->offer == txn->offer_count;
}

/* How many items from `first` on fit into one line: at least one, since none that does not was queued.  A line is handed in by one. */
static size_t fitting(const struct txn *txn, size_t first)
{
	size_t room = JOURNAL_LINE_MAX - TXN_LINE_FRAME, used = txn->items[first].len, n = 1;

	while (first + n < txn->count && used + 1 + txn->items[first + n].len <= room &&
	       txn->items[first + n].is_received == txn->items[first].is_received) {
		used += 1 + txn->items[first + n].len;
		n++;
	}
	return n;
}

static size_t at_most(size_t n, size_t max)
{
	return n < max ? n : max;
}

/* The next line's content, which stays the transaction's; changes is an array for them. */
static void fill(struct txn *txn, struct cursor *at, struct change **changes, size_t *cap, struct journal_line *line)
{
	if (at->withdrawn < txn->withdrawn_count) {
		line->withdrawn = txn->withdrawn + at->withdrawn;
		line->withdrawn_count = at_most(txn->withdrawn_count - at->withdrawn, WITHDRAWN_MAX);
		at->withdrawn += line->withdrawn_count;
	} else if (at->item < txn->count) {
		line->change_count = fitting(txn, at->item);
		ARRAY_GROW(*changes, line->change_count, *cap);
		for (size_t i = 0; i < line->change_count; i++)
			(*changes)[i] = txn->items[at->item + i].change;
		line->changes = *changes;
		if (txn->items[at->item].is_received)
			line->by = (char *)txn->info->by;
		at->item += line->change_count;
	} else {
		line->offered = txn->offers + at->offer;
		line->offered_count = at_most(txn->offer_count - at->offer, OFFERS_MAX);
		at->offer += line->offered_count;
	}
	line->more = !is_at_end(txn, at);
}

static int write_line(struct txn *txn, struct journal_line *line, struct strbuf *out, struct journal_position *at, struct error *err)
{
	size_t before = out->len;

	if (journal_line_write(out, line, err) < 0)
		return -1;
	for (size_t i = 0; i < line->change_count; i++)
		if (index_apply_history(txn->kv, &line->changes[i], line->seq, (uint32_t)i, at->offset, err) < 0)
			return -1;
	if (index_apply_offered(txn->kv, line->offered, line->offered_count, err) < 0)
		return -1;
	*at = (struct journal_position){ at->offset + (out->len - before), line->seq, line->sum };
	return 0;
}

int txn_compose(struct txn *txn, struct strbuf *out, struct journal_position *at, struct error *err)
{
	CLEANUP(ptr) struct change *changes = NULL;
	struct cursor cursor = { 0, 0, 0 };
	char nobody[] = ""; /* local work is by no authenticated user */
	size_t cap = 0;

	for (*at = txn->end; !is_at_end(txn, &cursor);) {
		struct journal_line line = { .seq = at->seq + 1, .prev = at->sum, .time = txn->time, .by = nobody };

		fill(txn, &cursor, &changes, &cap, &line);
		if (write_line(txn, &line, out, at, err) < 0)
			return -1;
	}
	return 0;
}
