/* SPDX-License-Identifier: Apache-2.0 */
/* Reads safetensors files: a length, JSON that names the tensors, and their bytes. */
#ifndef MREG_TENSOR_SAFETENSORS_H
#define MREG_TENSOR_SAFETENSORS_H

#include "tensor/tensor.h"

/* A header of over TENSOR_HEADER_MAX bytes is refused. */
bool safetensors_each(const struct tensor_input *in, const struct tensor_visitor *v, uint64_t *header_len);

#endif
