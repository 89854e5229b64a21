/* SPDX-License-Identifier: Apache-2.0 */
/* Other programs: found on PATH, spawned without a shell, waited for. */
#include <config.h>

#include "base/process.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/strvec.h"

extern char **environ;

/* A descriptor that already has its number would keep close-on-exec: posix_spawn clears it in that case since POSIX 2024 and glibc 2.29. */
static int redirect(posix_spawn_file_actions_t *actions, int from, int to)
{
	return from < 0 ? 0 : posix_spawn_file_actions_adddup2(actions, from, to);
}

/* What we ignore or block for ourselves is not the program's business. */
static int reset_signals(posix_spawnattr_t *attributes)
{
	sigset_t set;
	int number;

	sigemptyset(&set);
	number = posix_spawnattr_setsigmask(attributes, &set);
	sigaddset(&set, SIGPIPE);
	if (!number)
		number = posix_spawnattr_setsigdefault(attributes, &set);
	if (!number)
		number = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return number;
}

static int spawn_with(const char *const *argv, posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, pid_t *pid)
{
	char **args;

	memcpy(&args, &argv, sizeof args); /* posix_spawn takes char *const * and changes nothing */
	return posix_spawnp(pid, argv[0], actions, attributes, args, environ);
}

int process_spawn(const char *const *argv, int stdin_fd, int stdout_fd, int stderr_fd, pid_t *pid, struct error *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int number;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	number = redirect(&actions, stdin_fd, STDIN_FILENO);
	if (!number)
		number = redirect(&actions, stdout_fd, STDOUT_FILENO);
	if (!number)
		number = redirect(&actions, stderr_fd, STDERR_FILENO);
	if (!number)
		number = reset_signals(&attributes);
	if (!number)
		number = spawn_with(argv, &actions, &attributes, pid);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (!number)
		return 0;
	errno = number;
	return error_set_errno(err, "cannot run '%s'", argv[0]);
}

/* The program was told to stop by the same signal as we were; it is waited for all the same. */
int process_wait(pid_t pid, int *status, struct error *err)
{
	int how;

	while (waitpid(pid, &how, 0) < 0)
		if (errno != EINTR)
			return error_set_errno(err, "cannot wait for process %ld", (long)pid);
	*status = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
	return 0;
}

/* Adds one word to *word; the text behind it, or NULL if a quote stays open. */
static const char *take_word(const char *p, struct strbuf *word)
{
	char quote = '\0';

	for (; *p && (quote || !strchr(" \t\n", *p)); p++) {
		if (quote && *p == quote)
			quote = '\0';
		else if (!quote && (*p == '\'' || *p == '"'))
			quote = *p;
		else if (*p == '\\' && p[1] && (!quote || (quote == '"' && strchr("\\\"", p[1]))))
			strbuf_addc(word, *++p);
		else
			strbuf_addc(word, *p);
	}
	return quote ? NULL : p;
}

int process_split(const char *text, struct strvec *out, struct error *err)
{
	for (const char *p = text + strspn(text, " \t\n"); *p; p += strspn(p, " \t\n")) {
		CLEANUP(strbuf) struct strbuf word = STRBUF_INIT;

		p = take_word(p, &word);
		if (!p)
			return error_set(err, ERR_INVALID, "a quote is not closed in '%s'", text);
		strvec_push(out, word.buf);
	}
	return 0;
}
