/* SPDX-License-Identifier: Apache-2.0 */
/* mreg version: which mreg this is. */
#include <config.h>

#include "cmd/cmd.h"

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	const struct opt opts[] = { OPT_END };
	json_t *record;

	if (session_parse(s, opts, argc, argv, 0, 0, &operands, err) < 0)
		return -1;
	if (out_mode(s->out) == OUT_HUMAN)
		return out_text(s->out, err, "mreg %s\n", PACKAGE_VERSION);
	record = json_object();
	json_object_set_new(record, "version", json_string(PACKAGE_VERSION));
	return out_result(s->out, record, "version", err);
}

const struct command cmd_version = {
	.name = "version", .synopsis = "", .summary = "print the version of mreg",
	.group = GROUP_OTHER, .needs = NEEDS_NOTHING, .run = run,
};
