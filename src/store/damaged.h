/* SPDX-License-Identifier: Apache-2.0 */
/* Ids that fsck found no sound copy of: a put that brings such bytes again stores them anew instead of trusting what is there. */
#ifndef MREG_STORE_DAMAGED_H
#define MREG_STORE_DAMAGED_H

#include <pthread.h>
#include <stdbool.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/hashmap.h"

/*
 * .mreg/damaged: an id a line, 64 hex digits; ids of objects and digests of files alike.  Absent: none.  It only ever costs a second
 * copy, so lines that are no ids are passed over.  Thread-safe.
 */
#define DAMAGED_MAX_BYTES (64u << 20)

struct damaged {
	char *path;
	pthread_mutex_t lock;
	struct hashmap ids;
	bool has_any, has_changed;
};

int damaged_open(struct damaged *d, const char *mreg_dir, struct error *err) MUST_CHECK;
void damaged_close(struct damaged *d);
bool damaged_has(struct damaged *d, const struct oid *id);
/* It is stored anew: no longer damaged once damaged_save() ran. */
void damaged_take(struct damaged *d, const struct oid *id);
/* Writes the file anew if something was taken. */
int damaged_save(struct damaged *d, struct error *err) MUST_CHECK;
/* Replaces the whole list. */
int damaged_replace(struct damaged *d, const struct oid *ids, size_t count, struct error *err) MUST_CHECK;

#endif
