/* SPDX-License-Identifier: Apache-2.0 */
/* What a user of store/cutter counts on. */
#include <config.h>

#include "store/cutter.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "format/recipe.h"
#include "store-fixture.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

/* The chunks of a file as "LEN ELEMENT," from what a reader has at a time. */
static const char *chunks(const struct layout *layout, const uint8_t *data, size_t len, uint64_t said, size_t step)
{
	static struct strbuf texts[4];
	static size_t turn;
	struct strbuf *text = &texts[turn++ % 4];
	enum element element;
	struct cutter c;
	size_t at = 0, have = 0, n;

	if (!text->buf)
		strbuf_init(text);
	strbuf_reset(text);
	cutter_init(&c, layout, said);
	while (at < len) {
		while ((n = cutter_next(&c, data + at, have - at, have == len, &element)) > 0) {
			need(n <= CHUNK_MAX && n <= have - at, "a chunk lies within the data");
			strbuf_addf(text, "%zu %d,", n, (int)element);
			at += n;
		}
		need(have - at < CHUNK_MAX, "no more than the largest chunk is looked at");
		need(have < len || at == len, "all is cut");
		have = len - have < step ? len : have + step;
	}
	return text->buf;
}

static const char *layout_chunks(const struct layout *layout, const uint8_t *data, size_t len)
{
	return chunks(layout, data, len, len, len);
}

static void blocks(void)
{
	CLEANUP(ptr) uint8_t *data = xmalloc(8 * MIB);
	CLEANUP(layout) struct layout l = { .size = 8 * MIB };

	fill_noise(data, 8 * MIB, 1);
	need(layout_add(&l, 0, 1000, ELEMENT_HEADER) && layout_add(&l, 1000, 2 * MIB + 5, ELEMENT_FP32) &&
	     layout_add(&l, 1005 + 2 * MIB, MIB + 256 * KIB, ELEMENT_BF16) && layout_add(&l, 4 * MIB, 64 * KIB, ELEMENT_UNKNOWN) &&
	     layout_add(&l, 5 * MIB, 2 * MIB + 1024 * KIB, ELEMENT_BYTE), "the regions are in order");
	ok(strncmp(layout_chunks(&l, data, 8 * MIB), "1000 0,1048576 7,1048581 7,1310720 5,", 37) == 0,
	   "a header is one chunk, tensors are cut into even pieces, and no short one is left");
	ok(strstr(layout_chunks(&l, data, 8 * MIB), ",65536 0,") != NULL, "a tensor of 64 KiB begins and ends a chunk");
	ok(strstr(layout_chunks(&l, data, 8 * MIB), ",1048576 2,1048576 2,1048576 2,") != NULL, "so do bytes");
	is_str(chunks(&l, data, 8 * MIB, 8 * MIB, 1000), layout_chunks(&l, data, 8 * MIB), "it does not matter how much is there at a time");
}

/* The chunks of a tensor, and of small ones, somewhere in a file. */
static void shared(void)
{
	CLEANUP(ptr) uint8_t *data = xmalloc(4 * MIB), *moved = xmalloc(4 * MIB);
	CLEANUP(layout) struct layout l = { .size = 4 * MIB }, m = { .size = 4 * MIB };
	const char *first, *second;

	fill_noise(data, 4 * MIB, 2);
	memcpy(moved + 12345, data + 777, 3 * MIB);
	memset(moved, 'x', 12345);
	memset(moved + 12345 + 3 * MIB, 'x', MIB - 12345);
	need(layout_add(&l, 0, 777, ELEMENT_HEADER) && layout_add(&m, 0, 12345, ELEMENT_HEADER), "headers differ");
	for (size_t i = 0; i < 32; i++) /* 1 MiB of small ones */
		need(layout_add(&l, 777 + i * 32 * KIB, 32 * KIB, ELEMENT_FP32) && layout_add(&m, 12345 + i * 32 * KIB, 32 * KIB, ELEMENT_FP32),
		     "they are in order");
	need(layout_add(&l, 777 + MIB, 2 * MIB, ELEMENT_FP16) && layout_add(&m, 12345 + MIB, 2 * MIB, ELEMENT_FP16), "and the large one is");
	first = strchr(layout_chunks(&l, data, 777 + 3 * MIB), ',');
	second = strchr(layout_chunks(&m, moved, 12345 + 3 * MIB), ',');
	is_str(second, first, "what stands before a tensor does not change where it is cut");
	ok(strstr(first, ",1048576 4,1048576 4,") != NULL, "the large one is cut into pieces");
	ok(strstr(first, " 0,") == NULL && strstr(first, " 7,") != NULL, "small ones in a row are known for what they are");
	for (const char *p = first; *++p; p = strchr(p, ','))
		need(strtoul(p, NULL, 10) % 2 == 0, "no number is cut in two");
}

static void without_a_layout(void)
{
	CLEANUP(ptr) uint8_t *data = xmalloc(9 * MIB);
	CLEANUP(strbuf) struct strbuf want = STRBUF_INIT;
	CLEANUP(layout) struct layout none = { .size = 9 * MIB };
	struct splitter s;

	fill_noise(data, 9 * MIB, 3);
	splitter_init(&s, data, SPLIT_SAMPLE, 9 * MIB);
	for (size_t at = 0, n; at < 9 * MIB; at += n) {
		n = splitter_next(&s, data + at, 9 * MIB - at);
		strbuf_addf(&want, "%zu 0,", n);
	}
	is_str(layout_chunks(NULL, data, 9 * MIB), want.buf, "without a layout a file is cut by content");
	is_str(layout_chunks(&none, data, 9 * MIB), want.buf, "and with an empty one");
	is_str(chunks(NULL, data, 9 * MIB, 9 * MIB, 3000), want.buf, "however little is there at a time");
	is_str(chunks(NULL, data, 100, 0, 1), "100 0,", "a short stream is one chunk");
	is_str(chunks(NULL, data, 0, 0, 1), "", "nothing is none");
}

static void files_that_change(void)
{
	CLEANUP(ptr) uint8_t *data = xmalloc(4 * MIB);
	CLEANUP(layout) struct layout l = { .size = 3 * MIB };

	fill_noise(data, 4 * MIB, 4);
	need(layout_add(&l, 100, 3 * MIB - 100, ELEMENT_FP32), "it is in order");
	is_str(chunks(&l, data, 2 * MIB, 3 * MIB, MIB), "100 0,1048576 7,1048476 7,", "a file that is shorter than its layout ends where it ends");
	ok(strncmp(chunks(&l, data, 3 * MIB + 50, 3 * MIB, MIB), "100 0,1048576 7,1048576 7,1048476 7,50 0,", 41) == 0,
	   "one that is longer has one more stretch");
}

static void mixed_stretches(void)
{
	CLEANUP(ptr) uint8_t *data = xcalloc(1, 100 * KIB);
	CLEANUP(layout) struct layout types = { .size = 1000 }, odd = { .size = 1000 }, gap = { .size = 1000 }, padded = { .size = 1000 };

	need(layout_add(&types, 0, 500, ELEMENT_FP32) && layout_add(&types, 500, 500, ELEMENT_FP16), "they are in order");
	is_str(layout_chunks(&types, data, 1000), "1000 0,", "small tensors of several types are nothing that is known");
	need(layout_add(&odd, 0, 500, ELEMENT_FP32) && layout_add(&odd, 502, 498, ELEMENT_FP32), "they are in order");
	is_str(layout_chunks(&odd, data, 1000), "1000 0,", "nor are such that are not in step");
	need(layout_add(&gap, 0, 200, ELEMENT_FP32) && layout_add(&gap, 500, 500, ELEMENT_FP32), "they are in order");
	is_str(layout_chunks(&gap, data, 1000), "1000 0,", "nor are such with something between");
	need(layout_add(&padded, 0, 492, ELEMENT_FP32) && layout_add(&padded, 500, 480, ELEMENT_FP32), "they are in order");
	is_str(layout_chunks(&padded, data, 1000), "1000 7,", "a little padding does not matter");
}

/* So that no layout makes a recipe too long. */
static void huge_files(void)
{
	CLEANUP(ptr) uint8_t *text = xmalloc(5 * MIB);
	CLEANUP(layout) struct layout l = { .size = CUTTER_FINE_FILE_MAX };
	enum element element;
	struct cutter c;

	fill_text(text, 5 * MIB, 5);
	need(layout_add(&l, 0, 5 * MIB, ELEMENT_HEADER) && layout_add(&l, 10 * MIB, MIB, ELEMENT_FP32), "they are in order");
	cutter_init(&c, &l, l.size);
	ok(cutter_next(&c, text, 5 * MIB, false, &element) <= 256 * KIB, "the header of a very large file is cut finely");
	c.at = c.end;
	ok(cutter_next(&c, text, 5 * MIB, false, &element) > 256 * KIB, "what else lies between its tensors is not");
}

int main(void)
{
	blocks();
	shared();
	without_a_layout();
	files_that_change();
	mixed_stretches();
	huge_files();
	return tap_done();
}
