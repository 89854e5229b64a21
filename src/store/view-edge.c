/* SPDX-License-Identifier: Apache-2.0 */
/* Runs by their ids, and what leads from a version to the runs and artifacts that name it. */
#include <config.h>

#include <string.h>

#include "format/run-id.h"
#include "store/index-key.h"
#include "store/index.h"
#include "store/view.h"

struct each_run {
	view_name_fn fn;
	void *arg;
};

static int pass_run(struct span key, struct span value, void *arg, struct error *err)
{
	const struct each_run *to = arg;
	struct run_id id;
	struct raw_cid raw;
	struct cid cid;

	(void)value;
	if (key.len != 1 + RUN_ID_LEN + 1 + CID_LEN || !run_id_is((const char *)key.data + 1, RUN_ID_LEN))
		return error_set(err, ERR_INTEGRITY, "index is damaged: row of a run");
	memcpy(id.text, key.data + 1, RUN_ID_LEN + 1);
	memcpy(raw.raw, key.data + key.len - CID_LEN, CID_LEN);
	index_cid_write(&raw, &cid);
	return to->fn(id.text, &cid, to->arg, err);
}

int view_each_run(struct view *v, const char *prefix, view_name_fn fn, void *arg, struct error *err)
{
	struct each_run to = { fn, arg };
	struct index_key k;

	if (strlen(prefix) > RUN_ID_LEN)
		return 0;
	index_key_begin(&k, TABLE_RUN);
	index_key_add(&k, prefix, strlen(prefix));
	return kv_each(view_txn(v), index_key_span(&k), NULL, false, pass_run, &to, err);
}

struct each_edge {
	view_edge_fn fn;
	void *arg;
};

static int pass_edge(struct span key, struct span value, void *arg, struct error *err)
{
	const struct each_edge *to = arg;
	struct raw_cid raw;
	struct cid cid;

	(void)value;
	if (key.len != 1 + OID_LEN + 1 + CID_LEN)
		return error_set(err, ERR_INTEGRITY, "index is damaged: row of an edge");
	memcpy(raw.raw, key.data + key.len - CID_LEN, CID_LEN);
	index_cid_write(&raw, &cid);
	return to->fn(&cid, to->arg, err);
}

int view_each_edge(struct view *v, const struct oid *version, enum edge_kind kind, view_edge_fn fn, void *arg, struct error *err)
{
	struct each_edge to = { fn, arg };
	uint8_t byte = (uint8_t)kind;
	struct index_key k;

	index_key_begin(&k, TABLE_EDGE);
	index_key_add_oid(&k, version);
	index_key_add(&k, &byte, 1);
	return kv_each(view_txn(v), index_key_span(&k), NULL, false, pass_edge, &to, err);
}
