/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is encoded, under any hint, is decoded to the same bytes, in no more room; two bytes of input are the hint. */
#include <config.h>

#include "codec/codec.h"

#include "base/cleanup.h"
#include "fuzz.h"

#define REPEAT_MAX 64u

/* The input several times over, so that small inputs reach what only long ones do; the caller frees. */
static uint8_t *repeat(const uint8_t *data, size_t size, unsigned times)
{
	uint8_t *all = malloc(size * times + 1);

	must(all != NULL);
	for (unsigned i = 0; i < times && size; i++)
		memcpy(all + i * size, data, size);
	return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(codec) struct codec_context *ctx = codec_new();
	struct error err = ERROR_INIT;
	struct codec_hint hint;
	struct encoded e;
	uint8_t *all, *stored, *back;
	size_t len;
	int status;

	if (size < 2)
		return 0;
	hint = (struct codec_hint){ .element_size = data[0] & 15, .rotate = data[0] & 16 };
	len = (size - 2) * (data[1] % REPEAT_MAX + 1);
	all = repeat(data + 2, size - 2, data[1] % REPEAT_MAX + 1);
	codec_encode(ctx, &hint, all, len, &e);
	must(e.len <= len);
	stored = malloc(e.len + 1);
	back = malloc(len + 1);
	must(stored && back);
	memcpy(stored, e.data, e.len);
	status = codec_decode(ctx, (uint8_t)e.codec, e.params, stored, e.len, back, len, &err);
	must(status == 0 && memcmp(back, all, len) == 0);
	free(all);
	free(stored);
	free(back);
	return 0;
}
