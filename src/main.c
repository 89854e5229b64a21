/* SPDX-License-Identifier: Apache-2.0 */
/* The program: options before the verb, the verb, its error, the exit status. */
#include <config.h>

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/env.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "ui/message.h"
#include "ui/pager.h"
#include "ui/terminal.h"

/* Of a file that we open, none may become standard output by chance.  Opened the wrong way round, each still fails when it is used. */
static void fill_standard_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			_exit(error_status(ERR_LOCAL));
}

static int fix_clock(struct error *err)
{
	const char *now = env_get("MREG_NOW");
	int64_t ns;

	if (!now)
		return 0;
	if (!clock_parse_utc(now, &ns) && !clock_parse_user(now, &ns))
		return error_set(err, ERR_INVALID, "'MREG_NOW' must be a time such as @1700000000 or 2026-11-21T03:33:12Z, not '%s'", now);
	clock_fix(ns);
	return 0;
}

/* An error in the options is to be JSON too, and --json may stand behind it. */
static bool wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--json"))
			return true;
	return false;
}

static void open_messages(int argc, char **argv)
{
	const struct message_options options = {
		.json = wants_json(argc, argv),
		.color = terminal_wants_color(NULL, terminal_is_stderr()),
	};

	message_init(&options);
}

static int change_directory(void *arg, const char *value, size_t operands_before, struct error *err)
{
	(void)arg;
	(void)operands_before;
	if (*value && chdir(value))
		return error_set_errno(err, "cannot change to directory '%s'", value);
	return 0;
}

static int run_verb(struct session *s, const char *name, int argc, char **argv, struct error *err)
{
	s->command = command_find(name);
	if (!s->command)
		return command_unknown(name, err);
	return s->command->run(s, argc, argv, err);
}

/* -h and --version alone are verbs in disguise. */
static int run_alone(struct session *s, char *name, struct error *err)
{
	char *argv[] = { name, NULL };

	s->globals.help = false;
	return run_verb(s, name, 1, argv, err);
}

static int no_verb(struct error *err)
{
	CLEANUP(strbuf) struct strbuf overview = STRBUF_INIT;

	command_overview(&overview);
	message_text(overview.buf);
	return error_set(err, ERR_USAGE, "no verb was given");
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	static char help[] = "help", version[] = "version";
	bool wants_version = false;
	int at = argc;
	const struct opt before_verb[] = {
		OPT_CALLBACK('C', NULL, change_directory, NULL, "DIR", "change to DIR first"),
		OPT_STRVEC('c', NULL, &s->overrides, "KEY=VALUE", "set a configuration key for this command"),
		OPT_FLAG('\0', "version", &wants_version, "print the version"),
		OPT_END,
	};

	if (fix_clock(err) < 0 || opt_parse_globals(&s->globals, before_verb, argc, argv, &at, err) < 0)
		return -1;
	if (wants_version)
		return run_alone(s, version, err);
	if (at < argc)
		return run_verb(s, argv[at], argc - at, argv + at, err);
	return s->globals.help ? run_alone(s, help, err) : no_verb(err);
}

/* Output comes first, then the pager's end, then the error: whoever reads both sees them in this order. */
static void finish(struct session *s, int result, struct error *err)
{
	struct error flushing = ERROR_INIT;

	if (result < 0 && err->code == ERR_NONE && !s->globals.help && !s->globals.list_options)
		BUG("'%s' failed without an error", s->command ? s->command->name : "mreg");
	if (s->out && out_flush(s->out, &flushing) < 0 && (err->code == ERR_NONE || err->code == ERR_NO))
		*err = flushing;
	if (pager_finish() && err->code == ERR_QUIET)
		error_clear(err);
	if (err->code == ERR_INTEGRITY)
		session_distrust(s, err);
	session_close(s);
	message_error(err);
}

/* The shell is to see that the signal ended us, as if we had not caught it. */
static void die_by_signal(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	signal(sig, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(sig);
}

int main(int argc, char **argv)
{
	struct session s = { .overrides = STRVEC_INIT, .config = CONFIG_INIT };
	struct error err = ERROR_INIT;

	fill_standard_fds();
	crash_arm(env_get("MREG_CRASH"));
	interrupt_install();
	open_messages(argc, argv);
	s.report = message_report();
	finish(&s, run(&s, argc, argv, &err), &err);
	if (err.code == ERR_INTERRUPTED)
		die_by_signal(interrupt_signal());
	/* a shell goes on after a program that only ended with such a status; others would leave a core file, or not end us */
	if (err.code == ERR_NONE && (s.signal == SIGINT || s.signal == SIGTERM || s.signal == SIGHUP))
		die_by_signal(s.signal);
	return err.code == ERR_NONE ? s.status : error_status(err.code);
}
