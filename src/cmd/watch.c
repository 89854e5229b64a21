/* SPDX-License-Identifier: Apache-2.0 */
/* mreg watch: runs a program each time a reference comes to mean another version. */
#include <config.h>

#include "base/interrupt.h"
#include "base/mem.h"
#include "base/notify.h"
#include "base/path.h"
#include "base/process.h"
#include "base/strbuf.h"
#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "format/reference.h"
#include "registry/watch.h"

#define LOOK_MS 1000 /* where the kernel does not tell */
#define ASK_S 60     /* each time is a connection */
#define INTERVAL_S_MAX (UINT64_C(1) << 20)
#define NOT_GIVEN UINT64_MAX

struct watching {
	struct session *s;
	const char *ref;
	const char *const *program; /* NULL-terminated */
	uint64_t interval_ms;
	bool now, once, keep_going;
	struct notify notify;
	struct watch_state seen; /* the version that the program was run for last, or that was there at the start */
	bool has_looked, is_missing;
	bool is_unsure; /* the last look did not succeed, but the next one may */
};

static void watching_cleanup(struct watching *w)
{
	notify_cleanup(&w->notify);
	watch_state_cleanup(&w->seen);
}

/* ---- looking ---- */

static int look_once(struct watching *w, struct watch_state *out, struct error *why, struct error *err)
{
	struct session *s = w->s;
	int rc = session_open_again(s, err);

	if (rc == 0)
		rc = session_update(s, &w->ref, 1, err);
	if (rc == 0)
		rc = watch_look(s->registry, w->ref, out, why, err);
	/* in a remote that has no such collection there is nothing to be looked at */
	if (rc < 0 && err->code == ERR_NO_COLLECTION) {
		*why = *err;
		error_clear(err);
		rc = 0;
	}
	if (err->code == ERR_INTEGRITY)
		session_distrust(s, err);
	session_let_go(s);
	return rc;
}

/* Whoever watches for days is not to end because a network was away; what is wrong from the start is to be said at once. */
static bool may_pass(const struct watching *w, const struct error *err)
{
	return w->has_looked && (err->code == ERR_REMOTE || err->code == ERR_LOCK_TIMEOUT);
}

static int look(struct watching *w, struct watch_state *out, struct error *err)
{
	struct error why = ERROR_INIT;

	if (look_once(w, out, &why, err) < 0) {
		if (!may_pass(w, err))
			return -1;
		if (!w->is_unsure)
			report_warning(w->s->report, "%s; it is tried again", err->text);
		error_clear(err);
		w->is_unsure = true;
		return 0;
	}
	if (!out->is_there && !w->is_missing)
		report_note(w->s->report, "%s: waiting for it", why.text);
	w->is_missing = !out->is_there;
	w->is_unsure = false;
	return 0;
}

/* Who starts it in the background can tell from this that nothing is missed from now on. */
static void tell_start(const struct watching *w, const struct watch_state *now)
{
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT;

	if (!now->is_there)
		return;
	resolved_name(&ref, &now->version);
	report_note(w->s->report, "'%s' is %s: waiting until it moves", w->ref, ref.buf);
}

static int await_change(struct watching *w, struct error *err)
{
	if (w->s->remote_name || w->is_unsure)
		return interrupt_wait(w->interval_ms, err);
	return notify_wait(&w->notify, err);
}

/* ---- running ---- */

/* People get nothing on stdout but what the program prints; who wants records gets them alone there. */
static bool wants_records(const struct watching *w)
{
	return out_mode(w->s->out) == OUT_JSON || out_mode(w->s->out) == OUT_TEMPLATE;
}

static int print(struct watching *w, const struct watch_state *now, const char *old_ref, int status, struct error *err)
{
	json_t *record = json_object();

	json_object_set_new(record, "ref", fields_ref(now->version.collection.name, now->version.row.number));
	json_object_set_new(record, "digest", json_oid(&now->version.row.digest));
	json_object_set_new(record, "old_ref", json_text_or_null(old_ref));
	json_object_set_new(record, "status", json_u64((uint64_t)status));
	return out_list_row(w->s->out, record, err) < 0 ? -1 : out_flush(w->s->out, err);
}

static void make_variables(const struct watching *w, const char *ref, const char *old_ref, const struct oid *digest, struct strvec *out)
{
	CLEANUP(strbuf) struct strbuf variable = STRBUF_INIT, dir = STRBUF_INIT;

	strbuf_addf(&variable, "MREG_REF=%s", ref);
	strvec_push(out, variable.buf);
	strbuf_reset(&variable);
	strbuf_addf(&variable, "MREG_OLD_REF=%s", old_ref);
	strvec_push(out, variable.buf);
	strbuf_reset(&variable);
	strbuf_addf(&variable, "MREG_DIGEST=%s", oid_hex(digest).text);
	strvec_push(out, variable.buf);
	if (w->s->remote_name)
		return;
	strbuf_reset(&variable);
	path_dir(&dir, w->s->mreg_dir);
	strbuf_addf(&variable, "MREG_DIR=%s", dir.buf);
	strvec_push(out, variable.buf);
}

static int run_program(struct watching *w, const struct watch_state *now, int *status, struct error *err)
{
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT, old_ref = STRBUF_INIT;
	CLEANUP(strvec) struct strvec variables = STRVEC_INIT;
	int to = wants_records(w) ? PROCESS_STDERR : -1;
	pid_t pid;

	resolved_name(&ref, &now->version);
	if (w->seen.is_there)
		resolved_name(&old_ref, &w->seen.version);
	report_note(w->s->report, "'%s' is %s now", w->ref, ref.buf);
	make_variables(w, ref.buf, old_ref.buf, &now->version.row.digest, &variables);
	if (process_spawn_with(w->program, &variables, -1, to, -1, &pid, err) < 0 || process_attend(pid, status, err) < 0)
		return -1;
	return wants_records(w) ? print(w, now, old_ref.buf, *status, err) : 0;
}

/* 1: it is to end here. */
static int handle_move(struct watching *w, const struct watch_state *now, struct error *err)
{
	int status;

	if (run_program(w, now, &status, err) < 0 || interrupt_check(err) < 0)
		return -1;
	if (status && w->keep_going && !w->once)
		report_warning(w->s->report, "'%s' ended with status %d", w->program[0], status);
	if (!w->once && (!status || w->keep_going))
		return 0;
	if (!w->once)
		report_note(w->s->report, "'%s' ended with status %d, and so does watch; --keep-going goes on", w->program[0], status);
	w->s->status = status;
	return 1;
}

/* What moves while the program runs is found by the next look, and is one move. */
static int watch(struct watching *w, struct error *err)
{
	for (;;) {
		CLEANUP(watch_state) struct watch_state now = WATCH_STATE_INIT;
		bool moved;
		int end = 0;

		if (look(w, &now, err) < 0)
			return -1;
		moved = watch_has_moved(&w->seen, &now);
		if (moved && (w->has_looked || w->now))
			end = handle_move(w, &now, err);
		if (end)
			return end < 0 ? -1 : 0;
		if (!w->has_looked && !w->now)
			tell_start(w, &now);
		w->has_looked = true;
		if (moved) {
			watch_state_cleanup(&w->seen);
			w->seen = now;
			now = (struct watch_state)WATCH_STATE_INIT;
			continue; /* it may have taken long */
		}
		if (await_change(w, err) < 0)
			return -1;
	}
}

static int start(struct watching *w, uint64_t interval, struct error *err)
{
	static const struct column columns[] = {
		{ "ref", NULL, COLUMN_TEXT, false }, { "old_ref", NULL, COLUMN_TEXT, false }, { "status", NULL, COLUMN_NUMBER, false },
		{ NULL, NULL, COLUMN_TEXT, false },
	};
	bool is_given = interval != NOT_GIVEN;
	struct session *s = w->s;
	struct reference parsed;

	if (!interval || (is_given && interval > INTERVAL_S_MAX))
		return error_set(err, ERR_USAGE, "'--interval' must be at least 1s and at most 12d");
	if (reference_parse(w->ref, &parsed, err) < 0 || process_find(w->program[0], err) < 0)
		return -1;
	session_let_go(s);
	w->interval_ms = is_given ? interval * 1000 : s->remote_name ? ASK_S * 1000 : LOOK_MS;
	if (!s->remote_name)
		notify_open(&w->notify, s->mreg_dir, "journal", (unsigned)w->interval_ms, is_given ? NOTIFY_LOOK : 0);
	return wants_records(w) ? out_list_begin(s->out, columns, NULL, "ref", err) : 0;
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	CLEANUP(watching) struct watching w = { .s = s, .notify = NOTIFY_INIT, .seen = WATCH_STATE_INIT };
	uint64_t interval = NOT_GIVEN;
	const struct opt opts[] = {
		OPT_FLAG(0, "now", &w.now, "run CMD at the start, too"),
		OPT_FLAG(0, "once", &w.once, "end when CMD has been run once, with its status"),
		OPT_FLAG('k', "keep-going", &w.keep_going, "go on when CMD fails"),
		OPT_DURATION(0, "interval", &interval, "T", "look every T; with --remote 60s"),
		OPT_REMOTE(&s->remote_name),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 2, SIZE_MAX, &operands, err) < 0)
		return -1;
	w.ref = operands.v[0];
	w.program = operands.v + 1;
	if (start(&w, interval, err) < 0)
		return -1;
	return watch(&w, err);
}

const struct command cmd_watch = {
	.name = "watch", .synopsis = "[options] REF -- CMD [ARG...]", .summary = "run a program each time a reference moves",
	.group = GROUP_OTHER, .needs = NEEDS_REGISTRY, .run = run,
};
