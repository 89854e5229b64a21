/* SPDX-License-Identifier: Apache-2.0 */
/* Any layout, and data of any length, that comes in any steps: the chunks are the data, and the steps do not matter. */
#include <config.h>

#include "store/cutter.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "format/recipe.h"
#include "fuzz.h"

#define DATA_MAX (6u << 20)
#define HEAD_LEN 12u
#define REGION_LEN 7u

/* Chunks end where these bits are set. */
struct cuts {
	uint8_t *bits;
};

static void cuts_cleanup(struct cuts *c)
{
	free(c->bits);
}

static void cut(const struct layout *layout, uint64_t said, const uint8_t *data, size_t len, size_t step, struct cuts *out)
{
	struct cutter c;
	enum element element;
	size_t at = 0, have = 0, n;

	out->bits = xcalloc(1, len / 8 + 1);
	cutter_init(&c, layout, said);
	while (at < len) {
		have = len - have < step ? len : have + step;
		while ((n = cutter_next(&c, data + at, have - at, have == len, &element)) > 0) {
			must(n <= CHUNK_MAX && n <= have - at && element <= ELEMENT_FP64 && element != ELEMENT_HEADER);
			at += n;
			out->bits[at / 8] |= (uint8_t)(1u << at % 8);
		}
		must(have - at < CHUNK_MAX && (have < len || at == len));
	}
}

/* Twelve bytes: size that is said, length of the data, step.  Then seven bytes a region: gap, length, element. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cuts) struct cuts whole = { NULL }, steps = { NULL };
	CLEANUP(layout) struct layout layout = LAYOUT_INIT;
	CLEANUP(ptr) uint8_t *file = NULL;
	size_t len, step;
	uint64_t end = 0;

	if (size < HEAD_LEN)
		return 0;
	layout.size = load_le32(data);
	len = load_le32(data + 4) % (DATA_MAX + 1);
	step = load_le32(data + 8) % DATA_MAX + 1;
	step = step < 4096 ? 4096 : step;
	file = xcalloc(1, len + 1);
	for (size_t i = 0; i + 8 <= len; i += 8)
		store_le64(file + i, (i + data[0]) * UINT64_C(0x9e3779b97f4a7c15) >> data[1] % 32);
	for (size_t i = HEAD_LEN; i + REGION_LEN <= size; i += REGION_LEN) {
		uint64_t offset = end + load_le16(data + i) * 7u, region = load_le32(data + i + 2);

		if (layout_add(&layout, offset, region, (enum element)(data[i + 6] % (ELEMENT_FP64 + 1))) && region)
			end = offset + region;
	}
	cut(&layout, layout.size, file, len, len ? len : 1, &whole);
	cut(&layout, layout.size, file, len, step, &steps);
	must(memcmp(whole.bits, steps.bits, len / 8 + 1) == 0);
	return 0;
}
