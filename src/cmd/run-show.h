/* SPDX-License-Identifier: Apache-2.0 */
/* The card of a run: `run show`, `show RUN`. */
#ifndef MREG_CMD_RUN_SHOW_H
#define MREG_CMD_RUN_SHOW_H

#include "cmd/cmd.h"
#include "registry/run.h"

int run_show_card(struct session *s, const struct run *run, struct error *err) MUST_CHECK;

/* The sub-verb, with options of its own; the operand before all others is "show". */
int run_show(struct session *s, int argc, char **argv, struct error *err) MUST_CHECK;

#endif
