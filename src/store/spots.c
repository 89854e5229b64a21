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

#define FEW 32 /* changes of a line that are read one by one */

void spots_cleanup(struct spots *s)
{
	ptr_cleanup(&s->v);
	for (size_t i = 0; i < SPOTS_TEXTS; i++)
		if (s->texts[i].text.buf)
			strbuf_release(&s->texts[i].text);
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

/* ---- one change ---- */

static int find_text(struct view *v, struct spots *s, const struct spot *spot, struct spots_text **out, struct error *err)
{
	struct spots_text *t;

	for (size_t i = 0; i < SPOTS_TEXTS; i++) {
		*out = &s->texts[i];
		if ((*out)->is_there && (*out)->offset == spot->offset)
			return 0;
	}
	*out = t = &s->texts[s->turn];
	s->turn = (s->turn + 1) % SPOTS_TEXTS;
	if (!t->text.buf)
		strbuf_init(&t->text);
	strbuf_reset(&t->text);
	t->is_there = false;
	if (journal_read_text(view_journal(v), spot->offset, &t->text, err) < 0)
		return -1;
	t->offset = spot->offset;
	t->at = t->next = 0;
	t->is_there = true;
	return 0;
}

static bool find_change(struct spots_text *t, uint32_t i, struct span *out)
{
	if (i < t->next)
		t->at = t->next = 0;
	while (journal_line_next_change(t->text.buf, t->text.len, &t->at, out))
		if (t->next++ == i)
			return true;
	t->at = t->next = 0;
	return false;
}

/* The index knows each change by the hash of its bytes: that it says the same place of this one is the proof that it is whole. */
static int read_change(struct view *v, struct spots *s, const struct spot *spot, struct change *out, uint64_t *seq, struct error *err)
{
	CLEANUP(json) json_t *obj = NULL;
	struct spots_text *text;
	struct change_row row;
	struct span span;
	int got;

	if (find_text(v, s, spot, &text, err) < 0)
		return -1;
	if (!find_change(text, spot->i, &span))
		return misplaced(err);
	obj = json_parse((const char *)span.data, span.len, "a change", err);
	if (!obj || change_parse(obj, out, err) < 0) {
		err->code = ERR_INTEGRITY;
		return -1;
	}
	got = index_key_find_change(view_txn(v), &out->id, &row, err);
	if (got < 0)
		return -1;
	*seq = row.seq;
	return got && row.offset == spot->offset && row.i == spot->i ? 0 : misplaced(err);
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
	CLEANUP(change) struct change c = { .key = NULL };
	struct change_row row;
	uint64_t seq;
	int got = index_key_find_change(view_txn(to->view), id, &row, err);

	if (got <= 0 || row.withdrawn || !row.seq)
		return got < 0 ? -1 : 0;
	if (read_change(to->view, to->out, &(struct spot){ row.offset, row.i }, &c, &seq, err) < 0)
		return -1;
	for (size_t i = 0; i < c.parent_count; i++)
		add_id(ids, &c.parents[i]);
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

/* Who handed the line in that the change is of. */
static int read_by(struct spots *s, const struct spot *spot, json_t **out, struct error *err)
{
	static const char begin[] = "{\"by\":";
	const struct spots_text *t = s->texts;
	size_t used;

	while (t->offset != spot->offset || !t->is_there)
		t++;
	*out = t->text.len < sizeof begin ? NULL : json_parse_first(t->text.buf + sizeof begin - 1, t->text.len - sizeof begin, &used);
	return json_is_string(*out) ? 0 : misplaced(err);
}

static int pass(struct view *v, struct spots *s, const struct spot *spot, view_change_fn fn, void *arg, struct error *err)
{
	CLEANUP(change) struct change c = { .key = NULL };
	CLEANUP(json) json_t *by = NULL;
	uint64_t seq;

	if (read_change(v, s, spot, &c, &seq, err) < 0 || read_by(s, spot, &by, err) < 0)
		return -1;
	return fn(&c, seq, json_string_value(by), arg, err);
}

/* Those from `first` on that are of one line. */
static size_t of_one_line(const struct spots *s, size_t first)
{
	size_t n = 1;

	while (first + n < s->count && s->v[first + n].offset == s->v[first].offset)
		n++;
	return n;
}

static int pass_few(struct view *v, struct spots *s, size_t first, size_t count, view_change_fn fn, void *arg, struct error *err)
{
	for (size_t n = 0; n < count; n++) {
		int stop = pass(v, s, &s->v[first + n], fn, arg, err);

		if (stop)
			return stop;
	}
	return 0;
}

/* The sum of the line proves all of them: to look each up in the index, which is at random places, would take longer. */
static int pass_many(struct view *v, struct spots *s, size_t first, size_t count, view_change_fn fn, void *arg, struct error *err)
{
	struct journal_line line = { .seq = 0 };
	int stop = journal_read_at(view_journal(v), s->v[first].offset, &line, err);

	for (size_t n = 0; !stop && n < count; n++) {
		uint32_t i = s->v[first + n].i;

		stop = i < line.change_count ? fn(&line.changes[i], line.seq, line.by, arg, err) : misplaced(err);
	}
	journal_line_cleanup(&line);
	return stop;
}

int spots_each(struct view *v, struct spots *s, view_change_fn fn, void *arg, struct error *err)
{
	for (size_t first = 0, n; first < s->count; first += n) {
		int stop;

		n = of_one_line(s, first);
		stop = (n > FEW ? pass_many : pass_few)(v, s, first, n, fn, arg, err);
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
