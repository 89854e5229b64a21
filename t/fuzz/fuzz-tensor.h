/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for every reader of a model format: what it visits lies in the file, and a layout made of it is in order. */
#ifndef MREG_T_FUZZ_FUZZ_TENSOR_H
#define MREG_T_FUZZ_FUZZ_TENSOR_H

#include "base/cleanup.h"
#include "fuzz.h"
#include "tensor/tensor.h"

static inline int fuzz_visit(const struct tensor *t, void *arg)
{
	const struct tensor_input *in = arg;
	uint64_t sum = 0; /* every byte is touched */

	must(t->offset <= in->size && t->len <= in->size - t->offset && t->dims <= TENSOR_DIMS_MAX);
	for (size_t i = 0; i < t->name_len; i++)
		sum += (unsigned char)t->name[i];
	for (size_t i = 0; i < t->dims; i++)
		sum += t->shape[i];
	sum += t->dtype ? strlen(t->dtype) : 0;
	return sum == UINT64_MAX;
}

static inline int fuzz_tensors(tensor_reader reader, const uint8_t *data, size_t size)
{
	const struct span bytes = { data, size };
	struct tensor_input in = input_of_bytes(&bytes);
	const struct tensor_visitor v = { .visit = fuzz_visit, .arg = &in };
	CLEANUP(layout) struct layout layout = LAYOUT_INIT;
	uint64_t header_len = 0, end = 0;

	if (reader(&in, &v, &header_len))
		must(header_len <= size);
	tensor_layout_of(&in, &layout);
	for (size_t i = 0; i < layout.count; i++) {
		const struct layout_region *r = &layout.regions[i];

		must(r->offset >= end && r->len > 0 && r->len <= size && r->offset <= size - r->len);
		end = r->offset + r->len;
	}
	return 0;
}

#endif
