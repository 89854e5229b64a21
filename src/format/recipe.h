/* SPDX-License-Identifier: Apache-2.0 */
/* A recipe: the list of a large file's chunks.  Its id is the SHA-256 of these bytes (mreg-registry(5)). */
#ifndef MREG_FORMAT_RECIPE_H
#define MREG_FORMAT_RECIPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/strbuf.h"

/* A file of at most this many bytes is one chunk, whose id is the file's digest; a larger one has a recipe. */
#define FILE_ONE_CHUNK_MAX (64u << 10)
#define CHUNK_MAX (4u << 20)
#define RECIPE_MAX_BYTES (64u << 20)

struct recipe_piece {
	struct oid chunk;
	uint32_t len; /* 1 … CHUNK_MAX */
};
struct recipe {
	struct recipe_piece *pieces;
	size_t count, cap;
	uint64_t size; /* of the file: the sum of the lengths */
};
#define RECIPE_INIT { NULL, 0, 0, 0 }

void recipe_add(struct recipe *r, const struct oid *chunk, uint32_t len);
/* 36 bytes a piece: the chunk's id, its length as u32 little-endian. */
void recipe_write(struct strbuf *out, const struct recipe *r);
/* ERR_INTEGRITY: not a multiple of 36, no piece, a length of 0 or over CHUNK_MAX, over RECIPE_MAX_BYTES. */
int recipe_parse(const void *data, size_t len, struct recipe *out, struct error *err) MUST_CHECK;
void recipe_cleanup(struct recipe *r);

#endif
