/* SPDX-License-Identifier: Apache-2.0 */
/* What a user of codec/ counts on; zlib itself is the judge of the streams. */
#include <config.h>

#include "codec/codec.h"

#include <zlib.h>

#include "base/mem.h"
#include "codec/byteplane.h"
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

/* Encodes and decodes; the codec that was picked, with params above it, or -1 when it did not come back. */
static int hinted(struct codec_context *ctx, const struct codec_hint *hint, const uint8_t *data, size_t len)
{
	CLEANUP(ptr) uint8_t *back = xmalloc(len + 1);
	CLEANUP(ptr) uint8_t *stored = NULL;
	struct error err = ERROR_INIT;
	struct encoded e;

	codec_encode(ctx, hint, data, len, &e);
	stored = xmemdup(e.data, e.len + !e.len);
	back[len] = 0x5a;
	if (codec_decode(ctx, (uint8_t)e.codec, e.params, stored, e.len, back, len, &err) < 0 || memcmp(back, data, len) != 0 ||
	    back[len] != 0x5a || e.len > len)
		return -1;
	return (int)e.codec | e.params << 8;
}

static int there_and_back(struct codec_context *ctx, const uint8_t *data, size_t len)
{
	return hinted(ctx, NULL, data, len);
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

/* Numbers of `size` bytes that are noise but for the last byte. */
static void fill_numbers(uint8_t *data, size_t len, size_t size)
{
	for (size_t i = 0; i < len; i++)
		data[i] = i % size == size - 1 ? (uint8_t)(0x3a + noise_byte() % 4) : noise_byte();
}

static void picks_planes(struct codec_context *ctx)
{
	size_t len = 300000;
	CLEANUP(ptr) uint8_t *data = xmalloc(len);
	struct codec_hint hint = { 0 };

	for (unsigned size = 2; size <= 8; size *= 2) {
		hint = (struct codec_hint){ .element_size = size };
		fill_numbers(data, len, size);
		is_int(hinted(ctx, &hint, data, len), (intmax_t)(CODEC_PLANES | size << 8), "numbers of a known size are split into planes");
		hint.rotate = true;
		is_int(hinted(ctx, &hint, data, len), (intmax_t)(CODEC_PLANES | (size == 8 ? size : size | CODEC_ROTATED) << 8),
		       "and rotated where that is asked for and can be");
		is_int(there_and_back(ctx, data, len) & 0xff, CODEC_PLANES, "nobody needs to say so");
		fill_noise(data, len);
		is_int(hinted(ctx, &hint, data, len), CODEC_RAW, "noise that is said to be numbers is stored as it is");
		memset(data, 0, len);
		is_int(hinted(ctx, &hint, data, len) & 0xff, CODEC_PLANES, "zeroes that are numbers are compressed");
	}
	hint = (struct codec_hint){ .element_size = 1, .rotate = true };
	for (size_t i = 0; i < len; i++)
		data[i] = noise_byte() % 50;
	is_int(hinted(ctx, &hint, data, len), CODEC_ZLIB, "numbers of one byte have no planes");
	hint.element_size = 3;
	is_int(hinted(ctx, &hint, data, len), CODEC_ZLIB, "a size that is not known is no hint");
}

/* Every hint, right or wrong, for everything, with odd tails. */
static void any_hint(struct codec_context *ctx)
{
	CLEANUP(ptr) uint8_t *data = xmalloc(70000);
	static const size_t sizes[] = { 0, 1, 63, 64, 65, 71, 127, 1023, 1024, 1025, 4097, 16387, 65543 };
	bool good = true;

	for (unsigned kind = 0; kind < 4; kind++)
		for (size_t i = 0; i < COUNT_OF(sizes); i++) {
			kind == 0 ? fill_noise(data, sizes[i]) : kind == 1 ? fill_text(data, sizes[i]) : fill_numbers(data, sizes[i], kind * 2u);
			for (unsigned size = 0; size <= 9; size++)
				for (int rotate = 0; rotate < 2; rotate++)
					good = good && hinted(ctx, &(struct codec_hint){ size, rotate }, data, sizes[i]) >= 0;
		}
	ok(good, "whatever the hint, the same bytes come back");
}

static void planes_are_zlib(struct codec_context *ctx)
{
	size_t len = 200003;
	CLEANUP(ptr) uint8_t *data = xmalloc(len), *planes = xmalloc(len), *want = xmalloc(len);
	struct codec_hint hint = { .element_size = 4, .rotate = true };
	struct encoded e;
	uLongf back_len = len;

	fill_numbers(data, len, 4);
	codec_encode(ctx, &hint, data, len, &e);
	byteplane_split(data, len, 4, true, want);
	ok(e.codec == CODEC_PLANES && uncompress(planes, &back_len, e.data, e.len) == Z_OK && back_len == len && !memcmp(planes, want, len),
	   "planes are a stream that zlib expands");
	ok(e.len < len - len / 6, "and save what there is to save");
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
	for (unsigned params = 0; params <= 0xffff; params++) {
		bool known = params == 2 || params == 4 || params == 8 || params == (2 | CODEC_ROTATED) || params == (4 | CODEC_ROTATED);

		error_clear(&err);
		if ((codec_decode(ctx, CODEC_PLANES, (uint16_t)params, stored, e.len, back, len, &err) == 0) != known ||
		    (!known && err.code != ERR_INTEGRITY))
			bounded = false;
	}
	ok(bounded, "planes are of 2, 4 or 8 bytes, and only those of 2 and 4 are rotated");
	back[len] = back[len - 1] = 0x5a;
	ok(codec_decode(ctx, CODEC_PLANES, 4, stored, e.len, back, len - 1, &err) < 0 && err.code == ERR_INTEGRITY && back[len - 1] == 0x5a,
	   "planes that give more are refused, and not a byte too many is written");
	ok(codec_decode(ctx, CODEC_PLANES, 4, stored, e.len, back, len + 1, &err) < 0, "planes that give less are refused");
	ok(codec_decode(ctx, CODEC_PLANES, 4, stored, e.len - 1, back, len, &err) < 0, "planes that are cut are refused");
	ok(codec_decode(ctx, CODEC_PLANES, 4, stored, 0, back, 0, &err) < 0, "no stream is no empty one");
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
	picks_planes(ctx);
	any_hint(ctx);
	planes_are_zlib(ctx);
	every_length(ctx);
	zlib_agrees(ctx);
	refuses(ctx);
	return tap_done();
}
