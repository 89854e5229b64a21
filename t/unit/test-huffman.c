/* SPDX-License-Identifier: Apache-2.0 */
/* Streams of our own writer, each read by zlib and by whatever expands streams here; neither was written with the other in mind. */
#include <config.h>

#include "codec/huffman.h"

#include <math.h>
#include <zlib.h>

#include "base/mem.h"
#include "codec/deflate.h"
#include "tap.h"

#define LEN_MAX ((size_t)300000)

static uint64_t state = 1;

static uint32_t random_bits(void)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(state >> 32);
}

/* --- data */

static void zeroes(uint8_t *d, size_t len)
{
	memset(d, 0, len);
}

static void all_equal(uint8_t *d, size_t len)
{
	memset(d, 0xff, len);
}

static void noise(uint8_t *d, size_t len)
{
	for (size_t i = 0; i < len; i++)
		d[i] = (uint8_t)random_bits();
}

static void two_symbols(uint8_t *d, size_t len)
{
	for (size_t i = 0; i < len; i++)
		d[i] = random_bits() & 1 ? 'a' : 'b';
}

static void two_symbols_one_rare(uint8_t *d, size_t len)
{
	for (size_t i = 0; i < len; i++)
		d[i] = random_bits() % 5000 ? 'a' : 'b';
}

/* Symbol k is half as frequent as k - 1: no limit of bits suffices. */
static void halving(uint8_t *d, size_t len)
{
	for (size_t i = 0; i < len; i++)
		d[i] = (uint8_t)__builtin_ctz(random_bits() | 1u << 31);
}

static void fibonacci(uint8_t *d, size_t len)
{
	size_t a = 1, b = 1, at = 0;

	for (uint8_t symbol = 0; at < len; symbol++) {
		for (size_t i = 0; i < a && at < len; i++)
			d[at++] = symbol;
		b += a;
		a = b - a;
	}
	for (size_t i = len; i > 1; i--) {
		size_t j = random_bits() % i;
		uint8_t swapped = d[j];

		d[j] = d[i - 1];
		d[i - 1] = swapped;
	}
}

static void fibonacci_in_runs(uint8_t *d, size_t len)
{
	size_t a = 1, b = 1, at = 0;

	for (uint8_t symbol = 0; at < len; symbol++) {
		for (size_t i = 0; i < a && at < len; i++)
			d[at++] = symbol;
		b += a;
		a = b - a;
	}
}

static void letters(uint8_t *d, size_t len)
{
	for (size_t i = 0; i < len; i++)
		d[i] = (uint8_t)("etaoin shrdlu"[(random_bits() % 13 + random_bits() % 13) / 2]);
}

/* Runs of every length from 1 to 600. */
static void runs(uint8_t *d, size_t len)
{
	for (size_t at = 0; at < len;) {
		uint8_t value = (uint8_t)random_bits();

		for (size_t n = 1 + random_bits() % 600; n && at < len; n--)
			d[at++] = value;
	}
}

static void sparse(uint8_t *d, size_t len)
{
	for (size_t i = 0; i < len; i++)
		d[i] = random_bits() % 20 ? 0 : (uint8_t)random_bits();
}

/* Noise, then letters, then zeroes, changing at odd places. */
static void patchwork(uint8_t *d, size_t len)
{
	static void (*const kinds[])(uint8_t *, size_t) = { noise, letters, zeroes, sparse, halving };

	for (size_t at = 0, k = 0; at < len; k++) {
		size_t n = 1 + random_bits() % 50000;

		n = n < len - at ? n : len - at;
		kinds[k % COUNT_OF(kinds)](d + at, n);
		at += n;
	}
}

static void floats(uint8_t *d, size_t len)
{
	for (size_t i = 0; i < len; i += sizeof(float)) {
		float value = (float)((int32_t)random_bits()) / 4e9f;

		memcpy(d + i, &value, len - i < sizeof value ? len - i : sizeof value);
	}
}

static void denormals(uint8_t *d, size_t len)
{
	for (size_t i = 0; i < len; i += sizeof(float)) {
		float value = random_bits() % 4 ? ldexpf((float)(int32_t)random_bits(), -170) : 0;

		memcpy(d + i, &value, len - i < sizeof value ? len - i : sizeof value);
	}
}

static const struct {
	const char *name;
	void (*fill)(uint8_t *d, size_t len);
} kinds[] = {
	{ "zeroes", zeroes }, { "one value", all_equal }, { "noise", noise }, { "two symbols", two_symbols },
	{ "two symbols, one of them rare", two_symbols_one_rare }, { "symbols of halving frequency", halving },
	{ "symbols as frequent as Fibonacci's numbers", fibonacci }, { "the same in runs", fibonacci_in_runs },
	{ "letters", letters }, { "runs", runs }, { "sparse numbers", sparse }, { "a patchwork", patchwork }, { "floats", floats },
	{ "denormal floats", denormals },
};

/* --- judges */

static bool zlib_reads(const uint8_t *stream, size_t made, const uint8_t *data, size_t len)
{
	CLEANUP(ptr) uint8_t *back = xcalloc(len + 1, 1);
	uLongf back_len = len + 1;
	uLong used = made;

	return uncompress2(back, &back_len, stream, &used) == Z_OK && back_len == len && used == made && !memcmp(back, data, len);
}

static bool we_read(const uint8_t *stream, size_t made, const uint8_t *data, size_t len)
{
	CLEANUP(ptr) uint8_t *back = xcalloc(len + 1, 1);
	struct deflate_context *ctx = deflate_new();
	struct error err = ERROR_INIT;
	bool good = deflate_expand(ctx, stream, made, back, len, &err) == 0 && !memcmp(back, data, len);

	deflate_free(ctx);
	return good;
}

/* Compresses into room of exactly what it takes, one byte less and two bytes; returns the length, 0 when anything is wrong. */
static size_t check(const uint8_t *data, size_t len, size_t section)
{
	size_t cap = len + len / 100 + 200, made;
	CLEANUP(ptr) uint8_t *stream = xcalloc(cap, 1), *exact = NULL;

	made = huffman_compress(data, len, section, stream, cap);
	if (!made || !zlib_reads(stream, made, data, len) || !we_read(stream, made, data, len))
		return 0;
	exact = xcalloc(made + 1, 1);
	exact[made] = 0x5a;
	if (huffman_compress(data, len, section, exact, made) != made || exact[made] != 0x5a || memcmp(exact, stream, made) != 0)
		return 0;
	exact[made - 1] = 0x5a;
	if (huffman_compress(data, len, section, exact, made - 1) || exact[made - 1] != 0x5a)
		return 0;
	exact[2] = 0x5a;
	return huffman_compress(data, len, section, exact, 2) || exact[2] != 0x5a ? 0 : made;
}

static void every_kind(void)
{
	static const size_t sizes[] = { 0, 1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 255, 256, 257, 258, 259, 260, 1000, 1023, 4095, 4096, 4097, 32767, 32768,
					32769, 49151, 49153, 65535, 65536, 65537, 131070, 131072, 200001, LEN_MAX };
	CLEANUP(ptr) uint8_t *data = xmalloc(LEN_MAX);

	for (size_t k = 0; k < COUNT_OF(kinds); k++) {
		bool good = true;

		for (size_t i = 0; i < COUNT_OF(sizes); i++) {
			kinds[k].fill(data, sizes[i]);
			good = good && check(data, sizes[i], 0) && check(data, sizes[i], sizes[i] / 4) && check(data, sizes[i], 1000);
		}
		ok(good, "%s of every length come back through two inflaters, from room of exactly their length", kinds[k].name);
	}
	for (size_t len = 0; len <= 700; len++) {
		letters(data, len);
		if (!check(data, len, 0)) {
			ok(false, "letters of length %zu", len);
			return;
		}
	}
	ok(true, "letters of every length up to 700 come back");
}

/* About as small as zlib makes it by Huffman codes alone (and runs), on blocks of its own choice. */
static void is_as_small(const char *name, void (*fill)(uint8_t *d, size_t len), int strategy)
{
	CLEANUP(ptr) uint8_t *data = xmalloc(LEN_MAX), *theirs = xmalloc(2 * LEN_MAX);
	z_stream z = { .next_in = data, .avail_in = LEN_MAX, .next_out = theirs, .avail_out = 2 * LEN_MAX };
	size_t ours;

	fill(data, LEN_MAX);
	ours = check(data, LEN_MAX, 0);
	need(deflateInit2(&z, 9, Z_DEFLATED, 15, 9, strategy) == Z_OK && deflate(&z, Z_FINISH) == Z_STREAM_END, "zlib compresses");
	ok(ours && ours <= z.total_out + z.total_out / 100 + 50, "%s are no larger than zlib's own: %zu, %lu", name, ours, z.total_out);
	deflateEnd(&z);
}

int main(void)
{
	CLEANUP(ptr) uint8_t *data = xmalloc(LEN_MAX), *stream = xcalloc(LEN_MAX, 1);

	every_kind();
	is_as_small("letters", letters, Z_HUFFMAN_ONLY);
	is_as_small("symbols of halving frequency", halving, Z_HUFFMAN_ONLY);
	is_as_small("runs", runs, Z_RLE);
	is_as_small("zeroes", zeroes, Z_RLE);
	is_as_small("sparse numbers", sparse, Z_RLE);
	noise(data, LEN_MAX);
	ok(!huffman_compress(data, LEN_MAX, 0, stream, LEN_MAX) && !stream[100], "noise does not fit in its own length, and is not copied to find out");
	return tap_done();
}
