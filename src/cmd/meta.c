/* SPDX-License-Identifier: Apache-2.0 */
/* mreg meta: sets, removes and shows metadata, metrics and the title. */
#include <config.h>

#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "registry/annotation.h"
#include "registry/metadata.h"
#include "registry/version.h"

struct args {
	const char *file, *title, *why;
	struct strvec metrics, words;
	json_t *metadata_object, *metric_object;
	bool delete, dry_run;
};

static void args_cleanup(struct args *a)
{
	strvec_release(&a->metrics);
	strvec_release(&a->words);
	json_decref(a->metadata_object);
	json_decref(a->metric_object);
}

static int read_run(struct session *s, struct view *v, const struct run *run, struct version_info *out, struct error *err)
{
	CLEANUP(run_info) struct run_info info = RUN_INFO_INIT;

	if (run_info_read(s->registry, v, run, &info, err) < 0)
		return -1;
	out->metadata = json_incref(info.metadata);
	out->metrics = json_incref(info.metrics);
	return 0;
}

/* {"ref","title","metadata","metrics"}; title only of a collection. */
static int make_record(struct session *s, const struct annotated *target, json_t **out, struct error *err)
{
	CLEANUP(version_info) struct version_info info = VERSION_INFO_INIT;
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT, title = STRBUF_INIT;
	CLEANUP(json) json_t *record = json_object();
	struct view *v = registry_view(s->registry, err);

	if (!v)
		return -1;
	fields_annotated(&ref, target);
	json_object_set_new(record, "ref", json_string(ref.buf));
	if (target->is_version) {
		if (version_info_read(s->registry, v, &target->target.row, &info, err) < 0)
			return -1;
	} else if (target->is_run) {
		if (read_run(s, v, &target->run, &info, err) < 0)
			return -1;
	} else {
		info.metadata = json_object();
		info.metrics = json_object();
		if (annotation_metadata(v, &target->subject, info.metadata, err) < 0 ||
		    annotation_metrics(v, &target->subject, info.metrics, err) < 0 ||
		    collection_title(v, &target->target.collection.cid, &title, err) < 0)
			return -1;
		json_object_set_new(record, "title", json_text_or_null(title.buf));
	}
	json_object_set(record, "metadata", info.metadata);
	json_object_set(record, "metrics", info.metrics);
	*out = STEAL(record);
	return 0;
}

static int show_object(struct out *out, const char *heading, json_t *object, struct error *err)
{
	if (json_object_size(object) == 0)
		return 0;
	return out_section(out, heading, err) < 0 ? -1 : fields_show_object(out, object, err);
}

static int show(struct session *s, const char *reference, struct error *err)
{
	CLEANUP(annotated) struct annotated target = { .is_version = false };
	CLEANUP(json) json_t *record = NULL;
	struct view *v = registry_view(s->registry, err);
	const char *title;

	if (!v || annotation_target(v, reference, &target, err) < 0 || make_record(s, &target, &record, err) < 0)
		return -1;
	if (out_mode(s->out) != OUT_HUMAN)
		return out_result(s->out, STEAL(record), "ref", err);
	if (json_get_string(record, "title", &title) && out_field(s->out, "title", title, err) < 0)
		return -1;
	if (show_object(s->out, "metadata", json_object_get(record, "metadata"), err) < 0)
		return -1;
	return show_object(s->out, "metrics", json_object_get(record, "metrics"), err);
}

static int read_change(struct args *a, const struct operands *operands, struct annotation_change *change, struct error *err)
{
	operands_from(operands, 1, &a->words);
	if (a->delete) {
		change->drop_keys = &a->words;
		return a->words.count ? 0 : error_set(err, ERR_USAGE, "which keys of '%s' are to be removed?", operands->v[0]);
	}
	a->metadata_object = json_object();
	a->metric_object = json_object();
	if (a->file && metadata_add_file(a->metadata_object, a->file, err) < 0)
		return -1;
	for (size_t i = 0; i < a->words.count; i++)
		if (metadata_add_word(a->metadata_object, a->words.v[i], err) < 0)
			return -1;
	for (size_t i = 0; i < a->metrics.count; i++)
		if (metadata_add_metric(a->metric_object, a->metrics.v[i], err) < 0)
			return -1;
	change->metadata = a->metadata_object;
	change->metrics = a->metric_object;
	return 0;
}

static int change(struct session *s, struct args *a, const struct operands *operands, struct error *err)
{
	struct annotation_change c = {
		.verb = "meta", .reference = operands->v[0], .why = a->why, .title = a->title, .dry_run = a->dry_run,
	};
	CLEANUP(annotated) struct annotated target = { .is_version = false };
	CLEANUP(json) json_t *record = NULL;

	if (read_change(a, operands, &c, err) < 0)
		return -1;
	if (annotation_run(s->registry, &c, &target, err) < 0)
		return error_wrap(err, "cannot annotate '%s'", c.reference);
	if (out_mode(s->out) != OUT_JSON)
		return 0;
	return make_record(s, &target, &record, err) < 0 ? -1 : out_result(s->out, STEAL(record), "ref", err);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	CLEANUP(args) struct args a = { .file = NULL };
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	const struct opt opts[] = {
		OPT_STRVEC(0, "metric", &a.metrics, "KEY=NUMBER", "set a metric, such as the score of an evaluation"),
		OPT_STRING('F', "file", &a.file, "FILE", "set metadata from a JSON object, - being standard input"),
		OPT_STRING(0, "title", &a.title, "TITLE", "set the title of a collection; empty: none any more"),
		OPT_FLAG('d', "delete", &a.delete, "remove the keys, of metadata and metrics"),
		OPT_WHY(&a.why),
		OPT_DRY_RUN(&a.dry_run),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, SIZE_MAX, &operands, err) < 0)
		return -1;
	if (a.delete && (a.metrics.count || a.file || a.title))
		return error_set(err, ERR_USAGE, "--delete takes keys only");
	if (!a.delete && operands.count == 1 && !a.metrics.count && !a.file && !a.title)
		return show(s, operands.v[0], err);
	return change(s, &a, &operands, err);
}

const struct command cmd_meta = {
	.name = "meta", .synopsis = "[options] REF KEY=VALUE... | -d REF KEY... | REF", .summary = "set, remove or show metadata and metrics",
	.group = GROUP_CURATE, .needs = NEEDS_REGISTRY, .run = run,
};
