/* SPDX-License-Identifier: Apache-2.0 */
/* Does the process that a run stands for still live?  Asked of the file .mreg/runs/RUN-ID.lock (mreg-registry(5)). */
#ifndef MREG_REGISTRY_RUN_ALIVE_H
#define MREG_REGISTRY_RUN_ALIVE_H

#include <stdint.h>

#include "base/error.h"
#include "format/run-id.h"
#include "registry/registry.h"

/* `run exec`: held for as long as the program runs, inherited by nobody, let go of by the kernel when this process ends, however it ends. */
struct run_alive;
struct run_alive *run_alive_hold(struct registry *reg, const struct run_id *id, struct error *err) MUST_CHECK;
void run_alive_release(struct run_alive *alive);
void run_alive_cleanup(struct run_alive **alive);

/* ERR_INVALID when there is no such process. */
int run_alive_check(int64_t pid, struct error *err) MUST_CHECK;
/* `run start --pid`: notes which process it is; one that has ended meanwhile has died. */
int run_alive_note(struct registry *reg, const struct run_id *id, int64_t pid, struct error *err) MUST_CHECK;
/* The run has ended, or is gone: so is the file.  Never fails. */
void run_alive_forget(struct registry *reg, const struct run_id *id);

/*
 * Of a run that has not ended.  Unknown: nobody said what process it stands for, or it is one of another machine (a registry that was cloned or copied has
 * files of other inodes, or none).  A process of this host before it was last started is dead.
 */
enum run_alive_answer { RUN_ALIVE_UNKNOWN, RUN_ALIVE_YES, RUN_ALIVE_NO };
enum run_alive_answer run_alive_is(struct registry *reg, const struct run_id *id);

#endif
