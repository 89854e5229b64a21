/* SPDX-License-Identifier: Apache-2.0 */
/* mreg run inputs, run outputs: which versions runs used and made. */
#include <config.h>

#include "base/mem.h"
#include "cmd/references.h"
#include "cmd/run.h"
#include "registry/registry.h"
#include "registry/run-edge.h"
#include "ui/out.h"

struct listing {
	struct session *session;
	struct view *view;
	const struct run *run; /* whose edges come */
	bool is_output;
};

static const struct column input_columns[] = {
	{ "run", NULL, COLUMN_TEXT, true },      { "ref", NULL, COLUMN_TEXT, false },      { "as", NULL, COLUMN_TEXT, false },
	{ "digest", NULL, COLUMN_DIGEST, false }, { "state", NULL, COLUMN_TEXT, false },    { "version", NULL, COLUMN_DIGEST, true },
	{ NULL, NULL, COLUMN_TEXT, false },
};
static const struct column output_columns[] = {
	{ "run", NULL, COLUMN_TEXT, true },       { "ref", NULL, COLUMN_TEXT, false },   { "digest", NULL, COLUMN_DIGEST, false },
	{ "state", NULL, COLUMN_TEXT, false },    { "version", NULL, COLUMN_DIGEST, true }, { NULL, NULL, COLUMN_TEXT, false },
};

static const char *state_of(const struct listing *l, const struct run_edge *edge, bool is_live)
{
	return !is_live ? "removed" : l->is_output && !edge->created ? "known before" : "";
}

static int print_edge(const struct run_edge *edge, void *arg, struct error *err)
{
	const struct listing *l = arg;
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT;
	bool is_live;
	json_t *record;

	if (run_edge_name(l->view, edge, &ref, &is_live, err) < 0)
		return -1;
	/* bare references are there to be used */
	if (!is_live && out_mode(l->session->out) == OUT_LINES) {
		report_warning(l->session->report, "'%s', which the run '%s' %s, is not here: it is left out", ref.buf, l->run->id.text,
			       l->is_output ? "made" : "used");
		return 0;
	}
	record = json_object();
	json_object_set_new(record, "run", json_string(l->run->id.text));
	json_object_set_new(record, "ref", json_string(ref.buf));
	json_object_set_new(record, "version", json_oid(&edge->version));
	json_object_set_new(record, "digest", json_oid(&edge->digest));
	json_object_set_new(record, "live", json_boolean(is_live));
	if (l->is_output)
		json_object_set_new(record, "created", json_boolean(edge->created));
	else
		json_object_set_new(record, "as", json_text_or_null(edge->as));
	if (out_mode(l->session->out) == OUT_HUMAN)
		json_object_set_new(record, "state", json_string(state_of(l, edge, is_live)));
	return out_list_row(l->session->out, record, err);
}

struct runs {
	struct run *v;
	size_t count;
};

static void runs_cleanup(struct runs *runs)
{
	for (size_t i = 0; i < runs->count; i++)
		run_cleanup(&runs->v[i]);
	ptr_cleanup(&runs->v);
}

static int print_edges(struct listing *l, const struct runs *runs, struct error *err)
{
	const char *several = l->is_output ? "run,ref,digest,state" : "run,ref,as,digest,state";

	if (out_list_begin(l->session->out, l->is_output ? output_columns : input_columns, runs->count > 1 ? several : NULL, "ref", err) < 0)
		return -1;
	for (size_t i = 0; i < runs->count; i++) {
		l->run = &runs->v[i];
		if ((l->is_output ? run_edge_each_output : run_edge_each_input)(l->view, &l->run->cid, print_edge, l, err) < 0)
			return -1;
	}
	return out_list_end(l->session->out, err);
}

static int list(struct session *s, const struct run_args *a, bool is_output, struct error *err)
{
	CLEANUP(strvec) struct strvec texts = STRVEC_INIT;
	CLEANUP(runs) struct runs runs = { NULL, 0 };
	struct listing l = { .session = s, .is_output = is_output };

	if (references_read(&a->operands, 0, &texts, NULL, err) < 0)
		return -1;
	l.view = registry_view(s->registry, err);
	if (!l.view)
		return -1;
	runs.v = xcalloc(texts.count + 1, sizeof *runs.v);
	for (; runs.count < texts.count; runs.count++)
		if (run_get(l.view, texts.v[runs.count], &runs.v[runs.count], err) < 0)
			return -1;
	return print_edges(&l, &runs, err);
}

int run_list_inputs(struct session *s, const struct run_args *a, struct error *err)
{
	return list(s, a, false, err);
}

int run_list_outputs(struct session *s, const struct run_args *a, struct error *err)
{
	return list(s, a, true, err);
}
