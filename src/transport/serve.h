/* SPDX-License-Identifier: Apache-2.0 */
/* The side that is asked: answers one client until it says no more (mreg-protocol(5)). */
#ifndef MREG_TRANSPORT_SERVE_H
#define MREG_TRANSPORT_SERVE_H

#include <stdbool.h>

#include "base/error.h"
#include "registry/config.h"
#include "registry/registry.h"
#include "transport/source.h"

struct serve_options {
	bool is_read_only; /* pushes are refused */
	const char *user;  /* --user: who the client is; NULL: what it says itself, or ours */
	unsigned idle_s;   /* how long to wait for a silent client */
};

/*
 * Speaks on descriptors 0 and 1, which are /dev/null from here on, until the client closes them.  What fails on a request is told the client as
 * FRAME_ERROR, ends the connection, and is returned too; without its text when the client has it, so that nobody reads it twice.  What the
 * registry reports meanwhile goes to the client as FRAME_NOTE; report takes its place again after it.  Never runs anything that the client names.
 */
int serve_run(struct source *source, const struct serve_options *options, struct report *report, struct error *err) MUST_CHECK;
/* Tells the client why there is nothing to serve; -1, with err as serve_run() leaves it. */
int serve_refuse(struct error *err) MUST_CHECK;

#endif
