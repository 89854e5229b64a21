/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes the keys that say which run used and made which version, and where an artifact began. */
#include <config.h>

#include "registry/run-edge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "format/reference.h"
#include "registry/key-name.h"

void run_edge_cleanup(struct run_edge *edge)
{
	free(edge->ref);
	free(edge->as);
	edge->ref = edge->as = NULL;
}

static int damaged(const char *key, struct error *err)
{
	return error_set(err, ERR_INTEGRITY, "the value of '%s' is damaged", key);
}

static void edge_key(struct strbuf *out, const char *table, const struct cid *run, const struct oid *version)
{
	strbuf_addf(out, "%s/%s/%s", table, run->hex, oid_hex(version).text);
}

static void from_key(struct strbuf *out, const struct cid *artifact)
{
	strbuf_addf(out, "from/%s", artifact->hex);
}

/* ---- values ---- */

static json_t *edge_value(const struct resolved *version)
{
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT;

	resolved_name(&ref, version);
	return json_pack("{s:o, s:s}", "digest", json_oid(&version->row.digest), "ref", ref.buf);
}

/* What every edge has; version stands in its key, but for one that says where an artifact began. */
static int parse(const char *key, const json_t *value, struct run_edge *out, struct error *err)
{
	const char *ref, *as = "";
	bool created = true;

	if (!json_get_oid(value, "digest", &out->digest) || !json_get_string(value, "ref", &ref))
		return damaged(key, err);
	json_get_string(value, "as", &as);
	json_get_bool(value, "created", &created);
	out->ref = xstrdup(ref);
	out->as = xstrdup(as);
	out->created = created;
	return 0;
}

/* ---- writing ---- */

static int check_run(struct view *v, const struct run *run, struct error *err)
{
	CLEANUP(run) struct run now = RUN_INIT;
	int found = run_read(v, &run->cid, &now, err);

	return found == 0 ? error_set(err, ERR_NO_COLLECTION, "the run '%s' was removed", run->id.text) : found < 0 ? -1 : 0;
}

int run_edge_add_input(struct txn *txn, const struct run *run, const struct resolved *version, const char *as, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = NULL, *before = NULL;
	const char *as_before;
	int found;

	if (check_run(txn_view(txn), run, err) < 0)
		return -1;
	edge_key(&key, "input", &run->cid, &version->row.version);
	found = view_json(txn_view(txn), key.buf, &before, err);
	if (found < 0)
		return -1;
	/* it was asked for first by that name, and a later look by another one, or by none, is no news */
	if (found && (!as || !*as || (json_get_string(before, "as", &as_before) && strcmp(as_before, as) == 0)))
		return 0;
	value = found ? json_deep_copy(before) : edge_value(version);
	if (as && *as)
		json_object_set_new(value, "as", json_string(as));
	return txn_set(txn, key.buf, value, err);
}

int run_edge_add_output(struct txn *txn, const struct run *run, const struct resolved *version, bool created, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT, before = STRBUF_INIT;
	CLEANUP(json) json_t *value = NULL;
	int found;

	if (check_run(txn_view(txn), run, err) < 0)
		return -1;
	edge_key(&key, "output", &run->cid, &version->row.version);
	found = view_value(txn_view(txn), key.buf, &before, err);
	if (found)
		return found < 0 ? -1 : 0; /* what a run has made stays its own when it puts it once more */
	value = edge_value(version);
	json_object_set_new(value, "created", json_boolean(created));
	return txn_set(txn, key.buf, value, err);
}

/* Whoever begins at itself has no beginning. */
static int check_source(struct view *v, const struct collection *artifact, const struct resolved *source, struct error *err)
{
	uint64_t number;
	int found = view_version_in(v, &artifact->cid, &source->row.version, &number, err);

	return found == 1 ? error_set(err, ERR_INVALID, "that is a version of '%s' itself", artifact->name) : found;
}

int run_edge_set_from(struct txn *txn, const struct collection *artifact, const struct resolved *source, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT, name = STRBUF_INIT;
	CLEANUP(run_edge) struct run_edge before = { .ref = NULL };
	CLEANUP(json) json_t *value = NULL;
	bool is_live;
	int found = check_source(txn_view(txn), artifact, source, err);

	if (found == 0)
		found = run_edge_from(txn_view(txn), &artifact->cid, &before, err);
	if (found < 0)
		return -1;
	if (found && oid_equal(&before.version, &source->row.version))
		return 0;
	if (found && run_edge_name(txn_view(txn), &before, &name, &is_live, err) < 0)
		return -1;
	if (found)
		return error_set(err, ERR_CONFLICT, "'%s' is known to have begun at '%s', not elsewhere", artifact->name, name.buf);
	from_key(&key, &artifact->cid);
	value = edge_value(source);
	json_object_set_new(value, "version", json_oid(&source->row.version));
	return txn_set(txn, key.buf, value, err);
}

/* ---- what a run used and made ---- */

struct reading {
	run_edge_fn fn;
	void *arg;
};

static int visit_edge(const char *key, const char *text, void *arg, struct error *err)
{
	const struct reading *r = arg;
	CLEANUP(run_edge) struct run_edge edge = { .ref = NULL };
	CLEANUP(json) json_t *value = json_parse(text, strlen(text), key, err);
	const char *id = strrchr(key, '/') + 1;

	if (!value)
		return -1;
	if (!oid_parse(id, strlen(id), &edge.version))
		return damaged(key, err);
	return parse(key, value, &edge, err) < 0 ? -1 : r->fn(&edge, r->arg, err);
}

static int each_edge(struct view *v, const char *table, const struct cid *run, run_edge_fn fn, void *arg, struct error *err)
{
	CLEANUP(strbuf) struct strbuf prefix = STRBUF_INIT;
	struct reading r = { fn, arg };

	strbuf_addf(&prefix, "%s/%s/", table, run->hex);
	return view_each(v, prefix.buf, visit_edge, &r, err);
}

int run_edge_each_input(struct view *v, const struct cid *run, run_edge_fn fn, void *arg, struct error *err)
{
	return each_edge(v, "input", run, fn, arg, err);
}

int run_edge_each_output(struct view *v, const struct cid *run, run_edge_fn fn, void *arg, struct error *err)
{
	return each_edge(v, "output", run, fn, arg, err);
}

/* ---- who used and made a version ---- */

struct following {
	struct view *view;
	run_fn run;
	run_edge_artifact_fn artifact;
	void *arg;
};

/* An edge whose run has not come here, or is gone, is none. */
static int visit_run(const struct cid *cid, void *arg, struct error *err)
{
	const struct following *f = arg;
	CLEANUP(run) struct run run = RUN_INIT;
	int found = run_read(f->view, cid, &run, err);

	return found <= 0 ? found : f->run(&run, f->arg, err);
}

static int visit_artifact(const struct cid *cid, void *arg, struct error *err)
{
	const struct following *f = arg;
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	int found = collection_read(f->view, cid, &c, err);

	return found <= 0 ? found : f->artifact(&c, f->arg, err);
}

int run_edge_each_producer(struct view *v, const struct oid *version, run_fn fn, void *arg, struct error *err)
{
	struct following f = { .view = v, .run = fn, .arg = arg };

	return view_each_edge(v, version, EDGE_OUTPUT, visit_run, &f, err);
}

int run_edge_each_consumer(struct view *v, const struct oid *version, run_fn fn, void *arg, struct error *err)
{
	struct following f = { .view = v, .run = fn, .arg = arg };

	return view_each_edge(v, version, EDGE_INPUT, visit_run, &f, err);
}

int run_edge_each_begun(struct view *v, const struct oid *version, run_edge_artifact_fn fn, void *arg, struct error *err)
{
	struct following f = { .view = v, .artifact = fn, .arg = arg };

	return view_each_edge(v, version, EDGE_FROM, visit_artifact, &f, err);
}

static int match(const struct run *run, void *arg, struct error *err)
{
	(void)run;
	(void)err;
	*(bool *)arg = true;
	return 1;
}

int run_edge_is_used(struct view *v, const struct oid *version, struct error *err)
{
	bool is_used = false;

	return run_edge_each_consumer(v, version, match, &is_used, err) < 0 ? -1 : is_used;
}

int run_edge_from(struct view *v, const struct cid *artifact, struct run_edge *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = NULL;
	int found;

	from_key(&key, artifact);
	found = view_json(v, key.buf, &value, err);
	if (found <= 0)
		return found;
	if (!json_get_oid(value, "version", &out->version))
		return damaged(key.buf, err);
	return parse(key.buf, value, out, err) < 0 ? -1 : 1;
}

/* ---- names ---- */

/* Is the version still what stands under that number?  1, 0, -1. */
static int is_there(struct view *v, const struct cid *cid, uint64_t number, const struct oid *version, struct error *err)
{
	struct version_row row;
	int found = view_version(v, cid, number, &row, err);

	return found <= 0 ? found : !row.removed && oid_equal(&row.version, version);
}

/* As it was asked for, when that is still it: a link of a model is then named as one.  1, 0, -1. */
static int name_as_called(struct view *v, const struct run_edge *edge, struct strbuf *out, struct error *err)
{
	struct error ignored = ERROR_INIT;
	struct reference ref;
	struct cid cid;
	bool exact;
	int found;

	if (reference_parse(edge->ref, &ref, &ignored) < 0 || ref.kind != REFERENCE_NUMBER)
		return 0;
	found = view_find_name(v, ref.name, &cid, &exact, err);
	if (found == 1)
		found = exact ? is_there(v, &cid, ref.number, &edge->version, err) : 0;
	if (found == 1)
		strbuf_addf(out, "%s:v%" PRIu64, ref.name, ref.number);
	return found;
}

int run_edge_name(struct view *v, const struct run_edge *edge, struct strbuf *out, bool *is_live, struct error *err)
{
	struct cid cid;
	uint64_t number;
	int found = name_as_called(v, edge, out, err);

	*is_live = found == 1;
	if (found)
		return found < 0 ? -1 : 0;
	found = view_find_version(v, &edge->version, &cid, &number, err);
	if (found == 0)
		strbuf_adds(out, edge->ref);
	if (found <= 0)
		return found;
	found = is_there(v, &cid, number, &edge->version, err);
	*is_live = found == 1;
	if (found < 0 || key_name_collection(v, cid.hex, out, err) < 0)
		return -1;
	strbuf_addf(out, ":v%" PRIu64, number);
	return 0;
}

struct names {
	struct view *view;
	struct strvec *out;
};

static int add_name(const struct run_edge *edge, void *arg, struct error *err)
{
	const struct names *n = arg;
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	bool is_live;

	if (run_edge_name(n->view, edge, &name, &is_live, err) < 0)
		return -1;
	strvec_push(n->out, name.buf);
	return 0;
}

int run_edge_input_names(struct view *v, const struct cid *run, struct strvec *out, struct error *err)
{
	/* an edge for each version: none is named twice */
	if (run_edge_each_input(v, run, add_name, &(struct names){ v, out }, err) < 0)
		return -1;
	strvec_sort(out);
	return 0;
}
