/* SPDX-License-Identifier: Apache-2.0 */
/* Walks over versions or collections and tells those that match. */
#include <config.h>

#include "registry/search.h"

#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/mem.h"
#include "registry/search-internal.h"

/* Of how many versions the index has to learn for it to be worth a transaction, and how much is kept for it at most. */
#define LEARN_MIN 1000
#define LEARN_MAX_BYTES (64u << 20)

/* ---- begin and end ---- */

static bool asks_run(const struct query *q, const char *key)
{
	return query_asks_key(q, QUERY_RUN, key) || query_asks_key(q, QUERY_CONSUMED_BY, key);
}

static unsigned parts_of(const struct search_options *o)
{
	const struct query *q = o->query;
	unsigned parts = o->parts;

	parts |= query_asks(q, QUERY_NOTE) || asks_run(q, "note") ? OVERLAY_NOTES : 0;
	parts |= query_asks(q, QUERY_TAG) || asks_run(q, "tag") ? OVERLAY_TAGS : 0;
	parts |= query_asks(q, QUERY_METADATA) || asks_run(q, "metadata") ? OVERLAY_METADATA : 0;
	parts |= query_asks(q, QUERY_METRICS) || asks_run(q, "metrics") ? OVERLAY_METRICS : 0;
	parts |= query_asks(q, QUERY_ALIAS) || query_asks(q, QUERY_STAGE) ? OVERLAY_ALIASES : 0;
	parts |= query_asks(q, QUERY_MODEL) || query_asks(q, QUERY_TITLE) ? OVERLAY_LINKS : 0;
	parts |= query_asks(q, QUERY_TITLE) ? OVERLAY_TITLES : 0;
	return parts;
}

static int add_collection(const struct collection *c, void *arg, struct error *err)
{
	struct search *s = arg;

	(void)err;
	ARRAY_GROW(s->collections, s->count + 1, s->cap);
	s->collections[s->count++] = (struct collection){
		.cid = c->cid, .is_model = c->is_model, .is_run = c->is_run, .name = xstrdup(c->name), .type = xstrdup(c->type),
	};
	return 0;
}

static int load(struct search *s, struct error *err)
{
	unsigned parts = parts_of(&s->options);

	if (query_asks(s->options.query, QUERY_STAGE) && config_stages(s->reg->config, &s->stages, err) < 0)
		return -1;
	if (overlay_load(&s->overlay, s->view, parts, err) < 0 || collection_each(s->view, add_collection, s, err) < 0)
		return -1;
	for (size_t i = 0; (parts & OVERLAY_LINKS) && i < s->count; i++)
		if (s->collections[i].is_model && overlay_add_links(&s->overlay, s->view, &s->collections[i], err) < 0)
			return -1;
	return 0;
}

struct search *search_new(struct registry *reg, const struct search_options *options, struct error *err)
{
	CLEANUP(search) struct search *s = xcalloc(1, sizeof *s);

	*s = (struct search){ .reg = reg,
		.options = *options,
		.overlay = OVERLAY_INIT,
		.at = SEARCH_FACTS_INIT,
		.runs = { .at = SEARCH_FACTS_INIT },
		.view = registry_view(reg, err) };
	if (!s->view)
		return NULL;
	return load(s, err) < 0 ? NULL : STEAL(s);
}

/* An index that was made anew knows nothing of objects.  A few of them are as quickly read as it is written. */
static void learn(struct search *s)
{
	if (s->learned_count >= LEARN_MIN) {
		registry_drop_view(s->reg);
		registry_learn_facts(s->reg, s->learned, s->learned_count);
	}
	for (size_t i = 0; i < s->learned_count; i++)
		strbuf_release(&s->learned[i].facts);
	free(s->learned);
}

void search_free(struct search *s)
{
	if (!s)
		return;
	learn(s);
	for (size_t i = 0; i < s->count; i++)
		collection_cleanup(&s->collections[i]);
	free(s->collections);
	overlay_cleanup(&s->overlay);
	strvec_release(&s->stages);
	search_runs_release(&s->runs);
	search_facts_release(&s->at);
	free(s->origin_user);
	free(s);
}

void search_cleanup(struct search **s)
{
	search_free(*s);
	*s = NULL;
}

/* ---- what is looked at ---- */

void search_facts_of(struct search_facts *f, const struct oid *version)
{
	if (f->state != FACTS_UNKNOWN && oid_equal(&f->version, version))
		return;
	if (f->state == FACTS_WHOLE)
		version_object_cleanup(&f->object);
	f->state = FACTS_UNKNOWN;
	f->version = *version;
}

void search_facts_release(struct search_facts *f)
{
	version_object_cleanup(&f->object);
	strbuf_release(&f->text);
	strbuf_release(&f->metadata);
	strbuf_release(&f->metrics);
}

void search_look_at(struct search *s, const struct collection *c, const struct version_row *row)
{
	if (s->collection != c)
		s->has_origin = false;
	s->collection = c;
	s->row = row;
	if (row)
		search_facts_of(&s->at, &row->version);
	s->over = row ? overlay_of_version(&s->overlay, &row->version) : overlay_of_collection(&s->overlay, &c->cid);
}

const char *search_title(const struct search *s, const struct cid *cid)
{
	const struct overlay_subject *over = overlay_of_collection(&s->overlay, cid);

	return over && over->title ? over->title : "";
}

const char *search_title_of(const struct search *s, const struct collection *c)
{
	return search_title(s, &c->cid);
}

static struct span text_span(const char *text)
{
	return (struct span){ (const uint8_t *)text, strlen(text) };
}

static void keep_for_index(struct search *s, const struct search_facts *f)
{
	struct facts_row row = { f->version, STRBUF_INIT };

	if (s->learned_bytes > LEARN_MAX_BYTES || !facts_write(&row.facts, &f->object))
		return;
	s->learned_bytes += sizeof row + row.facts.cap;
	ARRAY_GROW(s->learned, s->learned_count + 1, s->learned_cap);
	s->learned[s->learned_count++] = row;
}

static int read_whole(struct search *s, struct search_facts *f, struct error *err)
{
	const struct version_object *o = &f->object;
	bool is_known = f->state == FACTS_INDEXED;

	if (version_object_read_known(s->reg, &f->version, &f->object, err) < 0)
		return -1;
	if (!is_known)
		keep_for_index(s, f);
	strbuf_reset(&f->metadata);
	strbuf_reset(&f->metrics);
	facts_add(&f->metadata, o->metadata);
	facts_add(&f->metrics, o->metrics);
	f->facts = (struct facts){ .time = o->time,
		.user = text_span(o->user),
		.host = text_span(o->host),
		.run = text_span(o->run),
		.has_metrics = true,
		.has_metadata = true,
		.has_description = true,
		.metrics = strbuf_span(&f->metrics),
		.metadata = strbuf_span(&f->metadata),
		.description = text_span(o->description) };
	f->state = FACTS_WHOLE;
	return 0;
}

int search_read_facts(struct search *s, struct search_facts *f, unsigned wants, struct error *err)
{
	int got = 1;

	if (f->state == FACTS_UNKNOWN) {
		got = view_facts(s->view, &f->version, &f->text, err);
		if (got < 0 || (got && facts_parse(f->text.buf, f->text.len, &f->facts, err) < 0))
			return -1;
		if (!got)
			return read_whole(s, f, err);
		f->state = FACTS_INDEXED;
	}
	if ((wants & WANT_METRICS && !f->facts.has_metrics) || (wants & WANT_METADATA && !f->facts.has_metadata) ||
		(wants & WANT_DESCRIPTION && !f->facts.has_description))
		return read_whole(s, f, err);
	return 0;
}

int search_want_facts(struct search *s, unsigned wants, struct error *err)
{
	return search_read_facts(s, &s->at, wants, err);
}

static int take_first(const struct change *c, uint64_t seq, const char *by, void *arg, struct error *err)
{
	struct search *s = arg;

	(void)seq;
	(void)by;
	(void)err;
	free(s->origin_user);
	s->origin_user = xstrdup(c->user);
	s->origin_time = c->time;
	return 1;
}

int search_want_origin(struct search *s, struct error *err)
{
	if (s->has_origin)
		return 0;
	s->origin_time = 0;
	if (view_each_change(s->view, &s->collection->cid, false, take_first, s, err) < 0)
		return -1;
	s->has_origin = true;
	return 0;
}

int search_members(struct search *s, bool metrics, struct span *below, struct span *above, struct error *err)
{
	*below = *above = (struct span){ NULL, 0 };
	if (s->over)
		*above = strbuf_span(metrics ? &s->over->metrics : &s->over->metadata);
	if (!s->row)
		return 0;
	if (search_want_facts(s, metrics ? WANT_METRICS : WANT_METADATA, err) < 0)
		return -1;
	*below = metrics ? s->at.facts.metrics : s->at.facts.metadata;
	return 0;
}

/* ---- the walk ---- */

struct walk {
	struct search *search;
	search_fn fn;
	void *arg;
	bool stop;
};

/* 1 stops. */
static int try_it(struct walk *w, struct error *err)
{
	struct search *s = w->search;
	struct search_hit hit = { s->collection, s->collection ? search_title(s, &s->collection->cid) : "", s->row, s->run };
	int rc;
	bool matches;

	rc = query_match(s->options.query, search_fetch, s, &matches, err);
	if (rc < 0 && err->code == ERR_INTEGRITY) {
		if (s->damaged++ == 0)
			s->first_damage = *err;
		error_clear(err);
		return 0;
	}
	if (rc < 0 || !matches)
		return rc;
	rc = w->fn(&hit, w->arg, err);
	w->stop = rc > 0;
	return rc;
}

static int try_version(const struct version_row *row, void *arg, struct error *err)
{
	struct walk *w = arg;

	if (row->removed)
		return 0;
	if (interrupt_check(err) < 0)
		return -1;
	search_look_at(w->search, w->search->collection, row);
	return try_it(w, err);
}

static int try_collection(struct walk *w, const struct collection *c, struct error *err)
{
	struct search *s = w->search;
	struct version_row latest;
	int got;

	if (s->options.kind == SEARCH_VERSIONS) {
		if (c->is_model)
			return 0;
		got = view_latest(s->view, &c->cid, &latest, err);
		s->latest = got > 0 ? latest.number : UINT64_MAX;
		s->collection = c;
		return got <= 0 ? got : view_each_version(s->view, &c->cid, false, try_version, w, err);
	}
	if (c->is_model != (s->options.kind == SEARCH_MODELS))
		return 0;
	search_look_at(s, c, NULL);
	return try_it(w, err) < 0 ? -1 : 0;
}

static int try_runs(struct walk *w, struct error *err)
{
	struct search *s = w->search;

	if (search_run_load(s, err) < 0)
		return -1;
	for (size_t i = 0; i < s->runs.count && !w->stop; i++) {
		s->run = &s->runs.v[i];
		if (interrupt_check(err) < 0 || try_it(w, err) < 0)
			return -1;
	}
	return 0;
}

int search_each(struct search *s, search_fn fn, void *arg, struct error *err)
{
	struct walk w = { s, fn, arg, false };

	if (s->options.kind == SEARCH_RUNS && try_runs(&w, err) < 0)
		return -1;
	for (size_t i = 0; s->options.kind != SEARCH_RUNS && i < s->count && !w.stop; i++)
		if (try_collection(&w, &s->collections[i], err) < 0)
			return -1;
	return 0;
}

int search_damage(const struct search *s, struct error *err)
{
	if (!s->damaged)
		return 0;
	*err = s->first_damage;
	return -1;
}
