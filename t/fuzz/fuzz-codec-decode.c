/* SPDX-License-Identifier: Apache-2.0 */
/* A hostile payload: codec, parameters and raw length are the first bytes of the input; nothing is written beyond the raw length. */
#include <config.h>

#include "codec/codec.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "fuzz.h"

/* codec, params (2), raw length (3, so that it stays small) */
#define HEAD_LEN 6u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(codec) struct codec_context *ctx = codec_new();
	struct error err = ERROR_INIT;
	size_t raw_len;
	uint8_t *raw, *payload;

	if (size < HEAD_LEN)
		return 0;
	raw_len = load_le16(data + 3) | (size_t)(data[5] & 0x1f) << 16;
	/* of exactly their sizes, so that a step too far is seen */
	raw = malloc(raw_len ? raw_len : 1);
	payload = malloc(size - HEAD_LEN ? size - HEAD_LEN : 1);
	must(raw && payload);
	memcpy(payload, data + HEAD_LEN, size - HEAD_LEN);
	if (codec_decode(ctx, data[0], load_le16(data + 1), payload, size - HEAD_LEN, raw, raw_len, &err) < 0)
		must(err.code == ERR_INTEGRITY);
	else
		must(data[0] != CODEC_RAW || (raw_len == size - HEAD_LEN && !memcmp(raw, payload, raw_len)));
	free(raw);
	free(payload);
	return 0;
}
