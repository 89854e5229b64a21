/* SPDX-License-Identifier: Apache-2.0 */
/* mreg drop: frees files that a remote has. */
#include <config.h>

#include "registry/drop.h"

#include "base/number.h"
#include "cmd/cmd.h"
#include "registry/remote.h"
#include "transport/holding.h"

struct asking {
	struct registry *reg;
	const struct remote *remote;
};

static int ask(const struct strvec *versions, bool *complete, void *arg, struct error *err)
{
	const struct asking *a = arg;

	return holding_ask(a->reg, a->remote, versions, complete, err);
}

static int tell(struct session *s, const struct drop_list *list, const struct drop_change *change, uint64_t freed, struct error *err)
{
	CLEANUP(strbuf) struct strbuf size = STRBUF_INIT;
	json_t *record, *refs;

	size_format(&size, freed);
	if (!freed)
		report_note(s->report, "'%s' has them; there is nothing to be freed", change->remote);
	else if (change->dry_run)
		report_note(s->report, "'%s' has them; %s would be freed", change->remote, size.buf);
	else
		report_note(s->report, "'%s' has them; %s are freed within an hour", change->remote, size.buf);
	if (out_mode(s->out) != OUT_JSON)
		return 0;
	refs = json_array();
	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(refs, json_string(list->v[i].ref));
	record = json_object();
	json_object_set_new(record, "dropped", refs);
	json_object_set_new(record, "remote", json_string(change->remote));
	json_object_set_new(record, "freed", json_u64(freed));
	return out_result(s->out, record, "dropped", err);
}

static int drop(struct session *s, const struct strvec *refs, const char *remote, struct drop_change *change, struct error *err)
{
	CLEANUP(drop_list) struct drop_list list = DROP_LIST_INIT;
	CLEANUP(remote) struct remote r = { .name = NULL };
	struct asking asking = { s->registry, &r };
	uint64_t freed = 0;

	if (drop_choose(s->registry, refs, &list, err) < 0 || remote_find(&s->config, remote, &r, err) < 0)
		return -1;
	change->remote = *r.name ? r.name : r.url;
	change->ask = ask;
	change->arg = &asking;
	if (drop_run(s->registry, &list, change, &freed, err) < 0)
		return error_wrap(err, "nothing was dropped");
	return tell(s, &list, change, freed, err);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	CLEANUP(strvec) struct strvec refs = STRVEC_INIT;
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	struct drop_change change = { .why = NULL };
	const char *remote = NULL;
	const struct opt opts[] = {
		OPT_STRING(0, "remote", &remote, "REMOTE", "which registry must have the files: a remote's name, or a URL"),
		OPT_WHY(&change.why),
		OPT_DRY_RUN(&change.dry_run),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, SIZE_MAX, &operands, err) < 0)
		return -1;
	operands_from(&operands, 0, &refs);
	return drop(s, &refs, remote, &change, err);
}

const struct command cmd_drop = {
	.name = "drop", .synopsis = "[options] REF...", .summary = "free the files of versions that a remote has", .group = GROUP_KEEP,
	.needs = NEEDS_REGISTRY, .run = run,
};
