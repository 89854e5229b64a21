/* SPDX-License-Identifier: Apache-2.0 */
/* How far the index follows the journal, and making it follow. */
#include <config.h>

#include "store/index.h"

#include <string.h>

#include "store/index-key.h"

#define STATE_LEN (4 + REGISTRY_ID_LEN + 16 + 16 + OID_LEN)
#define CHANGES_A_COMMIT 20000 /* so that a replay of any length dirties a bounded number of pages */

struct state_row {
	uint32_t schema;
	uint8_t registry[REGISTRY_ID_LEN];
	uint64_t inode;
	int64_t birth;
	struct journal_position at;
};

static int expect(const struct index_source *src, struct state_row *out, struct error *err)
{
	*out = (struct state_row){ .schema = INDEX_SCHEMA };
	memcpy(out->registry, src->stamp->id, REGISTRY_ID_LEN);
	return kv_identity(src->kv, &out->inode, &out->birth, err);
}

static void write_row(uint8_t *out, const struct state_row *row)
{
	store_le32(out, row->schema);
	memcpy(out + 4, row->registry, REGISTRY_ID_LEN);
	out += 4 + REGISTRY_ID_LEN;
	store_le64(out, row->inode);
	store_le64(out + 8, (uint64_t)row->birth);
	store_le64(out + 16, row->at.offset);
	store_le64(out + 24, row->at.seq);
	memcpy(out + 32, row->at.sum.raw, OID_LEN);
}

enum index_state index_read_state(struct kv_txn *txn, const struct index_source *src, struct journal_position *at, struct error *err)
{
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;
	const size_t identity_len = 4 + REGISTRY_ID_LEN + 16;
	uint8_t want[STATE_LEN];
	struct state_row row;
	int got;

	journal_start(src->journal, at);
	got = kv_get(txn, &(char){ TABLE_STATE }, 1, &value, err);
	if (got < 0 || expect(src, &row, err) < 0)
		return INDEX_FAILED;
	if (!got)
		return INDEX_EMPTY;
	write_row(want, &row);
	if (value.len != STATE_LEN || memcmp(value.buf, want, identity_len) != 0)
		return INDEX_FOREIGN;
	at->offset = load_le64(value.buf + identity_len);
	at->seq = load_le64(value.buf + identity_len + 8);
	memcpy(at->sum.raw, value.buf + identity_len + 16, OID_LEN);
	return INDEX_USABLE;
}

int index_write_state(struct kv_txn *txn, const struct index_source *src, const struct journal_position *at, struct error *err)
{
	uint8_t value[STATE_LEN];
	struct state_row row;

	if (expect(src, &row, err) < 0)
		return -1;
	row.at = *at;
	write_row(value, &row);
	return kv_put(txn, &(char){ TABLE_STATE }, 1, value, sizeof value, err);
}

struct replay {
	const struct index_source *src;
	struct kv_txn *txn;
	uint64_t changes; /* since the last commit */
	bool in_group;    /* the line before was marked `more` */
	bool failed;      /* in the index, not in the journal */
};

static void replay_cleanup(struct replay *r)
{
	kv_abort(&r->txn);
}

/* Everything before `line` is applied, and whole. */
static int commit_so_far(struct replay *r, const struct journal_line *line, uint64_t offset, struct error *err)
{
	struct journal_position at = { offset, line->seq - 1, line->prev };

	if (index_write_state(r->txn, r->src, &at, err) < 0 || kv_commit(&r->txn, err) < 0)
		return -1;
	r->changes = 0;
	r->txn = kv_begin(r->src->kv, true, err);
	return r->txn ? 0 : -1;
}

static int apply(struct journal_line *line, uint64_t offset, void *arg, struct error *err)
{
	struct replay *r = arg;

	r->failed = (r->changes >= CHANGES_A_COMMIT && !r->in_group && commit_so_far(r, line, offset, err) < 0) ||
		    index_apply_line(r->txn, r->src->journal, line, offset, err) < 0;
	r->changes += line->change_count + 1;
	r->in_group = line->more;
	return r->failed ? -1 : 0;
}

static int begin(struct replay *r, struct journal_position *at, struct error *err)
{
	uint64_t size;

	r->txn = kv_begin(r->src->kv, true, err);
	if (!r->txn)
		return -1;
	switch (index_read_state(r->txn, r->src, at, err)) {
	case INDEX_FAILED:
		return -1;
	case INDEX_FOREIGN:
		error_set(err, ERR_INTEGRITY, "index is not this registry's");
		return error_hint(err, "Run 'mreg fsck --rebuild-index'.");
	case INDEX_EMPTY:
	case INDEX_USABLE:
		break;
	}
	if (journal_size(r->src->journal, &size, err) < 0)
		return -1;
	/* What another process appended may not be durable yet, and the index must not be ahead after a power cut. */
	return size > at->offset && r->src->journal->writable ? journal_sync(r->src->journal, err) : 0;
}

/* Damage further on: what stands before it is good, and is kept. */
static void keep_what_is_good(struct replay *r, const struct journal_position *end)
{
	struct error ignored = ERROR_INIT;

	if (r->failed || r->in_group)
		return;
	if (index_write_state(r->txn, r->src, end, &ignored) < 0 || kv_commit(&r->txn, &ignored) < 0)
		error_clear(&ignored);
}

static int replay_once(struct replay *r, struct journal_position *end, enum journal_tail *tail, struct error *err)
{
	struct journal_position at;

	if (begin(r, &at, err) < 0)
		return -1;
	if (journal_read(r->src->journal, &at, apply, r, end, tail, err) < 0) {
		keep_what_is_good(r, end);
		return -1;
	}
	return index_write_state(r->txn, r->src, end, err);
}

struct kv_txn *index_replay(const struct index_source *src, struct journal_position *end, enum journal_tail *tail, struct error *err)
{
	for (;;) {
		CLEANUP(replay) struct replay r = { .src = src };

		if (!replay_once(&r, end, tail, err))
			return STEAL(r.txn);
		if (!kv_is_full(src->kv) || err->code != ERR_DISK_FULL)
			return NULL;
		kv_abort(&r.txn);
		error_clear(err);
		if (kv_grow(src->kv, err) < 0)
			return NULL;
	}
}
