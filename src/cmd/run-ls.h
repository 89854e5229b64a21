/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of runs: `run ls`, `search --runs`. */
#ifndef MREG_CMD_RUN_LS_H
#define MREG_CMD_RUN_LS_H

#include <stdint.h>

#include "base/strvec.h"
#include "cmd/cmd.h"
#include "format/query.h"

struct run_ls_options {
	const struct query *query;
	const struct strvec *job_types, *states; /* only those; NULL or empty: all */
	const struct strvec *tags;               /* only runs with all of them */
	const char *columns, *sort;              /* or NULL; a name may begin with "run." */
	uint64_t limit;                          /* UINT64_MAX: none */
};
/* Prints them, those begun last first; *count: how many there are. */
int run_ls_find(struct session *s, const struct run_ls_options *options, uint64_t *count, struct error *err) MUST_CHECK;

/* Whether there is such a column, or such a member in one; "started" is one, too.  ERR_USAGE with a hint. */
int run_ls_check_column(const char *name, struct error *err) MUST_CHECK;

/* The sub-verb, with options of its own; the operand before all others is "ls". */
int run_ls(struct session *s, int argc, char **argv, struct error *err) MUST_CHECK;

#endif
