/* SPDX-License-Identifier: Apache-2.0 */
/* Waits for signals as they come, one after the other, so that there is neither a handler nor a race. */
#include <config.h>

#include "base/attend.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/mem.h"
#include "base/process.h"

static const int passed_on[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP, SIGCONT };

static void on_child(int sig)
{
	(void)sig;
}

/* Whoever started us may ignore the end of its children, and so would we: then nobody could be waited for. */
static void hold_back(sigset_t *set)
{
	struct sigaction action = { .sa_handler = on_child };

	sigemptyset(set);
	for (size_t i = 0; i < COUNT_OF(passed_on); i++)
		sigaddset(set, passed_on[i]);
	sigaddset(set, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	sigemptyset(&action.sa_mask);
	sigaction(SIGCHLD, &action, NULL);
}

/* What the kernel sends because of a terminal goes to all that run on it; what one process sends comes to us alone, as far as we can know. */
static void pass_on(const siginfo_t *info, pid_t pid)
{
	if (info->si_code <= 0 && info->si_pid != pid)
		kill(pid, info->si_signo);
}

/* True when it has ended.  Stopped at the terminal it waits for the shell, which waits for us to be stopped. */
static bool look(pid_t pid, struct attended *out, int *lost)
{
	int how;
	pid_t got;

	*lost = 0;
	while ((got = waitpid(pid, &how, WNOHANG | WUNTRACED)) == pid && WIFSTOPPED(how))
		if (WSTOPSIG(how) == SIGTSTP)
			kill(getpid(), SIGSTOP);
	if (got < 0 && errno != EINTR)
		*lost = errno;
	if (got != pid)
		return false;
	out->signal = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
	out->status = out->signal ? 128 + out->signal : WEXITSTATUS(how);
	return true;
}

static int await_end(pid_t pid, const sigset_t *set, struct attended *out, struct error *err)
{
	siginfo_t info;
	int lost;

	while (!look(pid, out, &lost)) {
		errno = lost;
		if (lost)
			return error_set_errno(err, "cannot wait for process %ld", (long)pid);
		if (sigwaitinfo(set, &info) > 0 && info.si_signo != SIGCHLD)
			pass_on(&info, pid);
	}
	return 0;
}

int attend_run(const char *const *argv, const struct strvec *variables, struct attended *out, struct error *err)
{
	sigset_t set;
	pid_t pid;

	*out = (struct attended){ .is_started = false };
	hold_back(&set);
	if (interrupt_check(err) < 0)
		return -1;
	if (process_spawn_with(argv, variables, -1, -1, -1, &pid, err) < 0) {
		out->status = errno == ENOENT || errno == ENOTDIR ? 127 : 126;
		return 0;
	}
	out->is_started = true;
	return await_end(pid, &set, out, err);
}

bool attend_is_asked_to_stop(void)
{
	sigset_t waiting;

	return !sigpending(&waiting) && (sigismember(&waiting, SIGINT) || sigismember(&waiting, SIGTERM) || sigismember(&waiting, SIGHUP));
}
