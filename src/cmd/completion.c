/* SPDX-License-Identifier: Apache-2.0 */
/* mreg completion: prints the script that teaches a shell to complete mreg's verbs, options and names. */
#include <config.h>

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "cmd/cmd.h"
#include "cmd/complete.h"
#include "cmd/completion-scripts.h"

/* Made by the build from contrib/completion/, which has the only copies. */
static const struct {
	const char *shell;
	const char *const *lines;
} scripts[] = { { "bash", completion_bash }, { "fish", completion_fish }, { "zsh", completion_zsh } };

static int print_script(struct session *s, const char *shell, const char *const *lines, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	json_t *record;

	for (; *lines; lines++)
		strbuf_adds(&text, *lines);
	if (out_mode(s->out) == OUT_HUMAN || out_mode(s->out) == OUT_LINES)
		return out_bytes(s->out, text.buf, text.len, err);
	record = json_object();
	json_object_set_new(record, "shell", json_string(shell));
	json_object_set_new(record, "script", json_string(text.buf));
	return out_result(s->out, record, NULL, err);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	bool complete = false;
	const struct opt opts[] = { OPT_FLAG(0, "complete", &complete, NULL), OPT_END };

	if (session_parse(s, opts, argc, argv, 1, SIZE_MAX, &operands, err) < 0)
		return -1;
	if (complete)
		return complete_print(s, operands.v, operands.count, err);
	if (operands.count > 1)
		return error_set(err, ERR_USAGE, "unexpected operand '%s'", operands.v[1]);
	for (size_t i = 0; i < COUNT_OF(scripts); i++)
		if (!strcmp(scripts[i].shell, operands.v[0]))
			return print_script(s, scripts[i].shell, scripts[i].lines, err);
	error_set(err, ERR_USAGE, "there is no completion for the shell '%s'", operands.v[0]);
	return error_hint(err, "bash, fish and zsh are there.");
}

const struct command cmd_completion = {
	.name = "completion", .synopsis = "bash|fish|zsh", .summary = "print a completion script for a shell",
	.group = GROUP_OTHER, .needs = NEEDS_NOTHING, .run = run,
};
