/* SPDX-License-Identifier: Apache-2.0 */
/* Heads of frames, and the line that a server begins with. */
#include <config.h>

#include "format/frame.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/number.h"

#define LINE_PREFIX "mreg-protocol "

/* Lengths beyond these are refused before anything is kept of them. */
static const struct {
	enum frame_type type;
	const char *name;
	uint32_t min, max;
} types[] = {
	{ FRAME_HELLO, "hello", 0, FRAME_MAX },
	{ FRAME_LIST, "list", 0, FRAME_MAX },
	{ FRAME_COMPARE, "compare", 0, FRAME_MAX },
	{ FRAME_PUSH, "push", 0, FRAME_MAX },
	{ FRAME_HOLD, "hold", 0, FRAME_MAX },
	{ FRAME_SCOPE, "scope", 0, FRAME_MAX },
	{ FRAME_HEADS, "heads", 0, FRAME_MAX },
	{ FRAME_RESULT, "result", 0, FRAME_MAX },
	{ FRAME_HELD, "held", 0, FRAME_MAX },
	{ FRAME_NOTE, "note", 0, FRAME_MAX },
	{ FRAME_ERROR, "error", 0, FRAME_MAX },
	{ FRAME_CHANGES, "changes", 0, FRAME_MAX },
	{ FRAME_END, "end", 0, FRAME_MAX },
	{ FRAME_WANT, "want", FRAME_WANT_ID_LEN, FRAME_WANT_MAX * FRAME_WANT_ID_LEN },
	{ FRAME_OBJECT, "object", 0, FRAME_OBJECT_MAX },
	{ FRAME_LACK, "lack", FRAME_WANT_ID_LEN, FRAME_WANT_ID_LEN },
	{ FRAME_ALIVE, "alive", 0, 0 },
};

/* COUNT_OF(types) for what is none. */
static size_t type_index(unsigned type)
{
	size_t i = 0;

	while (i < COUNT_OF(types) && (unsigned)types[i].type != type)
		i++;
	return i;
}

const char *frame_type_name(enum frame_type type)
{
	static const char digits[] = "0123456789abcdef";
	static _Thread_local char unknown[] = "frame 0x..";
	size_t i = type_index((unsigned)type);

	if (i < COUNT_OF(types))
		return types[i].name;
	if ((unsigned)type > ' ' && (unsigned)type < 0x7f) {
		snprintf(unknown, sizeof unknown, "frame '%c'", (char)type);
	} else {
		snprintf(unknown, sizeof unknown, "frame 0x%c%c", digits[((unsigned)type >> 4) & 15], digits[(unsigned)type & 15]);
	}
	return unknown;
}

void frame_head_write(uint8_t out[FRAME_HEAD_LEN], enum frame_type type, size_t len)
{
	size_t i = type_index((unsigned)type);

	if (i == COUNT_OF(types) || len < types[i].min || len > types[i].max)
		BUG("a frame of type %u and %zu bytes", (unsigned)type, len);
	store_le32(out, (uint32_t)len);
	out[4] = (uint8_t)type;
	memset(out + 5, 0, 3);
}

bool frame_len_is_legal(enum frame_type type, uint64_t len)
{
	size_t i = type_index((unsigned)type);

	return i < COUNT_OF(types) && len >= types[i].min && len <= types[i].max;
}

int frame_head_parse(const uint8_t data[FRAME_HEAD_LEN], enum frame_type *type, uint32_t *len, struct error *err)
{
	uint32_t claimed = load_le32(data);

	if (type_index(data[4]) == COUNT_OF(types))
		return error_set(err, ERR_REMOTE, "%s, which is none of the protocol", frame_type_name((enum frame_type)data[4]));
	if (data[5] || data[6] || data[7])
		return error_set(err, ERR_REMOTE, "the head of a frame is damaged");
	if (!frame_len_is_legal((enum frame_type)data[4], claimed))
		return error_set(err, ERR_REMOTE, "%s of %u bytes, which no such frame may have", frame_type_name((enum frame_type)data[4]), claimed);
	*type = (enum frame_type)data[4];
	*len = claimed;
	return 0;
}

void frame_write(struct strbuf *out, enum frame_type type, const void *payload, size_t len)
{
	uint8_t head[FRAME_HEAD_LEN];

	frame_head_write(head, type, len);
	strbuf_add(out, head, sizeof head);
	strbuf_add(out, payload, len);
}

void protocol_line_write(struct strbuf *out, unsigned min, unsigned max)
{
	strbuf_addf(out, LINE_PREFIX "%u %u\n", min, max);
}

static bool parse_version(const char *text, size_t len, unsigned *out)
{
	uint64_t number;

	if (!number_parse_u64(text, len, &number) || number < 1 || number > 1000000)
		return false;
	*out = (unsigned)number;
	return true;
}

int protocol_line_parse(const char *line, size_t len, unsigned *min, unsigned *max, struct error *err)
{
	const size_t prefix = strlen(LINE_PREFIX);
	const char *blank;
	unsigned low, high;

	if (len > prefix + 1 && len <= PROTOCOL_LINE_MAX && line[len - 1] == '\n' && memcmp(line, LINE_PREFIX, prefix) == 0) {
		const char *from = line + prefix;
		size_t rest = len - prefix - 1;

		blank = memchr(from, ' ', rest);
		if (blank && parse_version(from, (size_t)(blank - from), &low) &&
			parse_version(blank + 1, rest - (size_t)(blank - from) - 1, &high) && low <= high) {
			*min = low;
			*max = high;
			return 0;
		}
	}
	return error_set(err, ERR_REMOTE, "what answered does not speak mreg's protocol");
}
