/* SPDX-License-Identifier: Apache-2.0 */
/* Removing runs; remove_restore() brings them back. */
#ifndef MREG_REGISTRY_RUN_REMOVE_H
#define MREG_REGISTRY_RUN_REMOVE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strvec.h"
#include "registry/registry.h"

struct run_removal {
	const struct strvec *runs; /* as they are written (run_get()) */
	bool force;                /* those that run as well; else ERR_CONFLICT */
	const char *why;           /* NULL: none */
	bool dry_run;
};
/* One transaction: records, and what the runs used and made.  What they made stays; what only they used is held no longer.  *removed: their ids, each once. */
int run_remove(struct registry *reg, const struct run_removal *removal, struct strvec *removed, struct error *err) MUST_CHECK;

#endif
