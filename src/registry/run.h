/* SPDX-License-Identifier: Apache-2.0 */
/* A run: which one is meant, and what the registry knows of it. */
#ifndef MREG_REGISTRY_RUN_H
#define MREG_REGISTRY_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "format/json.h"
#include "format/manifest.h"
#include "format/run-id.h"
#include "format/run-record.h"
#include "registry/registry.h"
#include "registry/version.h"

/*
 * A run is kept as a collection of kind "run", which no name leads to: coll/CID is {"kind":"run","label":TEXT,"name":RUN-ID,"type":JOB-TYPE} (label is
 * left out when it has none), version/CID/0 what was known when it began and version/CID/1 what is known since it ended: both are versions, whose
 * object's metadata is the record (format/run-record.h), whose metrics are the last values logged, and whose files are the code's diff, the
 * configuration, the points.  So runs are stored, checked, collected, pushed and annotated as all else is.  What it used and made: run-edge.h.
 */
struct run {
	struct cid cid;
	struct run_id id;
	char *job_type; /* a legal NAME_TYPE */
	char *label;    /* --name; "" for none */
};
#define RUN_INIT { { "" }, { "" }, NULL, NULL }
void run_cleanup(struct run *run);

/* Does the text look like a run (an id, or the beginning of one) rather than a collection?  No collection's name begins with "r-". */
bool run_is_meant(const char *text);
/* By id, a prefix of ids that is unique (ERR_INVALID, naming some, when it is not), or a label that one run alone has (ERR_INVALID when several).
 * 1, 0 none, -1. */
int run_find(struct view *v, const char *text, struct run *out, struct error *err) MUST_CHECK;
/* The same; ERR_NO_COLLECTION when there is none, with a hint. */
int run_get(struct view *v, const char *text, struct run *out, struct error *err) MUST_CHECK;
/* By its collection: 1, 0 also when that is no run, -1. */
int run_read(struct view *v, const struct cid *cid, struct run *out, struct error *err) MUST_CHECK;
/* Live ones, in order of ids.  fn as in kv.h: 1 stops, -1 fails. */
typedef int (*run_fn)(const struct run *run, void *arg, struct error *err);
int run_each(struct view *v, run_fn fn, void *arg, struct error *err) MUST_CHECK;

/* Within a transaction: a new run, of run's job type and label; sets its id and cid. */
int run_create(struct txn *txn, struct run *run, struct error *err) MUST_CHECK;

/*
 * The run that what is done now belongs to: `given` (--run), else MREG_RUN: 1, 0 when neither says one, -1: ERR_NO_COLLECTION when it is unknown here
 * (never ignored).
 */
int run_current(struct view *v, const char *given, struct run *out, struct error *err) MUST_CHECK;

/* Warns when the run, which MREG_RUN names (nobody has written it now), has ended. */
int run_heed_end(struct registry *reg, struct view *v, const struct run *run, struct error *err) MUST_CHECK;

/* The newest of its records: 1, 0 (it has none), -1.  is_ended: it is the one written at the end. */
int run_row(struct view *v, const struct run *run, struct version_row *out, bool *is_ended, struct error *err) MUST_CHECK;

enum run_state {
	RUN_RUNNING,
	RUN_FINISHED, /* with status 0 */
	RUN_FAILED,   /* with another one, or by a signal */
	RUN_DIED,     /* its process has gone, and nobody has ended it */
};
const char *run_state_name(enum run_state state); /* "running", "finished", "failed", "died" */

/* All of it. */
struct run_info {
	struct version_row row;    /* the newest record */
	bool is_ended;
	enum run_state state;
	struct version_object object;
	struct run_record record;  /* points into object */
	json_t *metadata, *metrics; /* annotations: revisions under the run's CID (metadata), and the metrics with annotations over them.  While it runs metrics are
				     * the last values logged so far */
	char *note;                /* "" for none */
	struct strvec tags;
	int64_t touched;           /* of one that has not ended: when it was begun or logged something last; 0: not here */
};
#define RUN_INFO_INIT { .note = NULL, .tags = STRVEC_INIT }
int run_info_read(struct registry *reg, struct view *v, const struct run *run, struct run_info *out, struct error *err) MUST_CHECK;
void run_info_cleanup(struct run_info *info);
/* Whether what ended it belongs to it, as 'run finish' in its own program does: 1, 0 somebody else did or it has not ended, -1. */
int run_is_ended_within(struct view *v, const struct run *run, struct error *err) MUST_CHECK;
/* Its files: "points", "code.diff", "config/NAME", "code/…". */
int run_manifest(struct registry *reg, const struct run_info *info, struct manifest *out, struct error *err) MUST_CHECK;

#endif
