/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between two versions: files, metadata, metrics, type, description, what they were made from, and how; or between two runs. */
#ifndef MREG_REGISTRY_DIFF_H
#define MREG_REGISTRY_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strvec.h"
#include "format/json.h"
#include "registry/compare.h"
#include "registry/registry.h"
#include "registry/run.h"
#include "registry/version.h"

/* A key that only one has, or whose values differ.  Keys within objects are dotted ("optimizer.lr"); arrays count as one value. */
struct diff_value {
	char *key;
	json_t *before, *after; /* NULL: not there */
};
struct diff_values {
	struct diff_value *v;
	size_t count, cap;
};

struct diff {
	bool has_info; /* before_info, after_info, metadata, metrics and what follows were compared */
	struct version_info before_info, after_info;
	struct manifest before, after;
	struct differences files;             /* ordered by path */
	struct diff_values metadata, metrics; /* ordered by key */
	bool type_differs, description_differs;
	struct strvec before_inputs, after_inputs; /* what the runs used that made them, as it is called now; sorted, each once */
	bool inputs_differ;
	struct diff_values config; /* of the runs that made them */
	struct diff_values run;    /* of two runs: job_type, state, command, directory, commit, branch, dirty */
};
#define DIFF_INIT                                                                                                            \
	{                                                                                                                    \
		false, VERSION_INFO_INIT, VERSION_INFO_INIT, MANIFEST_INIT, MANIFEST_INIT, DIFFERENCES_INIT, { NULL, 0, 0 }, \
			{ NULL, 0, 0 }, false, false, STRVEC_INIT, STRVEC_INIT, false, { NULL, 0, 0 }, { NULL, 0, 0 }        \
	}
void diff_cleanup(struct diff *d);

/* files_only: the version objects are not read. */
int diff_versions(struct registry *reg, struct view *v, const struct resolved *before, const struct resolved *after, bool files_only,
	struct diff *out, struct error *err) MUST_CHECK;
/* Of runs: run, config, metadata (what was said of them later), metrics and inputs. */
int diff_runs(struct registry *reg, struct view *v, const struct run *before, const struct run *after, struct diff *out, struct error *err) MUST_CHECK;
/* Nothing of what was compared differs. */
bool diff_is_empty(const struct diff *d);

/* Two JSON objects into values, which share theirs; numbers are the same when they have the same value, whether they are written as integers or not. */
void diff_objects(json_t *before, json_t *after, struct diff_values *out);
void diff_values_cleanup(struct diff_values *values);

/* after less before, when both are finite numbers: a JSON integer if both are and it fits, else a real; and that in per cent of before, if before is not 0.
 * NULL where there is none. */
json_t *diff_delta(const json_t *before, const json_t *after);
json_t *diff_percent(const json_t *before, const json_t *after);

#endif
