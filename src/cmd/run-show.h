/* SPDX-License-Identifier: Apache-2.0 */
/* The card of a run: `run show`, `show RUN`. */
#ifndef MREG_CMD_RUN_SHOW_H
#define MREG_CMD_RUN_SHOW_H

#include "cmd/cmd.h"
#include "registry/run.h"
#include "ui/spark.h"

int run_show_card(struct session *s, const struct run *run, struct error *err) MUST_CHECK;

/* The points of these metrics; all: not only as many as show the curve. */
int run_show_points(struct session *s, const struct run *run, const struct strvec *metrics, bool all, struct error *err) MUST_CHECK;

/* The curve of a metric by its steps, whatever stood there. */
int run_show_series(struct session *s, struct view *v, const struct run *run, const char *metric, struct spark_series *out, struct error *err) MUST_CHECK;

/* A value of a metric in JSON: a whole number is written as one. */
json_t *run_show_number(double value);

/* The sub-verb, with options of its own; the operand before all others is "show". */
int run_show(struct session *s, int argc, char **argv, struct error *err) MUST_CHECK;

#endif
