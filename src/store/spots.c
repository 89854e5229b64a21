/* SPDX-License-Identifier: Apache-2.0 */
/* Collects and reads places in the journal. */
#include <config.h>

#include "store/spots.h"

#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/mem.h"
#include "store/index-key.h"
#include "store/index.h"
#include "store/store.h"

void spots_cleanup(struct spots *s)
{
	ptr_cleanup(&s->v);
	*s = (struct spots)SPOTS_INIT;
}

static void add(struct spots *s, uint64_t offset, uint32_t i)
{
	ARRAY_GROW(s->v, s->count + 1, s->cap);
	s->v[s->count++] = (struct spot){ offset, i };
}

static int misplaced(struct error *err)
{
	error_set(err, ERR_INTEGRITY, "index is damaged: a change is not where it says");
	return error_hint(err, "Run 'mreg fsck --rebuild-index'.");
}

/* ---- rows ---- */

struct collecting {
	struct view *view;
	uint64_t last;
	struct spots *out;
};

/* A row of TABLE_HISTORY or TABLE_TIME, whose key ends in seq and i. */
static bool parse_row(struct span key, struct span value, uint64_t *seq, struct spot *out)
{
	if (key.len < 1 + 12 || value.len != 8)
		return false;
	*seq = load_be64(key.data + key.len - 12);
	*out = (struct spot){ load_le64(value.data), __builtin_bswap32(load_le32(key.data + key.len - 4)) };
	return true;
}

static int collect_row(struct span key, struct span value, void *arg, struct error *err)
{
	const struct collecting *to = arg;
	struct spot spot;
	uint64_t seq;

	if (!parse_row(key, value, &seq, &spot))
		return misplaced(err);
	if (seq > to->last)
		return 1;
	add(to->out, spot.offset, spot.i);
	return 0;
}

int spots_of_collection(struct view *v, const struct cid *cid, uint64_t last, struct spots *out, struct error *err)
{
	struct collecting to = { v, last, out };
	struct raw_cid raw;
	struct index_key k;

	if (!index_cid_parse(cid, &raw))
		return 0;
	index_key_begin(&k, TABLE_HISTORY);
	index_key_add_cid(&k, &raw);
	return kv_each(view_txn(v), index_key_span(&k), NULL, false, collect_row, &to, err);
}

/* ---- keys ---- */

struct ids {
	struct oid *v;
	size_t count, cap;
	struct hashmap seen;
};

static void ids_cleanup(struct ids *ids)
{
	free(ids->v);
	hashmap_cleanup(&ids->seen);
}

static void add_id(struct ids *ids, const struct oid *id)
{
	if (hashmap_has(&ids->seen, id->raw, OID_LEN))
		return;
	hashmap_put(&ids->seen, id->raw, OID_LEN, NULL);
	ARRAY_GROW(ids->v, ids->count + 1, ids->cap);
	ids->v[ids->count++] = *id;
}

/* Its parents are only to be had by reading it. */
static int follow(const struct collecting *to, const struct oid *id, struct ids *ids, struct error *err)
{
	const struct journal_line *line;
	struct change_row row;
	int got = index_key_find_change(view_txn(to->view), id, &row, err);

	if (got <= 0 || row.withdrawn)
		return got < 0 ? -1 : 0;
	line = view_line(to->view, row.offset, err);
	if (!line)
		return -1;
	if (line->seq != row.seq || row.i >= line->change_count)
		return misplaced(err);
	for (size_t i = 0; i < line->changes[row.i].parent_count; i++)
		add_id(ids, &line->changes[row.i].parents[i]);
	if (row.seq <= to->last)
		add(to->out, row.offset, row.i);
	return 0;
}

static int collect_heads(const char *key, const struct heads *heads, void *arg, struct error *err)
{
	CLEANUP(ids) struct ids ids = { NULL, 0, 0, HASHMAP_INIT };

	(void)key;
	for (size_t i = 0; i < heads->count; i++)
		add_id(&ids, &heads->v[i].id);
	for (size_t i = 0; i < ids.count; i++) {
		struct oid id = ids.v[i]; /* the array moves as it grows */

		if (follow(arg, &id, &ids, err) < 0)
			return -1;
	}
	return 0;
}

int spots_of_key(struct view *v, const char *key, uint64_t last, struct spots *out, struct error *err)
{
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	struct collecting to = { v, last, out };

	return view_heads(v, key, &heads, err) < 0 ? -1 : collect_heads(key, &heads, &to, err);
}

int spots_of_prefix(struct view *v, const char *prefix, uint64_t last, struct spots *out, struct error *err)
{
	struct collecting to = { v, last, out };

	return spots_each_key(v, prefix, collect_heads, &to, err);
}

struct each_key {
	spots_key_fn fn;
	void *arg;
};

static int pass_key(struct span key, struct span value, void *arg, struct error *err)
{
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	const struct each_key *to = arg;

	if (heads_parse(value.data, value.len, &heads, err) < 0)
		return -1;
	return to->fn((const char *)key.data + 1, &heads, to->arg, err);
}

int spots_each_key(struct view *v, const char *prefix, spots_key_fn fn, void *arg, struct error *err)
{
	struct each_key to = { fn, arg };
	struct index_key k;
	size_t len = strlen(prefix);

	if (len > CHANGE_KEY_MAX)
		return 0;
	index_key_begin(&k, TABLE_KEY);
	index_key_add(&k, prefix, len);
	return kv_each(view_txn(v), index_key_span(&k), NULL, false, pass_key, &to, err);
}

/* ---- reading ---- */

static int compare(const void *a, const void *b)
{
	const struct spot *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->i < y->i ? -1 : x->i > y->i;
}

void spots_sort(struct spots *s)
{
	size_t kept = 0;

	if (s->count)
		qsort(s->v, s->count, sizeof *s->v, compare);
	for (size_t i = 0; i < s->count; i++)
		if (!i || compare(&s->v[i], &s->v[kept - 1]) != 0)
			s->v[kept++] = s->v[i];
	s->count = kept;
}

/* The line that was read last: fn may make the view forget its own. */
struct held_line {
	struct journal_line line;
	uint64_t offset;
	bool is_there;
};

static void held_line_cleanup(struct held_line *held)
{
	journal_line_cleanup(&held->line);
}

static int hold_line(struct held_line *held, const struct journal *j, uint64_t offset, struct error *err)
{
	if (held->is_there && held->offset == offset)
		return 0;
	journal_line_cleanup(&held->line);
	*held = (struct held_line){ .offset = offset };
	if (journal_read_at(j, offset, &held->line, err) < 0)
		return -1;
	held->is_there = true;
	return 0;
}

int spots_each(struct view *v, const struct spots *s, view_change_fn fn, void *arg, struct error *err)
{
	CLEANUP(held_line) struct held_line held = { .is_there = false };

	for (size_t n = 0; n < s->count; n++) {
		int stop;

		if (hold_line(&held, view_journal(v), s->v[n].offset, err) < 0)
			return -1;
		if (s->v[n].i >= held.line.change_count)
			return misplaced(err);
		stop = fn(&held.line.changes[s->v[n].i], held.line.seq, held.line.by, arg, err);
		if (stop)
			return stop < 0 ? -1 : 0;
	}
	return 0;
}

/* ---- what was handed out ---- */

struct own {
	struct view *view;
	uint64_t after, found;
};

static int look_for_own(struct span key, struct span value, void *arg, struct error *err)
{
	struct own *own = arg;
	const struct journal_line *line;
	struct spot spot;
	uint64_t seq;

	if (!parse_row(key, value, &seq, &spot))
		return misplaced(err);
	if (seq <= own->after)
		return 1;
	line = view_line(own->view, spot.offset, err);
	if (!line)
		return -1;
	own->found = *line->by ? 0 : seq;
	return own->found > 0;
}

int spots_last_own(struct view *v, const struct cid *cid, uint64_t seq, uint64_t *out, struct error *err)
{
	struct own own = { v, seq, 0 };
	struct raw_cid raw;
	struct index_key k;

	*out = 0;
	index_key_begin(&k, cid ? TABLE_HISTORY : TABLE_TIME);
	if (cid) {
		if (!index_cid_parse(cid, &raw))
			return 0;
		index_key_add_cid(&k, &raw);
	}
	if (kv_each(view_txn(v), index_key_span(&k), NULL, true, look_for_own, &own, err) < 0)
		return -1;
	*out = own.found;
	return 0;
}

int spots_has_change(struct view *v, const struct oid *id, struct error *err)
{
	struct change_row row;
	int got = index_key_find_change(view_txn(v), id, &row, err);

	return got <= 0 ? got : !row.withdrawn;
}

/* ---- positions ---- */

struct last_row {
	struct spot spot;
	uint64_t seq; /* 0: there is none */
};

static int take_row(struct span key, struct span value, void *arg, struct error *err)
{
	struct last_row *row = arg;

	return parse_row(key, value, &row->seq, &row->spot) ? 1 : misplaced(err);
}

/* The end of the last line before or at `seq` that has changes: of others the index knows nothing. */
static int find_end(struct view *v, uint64_t seq, struct journal_position *out, struct error *err)
{
	struct last_row row = { .seq = 0 };
	struct index_key all, from;
	struct span first;

	journal_start(view_journal(v), out);
	index_key_begin(&all, TABLE_TIME);
	index_key_begin(&from, TABLE_TIME);
	index_key_add_u64(&from, seq);
	index_key_add_u32(&from, UINT32_MAX);
	first = index_key_span(&from);
	if (kv_each(view_txn(v), index_key_span(&all), &first, true, take_row, &row, err) < 0)
		return -1;
	if (!row.seq)
		return 0;
	out->seq = row.seq;
	return journal_skip(view_journal(v), row.spot.offset, &out->offset, &out->sum, err);
}

/* Lines without changes are few and short. */
static int skip_line(const struct journal *j, struct journal_position *at, struct error *err)
{
	struct journal_line line = { .seq = 0 };
	int rc = journal_read_at(j, at->offset, &line, err);

	if (!rc && line.seq != at->seq + 1)
		rc = misplaced(err);
	at->seq++;
	journal_line_cleanup(&line);
	return rc ? -1 : journal_skip(j, at->offset, &at->offset, &at->sum, err);
}

int spots_position(struct view *v, uint64_t seq, struct journal_position *out, struct error *err)
{
	view_position(v, out);
	if (seq >= out->seq)
		return seq == out->seq;
	if (find_end(v, seq, out, err) < 0)
		return -1;
	while (out->seq < seq)
		if (skip_line(view_journal(v), out, err) < 0)
			return -1;
	return 1;
}
