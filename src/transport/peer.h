/* SPDX-License-Identifier: Apache-2.0 */
/* The process at the other end of a connection: what it says on its standard error, and how it ended. */
#ifndef MREG_TRANSPORT_PEER_H
#define MREG_TRANSPORT_PEER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/report.h"
#include "base/strbuf.h"
#include "base/strvec.h"

struct peer {
	pid_t pid;          /* -1: there is none */
	bool is_server;     /* not to be stopped */
	int errors;         /* its standard error, non-blocking; -1 */
	bool is_holding;    /* lines are kept, since they may be the reason why it fails; else they are told as notes */
	struct strbuf line; /* what has no newline yet */
	struct strvec said; /* its last lines, visible; at most 32 */
	size_t told;        /* how many lines were told */
	size_t untold;      /* how many of `said` are held back */
	int status;         /* once has_ended */
	bool has_ended;
};
#define PEER_INIT { .pid = -1, .errors = -1, .line = STRBUF_INIT, .said = STRVEC_INIT }

/* Takes what can be read without waiting.  name: "'origin'". */
void peer_listen(struct peer *p, const char *name, struct report *report);
/* Nothing is held back any more, and what was is told. */
void peer_release(struct peer *p, const char *name, struct report *report);
/* Waits at most so long for its end, then hears its last words.  false: it has not ended. */
bool peer_await(struct peer *p, unsigned ms);
/* Its end: asked for, if it does not come by itself in that time; a server is left to what it has to finish.  Nothing it says from here on is told.  p is PEER_INIT after it. */
void peer_end(struct peer *p, unsigned ms);
/* Is this among what it said? */
bool peer_has_said(const struct peer *p, const char *text);
/* Its last line that is not empty, or NULL. */
const char *peer_last_line(const struct peer *p);

#endif
