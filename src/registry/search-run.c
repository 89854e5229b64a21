/* SPDX-License-Identifier: Apache-2.0 */
/* Runs as a search sees them: read when they are first asked for, and each but once. */
#include <config.h>

#include "registry/search-run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "registry/producer.h"
#include "registry/run-alive.h"
#include "registry/run-file.h"
#include "registry/run-points.h"

/* ---- what there is ---- */

/* What a version is called now. */
struct search_name {
	char *name;
	uint64_t number;
};

static void list_free(void *value)
{
	struct search_run_list *list = value;

	free(list->v);
	free(list);
}

static void name_free(void *value)
{
	struct search_name *name = value;

	free(name->name);
	free(name);
}

static void edges_free(struct search_edge *edges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(edges[i].ref);
	free(edges);
}

void search_runs_release(struct search_runs *r)
{
	for (size_t i = 0; i < r->count; i++) {
		run_cleanup(&r->v[i].run);
		edges_free(r->v[i].inputs, r->v[i].input_count);
		edges_free(r->v[i].outputs, r->v[i].output_count);
	}
	free(r->v);
	hashmap_release(&r->places, NULL);
	hashmap_release(&r->producers, list_free);
	hashmap_release(&r->consumers, list_free);
	hashmap_release(&r->names, name_free);
	hashmap_release(&r->answers, free);
	hashmap_release(&r->collections, NULL);
	search_facts_release(&r->at);
}

static int add_run(const struct run *run, void *arg, struct error *err)
{
	struct search_runs *r = arg;
	struct search_run *out;

	(void)err;
	ARRAY_GROW(r->v, r->count + 1, r->cap);
	out = &r->v[r->count++];
	memset(out, 0, sizeof *out);
	out->run = (struct run){ run->cid, run->id, xstrdup(run->job_type), xstrdup(run->label) };
	return 0;
}

static void note_places(struct search_runs *r)
{
	hashmap_release(&r->places, NULL);
	r->places = (struct hashmap)HASHMAP_INIT;
	for (size_t i = 0; i < r->count; i++)
		hashmap_put(&r->places, r->v[i].run.cid.hex, CID_HEX_LEN, (void *)(uintptr_t)(i + 1));
}

/* In order of ids. */
static int load_runs(struct search *s, struct error *err)
{
	if (s->runs.is_loaded)
		return 0;
	if (run_each(s->view, add_run, &s->runs, err) < 0)
		return -1;
	note_places(&s->runs);
	s->runs.is_loaded = true;
	return 0;
}

static int take_row(const struct version_row *row, void *arg, struct error *err)
{
	struct search_run *r = arg;

	(void)err;
	if (row->removed)
		return 0;
	if (row->number == 0)
		r->created = row->has_brief ? row->created : 0;
	r->record = row->version;
	r->is_ended = row->number > 0;
	r->has_rows = true;
	return 0;
}

/* When it was recorded first, by which runs are ordered, and its newest record: that stands in the index, mostly; all else asks the record. */
static int read_rows(struct search *s, struct search_run *r, struct error *err)
{
	if (r->has_rows)
		return 0;
	if (view_each_version(s->view, &r->run.cid, false, take_row, r, err) < 0)
		return -1;
	if (!r->has_rows)
		return error_set(err, ERR_INTEGRITY, "the run '%s' has no record", r->run.id.text);
	return r->created ? 0 : search_run_started(s, r, &r->created, err);
}

static int newest_first(const void *x, const void *y)
{
	const struct search_run *a = x, *b = y;

	if (a->created != b->created)
		return a->created > b->created ? -1 : 1;
	return strcmp(a->run.id.text, b->run.id.text);
}

static void note_damage(struct search *s, struct error *err)
{
	if (s->damaged++ == 0)
		s->first_damage = *err;
	error_clear(err);
}

int search_run_load(struct search *s, struct error *err)
{
	struct search_runs *r = &s->runs;
	size_t kept = 0;

	if (load_runs(s, err) < 0)
		return -1;
	for (size_t i = 0; i < r->count; i++) {
		struct search_run run = r->v[i];

		if (read_rows(s, &run, err) == 0) {
			r->v[kept++] = run;
			continue;
		}
		if (err->code != ERR_INTEGRITY)
			return -1;
		note_damage(s, err);
		run_cleanup(&run.run);
	}
	r->count = kept;
	if (kept)
		qsort(r->v, kept, sizeof *r->v, newest_first);
	note_places(r);
	return 0;
}

/* ---- edges ---- */

static struct search_run_list *list_of(struct hashmap *map, const struct oid *version)
{
	struct search_run_list *list = hashmap_find(map, version->raw, OID_LEN);

	if (!list) {
		list = xcalloc(1, sizeof *list);
		hashmap_put(map, version->raw, OID_LEN, list);
	}
	return list;
}

struct edges {
	struct search_runs *runs;
	bool is_output, is_of_all; /* is_of_all: versions are to know their runs, too */
};

/* "input/CID/VERSION"; those of runs that are not here, or are removed, say nothing. */
static int take_edge(const char *key, const char *value, void *arg, struct error *err)
{
	const struct edges *e = arg;
	const char *cid = strchr(key, '/') + 1, *version = cid + CID_HEX_LEN + 1;
	CLEANUP(json) json_t *doc = NULL;
	struct error ignored = ERROR_INIT;
	struct search_run_list *list;
	struct search_edge edge;
	struct search_run *r;
	const char *ref;
	size_t place;

	(void)err;
	if (strlen(cid) != CID_HEX_LEN + 1 + OID_HEX_LEN || !hex_decode(version, OID_HEX_LEN, edge.version.raw, OID_LEN))
		return 0;
	place = (size_t)(uintptr_t)hashmap_find(&e->runs->places, cid, CID_HEX_LEN);
	doc = place ? json_parse(value, strlen(value), "edge", &ignored) : NULL;
	if (!doc)
		return 0;
	edge.ref = xstrdup(json_get_string(doc, "ref", &ref) ? ref : "");
	r = &e->runs->v[place - 1];
	if (e->is_output) {
		ARRAY_GROW(r->outputs, r->output_count + 1, r->output_cap);
		r->outputs[r->output_count++] = edge;
	} else {
		ARRAY_GROW(r->inputs, r->input_count + 1, r->input_cap);
		r->inputs[r->input_count++] = edge;
	}
	if (!e->is_of_all)
		return 0;
	list = list_of(e->is_output ? &e->runs->producers : &e->runs->consumers, &edge.version);
	ARRAY_GROW(list->v, list->count + 1, list->cap);
	list->v[list->count++] = place - 1;
	return 0;
}

static void forget_edges(struct search_run *r, enum search_edges which)
{
	if (which == EDGES_INPUT) {
		edges_free(r->inputs, r->input_count);
		r->inputs = NULL;
		r->input_count = r->input_cap = 0;
	} else {
		edges_free(r->outputs, r->output_count);
		r->outputs = NULL;
		r->output_count = r->output_cap = 0;
	}
	r->edges &= ~(unsigned)which;
}

static void note_collections(struct search *s)
{
	for (size_t i = 0; !s->runs.collections.count && i < s->count; i++)
		hashmap_put(&s->runs.collections, s->collections[i].cid.hex, CID_HEX_LEN, &s->collections[i]);
}

static int read_all(struct search *s, enum search_edges which, struct error *err)
{
	struct edges edges = { &s->runs, which == EDGES_OUTPUT, true };

	for (size_t i = 0; i < s->runs.count; i++)
		forget_edges(&s->runs.v[i], which);
	s->runs.edges |= which;
	return view_each(s->view, edges.is_output ? "output/" : "input/", take_edge, &edges, err) < 0 ? -1 : 0;
}

int search_run_edges(struct search *s, unsigned which, struct error *err)
{
	which &= ~s->runs.edges;
	if (!which)
		return 0;
	if (load_runs(s, err) < 0 || ((which & EDGES_INPUT) && read_all(s, EDGES_INPUT, err) < 0) ||
		((which & EDGES_OUTPUT) && read_all(s, EDGES_OUTPUT, err) < 0))
		return -1;
	note_collections(s);
	return 0;
}

int search_run_edges_of(struct search *s, struct search_run *r, enum search_edges which, struct error *err)
{
	struct edges edges = { &s->runs, which == EDGES_OUTPUT, false };
	CLEANUP(strbuf) struct strbuf prefix = STRBUF_INIT;

	if ((s->runs.edges | r->edges) & which)
		return 0;
	strbuf_addf(&prefix, "%s/%s/", edges.is_output ? "output" : "input", r->run.cid.hex);
	if (view_each(s->view, prefix.buf, take_edge, &edges, err) < 0)
		return -1;
	note_collections(s);
	r->edges |= which;
	return 0;
}

/* Of very many edges to one version its name is looked up once. */
static int name_of(struct search *s, const struct oid *version, const struct search_name **out, struct error *err)
{
	struct search_name *name = hashmap_find(&s->runs.names, version->raw, OID_LEN);
	const struct collection *c;
	struct cid cid;
	int found;

	*out = name;
	if (name)
		return 0;
	name = xcalloc(1, sizeof *name);
	hashmap_put(&s->runs.names, version->raw, OID_LEN, name);
	*out = name;
	found = view_find_version(s->view, version, &cid, &name->number, err);
	if (found <= 0)
		return found;
	c = hashmap_find(&s->runs.collections, cid.hex, CID_HEX_LEN);
	name->name = c ? xstrdup(c->name) : NULL;
	return 0;
}

int search_run_edge_name(struct search *s, const struct search_edge *edge, struct strbuf *out, struct error *err)
{
	const struct search_name *name;

	if (name_of(s, &edge->version, &name, err) < 0)
		return -1;
	if (name->name)
		strbuf_addf(out, "%s:v%" PRIu64, name->name, name->number);
	else
		strbuf_adds(out, edge->ref);
	return 0;
}

int search_run_producer(struct search *s, const struct oid *version, struct search_run **out, struct error *err)
{
	CLEANUP(run) struct run run = RUN_INIT;
	size_t place;
	int found;

	if (load_runs(s, err) < 0)
		return -1;
	found = producer_find(s->view, version, &run, err);
	if (found <= 0)
		return found;
	place = (size_t)(uintptr_t)hashmap_find(&s->runs.places, run.cid.hex, CID_HEX_LEN);
	*out = place ? &s->runs.v[place - 1] : NULL;
	return place > 0;
}

/* ---- one run ---- */

const struct overlay_subject *search_run_over(const struct search *s, const struct search_run *r)
{
	return overlay_of_collection(&s->overlay, &r->run.cid);
}

int search_run_facts(struct search *s, struct search_run *r, unsigned wants, const struct facts **out, struct error *err)
{
	struct search_facts *at = &s->runs.at;

	if (read_rows(s, r, err) < 0)
		return -1;
	if (at->state == FACTS_UNKNOWN || !oid_equal(&at->version, &r->record))
		s->runs.has_live = false;
	search_facts_of(at, &r->record);
	*out = &at->facts;
	return search_read_facts(s, at, wants, err);
}

int search_run_record(struct search *s, struct search_run *r, const char *path, facts_fn fn, void *arg, struct error *err)
{
	const struct facts *f;

	if (search_run_facts(s, r, WANT_METADATA, &f, err) < 0)
		return -1;
	return facts_find(f->metadata, (struct span){ NULL, 0 }, path, fn, arg, err) < 0 ? -1 : 0;
}

/* The metrics of one that has not ended are in its points; there are few of them.  Damaged ones are none, and told in the end. */
static int read_live(struct search *s, const struct search_run *r, struct error *err)
{
	CLEANUP(json) json_t *last = run_points_last(s->reg, s->view, &r->run, err);
	struct search_facts *at = &s->runs.at;

	if (!last && err->code != ERR_INTEGRITY)
		return -1;
	if (!last) {
		note_damage(s, err);
		last = json_object();
	}
	strbuf_reset(&at->metrics);
	facts_add(&at->metrics, last);
	s->runs.has_live = true;
	return 0;
}

static int add_integer(const struct facts_value *v, void *arg, struct error *err)
{
	(void)err;
	if (v->kind == FACTS_INTEGER)
		*(int64_t *)arg = v->integer;
	return 1;
}

static int read_state(struct search *s, struct search_run *r, struct error *err)
{
	int64_t status = 0, signal = 0;

	if (read_rows(s, r, err) < 0)
		return -1;
	if (!r->is_ended) {
		r->state = run_alive_is(s->reg, &r->run.id) == RUN_ALIVE_NO ? RUN_DIED : RUN_RUNNING;
		return 0;
	}
	if (search_run_record(s, r, "exit_status", add_integer, &status, err) < 0 || search_run_record(s, r, "signal", add_integer, &signal, err) < 0)
		return -1;
	r->state = status || signal ? RUN_FAILED : RUN_FINISHED;
	return 0;
}

int search_run_state(struct search *s, struct search_run *r, enum run_state *out, struct error *err)
{
	if (!r->has_state && read_state(s, r, err) < 0)
		return -1;
	r->has_state = true;
	*out = r->state;
	return 0;
}

int search_run_members(struct search *s, struct search_run *r, bool metrics, struct span *below, struct span *above, struct error *err)
{
	const struct overlay_subject *o = search_run_over(s, r);
	const struct facts *f;

	*below = (struct span){ NULL, 0 };
	*above = (struct span){ NULL, 0 };
	if (o)
		*above = strbuf_span(metrics ? &o->metrics : &o->metadata);
	if (!metrics)
		return 0;
	if (search_run_facts(s, r, WANT_METRICS, &f, err) < 0 || (!r->is_ended && !s->runs.has_live && read_live(s, r, err) < 0))
		return -1;
	*below = r->is_ended ? f->metrics : strbuf_span(&s->runs.at.metrics);
	return 0;
}

static int add_word(const struct facts_value *v, void *arg, struct error *err)
{
	struct strbuf *out = arg;

	(void)err;
	if (v->kind == FACTS_TEXT) {
		strbuf_adds(out, out->len ? " " : "");
		strbuf_add(out, (const char *)v->text.data, v->text.len);
	}
	return 0;
}

int search_run_command(struct search *s, struct search_run *r, struct strbuf *out, struct error *err)
{
	return search_run_record(s, r, "argv", add_word, out, err);
}

static int take_text(const struct facts_value *v, void *arg, struct error *err)
{
	struct strbuf *out = arg;

	(void)err;
	if (v->kind == FACTS_TEXT)
		strbuf_add(out, (const char *)v->text.data, v->text.len);
	return 1;
}

/* A time that stands in the record; 0: none. */
static int read_time(struct search *s, struct search_run *r, const char *path, int64_t *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (search_run_record(s, r, path, take_text, &text, err) < 0)
		return -1;
	if (!clock_parse_utc(text.buf, out))
		*out = 0;
	return 0;
}

int search_run_started(struct search *s, struct search_run *r, int64_t *out, struct error *err)
{
	return read_time(s, r, "started", out, err);
}

int search_run_ended(struct search *s, struct search_run *r, int64_t *out, struct error *err)
{
	*out = 0;
	if (read_rows(s, r, err) < 0)
		return -1;
	return r->is_ended ? read_time(s, r, "ended", out, err) : 0;
}

int search_run_duration(struct search *s, struct search_run *r, int64_t *out, struct error *err)
{
	enum run_state state;
	int64_t started, ended;

	*out = -1;
	if (search_run_ended(s, r, &ended, err) < 0 || search_run_started(s, r, &started, err) < 0)
		return -1;
	if (!r->is_ended) {
		if (search_run_state(s, r, &state, err) < 0)
			return -1;
		ended = state == RUN_RUNNING ? clock_now() : run_file_touched(s->reg, &r->run.id);
	}
	if (started && ended >= started)
		*out = ended - started;
	return 0;
}
