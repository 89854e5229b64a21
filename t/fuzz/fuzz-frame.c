/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what a server sends: a line and frames, refused or within their limits, and written the same way again. */
#include <config.h>

#include "format/frame.h"
#include "format/message.h"
#include "fuzz.h"

static void try_want(const uint8_t *payload, size_t len)
{
	struct want wants[FRAME_WANT_MAX];
	CLEANUP(strbuf) struct strbuf again = STRBUF_INIT;
	struct error err = ERROR_INIT;
	size_t count = 0;

	if (want_parse(payload, len, wants, &count, &err) < 0) {
		must(err.code == ERR_REMOTE);
		return;
	}
	must(count > 0 && count <= FRAME_WANT_MAX);
	for (size_t i = 0; i < count; i++)
		want_add(&again, &wants[i]);
	must(again.len == len && memcmp(again.buf, payload, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
	size_t at = newline ? (size_t)(newline - data) + 1 : 0;
	struct error err = ERROR_INIT;
	unsigned min, max;

	if (protocol_line_parse((const char *)data, at, &min, &max, &err) < 0) {
		must(err.code == ERR_REMOTE);
		at = 0;
	} else {
		CLEANUP(strbuf) struct strbuf line = STRBUF_INIT;

		protocol_line_write(&line, min, max);
		must(min <= max && line.len == at && memcmp(line.buf, data, at) == 0);
	}
	while (size - at >= FRAME_HEAD_LEN) {
		uint8_t head[FRAME_HEAD_LEN];
		enum frame_type type;
		uint32_t len;

		if (frame_head_parse(data + at, &type, &len, &err) < 0) {
			must(err.code == ERR_REMOTE);
			return 0;
		}
		must(frame_len_is_legal(type, len));
		frame_head_write(head, type, len);
		must(memcmp(head, data + at, sizeof head) == 0);
		at += FRAME_HEAD_LEN;
		if (len > size - at)
			return 0;
		if (type == FRAME_WANT)
			try_want(data + at, len);
		at += len;
	}
	return 0;
}
