/* SPDX-License-Identifier: Apache-2.0 */
/* What a version or a collection has in each field of a query. */
#include <config.h>

#include "registry/search-internal.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "format/name.h"

static bool offer(struct query_probe *p, const char *text)
{
	return query_offer_text(p, text, strlen(text));
}

static bool offer_span(struct query_probe *p, struct span text)
{
	return query_offer_text(p, (const char *)text.data, text.len);
}

bool search_offer_name(struct query_probe *p, const char *name)
{
	const char *last = name_last_part(name);

	return offer(p, name) || (last != name && offer(p, last));
}

static bool offer_title(const struct search *s, const struct cid *cid, struct query_probe *p)
{
	const char *title = search_title(s, cid);

	return *title && offer(p, title);
}

/* Of a version also those of the models that have it: it is them that are given titles. */
static void offer_titles(const struct search *s, struct query_probe *p)
{
	if (offer_title(s, &s->collection->cid, p))
		return;
	for (size_t i = 0; s->row && s->over && i < s->over->links.count; i++)
		if (offer_title(s, &s->over->links.v[i].cid, p))
			return;
}

static void offer_tags(const struct search *s, struct query_probe *p)
{
	for (size_t i = 0; s->over && i < s->over->tags.count; i++)
		if (offer(p, s->over->tags.v[i]))
			return;
}

/* latest is no alias, but it is asked for as if it were; it does not count where the question is whether there is any. */
static void offer_aliases(const struct search *s, bool stages_only, enum query_op op, struct query_probe *p)
{
	bool by_name = op == QUERY_EQ || op == QUERY_NE || op == QUERY_IN;

	if (!stages_only && by_name && s->row && s->row->number == s->latest && offer(p, "latest"))
		return;
	for (size_t i = 0; s->over && i < s->over->aliases.count; i++) {
		const char *alias = s->over->aliases.v[i].text;

		if ((!stages_only || strvec_has(&s->stages, alias)) && offer(p, alias))
			return;
	}
}

struct offering {
	struct search *search;
	struct query_probe *probe;
	const struct query_field *field;
	uint64_t bytes;
};

static bool offer_links(const struct overlay_subject *over, struct query_probe *p)
{
	for (size_t i = 0; over && i < over->links.count; i++)
		if (search_offer_name(p, over->links.v[i].text))
			return true;
	return false;
}

static bool is_of_runs(enum query_field_id id)
{
	return id == QUERY_RUN || id == QUERY_INPUTS || id == QUERY_CONSUMED_BY;
}

static int take_version(const struct version_row *row, void *arg, struct error *err)
{
	struct offering *o = arg;

	if (row->removed)
		return 0;
	o->bytes += row->size;
	if (o->field->id == QUERY_MODEL)
		return offer_links(overlay_of_version(&o->search->overlay, &row->version), o->probe);
	if (is_of_runs(o->field->id)) {
		if (search_run_of_version(o->search, &row->version, o->field, o->probe, err) < 0)
			return -1;
		return query_is_hit(o->probe);
	}
	return o->field->id == QUERY_DIGEST && offer(o->probe, oid_hex(&row->digest).text);
}

/* A collection has the digests, the models and the runs of its versions, and their size together. */
static int offer_of_versions(struct search *s, const struct query_field *field, struct query_probe *p, struct error *err)
{
	struct offering o = { s, p, field, 0 };

	if (view_each_version(s->view, &s->collection->cid, false, take_version, &o, err) < 0)
		return -1;
	if (field->id == QUERY_SIZE)
		query_offer_integer(p, o.bytes > INT64_MAX ? INT64_MAX : (int64_t)o.bytes);
	return 0;
}

static int offer_models(struct search *s, const struct query_field *field, struct query_probe *p, struct error *err)
{
	if (s->row) {
		offer_links(s->over, p);
		return 0;
	}
	if (!s->collection->is_model)
		return offer_of_versions(s, field, p, err);
	search_offer_name(p, s->collection->name);
	return 0;
}

static int offer_note(struct search *s, struct query_probe *p, struct error *err)
{
	if (s->over && s->over->note) {
		offer(p, s->over->note);
		return 0;
	}
	if (!s->row)
		return 0;
	if (search_want_facts(s, WANT_DESCRIPTION, err) < 0)
		return -1;
	if (s->at.facts.description.len)
		offer_span(p, s->at.facts.description);
	return 0;
}

static int offer_created(struct search *s, struct query_probe *p, struct error *err)
{
	if (!s->row) {
		if (search_want_origin(s, err) < 0)
			return -1;
		query_offer_integer(p, s->origin_time);
		return 0;
	}
	if (!s->row->has_brief && search_want_facts(s, 0, err) < 0)
		return -1;
	query_offer_integer(p, s->row->has_brief ? s->row->created : s->at.facts.time);
	return 0;
}

static int offer_user(struct search *s, struct query_probe *p, struct error *err)
{
	if (!s->row) {
		if (search_want_origin(s, err) < 0)
			return -1;
		if (s->origin_user)
			offer(p, s->origin_user);
		return 0;
	}
	if (search_want_facts(s, 0, err) < 0)
		return -1;
	offer_span(p, s->at.facts.user);
	return 0;
}

static int offer_paths(struct search *s, struct query_probe *p, struct error *err)
{
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;

	if (!s->row)
		return 0;
	if (version_manifest(s->reg, &s->row->digest, &m, err) < 0)
		return -1;
	for (size_t i = 0; i < m.count; i++)
		if (m.entries[i].kind != ENTRY_DIR && offer(p, m.entries[i].path))
			break;
	return 0;
}

static bool is_text(struct span text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

/* JSON has no such numbers, so they are written as words. */
static bool offer_metric_word(struct span text, struct query_probe *p)
{
	if (is_text(text, "nan"))
		return query_offer_real(p, NAN);
	if (is_text(text, "inf") || is_text(text, "-inf"))
		return query_offer_real(p, text.data[0] == '-' ? -INFINITY : INFINITY);
	return false;
}

int search_offer_value(const struct facts_value *v, bool is_metric, struct query_probe *p)
{
	switch (v->kind) {
	case FACTS_NULL:
		return offer(p, "null");
	case FACTS_FALSE:
	case FACTS_TRUE:
		return offer(p, v->kind == FACTS_TRUE ? "true" : "false");
	case FACTS_INTEGER:
		return query_offer_integer(p, v->integer);
	case FACTS_REAL:
		return query_offer_real(p, v->real);
	case FACTS_TEXT:
		return is_metric ? offer_metric_word(v->text, p) : offer_span(p, v->text);
	case FACTS_ARRAY:
	case FACTS_OBJECT:
	case FACTS_HIDDEN:
		break;
	}
	return query_offer_present(p);
}

static int offer_value(const struct facts_value *v, void *arg, struct error *err)
{
	const struct offering *o = arg;

	(void)err;
	return search_offer_value(v, o->field->id == QUERY_METRICS, o->probe);
}

static int offer_member(struct search *s, const struct query_field *field, struct query_probe *p, struct error *err)
{
	struct offering o = { s, p, field, 0 };
	struct span below, above;

	if (search_members(s, field->id == QUERY_METRICS, &below, &above, err) < 0)
		return -1;
	return facts_find(below, above, field->key, offer_value, &o, err);
}

static int offer_host(struct search *s, struct query_probe *p, struct error *err)
{
	if (!s->row)
		return 0;
	if (search_want_facts(s, 0, err) < 0)
		return -1;
	offer_span(p, s->at.facts.host);
	return 0;
}

int search_fetch(const struct query_field *field, enum query_op op, struct query_probe *p, void *arg, struct error *err)
{
	struct search *s = arg;

	if (s->run)
		return search_run_fetch(s, field, p, err);
	switch (field->id) {
	case QUERY_NAME:
		return search_offer_name(p, s->collection->name), 0;
	case QUERY_TITLE:
		return offer_titles(s, p), 0;
	case QUERY_TYPE:
		return offer(p, s->collection->type), 0;
	case QUERY_KIND:
		return offer(p, s->collection->is_model ? "model" : "artifact"), 0;
	case QUERY_TAG:
		return offer_tags(s, p), 0;
	case QUERY_ALIAS:
	case QUERY_STAGE:
		return offer_aliases(s, field->id == QUERY_STAGE, op, p), 0;
	case QUERY_MODEL:
		return offer_models(s, field, p, err);
	case QUERY_NOTE:
		return offer_note(s, p, err);
	case QUERY_CREATED:
		return offer_created(s, p, err);
	case QUERY_SIZE:
		return s->row ? (query_offer_integer(p, (int64_t)s->row->size), 0) : offer_of_versions(s, field, p, err);
	case QUERY_USER:
		return offer_user(s, p, err);
	case QUERY_HOST:
		return offer_host(s, p, err);
	case QUERY_DIGEST:
		return s->row ? (offer(p, oid_hex(&s->row->digest).text), 0) : offer_of_versions(s, field, p, err);
	case QUERY_PATH:
		return offer_paths(s, p, err);
	case QUERY_METADATA:
	case QUERY_METRICS:
		return offer_member(s, field, p, err);
	case QUERY_INPUTS:
	case QUERY_RUN:
	case QUERY_CONSUMED_BY:
		return s->row ? search_run_of_version(s, &s->row->version, field, p, err) : offer_of_versions(s, field, p, err);
	case QUERY_ID:
	case QUERY_OUTPUTS:
	case QUERY_FIELD_COUNT:
		break;
	}
	return 0; /* only a run has it */
}
