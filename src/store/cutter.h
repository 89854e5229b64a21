/* SPDX-License-Identifier: Apache-2.0 */
/* Where a file is cut into chunks: at the tensors where its layout is known, by content elsewhere (mreg-registry(5)). */
#ifndef MREG_STORE_CUTTER_H
#define MREG_STORE_CUTTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/layout.h"
#include "store/splitter.h"

#define CUTTER_BLOCK_MIN (64u << 10)   /* a region from this size on is a block: chunks begin and end with it */
#define CUTTER_PIECE (1u << 20)        /* a block is cut into pieces of this size */
#define CUTTER_LAST_MAX (5u << 18)     /* and a last one of up to this, so that hardly a short one is left */
#define CUTTER_FINE_FILE_MAX (16ull << 30) /* below this size what is between blocks may be cut finely; a recipe stays in its limit */

/*
 * A file is a sequence of blocks and stretches.  A stretch is what lies between two blocks, or a header.  Where a block or a
 * stretch is cut depends on nothing outside of it: the same tensor gives the same chunks wherever it is.
 */
struct cutter {
	const struct layout *layout; /* borrowed; NULL: the whole file is one stretch */
	uint64_t file_size;          /* 0: unknown */
	uint64_t at, end;            /* of the file, cut so far; where the block or stretch ends */
	size_t next;                 /* the first region that is not behind `end` */
	enum element element;
	bool is_block, knows_splitter;
	struct splitter splitter;
};

void cutter_init(struct cutter *c, const struct layout *layout, uint64_t file_size);
/*
 * Length of the next chunk, at most CHUNK_MAX; data is what follows the chunks that were cut so far.  0: more data is needed (never with
 * CHUNK_MAX bytes of it) or, at the end of the file, there is none.  The file need not have the size that was said.
 * *element: what the chunk consists of from its first byte on, or ELEMENT_UNKNOWN.
 */
size_t cutter_next(struct cutter *c, const uint8_t *data, size_t len, bool is_end, enum element *element);

#endif
