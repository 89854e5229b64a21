/* SPDX-License-Identifier: Apache-2.0 */
/* One local file while it is read: of the right kind, and the same before and after. */
#ifndef MREG_STORE_SOURCE_H
#define MREG_STORE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/error.h"

#define SOURCE_TRIES 3 /* how often a file that changes is read from its start */

/* What is read by a function: fills buf as far as it goes, fewer bytes mean its end. */
typedef ssize_t (*source_read_fn)(void *arg, void *buf, size_t len, struct error *err);

struct source {
	const char *path;   /* borrowed */
	int fd;
	bool is_pipe;       /* a stream handed in: of unknown size, not closed, never read again */
	source_read_fn read; /* not NULL: a stream that this function reads */
	void *read_arg;
	struct stat before; /* zero for a pipe; of what a function reads st_size is what was said of it */
	int64_t observed;   /* clock_real() before `before` was taken */
};
#define SOURCE_INIT { .fd = -1 }

/* Opens path, or takes fd when it is >= 0.  ERR_LOCAL when it is no regular file, or a symbolic link and follow is false. */
int source_open(struct source *s, const char *path, bool follow, int fd, struct error *err) MUST_CHECK;
/* A stream that `read` brings; size is 0 when it is not known, and need not be true. */
void source_open_stream(struct source *s, const char *path, source_read_fn read, void *arg, uint64_t size);
/* How many bytes to ask for after `taken` of them, at most max; 0 at the end.  max for a pipe; 1 to begin with for a file that says it is empty. */
size_t source_left(const struct source *s, uint64_t taken, size_t max);
/* Fills buf as far as the file goes; fewer bytes mean its end. */
ssize_t source_read(struct source *s, void *buf, size_t len, struct error *err) MUST_CHECK;
/* The file is to be read to its end, quickly. */
void source_expect_all(const struct source *s);
/* 1: the `taken` bytes are the whole file, which did not change meanwhile; 0: read it again; -1. */
int source_check(const struct source *s, uint64_t taken, struct error *err) MUST_CHECK;
int source_changes(const struct source *s, struct error *err); /* ERR_INTEGRITY "'x' changes while it is read"; -1 */
void source_close(struct source *s);
void source_cleanup(struct source *s);

#endif
