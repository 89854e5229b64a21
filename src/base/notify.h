/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting until a file has changed, without looking at it all the time where the kernel tells. */
#ifndef MREG_BASE_NOTIFY_H
#define MREG_BASE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/error.h"

/* What tells one state of a file from another.  All zero: it is not there. */
struct notify_state {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

struct notify {
	int fd; /* inotify; -1: it is looked at alone */
	int dir_watch, file_watch;
	unsigned poll_ms; /* 0: the kernel tells, and nobody looks */
	char *dir, *name, *path;
	struct notify_state seen;
};
#define NOTIFY_INIT { .fd = -1, .dir_watch = -1, .file_watch = -1 }
void notify_cleanup(struct notify *n);

enum notify_flags {
	NOTIFY_LOOK = 1 << 0, /* look every poll_ms, too, whatever the kernel tells */
	NOTIFY_DEAF = 1 << 1, /* do not ask the kernel (for tests) */
};
/*
 * The file `name` in directory `dir`, which may be absent, replaced, and come again.  Where the kernel does not tell (no inotify, no watch to be had, a file
 * system that other machines change), it is looked at every poll_ms.
 */
void notify_open(struct notify *n, const char *dir, const char *name, unsigned poll_ms, unsigned flags);
/* Waits until it may have changed since notify_open(), or since the last such return: 0, or -1 with ERR_INTERRUPTED.  Never misses a change; may
 * return without one. */
int notify_wait(struct notify *n, struct error *err) MUST_CHECK;

#endif
