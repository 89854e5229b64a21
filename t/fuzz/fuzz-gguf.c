/* SPDX-License-Identifier: Apache-2.0 */
/* A GGUF file of any bytes: its tensors lie in it. */
#include <config.h>

#include "tensor/gguf.h"
#include "fuzz-tensor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_tensors(gguf_each, data, size);
}
