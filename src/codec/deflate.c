/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 1950 streams, CRC-32 and Adler-32: by libdeflate where there is one, else by zlib; both read what either writes. */
#include <config.h>

#include "codec/deflate.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>
#include <pthread.h>
#endif
#include <zlib.h>

#include "base/mem.h"

static int broken_stream(struct error *err)
{
	return error_set(err, ERR_INTEGRITY, "the compressed stream is damaged");
}

static voidpf allocate(voidpf opaque, uInt count, uInt len)
{
	(void)opaque;
	return xreallocarray(NULL, count, len);
}

static void release(voidpf opaque, voidpf ptr)
{
	(void)opaque;
	free(ptr);
}

#ifdef HAVE_LIBDEFLATE

struct deflate_context {
	struct libdeflate_compressor *compressor;
	struct libdeflate_decompressor *expander;
	int level; /* of the compressor */
};

static void use_our_allocator(void)
{
	libdeflate_set_memory_allocator(xmalloc, free);
}

uint32_t deflate_crc32(uint32_t crc, const void *data, size_t len)
{
	return libdeflate_crc32(crc, data, len);
}

uint32_t deflate_adler32(uint32_t sum, const void *data, size_t len)
{
	return libdeflate_adler32(sum, data, len);
}

struct deflate_context *deflate_new(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, use_our_allocator);
	return xcalloc(1, sizeof(struct deflate_context));
}

void deflate_free(struct deflate_context *ctx)
{
	if (!ctx)
		return;
	libdeflate_free_compressor(ctx->compressor);
	libdeflate_free_decompressor(ctx->expander);
	free(ctx);
}

size_t deflate_bound(size_t len)
{
	return libdeflate_zlib_compress_bound(NULL, len);
}

size_t deflate_compress(struct deflate_context *ctx, int level, const void *src, size_t len, void *dst, size_t cap)
{
	if (!ctx->compressor || ctx->level != level) {
		libdeflate_free_compressor(ctx->compressor);
		ctx->compressor = libdeflate_alloc_compressor(level);
		ctx->level = level;
	}
	if (!ctx->compressor)
		BUG("no compressor of level %d", level);
	return libdeflate_zlib_compress(ctx->compressor, src, len, dst, cap);
}

int deflate_expand(struct deflate_context *ctx, const void *src, size_t src_len, void *dst, size_t raw_len, struct error *err)
{
	size_t used = 0, made = 0;
	uint8_t nowhere;

	if (!ctx->expander)
		ctx->expander = libdeflate_alloc_decompressor();
	if (!ctx->expander)
		BUG("no decompressor");
	if (libdeflate_zlib_decompress_ex(ctx->expander, src, src_len, raw_len ? dst : &nowhere, raw_len, &used,
					  &made) != LIBDEFLATE_SUCCESS)
		return broken_stream(err);
	return used == src_len && made == raw_len ? 0 : broken_stream(err);
}

#else

struct deflate_context {
	z_stream deflater, inflater;
	bool has_deflater, has_inflater;
	int level; /* of the deflater */
};

uint32_t deflate_crc32(uint32_t crc, const void *data, size_t len)
{
	return len ? (uint32_t)crc32_z(crc, data, len) : crc; /* zlib takes a NULL for a wish to start anew */
}

uint32_t deflate_adler32(uint32_t sum, const void *data, size_t len)
{
	return len ? (uint32_t)adler32_z(sum, data, len) : sum;
}

struct deflate_context *deflate_new(void)
{
	struct deflate_context *ctx = xcalloc(1, sizeof *ctx);

	ctx->deflater.zalloc = ctx->inflater.zalloc = allocate;
	ctx->deflater.zfree = ctx->inflater.zfree = release;
	return ctx;
}

void deflate_free(struct deflate_context *ctx)
{
	if (!ctx)
		return;
	if (ctx->has_deflater)
		deflateEnd(&ctx->deflater);
	if (ctx->has_inflater)
		inflateEnd(&ctx->inflater);
	free(ctx);
}

size_t deflate_bound(size_t len)
{
	return compressBound(len);
}

static void prepare_deflater(struct deflate_context *ctx, int level)
{
	if (ctx->has_deflater && ctx->level == level) {
		deflateReset(&ctx->deflater);
		return;
	}
	if (ctx->has_deflater)
		deflateEnd(&ctx->deflater);
	if (deflateInit(&ctx->deflater, level) != Z_OK)
		BUG("no compressor of level %d", level);
	ctx->has_deflater = true;
	ctx->level = level;
}

size_t deflate_compress(struct deflate_context *ctx, int level, const void *src, size_t len, void *dst, size_t cap)
{
	z_stream *z = &ctx->deflater;

	if (len > UINT_MAX)
		BUG("%zu bytes in one stream", len);
	prepare_deflater(ctx, level);
	z->next_in = (Bytef *)(uintptr_t)src;
	z->avail_in = (uInt)len;
	z->next_out = dst;
	z->avail_out = cap > UINT_MAX ? UINT_MAX : (uInt)cap;
	return cap && deflate(z, Z_FINISH) == Z_STREAM_END ? (size_t)(z->next_out - (Bytef *)dst) : 0;
}

int deflate_expand(struct deflate_context *ctx, const void *src, size_t src_len, void *dst, size_t raw_len, struct error *err)
{
	z_stream *z = &ctx->inflater;
	uint8_t nowhere;

	if (src_len > UINT_MAX || raw_len > UINT_MAX)
		return broken_stream(err);
	if ((ctx->has_inflater ? inflateReset(z) : inflateInit(z)) != Z_OK)
		BUG("no decompressor");
	ctx->has_inflater = true;
	z->next_in = (Bytef *)(uintptr_t)src;
	z->avail_in = (uInt)src_len;
	z->next_out = raw_len ? dst : &nowhere;
	z->avail_out = (uInt)raw_len;
	return inflate(z, Z_FINISH) == Z_STREAM_END && !z->avail_in && !z->avail_out ? 0 : broken_stream(err);
}

#endif

/* ---- gzip: by zlib, since libdeflate must have all at once ---- */

struct gunzip {
	z_stream stream;
};

struct gunzip *deflate_gunzip_new(void)
{
	struct gunzip *z = xcalloc(1, sizeof *z);

	z->stream.zalloc = allocate;
	z->stream.zfree = release;
	if (inflateInit2(&z->stream, MAX_WBITS + 16) != Z_OK)
		BUG("zlib does not begin");
	return z;
}

void deflate_gunzip_free(struct gunzip *z)
{
	if (!z)
		return;
	inflateEnd(&z->stream);
	free(z);
}

int deflate_gunzip(struct gunzip *z, const void *src, size_t len, size_t *used, void *dst, size_t cap, size_t *made, struct error *err)
{
	z_stream *s = &z->stream;
	int result;

	s->next_in = (unsigned char *)src;
	s->avail_in = len > UINT_MAX ? UINT_MAX : (unsigned)len;
	s->next_out = dst;
	s->avail_out = cap > UINT_MAX ? UINT_MAX : (unsigned)cap;
	result = inflate(s, Z_NO_FLUSH);
	*used = (size_t)((const unsigned char *)s->next_in - (const unsigned char *)src);
	*made = (size_t)(s->next_out - (unsigned char *)dst);
	if (result == Z_STREAM_END)
		return inflateReset(s) == Z_OK ? 1 : broken_stream(err);
	return result == Z_OK || result == Z_BUF_ERROR ? 0 : broken_stream(err);
}
