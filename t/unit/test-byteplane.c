/* SPDX-License-Identifier: Apache-2.0 */
/* Byte planes against a plain description of them, at every length around the vector loops' steps. */
#include <config.h>

#include "codec/byteplane.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "tap.h"

static const struct {
	unsigned stride;
	bool rotate;
} ways[] = { { 2, false }, { 2, true }, { 4, false }, { 4, true }, { 8, false } };

static void fill(uint8_t *data, size_t len)
{
	uint32_t state = 7;

	for (size_t i = 0; i < len; i++) {
		state = state * 1664525 + 1013904223;
		data[i] = (uint8_t)(state >> 24);
	}
}

/* What mreg-registry(5) says. */
static void split_plainly(const uint8_t *src, size_t len, unsigned stride, bool rotate, uint8_t *dst)
{
	size_t n = len / stride;

	for (size_t i = 0; i < n; i++) {
		uint64_t number = 0;

		for (unsigned k = 0; k < stride; k++)
			number |= (uint64_t)src[i * stride + k] << (8 * k);
		if (rotate)
			number = number << 1 | number >> (8 * stride - 1);
		for (unsigned k = 0; k < stride; k++)
			dst[k * n + i] = (uint8_t)(number >> (8 * k));
	}
	for (size_t i = n * stride; i < len; i++)
		dst[i] = src[i];
}

static bool agrees(const uint8_t *src, size_t len, unsigned stride, bool rotate)
{
	CLEANUP(ptr) uint8_t *want = xcalloc(len + 1, 1), *got = xcalloc(len + 1, 1), *back = xcalloc(len + 1, 1);

	got[len] = back[len] = 0x5a;
	split_plainly(src, len, stride, rotate, want);
	byteplane_split(src, len, stride, rotate, got);
	byteplane_join(got, len, stride, rotate, back);
	return !memcmp(got, want, len) && !memcmp(back, src, len) && got[len] == 0x5a && back[len] == 0x5a;
}

int main(void)
{
	static uint8_t data[70000];
	const uint8_t one[] = { 0x01, 0x02, 0x83, 0x84, 0xff };
	uint8_t out[5];

	fill(data, sizeof data);
	for (size_t w = 0; w < COUNT_OF(ways); w++) {
		bool good = true;

		for (size_t len = 0; len <= 1200; len++)
			good = good && agrees(data + len % 7, len, ways[w].stride, ways[w].rotate);
		for (size_t len = 65530; len <= 65545; len++)
			good = good && agrees(data, len, ways[w].stride, ways[w].rotate);
		ok(good, "stride %u%s: every length comes back, from planes as they are described", ways[w].stride,
		   ways[w].rotate ? ", rotated" : "");
	}
	byteplane_split(one, 5, 2, false, out);
	ok(!memcmp(out, "\x01\x83\x02\x84\xff", 5), "first bytes come first, then second ones, and an odd tail stays");
	byteplane_split(one, 5, 4, true, out);
	ok(!memcmp(out, "\x03\x04\x06\x09\xff", 5), "rotation brings the highest bit to the lowest place");
	return tap_done();
}
