/* SPDX-License-Identifier: Apache-2.0 */
/* Reads GGUF files, versions 2 and 3, as llama.cpp and its kin write them on little-endian machines. */
#ifndef MREG_TENSOR_GGUF_H
#define MREG_TENSOR_GGUF_H

#include "tensor/tensor.h"

#define GGUF_HEADER_MAX (64u << 20) /* metadata (a vocabulary may have megabytes) and the list of tensors; read in small steps */

/* A tensor of a type that is not known here is left out. */
bool gguf_each(const struct tensor_input *in, const struct tensor_visitor *v, uint64_t *header_len);

#endif
