/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a program in our place: signals reach it, and we stay until it has ended. */
#ifndef MREG_BASE_ATTEND_H
#define MREG_BASE_ATTEND_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strvec.h"

struct attended {
	bool is_started; /* false: it could not be run, and status is 127 when there is no such program, else 126, as env(1) has it */
	int status;      /* 128 + signal after a signal */
	int signal;      /* 0: none */
};

/*
 * Runs argv (NULL-terminated) on our own standard input, output and error, with these variables ("NAME=VALUE") over our environment, and waits for its end.
 * INT TERM HUP QUIT USR1 USR2 WINCH TSTP CONT are sent on to it, unless the terminal or the program itself has sent them, which reach both anyway; when the terminal
 * stops it, we stop as well.  None of them ends us: from the call on, and after it, they are held back (die_by_signal() in main lets one in).
 * 0, also when it could not be run: err then says why.  -1: ERR_INTERRUPTED when a signal had come before, and it was not run.
 */
int attend_run(const char *const *argv, const struct strvec *variables, struct attended *out, struct error *err) MUST_CHECK;
/* One that asks us to stop (INT, TERM, HUP) is held back. */
bool attend_is_asked_to_stop(void);

#endif
