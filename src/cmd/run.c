/* SPDX-License-Identifier: Apache-2.0 */
/* mreg run: records what made a version. */
#include <config.h>

#include "cmd/run.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "cmd/run-ls.h"
#include "cmd/run-show.h"

static void run_args_cleanup(struct run_args *a)
{
	strvec_release(&a->config_files);
	strvec_release(&a->code);
	strvec_release(&a->environment);
	strvec_release(&a->tags);
	strvec_release(&a->metadata);
	strvec_release(&a->use);
}

#define START_OPTIONS " job-type config metadata name tag code env no-git message dry-run "

static const struct sub {
	const char *name;
	size_t min, max;   /* operands behind it */
	const char *usage; /* behind its name */
	const char *takes; /* long options beside those of every verb, a blank on both sides of each */
	int (*run)(struct session *s, const struct run_args *a, struct error *err); /* NULL: it reads its options itself */
} subs[] = {
	{ "start", 0, SIZE_MAX, "[options] [-- COMMAND...]", START_OPTIONS " pid ", run_start_verb },
	{ "log", 1, SIZE_MAX, "[options] [RUN] NAME=VALUE...|-", " step dry-run ", run_log_verb },
	{ "finish", 0, 1, "[options] [RUN]", " status message dry-run ", run_start_finish_verb },
	{ "cat", 2, 2, "[options] RUN PATH", "", run_cat },
	{ "exec", 1, SIZE_MAX, "[options] -- COMMAND...", START_OPTIONS " use id-file ", run_exec },
	{ "replay", 1, 1, "-n [options] RUN", " dry-run ", run_replay },
	{ "ls", 0, 0, "[options]", "", NULL },
	{ "show", 1, 1, "[options] RUN", "", NULL },
	{ "inputs", 1, SIZE_MAX, "[options] RUN...", "", run_list_inputs },
	{ "outputs", 1, SIZE_MAX, "[options] RUN...", "", run_list_outputs },
	{ "rm", 1, SIZE_MAX, "[options] RUN...", " force message dry-run ", run_rm_verb },
	{ NULL, 0, 0, NULL, NULL, NULL },
};

static const struct sub *find_sub(const char *name)
{
	const struct sub *sub = subs;

	while (sub->name && strcmp(sub->name, name) != 0)
		sub++;
	return sub->name ? sub : NULL;
}

/* Who errs in one sub-verb is to read how that is used, not how all are. */
static int narrow_usage(const char *name, struct error *err)
{
	static const char usage[] = "usage: mreg run ";
	const struct sub *sub = find_sub(name);
	const char *of_all = strstr(err->hint, usage);
	CLEANUP(ptr) char *before = NULL;

	if (!sub || !of_all)
		return -1;
	before = xstrndup(err->hint, (size_t)(of_all - err->hint));
	return error_hint(err, "%s%s%s %s", before, usage, name, sub->usage);
}

static bool is_given(const struct opt *o)
{
	switch (o->type) {
	case OPT_FLAG_:
		return *o->to.flag;
	case OPT_STRING_:
		return *o->to.string != NULL;
	case OPT_STRVEC_:
		return o->to.strvec->count > 0;
	case OPT_U64_:
	case OPT_DURATION_:
		return *o->to.u64 != UINT64_MAX;
	case OPT_END_:
	case OPT_CALLBACK_: /* says so itself */
		break;
	}
	return false;
}

static int check_options(const struct sub *sub, const struct opt *opts, struct error *err)
{
	for (; opts->type != OPT_END_; opts++) {
		CLEANUP(strbuf) struct strbuf word = STRBUF_INIT;

		strbuf_addf(&word, " %s ", opts->name);
		if (is_given(opts) && !strstr(sub->takes, word.buf))
			return error_set(err, ERR_USAGE, "'run %s' takes no --%s", sub->name, opts->name);
	}
	return 0;
}

static const char *nearest_to(const char *name)
{
	static const char *const others[][2] = { { "list", "ls" }, { "remove", "rm" }, { "delete", "rm" }, { "end", "finish" }, { "stop", "finish" } };
	const char *names[COUNT_OF(subs)];
	long nearest;

	for (size_t i = 0; i < COUNT_OF(others); i++)
		if (strcmp(others[i][0], name) == 0)
			return others[i][1];
	for (size_t i = 0; subs[i].name; i++)
		names[i] = subs[i].name;
	nearest = suggest_nearest(name, names, COUNT_OF(subs) - 1);
	return nearest < 0 ? NULL : names[nearest];
}

static int unknown(const char *name, struct error *err)
{
	CLEANUP(strbuf) struct strbuf names = STRBUF_INIT;
	const char *nearest = nearest_to(name);

	for (const struct sub *sub = subs; sub->name; sub++)
		strbuf_addf(&names, "%s%s", names.len ? ", " : "", sub->name);
	error_set(err, ERR_USAGE, "'%s' is none of %s", name, names.buf);
	if (nearest)
		return error_hint(err, "Did you mean 'run %s'?", nearest);
	return error_hint(err, "usage: mreg run %s", cmd_run.synopsis);
}

static int wrong_count(const struct sub *sub, const struct operands *all, struct error *err)
{
	if (all->count <= sub->min)
		error_set(err, ERR_USAGE, "'run %s' needs %s", sub->name, all->count == 1 ? "an operand" : "one more operand");
	else
		error_set(err, ERR_USAGE, "'run %s' takes no '%s'", sub->name, all->v[1 + sub->max]);
	return error_hint(err, "usage: mreg run %s %s", sub->name, sub->usage);
}

static int act(struct session *s, struct run_args *a, const struct opt *opts, const struct operands *all, struct error *err)
{
	const struct sub *sub = find_sub(all->v[0]);
	size_t count = all->count - 1;

	if (!sub)
		return unknown(all->v[0], err);
	if (!sub->run)
		return error_set(err, ERR_USAGE, "the options of 'run %s' stand behind it", sub->name);
	if (count < sub->min || count > sub->max)
		return wrong_count(sub, all, err);
	if (check_options(sub, opts, err) < 0)
		return -1;
	a->operands = (struct operands){ all->v + 1, count };
	return sub->run(s, a, err);
}

/* What ls and show take: it is in the table to be listed with the rest, and refused of the others. */
struct looks {
	const char *search, *columns, *sort, *remote;
	struct strvec states, metrics;
	uint64_t limit;
	bool all;
};

static void looks_cleanup(struct looks *l)
{
	strvec_release(&l->states);
	strvec_release(&l->metrics);
}

static bool has_dashes(char **argv)
{
	while (*argv && strcmp(*argv, "--") != 0)
		argv++;
	return *argv != NULL;
}

/* The first word that is no option. */
static const char *first_word(char **argv)
{
	for (argv++; *argv; argv++)
		if (**argv != '-')
			return *argv;
	return "";
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	CLEANUP(run_args) struct run_args a = { .pid = UINT64_MAX, .step = UINT64_MAX, .status = UINT64_MAX };
	CLEANUP(operands) struct operands all = OPERANDS_INIT;
	const char *first = first_word(argv);
	CLEANUP(looks) struct looks looks = { .limit = UINT64_MAX };
	const struct opt opts[] = {
		OPT_STRING('t', "job-type", &a.job_type, "TYPE", "start, exec: what kind of work it is (default: run)"),
		OPT_STRVEC(0, "config", &a.config_files, "FILE", "start, exec: keep this configuration, a JSON object"),
		OPT_STRVEC('M', "metadata", &a.metadata, "KEY=VALUE", "start, exec: a value of the configuration, over what the file says"),
		OPT_STRING(0, "name", &a.name, "NAME", "start, exec: a name for people"),
		OPT_STRVEC(0, "tag", &a.tags, "TAG", "start, exec: tag the run; ls: only runs with this tag"),
		OPT_STRVEC(0, "code", &a.code, "PATH", "start, exec: keep this code"),
		OPT_STRVEC(0, "env", &a.environment, "NAME", "start, exec: record this variable of the environment, too; may be a pattern"),
		OPT_FLAG(0, "no-git", &a.no_git, "start, exec: do not ask git about the code"),
		OPT_U64(0, "pid", &a.pid, "PID", "start: the run has died when this process is gone, such as $$"),
		OPT_STRVEC(0, "use", &a.use, "REF", "exec: what the program uses, as 'mreg use' takes it"),
		OPT_STRING(0, "id-file", &a.id_file, "FILE", "exec: write the run's id there before the program runs"),
		OPT_U64(0, "step", &a.step, "N", "log: at this step (default: the next one of each metric)"),
		OPT_U64(0, "status", &a.status, "N", "finish: the exit status of the program"),
		OPT_FLAG('f', "force", &a.force, "rm: also a run that has not ended"),
		OPT_STRING(0, "search", &looks.search, "QUERY", "ls: only runs that match (mreg-query(7))"),
		OPT_STRVEC(0, "state", &looks.states, "STATE", "ls: only runs in this state: running, finished, failed or died"),
		OPT_STRING(0, "columns", &looks.columns, "LIST", "ls: columns to show, such as id,metrics.acc,config.lr"),
		OPT_STRING(0, "sort", &looks.sort, "KEY", "ls: order by a column; -KEY for the largest first"),
		OPT_U64(0, "limit", &looks.limit, "N", "ls: at most N rows; -n is short for it there"),
		OPT_STRVEC(0, "metric", &looks.metrics, "METRIC", "show: the points of this metric"),
		OPT_FLAG(0, "all", &looks.all, "show: all points, not only as many as show the curve"),
		OPT_STRING(0, "remote", &looks.remote, "REMOTE", "ls, show: ask that registry: a remote's name, a URL or a path"),
		OPT_STRING('m', "message", &a.message, "TEXT", "reason, for the history; of start and exec a note about the run"),
		OPT_DRY_RUN(&a.dry_run),
		OPT_END,
	};

	/* those that look read their options themselves: -n is a number there */
	if (strcmp(first, "ls") == 0 || strcmp(first, "show") == 0)
		return (*first == 'l' ? run_ls : run_show)(s, argc, argv, err) < 0 ? narrow_usage(first, err) : 0;
	if (session_parse(s, opts, argc, argv, 1, SIZE_MAX, &all, err) < 0)
		return narrow_usage(first, err);
	a.has_dashes = has_dashes(argv);
	return act(s, &a, opts, &all, err);
}

const struct command cmd_run = {
	.name = "run",
	.synopsis = "[options] start [-- COMMAND...] | log [RUN] NAME=VALUE...|- | finish [RUN] | exec -- COMMAND... | ls | show RUN | inputs RUN... | outputs RUN... | "
		    "cat RUN PATH | replay -n RUN | rm RUN...",
	.summary = "record what made a version",
	.group = GROUP_TRACE, .needs = NEEDS_REGISTRY, .run = run,
};
