/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, writing and syncing files: whole transfers, EINTR handled, errors named. */
#ifndef MREG_BASE_FILE_H
#define MREG_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strbuf.h"

/* CLEANUP(fd) int fd = -1; closes when >= 0, keeps errno. */
void fd_cleanup(int *fd);

/* open() with O_CLOEXEC; 'name' in messages.  -1 with err set. */
int file_open(const char *path, int flags, unsigned mode, struct error *err) MUST_CHECK;
/* Until len bytes or end of file; returns bytes read or -1. An interrupt by a signal we handle is ERR_INTERRUPTED. */
ssize_t file_read(int fd, void *buf, size_t len, const char *name, struct error *err) MUST_CHECK;
/* The same of what may let us wait for ever (a pipe, a terminal): such a signal ends the wait whenever it comes. */
ssize_t file_read_stream(int fd, void *buf, size_t len, const char *name, struct error *err) MUST_CHECK;
ssize_t file_pread(int fd, void *buf, size_t len, uint64_t offset, const char *name, struct error *err) MUST_CHECK;
int file_write(int fd, const void *buf, size_t len, const char *name, struct error *err) MUST_CHECK;
int file_pwrite(int fd, const void *buf, size_t len, uint64_t offset, const char *name, struct error *err) MUST_CHECK;
int file_sync(int fd, const char *name, struct error *err) MUST_CHECK;          /* fsync */
int file_sync_data(int fd, const char *name, struct error *err) MUST_CHECK;     /* fdatasync */
int file_sync_dir(const char *path, struct error *err) MUST_CHECK;              /* fsync of a directory; EINVAL (some file systems) is fine */

/* Appends the whole file of at most max bytes (ERR_INTEGRITY when larger); 0, or -1.  absent (may be NULL): set instead of failing on ENOENT. */
int file_slurp(const char *path, struct strbuf *out, size_t max, bool *absent, struct error *err) MUST_CHECK;
/* A text that was named on the command line, "-" being standard input: ERR_INVALID when larger, which is no damage here. */
int file_slurp_operand(const char *path, struct strbuf *out, size_t max, struct error *err) MUST_CHECK;
/* Writes beside path, fsyncs, renames over it, fsyncs the directory: old content or new, never half. */
int file_replace(const char *path, const void *data, size_t len, unsigned mode, struct error *err) MUST_CHECK;
/* renameat2(NOREPLACE), or link and unlink where it is missing.  EEXIST is returned as 1: the target stays as it was. */
int file_rename_new(const char *from, const char *to, struct error *err) MUST_CHECK;
int file_mkdir(const char *path, unsigned mode, struct error *err) MUST_CHECK;  /* an existing directory is fine */
/* path itself and whatever above it is missing. */
int file_mkdir_parents(const char *path, unsigned mode, struct error *err) MUST_CHECK;
bool file_exists(const char *path);                                             /* lstat succeeds */
bool file_is_dir(const char *path);                                             /* or a link to one */
bool file_is_empty_dir(const char *path);                                       /* that can be read, and has nothing in it */
/* rm -r below and including path, never following links; used for our own temporary trees.  Absent is fine. */
int file_remove_tree(const char *path, struct error *err) MUST_CHECK;

#endif
