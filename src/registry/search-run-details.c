/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a run that was found. */
#include <config.h>

#include <string.h>

#include "base/mem.h"
#include "registry/annotation.h"
#include "registry/search-run.h"

const struct run *search_run_identity(const struct search_run *run)
{
	return &run->run;
}

static json_t *text_or_nothing(const char *text)
{
	return *text ? json_string(text) : NULL;
}

static int name(struct search *s, struct search_run *r, json_t **out, struct error *err)
{
	(void)s;
	(void)err;
	*out = text_or_nothing(r->run.label);
	return 0;
}

static int id(struct search *s, struct search_run *r, json_t **out, struct error *err)
{
	(void)s;
	(void)err;
	*out = json_string(r->run.id.text);
	return 0;
}

static int job_type(struct search *s, struct search_run *r, json_t **out, struct error *err)
{
	(void)s;
	(void)err;
	*out = json_string(r->run.job_type);
	return 0;
}

static int state(struct search *s, struct search_run *r, json_t **out, struct error *err)
{
	enum run_state now;

	if (search_run_state(s, r, &now, err) < 0)
		return -1;
	*out = json_string(run_state_name(now));
	return 0;
}

static int created(struct search *s, struct search_run *r, json_t **out, struct error *err)
{
	int64_t at;

	if (search_run_started(s, r, &at, err) < 0)
		return -1;
	*out = at ? json_time(at) : NULL;
	return 0;
}

static int ended(struct search *s, struct search_run *r, json_t **out, struct error *err)
{
	int64_t at;

	if (search_run_ended(s, r, &at, err) < 0)
		return -1;
	*out = at ? json_time(at) : NULL;
	return 0;
}

static int duration(struct search *s, struct search_run *r, json_t **out, struct error *err)
{
	int64_t ns;

	if (search_run_duration(s, r, &ns, err) < 0)
		return -1;
	if (ns >= 0)
		*out = json_seconds(ns);
	return 0;
}

static int person(struct search *s, struct search_run *r, bool is_host, json_t **out, struct error *err)
{
	const struct facts *f;
	struct span text;

	if (search_run_facts(s, r, 0, &f, err) < 0)
		return -1;
	text = is_host ? f->host : f->user;
	*out = json_stringn((const char *)text.data, text.len);
	return 0;
}

static int user(struct search *s, struct search_run *r, json_t **out, struct error *err)
{
	return person(s, r, false, out, err);
}

static int host(struct search *s, struct search_run *r, json_t **out, struct error *err)
{
	return person(s, r, true, out, err);
}

static int parent(struct search *s, struct search_run *r, json_t **out, struct error *err)
{
	const struct facts *f;

	if (search_run_facts(s, r, 0, &f, err) < 0)
		return -1;
	*out = f->run.len ? json_stringn((const char *)f->run.data, f->run.len) : NULL;
	return 0;
}

static int command(struct search *s, struct search_run *r, json_t **out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (search_run_command(s, r, &text, err) < 0)
		return -1;
	*out = text_or_nothing(text.buf);
	return 0;
}

static int tags(struct search *s, struct search_run *r, json_t **out, struct error *err)
{
	const struct overlay_subject *over = search_run_over(s, r);

	(void)err;
	*out = json_array();
	for (size_t i = 0; over && i < over->tags.count; i++)
		json_array_append_new(*out, json_string(over->tags.v[i]));
	return 0;
}

static int note(struct search *s, struct search_run *r, json_t **out, struct error *err)
{
	const struct overlay_subject *over = search_run_over(s, r);
	const struct facts *f;

	if (over && over->note) {
		*out = json_string(over->note);
		return 0;
	}
	if (search_run_facts(s, r, WANT_DESCRIPTION, &f, err) < 0)
		return -1;
	*out = json_stringn((const char *)f->description.data, f->description.len);
	return 0;
}

static int edges(struct search *s, const struct search_edge *list, size_t count, json_t **out, struct error *err)
{
	CLEANUP(json) json_t *names = json_array();

	for (size_t i = 0; i < count; i++) {
		CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

		if (search_run_edge_name(s, &list[i], &text, err) < 0)
			return -1;
		json_array_append_new(names, json_string(text.buf));
	}
	*out = STEAL(names);
	return 0;
}

static int inputs(struct search *s, struct search_run *r, json_t **out, struct error *err)
{
	return search_run_edges_of(s, r, EDGES_INPUT, err) < 0 ? -1 : edges(s, r->inputs, r->input_count, out, err);
}

static int outputs(struct search *s, struct search_run *r, json_t **out, struct error *err)
{
	return search_run_edges_of(s, r, EDGES_OUTPUT, err) < 0 ? -1 : edges(s, r->outputs, r->output_count, out, err);
}

/* Below what was logged, above what was said later. */
static int merged(struct search *s, struct search_run *r, bool is_metric, json_t **out, struct error *err)
{
	struct subject subject = subject_of_collection(&r->run.cid);
	CLEANUP(json) json_t *all = NULL;
	struct span below, above;

	if (search_run_members(s, r, is_metric, &below, &above, err) < 0)
		return -1;
	all = below.len ? facts_json(below, err) : json_object();
	if (!all || (above.len && (is_metric ? annotation_metrics : annotation_metadata)(s->view, &subject, all, err) < 0))
		return -1;
	*out = STEAL(all);
	return 0;
}

static int metadata(struct search *s, struct search_run *r, json_t **out, struct error *err)
{
	return merged(s, r, false, out, err);
}

static int metrics(struct search *s, struct search_run *r, json_t **out, struct error *err)
{
	return merged(s, r, true, out, err);
}

static int config(struct search *s, struct search_run *r, json_t **out, struct error *err)
{
	CLEANUP(json) json_t *record = NULL;
	const struct facts *f;

	if (search_run_facts(s, r, WANT_METADATA, &f, err) < 0)
		return -1;
	record = facts_json(f->metadata, err);
	if (!record)
		return -1;
	*out = json_incref(json_object_get(record, "config"));
	return 0;
}

/* "metrics.acc" */
static int member_of(struct search *s, struct search_run *r, const char *member, json_t **out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct span below, above;

	if (strncmp(member, "metrics.", 8) == 0 || strncmp(member, "metadata.", 9) == 0) {
		if (search_run_members(s, r, member[3] == 'r', &below, &above, err) < 0)
			return -1;
		return facts_find(below, above, strchr(member, '.') + 1, search_take_value, out, err) < 0 ? -1 : 0;
	}
	search_run_path(&path, member);
	return search_run_record(s, r, path.buf, search_take_value, out, err);
}

int search_run_member(struct search *s, struct search_run *run, const char *member, json_t **out, struct error *err)
{
	static const struct {
		const char *name;
		int (*read)(struct search *s, struct search_run *r, json_t **out, struct error *err);
	} members[] = { { "id", id }, { "name", name }, { "job_type", job_type }, { "state", state }, { "created", created }, { "ended", ended },
		{ "duration", duration }, { "user", user }, { "host", host }, { "parent", parent }, { "command", command }, { "tags", tags }, { "note", note },
		{ "inputs", inputs }, { "outputs", outputs }, { "metadata", metadata }, { "metrics", metrics }, { "config", config } };

	*out = NULL;
	for (size_t i = 0; i < COUNT_OF(members); i++)
		if (strcmp(members[i].name, member) == 0)
			return members[i].read(s, run, out, err);
	return member_of(s, run, member, out, err);
}

int search_run_made(struct search *s, const struct oid *version, const char *member, json_t **out, struct error *err)
{
	struct search_run *run;
	int found = search_run_producer(s, version, &run, err);

	*out = NULL;
	return found <= 0 ? found : search_run_member(s, run, member, out, err);
}
