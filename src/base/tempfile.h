/* SPDX-License-Identifier: Apache-2.0 */
/* Names for files and directories that are ours for a while. */
#ifndef MREG_BASE_TEMPFILE_H
#define MREG_BASE_TEMPFILE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strbuf.h"

/*
 * Appends "DIR/PREFIX-HOST-PID-N" to out: HOST is 8 hex digits of the SHA-256 of the host name, N counts up.  Who creates it uses
 * O_EXCL.  tempfile_is_stale() tells from such a name that its process is gone: same host, no such pid (or one
 * that has ended), or the pid was reused by a process younger than the file; of another host, or another container: not written to for a week.
 */
void tempfile_name(struct strbuf *out, const char *dir, const char *prefix);
bool tempfile_is_stale(const char *dir, const char *name);
/* Removes every stale file or tree directly in dir; never fails, absent dir is fine. */
void tempfile_sweep(const char *dir);

#endif
