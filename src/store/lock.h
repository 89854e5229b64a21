/* SPDX-License-Identifier: Apache-2.0 */
/* OFD locks on .mreg/lock: one kind only, dying with their process, with a time-out that names the holder. */
#ifndef MREG_STORE_LOCK_H
#define MREG_STORE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* All live in the file `.mreg/lock`, as locks on one byte each; an exclusive holder writes "HOST PID VERB\n" at the offset, padded to 128 bytes. */
enum lock_what {
	LOCK_OBJECTS = 0,   /* shared by whoever reads or writes objects, exclusive for gc's retire step */
	LOCK_JOURNAL = 128, /* exclusive for a commit or a replay */
	LOCK_MERGE = 256,   /* exclusive for whoever merges packs, removes retired ones or collects; only gc waits for it */
	LOCK_DROP = 384,    /* exclusive for whoever drops files since a remote has them; shared for whoever says that they are here */
};

struct lock {
	int fd; /* -1: not held */
	enum lock_what what;
};
#define LOCK_INIT { -1, LOCK_OBJECTS }

/*
 * Waits up to timeout_ms (polling, 1 to 20 ms); ERR_LOCK_TIMEOUT names the registry, what is locked, and the holder.  timeout_ms 0 tries once.
 * An interrupt ends the wait.  A shared lock needs only read permission; exclusive needs write (ERR_READ_ONLY / ERR_LOCAL).
 */
int lock_take(struct lock *lock, const char *mreg_dir, enum lock_what what, bool exclusive, uint64_t timeout_ms, const char *verb,
	      struct error *err) MUST_CHECK;
/* The first byte of a file that is open for writing, exclusively, until the descriptor is closed; waits as above.  path is for messages. */
int lock_take_file(int fd, const char *path, uint64_t timeout_ms, struct error *err) MUST_CHECK;
/* Somebody else holds that; fd needs to be open for reading only. */
bool lock_file_is_held(int fd);
void lock_release(struct lock *lock);
void lock_cleanup(struct lock *lock);

#endif
