/* SPDX-License-Identifier: Apache-2.0 */
/* mreg diff: what differs between two versions, or two runs. */
#include <config.h>

#include "cmd/diff.h"

#include <string.h>

#include "cmd/fields.h"
#include "registry/annotation.h"
#include "ui/record.h"

json_t *diff_record(const struct diff_pair *pair, bool same)
{
	json_t *record = json_object();

	json_object_set_new(record, "a", json_string(pair->before_name.buf));
	json_object_set_new(record, "b", json_string(pair->after_name.buf));
	json_object_set_new(record, "same", json_boolean(same));
	return record;
}

int diff_is_no(const struct diff_pair *pair, struct error *err)
{
	/* for people the differences are said on stdout; a program looks for an object on stderr */
	if (out_mode(pair->session->out) == OUT_JSON)
		return error_set(err, ERR_NO, "'%s' and '%s' differ", pair->before_name.buf, pair->after_name.buf);
	return error_set(err, ERR_NO, "%s", "");
}

static void set_side(json_t *record, const char *side, const struct entry *e)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;

	strbuf_addf(&name, "size_%s", side);
	json_object_set_new(record, name.buf, e && e->has_size ? json_u64(e->size) : json_null());
	strbuf_reset(&name);
	strbuf_addf(&name, "digest_%s", side);
	json_object_set_new(record, name.buf, e && e->has_digest ? json_oid(&e->digest) : json_null());
	strbuf_reset(&name);
	strbuf_addf(&name, "mode_%s", side);
	json_object_set_new(record, name.buf, e ? json_sprintf("%04o", e->mode) : json_null());
}

json_t *diff_file_record(const char *kind, const struct entry *before, const struct entry *after)
{
	json_t *record = json_object();

	json_object_set_new(record, "kind", json_string(kind));
	record_set_path(record, "path", after ? after->path : before->path);
	if (before && after && strcmp(before->path, after->path) != 0)
		record_set_path(record, "from", before->path);
	set_side(record, "a", before);
	set_side(record, "b", after);
	return record;
}

static json_t *values_json(const struct diff_values *values, bool with_percent)
{
	json_t *list = json_array();

	for (size_t i = 0; i < values->count; i++) {
		const struct diff_value *v = &values->v[i];
		json_t *record = json_object(), *delta = diff_delta(v->before, v->after), *percent;

		json_object_set_new(record, "key", json_string(v->key));
		json_object_set_new(record, "kind", json_string(!v->before ? "added" : !v->after ? "removed" : "changed"));
		json_object_set_new(record, "a", v->before ? json_incref(v->before) : json_null());
		json_object_set_new(record, "b", v->after ? json_incref(v->after) : json_null());
		json_object_set_new(record, "delta", delta ? delta : json_null());
		percent = with_percent ? diff_percent(v->before, v->after) : NULL;
		if (with_percent)
			json_object_set_new(record, "percent", percent ? percent : json_null());
		json_array_append_new(list, record);
	}
	return list;
}

static json_t *texts_json(bool differ, const char *before, const char *after)
{
	return differ ? json_pack("{s:s, s:s}", "a", before, "b", after) : json_null();
}

static json_t *files_json(const struct differences *files)
{
	json_t *list = json_array();

	for (size_t i = 0; i < files->count; i++)
		json_array_append_new(list, diff_file_record(difference_name(files->v[i].kind), files->v[i].before, files->v[i].after));
	return list;
}

static json_t *inputs_json(const struct diff *d)
{
	return json_pack("{s:o, s:o}", "a", fields_strings(&d->before_inputs), "b", fields_strings(&d->after_inputs));
}

static json_t *runs_record(const struct diff_pair *pair, const struct diff *d)
{
	json_t *record = diff_record(pair, diff_is_empty(d));

	json_object_set_new(record, "a", json_string(pair->before_run.id.text));
	json_object_set_new(record, "b", json_string(pair->after_run.id.text));
	json_object_set_new(record, "run", values_json(&d->run, false));
	json_object_set_new(record, "config", values_json(&d->config, false));
	json_object_set_new(record, "metadata", values_json(&d->metadata, false));
	json_object_set_new(record, "metrics", values_json(&d->metrics, true));
	json_object_set_new(record, "inputs", d->inputs_differ ? inputs_json(d) : json_null());
	return record;
}

static json_t *whole_record(const struct diff_pair *pair, const struct diff *d)
{
	json_t *record = diff_record(pair, diff_is_empty(d));

	json_object_set_new(record, "digest_a", json_oid(&pair->before.row.digest));
	json_object_set_new(record, "digest_b", json_oid(&pair->after.row.digest));
	json_object_set_new(record, "added", json_u64(d->files.added));
	json_object_set_new(record, "deleted", json_u64(d->files.deleted));
	json_object_set_new(record, "modified", json_u64(d->files.modified));
	json_object_set_new(record, "renamed", json_u64(d->files.renamed));
	json_object_set_new(record, "files", files_json(&d->files));
	if (!d->has_info)
		return record;
	json_object_set_new(record, "type", texts_json(d->type_differs, pair->before.collection.type, pair->after.collection.type));
	json_object_set_new(
		record, "description", texts_json(d->description_differs, d->before_info.description, d->after_info.description));
	json_object_set_new(record, "metadata", values_json(&d->metadata, false));
	json_object_set_new(record, "metrics", values_json(&d->metrics, true));
	json_object_set_new(record, "inputs", d->inputs_differ ? inputs_json(d) : json_null());
	json_object_set_new(record, "config", values_json(&d->config, false));
	return record;
}

static int print_paths(const struct diff_pair *pair, const struct differences *files, struct error *err)
{
	for (size_t i = 0; i < files->count; i++)
		if (diff_path_line(pair, (files->v[i].after ? files->v[i].after : files->v[i].before)->path, err) < 0)
			return -1;
	return 0;
}

static int print_whole(const struct diff_pair *pair, const struct diff *d, struct error *err)
{
	struct out *out = pair->session->out;

	switch (out_mode(out)) {
	case OUT_HUMAN:
		return pair->name_only ? print_paths(pair, &d->files, err) : diff_human(pair, d, err);
	case OUT_LINES:
		return print_paths(pair, &d->files, err);
	case OUT_JSON:
	case OUT_TEMPLATE:
		break;
	}
	return out_result(out, pair->of_runs ? runs_record(pair, d) : whole_record(pair, d), NULL, err);
}

static int diff_whole(const struct diff_pair *pair, struct error *err)
{
	CLEANUP(diff) struct diff d = DIFF_INIT;
	struct view *v = registry_view(pair->session->registry, err);

	if (!v ||
		(pair->of_runs ? diff_runs(pair->session->registry, v, &pair->before_run, &pair->after_run, &d, err) :
				 diff_versions(pair->session->registry, v, &pair->before, &pair->after, pair->stat || pair->name_only, &d, err)) < 0 ||
		print_whole(pair, &d, err) < 0)
		return -1;
	return diff_is_empty(&d) ? 0 : diff_is_no(pair, err);
}

static void diff_pair_cleanup(struct diff_pair *pair)
{
	resolved_cleanup(&pair->before);
	resolved_cleanup(&pair->after);
	run_cleanup(&pair->before_run);
	run_cleanup(&pair->after_run);
	strbuf_release(&pair->before_name);
	strbuf_release(&pair->after_name);
}

/* 1: it is a run; 0: a version or a collection. */
static int find_run(struct view *v, const char *text, struct run *out, struct error *err)
{
	CLEANUP(annotated) struct annotated target = { .is_run = false, .target = RESOLVED_INIT, .run = RUN_INIT };

	if (annotation_target(v, text, &target, err) < 0)
		return -1;
	if (!target.is_run)
		return 0;
	*out = target.run;
	target.run = (struct run)RUN_INIT;
	return 1;
}

static int resolve_runs(struct diff_pair *pair, const char *a, const char *b, struct error *err)
{
	struct view *v = registry_view(pair->session->registry, err);
	int of_a = v ? find_run(v, a, &pair->before_run, err) : -1, of_b = of_a < 0 ? -1 : find_run(v, b, &pair->after_run, err);
	bool by_label;

	if (of_b < 0)
		return -1;
	if (of_a != of_b)
		return error_set(err, ERR_USAGE, "'%s' is a run, and '%s' is none", of_a ? a : b, of_a ? b : a);
	if (!of_a)
		return 0;
	by_label = *pair->before_run.label && *pair->after_run.label && strcmp(pair->before_run.label, pair->after_run.label) != 0;
	strbuf_adds(&pair->before_name, by_label ? pair->before_run.label : pair->before_run.id.text);
	strbuf_adds(&pair->after_name, by_label ? pair->after_run.label : pair->after_run.id.text);
	pair->of_runs = true;
	return 0;
}

static int resolve_both(struct diff_pair *pair, const char *a, const char *b, struct error *err)
{
	struct view *v;

	if (resolve_runs(pair, a, b, err) < 0)
		return -1;
	if (pair->of_runs)
		return 0;
	v = registry_view(pair->session->registry, err);
	if (!v || resolve_text(v, a, &pair->before, err) < 0 || resolve_text(v, b, &pair->after, err) < 0)
		return -1;
	resolved_name(&pair->before_name, &pair->before);
	resolved_name(&pair->after_name, &pair->after);
	return 0;
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	CLEANUP(diff_pair) struct diff_pair pair = { s, RESOLVED_INIT, RESOLVED_INIT, RUN_INIT, RUN_INIT, STRBUF_INIT, STRBUF_INIT, false, false, false };
	const char *rows = NULL, *path, *path_b;
	CLEANUP(operands) struct operands operands = { NULL, 0 };
	const struct opt opts[] = {
		OPT_FLAG(0, "stat", &pair.stat, "compare files alone, by their sizes"),
		OPT_FLAG(0, "name-only", &pair.name_only, "compare files alone, and print the paths of those that differ"),
		OPT_STRING(0, "rows", &rows, "COLUMN", "compare the rows of a CSV or JSON Lines file, joined by COLUMN"),
		OPT_OFFLINE(&s->offline),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 2, 4, &operands, err) < 0)
		return -1;
	if (rows && (pair.stat || pair.name_only))
		return error_set(err, ERR_USAGE, "--rows and --%s exclude one another", pair.stat ? "stat" : "name-only");
	if (resolve_both(&pair, operands.v[0], operands.v[1], err) < 0 || session_pager(s, err) < 0)
		return -1;
	if (pair.of_runs && (rows || pair.stat || pair.name_only || operands.count > 2))
		return error_set(err, ERR_USAGE, "runs are compared as a whole, not their files");
	path = operands.count > 2 ? operands.v[2] : NULL;
	path_b = operands.count > 3 ? operands.v[3] : NULL;
	if (rows)
		return diff_rows(&pair, path, path_b, rows, err);
	return path ? diff_file(&pair, path, path_b, err) : diff_whole(&pair, err);
}

const struct command cmd_diff = {
	.name = "diff",
	.synopsis = "[options] A B [PATH [PATH_B]]",
	.summary = "show what differs between two versions or runs",
	.group = GROUP_LOOK,
	.needs = NEEDS_REGISTRY,
	.run = run,
};
