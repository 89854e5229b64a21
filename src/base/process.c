/* SPDX-License-Identifier: Apache-2.0 */
/* Other programs: found on PATH, spawned without a shell, waited for. */
#include <config.h>

#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/interrupt.h"
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
	sigaddset(&set, SIGXFSZ);
	if (!number)
		number = posix_spawnattr_setsigdefault(attributes, &set);
	if (!number)
		number = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return number;
}

/* Ours, without those that are set anew.  The strings are borrowed. */
static char **make_environment(const struct strvec *variables)
{
	size_t count = 0, len;
	char **out;

	while (environ && environ[count])
		count++;
	out = xcalloc(count + variables->count + 1, sizeof *out);
	count = 0;
	for (char **old = environ; old && *old; old++) {
		bool is_set = false;

		len = strcspn(*old, "=");
		for (size_t i = 0; i < variables->count && !is_set; i++)
			is_set = !strncmp(variables->v[i], *old, len) && variables->v[i][len] == '=';
		if (!is_set)
			out[count++] = *old;
	}
	for (size_t i = 0; i < variables->count; i++)
		out[count++] = variables->v[i];
	return out;
}

static int spawn_it(const char *const *argv, const struct strvec *variables, posix_spawn_file_actions_t *actions,
	posix_spawnattr_t *attributes, pid_t *pid)
{
	CLEANUP(ptr) char **changed = variables && variables->count ? make_environment(variables) : NULL;
	char **args;

	memcpy(&args, &argv, sizeof args); /* posix_spawn takes char *const * and changes nothing */
	return posix_spawnp(pid, argv[0], actions, attributes, args, changed ? changed : environ);
}

int process_spawn_with(const char *const *argv, const struct strvec *variables, int stdin_fd, int stdout_fd, int stderr_fd, pid_t *pid,
	struct error *err)
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
		number = spawn_it(argv, variables, &actions, &attributes, pid);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (!number)
		return 0;
	errno = number;
	error_set_errno(err, "cannot run '%s'", argv[0]);
	errno = number;
	return -1;
}

int process_spawn(const char *const *argv, int stdin_fd, int stdout_fd, int stderr_fd, pid_t *pid, struct error *err)
{
	return process_spawn_with(argv, NULL, stdin_fd, stdout_fd, stderr_fd, pid, err);
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

/* Without a pidfd it is asked every ten milliseconds.  A process that is not there, or no longer ours, has ended. */
bool process_wait_ms(pid_t pid, unsigned ms, int *status)
{
#ifdef SYS_pidfd_open
	CLEANUP(fd) int fd = (int)syscall(SYS_pidfd_open, pid, 0);
#else
	int fd = -1;
#endif
	struct pollfd ended = { .fd = fd, .events = POLLIN };
	int how = 0;
	pid_t got;

	for (unsigned waited = 0; (got = waitpid(pid, &how, WNOHANG)) == 0 && waited < ms; waited += fd < 0 ? 10 : ms)
		poll(&ended, fd < 0 ? 0 : 1, (int)(fd < 0 ? 10 : ms));
	if (!got)
		got = waitpid(pid, &how, WNOHANG);
	if (!got)
		return false;
	*status = got < 0 ? 255 : WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
	return true;
}

/* Until all is written or the reader is gone. */
static void feed(int fd, const char *text, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, text, len);
		if (n < 0 && errno != EINTR)
			return;
		if (n < 0) {
			if (interrupt_pending())
				return;
			continue;
		}
		text += n;
		len -= (size_t)n;
	}
}

/* A terminal tells both of us to stop; whoever tells us alone means the program as well.  Without a pidfd a signal may come just before the waiting. */
static void await_or_pass_on(pid_t pid)
{
	struct error interrupted = ERROR_INIT;
#ifdef SYS_pidfd_open
	CLEANUP(fd) int fd = (int)syscall(SYS_pidfd_open, pid, 0);
#else
	int fd = -1;
#endif

	if (fd < 0 ? interrupt_check(&interrupted) < 0 : interrupt_wait_input(fd, &interrupted) < 0)
		kill(pid, interrupt_signal());
}

int process_attend(pid_t pid, int *status, struct error *err)
{
	await_or_pass_on(pid);
	return process_wait(pid, status, err);
}

int process_tell(const char *const *argv, const char *text, size_t len, int *status, struct error *err)
{
	CLEANUP(fd) int from = -1, to = -1;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return error_set_errno(err, "cannot make a pipe");
	from = ends[0];
	to = ends[1];
	if (process_spawn(argv, from, STDERR_FILENO, -1, &pid, err) < 0)
		return -1;
	fd_cleanup(&from);
	from = -1;
	feed(to, text, len);
	fd_cleanup(&to);
	to = -1;
	return process_attend(pid, status, err);
}

/* As posix_spawnp() looks for it: an empty directory in PATH is the current one. */
int process_find(const char *program, struct error *err)
{
	const char *dirs = env_get("PATH");
	size_t len;

	if (strchr(program, '/') || !dirs)
		return access(program, X_OK) ? error_set_errno(err, "cannot run '%s'", program) : 0;
	for (;; dirs += len + 1) {
		CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;

		len = strcspn(dirs, ":");
		strbuf_add(&path, dirs, len);
		strbuf_addf(&path, "%s%s", len ? "/" : "", program);
		if (!access(path.buf, X_OK) && !file_is_dir(path.buf))
			return 0;
		if (!dirs[len])
			return error_set(err, ERR_LOCAL, "cannot run '%s': it is not in PATH", program);
	}
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
