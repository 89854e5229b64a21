/* SPDX-License-Identifier: Apache-2.0 */
/* Tells model formats apart, and makes a layout of what their readers find. */
#include <config.h>

#include "tensor/tensor.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "format/recipe.h"
#include "tensor/gguf.h"
#include "tensor/npy.h"
#include "tensor/safetensors.h"
#include "tensor/zip.h"

#define MAGIC_LEN 16u

bool tensor_bytes(const uint64_t *shape, size_t dims, uint64_t element_size, uint64_t *out)
{
	bool is_empty = false;

	*out = element_size;
	for (size_t i = 0; i < dims; i++) {
		is_empty |= !shape[i];
		if (shape[i] && __builtin_mul_overflow(*out, shape[i], out))
			return false;
	}
	if (is_empty)
		*out = 0;
	return true;
}

static tensor_reader find_reader(const uint8_t *magic)
{
	if (memcmp(magic, "GGUF", 4) == 0)
		return gguf_each;
	if (memcmp(magic, "\x93NUMPY", 6) == 0)
		return npy_each;
	if (memcmp(magic, "PK\3\4", 4) == 0)
		return zip_each;
	if (magic[8] == '{' && load_le64(magic) <= TENSOR_HEADER_MAX)
		return safetensors_each;
	return NULL;
}

bool tensor_each(const struct tensor_input *in, const struct tensor_visitor *v, uint64_t *header_len)
{
	uint8_t magic[MAGIC_LEN];
	tensor_reader reader;

	*header_len = 0;
	if (!input_read(in, 0, magic, sizeof magic))
		return false;
	reader = find_reader(magic);
	return reader && reader(in, v, header_len);
}

/* ---- layout ---- */

struct region_list {
	struct layout_region *regions;
	size_t count, cap;
};

static void region_list_cleanup(struct region_list *list)
{
	free(list->regions);
}

static int collect(const struct tensor *t, void *arg)
{
	struct region_list *list = arg;

	if (!t->len)
		return 0;
	if (list->count == LAYOUT_REGIONS_MAX)
		return 1;
	ARRAY_GROW(list->regions, list->count + 1, list->cap);
	list->regions[list->count++] = (struct layout_region){ .offset = t->offset, .len = t->len, .element = t->element };
	return 0;
}

static int by_offset(const void *a, const void *b)
{
	const struct layout_region *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

static bool fill(const struct tensor_input *in, struct layout *out)
{
	CLEANUP(region_list) struct region_list list = { NULL, 0, 0 };
	const struct tensor_visitor v = { .visit = collect, .arg = &list, .len_min = FILE_ONE_CHUNK_MAX };
	uint64_t header_len;

	if (!tensor_each(in, &v, &header_len) || !list.count)
		return false;
	qsort(list.regions, list.count, sizeof *list.regions, by_offset);
	if (!layout_add(out, 0, header_len, ELEMENT_HEADER))
		return false;
	for (size_t i = 0; i < list.count; i++)
		if (!layout_add(out, list.regions[i].offset, list.regions[i].len, list.regions[i].element))
			return false;
	return true;
}

void tensor_layout_of(const struct tensor_input *in, struct layout *out)
{
	out->size = in->size;
	if (!fill(in, out))
		layout_cleanup(out);
}

void tensor_layout(int fd, uint64_t size, struct layout *out)
{
	const struct tensor_input in = input_of_file(&fd, size);

	tensor_layout_of(&in, out);
}
