/* SPDX-License-Identifier: Apache-2.0 */
/* Heads of frames and the first line of a server. */
#include <config.h>

#include "format/frame.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "tap.h"

static struct error err;

static bool accepts(unsigned type, uint32_t len, unsigned pad)
{
	uint8_t head[FRAME_HEAD_LEN] = { 0 };
	enum frame_type got;
	uint32_t got_len;

	store_le32(head, len);
	head[4] = (uint8_t)type;
	head[7] = (uint8_t)pad;
	if (frame_head_parse(head, &got, &got_len, &err) < 0)
		return err.code != ERR_REMOTE;
	return (unsigned)got == type && got_len == len;
}

static void test_heads(void)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	frame_write(&out, FRAME_HELLO, "{}", 2);
	ok(out.len == 10 && memcmp(out.buf, "\2\0\0\0H\0\0\0{}", 10) == 0, "a frame is length, type, zeros, payload");
	ok(accepts('H', 0, 0) && accepts('C', FRAME_MAX, 0), "a payload may be empty, and as large as the limit");
	ok(!accepts('C', FRAME_MAX + 1, 0) && !accepts('H', UINT32_MAX, 0), "no larger");
	ok(accepts('O', FRAME_OBJECT_MAX, 0) && !accepts('O', FRAME_OBJECT_MAX + 1, 0), "objects have a limit of their own");
	ok(!accepts('H', 2, 1), "what is to be zero is zero");
	ok(!accepts('q', 2, 0), "a type that is none");
	is_str(err.text, "frame 'q', which is none of the protocol", "it is named");
	ok(!accepts(0x1b, 2, 0), "a type that is no letter");
	is_str(err.text, "frame 0x1b, which is none of the protocol", "it is named without the byte itself");
	ok(!accepts('W', 0, 0) && accepts('W', 33, 0) && accepts('W', 33 * 900, 0) && !accepts('W', 33 * 901, 0), "1 to 900 wanted ids");
	ok(accepts('N', 33, 0) && !accepts('N', 66, 0), "one id lacks");
	ok(accepts('Z', 0, 0) && !accepts('Z', 1, 0), "a sign of life says nothing");
	ok(frame_len_is_legal(FRAME_END, 3) && !frame_len_is_legal(FRAME_END, 1ull << 40), "a length is judged in 64 bits");
	is_str(frame_type_name(FRAME_ALIVE), "alive", "types have names");
}

static bool speaks(const char *line, unsigned low, unsigned high)
{
	unsigned min = 0, max = 0;

	return protocol_line_parse(line, strlen(line), &min, &max, &err) == 0 && min == low && max == high;
}

static void test_line(void)
{
	static const char *const wrong[] = { "", "\n", "mreg-protocol 1 1", "mreg-protocol 1\n", "mreg-protocol 2 1\n", "mreg-protocol 0 1\n",
		"mreg-protocol 01 1\n", "mreg-protocol 1 1 \n", "mreg-protocol  1 1\n", "mreg-protocol 1 1\r\n", "mreg-protocol -1 1\n",
		"mreg-protocol 1 1\n\n", "Mreg-protocol 1 1\n", "mreg-protocol 1 99999999999999999999\n", "mreg-protocol \n", "mreg-protocol  \n",
		"Welcome to the machine\n", "mreg-protocol 1 000000000000000000000000000000000000000000000000000001\n" };
	CLEANUP(strbuf) struct strbuf line = STRBUF_INIT;

	protocol_line_write(&line, 1, 12);
	is_str(line.buf, "mreg-protocol 1 12\n", "the line of a server");
	ok(speaks(line.buf, 1, 12), "it is read again");
	ok(speaks("mreg-protocol 3 3\n", 3, 3), "whatever versions it names");
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		ok(!speaks(wrong[i], 1, 1) && err.code == ERR_REMOTE, "%zu: what is not that line is refused", i);
}

int main(void)
{
	test_heads();
	test_line();
	return tap_done();
}
