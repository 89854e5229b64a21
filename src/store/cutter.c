/* SPDX-License-Identifier: Apache-2.0 */
/* Walks along a file's layout: blocks into even pieces, stretches between them through the splitter. */
#include <config.h>

#include "store/cutter.h"

#include "format/recipe.h"

#define PADDING_MAX 64u /* between the small tensors of a stretch, so that they still count as one array */

_Static_assert(CUTTER_LAST_MAX <= CHUNK_MAX && CUTTER_PIECE <= CUTTER_LAST_MAX, "a piece is a chunk");
_Static_assert(SPLIT_SAMPLE <= CHUNK_MAX, "the sample is there when a whole chunk is");

void cutter_init(struct cutter *c, const struct layout *layout, uint64_t file_size)
{
	*c = (struct cutter){ .layout = layout && layout->count ? layout : NULL, .file_size = file_size };
}

static const struct layout_region *next_region(const struct cutter *c)
{
	return c->layout && c->next < c->layout->count ? &c->layout->regions[c->next] : NULL;
}

static bool is_block(const struct layout_region *r)
{
	return r->len >= CUTTER_BLOCK_MIN && r->element != ELEMENT_HEADER;
}

/* Small tensors in a row are as good as one if all are of one type and stand as in one array. */
static enum element common_element(const struct cutter *c, size_t first)
{
	const struct layout_region *regions = c->layout ? c->layout->regions : NULL;
	enum element element = first < c->next ? regions[first].element : ELEMENT_UNKNOWN;
	unsigned size = layout_element_size(element);
	uint64_t at = c->at;

	if (!size)
		return ELEMENT_UNKNOWN;
	for (size_t i = first; i < c->next; i++) {
		if (regions[i].element != element || (regions[i].offset - c->at) % size || regions[i].offset - at > PADDING_MAX)
			return ELEMENT_UNKNOWN;
		at = regions[i].offset + regions[i].len;
	}
	return c->end - at > PADDING_MAX ? ELEMENT_UNKNOWN : element;
}

static void begin_stretch(struct cutter *c)
{
	const struct layout_region *r = next_region(c);
	size_t first = c->next;

	if (r && r->offset == c->at && r->element == ELEMENT_HEADER) {
		c->end = r->offset + r->len;
		c->next++;
		c->element = ELEMENT_UNKNOWN;
		return;
	}
	for (; r && r->element != ELEMENT_HEADER && !is_block(r); r = next_region(c))
		c->next++;
	if (r)
		c->end = r->offset;
	else /* what a file has grown by since is a stretch of its own */
		c->end = c->layout && c->at < c->layout->size ? c->layout->size : UINT64_MAX;
	c->element = common_element(c, first);
}

static void begin(struct cutter *c)
{
	const struct layout_region *r = next_region(c);

	c->knows_splitter = false;
	c->is_block = r && r->offset == c->at && is_block(r);
	if (!c->is_block) {
		begin_stretch(c);
		return;
	}
	c->end = r->offset + r->len;
	c->element = r->element;
	c->next++;
}

static size_t next_piece(const struct cutter *c, size_t len, bool is_end)
{
	uint64_t left = c->end - c->at;
	size_t want = left <= CUTTER_LAST_MAX ? (size_t)left : CUTTER_PIECE;

	if (len >= want)
		return want;
	return is_end ? len : 0;
}

/* The splitter takes it for a file of its own.  In a very large file only its head is worth fine cuts. */
static uint64_t stretch_size(const struct cutter *c)
{
	uint64_t size = c->end != UINT64_MAX ? c->end - c->at : c->layout ? 0 : c->file_size;

	return c->at > 0 && c->file_size >= CUTTER_FINE_FILE_MAX ? c->file_size : size;
}

static size_t next_by_content(struct cutter *c, const uint8_t *data, size_t len, bool is_end)
{
	uint64_t left = c->end - c->at;
	unsigned size = layout_element_size(c->element);
	size_t reach = len < left ? len : (size_t)left, n;
	bool is_all = is_end || reach == left;

	if (!c->knows_splitter) {
		if (reach < SPLIT_SAMPLE && !is_all)
			return 0;
		splitter_init(&c->splitter, data, reach < SPLIT_SAMPLE ? reach : SPLIT_SAMPLE, stretch_size(c));
		c->knows_splitter = true;
	}
	if (reach < c->splitter.max && !is_all)
		return 0;
	n = splitter_next(&c->splitter, data, reach);
	return size && n < reach ? n - n % size : n;
}

size_t cutter_next(struct cutter *c, const uint8_t *data, size_t len, bool is_end, enum element *element)
{
	size_t n;

	*element = ELEMENT_UNKNOWN;
	if (!len)
		return 0;
	if (c->at == c->end)
		begin(c);
	n = c->is_block ? next_piece(c, len, is_end) : next_by_content(c, data, len, is_end);
	c->at += n;
	*element = c->element;
	return n;
}
