/* SPDX-License-Identifier: Apache-2.0 */
/* What the sub-verbs of run share: one table of options, and one function each. */
#ifndef MREG_CMD_RUN_H
#define MREG_CMD_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "cmd/cmd.h"
#include "format/json.h"
#include "registry/run-write.h"

/* The options of all sub-verbs.  run.c has the table; each sub-verb says there by name which of them it takes, any other is refused before it is called. */
struct run_args {
	struct operands operands;  /* behind the sub-verb */
	const char *message;       /* -m: why; of start and exec a note about the run */
	bool dry_run;
	/* start, exec */
	const char *job_type, *name;
	struct strvec config_files, code, environment, tags, metadata;
	bool no_git;
	bool has_dashes;           /* "--" stands on the command line: start takes operands behind it only */
	uint64_t pid;              /* UINT64_MAX: not given, as for all numbers */
	/* exec */
	struct strvec use;
	const char *id_file;
	/* log */
	uint64_t step;
	/* finish */
	uint64_t status;
	/* rm */
	bool force;
};

/* Begins a run as the options of start and exec say (argv may be NULL), inside of the one that MREG_RUN names. */
int run_start_begin(struct session *s, const struct run_args *a, const struct strvec *argv, struct run *out, struct error *err) MUST_CHECK;
/* The run that an operand means; NULL: the one that MREG_RUN names, ERR_USAGE when there is none. */
int run_start_get(struct session *s, const char *text, struct run *out, struct error *err) MUST_CHECK;

/* ---- the sub-verbs, each in cmd/run-NAME.c ---- */

int run_cat(struct session *s, const struct run_args *a, struct error *err) MUST_CHECK;
int run_exec(struct session *s, const struct run_args *a, struct error *err) MUST_CHECK;
int run_replay(struct session *s, const struct run_args *a, struct error *err) MUST_CHECK;
int run_list_inputs(struct session *s, const struct run_args *a, struct error *err) MUST_CHECK;
int run_list_outputs(struct session *s, const struct run_args *a, struct error *err) MUST_CHECK;
int run_rm_verb(struct session *s, const struct run_args *a, struct error *err) MUST_CHECK;

int run_log_verb(struct session *s, const struct run_args *a, struct error *err) MUST_CHECK;
int run_start_verb(struct session *s, const struct run_args *a, struct error *err) MUST_CHECK;
int run_start_finish_verb(struct session *s, const struct run_args *a, struct error *err) MUST_CHECK;

#endif
