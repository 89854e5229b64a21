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
	int fd;                  /* -1: there is none */
	_Atomic bool no_sharing; /* the file system would not */
	struct recipe recipe;
	struct old_place *places; /* sorted by chunk */
};
#define OLD_FILE_INIT { -1, false, RECIPE_INIT, NULL }

/* Takes fd over.  digest: what the file is thought to be.  When the registry has no recipe of it the old file stays without places: nothing is found. */
void old_file_open(struct old_file *old, struct object_reader *reader, int fd, const struct oid *digest, uint64_t size);
/* Where the chunk lies; false when it is not in there. */
bool old_file_find(const struct old_file *old, const struct recipe_piece *piece, uint64_t *offset);
/* The chunk's bytes into dst if they are what they should be: 1, 0, -1 when interrupted. */
int old_file_read(const struct old_file *old, const struct recipe_piece *piece, uint64_t offset, void *dst, struct error *err) MUST_CHECK;
/*
 * Lets the file fd have the chunk at `at` by sharing its blocks, where file system and offsets allow it, and checks what is there then: 1; 0: they
 * do not, or it is not that chunk; -1.  dst: room for the chunk.
 */
int old_file_share(struct old_file *old, const struct recipe_piece *piece, uint64_t offset, int fd, uint64_t at, void *dst, struct error *err) MUST_CHECK;
void old_file_cleanup(struct old_file *old);

#endif
