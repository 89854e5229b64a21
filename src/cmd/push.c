/* SPDX-License-Identifier: Apache-2.0 */
/* mreg push: hands another registry what it lacks. */
#include <config.h>

#include "cmd/transfer.h"
#include "transport/pull.h"
#include "transport/push.h"

#define RENUMBER_TRIES 10 /* others push at the same time */

/* Ours gives way to what has come to be there meanwhile. */
static int make_way(struct session *s, const struct push_options *options, struct error *err)
{
	const struct pull_options pull = { .remote = options->remote, .patterns = options->patterns, .verb = "push", .why = options->why,
		.renumber = true };
	CLEANUP(pull_result) struct pull_result result = PULL_RESULT_INIT;

	if (pull_run(s->registry, &pull, &result, err) < 0)
		return -1;
	return transfer_print(s, &result.received.refs, &result.plan, err);
}

static int push(struct session *s, const struct push_options *options, bool renumber, struct error *err)
{
	CLEANUP(push_outcome) struct push_outcome outcome = { .objects = 0 };
	int rc = push_run(s->registry, options, &outcome, err);

	for (int i = 0; rc < 0 && renumber && err->code == ERR_CONFLICT && i < RENUMBER_TRIES; i++) {
		error_clear(err);
		push_outcome_cleanup(&outcome);
		outcome = (struct push_outcome){ .objects = 0 };
		rc = make_way(s, options, err) < 0 ? -1 : push_run(s->registry, options, &outcome, err);
	}
	if (rc < 0)
		return error_wrap(err, "cannot push");
	if (transfer_print(s, &outcome.refs, NULL, err) < 0)
		return -1;
	if (options->dry_run)
		report_note(s->report, "dry run: nothing was changed");
	transfer_tell(s, options->remote, true, outcome.is_current, outcome.objects, outcome.bytes);
	return 0;
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	struct push_options options = { .why = NULL };
	struct strvec patterns = STRVEC_INIT;
	bool renumber = false;
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	CLEANUP(remote) struct remote remote = { .name = NULL };
	const struct opt opts[] = {
		OPT_FLAG(0, "renumber", &renumber, "give versions that nobody else has seen the next free numbers"),
		OPT_OVERRIDE(&options.override),
		OPT_WHY(&options.why),
		OPT_FLAG('n', "dry-run", &options.dry_run, "only say what would change there"),
		OPT_END,
	};
	int rc;

	if (session_parse(s, opts, argc, argv, 0, SIZE_MAX, &operands, err) < 0)
		return -1;
	if (renumber && options.dry_run)
		return error_set(err, ERR_USAGE, "'--renumber' cannot be rehearsed: 'mreg pull --renumber -n' says what would move");
	operands_from(&operands, operands.count ? 1 : 0, &patterns);
	rc = transfer_remote(s, &operands, &remote, err);
	if (rc == 0) {
		options.remote = &remote;
		options.patterns = &patterns;
		rc = push(s, &options, renumber, err);
	}
	strvec_release(&patterns);
	return rc;
}

const struct command cmd_push = {
	.name = "push", .synopsis = "[REMOTE [PATTERN...]] [options]", .summary = "hand another registry what it lacks",
	.group = GROUP_SHARE, .needs = NEEDS_REGISTRY, .run = run,
};
