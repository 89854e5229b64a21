/* SPDX-License-Identifier: Apache-2.0 */
/* Tells how something was made: the run, what it ran, on what, from which inputs, and how these were made. */
#include <config.h>

#include "cmd/show-provenance.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/run-words.h"
#include "registry/lineage-ways.h"
#include "registry/lineage.h"
#include "registry/run.h"
#include "registry/version.h"

struct provenance {
	struct session *session;
	struct view *view;
	struct lineage lineage; /* upward, each node by itself */
	struct lineage_ways to, from;
};

static void provenance_cleanup(struct provenance *p)
{
	lineage_cleanup(&p->lineage);
	lineage_ways_cleanup(&p->to);
	lineage_ways_cleanup(&p->from);
}

/* Of one node, with what is recorded of it; that may be missing of one that is not here, or damaged. */
struct step {
	const struct lineage_node *node;
	size_t place;
	bool is_known;                /* its record could be read */
	struct version_object object; /* of a version */
	struct run run;
	struct run_info info;         /* of a run */
};
#define STEP_INIT { .run = RUN_INIT, .info = RUN_INFO_INIT }

static void step_cleanup(struct step *step)
{
	version_object_cleanup(&step->object);
	run_cleanup(&step->run);
	run_info_cleanup(&step->info);
}

static int read_record(const struct provenance *p, struct step *step, struct error *err)
{
	struct registry *reg = p->session->registry;
	int found;

	if (step->node->kind == LINEAGE_VERSION)
		return version_object_read_known(reg, &step->node->version, &step->object, err);
	found = run_read(p->view, &step->node->run, &step->run, err);
	if (found <= 0)
		return found < 0 ? -1 : error_set(err, ERR_INTEGRITY, "'%s' is not here", step->node->name);
	return run_info_read(reg, p->view, &step->run, &step->info, err);
}

static int step_read(const struct provenance *p, size_t place, struct step *step, struct error *err)
{
	step->node = &p->lineage.nodes[place];
	step->place = place;
	if (step->node->is_dangling)
		return 0;
	step->is_known = read_record(p, step, err) == 0;
	if (step->is_known)
		return 0;
	if (err->code != ERR_INTEGRITY || !place)
		return -1;
	error_clear(err);
	return 0;
}

/* ---- as JSON ---- */

/* A run's inputs, or outputs that led to what was asked about. */
static json_t *run_edges(const struct provenance *p, size_t place, bool inputs)
{
	const struct lineage_ways *ways = inputs ? &p->to : &p->from;
	json_t *list = json_array();

	for (size_t i = ways->first[place]; i < ways->first[place + 1]; i++) {
		const struct lineage_edge *e = &p->lineage.edges[ways->edges[i]];
		const struct lineage_node *node = &p->lineage.nodes[inputs ? e->from : e->to];
		json_t *item = json_object();

		json_object_set_new(item, "ref", node->is_dangling || node->is_removed ? json_null() : json_string(node->name));
		json_object_set_new(item, "name", json_string(node->name));
		json_object_set_new(item, "digest", json_oid(&node->digest));
		if (inputs)
			json_object_set_new(item, "as", json_text_or_null(e->as));
		json_array_append_new(list, item);
	}
	return list;
}

static json_t *run_record(const struct provenance *p, const struct step *step)
{
	const struct run_record *r = &step->info.record;
	json_t *record = json_object();

	json_object_set_new(record, "id", json_string(step->node->name));
	json_object_set_new(record, "job_type", json_string(step->node->type));
	json_object_set_new(record, "name", json_text_or_null(step->node->label));
	json_object_set_new(record, "state", step->is_known ? json_string(run_state_name(step->info.state)) : json_null());
	json_object_set_new(record, "user", step->is_known ? json_string(step->info.object.user) : json_null());
	json_object_set_new(record, "host", json_text_or_null(r->host));
	json_object_set_new(record, "directory", json_text_or_null(r->directory));
	json_object_set_new(record, "argv", json_copy_or_null(r->argv));
	json_object_set_new(record, "created", json_time_or_null(r->started));
	json_object_set_new(record, "ended", json_time_or_null(r->ended));
	json_object_set_new(record, "exit_status", r->has_status ? json_integer(r->status) : json_null());
	json_object_set_new(record, "signal", r->signal ? json_integer(r->signal) : json_null());
	json_object_set_new(record, "code", json_copy_or_null(r->code));
	json_object_set_new(record, "config", json_copy_or_null(r->config));
	json_object_set_new(record, "environment", json_copy_or_null(r->environment));
	json_object_set_new(record, "inputs", run_edges(p, step->place, true));
	json_object_set_new(record, "outputs", run_edges(p, step->place, false));
	return record;
}

/* The names of what it came from by edges of one kind. */
static json_t *sources(const struct provenance *p, size_t place, bool is_from)
{
	json_t *list = json_array();

	for (size_t i = p->to.first[place]; i < p->to.first[place + 1]; i++) {
		const struct lineage_edge *e = &p->lineage.edges[p->to.edges[i]];

		if (e->is_from == is_from)
			json_array_append_new(list, json_string(p->lineage.nodes[e->from].name));
	}
	return list;
}

static json_t *version_record(const struct provenance *p, const struct step *step)
{
	const struct lineage_node *node = step->node;
	json_t *record = json_object();

	json_object_set_new(record, "ref", node->is_dangling || node->is_removed ? json_null() : json_string(node->name));
	json_object_set_new(record, "name", json_string(node->name));
	json_object_set_new(record, "type", json_text_or_null(node->type));
	json_object_set_new(record, "digest", json_oid(&node->digest));
	json_object_set_new(record, "dangling", json_boolean(node->is_dangling));
	json_object_set_new(record, "removed", json_boolean(node->is_removed));
	json_object_set_new(record, "created", step->is_known ? json_time(step->object.time) : json_null());
	json_object_set_new(record, "user", step->is_known ? json_string(step->object.user) : json_null());
	json_object_set_new(record, "host", step->is_known ? json_string(step->object.host) : json_null());
	json_object_set_new(record, "description", json_string(node->label));
	json_object_set_new(record, "runs", sources(p, step->place, false));
	json_object_set_new(record, "began_at", sources(p, step->place, true));
	return record;
}

static int show_json(const struct provenance *p, struct error *err)
{
	json_t *record = json_object(), *versions = json_array(), *runs = json_array();

	json_object_set_new(record, "ref", json_string(p->lineage.nodes[0].name));
	json_object_set_new(record, "versions", versions);
	json_object_set_new(record, "runs", runs);
	for (size_t i = 0; i < p->lineage.count; i++) {
		CLEANUP(step) struct step step = STEP_INIT;

		if (step_read(p, i, &step, err) < 0) {
			json_decref(record);
			return -1;
		}
		if (step.node->kind == LINEAGE_VERSION)
			json_array_append_new(versions, version_record(p, &step));
		else
			json_array_append_new(runs, run_record(p, &step));
	}
	return out_result(p->session->out, record, "ref", err);
}

/* ---- for people ---- */

static int field(struct out *out, const char *label, const struct strbuf *value, struct error *err)
{
	return value->len ? out_field(out, label, value->buf, err) : 0;
}

static void add_config(struct strbuf *out, const json_t *config)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)config, key, value) {
		strbuf_addf(out, "%s%s=", out->len ? "\n" : "", key);
		if (json_is_string(value))
			strbuf_adds(out, json_string_value(value));
		else
			json_print(out, value);
	}
}

static void add_end(struct strbuf *out, const struct run_info *info)
{
	const struct run_record *r = &info->record;

	if (r->ended)
		clock_format_moment(out, r->ended);
	strbuf_addf(out, "%s%s", out->len ? ", " : "", run_state_name(info->state));
	if (r->signal)
		strbuf_addf(out, " by signal %d", r->signal);
	else if (r->has_status && r->status)
		strbuf_addf(out, " with status %d", r->status);
}

static void add_inputs(struct strbuf *out, const struct provenance *p, size_t place)
{
	for (size_t i = p->to.first[place]; i < p->to.first[place + 1]; i++) {
		const struct lineage_edge *e = &p->lineage.edges[p->to.edges[i]];
		const struct lineage_node *node = &p->lineage.nodes[e->from];

		strbuf_addf(out, "%s%s  %s", out->len ? "\n" : "", node->name, oid_hex(&node->digest).text);
		if (*e->as)
			strbuf_addf(out, "  (as %s)", e->as);
	}
}

static int show_run(const struct provenance *p, const struct step *step, struct error *err)
{
	struct out *out = p->session->out;
	const struct run_record *r = &step->info.record;
	CLEANUP(strbuf) struct strbuf command = STRBUF_INIT, by = STRBUF_INIT, started = STRBUF_INIT, ended = STRBUF_INIT;
	CLEANUP(strbuf) struct strbuf code = STRBUF_INIT, config = STRBUF_INIT, inputs = STRBUF_INIT;

	add_inputs(&inputs, p, step->place);
	if (out_field(out, "job type", step->node->type, err) < 0 || (*step->node->label && out_field(out, "name", step->node->label, err) < 0))
		return -1;
	if (!step->is_known)
		return out_field(out, "record", "missing or damaged", err) < 0 ? -1 : field(out, "inputs", &inputs, err);
	run_words_command(&command, r->argv);
	strbuf_addf(&by, "%s%s%s", step->info.object.user, *r->host ? "@" : "", r->host);
	if (r->started)
		clock_format_moment(&started, r->started);
	add_end(&ended, &step->info);
	run_words_code(&code, r);
	add_config(&config, r->config);
	if (field(out, "command", &command, err) < 0 || (*r->directory && out_field(out, "directory", r->directory, err) < 0) ||
	    field(out, "by", &by, err) < 0 || field(out, "started", &started, err) < 0 || field(out, "ended", &ended, err) < 0 ||
	    field(out, "git commit", &code, err) < 0 || field(out, "config", &config, err) < 0)
		return -1;
	return inputs.len ? field(out, "inputs", &inputs, err) : out_field(out, "inputs", "none that is known", err);
}

static void add_sources(struct strbuf *out, const struct provenance *p, size_t place, bool is_from)
{
	for (size_t i = p->to.first[place]; i < p->to.first[place + 1]; i++) {
		const struct lineage_edge *e = &p->lineage.edges[p->to.edges[i]];
		const struct lineage_node *node = &p->lineage.nodes[e->from];

		if (e->is_from != is_from)
			continue;
		strbuf_addf(out, "%s%s", out->len ? "\n" : "", node->name);
		if (!is_from)
			strbuf_addf(out, " (%s%s%s)", node->type, *node->label ? ": " : "", node->label);
	}
}

static int show_version(const struct provenance *p, const struct step *step, struct error *err)
{
	struct out *out = p->session->out;
	const struct lineage_node *node = step->node;
	CLEANUP(strbuf) struct strbuf made = STRBUF_INIT, began = STRBUF_INIT, put = STRBUF_INIT;

	add_sources(&made, p, step->place, false);
	add_sources(&began, p, step->place, true);
	if (step->is_known) {
		clock_format_moment(&put, step->object.time);
		strbuf_addf(&put, " by %s@%s", step->object.user, step->object.host);
	} else {
		strbuf_adds(&put, node->is_dangling ? "not here" : "its record is missing or damaged");
	}
	strbuf_adds(&put, node->is_removed ? " (removed)" : "");
	if ((*node->type && out_field(out, "type", node->type, err) < 0) || out_field(out, "digest", oid_hex(&node->digest).text, err) < 0 ||
	    (*node->label && out_field(out, "description", node->label, err) < 0) || field(out, "put", &put, err) < 0 ||
	    field(out, "began at", &began, err) < 0)
		return -1;
	return made.len ? field(out, "made by", &made, err) : node->is_dangling ? 0 : out_field(out, "made by", "no run that is known", err);
}

static int show_human(const struct provenance *p, struct error *err)
{
	struct out *out = p->session->out;

	if (session_pager(p->session, err) < 0)
		return -1;
	for (size_t i = 0; i < p->lineage.count; i++) {
		CLEANUP(step) struct step step = STEP_INIT;

		if (step_read(p, i, &step, err) < 0 || (i && out_text(out, err, "\n") < 0) || out_heading(out, p->lineage.nodes[i].name, err) < 0 ||
		    (step.node->kind == LINEAGE_VERSION ? show_version(p, &step, err) : show_run(p, &step, err)) < 0)
			return -1;
	}
	return 0;
}

int show_provenance(struct session *s, const char *reference, struct error *err)
{
	const struct lineage_request request = { .reference = reference, .up = true, .explode = true };
	CLEANUP(provenance) struct provenance p = { .session = s, .view = registry_view(s->registry, err), .lineage = LINEAGE_INIT };

	if (!p.view || lineage_read(s->registry, p.view, &request, &p.lineage, err) < 0)
		return -1;
	lineage_ways_make(&p.lineage, true, &p.to);
	lineage_ways_make(&p.lineage, false, &p.from);
	return out_mode(s->out) == OUT_HUMAN ? show_human(&p, err) : show_json(&p, err);
}
