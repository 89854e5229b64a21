/* SPDX-License-Identifier: Apache-2.0 */
/* mreg pull: takes over what another registry has. */
#include <config.h>

#include <string.h>

#include "cmd/transfer.h"
#include "transport/pull.h"

struct args {
	struct strvec patterns, settle;
	bool ours, theirs;
};

/* With --ours or --theirs the operands are references to be settled; one that is plainly a remote may stand before them. */
static bool is_remote(const struct config *config, const char *text)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

	strbuf_addf(&key, "remote.%s.url", text);
	return config_get(config, key.buf) || strstr(text, "://") || *text == '/' || *text == '.';
}

static int find_remote(struct session *s, const struct operands *operands, struct args *a, struct remote *remote, struct error *err)
{
	bool settles = a->ours || a->theirs;
	bool named = operands->count && (!settles || is_remote(&s->config, operands->v[0]));

	operands_from(operands, named ? 1 : 0, settles ? &a->settle : &a->patterns);
	return remote_find(&s->config, named ? operands->v[0] : NULL, remote, err);
}

static int pull(struct session *s, struct pull_options *options, struct error *err)
{
	CLEANUP(pull_result) struct pull_result result = PULL_RESULT_INIT;

	if (pull_run(s->registry, options, &result, err) < 0)
		return error_wrap(err, "cannot pull");
	if (transfer_print(s, &result.received.refs, &result.plan, err) < 0)
		return -1;
	if (options->dry_run)
		report_note(s->report, "dry run: nothing was changed");
	transfer_tell(s, options->remote, false, result.is_current, result.objects, result.bytes);
	return 0;
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	struct pull_options options = { .verb = "pull" };
	struct args a = { STRVEC_INIT, STRVEC_INIT, false, false };
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	CLEANUP(remote) struct remote remote = { .name = NULL };
	const struct opt opts[] = {
		OPT_FLAG(0, "ours", &a.ours, "settle what has diverged, or the REFs named, as it is here"),
		OPT_FLAG(0, "theirs", &a.theirs, "settle it as it is there"),
		OPT_FLAG(0, "renumber", &options.renumber, "give versions that nobody else has seen the next free numbers"),
		OPT_FLAG(0, "metadata-only", &options.metadata_only, "leave the files there, to be fetched when they are read"),
		OPT_FLAG(0, "allow-rewind", &options.allow_rewind, "although the far history does not go on from what was seen"),
		OPT_WHY(&options.why),
		OPT_FLAG('n', "dry-run", &options.dry_run, "only say what would come"),
		OPT_END,
	};
	int rc;

	if (session_parse(s, opts, argc, argv, 0, SIZE_MAX, &operands, err) < 0)
		return -1;
	if (a.ours && a.theirs)
		return error_set(err, ERR_USAGE, "'--ours' and '--theirs' exclude each other");
	rc = find_remote(s, &operands, &a, &remote, err);
	if (rc == 0) {
		options.remote = &remote;
		options.patterns = &a.patterns;
		options.settle = &a.settle;
		options.settles = a.ours || a.theirs;
		options.winner = a.theirs ? MERGE_THEIRS : MERGE_OURS;
		options.metadata_only = options.metadata_only || (!a.patterns.count && remote_is_metadata_only(&s->config, &remote));
		rc = pull(s, &options, err);
	}
	strvec_release(&a.patterns);
	strvec_release(&a.settle);
	return rc;
}

const struct command cmd_pull = {
	.name = "pull", .synopsis = "[REMOTE [PATTERN...]] [options]", .summary = "take over what another registry has",
	.group = GROUP_SHARE, .needs = NEEDS_REGISTRY, .run = run,
};
