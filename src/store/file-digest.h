/* SPDX-License-Identifier: Apache-2.0 */
/* The SHA-256 of a whole file beside that of its chunks: taken as the file is read, or spared as long as all its chunks are known. */
#ifndef MREG_STORE_FILE_DIGEST_H
#define MREG_STORE_FILE_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "store/source.h"
#include "store/work.h"

/* A known recipe names its file's digest, so a file whose chunks are all stored need not be hashed in sequence, which takes longer than
 * hashing chunks on all cores.  Whoever finds a chunk that is new lets it catch up. */
struct file_digest {
	const struct source *source; /* borrowed */
	struct sha256 sha;
	uint64_t hashed; /* bytes from the start that are in sha */
	uint32_t passed; /* CRC-32 of what was passed over: what is read once more must be the same */
	bool is_spared;  /* nothing is hashed for now */
	bool is_torn;    /* it was not the same: the digest would not be that of the chunks */
};

/* Spares the hashing only of a file that can be read again and is so large that it matters. */
void file_digest_begin(struct file_digest *d, const struct source *source);
/* The next bytes of the file, in order. */
void file_digest_add(struct file_digest *d, const void *data, size_t len);
/* Reads what was passed over, up to `taken`, once more; from now on all is hashed.  Sets is_torn when it reads other bytes than were added. */
int file_digest_catch_up(struct file_digest *d, uint64_t taken, struct work *work, struct error *err) MUST_CHECK;
/* Not of one that is spared. */
void file_digest_finish(struct file_digest *d, struct oid *out);

#endif
