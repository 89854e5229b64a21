/* SPDX-License-Identifier: Apache-2.0 */
/* Picks a codec for an object's bytes, by a hint or by a look at a small sample of them, and undoes it. */
#include <config.h>

#include "codec/codec.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/byteplane.h"
#include "codec/deflate.h"
#include "codec/detect.h"
#include "codec/huffman.h"

#define LEVEL 1
#define LEN_MIN 64 /* below it a stream's own overhead eats the gain */
#define DETECT_LEN_MIN 1024 /* what is shorter is compressed for a try: that is as quick, and tells more than a sample */

struct codec_context {
	struct deflate_context *deflate;
	uint8_t *buf;
	size_t cap;
};

struct codec_context *codec_new(void)
{
	struct codec_context *ctx = xcalloc(1, sizeof *ctx);

	ctx->deflate = deflate_new();
	return ctx;
}

void codec_free(struct codec_context *ctx)
{
	if (!ctx)
		return;
	deflate_free(ctx->deflate);
	free(ctx->buf);
	free(ctx);
}

void codec_cleanup(struct codec_context **ctx)
{
	codec_free(*ctx);
	*ctx = NULL;
}

/* The largest stream that is still worth it. */
static size_t worth(size_t len)
{
	return len - len / 32;
}

static uint8_t *reserve(struct codec_context *ctx, size_t cap)
{
	if (cap > ctx->cap) {
		free(ctx->buf);
		ctx->buf = xmalloc(cap);
		ctx->cap = cap;
	}
	return ctx->buf;
}

/* --- encode */

static struct detected look(const struct codec_hint *hint, const void *src, size_t len)
{
	unsigned size = hint ? hint->element_size : 0;

	if (size == 1 || size == 2 || size == 4 || size == 8)
		return (struct detected){ .kind = DETECTED_SKEWED, .stride = size, .rotate = hint->rotate && (size == 2 || size == 4) };
	if (len < DETECT_LEN_MIN)
		return (struct detected){ .kind = DETECTED_REPEATS, .stride = 1 };
	return detect(src, len);
}

/* Each returns the length of the stream, 0 when it is not worth it. */
static size_t encode_repeats(struct codec_context *ctx, const void *src, size_t len)
{
	return deflate_compress(ctx->deflate, LEVEL, src, len, reserve(ctx, worth(len)), worth(len));
}

static size_t encode_skewed(struct codec_context *ctx, const struct detected *what, const void *src, size_t len)
{
	uint8_t *stream = reserve(ctx, what->stride > 1 ? worth(len) + len : worth(len)), *planes = stream + worth(len);

	if (what->stride == 1)
		return huffman_compress(src, len, 0, stream, worth(len));
	byteplane_split(src, len, what->stride, what->rotate, planes);
	return huffman_compress(planes, len, len / what->stride, stream, worth(len));
}

void codec_encode(struct codec_context *ctx, const struct codec_hint *hint, const void *src, size_t len, struct encoded *out)
{
	struct detected what = { .kind = DETECTED_NOISE, .stride = 1 };
	size_t made = 0;

	if (len >= LEN_MIN)
		what = look(hint, src, len);
	if (what.kind == DETECTED_REPEATS)
		made = encode_repeats(ctx, src, len);
	else if (what.kind == DETECTED_SKEWED)
		made = encode_skewed(ctx, &what, src, len);
	*out = (struct encoded){ .codec = CODEC_RAW, .data = src, .len = len };
	if (!made)
		return;
	*out = (struct encoded){ .codec = CODEC_ZLIB, .data = ctx->buf, .len = made };
	if (what.kind == DETECTED_SKEWED && what.stride > 1) {
		out->codec = CODEC_PLANES;
		out->params = (uint16_t)(what.stride | (what.rotate ? CODEC_ROTATED : 0));
	}
}

/* --- decode */

static bool is_known(uint8_t codec, uint16_t params)
{
	if (codec != CODEC_PLANES)
		return codec <= CODEC_ZLIB && !params;
	return params == 2 || params == 4 || params == 8 || params == (2 | CODEC_ROTATED) || params == (4 | CODEC_ROTATED);
}

static int decode_planes(struct codec_context *ctx, uint16_t params, const void *src, size_t src_len, void *dst, size_t raw_len,
			 struct error *err)
{
	uint8_t *planes = reserve(ctx, raw_len ? raw_len : 1);

	if (deflate_expand(ctx->deflate, src, src_len, planes, raw_len, err) < 0)
		return -1;
	byteplane_join(planes, raw_len, params & 0xff, params & CODEC_ROTATED, dst);
	return 0;
}

int codec_decode(struct codec_context *ctx, uint8_t codec, uint16_t params, const void *src, size_t src_len, void *dst, size_t raw_len,
		 struct error *err)
{
	if (!is_known(codec, params))
		return error_set(err, ERR_INTEGRITY, "unknown codec %u with parameters %u", codec, params);
	if (codec == CODEC_ZLIB)
		return deflate_expand(ctx->deflate, src, src_len, dst, raw_len, err);
	if (codec == CODEC_PLANES)
		return decode_planes(ctx, params, src, src_len, dst, raw_len, err);
	if (src_len != raw_len)
		return error_set(err, ERR_INTEGRITY, "%zu bytes are stored where %zu belong", src_len, raw_len);
	if (raw_len)
		memcpy(dst, src, raw_len);
	return 0;
}
