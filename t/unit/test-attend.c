/* SPDX-License-Identifier: Apache-2.0 */
/* A program that is run in our place gets signals and variables, and its end is told. */
#include <config.h>

#include "base/attend.h"

#include <signal.h>

#include "base/interrupt.h"
#include "tap.h"

static struct error err;
static struct attended end;

/* `end` tells. */
static void attend(const char *script)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct strvec variables = STRVEC_INIT;

	strvec_push(&variables, "HOME=/nowhere");
	strvec_push(&variables, "MREG_RUN=r-1");
	need(!attend_run(argv, &variables, &end, &err), err.text);
	strvec_release(&variables);
}

static void test_ends(void)
{
	const char *const nothing[] = { "mreg-no-such-program", NULL }, *const directory[] = { "/", NULL };

	attend("exit 7");
	ok(end.is_started && end.status == 7 && !end.signal, "a status");
	attend("kill -KILL $$");
	ok(end.is_started && end.status == 128 + SIGKILL && end.signal == SIGKILL, "a signal");
	need(!attend_run(nothing, NULL, &end, &err), "attend_run");
	ok(!end.is_started && end.status == 127 && strstr(err.text, "cannot run 'mreg-no-such-program'"), "no such program");
	need(!attend_run(directory, NULL, &end, &err), "attend_run");
	ok(!end.is_started && end.status == 126, "no program");
}

static void test_variables(void)
{
	attend("test $HOME = /nowhere && test $MREG_RUN = r-1 && test $OTHER = kept && test $(env | grep -c ^HOME=) = 1");
	is_int(end.status, 0, "variables are set anew, and others kept");
}

/* Another process signals us; the program waits for what reaches it. */
static void test_signals(void)
{
	char script[512];

	for (const char *const *name = (const char *const[]){ "INT", "TERM", "HUP", "QUIT", "USR1", "USR2", "WINCH", NULL }; *name; name++) {
		snprintf(script, sizeof script,
			"trap 'kill $!; exit 9' %s; p=%ld; (kill -%s $p) & tail -f /dev/null & wait", *name, (long)getpid(), *name);
		attend(script);
		ok(end.status == 9 && !end.signal, "%s reaches it, and it alone", *name);
	}
}

static void test_interrupted(void)
{
	const char *const argv[] = { "false", NULL };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	interrupt_install();
	raise(SIGTERM);
	ok(attend_run(argv, NULL, &end, &err) < 0 && err.code == ERR_INTERRUPTED && !end.is_started, "after a signal nothing is begun");
}

int main(void)
{
	setenv("HOME", "/somewhere", 1);
	setenv("OTHER", "kept", 1);
	signal(SIGCHLD, SIG_IGN); /* as a careless parent leaves it */
	test_ends();
	test_variables();
	test_signals();
	test_interrupted();
	return tap_done();
}
