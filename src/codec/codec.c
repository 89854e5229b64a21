/* SPDX-License-Identifier: Apache-2.0 */
/* Picks a codec for an object's bytes by a look at a small sample of them, and undoes it. */
#include <config.h>

#include "codec/codec.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/deflate.h"

#define LEVEL 1
#define LEN_MIN 64 /* below it a stream's own overhead eats the gain */

/* The sample: so many windows, evenly spread, enough for the histogram of noise to be flat. */
#define SAMPLE_WINDOWS 4u
#define SAMPLE_WINDOW 2048u
#define SAMPLE_LEN (SAMPLE_WINDOWS * SAMPLE_WINDOW)
#define FLAT_LEN_MIN 2048  /* of fewer bytes a histogram says little */
#define PROBE_LEN_MIN (4 * SAMPLE_LEN) /* up to here compressing all is hardly dearer than the probe */

struct codec_context {
	struct deflate_context *deflate;
	uint8_t *buf;
	size_t cap;
	uint8_t sample[SAMPLE_LEN];
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

/* The largest stream that is still worth it: 10 % less than the input. */
static size_t worth(size_t len)
{
	return len - len / 10;
}

/* The whole input when it is short, else windows of it put side by side. */
static const uint8_t *take_sample(struct codec_context *ctx, const uint8_t *src, size_t len, size_t *sample_len)
{
	size_t step;

	*sample_len = len;
	if (len <= SAMPLE_LEN)
		return src;
	step = (len - SAMPLE_WINDOW) / (SAMPLE_WINDOWS - 1);
	for (size_t i = 0; i < SAMPLE_WINDOWS; i++)
		memcpy(ctx->sample + i * SAMPLE_WINDOW, src + i * step, SAMPLE_WINDOW);
	*sample_len = SAMPLE_LEN;
	return ctx->sample;
}

/*
 * Whether every byte value is about as frequent as any other, as in noise and in what is compressed already: n bytes of noise have an
 * expected sum of
 * squared counts of n²/256 + n, and one that is at most 1.1 n²/256 + n leaves under 2 % to gain.
 */
static bool is_flat(const uint8_t *data, size_t len)
{
	uint32_t counts[4][256] = { { 0 } }; /* four, so that equal neighbours do not wait for each other */
	uint64_t squares = 0;

	for (size_t i = 0; i < len; i++)
		counts[i % 4][data[i]]++;
	for (size_t i = 0; i < 256; i++) {
		uint64_t count = (uint64_t)counts[0][i] + counts[1][i] + counts[2][i] + counts[3][i];

		squares += count * count;
	}
	return squares <= (uint64_t)len * len / 256 * 11 / 10 + len;
}

static void reserve(struct codec_context *ctx, size_t cap)
{
	if (cap <= ctx->cap)
		return;
	free(ctx->buf);
	ctx->buf = xmalloc(cap);
	ctx->cap = cap;
}

static bool seems_worth_it(struct codec_context *ctx, const uint8_t *src, size_t len)
{
	size_t sample_len;
	const uint8_t *sample;

	if (len < FLAT_LEN_MIN)
		return true;
	sample = take_sample(ctx, src, len, &sample_len);
	if (is_flat(sample, sample_len))
		return false;
	if (len < PROBE_LEN_MIN)
		return true;
	/* a short stream compresses a little worse than a long one: nearly enough is enough */
	reserve(ctx, SAMPLE_LEN);
	return deflate_compress(ctx->deflate, LEVEL, sample, sample_len, ctx->buf, worth(sample_len) + sample_len / 50) > 0;
}

void codec_encode(struct codec_context *ctx, const struct codec_hint *hint, const void *src, size_t len, struct encoded *out)
{
	size_t made = 0;

	(void)hint;
	if (len >= LEN_MIN && seems_worth_it(ctx, src, len)) {
		reserve(ctx, worth(len));
		made = deflate_compress(ctx->deflate, LEVEL, src, len, ctx->buf, worth(len));
	}
	if (made)
		*out = (struct encoded){ .codec = CODEC_ZLIB, .data = ctx->buf, .len = made };
	else
		*out = (struct encoded){ .codec = CODEC_RAW, .data = src, .len = len };
}

int codec_decode(struct codec_context *ctx, uint8_t codec, uint16_t params, const void *src, size_t src_len, void *dst, size_t raw_len,
		 struct error *err)
{
	if (codec > CODEC_ZLIB || params)
		return error_set(err, ERR_INTEGRITY, "unknown codec %u with parameters %u", codec, params);
	if (codec == CODEC_ZLIB)
		return deflate_expand(ctx->deflate, src, src_len, dst, raw_len, err);
	if (src_len != raw_len)
		return error_set(err, ERR_INTEGRITY, "%zu bytes are stored where %zu belong", src_len, raw_len);
	if (raw_len)
		memcpy(dst, src, raw_len);
	return 0;
}
