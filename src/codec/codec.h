/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes → fewer bytes and back: picks a codec for one object's payload.  Numbers and parameters are on disk: mreg-registry(5). */
#ifndef MREG_CODEC_CODEC_H
#define MREG_CODEC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum codec {
	CODEC_RAW = 0,  /* as it is; params 0 */
	CODEC_ZLIB = 1, /* one RFC 1950 stream; params 0. 2… are reserved for filters in front of such a stream */
};

/* What the bytes are, where someone knows; zeroed: nothing is known. */
struct codec_hint {
	unsigned element_size; /* of the numbers inside: 1, 2, 4, 8; 0 unknown */
	bool rotate;           /* each number left by one bit first, so that the exponent is one byte */
};

struct codec_context; /* one a thread: library state and a scratch buffer */
struct codec_context *codec_new(void);
void codec_free(struct codec_context *ctx);
void codec_cleanup(struct codec_context **ctx);

struct encoded {
	enum codec codec;
	uint16_t params;
	const void *data; /* the input itself when raw, else the context's buffer: valid until its next use */
	size_t len;
};
/* Never fails: what does not shrink by 10 % (told from a probe of a few windows first, so that noise costs little) stays raw.
 * Objects under 64 bytes stay raw. */
void codec_encode(struct codec_context *ctx, const struct codec_hint *hint, const void *src, size_t len, struct encoded *out);
/* dst has room for exactly raw_len. ERR_INTEGRITY on an unknown codec or parameters, or when the payload is not exactly raw_len bytes. */
int codec_decode(struct codec_context *ctx, uint8_t codec, uint16_t params, const void *src, size_t src_len, void *dst, size_t raw_len,
		 struct error *err) MUST_CHECK;

#endif
