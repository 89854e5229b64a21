/* SPDX-License-Identifier: Apache-2.0 */
/* Reads NumPy array files, alone or as members of an archive. */
#ifndef MREG_TENSOR_NPY_H
#define MREG_TENSOR_NPY_H

#include "tensor/tensor.h"

#define NPY_HEADER_MAX (64u << 10)
#define NPY_DTYPE_MAX 32u

struct npy {
	char dtype[NPY_DTYPE_MAX];
	enum element element;
	uint64_t shape[TENSOR_DIMS_MAX];
	size_t dims;
	uint64_t offset, len; /* of the numbers, in the input */
};

/* An array in the `len` bytes from `offset`.  A type without a size of its own (a record, objects) takes all of them, and has no shape. */
bool npy_read(const struct tensor_input *in, uint64_t offset, uint64_t len, struct npy *out);
bool npy_each(const struct tensor_input *in, const struct tensor_visitor *v, uint64_t *header_len);

#endif
