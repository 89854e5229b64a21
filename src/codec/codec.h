/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes → fewer bytes and back: picks a codec for one object's payload.  Numbers and parameters are on disk: mreg-registry(5). */
#ifndef MREG_CODEC_CODEC_H
#define MREG_CODEC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum codec {
	CODEC_RAW = 0,    /* as it is; params 0 */
	CODEC_ZLIB = 1,   /* one RFC 1950 stream; params 0 */
	CODEC_PLANES = 2, /* an RFC 1950 stream of byte planes; params: the stride, 2, 4 or 8, and with 2 or 4 perhaps CODEC_ROTATED */
};
#define CODEC_ROTATED (1u << 8)

/* What the bytes are, where someone knows; zeroed: nothing is known, and a sample is looked at. */
struct codec_hint {
	unsigned element_size; /* bytes of the numbers inside: 1 (no planes), 2, 4 or 8; 0 or any other: unknown */
	bool rotate;           /* fp32 and bf16: little-endian, and the exponent is one byte once rotated left by one bit */
};

struct codec_context; /* one a thread: library state and a scratch buffer of up to twice the longest input */
struct codec_context *codec_new(void);
void codec_free(struct codec_context *ctx);
void codec_cleanup(struct codec_context **ctx);

struct encoded {
	enum codec codec;
	uint16_t params;
	const void *data; /* the input itself when raw, else the context's buffer: valid until its next use */
	size_t len;
};
/* Never fails: what does not shrink by a thirty-second part (3 %) stays raw, and so does all under 64 bytes. A hint may be NULL or wrong. */
void codec_encode(struct codec_context *ctx, const struct codec_hint *hint, const void *src, size_t len, struct encoded *out);
/* dst has room for exactly raw_len. ERR_INTEGRITY on an unknown codec or parameters, or when the payload is not exactly raw_len bytes. */
int codec_decode(struct codec_context *ctx, uint8_t codec, uint16_t params, const void *src, size_t src_len, void *dst, size_t raw_len,
		 struct error *err) MUST_CHECK;

#endif
