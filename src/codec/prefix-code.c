/* SPDX-License-Identifier: Apache-2.0 */
/* Huffman codes of limited length: Huffman's tree, what is too deep moved up, then the codes that its depths stand for. */
#include <config.h>

#include "codec/prefix-code.h"

#include <string.h>

/* Symbols with a count, the rarest first; returns how many. */
static unsigned sort_symbols(const uint32_t *counts, unsigned n, uint64_t *sorted)
{
	uint64_t other[PREFIX_CODE_SYMBOLS];
	unsigned used = 0;

	for (unsigned i = 0; i < n; i++)
		if (counts[i])
			sorted[used++] = (uint64_t)counts[i] << 16 | i;
	for (unsigned shift = 16; shift < 48; shift += 8) {
		unsigned starts[257] = { 0 };

		for (unsigned i = 0; i < used; i++)
			starts[(sorted[i] >> shift & 0xff) + 1]++;
		if (starts[1] == used)
			continue;
		for (unsigned i = 1; i < 256; i++)
			starts[i] += starts[i - 1];
		for (unsigned i = 0; i < used; i++)
			other[starts[sorted[i] >> shift & 0xff]++] = sorted[i];
		memcpy(sorted, other, used * sizeof *sorted);
	}
	return used;
}

/* Depths of the leaves of Huffman's tree: of[d] of them have depth d, those deeper than `max` count as `max`. */
static void count_depths(const uint64_t *sorted, unsigned used, unsigned max, unsigned *of)
{
	uint64_t weights[2 * PREFIX_CODE_SYMBOLS];
	uint16_t parents[2 * PREFIX_CODE_SYMBOLS], depths[2 * PREFIX_CODE_SYMBOLS];
	unsigned leaf = 0, inner = used, root = 2 * used - 2;

	for (unsigned i = 0; i < used; i++)
		weights[i] = sorted[i] >> 16;
	for (unsigned made = used; made <= root; made++) {
		weights[made] = 0;
		for (int i = 0; i < 2; i++) {
			unsigned lightest = leaf < used && (inner == made || weights[leaf] <= weights[inner]) ? leaf++ : inner++;

			weights[made] += weights[lightest];
			parents[lightest] = (uint16_t)made;
		}
	}
	depths[root] = 0;
	for (unsigned i = root; i-- > 0;) {
		depths[i] = (uint16_t)(depths[parents[i]] + 1);
		if (i < used)
			of[depths[i] < max ? depths[i] : max]++;
	}
}

/* What was too deep makes the code too large; every step takes one unit of 2^-max from it: a leaf moves down and takes a deepest one along. */
static void limit_depths(unsigned max, unsigned *of)
{
	uint32_t total = 0;

	for (unsigned d = 1; d <= max; d++)
		total += of[d] << (max - d);
	for (; total > 1u << max; total--) {
		unsigned d = max - 1;

		while (!of[d])
			d--;
		of[max]--;
		of[d]--;
		of[d + 1] += 2;
	}
}

void prefix_code_lengths(const uint32_t *counts, unsigned n, unsigned max, uint8_t *lengths)
{
	uint64_t sorted[PREFIX_CODE_SYMBOLS];
	unsigned of[PREFIX_CODE_BITS + 1] = { 0 }, used = sort_symbols(counts, n, sorted), at = 0;

	memset(lengths, 0, n);
	count_depths(sorted, used, max, of);
	limit_depths(max, of);
	for (unsigned d = max; d > 0; d--)
		for (unsigned i = 0; i < of[d]; i++)
			lengths[(uint16_t)sorted[at++]] = (uint8_t)d;
}

void prefix_code_entries(const uint8_t *lengths, unsigned n, uint32_t *entries)
{
	unsigned of[PREFIX_CODE_BITS + 1] = { 0 }, next[PREFIX_CODE_BITS + 1] = { 0 };

	for (unsigned i = 0; i < n; i++)
		of[lengths[i]]++;
	of[0] = 0;
	for (unsigned d = 1; d <= PREFIX_CODE_BITS; d++)
		next[d] = (next[d - 1] + of[d - 1]) << 1;
	for (unsigned i = 0; i < n; i++) {
		unsigned code = lengths[i] ? next[lengths[i]]++ : 0, reversed = 0;

		for (unsigned bit = 0; bit < lengths[i]; bit++)
			reversed |= (code >> bit & 1) << (lengths[i] - 1 - bit);
		entries[i] = reversed << 8 | lengths[i];
	}
}
