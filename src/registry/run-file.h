/* SPDX-License-Identifier: Apache-2.0 */
/* .mreg/runs/RUN-ID, the file that takes the points of a run until it has ended. */
#ifndef MREG_REGISTRY_RUN_FILE_H
#define MREG_REGISTRY_RUN_FILE_H

#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "format/run-id.h"
#include "registry/registry.h"

/* Appends its path. */
void run_file_path(const struct registry *reg, const struct run_id *id, struct strbuf *out);

/* Of the first `size` bytes, those that are whole lines: what a crash has cut off behind them, or left there as NULs, is none. */
int run_file_end(int fd, const char *path, uint64_t size, uint64_t *out, struct error *err) MUST_CHECK;
/* When it was begun, or something was logged last, as the file says; 0: there is none. */
int64_t run_file_touched(const struct registry *reg, const struct run_id *id);

/* The file, locked until fd is closed, made when there is none; whoever else would change it waits. */
struct run_file {
	int fd;
	uint64_t len; /* whole lines: what was cut off behind them is cut away */
	struct strbuf path;
};
#define RUN_FILE_INIT { -1, 0, STRBUF_INIT }
/* -1: fd is -1. */
int run_file_lock(struct registry *reg, const struct run_id *id, struct run_file *out, struct error *err) MUST_CHECK;
/* All of data, or nothing of it; not synced. */
int run_file_append(struct run_file *f, const void *data, size_t len, struct error *err) MUST_CHECK;
/* While it is locked: it is gone, and who waits for the lock is told so.  Never fails. */
void run_file_remove(struct run_file *f);
void run_file_cleanup(struct run_file *f);

#endif
