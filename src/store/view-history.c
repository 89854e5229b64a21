/* SPDX-License-Identifier: Apache-2.0 */
/* Changes, found by the index and read from the journal. */
#include <config.h>

#include "store/view.h"

#include <string.h>

#include "store/index-key.h"
#include "store/index-owner.h"
#include "store/index.h"
#include "store/store.h"

struct each_change {
	const struct journal *journal;
	struct journal_line line; /* the last one read: a line's changes stand side by side in the index */
	uint64_t offset;
	bool has_line;
	view_change_fn fn;
	void *arg;
};

static void each_change_cleanup(struct each_change *to)
{
	journal_line_cleanup(&to->line);
}

static int read_line(struct each_change *to, uint64_t offset, struct error *err)
{
	if (to->has_line && to->offset == offset)
		return 0;
	journal_line_cleanup(&to->line);
	to->line = (struct journal_line){ .seq = 0 };
	to->has_line = false;
	if (journal_read_at(to->journal, offset, &to->line, err) < 0)
		return -1;
	to->has_line = true;
	to->offset = offset;
	return 0;
}

static int misplaced(struct error *err)
{
	error_set(err, ERR_INTEGRITY, "index is damaged: a change is not where it says");
	return error_hint(err, "Run 'mreg fsck --rebuild-index'.");
}

static int pass_change(struct span key, struct span value, void *arg, struct error *err)
{
	struct each_change *to = arg;
	uint64_t seq;
	uint32_t i;

	if (key.len < 1 + 12 || value.len != 8)
		return misplaced(err);
	seq = load_be64(key.data + key.len - 12);
	i = __builtin_bswap32(load_le32(key.data + key.len - 4));
	if (read_line(to, load_le64(value.data), err) < 0)
		return -1;
	if (to->line.seq != seq || i >= to->line.change_count)
		return misplaced(err);
	return to->fn(&to->line.changes[i], seq, to->line.by, to->arg, err);
}

int view_each_change(struct view *v, const struct cid *cid, bool reverse, view_change_fn fn, void *arg, struct error *err)
{
	CLEANUP(each_change) struct each_change to = { .journal = view_journal(v), .fn = fn, .arg = arg };
	struct raw_cid raw;
	struct index_key k;

	index_key_begin(&k, cid ? TABLE_HISTORY : TABLE_TIME);
	if (cid) {
		if (!index_cid_parse(cid, &raw))
			return 0;
		index_key_add_cid(&k, &raw);
	}
	return kv_each(view_txn(v), index_key_span(&k), NULL, reverse, pass_change, &to, err);
}

int view_change(struct view *v, const struct oid *id, struct change *out, struct error *err)
{
	const struct journal_line *line;
	struct change_row row;
	int got = index_key_find_change(view_txn(v), id, &row, err);

	if (got <= 0 || !row.seq)
		return got < 0 ? -1 : 0;
	line = view_line(v, row.offset, err);
	if (!line)
		return -1;
	if (line->seq != row.seq || row.i >= line->change_count || !oid_equal(&line->changes[row.i].id, id))
		return misplaced(err);
	change_copy(&line->changes[row.i], out);
	return 1;
}

int view_each_change_after(struct view *v, uint64_t seq, view_change_fn fn, void *arg, struct error *err)
{
	CLEANUP(each_change) struct each_change to = { .journal = view_journal(v), .fn = fn, .arg = arg };
	struct index_key all, from;
	struct span first;

	index_key_begin(&all, TABLE_TIME);
	index_key_begin(&from, TABLE_TIME);
	index_key_add_u64(&from, seq + 1);
	index_key_add_u32(&from, 0);
	first = index_key_span(&from);
	return kv_each(view_txn(v), index_key_span(&all), &first, false, pass_change, &to, err);
}

int view_is_withdrawn(struct view *v, const struct oid *id, struct error *err)
{
	struct change_row row;
	int got = index_key_find_change(view_txn(v), id, &row, err);

	return got <= 0 ? got : row.withdrawn;
}

int view_offered_through(struct view *v, const struct cid *cid, uint64_t *seq, struct error *err)
{
	return index_owner_offered(view_txn(v), cid, seq, err);
}

/* Whether any collection that has the key was handed out up to that line. */
static int is_of_offered(struct view *v, const char *key, uint64_t seq, struct error *err)
{
	CLEANUP(index_owners) struct index_owners owners = INDEX_OWNERS_INIT;

	if (index_owner_find(view_txn(v), key, &owners, err) < 0)
		return -1;
	for (size_t i = 0; i < owners.count; i++) {
		uint64_t through;
		struct cid cid;

		index_cid_write(&owners.v[i], &cid);
		if (index_owner_offered(view_txn(v), &cid, &through, err) < 0)
			return -1;
		if (through >= seq)
			return 1;
	}
	return 0;
}

int view_is_offered(struct view *v, const struct oid *id, struct error *err)
{
	const struct journal_line *line;
	struct change_row row;
	uint64_t through;
	int got = index_key_find_change(view_txn(v), id, &row, err);

	if (got <= 0 || !row.seq)
		return got < 0 ? -1 : 0;
	if (index_owner_offered(view_txn(v), NULL, &through, err) < 0)
		return -1;
	if (through >= row.seq)
		return 1;
	line = view_line(v, row.offset, err);
	if (!line)
		return -1;
	if (line->seq != row.seq || row.i >= line->change_count)
		return misplaced(err);
	return *line->by ? 1 : is_of_offered(v, line->changes[row.i].key, row.seq, err);
}
