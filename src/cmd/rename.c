/* SPDX-License-Identifier: Apache-2.0 */
/* mreg rename: gives a collection another name. */
#include <config.h>

#include "cmd/cmd.h"
#include "registry/curate.h"

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	struct curate_rename rename = { .from = NULL };
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	json_t *record;
	const struct opt opts[] = {
		OPT_WHY(&rename.why),
		OPT_DRY_RUN(&rename.dry_run),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 2, 2, &operands, err) < 0)
		return -1;
	rename.from = operands.v[0];
	rename.to = operands.v[1];
	if (curate_rename(s->registry, &rename, &c, err) < 0)
		return -1;
	record = json_object();
	json_object_set_new(record, "ref", json_string(c.name));
	json_object_set_new(record, "name", json_string(c.name));
	return out_result(s->out, record, "ref", err);
}

const struct command cmd_rename = {
	.name = "rename", .synopsis = "[options] NAME NEW", .summary = "give a collection another name", .group = GROUP_CURATE,
	.needs = NEEDS_REGISTRY, .run = run,
};
