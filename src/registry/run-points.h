/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics of a run: one append-only file in .mreg/runs/ while it runs, a file of its last record when it has ended. */
#ifndef MREG_REGISTRY_RUN_POINTS_H
#define MREG_REGISTRY_RUN_POINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "format/json.h"
#include "format/points.h"
#include "registry/registry.h"
#include "registry/run.h"

#define RUN_POINTS_FILE "points" /* in the manifest of the record */

/*
 * Appends points to .mreg/runs/RUN-ID; several processes may do so at once (a lock, one write for each call).  A last line that was cut off is cut away first.
 * step UINT64_MAX: one more than the greatest so far of that metric, 0 for the first.  ERR_CONFLICT when the run has ended.  All but add and close end the snapshot.  The data is not synced: a crash of
 * the machine may cost the last seconds.
 */
#define RUN_LOG_PENDING_MAX 16384
struct run_log;
struct run_log *run_log_open(struct registry *reg, const struct run *run, struct error *err) MUST_CHECK;
int run_log_add(struct run_log *log, const struct point *point, struct error *err) MUST_CHECK; /* kept until there are RUN_LOG_PENDING_MAX, or run_log_flush() */
int run_log_flush(struct run_log *log, struct error *err) MUST_CHECK;
void run_log_close(struct run_log *log);
void run_log_cleanup(struct run_log **log);

/* All points of a run, running or ended, in the order of logging.  name (NULL: all) selects one metric.  fn as in kv.h. */
typedef int (*run_point_fn)(const struct point *point, void *arg, struct error *err);
int run_points_each(struct registry *reg, struct view *v, const struct run *run, const char *name, run_point_fn fn, void *arg, struct error *err) MUST_CHECK;
/* Of an ended run its record says it, and the metrics are in order of their names. */
int run_points_summary(struct registry *reg, struct view *v, const struct run *run, struct point_summaries *out, struct error *err) MUST_CHECK;
/* How many of them, from the first on, fit into the object of a version beside all else: of a record's summary, and of metrics. */
size_t run_points_fit(const struct point_summaries *s);
/* {NAME: last value}: what a version that is put now gets as its metrics; numbers, or "nan", "inf", "-inf".  As many as fit, else with a warning. */
json_t *run_points_last(struct registry *reg, struct view *v, const struct run *run, struct error *err) MUST_CHECK;
/* For the end of a run whose file is damaged (of `len` bytes, open for reading): what can be read of it goes to `to`, and into out; *lines: that could not be. */
int run_points_mend(int fd, uint64_t len, int to, const char *name, struct point_summaries *out, uint64_t *lines, struct error *err) MUST_CHECK;

#endif
