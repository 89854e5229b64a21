/* SPDX-License-Identifier: Apache-2.0 */
/* Content-defined chunking: a gear hash over 64 bytes, with FastCDC's two masks. */
#include <config.h>

#include "store/splitter.h"

#include <pthread.h>

#include "base/bytes.h"

#define WINDOW 64u        /* bytes that the hash remembers */
#define NORMALISATION 2u  /* bits that the masks are stricter and laxer than the average asks for */

static uint64_t gear[256];

/* SplitMix64 from 0: the table only has to look random and to stay as it is. */
static void fill_gear(void)
{
	uint64_t state = 0;

	for (size_t i = 0; i < 256; i++) {
		uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		gear[i] = z ^ z >> 31;
	}
}

/* The header of a safetensors file is text, but what follows is not. */
static bool is_safetensors(const uint8_t *sample, size_t len)
{
	return len > 8 && load_le64(sample) <= UINT32_MAX && sample[8] == '{';
}

static bool is_control(uint8_t c)
{
	return c < 0x20 ? c < '\b' || (c > '\r' && c != 0x1b) : c == 0x7f;
}

/* Hardly a control byte; zeroes may pad it, as in a tar of sources, but not prevail. */
static bool is_text(const uint8_t *sample, size_t len)
{
	size_t zeroes = 0, controls = 0;

	if (!len || is_safetensors(sample, len))
		return false;
	for (size_t i = 0; i < len; i++) {
		zeroes += !sample[i];
		controls += sample[i] && is_control(sample[i]);
	}
	return controls <= len / 200 && zeroes <= len / 10 * 3;
}

static uint64_t top_bits(unsigned bits)
{
	return UINT64_MAX << (64 - bits);
}

void splitter_init(struct splitter *s, const void *sample, size_t len, uint64_t file_size)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	bool is_small = file_size > 0 && file_size < SPLIT_SMALL_FILE;
	bool fine = is_small || (file_size < SPLIT_LARGE_FILE && is_text(sample, len));
	unsigned bits = fine ? 16 : 20;

	pthread_once(&once, fill_gear);
	s->average = 1u << bits;
	s->min = s->average / 4;
	s->max = s->average * 4;
	s->mask_small = top_bits(bits + NORMALISATION);
	s->mask_large = top_bits(bits - NORMALISATION);
}

/* Where the hash first has none of the mask's bits, in [from, to); to if nowhere. */
static size_t scan(const uint8_t *data, size_t from, size_t to, uint64_t mask, uint64_t *hash)
{
	uint64_t h = *hash;
	size_t i = from;

	for (; i < to; i++) {
		h = (h << 1) + gear[data[i]];
		if (!(h & mask))
			break;
	}
	*hash = h;
	return i;
}

size_t splitter_next(const struct splitter *s, const uint8_t *data, size_t len)
{
	size_t end = len < s->max ? len : s->max, middle = end < s->average ? end : s->average, at;
	uint64_t hash = 0;

	if (len <= s->min)
		return len;
	for (size_t i = s->min - WINDOW; i < s->min; i++)
		hash = (hash << 1) + gear[data[i]];
	at = scan(data, s->min, middle, s->mask_small, &hash);
	if (at == middle)
		at = scan(data, middle, end, s->mask_large, &hash);
	return at < end ? at + 1 : end;
}
