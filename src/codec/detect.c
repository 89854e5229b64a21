/* SPDX-License-Identifier: Apache-2.0 */
/* Estimates from a sample what each way of coding would gain: entropies of byte planes against matches found within the sample. */
#include <config.h>

#include "codec/detect.h"

#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "codec/log2.h"

#define WINDOW ((size_t)2048)
#define WINDOWS_MAX 8u
#define SAMPLE_MAX (WINDOWS_MAX * WINDOW)
#define SHARE 16u /* of long data a sixteenth is looked at */

/* Of fewer numbers a histogram makes any plane look skewed. */
#define PLANE_MIN 1024u

/* What a way must gain over a simpler one, as a factor of the simpler one's bits. */
#define GAIN_OF_ROTATION 0.998
#define GAIN_OF_MATCHES 0.97

#define MATCH_MIN 5u
#define MATCH_BITS 20.0 /* what a length and a distance cost */
#define HASH_BITS 12u

struct sample {
	const uint8_t *data; /* `buf`, or the input itself when that is short */
	size_t len;
	uint8_t buf[SAMPLE_MAX];
};

/* One histogram a plane. */
struct planes {
	unsigned stride;
	uint32_t counts[8][256];
};

static void take_sample(struct sample *s, const uint8_t *data, size_t len)
{
	size_t windows = len / SHARE / WINDOW, step;

	windows = windows < 2 ? 2 : windows > WINDOWS_MAX ? WINDOWS_MAX : windows;
	s->data = data;
	s->len = len;
	if (len <= windows * WINDOW)
		return;
	step = (len - WINDOW) / (windows - 1) & ~(size_t)7;
	for (size_t i = 0; i < windows; i++)
		memcpy(s->buf + i * WINDOW, data + i * step, WINDOW);
	s->data = s->buf;
	s->len = windows * WINDOW;
}

/* --- entropy */

/* Bits of what is counted, corrected for what a small sample does not show (Miller and Madow). */
static double entropy(const uint32_t *counts)
{
	uint32_t total = 0, used = 0;
	double bits = 0, most;

	for (unsigned i = 0; i < 256; i++) {
		if (!counts[i])
			continue;
		total += counts[i];
		used++;
		bits -= (double)counts[i] * (double)log2_of(counts[i]);
	}
	if (!total)
		return 0;
	most = 8.0 * total;
	bits += (double)total * (double)log2_of(total) + (used - 1) * 0.7213;
	return bits < most ? bits : most;
}

static double entropy_of_planes(const struct planes *p)
{
	double bits = 0;

	for (unsigned k = 0; k < p->stride; k++)
		bits += entropy(p->counts[k]);
	return bits;
}

/* n bytes of noise have an expected sum of squared counts of n²/256 + n; up to 1.1 n²/256 + n less than 2 % can be gained. */
static bool is_flat(const uint32_t *counts, size_t n)
{
	uint64_t squares = 0;

	for (unsigned i = 0; i < 256; i++)
		squares += (uint64_t)counts[i] * counts[i];
	return squares <= (uint64_t)n * n / 256 * 11 / 10 + n;
}

/* --- planes */

/* The histograms of a smaller stride are sums of those of a larger one. */
static void halve_to(struct planes *p, unsigned stride)
{
	while (p->stride > stride) {
		p->stride /= 2;
		for (unsigned k = 0; k < p->stride; k++)
			for (unsigned i = 0; i < 256; i++)
				p->counts[k][i] += p->counts[k + p->stride][i];
	}
}

/* Histograms of stride 8 in any case; each number of `rotated` bytes is rotated first, none when that is 0. */
static void count_planes(const struct sample *s, unsigned rotated, struct planes *p)
{
	*p = (struct planes){ .stride = 8 };
	for (size_t i = 0; i + 8 <= s->len; i += 8) {
		uint64_t v = load_le64(s->data + i);

		if (rotated == 2)
			v = (v & UINT64_C(0x7fff7fff7fff7fff)) << 1 | (v >> 15 & UINT64_C(0x0001000100010001));
		else if (rotated == 4)
			v = (v & UINT64_C(0x7fffffff7fffffff)) << 1 | (v >> 31 & UINT64_C(0x0000000100000001));
		for (unsigned k = 0; k < 8; k++)
			p->counts[k][v >> (8 * k) & 0xff]++;
	}
}

/* As GAIN_OF_ROTATION. The fewer numbers a histogram has, the more skewed it looks, and by more than entropy() corrects. */
static double gain_of_planes(size_t len, unsigned stride)
{
	return 0.98 - 64.0 * stride / (double)len;
}

/* Sets stride and rotation; `bits` come as those of no planes and leave as the fewest.  A simpler way is asked about before a dearer one. */
static void find_planes(const struct sample *s, const struct planes *plain, double *bits, struct detected *found)
{
	static const struct {
		unsigned stride;
		bool rotate;
	} ways[] = { { 2, false }, { 4, false }, { 8, false }, { 2, true }, { 4, true } };
	struct planes p;
	double each, factor;

	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		if (s->len / ways[i].stride < PLANE_MIN)
			continue;
		if (ways[i].rotate)
			count_planes(s, ways[i].stride, &p);
		else
			p = *plain;
		halve_to(&p, ways[i].stride);
		each = entropy_of_planes(&p);
		factor = found->stride == ways[i].stride ? GAIN_OF_ROTATION : gain_of_planes(s->len, ways[i].stride);
		if (each >= *bits * factor)
			continue;
		*bits = each;
		found->stride = ways[i].stride;
		found->rotate = ways[i].rotate;
	}
}

/* --- matches */

static size_t match_length(const uint8_t *a, const uint8_t *b, const uint8_t *end)
{
	const uint8_t *start = b;

	for (; end - b >= 8; a += 8, b += 8) {
		uint64_t differ = load_le64(a) ^ load_le64(b);

		if (differ)
			return (size_t)(b - start) + (unsigned)__builtin_ctzll(differ) / 8;
	}
	while (b < end && *a == *b) {
		a++;
		b++;
	}
	return (size_t)(b - start);
}

/* What matches within the sample save where a literal costs so many bits: a greedy search that looks at one candidate, from every other byte. */
static double saved_by_matches(const struct sample *s, double literal_bits)
{
	uint16_t last[1u << HASH_BITS] = { 0 };
	const uint8_t *end = s->data + s->len;
	double saved = 0;

	for (size_t i = 0; i + 8 <= s->len;) {
		uint64_t key = load_le64(s->data + i) << (64 - 8 * MATCH_MIN);
		uint16_t *slot = &last[key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - HASH_BITS)];
		size_t before = *slot, match = 0;

		*slot = (uint16_t)i;
		if (before < i)
			match = match_length(s->data + before, s->data + i, end);
		if (match >= MATCH_MIN && (double)match * literal_bits > MATCH_BITS) {
			saved += (double)match * literal_bits - MATCH_BITS;
			i += match;
		} else {
			i += 2;
		}
	}
	return saved;
}

/* --- all of it */

/* Nine bytes of ten are printable ASCII, so that there is no need to look for planes. */
static bool is_text(const uint32_t *counts, size_t n)
{
	size_t printable = counts['\n'] + counts['\t'];

	for (unsigned c = ' '; c <= '~'; c++)
		printable += counts[c];
	return printable >= n - n / 10;
}

struct detected detect(const void *data, size_t len)
{
	struct detected found = { .kind = DETECTED_NOISE, .stride = 1 };
	struct planes planes, whole;
	struct sample s;
	double plain, bits;

	take_sample(&s, data, len);
	s.len &= ~(size_t)7;
	count_planes(&s, 0, &planes);
	whole = planes;
	halve_to(&whole, 1);
	if (is_flat(whole.counts[0], s.len))
		return found;
	bits = plain = entropy(whole.counts[0]);
	if (!is_text(whole.counts[0], s.len))
		find_planes(&s, &planes, &bits, &found);
	if (plain - saved_by_matches(&s, plain / (double)s.len) < bits * GAIN_OF_MATCHES)
		found.kind = DETECTED_REPEATS;
	else
		found.kind = DETECTED_SKEWED;
	return found;
}
