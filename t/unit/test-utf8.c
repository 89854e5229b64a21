/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8: validity, width, and text made safe. */
#include <config.h>

#include "base/utf8.h"

#include "base/mem.h"
#include "tap.h"

static void test_validity(void)
{
	static const char *const valid[] = { "", "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf",
		"\xee\x80\x80" };
	static const char *const invalid[] = {
		"\x80",
		"\xc3",
		"\xc0\x80",
		"\xc1\xbf",
		"\xe0\x80\x80",
		"\xe0\x9f\xbf",
		"\xed\xa0\x80",
		"\xf0\x80\x80\x80",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xff",
		"a\xe2\x82",
		"\xe2\x28\xa1",
	};

	for (size_t i = 0; i < COUNT_OF(valid); i++)
		ok(utf8_is_valid(valid[i], strlen(valid[i])), "valid sequence %zu is accepted", i);
	for (size_t i = 0; i < COUNT_OF(invalid); i++)
		ok(!utf8_is_valid(invalid[i], strlen(invalid[i])), "invalid sequence %zu is refused", i);
	ok(utf8_is_valid("a\0b", 3), "NUL is a code point like any other");
}

static size_t width(const char *text)
{
	return utf8_width(text, strlen(text));
}

static void test_width(void)
{
	is_int((int)width("abc"), 3, "a letter is one column");
	is_int((int)width("\xc3\xa4"), 1, "so is one of two bytes");
	is_int((int)width("a\xcc\x88"), 1, "a combining mark has none");
	is_int((int)width("\xe6\xa8\xa1\xe5\x9e\x8b"), 4, "a wide character has two");
	is_int((int)width("\xf0\x9f\x98\x80"), 2, "an emoji has two");
	is_int((int)utf8_prefix("abc", 3, 2), 2, "a prefix fills the columns");
	is_int((int)utf8_prefix("a\xe6\xa8\xa1", 4, 2), 1, "half a wide character is left out");
	is_int((int)utf8_prefix("a\xcc\x88z", 4, 1), 3, "marks stay with their letter");
	is_int((int)utf8_prefix("abc", 3, 100), 3, "a short text is its own prefix");
}

static void is_escaped(const char *text, size_t len, const char *escaped, const char *visible)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	utf8_add_escaped(&out, text, len);
	is_str(out.buf, escaped, "text is escaped");
	strbuf_reset(&out);
	utf8_add_visible(&out, text, len);
	is_str(out.buf, visible, "text is made visible");
	strbuf_reset(&out);
	utf8_add_unescaped(&out, escaped, strlen(escaped));
	ok(out.len == len && !memcmp(out.buf, text, len), "what was escaped is had back");
}

static void test_control(void)
{
	ok(!utf8_has_control("a \xc3\xa4 \xc2\xa0", 7, ""), "text, and a blank that does not break, are no controls");
	ok(utf8_has_control("\x1b[31m", 5, "\n"), "an escape is one");
	ok(utf8_has_control("\x7f", 1, ""), "so is DEL");
	ok(utf8_has_control("\xc2\x9bZ", 3, ""), "and CSI in two bytes");
	ok(utf8_has_control("a\0b", 3, "\n"), "and NUL, whatever is allowed");
	ok(utf8_has_control("a\nb", 3, ""), "and a newline");
	ok(!utf8_has_control("a\nb", 3, "\n\t"), "unless it is allowed");
}

int main(void)
{
	CLEANUP(strbuf) struct strbuf folded = STRBUF_INIT;

	test_validity();
	test_width();
	test_control();
	is_escaped("a\\b", 3, "a\\\\b", "a\\b");
	is_escaped("\x1b[31m", 5, "\\x1b[31m", "\\x1b[31m");
	is_escaped("a\nb\t", 4, "a\\nb\\x09", "a\\nb\\x09");
	is_escaped("\xc2\x9bZ", 3, "\\xc2\\x9bZ", "\\xc2\\x9bZ");
	is_escaped("\xff\xc3\xa4\x7f", 4, "\\xff\xc3\xa4\\x7f", "\\xff\xc3\xa4\\x7f");
	is_escaped("a\0b", 3, "a\\x00b", "a\\x00b");
	ascii_fold(&folded, "A-Zz\xc3\x84", 6);
	is_str(folded.buf, "a-zz\xc3\x84", "only A to Z are folded");
	return tap_done();
}
