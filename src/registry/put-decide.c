/* SPDX-License-Identifier: Apache-2.0 */
/* Decides under the lock what a put comes to: a new version or one that is there, and all that was asked to be set with it. */
#include <config.h>

#include "registry/put-internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "registry/annotation.h"
#include "registry/metadata.h"
#include "registry/prune.h"
#include "registry/run-edge.h"
#include "registry/version.h"

const char *put_new_type(const struct put_options *o)
{
	return o->type ? o->type : o->new_type ? o->new_type : "model";
}

/* 1, 0 when it is not there, -1. */
static int find_artifact(struct view *v, const struct put_options *o, struct collection *c, bool *other_case, struct error *err)
{
	int found;

	if (!o->cid)
		return collection_find(v, o->name, c, other_case, err);
	found = collection_read(v, o->cid, c, err);
	return found ? found : error_set(err, ERR_NO_COLLECTION, "the artifact '%s' was removed", o->name);
}

int put_check_collection(struct view *v, const struct put_options *o, struct collection *c, struct error *err)
{
	struct version_row latest;
	bool other_case = false;
	int found = find_artifact(v, o, c, &other_case, err), has_latest;

	if (found < 0)
		return -1;
	if (other_case)
		return error_set(err, ERR_CONFLICT, "there is an artifact '%s', whose name differs only in case", c->name);
	if (!found && name_check_full(o->name, strlen(o->name), err) < 0)
		return -1;
	if (found && c->is_model) {
		error_set(err, ERR_CONFLICT, "'%s' is a registered model: versions are linked into it, not put", o->name);
		return error_hint(err, "Put into an artifact, then 'mreg link ARTIFACT:vN %s'.", o->name);
	}
	if (found && o->type && strcmp(o->type, c->type) != 0)
		return error_set(err, ERR_CONFLICT, "'%s' is of type '%s', not '%s': a type is fixed by the first put", o->name, c->type, o->type);
	if (!o->expect.given)
		return found;
	has_latest = found ? view_latest(v, &c->cid, &latest, err) : 0;
	if (has_latest < 0)
		return -1;
	if (!has_latest)
		return error_set(err, ERR_CONFLICT, "'%s' has no version yet, not v%" PRIu64 " as expected", o->name, o->expect.number);
	if (latest.number != o->expect.number)
		return error_set(err, ERR_CONFLICT, "the latest of '%s' is v%" PRIu64 ", not v%" PRIu64 " as expected", o->name, latest.number,
				 o->expect.number);
	return found;
}

static int create_collection(struct txn *txn, const struct put_options *o, struct collection *c, struct error *err)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;

	name_complete(&name, o->name, view_scope(txn_view(txn)));
	c->name = strbuf_detach(&name);
	c->type = xstrdup(put_new_type(o));
	return collection_create(txn, c, err);
}

static int add_version(struct txn *txn, struct put *p, const struct collection *c, struct version_row *row, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = NULL;

	if (!p->staged_type || strcmp(p->staged_type, c->type) != 0) {
		free(p->wanted_type);
		p->wanted_type = xstrdup(c->type);
		p->needs_staging = true;
		return error_set(err, ERR_CONFLICT, "'%s' keeps changing while it is put into", c->name);
	}
	*row = p->row;
	if (view_next_number(txn_view(txn), &c->cid, &row->number, err) < 0)
		return -1;
	strbuf_addf(&key, "version/%s/%" PRIu64, c->cid.hex, row->number);
	value = version_value(row);
	if (txn_set(txn, key.buf, value, err) < 0)
		return -1;
	if (txn_learn(txn, &c->cid, row, err) < 0)
		return -1;
	return p->facts.len ? txn_learn_facts(txn, &row->version, &p->facts, err) : 0;
}

static int annotate_layer(struct txn *txn, struct put *p, const struct subject *of, enum annotation_layer layer, json_t *wanted, const json_t *now,
			  struct error *err)
{
	const char *name;
	json_t *value;

	json_object_foreach(wanted, name, value) {
		const json_t *old = json_object_get(now, name);

		if (old && json_equal(old, value))
			continue;
		if (annotation_set(txn, of, layer, name, value, err) < 0)
			return -1;
		p->result->annotated = true;
	}
	return 0;
}

/* The content is there already: what was said about it becomes a revision. */
static int annotate(struct txn *txn, struct put *p, const struct version_row *row, struct error *err)
{
	const struct put_options *o = p->options;
	const struct subject of = subject_of_version(&row->version);
	CLEANUP(version_info) struct version_info info = VERSION_INFO_INIT;

	if ((!o->message || !*o->message) && json_object_size(o->metadata) == 0 && json_object_size(o->metrics) == 0)
		return 0;
	if (version_info_read(p->reg, txn_view(txn), row, &info, err) < 0 ||
	    annotate_layer(txn, p, &of, ANNOTATION_METADATA, o->metadata, info.metadata, err) < 0 ||
	    annotate_layer(txn, p, &of, ANNOTATION_METRIC, o->metrics, info.metrics, err) < 0)
		return -1;
	if (!o->message || !*o->message || strcmp(o->message, info.description) == 0)
		return 0;
	p->result->annotated = true;
	return annotation_set_note(txn, &of, o->message, err);
}

static int set_aliases(struct txn *txn, const struct put *p, const struct collection *c, const struct version_row *row, struct error *err)
{
	const struct strvec *aliases = p->options->aliases;

	for (size_t i = 0; i < aliases->count; i++)
		if (!name_is_latest(aliases->v[i], strlen(aliases->v[i])) && alias_set(txn, c, aliases->v[i], &row->version, NULL, err) < 0)
			return -1;
	return 0;
}

static int set_tags(struct txn *txn, const struct put *p, const struct subject *of, struct error *err)
{
	const struct strvec *tags = p->options->tags;

	for (size_t i = 0; tags && i < tags->count; i++)
		if (annotation_set_tag(txn, of, tags->v[i], true, err) < 0)
			return -1;
	return 0;
}

static void note_link(struct strvec *linked, const struct resolved *link)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;

	resolved_name(&name, link);
	strvec_push(linked, name.buf);
}

static int set_links(struct txn *txn, const struct put *p, const struct resolved *version, struct error *err)
{
	if (p->options->linked)
		strvec_release(p->options->linked); /* of a decision that was rehearsed */
	for (size_t i = 0; i < p->options->link_count; i++) {
		const struct link_target *target = &p->options->links[i];
		CLEANUP(resolved) struct resolved link = RESOLVED_INIT;

		if (link_add(txn, version, target->name, true, &link, err) < 0)
			return error_wrap(err, "cannot link into '%s'", target->name);
		if (p->options->linked)
			note_link(p->options->linked, &link);
		for (size_t a = 0; a < target->aliases.count; a++)
			if (alias_set(txn, &link.collection, target->aliases.v[a], &link.row.version, NULL, err) < 0)
				return -1;
	}
	return 0;
}

/* The value that the put was given, or its run has logged; that it was is checked before anything is read. */
static double best_value(const struct put *p)
{
	double value = NAN;

	if (!metadata_metric_value(json_object_get(p->metrics, p->options->best.metric), &value))
		BUG("put by a metric that was not given");
	return value;
}

static int move_best(struct txn *txn, const struct put *p, const struct resolved *version, struct error *err)
{
	CLEANUP(resolved) struct resolved holder = RESOLVED_INIT;
	int wins;

	if (!p->options->best.metric)
		return 0;
	wins = best_would_win(p->reg, txn_view(txn), &version->collection, &p->options->best, best_value(p), &holder, err);
	return wins <= 0 ? wins : alias_set(txn, &version->collection, BEST_ALIAS, &version->row.version, NULL, err);
}

int put_is_not_better(struct put *p, struct view *v, const struct collection *c, struct error *err)
{
	CLEANUP(resolved) struct resolved holder = RESOLVED_INIT;
	struct put_result *r = p->result;
	int wins;

	if (!p->options->only_if_better)
		return 0;
	wins = best_would_win(p->reg, v, c, &p->options->best, best_value(p), &holder, err);
	if (wins != 0)
		return wins < 0 ? -1 : 0;
	if (!holder.collection.name)
		return error_set(err, ERR_NO, "'%s' is nan, and no version is best yet: none was made", p->options->best.metric);
	strbuf_reset(&p->name);
	strbuf_adds(&p->name, holder.collection.name);
	r->number = holder.row.number;
	r->digest = holder.row.digest;
	r->bytes = holder.row.size;
	r->files = holder.row.files;
	r->created = false;
	r->reason = "not-better";
	return 1;
}

/* What the run has to do with it, and where the artifact began. */
static int set_edges(struct txn *txn, const struct put *p, const struct resolved *version, bool created, struct error *err)
{
	const struct put_options *o = p->options;
	CLEANUP(resolved) struct resolved source = RESOLVED_INIT;

	if (o->from && (resolve_text(txn_view(txn), o->from, &source, err) < 0 || run_edge_set_from(txn, &version->collection, &source, err) < 0))
		return error_wrap(err, "cannot say that it began at '%s'", o->from);
	if (!p->in_run)
		return 0;
	return o->is_input ? run_edge_add_input(txn, &p->run, version, o->input_as, err) : run_edge_add_output(txn, &p->run, version, created, err);
}

/* The version is there, new or not: what was asked to be set with it. */
static int set_all(struct txn *txn, const struct put *p, const struct resolved *version, bool created, struct error *err)
{
	const struct subject of = subject_of_version(&version->row.version);

	if (set_aliases(txn, p, &version->collection, &version->row, err) < 0 || move_best(txn, p, version, err) < 0 || set_tags(txn, p, &of, err) < 0)
		return -1;
	if (set_links(txn, p, version, err) < 0 || set_edges(txn, p, version, created, err) < 0)
		return -1;
	if (!p->options->has_keep_last)
		return 0;
	return prune_keep_last(p->reg, txn, version, p->options->keep_last, &p->result->removed, err);
}

int put_decide(struct txn *txn, void *arg, struct error *err)
{
	struct put *p = arg;
	const struct put_options *o = p->options;
	CLEANUP(resolved) struct resolved version = RESOLVED_INIT;
	struct collection *c = &version.collection;
	int there, same = 0, not_better;

	p->needs_staging = p->result->annotated = false;
	there = put_check_collection(txn_view(txn), o, c, err);
	if (there < 0 || (!there && create_collection(txn, o, c, err) < 0))
		return -1;
	not_better = put_is_not_better(p, txn_view(txn), c, err);
	if (not_better)
		return not_better < 0 ? -1 : 0;
	if (!o->new_version)
		same = view_find_digest(txn_view(txn), &c->cid, &p->row.digest, &version.row, err);
	if (same < 0)
		return -1;
	if (same && o->fail_if_unchanged)
		return error_set(err, ERR_NO, "the content is that of '%s:v%" PRIu64 "'", c->name, version.row.number);
	if ((same ? annotate(txn, p, &version.row, err) : add_version(txn, p, c, &version.row, err)) < 0 || set_all(txn, p, &version, !same, err) < 0)
		return -1;
	p->result->number = version.row.number;
	p->result->version = version.row.version;
	strbuf_reset(&p->name);
	strbuf_adds(&p->name, c->name);
	p->result->created = !same;
	p->result->reason = same ? "unchanged" : NULL;
	return 0;
}

/* ---- records of runs ---- */

static int check_running(struct view *v, const struct run *run, struct error *err)
{
	CLEANUP(run) struct run now = RUN_INIT;
	struct version_row row = VERSION_ROW_INIT;
	bool is_ended = false;
	int there = run_read(v, &run->cid, &now, err);

	if (there == 1)
		there = run_row(v, &now, &row, &is_ended, err);
	if (there < 0)
		return -1;
	if (!there)
		return error_set(err, ERR_NO_COLLECTION, "the run '%s' was removed", run->id.text);
	return is_ended ? error_set(err, ERR_CONFLICT, "the run '%s' has ended", run->id.text) : 0;
}

int put_decide_record(struct txn *txn, void *arg, struct error *err)
{
	struct put *p = arg;
	struct run *run = p->options->record;
	struct collection c = { .type = run->job_type, .name = run->id.text };
	struct version_row row = VERSION_ROW_INIT;
	struct subject of;

	if (p->begins_run ? run_create(txn, run, err) < 0 : check_running(txn_view(txn), run, err) < 0)
		return -1;
	c.cid = run->cid;
	of = subject_of_collection(&run->cid);
	if (add_version(txn, p, &c, &row, err) < 0)
		return -1;
	p->result->number = row.number;
	p->result->created = true;
	return set_tags(txn, p, &of, err);
}
