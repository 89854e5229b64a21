/* SPDX-License-Identifier: Apache-2.0 */
/* One journal line becomes rows: heads and what they derive, then history, then what the line withdraws. */
#include <config.h>

#include "store/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/mem.h"
#include "base/strvec.h"
#include "store/index-key.h"
#include "store/index-owner.h"
#include "store/index-version.h"

static void heads_key(struct index_key *k, const char *key)
{
	index_key_begin(k, TABLE_KEY);
	index_key_add(k, key, strlen(key));
}

static int read_heads(struct kv_txn *txn, const char *key, struct heads *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;
	struct index_key k;
	int got;

	heads_key(&k, key);
	got = kv_get(txn, k.data, k.len, &value, err);
	return got < 0 ? -1 : heads_parse(value.buf, value.len, out, err);
}

static int write_heads(struct kv_txn *txn, const char *key, const struct heads *heads, struct error *err)
{
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;
	struct index_key k;

	heads_key(&k, key);
	if (!heads->count)
		return kv_delete(txn, k.data, k.len, err);
	heads_write(&value, heads);
	return kv_put(txn, k.data, k.len, value.buf, value.len, err);
}

static char *copy_value(const struct heads *heads)
{
	const char *value = heads_value(heads, NULL);

	return value ? xstrdup(value) : NULL;
}

int index_apply_keys(struct kv_txn *txn, const struct change *c, struct error *err)
{
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	CLEANUP(ptr) char *before = NULL;
	struct change_row row;
	int known = index_key_find_change(txn, &c->id, &row, err);

	if (known < 0 || (known && row.withdrawn))
		return known < 0 ? -1 : 0;
	if (read_heads(txn, c->key, &heads, err) < 0)
		return -1;
	before = copy_value(&heads);
	heads_step(&heads, c);
	if (write_heads(txn, c->key, &heads, err) < 0)
		return -1;
	return index_version_derive(txn, c->key, before, heads_value(&heads, NULL), err);
}

static void history_key(struct index_key *k, const struct raw_cid *cid, uint64_t seq, uint32_t i)
{
	index_key_begin(k, cid ? TABLE_HISTORY : TABLE_TIME);
	if (cid)
		index_key_add_cid(k, cid);
	index_key_add_u64(k, seq);
	index_key_add_u32(k, i);
}

int index_apply_history(struct kv_txn *txn, const struct change *c, uint64_t seq, uint32_t i, uint64_t line_offset, struct error *err)
{
	CLEANUP(index_owners) struct index_owners owners = INDEX_OWNERS_INIT;
	struct change_row row;
	struct index_key k;
	uint8_t offset[8];
	int known = index_key_find_change(txn, &c->id, &row, err);

	if (known < 0 || index_owner_find(txn, c->key, &owners, err) < 0)
		return -1;
	if (known && row.withdrawn)
		return 0;
	row = (struct change_row){ false, seq, i, line_offset };
	store_le64(offset, line_offset);
	history_key(&k, NULL, seq, i);
	if (index_key_put_change(txn, &c->id, &row, err) < 0 || kv_put(txn, k.data, k.len, offset, sizeof offset, err) < 0)
		return -1;
	for (size_t n = 0; n < owners.count; n++) {
		history_key(&k, &owners.v[n], seq, i);
		if (kv_put(txn, k.data, k.len, offset, sizeof offset, err) < 0)
			return -1;
	}
	return 0;
}

static int drop_history(struct kv_txn *txn, const char *key, const struct change_row *row, struct error *err)
{
	CLEANUP(index_owners) struct index_owners owners = INDEX_OWNERS_INIT;
	struct index_key k;

	history_key(&k, NULL, row->seq, row->i);
	if (index_owner_find(txn, key, &owners, err) < 0 || kv_delete(txn, k.data, k.len, err) < 0)
		return -1;
	for (size_t n = 0; n < owners.count; n++) {
		history_key(&k, &owners.v[n], row->seq, row->i);
		if (kv_delete(txn, k.data, k.len, err) < 0)
			return -1;
	}
	return 0;
}

/* The changes of one key, as far as they are known here. */
struct key_changes {
	struct hashmap seen; /* ids met, whether they are known or not */
	struct change **v;
	struct oid *withdrawn, *todo;
	size_t count, cap, withdrawn_count, withdrawn_cap, todo_count, todo_cap;
};

static void key_changes_cleanup(struct key_changes *kc)
{
	for (size_t i = 0; i < kc->count; i++) {
		change_cleanup(kc->v[i]);
		free(kc->v[i]);
	}
	ptr_cleanup(&kc->v);
	ptr_cleanup(&kc->withdrawn);
	ptr_cleanup(&kc->todo);
	hashmap_cleanup(&kc->seen);
}

static void meet(struct key_changes *kc, const struct oid *id)
{
	if (hashmap_has(&kc->seen, id->raw, OID_LEN))
		return;
	hashmap_put(&kc->seen, id->raw, OID_LEN, NULL);
	ARRAY_GROW(kc->todo, kc->todo_count + 1, kc->todo_cap);
	kc->todo[kc->todo_count++] = *id;
}

/* The change at a row, out of its line. */
static int read_change(const struct journal *journal, const struct change_row *row, const struct oid *id, struct change *out,
		       struct error *err)
{
	CLEANUP(journal_line) struct journal_line line = { 0 };

	if (journal_read_at(journal, row->offset, &line, err) < 0)
		return -1;
	if (line.seq != row->seq || row->i >= line.change_count || !oid_equal(&line.changes[row->i].id, id))
		return error_set(err, ERR_INTEGRITY, "index is damaged: change %s is not where it says", oid_hex(id).text);
	*out = line.changes[row->i];
	line.changes[row->i] = (struct change){ .key = NULL };
	return 0;
}

/* One of kc->todo, and its parents to it. */
static int collect_one(struct kv_txn *txn, const struct journal *journal, struct key_changes *kc, struct error *err)
{
	struct oid id = kc->todo[--kc->todo_count];
	struct change_row row;
	struct change *c;
	int known = index_key_find_change(txn, &id, &row, err);

	if (known < 0)
		return -1;
	if (known && row.withdrawn) {
		ARRAY_GROW(kc->withdrawn, kc->withdrawn_count + 1, kc->withdrawn_cap);
		kc->withdrawn[kc->withdrawn_count++] = id;
	}
	if (!known || !row.seq)
		return 0;
	c = xcalloc(1, sizeof *c);
	ARRAY_GROW(kc->v, kc->count + 1, kc->cap);
	kc->v[kc->count++] = c;
	if (read_change(journal, &row, &id, c, err) < 0)
		return -1;
	for (size_t i = 0; i < c->parent_count; i++)
		meet(kc, &c->parents[i]);
	return 0;
}

/* Heads of a key some of whose changes were just withdrawn: all its changes are among those and the ancestors of its heads. */
static int heads_without(struct kv_txn *txn, const struct journal *journal, const char *key, const struct heads *before,
			 const struct oid *ids, size_t count, struct heads *out, struct error *err)
{
	CLEANUP(key_changes) struct key_changes kc = { .seen = HASHMAP_INIT };
	size_t of_key = 0;

	for (size_t i = 0; i < before->count; i++)
		meet(&kc, &before->v[i].id);
	for (size_t i = 0; i < count; i++)
		meet(&kc, &ids[i]);
	while (kc.todo_count)
		if (collect_one(txn, journal, &kc, err) < 0)
			return -1;
	for (size_t i = 0; i < kc.count; i++) {
		struct change *c = kc.v[i];

		if (strcmp(c->key, key) != 0)
			continue;
		kc.v[i] = kc.v[of_key];
		kc.v[of_key++] = c;
	}
	heads_of((const struct change *const *)kc.v, of_key, kc.withdrawn, kc.withdrawn_count, out);
	return 0;
}

static int refold(struct kv_txn *txn, const struct journal *journal, const char *key, const struct oid *ids, size_t count,
		  struct error *err)
{
	CLEANUP(heads) struct heads before = HEADS_INIT, after = HEADS_INIT;

	if (read_heads(txn, key, &before, err) < 0 || heads_without(txn, journal, key, &before, ids, count, &after, err) < 0 ||
	    write_heads(txn, key, &after, err) < 0)
		return -1;
	return index_version_derive(txn, key, heads_value(&before, NULL), heads_value(&after, NULL), err);
}

/* Marks one id; its key goes into *key, which stays NULL when nothing is known of it. */
static int withdraw(struct kv_txn *txn, const struct journal *journal, const struct oid *id, char **key, struct error *err)
{
	CLEANUP(change) struct change c = { .key = NULL };
	struct change_row row = { .seq = 0 };

	if (index_key_find_change(txn, id, &row, err) < 0)
		return -1;
	row.withdrawn = true;
	if (index_key_put_change(txn, id, &row, err) < 0)
		return -1;
	if (!row.seq)
		return 0;
	if (read_change(journal, &row, id, &c, err) < 0 || drop_history(txn, c.key, &row, err) < 0)
		return -1;
	*key = STEAL(c.key);
	return 0;
}

int index_apply_withdrawn(struct kv_txn *txn, const struct journal *journal, const struct oid *ids, size_t count, struct error *err)
{
	CLEANUP(strvec) struct strvec keys = STRVEC_INIT;

	for (size_t i = 0; i < count; i++) {
		CLEANUP(ptr) char *key = NULL;

		if (withdraw(txn, journal, &ids[i], &key, err) < 0)
			return -1;
		if (key)
			strvec_push_own(&keys, STEAL(key));
	}
	strvec_sort(&keys);
	for (size_t i = 0; i < keys.count; i++)
		if ((!i || strcmp(keys.v[i - 1], keys.v[i]) != 0) && refold(txn, journal, keys.v[i], ids, count, err) < 0)
			return -1;
	return 0;
}

int index_apply_offered(struct kv_txn *txn, const struct journal_offer *offers, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct cid cid;
		uint64_t known;

		memcpy(cid.hex, offers[i].collection, sizeof cid.hex);
		if (index_owner_offered(txn, *cid.hex ? &cid : NULL, &known, err) < 0 ||
		    (offers[i].through > known && index_owner_put_offered(txn, *cid.hex ? &cid : NULL, offers[i].through, err) < 0))
			return -1;
	}
	return 0;
}

int index_apply_line(struct kv_txn *txn, const struct journal *journal, const struct journal_line *line, uint64_t offset, struct error *err)
{
	if (line->change_count > UINT32_MAX)
		return error_set(err, ERR_INTEGRITY, "a journal line has too many changes");
	for (size_t i = 0; i < line->change_count; i++)
		if (index_apply_keys(txn, &line->changes[i], err) < 0)
			return -1;
	for (size_t i = 0; i < line->change_count; i++)
		if (index_apply_history(txn, &line->changes[i], line->seq, (uint32_t)i, offset, err) < 0)
			return -1;
	if (index_apply_withdrawn(txn, journal, line->withdrawn, line->withdrawn_count, err) < 0)
		return -1;
	return index_apply_offered(txn, line->offered, line->offered_count, err);
}
