/* SPDX-License-Identifier: Apache-2.0 */
/* What every fuzz target declares. */
#ifndef MREG_T_FUZZ_FUZZ_H
#define MREG_T_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input. */
static inline void must(int cond)
{
	if (!cond)
		abort();
}

/* Input as a string that ends where the input does or at its first NUL; the caller frees. */
static inline char *fuzz_string(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	must(text != NULL);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif
