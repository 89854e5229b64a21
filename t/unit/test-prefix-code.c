/* SPDX-License-Identifier: Apache-2.0 */
/* Codes that every inflater takes: complete, within their limit, and no worse than they need to be. */
#include <config.h>

#include "codec/prefix-code.h"

#include "tap.h"

/* Whether the lengths use up the code space exactly, and only symbols that occur have one. */
static bool is_complete(const uint32_t *counts, const uint8_t *lengths, unsigned n, unsigned max)
{
	uint32_t space = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!counts[i] != !lengths[i] || lengths[i] > max)
			return false;
		space += lengths[i] ? 1u << (max - lengths[i]) : 0;
	}
	return space == 1u << max;
}

static bool no_code_begins_another(const uint32_t *entries, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < n; j++) {
			uint32_t mask = (1u << (entries[i] & 0xff)) - 1;

			if (i != j && (entries[i] & 0xff) && (entries[j] & 0xff) >= (entries[i] & 0xff) &&
			    (entries[i] >> 8) == (entries[j] >> 8 & mask))
				return false;
		}
	return true;
}

static bool makes_a_code(const uint32_t *counts, unsigned n, unsigned max)
{
	uint8_t lengths[PREFIX_CODE_SYMBOLS];
	uint32_t entries[PREFIX_CODE_SYMBOLS];

	prefix_code_lengths(counts, n, max, lengths);
	prefix_code_entries(lengths, n, entries);
	return is_complete(counts, lengths, n, max) && no_code_begins_another(entries, n);
}

static uint64_t cost(const uint32_t *counts, unsigned n, unsigned max)
{
	uint8_t lengths[PREFIX_CODE_SYMBOLS];
	uint64_t bits = 0;

	prefix_code_lengths(counts, n, max, lengths);
	for (unsigned i = 0; i < n; i++)
		bits += (uint64_t)counts[i] * lengths[i];
	return bits;
}

static void limits(void)
{
	uint32_t fibonacci[40] = { 1, 1 }, even[PREFIX_CODE_SYMBOLS], steep[19];
	bool good = true;

	for (unsigned i = 2; i < 40; i++)
		fibonacci[i] = fibonacci[i - 1] + fibonacci[i - 2];
	for (unsigned n = 2; n <= 40; n++)
		for (unsigned max = 6; max <= PREFIX_CODE_BITS; max++)
			good = good && makes_a_code(fibonacci, n, max);
	ok(good, "Fibonacci's numbers, whose tree is the deepest there is, stay within every limit");
	for (unsigned i = 0; i < PREFIX_CODE_SYMBOLS; i++)
		even[i] = 1;
	ok(makes_a_code(even, PREFIX_CODE_SYMBOLS, 9) && makes_a_code(even, 256, 8), "as many symbols as a limit can bear have a code");
	for (unsigned i = 0; i < 19; i++)
		steep[i] = 1u << i;
	ok(makes_a_code(steep, 19, 7) && makes_a_code(steep, 19, 15), "19 symbols have a code of 7 bits");
	steep[18] = UINT32_MAX;
	ok(makes_a_code(steep, 19, 15), "counts of 32 bits are sorted");
}

static void quality(void)
{
	const uint32_t known[] = { 5, 9, 12, 13, 16, 45 }, two[] = { 0, 1, 0, 1000000, 0 };
	uint32_t counts[200], state = 3;
	bool good = true;

	is_int((intmax_t)cost(known, 6, 15), 224, "the code of a textbook has its cost");
	is_int((intmax_t)cost(two, 5, 15), 1000001, "two symbols have one bit each");
	for (unsigned round = 0; round < 50; round++) {
		for (unsigned i = 0; i < 200; i++) {
			state = state * 1664525 + 1013904223;
			counts[i] = state >> 28 < 4 ? 0 : 1 + (state >> 8 & 0xfff);
		}
		counts[0] = counts[1] = 1;
		good = good && makes_a_code(counts, 200, 15) && makes_a_code(counts, 200, 10) &&
		       cost(counts, 200, 10) >= cost(counts, 200, 15) && cost(counts, 200, 10) * 100 <= cost(counts, 200, 15) * 105;
	}
	ok(good, "a limit that bites costs little");
}

int main(void)
{
	limits();
	quality();
	return tap_done();
}
