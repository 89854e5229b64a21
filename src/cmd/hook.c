/* SPDX-License-Identifier: Apache-2.0 */
/* mreg hook: lists the programs that run around a change, and runs them by hand. */
#include <config.h>

#include <string.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "registry/hook-failed.h"
#include "registry/hook.h"
#include "registry/registry.h"

/* ---- hook ls ---- */

struct counting {
	const char *hook;
	uint64_t count;
};

static int count_failed(const char *path, const json_t *event, void *arg, struct error *err)
{
	struct counting *c = arg;
	const char *hook;

	(void)path;
	(void)err;
	c->count += json_get_string(event, "hook", &hook) && strcmp(hook, c->hook) == 0;
	return 0;
}

static int list_one(struct session *s, const struct hook *hook, struct error *err)
{
	struct counting failed = { hook->name, 0 };
	json_t *record;

	if (hook_failed_each(s->mreg_dir, count_failed, &failed, err) < 0)
		return -1;
	if (!hook->is_there && !failed.count)
		return 0;
	record = json_object();
	json_object_set_new(record, "hook", json_string(hook->name));
	json_object_set_new(record, "executable", json_boolean(hook->is_runnable));
	json_object_set_new(record, "failed", json_u64(failed.count));
	json_object_set_new(record, "path", json_escaped(hook->path, strlen(hook->path)));
	return out_list_row(s->out, record, err);
}

static int list(struct session *s, const struct hooks *hooks, struct error *err)
{
	static const struct column columns[] = {
		{ "hook", NULL, COLUMN_TEXT, false }, { "executable", NULL, COLUMN_TEXT, false }, { "failed", NULL, COLUMN_NUMBER, false },
		{ "path", NULL, COLUMN_TEXT, false }, { NULL, NULL, COLUMN_TEXT, false },
	};

	if (out_list_begin(s->out, columns, NULL, "hook", err) < 0)
		return -1;
	for (int when = 0; when < HOOK_WHEN_COUNT; when++)
		for (int kind = 0; kind < EVENT_KIND_COUNT; kind++)
			if (list_one(s, &hooks->v[when][kind], err) < 0)
				return -1;
	return out_list_end(s->out, err);
}

/* ---- hook run ---- */

/* passed NULL: it was not run */
static json_t *record(const json_t *event, const bool *passed)
{
	json_t *doc = json_object();

	json_object_set(doc, "hook", json_object_get(event, "hook"));
	json_object_set(doc, "ref", json_object_get(event, "ref"));
	json_object_set_new(doc, "passed", passed ? json_boolean(*passed) : json_null());
	return doc;
}

/* As it stands on the hook's standard input. */
static int print(struct session *s, json_t *event, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (out_mode(s->out) == OUT_JSON || out_mode(s->out) == OUT_TEMPLATE) {
		json_object_del(event, "format"); /* it is put there anyway */
		return out_result(s->out, json_incref(event), NULL, err);
	}
	json_print(&text, event);
	strbuf_addc(&text, '\n');
	return out_bytes(s->out, text.buf, text.len, err);
}

static int run_by_hand(struct session *s, const struct hooks *hooks, const struct operands *operands, bool dry_run, struct error *err)
{
	enum event_kind kind;
	const struct hook *hook = hook_get(hooks, operands->v[1], &kind, err);
	CLEANUP(json) json_t *event = hook ? event_of(s->registry, kind, operands->v[2], err) : NULL;
	CLEANUP(json) json_t *complete = event ? event_for(event, hook->name, clock_now()) : NULL;

	if (!complete)
		return -1;
	registry_drop_view(s->registry);
	if (dry_run)
		return print(s, complete, err);
	if (hook_run(hooks, s->registry, hook, complete, err) < 0)
		return -1;
	return out_mode(s->out) == OUT_JSON ? out_result(s->out, record(complete, &(bool){ true }), NULL, err) : 0;
}

struct again {
	struct session *s;
	const struct hooks *hooks;
	bool dry_run;
	uint64_t failed;
};

static int run_one_again(const char *path, const json_t *event, void *arg, struct error *err)
{
	struct again *a = arg;
	struct error why = ERROR_INIT;
	enum event_kind kind;
	const char *name = "";
	const struct hook *hook = json_get_string(event, "hook", &name) ? hook_get(a->hooks, name, &kind, &why) : NULL;
	bool passed = a->dry_run || (hook && hook_run(a->hooks, a->s->registry, hook, event, &why) == 0);

	if (!passed && why.code == ERR_INTERRUPTED) {
		*err = why;
		return -1;
	}
	if (!passed)
		report_warning(a->s->report, "%s", why.text);
	a->failed += !passed;
	if (passed && !a->dry_run && hook_failed_forget(path, err) < 0)
		return -1;
	return out_list_row(a->s->out, record(event, a->dry_run ? NULL : &passed), err);
}

static int run_failed(struct session *s, const struct hooks *hooks, bool dry_run, struct error *err)
{
	static const struct column columns[] = {
		{ "hook", NULL, COLUMN_TEXT, false }, { "ref", NULL, COLUMN_TEXT, false }, { "passed", NULL, COLUMN_TEXT, false },
		{ NULL, NULL, COLUMN_TEXT, false },
	};
	struct again a = { s, hooks, dry_run, 0 };

	if (out_list_begin(s->out, columns, NULL, "ref", err) < 0 ||
	    hook_failed_each(s->mreg_dir, run_one_again, &a, err) < 0 || out_list_end(s->out, err) < 0)
		return -1;
	if (!a.failed)
		return 0;
	return error_set(err, ERR_POLICY, "%llu hook%s failed again", (unsigned long long)a.failed, a.failed == 1 ? "" : "s");
}

static int wrong_usage(const struct operands *operands, struct error *err)
{
	error_set(err, ERR_USAGE, "'%s' with %zu operands is none of ls, run NAME REF, run --failed", operands->v[0], operands->count - 1);
	return error_hint(err, "usage: mreg hook ls | run NAME REF | run --failed");
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	bool failed = false, dry_run = false;
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	CLEANUP(hooks) struct hooks hooks = HOOKS_INIT;
	const struct opt opts[] = {
		OPT_FLAG(0, "failed", &failed, "run those again that have failed after a change"),
		OPT_FLAG('n', "dry-run", &dry_run, "print the event, run nothing"),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, 3, &operands, err) < 0)
		return -1;
	hooks_find(s->registry, &hooks);
	if (strcmp(operands.v[0], "ls") == 0 && operands.count == 1 && !failed)
		return list(s, &hooks, err);
	if (strcmp(operands.v[0], "run") != 0 || operands.count != (failed ? 1 : 3))
		return wrong_usage(&operands, err);
	return failed ? run_failed(s, &hooks, dry_run, err) : run_by_hand(s, &hooks, &operands, dry_run, err);
}

const struct command cmd_hook = {
	.name = "hook", .synopsis = "[options] ls | run NAME REF | run --failed", .summary = "list the programs that run around a change, or run them",
	.group = GROUP_OTHER, .needs = NEEDS_REGISTRY, .run = run,
};
