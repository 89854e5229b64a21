/* SPDX-License-Identifier: Apache-2.0 */
/* mreg run exec: a run around a program. */
#include <config.h>

#include <string.h>
#include <unistd.h>

#include "base/attend.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "cmd/run.h"
#include "registry/registry.h"
#include "registry/resolve.h"
#include "registry/run-alive.h"
#include "registry/run-file.h"
#include "registry/run-use.h"

#define FINISH_TRIES 60 /* each as long as core.lockTimeout: what has run for days is not to lose its end because somebody is slow */

/* ---- before ---- */

/* As much as can be known before anything is begun. */
static int check_inputs(struct session *s, const struct run_args *a, struct error *err)
{
	for (size_t i = 0; i < a->use.count; i++) {
		CLEANUP(resolved) struct resolved version = RESOLVED_INIT;
		struct view *v = registry_view(s->registry, err);

		if (!v)
			return -1;
		if (run_use_kind(a->use.v[i]) == RUN_USE_REFERENCE && resolve_text(v, a->use.v[i], &version, err) < 0)
			return -1;
	}
	return 0;
}

static int declare_inputs(struct session *s, const struct run_args *a, const struct run *run, struct error *err)
{
	struct run_used used;

	for (size_t i = 0; i < a->use.count; i++)
		if (run_use(s->registry, run, &(struct run_use){ .text = a->use.v[i] }, &used, err) < 0)
			return -1;
	return 0;
}

static int write_id(const struct run_args *a, const struct run *run, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (!a->id_file)
		return 0;
	strbuf_addf(&text, "%s\n", run->id.text);
	return file_replace(a->id_file, text.buf, text.len, 0666, err);
}

/* We are the process that it stands for, from the first moment on. */
static int begin(struct session *s, const struct run_args *a, const struct strvec *argv, struct run *run, struct error *err)
{
	struct run_args ours = *a;

	ours.pid = (uint64_t)getpid();
	return run_start_begin(s, &ours, argv, run, err);
}

/* ---- the program ---- */

static void add_variable(struct strvec *out, const char *name, const char *value)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "%s=%s", name, value);
	strvec_push(out, text.buf);
}

/* What the command line says of the registry holds for what is run inside, too. */
static void make_variables(struct session *s, const struct run *run, struct strvec *out)
{
	static const char *const keys[][2] = { { "core.entity", "MREG_ENTITY" }, { "core.project", "MREG_PROJECT" },
					       { "core.sshCommand", "MREG_SSH" } };

	add_variable(out, "MREG_RUN", run->id.text);
	add_variable(out, "MREG_DIR", s->registry->root);
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		const struct config_item *item = config_find(&s->config, keys[i][0]);

		if (item && item->scope == CONFIG_COMMAND)
			add_variable(out, keys[i][1], item->value);
	}
}

/* No lock and no view is held while it runs, but the one that says that it does. */
static int attend(struct session *s, const struct strvec *argv, const struct run *run, struct attended *end, struct error *err)
{
	CLEANUP(strvec) struct strvec variables = STRVEC_INIT;
	int rc;

	make_variables(s, run, &variables);
	registry_close(s->registry);
	s->registry = NULL;
	rc = attend_run((const char *const *)argv->v, &variables, end, err);
	if (rc == 0 && !end->is_started) {
		report_warning(s->report, "%s", err->text);
		error_clear(err);
	}
	return rc;
}

/* ---- after ---- */

static int record_end(struct session *s, const struct run *run, const struct run_finish *end, struct error *err)
{
	if (!s->registry && session_use_registry(s, err) < 0)
		return -1;
	for (int i = 1; run_finish(s->registry, run, end, err) < 0; i++) {
		if (err->code != ERR_LOCK_TIMEOUT || i == FINISH_TRIES || attend_is_asked_to_stop())
			return -1;
		if (i == 1)
			report_warning(s->report, "the end of run '%s' cannot be recorded yet: %s", run->id.text, err->text);
		error_clear(err);
	}
	return 0;
}

/* From within is as it should be; of anybody else's end the program's own and perhaps what it logged are lost. */
static int heed_other_end(struct session *s, const struct run *run, struct error *err)
{
	struct view *v = registry_view(s->registry, err);
	int within = v ? run_is_ended_within(v, run, err) : -1;

	if (within < 0)
		return -1;
	if (within == 0)
		report_note(s->report, "the run '%s' had been ended already, by somebody else: how the program ended is not recorded%s", run->id.text,
			run_file_touched(s->registry, &run->id) ? ", nor what it logged since" : "");
	return 0;
}

/* It may have been ended meanwhile, and then that is its end. */
static int finish(struct session *s, const struct run *run, const struct run_finish *end, struct error *err)
{
	if (record_end(s, run, end, err) == 0)
		return 0;
	if (err->code == ERR_CONFLICT) {
		error_clear(err);
		if (heed_other_end(s, run, err) == 0)
			return 0;
	}
	return error_wrap(err, "cannot record the end of run '%s'", run->id.text);
}

/* It was begun, and its program was not run.  What comes of this is told after what was wrong before. */
static int give_up(struct session *s, const struct run *run, struct error *err)
{
	struct run_finish end = { .why = err->text };
	struct error failure = ERROR_INIT;

	if (err->code == ERR_INTERRUPTED) {
		end.signal = interrupt_signal();
		end.status = 128 + end.signal;
		end.has_status = true;
	} else {
		end.status = error_status(err->code);
		end.has_status = true;
	}
	interrupt_defer();
	if (finish(s, run, &end, &failure) < 0)
		report_warning(s->report, "%s", failure.text);
	return -1;
}

/* The program's status stands above our own troubles, unless it would say that all is well. */
static int tell(struct session *s, const struct run *run, const struct attended *end, struct error *err)
{
	const struct run_finish f = { .has_status = true, .status = end->status, .signal = end->signal };

	s->status = end->status;
	s->signal = end->signal;
	if (finish(s, run, &f, err) == 0)
		return 0;
	if (!end->status)
		return -1;
	report_warning(s->report, "%s", err->text);
	error_clear(err);
	return 0;
}

static int execute(struct session *s, const struct run_args *a, const struct strvec *argv, struct error *err)
{
	CLEANUP(run_alive) struct run_alive *alive = NULL;
	CLEANUP(run) struct run run = RUN_INIT;
	struct attended end;

	if (begin(s, a, argv, &run, err) < 0)
		return -1;
	alive = run_alive_hold(s->registry, &run.id, err);
	if (!alive || declare_inputs(s, a, &run, err) < 0 || write_id(a, &run, err) < 0)
		return give_up(s, &run, err);
	report_note(s->report, "run '%s'", run.id.text);
	if (attend(s, argv, &run, &end, err) < 0)
		return give_up(s, &run, err);
	return tell(s, &run, &end, err);
}

int run_exec(struct session *s, const struct run_args *a, struct error *err)
{
	CLEANUP(strvec) struct strvec argv = STRVEC_INIT;
	CLEANUP(run) struct run run = RUN_INIT;

	if (a->id_file && registry_check_outside(s->registry, a->id_file, err) < 0)
		return -1;
	if (check_inputs(s, a, err) < 0)
		return -1;
	operands_from(&a->operands, 0, &argv);
	if (!a->dry_run)
		return execute(s, a, &argv, err);
	if (begin(s, a, &argv, &run, err) < 0)
		return -1;
	report_note(s->report, "dry run: no run was begun, and '%s' was not run", argv.v[0]);
	return 0;
}
