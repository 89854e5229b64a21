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
 * Speaks on descriptors 0 and 1 until the client closes them.  What fails on a request is told the client as FRAME_ERROR, ends the connection, and is returned too
 * (for the exit status and, on our stderr, nothing more).  Never runs anything that the client names.
 */
int serve_run(struct source *source, const struct serve_options *options, struct report *report, struct error *err) MUST_CHECK;

#endif
