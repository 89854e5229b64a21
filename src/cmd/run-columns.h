/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of lists of versions that tell of the run that made each: "run.config.lr". */
#ifndef MREG_CMD_RUN_COLUMNS_H
#define MREG_CMD_RUN_COLUMNS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strvec.h"
#include "cmd/sort.h"
#include "registry/search.h"

/* Those of --columns and --sort, each once and without the sign, into out; either may be NULL.  What runs do not have is ERR_USAGE. */
int run_columns_collect(const char *columns, const char *sort, struct strvec *out, struct error *err) MUST_CHECK;
/* Of enum overlay_parts: what a search has to have ready for them. */
unsigned run_columns_parts(const struct strvec *names);
/* Those that are shown or sorted by, as members of the record that are named as the columns are; null where there is no such run, or value. */
int run_columns_add(json_t *record, struct search *search, const struct oid *version, const struct strvec *names, const struct sorter *sorter,
	struct error *err) MUST_CHECK;

#endif
