/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of a collection: by number, by digest, by id. */
#include <config.h>

#include "store/view.h"

#include <string.h>

#include "base/mem.h"
#include "store/index-key.h"
#include "store/index-version.h"
#include "store/index.h"

static bool begin_key(struct index_key *k, enum index_table table, const struct cid *cid)
{
	struct raw_cid raw;

	index_key_begin(k, table);
	if (!index_cid_parse(cid, &raw))
		return false;
	index_key_add_cid(k, &raw);
	return true;
}

int view_version(struct view *v, const struct cid *cid, uint64_t number, struct version_row *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;
	struct index_key k;
	int got;

	if (!begin_key(&k, TABLE_VERSION, cid))
		return 0;
	index_key_add_u64(&k, number);
	got = kv_get(view_txn(v), k.data, k.len, &value, err);
	if (got > 0 && index_version_parse(index_key_span(&k), (struct span){ (const uint8_t *)value.buf, value.len }, out, err) < 0)
		return -1;
	return got;
}

struct each_version {
	view_version_fn fn;
	void *arg;
};

static int pass_version(struct span key, struct span value, void *arg, struct error *err)
{
	const struct each_version *to = arg;
	struct version_row row;

	if (index_version_parse(key, value, &row, err) < 0)
		return -1;
	return to->fn(&row, to->arg, err);
}

int view_each_version(struct view *v, const struct cid *cid, bool reverse, view_version_fn fn, void *arg, struct error *err)
{
	struct each_version to = { fn, arg };
	struct index_key k;

	if (!begin_key(&k, TABLE_VERSION, cid))
		return 0;
	return kv_each(view_txn(v), index_key_span(&k), NULL, reverse, pass_version, &to, err);
}

static int take_next_number(const struct version_row *row, void *arg, struct error *err)
{
	uint64_t *next = arg;

	(void)err;
	*next = row->number + 1;
	return 1;
}

int view_next_number(struct view *v, const struct cid *cid, uint64_t *out, struct error *err)
{
	*out = 0;
	return view_each_version(v, cid, true, take_next_number, out, err);
}

struct row_search {
	struct version_row *out;
	bool found;
};

static int take_live(const struct version_row *row, void *arg, struct error *err)
{
	struct row_search *s = arg;

	(void)err;
	if (row->removed)
		return 0;
	*s->out = *row;
	s->found = true;
	return 1;
}

int view_latest(struct view *v, const struct cid *cid, struct version_row *out, struct error *err)
{
	struct row_search search = { out, false };

	return view_each_version(v, cid, true, take_live, &search, err) < 0 ? -1 : search.found;
}

struct each_digest {
	struct view *view;
	const struct cid *cid;
	const char *hex;
	view_version_fn fn;
	void *arg;
};

static int pass_digest(struct span key, struct span value, void *arg, struct error *err)
{
	const struct each_digest *to = arg;
	struct version_row row;
	struct oid digest;
	int got;

	(void)value;
	if (key.len != 1 + CID_LEN + OID_LEN + 8)
		return error_set(err, ERR_INTEGRITY, "index is damaged: row of a digest");
	memcpy(digest.raw, key.data + 1 + CID_LEN, OID_LEN);
	if (strncmp(oid_hex(&digest).text, to->hex, strlen(to->hex)) != 0)
		return 0;
	got = view_version(to->view, to->cid, load_be64(key.data + key.len - 8), &row, err);
	if (got < 0)
		return -1;
	if (!got || row.removed || !oid_equal(&row.digest, &digest))
		return error_set(err, ERR_INTEGRITY, "index is damaged: a digest without its version");
	return to->fn(&row, to->arg, err);
}

static int each_digest(struct view *v, const struct cid *cid, const char *hex, bool reverse, view_version_fn fn, void *arg,
		       struct error *err)
{
	struct each_digest to = { v, cid, hex, fn, arg };
	struct index_key k;
	uint8_t bytes[OID_LEN];
	size_t whole = strlen(hex) / 2; /* an odd digit at the end is compared row by row */

	if (whole > OID_LEN || !hex_decode(hex, whole * 2, bytes, whole) || !begin_key(&k, TABLE_DIGEST, cid))
		return 0;
	index_key_add(&k, bytes, whole);
	return kv_each(view_txn(v), index_key_span(&k), NULL, reverse, pass_digest, &to, err);
}

int view_find_digest(struct view *v, const struct cid *cid, const struct oid *digest, struct version_row *out, struct error *err)
{
	struct row_search search = { out, false };

	return each_digest(v, cid, oid_hex(digest).text, true, take_live, &search, err) < 0 ? -1 : search.found;
}

int view_each_digest(struct view *v, const struct cid *cid, const char *hex, view_version_fn fn, void *arg, struct error *err)
{
	return each_digest(v, cid, hex, false, fn, arg, err);
}

struct each_place {
	struct view *view;
	const struct oid *version;
	view_place_fn fn;
	void *arg;
};

static int pass_place(struct span key, struct span value, void *arg, struct error *err)
{
	const struct each_place *to = arg;
	struct version_row row;
	struct raw_cid raw;
	struct cid cid;
	int got;

	if (key.len != 1 + OID_LEN + CID_LEN + 8)
		return error_set(err, ERR_INTEGRITY, "index is damaged: row of a version id");
	memcpy(raw.raw, key.data + 1 + OID_LEN, CID_LEN);
	index_cid_write(&raw, &cid);
	got = view_version(to->view, &cid, load_be64(key.data + key.len - 8), &row, err);
	if (got < 0)
		return -1;
	return to->fn(&cid, load_be64(key.data + key.len - 8), value.len > 0, got && !row.removed && oid_equal(&row.version, to->version), to->arg,
		      err);
}

int view_each_place(struct view *v, const struct oid *version, view_place_fn fn, void *arg, struct error *err)
{
	struct each_place to = { v, version, fn, arg };
	struct index_key k;

	index_key_begin(&k, TABLE_ID);
	index_key_add_oid(&k, version);
	return kv_each(view_txn(v), index_key_span(&k), NULL, false, pass_place, &to, err);
}

struct place_search {
	const struct cid *in; /* NULL: anywhere */
	struct cid *cid;
	uint64_t *number;
	bool found, is_link, is_live;
};

static int take_place(const struct cid *cid, uint64_t number, bool is_link, bool is_live, void *arg, struct error *err)
{
	struct place_search *s = arg;

	(void)err;
	if (s->in && strcmp(s->in->hex, cid->hex) != 0)
		return 0;
	if (s->found && (s->is_link < is_link || (s->is_link == is_link && s->is_live >= is_live)))
		return 0;
	if (s->cid)
		*s->cid = *cid;
	*s->number = number;
	s->found = true;
	s->is_link = is_link;
	s->is_live = is_live;
	return is_live && !is_link;
}

int view_find_version(struct view *v, const struct oid *version, struct cid *cid, uint64_t *number, struct error *err)
{
	struct place_search search = { .cid = cid, .number = number };

	return view_each_place(v, version, take_place, &search, err) < 0 ? -1 : search.found;
}

int view_version_in(struct view *v, const struct cid *cid, const struct oid *version, uint64_t *number, struct error *err)
{
	struct place_search search = { .in = cid, .number = number };

	return view_each_place(v, version, take_place, &search, err) < 0 ? -1 : search.found;
}
