/* SPDX-License-Identifier: Apache-2.0 */
/* The tensors in a model file, whatever its format: named, typed, and where their bytes are.  Nothing in the file is ever run. */
#ifndef MREG_TENSOR_TENSOR_H
#define MREG_TENSOR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/layout.h"
#include "tensor/input.h"

#define TENSOR_DIMS_MAX 64u /* NumPy's */
#define TENSOR_HEADER_MAX (4u << 20) /* of a header that is held in memory */

struct tensor {
	const char *name; /* any bytes, also none */
	size_t name_len;
	const char *dtype; /* as the format spells it; NULL for bytes whose type it does not tell */
	enum element element;
	const uint64_t *shape;
	size_t dims; /* 0 for a scalar, and where dtype is NULL */
	uint64_t offset, len; /* in the file */
};

/* Everything in a tensor is borrowed for the call. */
struct tensor_visitor {
	int (*visit)(const struct tensor *t, void *arg); /* non-zero ends the walk */
	void *arg;
	uint64_t len_min; /* shorter ones may be left out, where that saves a read */
};

/*
 * One reader a format, each in its file; all have this contract.  Visits the tensors in the order of the header.  *header_len: the
 * bytes at the start of the file that are no tensor's; 0 when there are none or they do not matter.  False when the file is
 * not of the format or malformed, cannot be read, or the visitor said so; tensors may have been visited before.  A tensor that
 * is visited lies inside the file, but may overlap with another.
 */
typedef bool (*tensor_reader)(const struct tensor_input *in, const struct tensor_visitor *v, uint64_t *header_len);

/* The reader that knows the format, told from the first bytes, not from a name; else false. */
bool tensor_each(const struct tensor_input *in, const struct tensor_visitor *v, uint64_t *header_len);

/* Fills *out (LAYOUT_INIT).  It stays empty where the format is not known or its header is not to be believed: that is no error. */
void tensor_layout_of(const struct tensor_input *in, struct layout *out);
/* The same of a file of that size.  Reads no more than headers, and of most files 16 bytes. */
void tensor_layout(int fd, uint64_t size, struct layout *out);

/* Product of the shape and the size of an element; false when it does not fit. */
bool tensor_bytes(const uint64_t *shape, size_t dims, uint64_t element_size, uint64_t *out);

#endif
