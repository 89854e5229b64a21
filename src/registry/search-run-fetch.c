/* SPDX-License-Identifier: Apache-2.0 */
/* What a query asks of runs: of each of them, and of those that made or used a version. */
#include <config.h>

#include "registry/search-run.h"

#include <string.h>

#include "base/mem.h"

/* "data:v3" is asked for as data:v3 and as data. */
static bool offer_ref(struct query_probe *p, const char *ref)
{
	CLEANUP(ptr) char *name = xstrndup(ref, strcspn(ref, ":"));

	return search_offer_name(p, ref) || search_offer_name(p, name);
}

/* By what a version is called now, and by what it was called then, which may be in a registered model. */
static int offer_edges(struct search *s, const struct search_edge *edges, size_t count, struct query_probe *p, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		CLEANUP(strbuf) struct strbuf now = STRBUF_INIT;

		if (search_run_edge_name(s, &edges[i], &now, err) < 0)
			return -1;
		if (offer_ref(p, now.buf) || (strcmp(now.buf, edges[i].ref) != 0 && offer_ref(p, edges[i].ref)))
			return 0;
	}
	return 0;
}

static bool offer(struct query_probe *p, const char *text)
{
	return query_offer_text(p, text, strlen(text));
}

static void offer_label(const struct search_run *r, struct query_probe *p)
{
	if (*r->run.label)
		offer(p, r->run.label);
}

static void offer_tags(const struct search *s, const struct search_run *r, struct query_probe *p)
{
	const struct overlay_subject *o = search_run_over(s, r);

	for (size_t i = 0; o && i < o->tags.count; i++)
		if (offer(p, o->tags.v[i]))
			return;
}

static int offer_note(struct search *s, struct search_run *r, struct query_probe *p, struct error *err)
{
	const struct overlay_subject *o = search_run_over(s, r);
	const struct facts *f;

	if (o && o->note) {
		offer(p, o->note);
		return 0;
	}
	if (search_run_facts(s, r, WANT_DESCRIPTION, &f, err) < 0)
		return -1;
	if (f->description.len)
		query_offer_text(p, (const char *)f->description.data, f->description.len);
	return 0;
}

static int offer_person(struct search *s, struct search_run *r, bool is_host, struct query_probe *p, struct error *err)
{
	const struct facts *f;

	if (search_run_facts(s, r, 0, &f, err) < 0)
		return -1;
	query_offer_text(p, (const char *)(is_host ? f->host : f->user).data, (is_host ? f->host : f->user).len);
	return 0;
}

/* The run in which it was begun. */
static int offer_parent(struct search *s, struct search_run *r, struct query_probe *p, struct error *err)
{
	const struct facts *f;

	if (search_run_facts(s, r, 0, &f, err) < 0)
		return -1;
	if (f->run.len)
		query_offer_text(p, (const char *)f->run.data, f->run.len);
	return 0;
}

struct offering {
	struct query_probe *probe;
	bool is_metric;
};

static int offer_value(const struct facts_value *v, void *arg, struct error *err)
{
	const struct offering *o = arg;

	(void)err;
	return search_offer_value(v, o->is_metric, o->probe);
}

static int offer_member(struct search *s, struct search_run *r, bool metrics, const char *key, struct query_probe *p, struct error *err)
{
	struct offering o = { p, metrics };
	struct span below, above;

	if (search_run_members(s, r, metrics, &below, &above, err) < 0)
		return -1;
	return facts_find(below, above, key, offer_value, &o, err) < 0 ? -1 : 0;
}

static int offer_state(struct search *s, struct search_run *r, struct query_probe *p, struct error *err)
{
	enum run_state state;

	if (search_run_state(s, r, &state, err) < 0)
		return -1;
	offer(p, run_state_name(state));
	return 0;
}

static int offer_time(struct search *s, struct search_run *r, const char *key, struct query_probe *p, struct error *err)
{
	int64_t value;
	bool is_duration = strcmp(key, "duration") == 0;

	if ((is_duration ? search_run_duration : strcmp(key, "started") == 0 ? search_run_started : search_run_ended)(s, r, &value, err) < 0)
		return -1;
	if (is_duration ? value >= 0 : value != 0)
		query_offer_integer(p, value);
	return 0;
}

static int offer_command(struct search *s, struct search_run *r, struct query_probe *p, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (search_run_command(s, r, &text, err) < 0)
		return -1;
	if (text.len)
		query_offer_text(p, text.buf, text.len);
	return 0;
}

/* run.KEY and consumed_by.KEY. */
static int offer_key(struct search *s, struct search_run *r, const char *key, struct query_probe *p, struct error *err)
{
	struct offering o = { p, false };
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;

	if (strcmp(key, "id") == 0)
		return offer(p, r->run.id.text), 0;
	if (strcmp(key, "name") == 0)
		return offer_label(r, p), 0;
	if (strcmp(key, "job_type") == 0)
		return offer(p, r->run.job_type), 0;
	if (strcmp(key, "tag") == 0)
		return offer_tags(s, r, p), 0;
	if (strcmp(key, "note") == 0)
		return offer_note(s, r, p, err);
	if (strcmp(key, "parent") == 0)
		return offer_parent(s, r, p, err);
	if (strcmp(key, "state") == 0)
		return offer_state(s, r, p, err);
	if (strcmp(key, "user") == 0 || strcmp(key, "host") == 0)
		return offer_person(s, r, *key == 'h', p, err);
	if (strcmp(key, "started") == 0 || strcmp(key, "ended") == 0 || strcmp(key, "duration") == 0)
		return offer_time(s, r, key, p, err);
	if (strcmp(key, "command") == 0)
		return offer_command(s, r, p, err);
	if (strncmp(key, "metrics.", 8) == 0 || strncmp(key, "metadata.", 9) == 0)
		return offer_member(s, r, key[3] == 'r', strchr(key, '.') + 1, p, err);
	search_run_path(&path, key);
	return search_run_record(s, r, path.buf, offer_value, &o, err);
}

void search_run_path(struct strbuf *out, const char *key)
{
	bool is_code = strcmp(key, "commit") == 0 || strcmp(key, "branch") == 0 || strcmp(key, "dirty") == 0 || strcmp(key, "remote") == 0;

	strbuf_addf(out, "%s%s", is_code ? "code." : "", key);
}

/* Asked again and again of one run, from all that it made or used, a question is answered once. */
static uint8_t *answer_of(struct search *s, const struct query_field *field, const struct search_run *r)
{
	uint8_t *answers = hashmap_find(&s->runs.answers, &field, sizeof field);

	if (!answers) {
		answers = xcalloc(s->runs.count, 1);
		hashmap_put(&s->runs.answers, &field, sizeof field, answers);
	}
	return &answers[r - s->runs.v];
}

enum { ANSWER_UNKNOWN, ANSWER_NO, ANSWER_YES };

static int ask(struct search *s, struct search_run *r, const struct query_field *field, struct query_probe *p, struct error *err)
{
	uint8_t *answer = answer_of(s, field, r);
	int rc;

	if (*answer != ANSWER_UNKNOWN) {
		query_offer_known(p, *answer == ANSWER_YES);
		return 0;
	}
	rc = field->id == QUERY_INPUTS ? offer_edges(s, r->inputs, r->input_count, p, err) : offer_key(s, r, field->key, p, err);
	if (rc == 0)
		*answer = query_is_hit(p) ? ANSWER_YES : ANSWER_NO;
	return rc;
}

int search_run_of_version(struct search *s, const struct oid *version, const struct query_field *field, struct query_probe *p, struct error *err)
{
	const struct search_run_list *list;
	bool is_consumed = field->id == QUERY_CONSUMED_BY;

	if (search_run_edges(s, is_consumed ? EDGES_INPUT : field->id == QUERY_INPUTS ? EDGES_INPUT | EDGES_OUTPUT : EDGES_OUTPUT, err) < 0)
		return -1;
	list = hashmap_find(is_consumed ? &s->runs.consumers : &s->runs.producers, version->raw, OID_LEN);
	for (size_t i = 0; list && i < list->count && !query_is_hit(p); i++)
		if (ask(s, &s->runs.v[list->v[i]], field, p, err) < 0)
			return -1;
	return 0;
}

static int offer_edges_of(struct search *s, struct search_run *r, bool outputs, struct query_probe *p, struct error *err)
{
	if (search_run_edges(s, outputs ? EDGES_OUTPUT : EDGES_INPUT, err) < 0)
		return -1;
	return outputs ? offer_edges(s, r->outputs, r->output_count, p, err) : offer_edges(s, r->inputs, r->input_count, p, err);
}

/* Of a run: by those that used anything that it made. */
static int offer_consumers(struct search *s, struct search_run *r, const struct query_field *field, struct query_probe *p, struct error *err)
{
	if (search_run_edges(s, EDGES_INPUT | EDGES_OUTPUT, err) < 0)
		return -1;
	for (size_t i = 0; i < r->output_count && !query_is_hit(p); i++)
		if (search_run_of_version(s, &r->outputs[i].version, field, p, err) < 0)
			return -1;
	return 0;
}

int search_run_fetch(struct search *s, const struct query_field *field, struct query_probe *p, struct error *err)
{
	struct search_run *r = s->run;

	switch (field->id) {
	case QUERY_ID:
		return offer(p, r->run.id.text), 0;
	case QUERY_NAME:
		return offer_label(r, p), 0;
	case QUERY_TYPE:
		return offer(p, r->run.job_type), 0;
	case QUERY_KIND:
		return offer(p, "run"), 0;
	case QUERY_TAG:
		return offer_tags(s, r, p), 0;
	case QUERY_NOTE:
		return offer_note(s, r, p, err);
	case QUERY_CREATED:
		return offer_time(s, r, "started", p, err);
	case QUERY_USER:
	case QUERY_HOST:
		return offer_person(s, r, field->id == QUERY_HOST, p, err);
	case QUERY_METADATA:
	case QUERY_METRICS:
		return offer_member(s, r, field->id == QUERY_METRICS, field->key, p, err);
	case QUERY_RUN:
		return offer_key(s, r, field->key, p, err);
	case QUERY_INPUTS:
	case QUERY_OUTPUTS:
		return offer_edges_of(s, r, field->id == QUERY_OUTPUTS, p, err);
	case QUERY_CONSUMED_BY:
		return offer_consumers(s, r, field, p, err);
	case QUERY_TITLE:
	case QUERY_ALIAS:
	case QUERY_STAGE:
	case QUERY_MODEL:
	case QUERY_SIZE:
	case QUERY_DIGEST:
	case QUERY_PATH:
	case QUERY_FIELD_COUNT:
		break;
	}
	return 0; /* only versions and collections have it */
}
