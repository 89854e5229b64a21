/* SPDX-License-Identifier: Apache-2.0 */
/* A zip archive of any bytes: its tensors lie in it. */
#include <config.h>

#include "tensor/zip.h"
#include "fuzz-tensor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_tensors(zip_each, data, size);
}
