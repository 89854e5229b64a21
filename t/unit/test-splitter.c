/* SPDX-License-Identifier: Apache-2.0 */
/* What a user of store/splitter counts on. */
#include <config.h>

#include "store/splitter.h"

#include "base/digest.h"
#include "base/hashmap.h"
#include "base/mem.h"
#include "tap.h"

#define LEN (24u << 20)

static uint8_t *make_noise(size_t len, bool as_text)
{
	uint8_t *data = xmalloc(len);
	uint64_t state = 42;

	for (size_t i = 0; i < len; i++) {
		state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		data[i] = as_text ? (uint8_t)(' ' + (state >> 33) % 90) : (uint8_t)(state >> 56);
	}
	return data;
}

struct tally {
	size_t count, least, most;
	struct hashmap chunks;
	size_t known;
};

static void tally_cleanup(struct tally *t)
{
	hashmap_release(&t->chunks, NULL);
}

/* Cuts all of data; counts the chunks that were there already. */
static void cut(const struct splitter *s, const uint8_t *data, size_t len, struct tally *t)
{
	t->count = t->most = t->known = 0;
	t->least = SIZE_MAX;
	for (size_t at = 0, n; at < len; at += n, t->count++) {
		struct oid id;

		n = splitter_next(s, data + at, len - at);
		need(n > 0 && n <= len - at, "a chunk lies within the data");
		sha256_bytes(data + at, n, &id);
		t->known += hashmap_has(&t->chunks, &id, sizeof id);
		hashmap_put(&t->chunks, &id, sizeof id, t);
		t->most = n > t->most ? n : t->most;
		t->least = at + n < len && n < t->least ? n : t->least;
	}
}

static void sizes(bool as_text, const char *what)
{
	CLEANUP(ptr) uint8_t *data = make_noise(LEN, as_text);
	CLEANUP(tally) struct tally t = { .chunks = HASHMAP_INIT };
	struct splitter s;
	size_t average;

	splitter_init(&s, data, SPLIT_SAMPLE, LEN);
	is_int(s.average, as_text ? 64 << 10 : 1 << 20, what);
	is_int(s.min, s.average / 4, "with a minimum of a quarter");
	is_int(s.max, s.average * 4, "and a maximum of four times that");
	cut(&s, data, LEN, &t);
	average = LEN / t.count;
	ok(t.least >= s.min && t.most <= s.max, "chunks keep within %lu and %lu", (unsigned long)s.min, (unsigned long)s.max);
	ok(average > s.average * 6 / 10 && average < s.average * 16 / 10, "their average is near what it should be (%zu)", average);
}

static void an_insertion_moves_few_cuts(void)
{
	CLEANUP(ptr) uint8_t *data = make_noise(LEN, true), *changed = xmalloc(LEN + 100);
	CLEANUP(tally) struct tally t = { .chunks = HASHMAP_INIT };
	struct splitter s;
	size_t at = LEN / 3;

	memcpy(changed, data, at);
	memset(changed + at, 'x', 100);
	memcpy(changed + at + 100, data + at, LEN - at);
	splitter_init(&s, data, SPLIT_SAMPLE, LEN);
	cut(&s, data, LEN, &t);
	cut(&s, changed, LEN + 100, &t);
	ok(t.count - t.known <= 4, "after an insertion all but a few chunks are known (%zu of %zu are new)", t.count - t.known, t.count);
}

static void edges(void)
{
	CLEANUP(ptr) uint8_t *zero = xcalloc(8 << 20, 1), *data = make_noise(8 << 20, false);
	struct splitter s;

	splitter_init(&s, zero, SPLIT_SAMPLE, 8 << 20);
	is_int((intmax_t)splitter_next(&s, zero, 8 << 20), s.max, "what never gives a cut is cut at the maximum");
	is_int((intmax_t)splitter_next(&s, zero, 1), 1, "a last byte is a chunk");
	is_int((intmax_t)splitter_next(&s, data, s.min), s.min, "a last chunk may be of the minimum");
	is_int((intmax_t)splitter_next(&s, data, s.min / 2), s.min / 2, "or shorter");
	ok(splitter_next(&s, data, s.max) == splitter_next(&s, data, 8 << 20), "what lies beyond the maximum does not matter");
}

static unsigned long average_of(const void *sample, size_t len, uint64_t file_size)
{
	struct splitter s;

	splitter_init(&s, sample, len, file_size);
	return s.average;
}

static void kinds(void)
{
	CLEANUP(ptr) uint8_t *text = make_noise(SPLIT_SAMPLE, true), *padded = xcalloc(SPLIT_SAMPLE, 1),
		*tensors = xcalloc(SPLIT_SAMPLE, 1);

	memcpy(padded, text, SPLIT_SAMPLE * 3 / 4);
	memset(tensors, ' ', SPLIT_SAMPLE);
	memcpy(tensors, "\x00\x00\x02\x00\x00\x00\x00\x00{\"", 10);
	is_int(average_of(text, SPLIT_SAMPLE, 0), 64 << 10, "text from a pipe is cut finely");
	is_int(average_of(padded, SPLIT_SAMPLE, 1 << 20), 64 << 10, "so is text with padding, as in a tar");
	is_int(average_of(text, SPLIT_SAMPLE, SPLIT_LARGE_FILE), 1 << 20, "a very large text is cut coarsely");
	is_int(average_of(tensors, SPLIT_SAMPLE, 64 << 20), 1 << 20, "the text at the start of a safetensors file does not deceive");
	is_int(average_of(tensors, SPLIT_SAMPLE, SPLIT_SMALL_FILE - 1), 64 << 10, "a small model is cut finely, so that its versions share chunks");
	is_int(average_of(NULL, 0, 0), 1 << 20, "nothing is no text");
}

static void stays_as_it_is(void)
{
	CLEANUP(ptr) uint8_t *data = make_noise(LEN, true);
	struct splitter s;
	size_t first, second;

	splitter_init(&s, data, SPLIT_SAMPLE, LEN);
	first = splitter_next(&s, data, LEN);
	second = splitter_next(&s, data + first, LEN - first);
	is_int((intmax_t)first, 66827, "the first cut is where it always was");
	is_int((intmax_t)second, 28778, "and the second");
}

int main(void)
{
	sizes(true, "text is cut into chunks of 64 KiB");
	sizes(false, "the rest into chunks of 1 MiB");
	an_insertion_moves_few_cuts();
	edges();
	kinds();
	stays_as_it_is();
	return tap_done();
}
