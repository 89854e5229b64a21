/* SPDX-License-Identifier: Apache-2.0 */
/* Rows derived from what coll/ and version/ keys say. */
#include <config.h>

#include "store/index-version.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "format/json.h"
#include "format/name.h"
#include "store/index-edge.h"

#define VERSION_ROW_LEN (1 + 2 * OID_LEN + 16)
#define BRIEF_MAX_LEN (8 + VERSION_SUMMARY_MAX) /* behind it, where it was learned: time, summary */

/* NULL unless the value is that of a live collection with a legal name: what is not must not get in anyone's way. */
static char *name_in(const char *text)
{
	CLEANUP(json) json_t *value = index_key_value(text);
	struct error ignored = ERROR_INIT;
	const char *name;

	if (!value || !json_get_string(value, "name", &name) || name_check_full(name, strlen(name), &ignored) < 0)
		return NULL;
	return xstrdup(name);
}

/* Two collections may have one name for a while, when they come from two registries. */
static void name_key(struct index_key *k, const char *name, const struct raw_cid *cid)
{
	CLEANUP(strbuf) struct strbuf folded = STRBUF_INIT;

	ascii_fold(&folded, name, strlen(name));
	index_key_begin(k, TABLE_NAME);
	index_key_add(k, folded.buf, folded.len + 1);
	index_key_add_cid(k, cid);
}

static int derive_name(struct kv_txn *txn, const struct raw_cid *cid, const char *before, const char *after, struct error *err)
{
	CLEANUP(ptr) char *old = name_in(before);
	CLEANUP(ptr) char *name = name_in(after);
	struct index_key k;

	if (old) {
		name_key(&k, old, cid);
		if (kv_delete(txn, k.data, k.len, err) < 0)
			return -1;
	}
	if (!name)
		return 0;
	name_key(&k, name, cid);
	return kv_put(txn, k.data, k.len, name, strlen(name), err);
}

/* false: never set.  What is set but says nothing of a version burns its number as a tombstone does. */
static bool row_in(const char *text, uint64_t number, struct version_row *out)
{
	CLEANUP(json) json_t *value = index_key_value(text);
	struct version_row row = { .number = number };

	*out = (struct version_row){ .number = number, .removed = true };
	if (!text)
		return false;
	if (value && json_get_oid(value, "version", &row.version) && json_get_oid(value, "digest", &row.digest) &&
	    json_get_u64(value, "size", &row.size) && json_get_u64(value, "files", &row.files))
		*out = row;
	return true;
}

static void digest_key(struct index_key *k, const struct raw_cid *cid, const struct version_row *row)
{
	index_key_begin(k, TABLE_DIGEST);
	index_key_add_cid(k, cid);
	index_key_add_oid(k, &row->digest);
	index_key_add_u64(k, row->number);
}

static void id_key(struct index_key *k, const struct raw_cid *cid, const struct version_row *row)
{
	index_key_begin(k, TABLE_ID);
	index_key_add_oid(k, &row->version);
	index_key_add_cid(k, cid);
	index_key_add_u64(k, row->number);
}

/* A removed version can still be found by its id; one that gave way to another, or was withdrawn, cannot. */
static int drop_row(struct kv_txn *txn, const struct raw_cid *cid, const struct version_row *row, bool with_id, struct error *err)
{
	struct index_key k;

	if (row->removed)
		return 0;
	digest_key(&k, cid, row);
	if (kv_delete(txn, k.data, k.len, err) < 0)
		return -1;
	id_key(&k, cid, row);
	return with_id ? kv_delete(txn, k.data, k.len, err) : 0;
}

static void row_key(struct index_key *k, const struct raw_cid *cid, uint64_t number)
{
	index_key_begin(k, TABLE_VERSION);
	index_key_add_cid(k, cid);
	index_key_add_u64(k, number);
}

static size_t write_row(uint8_t out[VERSION_ROW_LEN + BRIEF_MAX_LEN], const struct version_row *row)
{
	size_t len = strlen(row->summary);

	out[0] = row->removed;
	memcpy(out + 1, row->version.raw, OID_LEN);
	memcpy(out + 1 + OID_LEN, row->digest.raw, OID_LEN);
	store_le64(out + 1 + 2 * OID_LEN, row->size);
	store_le64(out + 9 + 2 * OID_LEN, row->files);
	if (!row->has_brief)
		return VERSION_ROW_LEN;
	store_le64(out + VERSION_ROW_LEN, (uint64_t)row->created);
	memcpy(out + VERSION_ROW_LEN + 8, row->summary, len);
	return VERSION_ROW_LEN + 8 + len;
}

static int put_row(struct kv_txn *txn, const struct raw_cid *cid, const struct version_row *row, bool is_link, struct error *err)
{
	uint8_t value[VERSION_ROW_LEN + BRIEF_MAX_LEN];
	size_t len = write_row(value, row);
	struct index_key k;

	row_key(&k, cid, row->number);
	if (kv_put(txn, k.data, k.len, value, len, err) < 0)
		return -1;
	if (row->removed)
		return 0;
	digest_key(&k, cid, row);
	if (kv_put(txn, k.data, k.len, "", 0, err) < 0)
		return -1;
	id_key(&k, cid, row);
	return kv_put(txn, k.data, k.len, INDEX_LINK_MARK, is_link ? strlen(INDEX_LINK_MARK) : 0, err);
}

/* A link has the rows that a version has: whoever reads a model reads it as an artifact. */
static int derive_version(struct kv_txn *txn, const struct reference_key *ref, const char *before, const char *after, struct error *err)
{
	const struct raw_cid *cid = &ref->cid;
	uint64_t number = ref->number;
	struct version_row old, row;
	struct index_key k;
	bool is_set;

	row_in(before, number, &old);
	is_set = row_in(after, number, &row);
	if (drop_row(txn, cid, &old, !is_set || (!row.removed && !oid_equal(&row.version, &old.version)), err) < 0)
		return -1;
	if (is_set)
		return put_row(txn, cid, &row, ref->table == REF_LINK, err);
	row_key(&k, cid, number);
	return kv_delete(txn, k.data, k.len, err);
}

int index_version_derive(struct kv_txn *txn, const char *key, const char *before, const char *after, struct error *err)
{
	struct reference_key ref;

	index_key_parse(key, &ref);
	switch (ref.table) {
	case REF_COLLECTION:
		if (index_edge_derive_run(txn, &ref, before, after, err) < 0)
			return -1;
		return derive_name(txn, &ref.cid, before, after, err);
	case REF_VERSION:
	case REF_LINK:
		return derive_version(txn, &ref, before, after, err);
	case REF_INPUT:
	case REF_OUTPUT:
	case REF_FROM:
		return index_edge_derive(txn, &ref, before, after, err);
	case REF_ALIAS:
	case REF_TITLE:
	case REF_PROTECT:
	case REF_NOTE:
	case REF_META:
	case REF_TAG:
	case REF_METRIC:
	case REF_TTL:
	case REF_OTHER:
		break;
	}
	return 0;
}

static bool is_row_len(size_t len)
{
	return len == VERSION_ROW_LEN || (len >= VERSION_ROW_LEN + 8 && len <= VERSION_ROW_LEN + BRIEF_MAX_LEN);
}

int index_version_parse(struct span key, struct span value, struct version_row *out, struct error *err)
{
	if (key.len != 1 + CID_LEN + 8 || !is_row_len(value.len))
		return error_set(err, ERR_INTEGRITY, "index is damaged: row of a version");
	*out = (struct version_row){ .number = load_be64(key.data + 1 + CID_LEN), .removed = value.data[0] != 0 };
	memcpy(out->version.raw, value.data + 1, OID_LEN);
	memcpy(out->digest.raw, value.data + 1 + OID_LEN, OID_LEN);
	out->size = load_le64(value.data + 1 + 2 * OID_LEN);
	out->files = load_le64(value.data + 9 + 2 * OID_LEN);
	out->has_brief = value.len > VERSION_ROW_LEN;
	if (out->has_brief) {
		out->created = (int64_t)load_le64(value.data + VERSION_ROW_LEN);
		memcpy(out->summary, value.data + VERSION_ROW_LEN + 8, value.len - VERSION_ROW_LEN - 8);
	}
	return 0;
}

int index_version_learn(struct kv_txn *txn, const struct cid *cid, const struct version_row *row, struct error *err)
{
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;
	uint8_t learned[VERSION_ROW_LEN + BRIEF_MAX_LEN];
	struct version_row now;
	struct raw_cid raw;
	struct index_key k;
	int got;

	if (!row->has_brief || !index_cid_parse(cid, &raw))
		return 0;
	row_key(&k, &raw, row->number);
	got = kv_get(txn, k.data, k.len, &value, err);
	if (got <= 0)
		return got;
	if (index_version_parse(index_key_span(&k), (struct span){ (const uint8_t *)value.buf, value.len }, &now, err) < 0)
		return -1;
	if (now.removed || now.has_brief || !oid_equal(&now.version, &row->version))
		return 0;
	now.has_brief = true;
	now.created = row->created;
	memcpy(now.summary, row->summary, sizeof now.summary);
	return kv_put(txn, k.data, k.len, learned, write_row(learned, &now), err);
}

static void facts_key(struct index_key *k, const struct oid *version)
{
	index_key_begin(k, TABLE_FACTS);
	index_key_add_oid(k, version);
}

int index_version_put_facts(struct kv_txn *txn, const struct oid *version, struct span facts, struct error *err)
{
	struct index_key k;

	facts_key(&k, version);
	return kv_put(txn, k.data, k.len, facts.data, facts.len, err);
}

int index_version_facts(struct kv_txn *txn, const struct oid *version, struct strbuf *out, struct error *err)
{
	struct index_key k;

	facts_key(&k, version);
	return kv_get_hint(txn, k.data, k.len, out, err);
}
