/* SPDX-License-Identifier: Apache-2.0 */
/* In what state the code is: asked of git, as of a repository that is not to be trusted. */
#ifndef MREG_REGISTRY_RUN_CODE_H
#define MREG_REGISTRY_RUN_CODE_H

#include <stddef.h>

#include "base/error.h"
#include "base/report.h"
#include "base/strbuf.h"
#include "format/json.h"

#define RUN_CODE_DIFF_FILE "code.diff"      /* in the manifest of a run's record */
#define RUN_CODE_DIFF_MAX (64u << 20)
#define RUN_CODE_UNTRACKED_MAX 100          /* names recorded */

struct run_code {
	/*
	 * {"branch":TEXT,"commit":HEX,"dirty":BOOL,"remote":URL,"root":PATH,"untracked":[PATH…],"untracked_count":N}, or NULL where there is no repository or no git.
	 * branch is left out when HEAD is detached, commit when there is none yet, remote (origin's) when there is none; a URL has no password, and for http no
	 * user.  dirty: tracked files differ from the commit.  untracked: the first of those that are not ignored; both are left out when there are none.
	 */
	json_t *record;
	struct strbuf diff; /* what `git apply` makes of the commit what was there; "" when clean, or over RUN_CODE_DIFF_MAX: a warning says so */
};
#define RUN_CODE_INIT { NULL, STRBUF_INIT }

/*
 * No program that the repository names is run (fsmonitor, filters of its own configuration, external diff, textconv, hooks, transports); filters of
 * the user's configuration are.  Only failures of this machine and interrupts are errors.
 */
int run_code_read(const char *directory, struct report *report, struct run_code *out, struct error *err) MUST_CHECK;
void run_code_cleanup(struct run_code *code);

/* Appends the URL of a remote without what may be a secret in it. */
void run_code_add_url(struct strbuf *out, const char *url);

#endif
