/* SPDX-License-Identifier: Apache-2.0 */
/* mreg run start, mreg run finish. */
#include <config.h>

#include <string.h>

#include "cmd/fields.h"
#include "cmd/run.h"
#include "registry/metadata.h"
#include "registry/run-alive.h"

static int fill(const struct run_args *a, struct run_start *out, json_t *config, struct error *err)
{
	if (a->pid != UINT64_MAX && (a->pid == 0 || a->pid > INT32_MAX))
		return error_set(err, ERR_USAGE, "--pid %llu is no process", (unsigned long long)a->pid);
	for (size_t i = 0; i < a->metadata.count; i++)
		if (metadata_add_word(config, a->metadata.v[i], err) < 0)
			return -1;
	*out = (struct run_start){
		.job_type = a->job_type,
		.label = a->name,
		.config_files = &a->config_files,
		.config = config,
		.code = &a->code,
		.environment = &a->environment,
		.note = a->message,
		.tags = &a->tags,
		.pid = a->pid == UINT64_MAX ? 0 : (int64_t)a->pid,
		.no_git = a->no_git,
		.dry_run = a->dry_run,
	};
	return 0;
}

int run_start_begin(struct session *s, const struct run_args *a, const struct strvec *argv, struct run *out, struct error *err)
{
	CLEANUP(run) struct run parent = RUN_INIT;
	CLEANUP(json) json_t *config = json_object();
	struct run_start start;
	struct view *v = registry_view(s->registry, err);
	int has_parent = v ? run_current(v, NULL, &parent, err) : -1;

	if (has_parent < 0 || fill(a, &start, config, err) < 0)
		return -1;
	start.argv = argv;
	start.parent = has_parent ? parent.id.text : NULL;
	return run_start(s->registry, &start, out, err);
}

static json_t *record(const struct run *run, bool dry_run)
{
	json_t *doc = fields_run(run);

	if (dry_run)
		json_object_set_new(doc, "id", json_null());
	return doc;
}

int run_start_verb(struct session *s, const struct run_args *a, struct error *err)
{
	CLEANUP(run) struct run run = RUN_INIT;
	CLEANUP(strvec) struct strvec argv = STRVEC_INIT;

	if (a->operands.count && !a->has_dashes) {
		error_set(err, ERR_USAGE, "'run start' takes no '%s'", a->operands.v[0]);
		return error_hint(err, "A command that is to be recorded stands behind '--'; 'mreg run exec -- COMMAND' runs one.");
	}
	operands_from(&a->operands, 0, &argv);
	if (run_start_begin(s, a, argv.count ? &argv : NULL, &run, err) < 0)
		return -1;
	if (!a->dry_run)
		return out_result(s->out, record(&run, false), "id", err);
	report_note(s->report, "dry run: no run was started");
	return out_mode(s->out) == OUT_JSON ? out_result(s->out, record(&run, true), "id", err) : 0;
}

/* ---- finish ---- */

int run_start_get(struct session *s, const char *text, struct run *out, struct error *err)
{
	struct view *v = registry_view(s->registry, err);
	int found;

	if (!v)
		return -1;
	if (text)
		return run_get(v, text, out, err);
	found = run_current(v, NULL, out, err);
	if (found)
		return found < 0 ? -1 : 0;
	error_set(err, ERR_USAGE, "no run is named");
	return error_hint(err, "Name it, or set MREG_RUN to its id.");
}

/* Nobody saw how it ended: to call that a success takes somebody who says so. */
static int check_died(struct session *s, const struct run *run, const struct run_finish *finish, struct error *err)
{
	if (finish->has_status || run_alive_is(s->registry, &run->id) != RUN_ALIVE_NO)
		return 0;
	error_set(err, ERR_USAGE, "the run '%s' has died, and how it ended is not known", run->id.text);
	return error_hint(err, "Say --status N: 0 if all went well, else another number.");
}

int run_start_finish_verb(struct session *s, const struct run_args *a, struct error *err)
{
	CLEANUP(run) struct run run = RUN_INIT;
	struct run_finish finish = { .has_status = a->status != UINT64_MAX, .why = a->message, .dry_run = a->dry_run };
	json_t *doc;

	if (finish.has_status && a->status > 255)
		return error_set(err, ERR_USAGE, "--status %llu is no exit status: they go from 0 to 255", (unsigned long long)a->status);
	finish.status = finish.has_status ? (int)a->status : 0;
	if (run_start_get(s, a->operands.count ? a->operands.v[0] : NULL, &run, err) < 0 || check_died(s, &run, &finish, err) < 0 ||
		run_finish(s->registry, &run, &finish, err) < 0)
		return -1;
	if (a->dry_run)
		report_note(s->report, "dry run: the run goes on");
	doc = record(&run, false);
	json_object_set_new(doc, "state", json_string(run_state_name(finish.status ? RUN_FAILED : RUN_FINISHED)));
	return out_result(s->out, doc, "id", err);
}
