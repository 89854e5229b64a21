/* SPDX-License-Identifier: Apache-2.0 */
/* Other programs: found on PATH, spawned without a shell, waited for. */
#ifndef MREG_BASE_PROCESS_H
#define MREG_BASE_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

#define PROCESS_STDERR 2 /* our standard error, as a descriptor below */
/* A descriptor of -1 keeps ours.  argv NULL-terminated.  posix_spawnp; ERR_LOCAL "cannot run 'x': …".  What we ignore (PIPE) is not ignored there. */
int process_spawn(const char *const *argv, int stdin_fd, int stdout_fd, int stderr_fd, pid_t *pid, struct error *err) MUST_CHECK;
/* The same with variables ("NAME=VALUE"; may be NULL) over those of our environment.  errno is then why it could not be run. */
struct strvec;
int process_spawn_with(const char *const *argv, const struct strvec *variables, int stdin_fd, int stdout_fd, int stderr_fd, pid_t *pid,
		       struct error *err) MUST_CHECK;
/* Exit status, or 128 + signal. */
int process_wait(pid_t pid, int *status, struct error *err) MUST_CHECK;
/* The same, waiting at most so long and for no signal: false when it has not ended yet. */
bool process_wait_ms(pid_t pid, unsigned ms, int *status);
/* process_wait(); a signal that asks us to stop is passed on to it meanwhile. */
int process_attend(pid_t pid, int *status, struct error *err) MUST_CHECK;
/* ERR_LOCAL when process_spawn() would find no such program: for one that is to run only later. */
int process_find(const char *program, struct error *err) MUST_CHECK;
/* Runs argv with text on its standard input and its standard output on our standard error, and waits.  Whether it reads the text is its own affair.
 * A signal that asks us to stop is passed on to it. */
int process_tell(const char *const *argv, const char *text, size_t len, int *status, struct error *err) MUST_CHECK;
/* Splits a command line at blanks, with '…' "…" and backslash, without a shell. ERR_INVALID on an open quote. */
int process_split(const char *text, struct strvec *out, struct error *err) MUST_CHECK;

#endif
