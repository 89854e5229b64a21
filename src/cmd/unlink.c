/* SPDX-License-Identifier: Apache-2.0 */
/* mreg unlink: takes versions out of registered models. */
#include <config.h>

#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "registry/link.h"

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	CLEANUP(strvec) struct strvec references = STRVEC_INIT, removed = STRVEC_INIT;
	struct unlink_change change = { .references = &references };
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	const struct opt opts[] = {
		OPT_FLAG(0, "with-aliases", &change.with_aliases, "take away the aliases that it has in the model as well"),
		OPT_WHY(&change.why),
		OPT_DRY_RUN(&change.dry_run),
		OPT_OVERRIDE(&change.override),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, SIZE_MAX, &operands, err) < 0)
		return -1;
	operands_from(&operands, 0, &references);
	if (link_unlink(s->registry, &change, &removed, err) < 0)
		return -1;
	return fields_removed(s->out, &removed, err);
}

const struct command cmd_unlink = {
	.name = "unlink", .synopsis = "[options] MODEL:REF...", .summary = "take versions out of a registered model", .group = GROUP_CURATE,
	.needs = NEEDS_REGISTRY, .run = run,
};
