/* SPDX-License-Identifier: Apache-2.0 */
/* Rows derived from what runs are, used and made, and from where artifacts began. */
#include <config.h>

#include "store/index-edge.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "format/json.h"
#include "format/run-id.h"
#include "store/view.h"

/* ---- runs ---- */

/* The id that a live run has; NULL for what is none. */
static char *id_in(const char *text)
{
	CLEANUP(json) json_t *value = index_key_value(text);
	const char *kind, *name;

	if (!value || !json_get_string(value, "kind", &kind) || strcmp(kind, "run") != 0 || !json_get_string(value, "name", &name) ||
	    !run_id_is(name, strlen(name)))
		return NULL;
	return xstrdup(name);
}

static void run_key(struct index_key *k, const char *id, const struct raw_cid *cid)
{
	index_key_begin(k, TABLE_RUN);
	index_key_add(k, id, strlen(id) + 1);
	index_key_add_cid(k, cid);
}

int index_edge_derive_run(struct kv_txn *txn, const struct reference_key *ref, const char *before, const char *after, struct error *err)
{
	CLEANUP(ptr) char *old = id_in(before);
	CLEANUP(ptr) char *id = id_in(after);
	struct index_key k;

	if (old) {
		run_key(&k, old, &ref->cid);
		if (kv_delete(txn, k.data, k.len, err) < 0)
			return -1;
	}
	if (!id)
		return 0;
	run_key(&k, id, &ref->cid);
	return kv_put(txn, k.data, k.len, "", 0, err);
}

/* ---- edges ---- */

static void edge_key(struct index_key *k, const struct oid *version, enum edge_kind kind, const struct raw_cid *cid)
{
	uint8_t byte = (uint8_t)kind;

	index_key_begin(k, TABLE_EDGE);
	index_key_add_oid(k, version);
	index_key_add(k, &byte, 1);
	index_key_add_cid(k, cid);
}

static int set_edge(struct kv_txn *txn, const struct index_key *k, bool is_live, struct error *err)
{
	return is_live ? kv_put(txn, k->data, k->len, "", 0, err) : kv_delete(txn, k->data, k->len, err);
}

/* Its version stands in the value. */
static int set_from(struct kv_txn *txn, const struct raw_cid *cid, const char *text, bool is_live, struct error *err)
{
	CLEANUP(json) json_t *value = index_key_value(text);
	struct oid version;
	struct index_key k;

	if (!value || !json_get_oid(value, "version", &version))
		return 0;
	edge_key(&k, &version, EDGE_FROM, cid);
	return set_edge(txn, &k, is_live, err);
}

int index_edge_derive(struct kv_txn *txn, const struct reference_key *ref, const char *before, const char *after, struct error *err)
{
	CLEANUP(json) json_t *value = index_key_value(after);
	struct index_key k;

	if (ref->table == REF_FROM)
		return set_from(txn, &ref->cid, before, false, err) < 0 ? -1 : set_from(txn, &ref->cid, after, true, err);
	edge_key(&k, &ref->version, ref->table == REF_INPUT ? EDGE_INPUT : EDGE_OUTPUT, &ref->cid);
	return set_edge(txn, &k, value != NULL, err);
}
