/* SPDX-License-Identifier: Apache-2.0 */
/* The format file of a registry. */
#include <config.h>

#include "format/stamp.h"

#include "base/mem.h"
#include "tap.h"

static const char good[] = "mreg registry\nversion 1\nid 000102030405060708090a0b0c0d0e0f\n";

static enum error_code parse_code(const char *text, size_t len)
{
	struct error err = ERROR_INIT;
	struct stamp stamp;

	return stamp_parse(text, len, &stamp, &err) == 0 ? ERR_NONE : err.code;
}

int main(void)
{
	static const char *const wrong[] = { "", "mreg", "mreg registry\n", "mreg registry\nversion \n", "mreg registry\nversion 1",
		"mreg registry\nversion 00\nid 000102030405060708090a0b0c0d0e0f\n", "mreg registry\nversion 1\n",
		"mreg registry\nversion 1\nid 000102030405060708090a0b0c0d0e0f",
		"mreg registry\nversion 1\nid 000102030405060708090A0B0C0D0E0F\n",
		"mreg registry\nversion 1\nid 000102030405060708090a0b0c0d0e0f\n\n", "mreg registry\nversion 1\nid 0001\n",
		"mreg registry\r\nversion 1\r\nid 000102030405060708090a0b0c0d0e0f\r\n",
		"mreg registry\nversion 99999999999999999999999\nid 000102030405060708090a0b0c0d0e0f\n", "core.bare = true\n" };
	struct stamp stamp = { .version = STAMP_VERSION };
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct error err = ERROR_INIT;

	for (uint8_t i = 0; i < REGISTRY_ID_LEN; i++)
		stamp.id[i] = i;
	stamp_write(&text, &stamp);
	is_str(text.buf, good, "a stamp is three lines");
	memset(&stamp, 0xff, sizeof stamp);
	ok(stamp_parse(good, strlen(good), &stamp, &err) == 0 && stamp.version == 1 && stamp.id[15] == 15, "and is read back");
	is_int(parse_code("mreg registry\nversion 0\nid 000102030405060708090a0b0c0d0e0f\n", sizeof good - 1), ERR_NONE, "the version before it is read, too");
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		is_int(parse_code(wrong[i], strlen(wrong[i])), ERR_INTEGRITY, "what is no stamp");
	for (size_t i = 0; i < sizeof good - 1; i++)
		if (parse_code(good, i) != ERR_INTEGRITY)
			ok(false, "cut after %zu bytes it is accepted", i);
	is_int(parse_code("mreg registry\nversion 2\nsomething new", 37), ERR_FORMAT, "a newer version is told apart, whatever follows");
	is_int(parse_code("mreg registry\nversion 18446744073709551615\n", 43), ERR_FORMAT, "the newest too");
	return tap_done();
}
