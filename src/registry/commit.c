/* SPDX-License-Identifier: Apache-2.0 */
/* Stamps a decision with who and why, asks protections and hooks about it, and has it taken. */
#include <config.h>

#include "registry/commit.h"

#include <string.h>

#include "base/env.h"
#include "base/utf8.h"
#include "registry/absent.h"
#include "registry/event.h"
#include "registry/hook.h"
#include "registry/protect.h"
#include "registry/run.h"
#include "registry/version.h"

#define MAX_ROUNDS 10 /* of hooks that are asked about a decision which is another one when it is taken */

/* One decision, from its rehearsal to the hooks that come after it. */
struct attempt {
	struct registry *reg;
	const struct commit *commit;
	txn_decide_fn decide;
	void *arg;
	struct hooks hooks;
	unsigned kinds;
	struct strvec stages;
	struct events events; /* of the last time that it was decided */
	struct events asked;  /* what the hooks have agreed to; its list is NULL when there are none to ask */
	bool has_changed;     /* under the lock it was not what they were asked about */
	struct run run;       /* in which it is made; "" for none */
};

static void attempt_cleanup(struct attempt *a)
{
	hooks_cleanup(&a->hooks);
	strvec_release(&a->stages);
	events_cleanup(&a->events);
	events_cleanup(&a->asked);
	run_cleanup(&a->run);
}

static int decide_guarded(struct txn *txn, void *arg, struct error *err)
{
	struct attempt *a = arg;

	if (a->decide(txn, a->arg, err) < 0 || (!a->commit->by && absent_guard(txn, err) < 0) ||
	    (!a->commit->is_heeded && protect_guard(txn, a->commit, err) < 0))
		return -1;
	if (!a->kinds)
		return 0;
	if (event_collect(txn, a->reg, a->commit, a->kinds, &a->stages, &a->events, err) < 0 ||
	    hooks_check(&a->hooks, a->reg, &a->events, err) < 0)
		return -1;
	if (!a->asked.list || json_equal(a->asked.list, a->events.list))
		return 0;
	a->has_changed = true;
	return error_set(err, ERR_CONFLICT, "the registry keeps changing while the hooks are asked");
}

static int run_once(struct attempt *a, bool dry_run, struct error *err)
{
	struct txn_info info = registry_txn_info(a->reg, a->commit->verb, a->commit->why, dry_run);

	info.stat_rows = a->commit->stat_rows;
	info.by = a->commit->by;
	info.run = a->run.id.text;
	info.expected = a->commit->expected;
	info.end = a->commit->end;
	return txn_run(a->reg->store, &info, decide_guarded, a, err);
}

/* The hooks are asked without a lock, so what they agreed to may be out of date by the time it is done: then they are asked again. */
static int run_asking(struct attempt *a, struct error *err)
{
	if (run_once(a, true, err) < 0)
		return -1;
	for (int round = 0; round < MAX_ROUNDS; round++) {
		error_clear(err);
		events_cleanup(&a->asked);
		a->asked = a->events;
		a->events = (struct events)EVENTS_INIT;
		a->has_changed = false;
		if (hooks_run_before(&a->hooks, a->reg, &a->asked, err) < 0)
			return -1;
		if (run_once(a, false, err) == 0)
			return 0;
		if (!a->has_changed)
			return -1;
	}
	return -1;
}

/* What is only taken over was asked about where it was made; who receives is asked once, about all of it. */
static unsigned kinds_of(const struct commit *commit)
{
	const unsigned received = 1u << EVENT_RECEIVE;

	if (!commit->by)
		return ~received;
	return commit->is_heeded ? received : ~0u;
}

/* It goes to other registries, which do not take it with characters that do something to a terminal: those are spelled out. */
static const char *visible_why(const char *why, struct strbuf *visible)
{
	if (!why || !utf8_has_control(why, strlen(why), CHANGE_WHY_CONTROLS))
		return why;
	utf8_add_visible(visible, why, strlen(why));
	return visible->buf;
}

/* What is only taken over was made in no run of here. */
static int find_run(struct attempt *a, struct error *err)
{
	struct view *v;
	int found;

	if (a->commit->by || (!a->commit->run && !env_get("MREG_RUN")))
		return 0;
	v = registry_view(a->reg, err);
	found = v ? run_current(v, a->commit->run, &a->run, err) : -1;
	if (found < 0)
		return -1;
	return found && !a->commit->run ? run_heed_end(a->reg, v, &a->run, err) : 0;
}

int commit_run(struct registry *reg, const struct commit *given, txn_decide_fn decide, void *arg, struct error *err)
{
	CLEANUP(strbuf) struct strbuf why = STRBUF_INIT;
	struct commit told = *given;
	const struct commit *commit = &told;
	CLEANUP(attempt) struct attempt a = { .reg = reg, .commit = commit, .decide = decide, .arg = arg, .stages = STRVEC_INIT, .run = RUN_INIT };

	told.why = visible_why(given->why, &why);
	if (find_run(&a, err) < 0)
		return -1;
	registry_drop_view(reg);
	hooks_find(reg, &a.hooks);
	a.kinds = hooks_kinds(&a.hooks) & kinds_of(commit);
	/* the objects' lock is taken before the journal's: events show what a version was put with */
	if (a.kinds && (config_stages(reg->config, &a.stages, err) < 0 || !version_objects(reg, err)))
		return -1;
	if (commit->dry_run || !a.kinds || !hooks_ask_before(&a.hooks)) {
		if (run_once(&a, commit->dry_run, err) < 0)
			return -1;
	} else if (run_asking(&a, err) < 0) {
		return -1;
	}
	if (!commit->dry_run)
		hooks_add_after(&reg->after, &a.hooks, reg, &a.events);
	else if (!commit->tells_dry_run)
		report_note(reg->report, "dry run: nothing was changed");
	return 0;
}
