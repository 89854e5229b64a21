/* SPDX-License-Identifier: Apache-2.0 */
/* mreg prune: shows which versions may go, and removes them when told to. */
#include <config.h>

#include <string.h>

#include "base/number.h"
#include "cmd/cmd.h"
#include "registry/prune.h"

struct args {
	const char *older_than, *keep_best, *why;
	uint64_t keep_last;
	bool yes, dry_run;
};

static int read_criteria(const struct args *a, struct prune_criteria *c, struct error *err)
{
	c->has_last = a->keep_last != UINT64_MAX;
	c->keep_last = a->keep_last;
	c->has_age = a->older_than != NULL;
	if (a->older_than && !duration_parse(a->older_than, &c->older_than))
		return error_set(err, ERR_USAGE, "'%s' is not a duration such as 30d", a->older_than);
	return a->keep_best ? prune_parse_best(a->keep_best, c, err) : 0;
}

static int print(struct session *s, const struct prune_plan *plan, bool acted, struct error *err)
{
	static const struct column columns[] = {
		{ "ref", NULL, COLUMN_TEXT, false },      { "size", NULL, COLUMN_SIZE, false },  { "created", "AGE", COLUMN_AGE, false },
		{ "why", NULL, COLUMN_TEXT, false },      { "removed", NULL, COLUMN_TEXT, true }, { NULL, NULL, COLUMN_TEXT, false },
	};
	CLEANUP(strbuf) struct strbuf size = STRBUF_INIT;

	if (out_list_begin(s->out, columns, NULL, "ref", err) < 0)
		return -1;
	for (size_t i = 0; i < plan->count; i++) {
		const struct prune_row *row = &plan->rows[i];
		json_t *record = json_pack("{s:s, s:o, s:o, s:s, s:b}", "ref", row->ref, "size", json_u64(row->size), "created",
					   json_time(row->created), "why", row->why.buf, "removed", acted);

		if (out_list_row(s->out, record, err) < 0)
			return -1;
	}
	if (out_list_end(s->out, err) < 0)
		return -1;
	size_format(&size, plan->bytes);
	if (!plan->count)
		report_note(s->report, "there is nothing to prune");
	else if (acted)
		report_note(s->report, "%zu version%s removed, of %s in all; 'mreg gc' frees what no other has", plan->count,
			    plan->count == 1 ? " was" : "s were", size.buf);
	else
		report_note(s->report, "%zu version%s would be removed, of %s in all; --yes does it", plan->count, plan->count == 1 ? "" : "s", size.buf);
	return 0;
}

static void criteria_cleanup(struct prune_criteria *c)
{
	best_rule_cleanup(&c->best);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	struct args a = { .keep_last = UINT64_MAX };
	CLEANUP(strvec) struct strvec names = STRVEC_INIT;
	CLEANUP(criteria) struct prune_criteria c = { .names = &names };
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	CLEANUP(prune_plan) struct prune_plan plan = PRUNE_PLAN_INIT;
	const struct opt opts[] = {
		OPT_FLAG(0, "unused", &c.unused, "what has no alias, link, open draft, ttl never or tag keep"),
		OPT_FLAG(0, "expired", &c.expired, "what has outlived its ttl"),
		OPT_STRING(0, "older-than", &a.older_than, "TIME", "what was put longer ago than this, such as 30d"),
		OPT_U64(0, "keep-last", &a.keep_last, "N", "spare the newest N of each artifact"),
		OPT_STRING(0, "keep-best", &a.keep_best, "METRIC:min|max:N", "spare the best N of each artifact"),
		OPT_FLAG('y', "yes", &a.yes, "remove them; without it they are only listed"),
		OPT_WHY(&a.why),
		OPT_FLAG('n', "dry-run", &a.dry_run, "only list, even with --yes"),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 0, SIZE_MAX, &operands, err) < 0 || read_criteria(&a, &c, err) < 0)
		return -1;
	operands_from(&operands, 0, &names);
	if (prune_run(s->registry, &c, a.yes && !a.dry_run, a.why, &plan, err) < 0)
		return -1;
	return print(s, &plan, a.yes && !a.dry_run, err);
}

const struct command cmd_prune = {
	.name = "prune", .synopsis = "[options] [NAME...]", .summary = "remove versions that nothing needs", .group = GROUP_KEEP,
	.needs = NEEDS_REGISTRY, .run = run,
};
