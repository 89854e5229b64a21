/* SPDX-License-Identifier: Apache-2.0 */
/* mreg rollback: moves a stage back to the version that held it before. */
#include <config.h>

#include <string.h>

#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "registry/stage.h"

static json_t *record(const char *stage, const struct stage_result *r)
{
	const char *name = r->version.collection.name;
	json_t *doc = json_object();

	json_object_set_new(doc, "ref", fields_ref(name, r->version.row.number));
	json_object_set_new(doc, "number", json_u64(r->version.row.number));
	json_object_set_new(doc, "digest", json_oid(&r->version.row.digest));
	json_object_set_new(doc, "stage", json_string(stage));
	json_object_set_new(doc, "previous", r->has_previous ? fields_ref(name, r->previous) : json_null());
	return doc;
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	const char *expect = NULL;
	struct stage_rollback how = { .steps = 1 };
	CLEANUP(stage_result) struct stage_result result = STAGE_RESULT_INIT;
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	const struct opt opts[] = {
		OPT_U64(0, "steps", &how.steps, "N", "as many holders back (default: 1)"),
		OPT_STRING(0, "expect", &expect, "vN|none", "refuse unless the stage is now at this version, or not set"),
		OPT_WHY(&how.why),
		OPT_OVERRIDE(&how.override),
		OPT_DRY_RUN(&how.dry_run),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, 1, &operands, err) < 0 || expect_parse(expect, true, &how.expect, err) < 0)
		return -1;
	how.reference = operands.v[0];
	if (stage_rollback(s->registry, &how, &result, err) < 0)
		return -1;
	return out_result(s->out, record(strrchr(how.reference, ':') + 1, &result), "ref", err);
}

const struct command cmd_rollback = {
	.name = "rollback", .synopsis = "[options] NAME:STAGE", .summary = "move a stage back to the version that held it before",
	.group = GROUP_CURATE, .needs = NEEDS_REGISTRY, .run = run,
};
