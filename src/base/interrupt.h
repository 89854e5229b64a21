/* SPDX-License-Identifier: Apache-2.0 */
/* Signals that ask us to stop: noted in a flag, asked for at every chunk and file, so that cleanup runs by scope. */
#ifndef MREG_BASE_INTERRUPT_H
#define MREG_BASE_INTERRUPT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Installs handlers for INT, TERM, HUP (unless ignored by the parent) without SA_RESTART, and ignores PIPE and XFSZ. A second signal ends the process at once. */
void interrupt_install(void);
bool interrupt_pending(void);
/* Which signal, or 0. */
int interrupt_signal(void);
/* -1 with ERR_INTERRUPTED when a signal came. */
int interrupt_check(struct error *err) MUST_CHECK;
/* Waits until fd has something to read, or its end; a signal that came just before is not slept through.  0, or -1 as above. */
int interrupt_wait_input(int fd, struct error *err) MUST_CHECK;
/* Waits until one of these is ready, at most so long (-1: for ever): how many are, or -1 as above. */
int interrupt_poll(struct pollfd *fds, size_t count, int ms, struct error *err) MUST_CHECK;
/* Waits so long. 0, or at once -1 as above. */
int interrupt_wait(uint64_t ms, struct error *err) MUST_CHECK;
/* From here on a signal no longer stops anything: the change is durable and the rest is short. */
void interrupt_defer(void);
/* Takes that back, for who goes on to something else that may last; a signal that came meanwhile counts. */
void interrupt_heed(void);

#endif
