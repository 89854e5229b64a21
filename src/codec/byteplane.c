/* SPDX-License-Identifier: Apache-2.0 */
/* Splits numbers into byte planes and joins them, in loops that a compiler turns into vector code. */
#include <config.h>

#include "codec/byteplane.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#ifdef HAVE_TARGET_AVX2
#include <cpuid.h>
#endif

#include "base/error.h"

/* Numbers at a time: a constant, since -O2 makes vector code only of loops whose count is one. */
#define TILE 64u

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Both ways are these two steps, once for stride 2, twice for 4, three times for 8. */
ALWAYS_INLINE void unzip(const uint8_t *restrict src, size_t count, uint8_t *restrict even, uint8_t *restrict odd)
{
	for (size_t i = 0; i < count; i++) {
		even[i] = src[2 * i];
		odd[i] = src[2 * i + 1];
	}
}

ALWAYS_INLINE void zip(const uint8_t *restrict even, const uint8_t *restrict odd, size_t count, uint8_t *restrict dst)
{
	for (size_t i = 0; i < count; i++) {
		dst[2 * i] = even[i];
		dst[2 * i + 1] = odd[i];
	}
}

ALWAYS_INLINE void unzip_all(const uint8_t *restrict src, size_t count, unsigned stride, uint8_t planes[restrict][TILE])
{
	uint8_t halves[2][4 * TILE], quarters[4][2 * TILE];

	if (stride == 2) {
		unzip(src, count, planes[0], planes[1]);
		return;
	}
	unzip(src, stride / 2 * count, halves[0], halves[1]);
	if (stride == 4) {
		unzip(halves[0], count, planes[0], planes[2]);
		unzip(halves[1], count, planes[1], planes[3]);
		return;
	}
	unzip(halves[0], 2 * count, quarters[0], quarters[2]);
	unzip(halves[1], 2 * count, quarters[1], quarters[3]);
	for (unsigned k = 0; k < 4; k++)
		unzip(quarters[k], count, planes[k], planes[k + 4]);
}

ALWAYS_INLINE void zip_all(uint8_t planes[restrict][TILE], size_t count, unsigned stride, uint8_t *restrict dst)
{
	uint8_t halves[2][4 * TILE], quarters[4][2 * TILE];

	if (stride == 2) {
		zip(planes[0], planes[1], count, dst);
		return;
	}
	if (stride == 4) {
		zip(planes[0], planes[2], count, halves[0]);
		zip(planes[1], planes[3], count, halves[1]);
	} else {
		for (unsigned k = 0; k < 4; k++)
			zip(planes[k], planes[k + 4], count, quarters[k]);
		zip(quarters[0], quarters[2], 2 * count, halves[0]);
		zip(quarters[1], quarters[3], 2 * count, halves[1]);
	}
	zip(halves[0], halves[1], stride / 2 * count, dst);
}

/* Up to a tile of numbers; n: those of a whole plane. */
ALWAYS_INLINE void split_tile(const uint8_t *restrict src, size_t count, unsigned stride, bool rotate, size_t n, uint8_t *restrict dst)
{
	uint8_t planes[8][TILE];

	unzip_all(src, count, stride, planes);
	for (unsigned k = 0; k < stride; k++) {
		const uint8_t *plane = planes[k], *below = planes[(k + stride - 1) % stride];

		for (size_t i = 0; i < count; i++)
			dst[k * n + i] = rotate ? (uint8_t)(plane[i] << 1 | below[i] >> 7) : plane[i];
	}
}

ALWAYS_INLINE void join_tile(const uint8_t *restrict src, size_t count, unsigned stride, bool rotate, size_t n, uint8_t *restrict dst)
{
	uint8_t planes[8][TILE];

	for (unsigned k = 0; k < stride; k++) {
		const uint8_t *plane = src + k * n, *above = src + (k + 1) % stride * n;

		for (size_t i = 0; i < count; i++)
			planes[k][i] = rotate ? (uint8_t)(plane[i] >> 1 | above[i] << 7) : plane[i];
	}
	zip_all(planes, count, stride, dst);
}

ALWAYS_INLINE void split(const uint8_t *src, size_t n, unsigned stride, bool rotate, uint8_t *dst)
{
	size_t i = 0;

	for (; n - i >= TILE; i += TILE)
		split_tile(src + i * stride, TILE, stride, rotate, n, dst + i);
	split_tile(src + i * stride, n - i, stride, rotate, n, dst + i);
}

ALWAYS_INLINE void join(const uint8_t *src, size_t n, unsigned stride, bool rotate, uint8_t *dst)
{
	size_t i = 0;

	for (; n - i >= TILE; i += TILE)
		join_tile(src + i, TILE, stride, rotate, n, dst + i * stride);
	join_tile(src + i, n - i, stride, rotate, n, dst + i * stride);
}

/* Stride and rotation become constants here, once for each kind of processor. */
#define ONE_OF(way) \
	switch (stride | (unsigned)rotate) { \
	case 2: \
		way(src, n, 2, false, dst); \
		return; \
	case 2 | 1: \
		way(src, n, 2, true, dst); \
		return; \
	case 4: \
		way(src, n, 4, false, dst); \
		return; \
	case 4 | 1: \
		way(src, n, 4, true, dst); \
		return; \
	case 8: \
		way(src, n, 8, false, dst); \
		return; \
	default: \
		BUG("planes of stride %u", stride); \
	}

static void split_portable(const uint8_t *src, size_t n, unsigned stride, bool rotate, uint8_t *dst)
{
	ONE_OF(split)
}

static void join_portable(const uint8_t *src, size_t n, unsigned stride, bool rotate, uint8_t *dst)
{
	ONE_OF(join)
}

#ifdef HAVE_TARGET_AVX2

#define XCR0_VECTORS 6u /* the system saves the registers that AVX needs */

static bool avx2_is_there;

/* The processor has it, and the system knows. */
static void look_for_avx2(void)
{
	unsigned a, b, c, d, low, high;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_AVX2))
		return;
	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	avx2_is_there = (low & XCR0_VECTORS) == XCR0_VECTORS;
}

/*
 * Asked for when first needed: __builtin_cpu_supports() would ask at the start of every command, and in a virtual machine that takes longer than
 * many a command.  Nor by ifunc, which musl has not and sanitizers do not bear.
 */
static bool has_avx2(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, look_for_avx2);
	return avx2_is_there;
}

__attribute__((target("avx2"))) static void split_avx2(const uint8_t *src, size_t n, unsigned stride, bool rotate, uint8_t *dst)
{
	ONE_OF(split)
}

__attribute__((target("avx2"))) static void join_avx2(const uint8_t *src, size_t n, unsigned stride, bool rotate, uint8_t *dst)
{
	ONE_OF(join)
}

#else

#define has_avx2() false
#define split_avx2 split_portable
#define join_avx2 join_portable

#endif

void byteplane_split(const void *src, size_t len, unsigned stride, bool rotate, void *dst)
{
	size_t tail = len % stride;

	(has_avx2() ? split_avx2 : split_portable)(src, len / stride, stride, rotate, dst);
	if (tail)
		memcpy((uint8_t *)dst + len - tail, (const uint8_t *)src + len - tail, tail);
}

void byteplane_join(const void *src, size_t len, unsigned stride, bool rotate, void *dst)
{
	size_t tail = len % stride;

	(has_avx2() ? join_avx2 : join_portable)(src, len / stride, stride, rotate, dst);
	if (tail)
		memcpy((uint8_t *)dst + len - tail, (const uint8_t *)src + len - tail, tail);
}
