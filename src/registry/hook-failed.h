/* SPDX-License-Identifier: Apache-2.0 */
/* Events whose post-hook has failed, one file each in .mreg/failed-hooks/, so that it can be run again. */
#ifndef MREG_REGISTRY_HOOK_FAILED_H
#define MREG_REGISTRY_HOOK_FAILED_H

#include "base/error.h"
#include "format/json.h"

/* event is a complete one: its "hook" and "time" are set. */
int hook_failed_keep(const char *mreg_dir, const json_t *event, struct error *err) MUST_CHECK;
/* Oldest first.  fn: 1 stops, -1 fails.  A file that is no event is passed over. */
typedef int (*hook_failed_fn)(const char *path, const json_t *event, void *arg, struct error *err);
int hook_failed_each(const char *mreg_dir, hook_failed_fn fn, void *arg, struct error *err) MUST_CHECK;
/* One that was run again, and well.  Another may have been quicker. */
int hook_failed_forget(const char *path, struct error *err) MUST_CHECK;

#endif
