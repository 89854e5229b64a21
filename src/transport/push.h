/* SPDX-License-Identifier: Apache-2.0 */
/* Hands another registry what this one has and it lacks. */
#ifndef MREG_TRANSPORT_PUSH_H
#define MREG_TRANSPORT_PUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "registry/ref-change.h"
#include "registry/registry.h"
#include "registry/remote.h"

struct push_options {
	const struct remote *remote;
	const struct strvec *patterns; /* NAME[:REF], as written; NULL or none: everything */
	const char *why;               /* may be NULL */
	bool dry_run;                  /* the far side decides, nothing is sent but changes */
	bool override;                 /* although an alias is protected there; needs a why */
};
struct push_outcome {
	struct ref_changes refs;  /* what becomes of which reference there */
	struct strvec diverged;   /* keys, when that is why it was refused: in words */
	uint64_t objects, bytes;  /* that were sent */
	bool is_current;          /* there was nothing to send */
};
#define PUSH_OUTCOME_INIT { .objects = 0 }
void push_outcome_cleanup(struct push_outcome *r);

/*
 * One connection.  Heads are compared before anything is sent.  ERR_CONFLICT: diverged, or the
 * far side has what is not here yet: pull first.  ERR_POLICY, ERR_CONFLICT as the far side says.  ERR_INTEGRITY: something that would have to be sent is
 * missing here.  No view may be open.
 */
int push_run(struct registry *reg, const struct push_options *o, struct push_outcome *out, struct error *err) MUST_CHECK;

#endif
