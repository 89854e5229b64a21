/* SPDX-License-Identifier: Apache-2.0 */
/* Which variables of the environment are recorded with a run: those that say how it ran, and never what looks like a secret. */
#ifndef MREG_REGISTRY_RUN_ENVIRONMENT_H
#define MREG_REGISTRY_RUN_ENVIRONMENT_H

#include <stdbool.h>

#include "base/report.h"
#include "base/strvec.h"
#include "format/json.h"
#include "registry/config.h"

#define RUN_ENVIRONMENT_VALUE_MAX 8192 /* bytes; a longer value is left out, with a warning */
#define RUN_ENVIRONMENT_MAX 200        /* variables; more are left out, likewise */

/*
 * {NAME: VALUE} of those set that a list in run-environment.c, a word of run.environment in the configuration (names and globs, separated by blanks; "!" before one
 * takes out what it matches of the list and the configuration), or one of `names` (may be NULL; names and globs, of --env) selects.  A name that looks like a
 * secret is recorded only if one of `names` is exactly it.  An empty object when there are none.
 */
json_t *run_environment_read(const struct config *config, const struct strvec *names, struct report *report);
/* TOKEN, SECRET, PASSWORD, KEY, CREDENTIAL and the like are in it, in whatever case. */
bool run_environment_is_secret(const char *name);

#endif
