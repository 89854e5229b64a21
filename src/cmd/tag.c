/* SPDX-License-Identifier: Apache-2.0 */
/* mreg tag: sets, removes and lists the tags of a collection, a version or a run. */
#include <config.h>

#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "registry/annotation.h"

static int list(struct session *s, const char *reference, struct error *err)
{
	static const struct column columns[] = {
		{ "tag", NULL, COLUMN_TEXT, false }, { "ref", NULL, COLUMN_TEXT, true }, { NULL, NULL, COLUMN_TEXT, false },
	};
	CLEANUP(annotated) struct annotated target = { .is_version = false };
	CLEANUP(strvec) struct strvec tags = STRVEC_INIT;
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT;
	struct view *v = registry_view(s->registry, err);

	if (!v || annotation_target(v, reference, &target, err) < 0 || annotation_tags(v, &target.subject, &tags, err) < 0 ||
	    out_list_begin(s->out, columns, NULL, "tag", err) < 0)
		return -1;
	fields_annotated(&ref, &target);
	for (size_t i = 0; i < tags.count; i++) {
		json_t *record = json_object();

		json_object_set_new(record, "ref", json_string(ref.buf));
		json_object_set_new(record, "tag", json_string(tags.v[i]));
		if (out_list_row(s->out, record, err) < 0)
			return -1;
	}
	return out_list_end(s->out, err);
}

static int change(struct session *s, const struct annotation_change *change, struct error *err)
{
	CLEANUP(annotated) struct annotated target = { .is_version = false };
	CLEANUP(strvec) struct strvec tags = STRVEC_INIT;
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT;
	struct view *v;
	json_t *record;

	if (annotation_run(s->registry, change, &target, err) < 0)
		return error_wrap(err, "cannot tag '%s'", change->reference);
	if (out_mode(s->out) != OUT_JSON)
		return 0;
	v = registry_view(s->registry, err);
	if (!v || annotation_tags(v, &target.subject, &tags, err) < 0)
		return -1;
	fields_annotated(&ref, &target);
	record = json_object();
	json_object_set_new(record, "ref", json_string(ref.buf));
	json_object_set_new(record, "tags", fields_strings(&tags));
	return out_result(s->out, record, "ref", err);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	bool delete = false;
	struct annotation_change c = { .verb = "tag" };
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	CLEANUP(strvec) struct strvec tags = STRVEC_INIT;
	const struct opt opts[] = {
		OPT_FLAG('d', "delete", &delete, "remove the tags"),
		OPT_WHY(&c.why),
		OPT_DRY_RUN(&c.dry_run),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, SIZE_MAX, &operands, err) < 0)
		return -1;
	if (delete && operands.count == 1)
		return error_set(err, ERR_USAGE, "which tags of '%s' are to be removed?", operands.v[0]);
	if (operands.count == 1)
		return list(s, operands.v[0], err);
	operands_from(&operands, 1, &tags);
	c.reference = operands.v[0];
	*(delete ? &c.drop_tags : &c.add_tags) = &tags;
	return change(s, &c, err);
}

const struct command cmd_tag = {
	.name = "tag", .synopsis = "[options] REF TAG... | -d REF TAG... | REF", .summary = "set, remove or list tags", .group = GROUP_CURATE,
	.needs = NEEDS_REGISTRY, .run = run,
};
