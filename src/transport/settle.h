/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be made and withdrawn here so that what has diverged fits together again. */
#ifndef MREG_TRANSPORT_SETTLE_H
#define MREG_TRANSPORT_SETTLE_H

#include "base/error.h"
#include "base/strvec.h"
#include "format/merge.h"
#include "registry/registry.h"
#include "store/journal.h"
#include "transport/listed.h"

struct settle_options {
	bool renumber;               /* --renumber: also collections of one name are joined */
	bool settles;
	enum merge_winner winner;
	const struct strvec *settle; /* references; none: all */
	const char *verb, *why;
	const struct strvec *names;  /* patterns of collections that theirs was listed by; none: all */
};

/*
 * theirs: everything, not only what is new.  *planned_at: of the journal that the plan was made from.  The plan is empty when nothing had diverged.  Warns of what conflicts
 * are left.  ERR_CONFLICT: a change that was withdrawn here.
 */
int settle_plan(struct registry *reg, const struct listed *theirs, const struct settle_options *o, struct merge_plan *plan,
		struct journal_position *planned_at, struct error *err) MUST_CHECK;

#endif
