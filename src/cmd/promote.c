/* SPDX-License-Identifier: Apache-2.0 */
/* mreg promote: moves a stage to a version. */
#include <config.h>

#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "registry/stage.h"

static json_t *record(const struct stage_promotion *p, const struct stage_result *r)
{
	const char *name = r->version.collection.name;
	json_t *doc = json_object();

	json_object_set_new(doc, "ref", fields_ref(name, r->version.row.number));
	json_object_set_new(doc, "number", json_u64(r->version.row.number));
	json_object_set_new(doc, "digest", json_oid(&r->version.row.digest));
	json_object_set_new(doc, "stage", json_string(p->stage));
	json_object_set_new(doc, "previous", r->has_previous ? fields_ref(name, r->previous) : json_null());
	json_object_set_new(doc, "dropped", r->dropped ? json_string(p->drop_from) : json_null());
	json_object_set_new(doc, "archived", r->archived ? fields_ref(name, r->previous) : json_null());
	return doc;
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	const char *expect = NULL;
	struct stage_promotion p = { .reference = NULL };
	CLEANUP(stage_result) struct stage_result result = STAGE_RESULT_INIT;
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	const struct opt opts[] = {
		OPT_STRING(0, "drop-from", &p.drop_from, "STAGE", "take the version off this stage"),
		OPT_FLAG(0, "archive-previous", &p.archive_previous, "give the version that is displaced the alias 'archived'"),
		OPT_STRING(0, "expect", &expect, "vN|none", "refuse unless the stage is now at this version, or not set"),
		OPT_WHY(&p.why),
		OPT_OVERRIDE(&p.override),
		OPT_DRY_RUN(&p.dry_run),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 2, 2, &operands, err) < 0 || expect_parse(expect, true, &p.expect, err) < 0)
		return -1;
	p.reference = operands.v[0];
	p.stage = operands.v[1];
	if (stage_promote(s->registry, &p, &result, err) < 0)
		return -1;
	return out_result(s->out, record(&p, &result), "ref", err);
}

const struct command cmd_promote = {
	.name = "promote", .synopsis = "[options] REF STAGE", .summary = "move a stage to a version", .group = GROUP_CURATE, .needs = NEEDS_REGISTRY,
	.run = run,
};
