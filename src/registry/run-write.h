/* SPDX-License-Identifier: Apache-2.0 */
/* Begins and ends runs. */
#ifndef MREG_REGISTRY_RUN_WRITE_H
#define MREG_REGISTRY_RUN_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "format/json.h"
#include "registry/registry.h"
#include "registry/run.h"

struct run_start {
	const char *job_type;      /* NULL: "run" */
	const char *label;         /* NULL: none */
	const struct strvec *config_files; /* JSON in them becomes the record's config, of one key that of the later; any other text is only kept, with a
					    * warning; stored as config/BASENAME; may be NULL */
	const json_t *config;      /* -M key=value: over what the files say, "a.b" within their "a" if it is an object; may be NULL */
	const struct strvec *code; /* paths to store under code/; may be NULL */
	const struct strvec *argv; /* NULL: none */
	const struct strvec *environment; /* names and globs to record beside the default ones (run.environment in the configuration); may be NULL */
	const char *note;          /* NULL: none */
	const struct strvec *tags; /* may be NULL */
	int64_t pid;               /* the process whose end without an end of the run means that it died; 0: none */
	const char *parent;        /* id of the run it is started in, or NULL */
	bool no_git;               /* do not ask git about the current directory */
	bool dry_run;              /* out then has no id */
};
/* One transaction; the run's file in .mreg/runs/ is there afterwards.  Ends the snapshot. */
int run_start(struct registry *reg, const struct run_start *start, struct run *out, struct error *err) MUST_CHECK;

struct run_finish {
	bool has_status;
	int status, signal;
	const char *why; /* NULL: none */
	bool dry_run;
};
/* Writes the last record: metrics, points, status, end.  ERR_CONFLICT when it has ended.  The run's file in .mreg/runs/ is gone afterwards.  Ends the snapshot. */
int run_finish(struct registry *reg, const struct run *run, const struct run_finish *finish, struct error *err) MUST_CHECK;

#endif
