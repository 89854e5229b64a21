/* SPDX-License-Identifier: Apache-2.0 */
/* Writes RFC 1950 streams of stored blocks, Huffman literals and runs; DESIGN and t/unit/test-huffman.c have the why and the proof. */
#include <config.h>

#include "codec/huffman.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "codec/deflate.h"
#include "codec/log2.h"
#include "codec/prefix-code.h"

#define BLOCK_LEN ((size_t)32 << 10)

/* Symbols of RFC 1951, 3.2.5: literals, the end of a block, lengths. */
#define LITERALS 256u
#define END 256u
#define LENGTHS 257u
#define SYMBOLS PREFIX_CODE_SYMBOLS
#define RUN_MAX 258u
#define RUN_MIN 6u /* a shorter run costs no less than its literals */

/* Of 15 that are legal: so four codes fit between two stores. */
#define CODE_BITS 14u

#define LENGTH_SYMBOLS 19u /* 3.2.7: what code lengths are written with */
#define LENGTH_CODE_BITS 7u
#define HEADER_BITS_GUESS 640.0

/* The sample that tells noise from the rest before anything is counted. */
#define SAMPLE_WINDOWS 8u
#define SAMPLE_WINDOW 128u
#define SAMPLE_LEN (SAMPLE_WINDOWS * SAMPLE_WINDOW)

enum kind { STORED, HUFFMAN, RUNS };

/* A piece of the input and the symbols it would be written as. */
struct block {
	const uint8_t *data;
	size_t len;
	enum kind kind;
	double bits; /* estimated, without the header */
	uint32_t extra_bits; /* those of lengths and distances */
	uint32_t counts[SYMBOLS];
};

struct writer {
	uint8_t *out, *end;
	uint64_t acc; /* bits that are not yet out, the first one lowest */
	unsigned acc_bits;
	bool full;
};


static void drain(struct writer *w)
{
	for (; w->acc_bits >= 8; w->acc_bits -= 8, w->acc >>= 8) {
		if (w->out == w->end)
			w->full = true;
		else
			*w->out++ = (uint8_t)w->acc;
	}
}

/* count: at most 16. */
static inline void put(struct writer *w, uint32_t bits, unsigned count)
{
	w->acc |= (uint64_t)bits << w->acc_bits;
	w->acc_bits += count;
	if (w->acc_bits < 32)
		return;
	if (w->end - w->out < 4) {
		drain(w);
		return;
	}
	store_le32(w->out, (uint32_t)w->acc);
	w->out += 4;
	w->acc >>= 32;
	w->acc_bits -= 32;
}

static inline void put_code(struct writer *w, uint32_t entry)
{
	put(w, entry >> 8, entry & 0xff);
}

/* To the next byte, with all of it in `out`. */
static void align(struct writer *w)
{
	w->acc_bits = (w->acc_bits + 7) / 8 * 8;
	drain(w);
}

/* --- the head of a block with its own code */

/* Lengths as symbols of 3.2.7, the extra bits above the low byte; returns how many. */
static unsigned pack_lengths(const uint8_t *lengths, unsigned n, uint16_t *packed)
{
	unsigned made = 0, run;

	for (unsigned i = 0; i < n; i += run) {
		for (run = 1; i + run < n && lengths[i + run] == lengths[i];)
			run++;
		if (!lengths[i] && run >= 11) {
			run = run < 138 ? run : 138;
			packed[made++] = (uint16_t)((run - 11) << 8 | 18);
		} else if (!lengths[i] && run >= 3) {
			packed[made++] = (uint16_t)((run - 3) << 8 | 17);
		} else if (run >= 4) {
			run = run < 7 ? run : 7;
			packed[made++] = lengths[i];
			packed[made++] = (uint16_t)((run - 4) << 8 | 16);
		} else {
			run = 1;
			packed[made++] = lengths[i];
		}
	}
	return made;
}

static void put_header(struct writer *w, const uint8_t *lengths, unsigned literals, bool last)
{
	static const uint8_t order[LENGTH_SYMBOLS] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
	static const uint8_t extra[3] = { 2, 3, 7 };
	uint8_t all[SYMBOLS + 2], bits[LENGTH_SYMBOLS];
	uint16_t packed[SYMBOLS + 2];
	uint32_t counts[LENGTH_SYMBOLS] = { 0 }, entries[LENGTH_SYMBOLS];
	unsigned count, given = LENGTH_SYMBOLS;

	/* two distances of one bit: a complete code, though one is used at most; some inflaters take no other */
	memcpy(all, lengths, literals);
	all[literals] = all[literals + 1] = 1;
	count = pack_lengths(all, literals + 2, packed);
	for (unsigned i = 0; i < count; i++)
		counts[packed[i] & 0xff]++;
	prefix_code_lengths(counts, LENGTH_SYMBOLS, LENGTH_CODE_BITS, bits);
	prefix_code_entries(bits, LENGTH_SYMBOLS, entries);
	while (!bits[order[given - 1]])
		given--;
	put(w, last | 2 << 1, 3);
	put(w, literals - LENGTHS, 5);
	put(w, 1, 5);
	put(w, given - 4, 4);
	for (unsigned i = 0; i < given; i++)
		put(w, bits[order[i]], 3);
	for (unsigned i = 0; i < count; i++) {
		unsigned symbol = packed[i] & 0xff;

		put_code(w, entries[symbol]);
		if (symbol >= 16)
			put(w, packed[i] >> 8, extra[symbol - 16]);
	}
}

/* --- runs: a literal, then matches of distance 1 */

/* Bytes from `at` on that are as at[-1], up to RUN_MAX. */
static size_t run_length(const uint8_t *at, const uint8_t *end)
{
	uint64_t same = at[-1] * UINT64_C(0x0101010101010101);
	const uint8_t *p = at;

	if ((size_t)(end - at) > RUN_MAX)
		end = at + RUN_MAX;
	while (end - p >= 8) {
		uint64_t differ = load_le64(p) ^ same;

		if (differ)
			return (size_t)(p - at) + (unsigned)__builtin_ctzll(differ) / 8;
		p += 8;
	}
	while (p < end && *p == at[-1])
		p++;
	return (size_t)(p - at);
}

/* The symbol of a length, and its extra bits: 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, … */
static unsigned length_symbol(size_t length, unsigned *extra)
{
	unsigned l = (unsigned)length - 3;

	*extra = 0;
	if (length == RUN_MAX)
		return SYMBOLS - 1;
	if (l < 8)
		return LENGTHS + l;
	*extra = 29 - (unsigned)__builtin_clz(l);
	return LENGTHS + 4 + 4 * *extra + (l >> *extra & 3);
}

/* The run that begins after the literal at p, 0 when it is not worth a match. */
static size_t worthy_run(const uint8_t *p, const uint8_t *end)
{
	size_t run;

	if (p + 1 == end || p[0] != p[1])
		return 0;
	run = run_length(p + 1, end);
	return run >= RUN_MIN ? run : 0;
}

static void count_runs(struct block *b)
{
	const uint8_t *p = b->data, *end = p + b->len;

	memset(b->counts, 0, sizeof b->counts);
	b->counts[END] = 1;
	b->extra_bits = 0;
	while (p < end) {
		size_t run = worthy_run(p, end);
		unsigned extra;

		b->counts[*p++]++;
		for (; run >= RUN_MIN; run = run == RUN_MAX ? run_length(p, end) : 0) {
			b->counts[length_symbol(run, &extra)]++;
			b->extra_bits += extra + 1;
			p += run;
		}
	}
}

static void put_runs(struct writer *w, const struct block *b, const uint32_t *entries)
{
	const uint8_t *p = b->data, *end = p + b->len;

	while (p < end && !w->full) {
		size_t run = worthy_run(p, end);
		unsigned extra;

		put_code(w, entries[*p++]);
		for (; run >= RUN_MIN; run = run == RUN_MAX ? run_length(p, end) : 0) {
			put_code(w, entries[length_symbol(run, &extra)]);
			put(w, (uint32_t)(run - 3) & ((1u << extra) - 1), extra + 1); /* and a zero: distance 1 */
			p += run;
		}
	}
}

/* --- literals */

static inline void add_code(uint64_t *acc, unsigned *bits, uint32_t entry)
{
	*acc |= (uint64_t)(entry >> 8) << *bits;
	*bits += entry & 0xff;
}

static void put_literals(struct writer *w, const uint8_t *data, size_t len, const uint32_t *entries)
{
	const uint8_t *p = data, *end = data + len;
	uint64_t acc;
	unsigned bits;
	uint8_t *out;

	drain(w);
	acc = w->acc;
	bits = w->acc_bits;
	out = w->out;
	/* 7 bits that wait and four codes of CODE_BITS are no more than 63 */
	for (; end - p >= 4 && w->end - out >= 8; p += 4) {
		add_code(&acc, &bits, entries[p[0]]);
		add_code(&acc, &bits, entries[p[1]]);
		add_code(&acc, &bits, entries[p[2]]);
		add_code(&acc, &bits, entries[p[3]]);
		store_le64(out, acc);
		out += bits / 8;
		acc >>= bits & ~7u;
		bits %= 8;
	}
	w->acc = acc;
	w->acc_bits = bits;
	w->out = out;
	while (p < end && !w->full)
		put_code(w, entries[*p++]);
}

/* --- what a block is */

static void count_literals(struct block *b)
{
	uint32_t counts[4][LITERALS] = { { 0 } }; /* four, so that equal neighbours do not wait for each other */
	const uint8_t *p = b->data;
	size_t i = 0;

	for (; i + 8 <= b->len; i += 8) {
		uint64_t v = load_le64(p + i);

		counts[0][v & 0xff]++;
		counts[1][v >> 8 & 0xff]++;
		counts[2][v >> 16 & 0xff]++;
		counts[3][v >> 24 & 0xff]++;
		counts[0][v >> 32 & 0xff]++;
		counts[1][v >> 40 & 0xff]++;
		counts[2][v >> 48 & 0xff]++;
		counts[3][v >> 56]++;
	}
	for (; i < b->len; i++)
		counts[0][p[i]]++;
	for (unsigned s = 0; s < LITERALS; s++)
		b->counts[s] = counts[0][s] + counts[1][s] + counts[2][s] + counts[3][s];
	memset(b->counts + LITERALS, 0, (SYMBOLS - LITERALS) * sizeof *b->counts);
	b->extra_bits = 0;
}

/* About what a Huffman code needs: entropy, but no symbol under one bit. */
static double estimate(const uint32_t *counts, unsigned n)
{
	uint32_t total = 0;
	float log_total;
	double bits = 0;

	for (unsigned i = 0; i < n; i++)
		total += counts[i];
	if (!total)
		return 0;
	log_total = log2_of(total);
	for (unsigned i = 0; i < n; i++) {
		float each;

		if (!counts[i])
			continue;
		each = log_total - log2_of(counts[i]);
		bits += (double)counts[i] * (double)(each < 1 ? 1 : each);
	}
	return bits;
}

struct sample {
	bool is_noise;
	bool may_have_runs;
};

/*
 * n bytes of noise have an expected sum of squared counts of n²/256 + n; one that is at most 1.1 n²/256 + n leaves under 2 % to gain.
 * Runs show in more equal neighbours than the counts alone explain, or in more than half of all.
 */
static struct sample take_sample(const uint8_t *data, size_t len)
{
	size_t step = (len - SAMPLE_WINDOW) / (SAMPLE_WINDOWS - 1);
	uint32_t counts[LITERALS] = { 0 }, squares = 0, equal = 0;
	struct sample s;

	for (size_t i = 0; i < SAMPLE_WINDOWS; i++) {
		const uint8_t *p = data + i * step;

		for (size_t j = 0; j < SAMPLE_WINDOW; j++)
			counts[p[j]]++;
		for (size_t j = 0; j + 1 < SAMPLE_WINDOW; j++)
			equal += p[j] == p[j + 1];
	}
	for (size_t i = 0; i < LITERALS; i++)
		squares += counts[i] * counts[i];
	s.is_noise = squares <= SAMPLE_LEN * SAMPLE_LEN / 256 * 11 / 10 + SAMPLE_LEN;
	s.may_have_runs = equal > SAMPLE_LEN / 2 || (uint64_t)equal * SAMPLE_LEN > 2 * (uint64_t)squares;
	return s;
}

static void look_at(struct block *b, const uint8_t *data, size_t len)
{
	struct sample sample = { .is_noise = false, .may_have_runs = true };
	struct block runs;

	b->data = data;
	b->len = len;
	b->kind = STORED;
	b->bits = 8.0 * (double)len;
	if (len >= 4 * SAMPLE_LEN)
		sample = take_sample(data, len);
	if (sample.is_noise)
		return;
	count_literals(b);
	b->counts[END] = 1;
	b->kind = HUFFMAN;
	b->bits = estimate(b->counts, LENGTHS);
	if (sample.may_have_runs) {
		runs = (struct block){ .data = data, .len = len, .kind = RUNS };
		count_runs(&runs);
		runs.bits = estimate(runs.counts, SYMBOLS) + runs.extra_bits;
		if (runs.bits < b->bits)
			*b = runs;
	}
	if (b->bits + HEADER_BITS_GUESS > 7.9 * (double)len) {
		b->kind = STORED;
		b->bits = 8.0 * (double)len;
	}
}

/* Lengthens `open` by its neighbour where one code for both costs less than a second header. */
static bool merge(struct block *open, const struct block *next)
{
	uint32_t counts[SYMBOLS];
	double bits;

	if (open->kind != next->kind)
		return false;
	if (open->kind == STORED) {
		open->len += next->len;
		return true;
	}
	for (unsigned i = 0; i < SYMBOLS; i++)
		counts[i] = open->counts[i] + next->counts[i];
	counts[END] = 1;
	bits = estimate(counts, SYMBOLS) + open->extra_bits + next->extra_bits;
	if (bits > open->bits + next->bits + HEADER_BITS_GUESS)
		return false;
	open->len += next->len;
	open->bits = bits;
	open->extra_bits += next->extra_bits;
	memcpy(open->counts, counts, sizeof counts);
	return true;
}

/* --- the stream */

static void write_stored(struct writer *w, const struct block *b, bool last)
{
	const uint8_t *p = b->data;
	size_t left = b->len;

	drain(w);
	w->full = w->full || (size_t)(w->end - w->out) < b->len + 5; /* what does not fit is not copied to find that out */
	do {
		size_t n = left < 65535 ? left : 65535;

		put(w, last && n == left, 3);
		align(w);
		put(w, (uint32_t)n, 16);
		put(w, (uint32_t)n ^ 0xffff, 16);
		drain(w);
		if (w->full || (size_t)(w->end - w->out) < n) {
			w->full = true;
			return;
		}
		if (!n)
			return; /* an empty stream */
		memcpy(w->out, p, n);
		w->out += n;
		p += n;
		left -= n;
	} while (left);
}

static void write_block(struct writer *w, struct block *b, bool last)
{
	uint8_t lengths[SYMBOLS];
	uint32_t entries[SYMBOLS];
	unsigned literals = SYMBOLS;

	if (b->kind == STORED) {
		write_stored(w, b, last);
		return;
	}
	if (b->kind == RUNS)
		count_runs(b); /* in blocks that were merged, runs go on across their borders */
	prefix_code_lengths(b->counts, SYMBOLS, CODE_BITS, lengths);
	prefix_code_entries(lengths, SYMBOLS, entries);
	while (!lengths[literals - 1])
		literals--;
	put_header(w, lengths, literals, last);
	if (b->kind == RUNS)
		put_runs(w, b, entries);
	else
		put_literals(w, b->data, b->len, entries);
	put_code(w, entries[END]);
}

/* Looks at the blocks of one section, of about BLOCK_LEN and equal length, and writes those that are followed by others. */
static void write_section(struct writer *w, const uint8_t *data, size_t len, struct block *open)
{
	size_t count = (len + BLOCK_LEN / 2) / BLOCK_LEN, step = count ? (len + count - 1) / count : len;
	struct block next;

	for (size_t at = 0; at < len && !w->full; at += step) {
		look_at(&next, data + at, len - at < step ? len - at : step);
		if ((at || next.kind == STORED) && open->data && merge(open, &next))
			continue;
		if (open->data)
			write_block(w, open, false);
		*open = next;
	}
}

size_t huffman_compress(const void *src, size_t len, size_t section, void *dst, size_t cap)
{
	const uint8_t *data = src;
	struct writer w = { .out = dst, .end = (uint8_t *)dst + cap };
	struct block open = { .data = NULL, .kind = STORED };
	size_t n;

	put(&w, 0x0178, 16);
	for (size_t at = 0; at < len; at += n) {
		n = !section || len - at < 2 * section ? len - at : section;
		write_section(&w, data + at, n, &open);
	}
	write_block(&w, &open, true);
	align(&w);
	if (!w.full) {
		uint32_t sum = __builtin_bswap32(deflate_adler32(1, src, len));

		put(&w, sum & 0xffff, 16);
		put(&w, sum >> 16, 16);
		drain(&w);
	}
	return w.full ? 0 : (size_t)(w.out - (uint8_t *)dst);
}
