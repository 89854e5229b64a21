/* SPDX-License-Identifier: Apache-2.0 */
/* A large file on disk whose chunks may be wanted again: where each lies in it. */
#ifndef MREG_STORE_OLD_FILE_H
#define MREG_STORE_OLD_FILE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "format/recipe.h"
#include "store/objects.h"

struct old_place {
	const struct recipe_piece *piece; /* of the old file's recipe */
	uint64_t offset;
};
struct old_file {
	int fd;          /* -1: there is none */
	bool is_trusted; /* it is known to be unchanged, so its chunks need not be hashed */
	_Atomic bool no_sharing; /* the file system would not */
	struct recipe recipe;
	struct old_place *places; /* sorted by chunk */
};
#define OLD_FILE_INIT { -1, false, false, RECIPE_INIT, NULL }

/* Takes fd over.  digest: what the file is thought to be.  When the registry has no recipe of it the old file stays without places: nothing is found. */
void old_file_open(struct old_file *old, struct object_reader *reader, int fd, bool is_trusted, const struct oid *digest, uint64_t size);
/* Where the chunk lies; false when it is not in there. */
bool old_file_find(const struct old_file *old, const struct recipe_piece *piece, uint64_t *offset);
/* The chunk's bytes into dst if they are what they should be: 1, 0, -1 when interrupted. */
int old_file_read(const struct old_file *old, const struct recipe_piece *piece, uint64_t offset, void *dst, struct error *err) MUST_CHECK;
/*
 * len of its bytes into the file fd, without looking at them: shared where both file systems and offsets allow it, else copied.
 * buf: room to copy through.  1; 0 when the old file ends before; -1 when fd cannot be written.
 */
int old_file_copy(struct old_file *old, uint64_t offset, int fd, uint64_t at, uint64_t len, void *buf, size_t buf_len, const char *name,
		  struct error *err) MUST_CHECK;
void old_file_cleanup(struct old_file *old);

#endif
