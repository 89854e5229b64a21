/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold across keys, whoever makes the change. */
#include <config.h>

#include "registry/rules.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/strbuf.h"
#include "format/json.h"
#include "format/name.h"
#include "format/run-id.h"
#include "registry/collection.h"
#include "registry/run.h"
#include "store/view.h"

/* The CID at the start of the rest of a key, which is legal or nobody's. */
static void cid_of(const char *text, struct cid *out)
{
	size_t len = strcspn(text, "/");

	*out = (struct cid){ "" };
	if (len == CID_HEX_LEN)
		memcpy(out->hex, text, len);
}

static bool is_same(const json_t *a, const json_t *b, const char *member)
{
	const char *x, *y;

	return json_get_string(a, member, &x) && json_get_string(b, member, &y) && strcmp(x, y) == 0;
}

/* Links and versions that are there already rely on them. */
static int check_fixed(const char *before, const json_t *value, struct error *err)
{
	CLEANUP(json) json_t *old = before ? json_parse(before, strlen(before), "coll", err) : NULL;

	if (!before)
		return 0;
	if (!old)
		return -1;
	if (!is_same(old, value, "kind") || !is_same(old, value, "type"))
		return error_set(err, ERR_CONFLICT, "the kind and the type of a collection are fixed when it is made");
	return 0;
}

static int count_run(const char *id, const struct cid *cid, void *arg, struct error *err)
{
	(void)id, (void)cid, (void)err;
	++*(size_t *)arg;
	return 0;
}

/* Of a run without one nobody could say what it is, and no list of runs could be made. */
static int check_recorded(struct view *v, const char *cid_text, struct error *err)
{
	CLEANUP(run) struct run run = RUN_INIT;
	struct version_row row;
	struct cid cid;
	int found;

	cid_of(cid_text, &cid);
	found = run_read(v, &cid, &run, err);
	if (found <= 0)
		return found;
	found = view_latest(v, &cid, &row, err);
	return found == 0 ? error_set(err, ERR_CONFLICT, "the run '%s' would have no record", run.id.text) : found < 0 ? -1 : 0;
}

/* By a title a run would be found as a collection is, and an alias would hold it for ever: no verb takes one from a run. */
static int check_no_run(struct view *v, const char *cid_text, const char *what, struct error *err)
{
	CLEANUP(run) struct run run = RUN_INIT;
	struct cid cid;
	int found;

	cid_of(cid_text, &cid);
	found = run_read(v, &cid, &run, err);
	return found == 1 ? error_set(err, ERR_CONFLICT, "the run '%s' would have %s", run.id.text, what) : found;
}

static int refuse_key(const char *key, const char *value, void *arg, struct error *err)
{
	(void)value;
	return error_set(err, ERR_CONFLICT, "the run '%s' would have what only collections have: '%s'", (const char *)arg, key);
}

/* What came before it was known to be one. */
static int check_bare(struct view *v, const char *cid_text, const char *id, struct error *err)
{
	static const char *const tables[] = { "alias", "protect", "title" };

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		CLEANUP(strbuf) struct strbuf prefix = STRBUF_INIT;

		strbuf_addf(&prefix, "%s/%s", tables[i], cid_text);
		if (view_each(v, prefix.buf, refuse_key, (void *)(uintptr_t)id, err) < 0)
			return -1;
	}
	return 0;
}

static int check_run(struct view *v, const char *cid_text, const char *before, const json_t *value, struct error *err)
{
	const char *id, *type, *label = NULL;
	size_t count = 0;

	if (!json_get_string(value, "name", &id) || !run_id_is(id, strlen(id)) || !json_get_string(value, "type", &type))
		return error_set(err, ERR_INVALID, "a run has no id or no job type");
	if (name_check(NAME_TYPE, type, strlen(type), err) < 0 || check_fixed(before, value, err) < 0)
		return -1;
	if (json_get_string(value, "label", &label) && name_check_label(label, strlen(label), err) < 0)
		return -1;
	if (check_bare(v, cid_text, id, err) < 0 || view_each_run(v, id, count_run, &count, err) < 0)
		return -1;
	return count == 1 ? check_recorded(v, cid_text, err) : error_set(err, ERR_CONFLICT, "the id '%s' is taken", id);
}

static int check_collection(struct view *v, const char *cid_text, const char *before, const json_t *value, struct error *err)
{
	const char *name, *kind;
	struct cid cid;
	size_t count;

	if (json_get_string(value, "kind", &kind) && strcmp(kind, "run") == 0)
		return check_run(v, cid_text, before, value, err);
	if (!json_get_string(value, "name", &name))
		return error_set(err, ERR_INVALID, "a collection has no name");
	if (name_check_full(name, strlen(name), err) < 0 || check_fixed(before, value, err) < 0)
		return -1;
	if (view_count_name(v, name, &count, err) < 0)
		return -1;
	if (count != 1)
		return error_set(err, ERR_CONFLICT, "the name '%s' is taken", name);
	cid_of(cid_text, &cid);
	return collection_check_title(v, &cid, err);
}

static int check_title(struct view *v, const char *cid_text, struct error *err)
{
	struct cid cid;

	cid_of(cid_text, &cid);
	return collection_check_title(v, &cid, err);
}

/* Live in this collection: 1, 0, -1. */
static int is_live_in(struct view *v, const struct cid *cid, const struct oid *version, struct error *err)
{
	struct version_row row;
	uint64_t number;
	int found = view_version_in(v, cid, version, &number, err);

	if (found == 1)
		found = view_version(v, cid, number, &row, err);
	return found == 1 ? !row.removed && oid_equal(&row.version, version) : found;
}

static int check_alias(struct view *v, const char *cid_text, const json_t *value, struct error *err)
{
	const char *alias;
	struct oid version;
	struct cid cid;
	int found;

	if (!json_get_string(value, "alias", &alias) || !json_get_oid(value, "version", &version))
		return error_set(err, ERR_INVALID, "an alias names no version");
	if (name_check(NAME_ALIAS, alias, strlen(alias), err) < 0)
		return -1;
	cid_of(cid_text, &cid);
	found = is_live_in(v, &cid, &version, err);
	if (found != 0)
		return found < 0 ? -1 : 0;
	return error_set(err, ERR_CONFLICT, "alias '%s' would point to a version that is not in this collection", alias);
}

/* Of which kind (or other, unless that is NULL), and type, the collection of a key is. */
static int kind_is(struct view *v, const struct cid *cid, const char *kind, const char *other, struct strbuf *type, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = NULL;
	const char *got, *got_type;
	int found;

	strbuf_addf(&key, "coll/%s", cid->hex);
	found = view_json(v, key.buf, &value, err);
	if (found < 0)
		return -1;
	if (found == 0)
		return error_set(err, ERR_CONFLICT, "a version would belong to a collection that is not there");
	if (!json_get_string(value, "kind", &got) || !json_get_string(value, "type", &got_type))
		return error_set(err, ERR_INVALID, "a collection has no kind or type");
	if (strcmp(got, kind) != 0 && (!other || strcmp(got, other) != 0))
		return error_set(err, ERR_CONFLICT, "a collection of kind '%s' would have what belongs into one of kind '%s'", got, kind);
	strbuf_adds(type, got_type);
	return 0;
}

struct places {
	struct view *view;
	const char *model; /* CID of the link that is checked */
	struct cid artifact; /* when in_artifacts */
	bool is_known;       /* it is, or was, in some artifact that is here */
	uint64_t in_artifacts, in_model, live_links;
};

static int count_place(const struct cid *cid, uint64_t number, bool is_link, bool is_live, void *arg, struct error *err)
{
	struct places *p = arg;

	(void)number;
	(void)err;
	p->is_known |= !is_link;
	if (!is_live)
		return 0;
	if (!is_link) {
		p->artifact = *cid;
		p->in_artifacts++;
		return 0;
	}
	p->live_links++;
	p->in_model += p->model && strcmp(p->model, cid->hex) == 0;
	return 0;
}

static int type_mismatch(const char *version, const char *model, struct error *err)
{
	return error_set(err, ERR_CONFLICT, "a version of type '%s' would be linked into a model of type '%s'", version, model);
}

static int check_link(struct view *v, const char *cid_text, const json_t *value, struct error *err)
{
	CLEANUP(strbuf) struct strbuf type = STRBUF_INIT, of_artifact = STRBUF_INIT;
	struct places places = { .view = v };
	struct oid version;
	struct cid cid;

	cid_of(cid_text, &cid);
	places.model = cid.hex;
	if (!json_get_oid(value, "version", &version))
		return error_set(err, ERR_INVALID, "a link names no version");
	if (kind_is(v, &cid, "model", NULL, &type, err) < 0 || view_each_place(v, &version, count_place, &places, err) < 0)
		return -1;
	if (places.in_model > 1)
		return error_set(err, ERR_CONFLICT, "a version would be in one model twice");
	/* links find their versions by id: a model may come without the artifact that they are from */
	if (!places.is_known && view_is_received(v))
		return 0;
	if (!places.in_artifacts)
		return error_set(err, ERR_CONFLICT, "a link would point to a version that is not there");
	if (kind_is(v, &places.artifact, "artifact", NULL, &of_artifact, err) < 0)
		return -1;
	if (strcmp(type.buf, of_artifact.buf) != 0)
		return type_mismatch(of_artifact.buf, type.buf, err);
	return 0;
}

struct linked {
	struct view *view;
	const char *type; /* of the version */
};

static int check_type_of_link(const struct cid *cid, uint64_t number, bool is_link, bool is_live, void *arg, struct error *err)
{
	const struct linked *linked = arg;
	CLEANUP(strbuf) struct strbuf type = STRBUF_INIT;

	(void)number;
	if (!is_link || !is_live)
		return 0;
	if (kind_is(linked->view, cid, "model", NULL, &type, err) < 0)
		return -1;
	return strcmp(type.buf, linked->type) == 0 ? 0 : type_mismatch(linked->type, type.buf, err);
}

/* One that comes into another artifact may be linked already. */
static int check_version(struct view *v, const char *cid_text, const json_t *value, struct error *err)
{
	CLEANUP(strbuf) struct strbuf type = STRBUF_INIT;
	struct places places = { .view = v };
	struct oid version;
	struct cid cid;

	cid_of(cid_text, &cid);
	if (!json_get_oid(value, "version", &version))
		return error_set(err, ERR_INVALID, "a version has no id");
	if (kind_is(v, &cid, "artifact", "run", &type, err) < 0 || view_each_place(v, &version, count_place, &places, err) < 0)
		return -1;
	if (places.in_artifacts > 1)
		return error_set(err, ERR_CONFLICT, "a version would have two numbers");
	return places.live_links ? view_each_place(v, &version, check_type_of_link, &(struct linked){ v, type.buf }, err) : 0;
}

struct dangling {
	struct view *view;
	const struct cid *cid;
};

static int check_target(const char *key, const char *text, void *arg, struct error *err)
{
	const struct dangling *d = arg;
	CLEANUP(json) json_t *value = json_parse(text, strlen(text), key, err);
	const char *alias = "";
	struct oid version;
	int found;

	if (!value || !json_get_string(value, "alias", &alias) || !json_get_oid(value, "version", &version))
		return error_set(err, ERR_INVALID, "an alias names no version");
	found = is_live_in(d->view, d->cid, &version, err);
	if (found != 0)
		return found < 0 ? -1 : 0;
	return error_set(err, ERR_CONFLICT, "alias '%s' would point to a version that is not there any more", alias);
}

/* Nothing may be left that names what was taken away; before: the value that the key had. */
static int check_removed(struct view *v, const char *key, const char *before, struct error *err)
{
	CLEANUP(strbuf) struct strbuf prefix = STRBUF_INIT;
	CLEANUP(json) json_t *value = before ? json_parse(before, strlen(before), key, err) : NULL;
	struct places places = { .view = v };
	struct oid version;
	struct cid cid;
	struct dangling dangling = { v, &cid };

	if (!before)
		return 0;
	if (!value)
		return -1;
	cid_of(strchr(key, '/') + 1, &cid);
	strbuf_addf(&prefix, "alias/%s/", cid.hex);
	/* of very many removals in one transaction the first looks at the aliases of all */
	if (view_once(v, prefix.buf) && view_each(v, prefix.buf, check_target, &dangling, err) < 0)
		return -1;
	if (strncmp(key, "link/", 5) == 0 || !json_get_oid(value, "version", &version))
		return 0;
	if (view_each_place(v, &version, count_place, &places, err) < 0)
		return -1;
	if (places.live_links && !places.in_artifacts)
		return error_set(err, ERR_CONFLICT, "a registered model would link to a version that is not there any more");
	return 0;
}

/* A number that is another version's now: its old one has gone from it. */
static int check_replaced(struct view *v, const char *key, const char *before, const json_t *value, struct error *err)
{
	CLEANUP(json) json_t *old = before ? json_parse(before, strlen(before), key, err) : NULL;

	if (!before)
		return 0;
	if (!old)
		return -1;
	return is_same(old, value, "version") ? 0 : check_removed(v, key, before, err);
}

/* A collection that goes takes all that is in it along. */
static int check_gone(struct view *v, const char *cid_text, struct error *err)
{
	struct version_row row;
	struct cid cid;
	int found;

	cid_of(cid_text, &cid);
	found = view_latest(v, &cid, &row, err);
	if (found <= 0)
		return found;
	return error_set(err, ERR_CONFLICT, "v%" PRIu64 " would be in a collection that is not there any more", row.number);
}

int rules_check(struct view *v, const char *key, const char *before, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(json) json_t *value = NULL;
	int found = view_value(v, key, &text, err);

	if (found < 0)
		return -1;
	if (!found && text_begins_with(key, "coll/"))
		return check_gone(v, key + strlen("coll/"), err);
	if (!found && text_begins_with(key, "version/") && check_recorded(v, key + strlen("version/"), err) < 0)
		return -1;
	if (!found)
		return text_begins_with(key, "version/") || text_begins_with(key, "link/") ? check_removed(v, key, before, err) : 0;
	value = json_parse(text.buf, text.len, key, err);
	if (!value)
		return -1;
	if (text_begins_with(key, "coll/"))
		return check_collection(v, key + strlen("coll/"), before, value, err);
	if (text_begins_with(key, "title/"))
		return check_no_run(v, key + strlen("title/"), "a title", err) < 0 ? -1 : check_title(v, key + strlen("title/"), err);
	if (text_begins_with(key, "alias/"))
		return check_no_run(v, key + strlen("alias/"), "an alias", err) < 0 ? -1 : check_alias(v, key + strlen("alias/"), value, err);
	if (text_begins_with(key, "protect/"))
		return check_no_run(v, key + strlen("protect/"), "a protected alias", err);
	if (text_begins_with(key, "link/"))
		return check_link(v, key + strlen("link/"), value, err) < 0 ? -1 : check_replaced(v, key, before, value, err);
	if (text_begins_with(key, "version/"))
		return check_version(v, key + strlen("version/"), value, err) < 0 ? -1 : check_replaced(v, key, before, value, err);
	return 0;
}
