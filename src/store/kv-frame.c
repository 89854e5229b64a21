/* SPDX-License-Identifier: Apache-2.0 */
/* Writes and checks the frame of a value in the index. */
#include <config.h>

#include "store/kv-frame.h"

#include <string.h>

#include "codec/deflate.h"
#include "store/kv-file.h"

#define FRAME_LEN 6

static uint32_t frame_crc(const uint8_t *frame, size_t len)
{
	return deflate_crc32(0, frame + 4, len - 4);
}

void kv_frame_write(struct strbuf *out, struct span key, struct span value)
{
	uint8_t head[FRAME_LEN] = { 0 };

	store_le16(head + 4, (uint16_t)key.len);
	strbuf_reset(out);
	strbuf_add(out, head, sizeof head);
	strbuf_add(out, key.data, key.len);
	if (value.len)
		strbuf_add(out, value.data, value.len);
	store_le32(out->buf, frame_crc((const uint8_t *)out->buf, out->len));
}

int kv_frame_parse(struct span key, struct span data, struct span *value, struct error *err)
{
	const uint8_t *frame = data.data;

	if (data.len < FRAME_LEN || load_le16(frame + 4) != key.len || data.len - FRAME_LEN < key.len ||
	    memcmp(frame + FRAME_LEN, key.data, key.len) != 0 || load_le32(frame) != frame_crc(frame, data.len))
		return kv_file_damaged(err, "a value does not match its checksum");
	*value = (struct span){ frame + FRAME_LEN + key.len, data.len - FRAME_LEN - key.len };
	return 0;
}

bool kv_frame_after_prefix(struct strbuf *out, struct span prefix)
{
	if (prefix.len)
		strbuf_add(out, prefix.data, prefix.len);
	while (out->len && (uint8_t)out->buf[out->len - 1] == 0xff)
		strbuf_set_len(out, out->len - 1);
	if (out->len)
		out->buf[out->len - 1] = (char)((uint8_t)out->buf[out->len - 1] + 1);
	return out->len > 0;
}
