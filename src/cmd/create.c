/* SPDX-License-Identifier: Apache-2.0 */
/* mreg create: makes a registered model, or an artifact that has no version yet. */
#include <config.h>

#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "registry/curate.h"

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	struct curate_create create = { .name = NULL };
	bool is_model = false, created;
	CLEANUP(strvec) struct strvec tags = STRVEC_INIT;
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	json_t *record;
	const struct opt opts[] = {
		OPT_FLAG(0, "model", &is_model, "a registered model (the default)"),
		OPT_FLAG(0, "artifact", &create.is_artifact, "an artifact without a version"),
		OPT_STRING('t', "type", &create.type, "TYPE", "type of its versions (default: model)"),
		OPT_STRING(0, "title", &create.title, "TITLE", "a title, which may stand wherever the name does"),
		OPT_STRING('m', "message", &create.note, "TEXT", "describe it"),
		OPT_STRVEC(0, "tag", &tags, "TAG", "tag it"),
		OPT_FLAG(0, "if-absent", &create.if_absent, "one that is there already is fine"),
		OPT_DRY_RUN(&create.dry_run),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, 1, &operands, err) < 0)
		return -1;
	if (is_model && create.is_artifact)
		return error_set(err, ERR_USAGE, "--model and --artifact exclude each other");
	create.name = operands.v[0];
	create.tags = &tags;
	if (curate_create(s->registry, &create, &c, &created, err) < 0)
		return -1;
	record = json_object();
	json_object_set_new(record, "ref", json_string(c.name));
	json_object_set_new(record, "name", json_string(c.name));
	json_object_set_new(record, "kind", json_string(c.is_model ? "model" : "artifact"));
	json_object_set_new(record, "type", json_string(c.type));
	json_object_set_new(record, "created", json_boolean(created));
	return out_result(s->out, record, "ref", err);
}

const struct command cmd_create = {
	.name = "create", .synopsis = "[options] NAME", .summary = "make a registered model or an empty artifact", .group = GROUP_CURATE,
	.needs = NEEDS_REGISTRY, .run = run,
};
