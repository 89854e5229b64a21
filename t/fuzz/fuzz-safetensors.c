/* SPDX-License-Identifier: Apache-2.0 */
/* A safetensors file of any bytes: its tensors lie in it. */
#include <config.h>

#include "tensor/safetensors.h"
#include "fuzz-tensor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_tensors(safetensors_each, data, size);
}
