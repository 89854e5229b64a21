/* SPDX-License-Identifier: Apache-2.0 */
/* A pager between us and the terminal. */
#include <config.h>

#include "ui/pager.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/strvec.h"
#include "ui/terminal.h"

static struct {
	pid_t pid;  /* 0: none runs */
	int stdout_fd; /* the terminal, to be put back */
} pager;

static int run_behind(const struct strvec *words, struct error *err)
{
	int ends[2];
	CLEANUP(fd) int from = -1, to = -1, kept = -1;

	if (pipe2(ends, O_CLOEXEC))
		return error_set_errno(err, "cannot make a pipe");
	from = ends[0];
	to = ends[1];
	kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (kept < 0)
		return error_set_errno(err, "cannot keep standard output");
	if (process_spawn((const char *const *)words->v, from, -1, -1, &pager.pid, err) < 0) {
		pager.pid = 0;
		return -1;
	}
	pager.stdout_fd = kept;
	kept = -1;
	if (dup2(to, STDOUT_FILENO) >= 0)
		return 0;
	error_set_errno(err, "cannot write to '%s'", words->v[0]);
	pager_finish();
	return -1;
}

int pager_start(const char *command, struct error *err)
{
	CLEANUP(strvec) struct strvec words = STRVEC_INIT;

	if (!command || pager.pid || !terminal_is_stdout())
		return 0;
	if (process_split(command, &words, err) < 0)
		return -1;
	if (!words.count || (words.count == 1 && !strcmp(words.v[0], "cat")))
		return 0;
	/* as git: colours pass, what fits on the screen just stays there */
	setenv("LESS", "FRX", 0);
	setenv("LV", "-c", 0);
	return run_behind(&words, err);
}

bool pager_finish(void)
{
	struct error ignored = ERROR_INIT;
	int status;

	if (!pager.pid)
		return false;
	dup2(pager.stdout_fd, STDOUT_FILENO);
	close(pager.stdout_fd);
	if (process_wait(pager.pid, &status, &ignored) < 0)
		error_clear(&ignored);
	pager.pid = 0;
	return true;
}
