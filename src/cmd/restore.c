/* SPDX-License-Identifier: Apache-2.0 */
/* mreg restore: brings back what was removed. */
#include <config.h>

#include "cmd/cmd.h"
#include "registry/remove.h"

static int print(struct session *s, const struct removed *restored, struct error *err)
{
	static const struct column columns[] = { { "ref", NULL, COLUMN_TEXT, false }, { NULL, NULL, COLUMN_TEXT, false } };

	if (out_mode(s->out) == OUT_HUMAN) { /* no heading: the references alone */
		for (size_t i = 0; i < restored->refs.count; i++)
			if (out_text(s->out, err, "%s\n", restored->refs.v[i]) < 0)
				return -1;
		return 0;
	}
	if (out_list_begin(s->out, columns, NULL, "ref", err) < 0)
		return -1;
	for (size_t i = 0; i < restored->refs.count; i++)
		if (out_list_row(s->out, json_pack("{s:s}", "ref", restored->refs.v[i]), err) < 0)
			return -1;
	return out_list_end(s->out, err);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	CLEANUP(strvec) struct strvec references = STRVEC_INIT;
	struct restore_change change = { .references = &references };
	CLEANUP(removed) struct removed restored = { STRVEC_INIT, 0 };
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	const struct opt opts[] = {
		OPT_WHY(&change.why),
		OPT_DRY_RUN(&change.dry_run),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, SIZE_MAX, &operands, err) < 0)
		return -1;
	operands_from(&operands, 0, &references);
	if (remove_restore(s->registry, &change, &restored, err) < 0)
		return -1;
	return print(s, &restored, err);
}

const struct command cmd_restore = {
	.name = "restore", .synopsis = "[options] NAME:vN... | NAME... | RUN...", .summary = "bring back what was removed", .group = GROUP_KEEP,
	.needs = NEEDS_REGISTRY, .run = run,
};
