/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of references taken apart, keys of the index's tables put together. */
#include <config.h>

#include "store/index-key.h"

#include <string.h>

#include "base/number.h"

#define NUMBER_MAX (UINT64_C(1) << 53)
#define CHANGE_ROW_LEN 21

void index_key_begin(struct index_key *k, enum index_table table)
{
	k->data[0] = (uint8_t)table;
	k->len = 1;
}

void index_key_add(struct index_key *k, const void *data, size_t len)
{
	if (len > KV_KEY_MAX - k->len)
		BUG("index key of table '%c' is too long", k->data[0]);
	memcpy(k->data + k->len, data, len);
	k->len += len;
}

void index_key_add_u64(struct index_key *k, uint64_t n)
{
	uint8_t bytes[8];

	store_be64(bytes, n);
	index_key_add(k, bytes, sizeof bytes);
}

void index_key_add_u32(struct index_key *k, uint32_t n)
{
	uint8_t bytes[8];

	store_be64(bytes, n);
	index_key_add(k, bytes + 4, 4);
}

void index_key_add_cid(struct index_key *k, const struct raw_cid *cid)
{
	index_key_add(k, cid->raw, CID_LEN);
}

void index_key_add_oid(struct index_key *k, const struct oid *id)
{
	index_key_add(k, id->raw, OID_LEN);
}

struct span index_key_span(const struct index_key *k)
{
	return (struct span){ k->data, k->len };
}

bool index_cid_parse(const struct cid *cid, struct raw_cid *out)
{
	return hex_decode(cid->hex, strnlen(cid->hex, sizeof cid->hex), out->raw, CID_LEN);
}

void index_cid_write(const struct raw_cid *raw, struct cid *out)
{
	hex_encode(raw->raw, CID_LEN, out->hex);
}

/* The component at *at, which moves behind its slash, or becomes NULL after the last. */
static struct span component(const char **at)
{
	const char *end = strchrnul(*at, '/');
	struct span s = { (const uint8_t *)*at, (size_t)(end - *at) };

	*at = *end ? end + 1 : NULL;
	return s;
}

static bool is_word(struct span s, const char *word)
{
	return s.len == strlen(word) && memcmp(s.data, word, s.len) == 0;
}

static bool take_cid(const char **at, struct raw_cid *out)
{
	struct span s;

	if (!*at)
		return false;
	s = component(at);
	return hex_decode((const char *)s.data, s.len, out->raw, CID_LEN);
}

static bool take_number(const char **at, uint64_t *out)
{
	struct span s;

	if (!*at)
		return false;
	s = component(at);
	return number_parse_u64((const char *)s.data, s.len, out) && *out <= NUMBER_MAX;
}

/* A version id or a CID. */
static bool take_subject(const char **at, struct reference_key *out)
{
	struct span s;

	if (!*at)
		return false;
	s = component(at);
	out->of_version = oid_parse((const char *)s.data, s.len, &out->version);
	return out->of_version || hex_decode((const char *)s.data, s.len, out->cid.raw, CID_LEN);
}

static bool take_name(const char **at)
{
	return *at && component(at).len > 0;
}

static bool take_version(const char **at, struct oid *out)
{
	struct span s;

	if (!*at)
		return false;
	s = component(at);
	return oid_parse((const char *)s.data, s.len, out);
}

static bool parse_edge(struct span table, const char *at, struct reference_key *out)
{
	if (is_word(table, "from"))
		return out->table = REF_FROM, take_cid(&at, &out->cid) && !at;
	if (is_word(table, "input"))
		out->table = REF_INPUT;
	else if (is_word(table, "output"))
		out->table = REF_OUTPUT;
	else
		return false;
	return take_cid(&at, &out->cid) && take_version(&at, &out->version) && !at;
}

static bool parse(const char *at, struct reference_key *out)
{
	struct span table = component(&at);

	if (is_word(table, "coll"))
		return out->table = REF_COLLECTION, take_cid(&at, &out->cid) && !at;
	if (is_word(table, "version"))
		return out->table = REF_VERSION, take_cid(&at, &out->cid) && take_number(&at, &out->number) && !at;
	if (is_word(table, "alias"))
		return out->table = REF_ALIAS, take_cid(&at, &out->cid) && take_name(&at) && !at;
	if (is_word(table, "link"))
		return out->table = REF_LINK, take_cid(&at, &out->cid) && take_number(&at, &out->number) && !at;
	if (is_word(table, "title"))
		return out->table = REF_TITLE, take_cid(&at, &out->cid) && !at;
	if (is_word(table, "protect"))
		return out->table = REF_PROTECT, take_cid(&at, &out->cid) && take_name(&at) && !at;
	if (is_word(table, "note"))
		return out->table = REF_NOTE, take_subject(&at, out) && !at;
	if (is_word(table, "meta"))
		return out->table = REF_META, take_subject(&at, out) && take_name(&at) && !at;
	if (is_word(table, "tag"))
		return out->table = REF_TAG, take_subject(&at, out) && take_name(&at) && !at;
	if (is_word(table, "metric"))
		return out->table = REF_METRIC, take_subject(&at, out) && take_name(&at) && !at;
	if (is_word(table, "ttl"))
		return out->table = REF_TTL, take_subject(&at, out) && !at;
	return parse_edge(table, at, out);
}

void index_key_parse(const char *key, struct reference_key *out)
{
	*out = (struct reference_key){ .table = REF_OTHER };
	if (!parse(key, out))
		out->table = REF_OTHER;
}

json_t *index_key_value(const char *text)
{
	struct error ignored = ERROR_INIT;

	if (!text || !strcmp(text, "null"))
		return NULL;
	return json_parse(text, strlen(text), "value", &ignored);
}

int index_key_find_change(struct kv_txn *txn, const struct oid *id, struct change_row *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;
	struct index_key k;
	int got;

	index_key_begin(&k, TABLE_CHANGE);
	index_key_add_oid(&k, id);
	got = kv_get(txn, k.data, k.len, &value, err);
	if (got <= 0)
		return got;
	if (value.len != CHANGE_ROW_LEN)
		return error_set(err, ERR_INTEGRITY, "index is damaged: row of change %s", oid_hex(id).text);
	*out = (struct change_row){ value.buf[0] != 0, load_le64(value.buf + 1), load_le32(value.buf + 9), load_le64(value.buf + 13) };
	return 1;
}

int index_key_put_change(struct kv_txn *txn, const struct oid *id, const struct change_row *row, struct error *err)
{
	uint8_t value[CHANGE_ROW_LEN];
	struct index_key k;

	value[0] = row->withdrawn;
	store_le64(value + 1, row->seq);
	store_le32(value + 9, row->i);
	store_le64(value + 13, row->offset);
	index_key_begin(&k, TABLE_CHANGE);
	index_key_add_oid(&k, id);
	return kv_put(txn, k.data, k.len, value, sizeof value, err);
}
