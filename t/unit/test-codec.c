/* SPDX-License-Identifier: Apache-2.0 */
/* What a user of codec/ counts on; zlib itself is the judge of the streams. */
#include <config.h>

#include "codec/codec.h"

#include <zlib.h>

#include "base/mem.h"
#include "codec/deflate.h"
#include "tap.h"

static uint64_t random_state = 1;

static uint8_t noise_byte(void)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint8_t)(random_state >> 56);
}

static void fill_noise(uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		data[i] = noise_byte();
}

static void fill_text(uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		data[i] = i % 12 == 11 ? '\n' : i % 3 ? ',' : (uint8_t)('0' + noise_byte() % 10);
}

/* Encodes and decodes; the codec that was picked, or -1 when it did not come back. */
static int there_and_back(struct codec_context *ctx, const uint8_t *data, size_t len)
{
	CLEANUP(ptr) uint8_t *back = xmalloc(len + 1);
	CLEANUP(ptr) uint8_t *stored = NULL;
	struct error err = ERROR_INIT;
	struct encoded e;

	codec_encode(ctx, NULL, data, len, &e);
	stored = xmemdup(e.data, e.len + !e.len);
	back[len] = 0x5a;
	if (codec_decode(ctx, (uint8_t)e.codec, e.params, stored, e.len, back, len, &err) < 0 || memcmp(back, data, len) != 0 ||
	    back[len] != 0x5a)
		return -1;
	return (int)e.codec;
}

static void picks(struct codec_context *ctx)
{
	size_t len = 1 << 20;
	CLEANUP(ptr) uint8_t *data = xcalloc(len, 1);

	is_int(there_and_back(ctx, data, len), CODEC_ZLIB, "zeroes are compressed");
	fill_text(data, len);
	is_int(there_and_back(ctx, data, len), CODEC_ZLIB, "text is compressed");
	is_int(there_and_back(ctx, data, 3000), CODEC_ZLIB, "a little text is compressed");
	is_int(there_and_back(ctx, data, 63), CODEC_RAW, "under 64 bytes nothing is");
	is_int(there_and_back(ctx, data, 1), CODEC_RAW, "one byte comes back");
	is_int(there_and_back(ctx, data, 0), CODEC_RAW, "no byte comes back");
	fill_noise(data, len);
	is_int(there_and_back(ctx, data, len), CODEC_RAW, "noise is stored as it is");
	is_int(there_and_back(ctx, data, 5000), CODEC_RAW, "a little noise is stored as it is");
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(data[i] % 240);
	is_int(there_and_back(ctx, data, len), CODEC_RAW, "what gains 2 % is stored as it is");
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(data[i] % 64);
	is_int(there_and_back(ctx, data, len), CODEC_ZLIB, "what gains 25 % is compressed");
}

static void every_length(struct codec_context *ctx)
{
	uint8_t data[700];
	bool good = true;

	fill_text(data, sizeof data);
	for (size_t len = 0; len <= sizeof data; len++)
		good = good && there_and_back(ctx, data, len) >= 0;
	ok(good, "text of every length up to 700 comes back");
}

static void zlib_agrees(struct codec_context *ctx)
{
	size_t len = 200000;
	CLEANUP(ptr) uint8_t *data = xmalloc(len), *back = xmalloc(len), *theirs = xmalloc(compressBound(200000));
	struct error err = ERROR_INIT;
	struct encoded e;
	uLongf back_len = len, their_len = compressBound(200000);

	fill_text(data, len);
	codec_encode(ctx, NULL, data, len, &e);
	ok(e.codec == CODEC_ZLIB && uncompress(back, &back_len, e.data, e.len) == Z_OK && back_len == len && !memcmp(back, data, len),
	   "zlib expands what we store");
	ok(compress2(theirs, &their_len, data, len, 9) == Z_OK &&
	   codec_decode(ctx, CODEC_ZLIB, 0, theirs, their_len, back, len, &err) == 0 &&
	   !memcmp(back, data, len), "we expand what zlib stores");
	is_int(deflate_crc32(deflate_crc32(0, data, 1000), data + 1000, len - 1000), (intmax_t)crc32(0, data, (uInt)len),
	       "checksums are zlib's");
	is_int(deflate_crc32(0, "123456789", 9), 0xcbf43926, "and those of everyone");
}

static void refuses(struct codec_context *ctx)
{
	size_t len = 10000;
	CLEANUP(ptr) uint8_t *data = xcalloc(len, 1), *stored = NULL, *back = xmalloc(len + 1);
	struct error err = ERROR_INIT;
	struct encoded e;
	bool bounded = true;

	fill_text(data, len);
	codec_encode(ctx, NULL, data, len, &e);
	stored = xcalloc(e.len + 1, 1);
	memcpy(stored, e.data, e.len);
	back[len] = 0x5a;
	ok(codec_decode(ctx, 7, 0, stored, e.len, back, len, &err) < 0 && err.code == ERR_INTEGRITY, "an unknown codec is refused");
	ok(codec_decode(ctx, CODEC_ZLIB, 1, stored, e.len, back, len, &err) < 0, "so are unknown parameters");
	ok(codec_decode(ctx, CODEC_ZLIB, 0, stored, e.len, back, len - 1, &err) < 0 && err.code == ERR_INTEGRITY,
	   "a stream that gives more is refused");
	ok(codec_decode(ctx, CODEC_ZLIB, 0, stored, e.len, back, len + 1, &err) < 0, "a stream that gives less is refused");
	back[len] = 0x5a;
	ok(codec_decode(ctx, CODEC_ZLIB, 0, stored, e.len - 1, back, len, &err) < 0, "a stream that is cut is refused");
	ok(codec_decode(ctx, CODEC_ZLIB, 0, stored, e.len + 1, back, len, &err) < 0, "a stream with something behind it is refused");
	ok(codec_decode(ctx, CODEC_RAW, 0, stored, 5, back, 6, &err) < 0, "raw bytes of another length are refused");
	for (size_t i = 0; i < e.len; i++) {
		stored[i] ^= 0x10;
		/* the few bits that fill up a stream's last byte mean nothing */
		bounded = bounded && back[len] == 0x5a &&
			  (codec_decode(ctx, CODEC_ZLIB, 0, stored, e.len, back, len, &err) < 0 || !memcmp(back, data, len));
		stored[i] ^= 0x10;
	}
	ok(bounded, "a stream that is damaged anywhere gives no other bytes, and never writes too far");
}

int main(void)
{
	CLEANUP(codec) struct codec_context *ctx = codec_new();

	picks(ctx);
	every_length(ctx);
	zlib_agrees(ctx);
	refuses(ctx);
	return tap_done();
}
