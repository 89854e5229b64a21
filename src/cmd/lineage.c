/* SPDX-License-Identifier: Apache-2.0 */
/* mreg lineage: what something was made from, and what became of it. */
#include <config.h>

#include "registry/lineage.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "cmd/lineage-record.h"
#include "cmd/lineage-text.h"
#include "cmd/lineage-tree.h"
#include "ui/terminal.h"

#define INPUTS_SHOWN 6

/* ---- records ---- */

static const struct column node_columns[] = {
	{ "ref", NULL, COLUMN_TEXT, false },
	{ "kind", NULL, COLUMN_TEXT, false },
	{ "type", NULL, COLUMN_TEXT, false },
	{ NULL, NULL, COLUMN_TEXT, false },
};

/* For -q and --template: what can be worked with, one by one. */
static int list_nodes(struct out *out, const struct lineage *l, struct error *err)
{
	if (out_list_begin(out, node_columns, NULL, "ref", err) < 0)
		return -1;
	for (size_t i = 1; i < l->count; i++)
		if (lineage_record_has_ref(&l->nodes[i]) && out_list_row(out, lineage_record_node(&l->nodes[i]), err) < 0)
			return -1;
	return out_list_end(out, err);
}

/* ---- the verb ---- */

enum form { FORM_TREE, FORM_DOT, FORM_MERMAID };
struct request {
	struct session *session;
	struct lineage_request lineage;
	enum form form;
	bool has_form, common;
	const char *same_type;
};

static int take_form(void *arg, const char *value, size_t operands_before, struct error *err)
{
	struct request *r = arg;

	(void)operands_before;
	r->has_form = strcmp(value, "json") != 0;
	if (!r->has_form)
		r->session->globals.json = true;
	else if (!strcmp(value, "tree"))
		r->form = FORM_TREE;
	else if (!strcmp(value, "dot"))
		r->form = FORM_DOT;
	else if (!strcmp(value, "mermaid"))
		r->form = FORM_MERMAID;
	else
		return error_set(err, ERR_USAGE, "no format '%s': there are tree, dot, mermaid and json", value);
	return 0;
}

static int show_tree(struct session *s, const struct request *r, const struct lineage *l, struct strbuf *text, struct error *err)
{
	const bool both = r->lineage.up == r->lineage.down;
	const struct lineage_tree_style style = {
		.up = both || r->lineage.up, .down = both || r->lineage.down, .is_utf8 = terminal_is_stdout() && terminal_is_utf8(), .width = out_width(s->out),
	};

	if (out_mode(s->out) == OUT_HUMAN && session_pager(s, err) < 0)
		return -1;
	lineage_tree(text, l, &style);
	return 0;
}

static int show_lineage(struct session *s, struct request *r, struct error *err)
{
	CLEANUP(lineage) struct lineage l = LINEAGE_INIT;
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	const enum out_mode mode = out_mode(s->out);
	struct view *v = registry_view(s->registry, err);

	if (mode == OUT_JSON && r->has_form)
		return error_set(err, ERR_USAGE, "--json is a format of its own");
	if ((mode == OUT_LINES || mode == OUT_TEMPLATE) && !r->has_form)
		r->lineage.explode = true;
	if (!v || lineage_read(s->registry, v, &r->lineage, &l, err) < 0)
		return -1;
	if (mode == OUT_JSON)
		return out_result(s->out, lineage_record(&l), "ref", err);
	if (mode != OUT_HUMAN && !r->has_form)
		return list_nodes(s->out, &l, err);
	if (r->form == FORM_DOT)
		lineage_text_dot(&text, &l);
	else if (r->form == FORM_MERMAID)
		lineage_text_mermaid(&text, &l);
	else if (show_tree(s, r, &l, &text, err) < 0)
		return -1;
	return out_bytes(s->out, text.buf, text.len, err);
}

static const struct column common_columns[] = {
	{ "name", "REF", COLUMN_TEXT, false },
	{ "kind", NULL, COLUMN_TEXT, false },
	{ "state", NULL, COLUMN_TEXT, false },
	{ NULL, NULL, COLUMN_TEXT, false },
};

/* A state is for people: in one word what the others read of two members. */
static json_t *common_record(const struct lineage_node *node, bool is_for_people)
{
	json_t *record = json_object();

	json_object_set_new(record, "ref", lineage_record_has_ref(node) ? json_string(node->name) : json_null());
	json_object_set_new(record, "kind", json_string(node->kind == LINEAGE_RUN ? "run" : "version"));
	json_object_set_new(record, "name", json_string(node->name));
	json_object_set_new(record, "dangling", json_boolean(node->is_dangling));
	json_object_set_new(record, "removed", json_boolean(node->is_removed));
	if (is_for_people)
		json_object_set_new(record, "state", json_string(node->is_removed ? "removed" : node->is_dangling ? "not here" : ""));
	return record;
}

static int show_common(struct session *s, const char *a, const char *b, struct error *err)
{
	CLEANUP(lineage) struct lineage found = LINEAGE_INIT;
	struct view *v = registry_view(s->registry, err);
	const bool is_bare = out_mode(s->out) == OUT_LINES, is_human = out_mode(s->out) == OUT_HUMAN;

	if (!v || lineage_common(s->registry, v, a, b, &found, err) < 0)
		return -1;
	if (!found.count)
		return error_set(err, ERR_NO, "'%s' and '%s' have nothing in common that they were made from", a, b);
	if (out_list_begin(s->out, common_columns, NULL, "ref", err) < 0)
		return -1;
	for (size_t i = 0; i < found.count; i++)
		if ((!is_bare || lineage_record_has_ref(&found.nodes[i])) &&
			out_list_row(s->out, common_record(&found.nodes[i], is_human), err) < 0)
			return -1;
	return out_list_end(s->out, err);
}

/* ---- the same input? ---- */

static void add_inputs(struct strbuf *out, const struct strvec *inputs)
{
	for (size_t i = 0; i < inputs->count && i < INPUTS_SHOWN; i++)
		strbuf_addf(out, "%s%s", i ? ", " : "", inputs->v[i]);
	if (inputs->count > INPUTS_SHOWN)
		strbuf_addf(out, " and %zu more", inputs->count - INPUTS_SHOWN);
	if (!inputs->count)
		strbuf_adds(out, "none");
}

/* Of a type that neither has, nothing can be said: a misspelt one must not pass. */
static int assert_same(struct session *s, const char *type, const char *a, const char *b, struct error *err)
{
	CLEANUP(strvec) struct strvec of_a = STRVEC_INIT, of_b = STRVEC_INIT;
	CLEANUP(strbuf) struct strbuf text_a = STRBUF_INIT, text_b = STRBUF_INIT;
	struct view *v = registry_view(s->registry, err);

	if (!v || lineage_inputs_of_type(s->registry, v, a, type, &of_a, err) < 0 || lineage_inputs_of_type(s->registry, v, b, type, &of_b, err) < 0)
		return -1;
	if (!of_a.count && !of_b.count)
		return error_set(err, ERR_NO, "neither '%s' nor '%s' is known to be made from anything of type '%s'", a, b, type);
	if (strvec_equal(&of_a, &of_b))
		return 0;
	add_inputs(&text_a, &of_a);
	add_inputs(&text_b, &of_b);
	return error_set(err, ERR_NO, "'%s' and '%s' were made from different '%s': %s; %s", a, b, type, text_a.buf, text_b.buf);
}

static int run_request(struct session *s, struct request *r, const struct operands *operands, struct error *err)
{
	const size_t wanted = r->common || r->same_type ? 2 : 1;

	if (r->common && r->same_type)
		return error_set(err, ERR_USAGE, "--common and --assert-same-input are two questions");
	if (wanted == 2 && (r->has_form || r->lineage.up || r->lineage.down || r->lineage.has_depth || r->lineage.explode))
		return error_set(err, ERR_USAGE, "%s looks at all that both were made from", r->common ? "--common" : "--assert-same-input");
	if (operands->count != wanted)
		return error_set(err, ERR_USAGE, wanted == 2 ? "--common and --assert-same-input compare two: A and B"
								    : "A and B are compared by --common or --assert-same-input; else it is one REF or RUN");
	if (r->common)
		return show_common(s, operands->v[0], operands->v[1], err);
	if (r->same_type)
		return assert_same(s, r->same_type, operands->v[0], operands->v[1], err);
	r->lineage.reference = operands->v[0];
	return show_lineage(s, r, err);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	struct request r = { .session = s };
	uint64_t depth = UINT64_MAX;
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	const struct opt opts[] = {
		OPT_FLAG(0, "up", &r.lineage.up, "only what it was made from"),
		OPT_FLAG(0, "down", &r.lineage.down, "only what became of it"),
		OPT_U64(0, "depth", &depth, "N", "at most N steps; from a version to a run is one"),
		OPT_FLAG(0, "explode", &r.lineage.explode, "show each run and version, also of many that are alike"),
		OPT_CALLBACK(0, "format", take_form, &r, "FORMAT", "tree, dot, mermaid or json"),
		OPT_FLAG(0, "common", &r.common, "the nearest that both A and B were made from"),
		OPT_STRING(0, "assert-same-input", &r.same_type, "TYPE", "were A and B made from the same of this type? 1 if not"),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, 2, &operands, err) < 0)
		return -1;
	r.lineage.has_depth = depth < UINT32_MAX;
	r.lineage.depth = r.lineage.has_depth ? (uint32_t)depth : 0;
	return run_request(s, &r, &operands, err);
}

const struct command cmd_lineage = {
	.name = "lineage", .synopsis = "[options] REF | RUN | A B", .summary = "show what something was made from, and what became of it",
	.group = GROUP_TRACE, .needs = NEEDS_REGISTRY, .run = run,
};
