/* SPDX-License-Identifier: Apache-2.0 */
/* mreg rm: removes versions, links and whole collections. */
#include <config.h>

#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "registry/remove.h"

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	CLEANUP(strvec) struct strvec references = STRVEC_INIT;
	struct remove_change change = { .references = &references };
	CLEANUP(removed) struct removed removed = { STRVEC_INIT, 0 };
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	json_t *record;
	const struct opt opts[] = {
		OPT_FLAG('r', "recursive", &change.whole, "remove whole collections, with all that they have"),
		OPT_FLAG(0, "with-aliases", &change.with_aliases, "take away the aliases of what is removed as well"),
		OPT_FLAG(0, "unlink", &change.unlink, "take it out of registered models as well"),
		OPT_WHY(&change.why),
		OPT_DRY_RUN(&change.dry_run),
		OPT_OVERRIDE(&change.override),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, SIZE_MAX, &operands, err) < 0)
		return -1;
	operands_from(&operands, 0, &references);
	if (remove_run(s->registry, &change, &removed, err) < 0)
		return -1;
	if (change.dry_run)
		for (size_t i = 0; i < removed.refs.count; i++)
			report_note(s->report, "dry run: '%s' would be removed", removed.refs.v[i]);
	if (out_mode(s->out) != OUT_JSON)
		return 0;
	record = json_object();
	json_object_set_new(record, "removed", fields_strings(&removed.refs));
	json_object_set_new(record, "bytes", json_u64(removed.bytes));
	return out_result(s->out, record, "removed", err);
}

const struct command cmd_rm = {
	.name = "rm", .synopsis = "[options] REF... | -r NAME...", .summary = "remove versions, links or whole collections", .group = GROUP_KEEP,
	.needs = NEEDS_REGISTRY, .run = run,
};
