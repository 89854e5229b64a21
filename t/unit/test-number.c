/* SPDX-License-Identifier: Apache-2.0 */
/* Strict numbers, durations and sizes. */
#include <config.h>

#include "base/number.h"

#include <math.h>

#include "base/mem.h"
#include "tap.h"

static void test_numbers(void)
{
	static const char *const wrong[] = { "", "-1", "+1", " 1", "1 ", "01", "00", "0x1", "1a", "18446744073709551616",
		"99999999999999999999999" };
	uint64_t value = 0;

	ok(number_parse_u64("0", 1, &value) && value == 0, "zero is a number");
	ok(number_parse_u64("18446744073709551615", 20, &value) && value == UINT64_MAX, "the largest number fits");
	ok(number_parse_u64("123", 2, &value) && value == 12, "only the given length is read");
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		ok(!number_parse_u64(wrong[i], strlen(wrong[i]), &value), "'%s' is not a number", wrong[i]);
}

static void test_durations(void)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} right[] = { { "0", 0 }, { "90s", 90 }, { "15m", 900 }, { "12h", 43200 }, { "30d", 2592000 }, { "8w", 4838400 }, { "0d", 0 } };
	static const struct {
		uint64_t seconds;
		const char *text;
	} written[] = { { 0, "0s" }, { 1, "1s" }, { 90, "90s" }, { 5400, "90m" }, { 86400, "1d" }, { 2592000, "30d" }, { 604800, "1w" } };
	static const char *const wrong[] = { "", "s", "5", "5x", "5 s", "-5s", "1.5h", "5ss", "18446744073709551615w" };
	uint64_t value = 0;

	for (size_t i = 0; i < COUNT_OF(right); i++)
		ok(duration_parse(right[i].text, &value) && value == right[i].seconds, "'%s' is a duration", right[i].text);
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		ok(!duration_parse(wrong[i], &value), "'%s' is not a duration", wrong[i]);
	for (size_t i = 0; i < COUNT_OF(written); i++) {
		CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

		duration_format(&text, written[i].seconds);
		ok(!strcmp(text.buf, written[i].text) && duration_parse(text.buf, &value) && value == written[i].seconds,
			"%s is written so", written[i].text);
	}
}

static void test_sizes(void)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = {
		{ 0, "0 B" },
		{ 1023, "1023 B" },
		{ 1024, "1 KiB" },
		{ 1536, "1.5 KiB" },
		{ 10000, "9.77 KiB" },
		{ 10240, "10 KiB" },
		{ 1048063, "1023 KiB" },
		{ 1048575, "1 MiB" },
		{ 269484032, "257 MiB" },
		{ UINT64_C(1) << 40, "1 TiB" },
		{ UINT64_MAX, "16 EiB" },
	};

	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

		size_format(&out, sizes[i].bytes);
		is_str(out.buf, sizes[i].text, "a size is written for people");
	}
}

static void test_sizes_that_are_read(void)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} right[] = {
		{ "0", 0 }, { "1000", 1000 }, { "7B", 7 }, { "2K", 2048 }, { "512m", UINT64_C(512) << 20 }, { "20G", UINT64_C(20) << 30 },
		{ "1TiB", UINT64_C(1) << 40 }, { "3GB", UINT64_C(3) << 30 }, { "16777215T", UINT64_C(16777215) << 40 },
	};
	static const char *const wrong[] = { "", "G", "-1", "1.5G", "1 G", "20g2", "5iB", "1P", "16777216T", "18446744073709551616",
		"much" };
	uint64_t value;

	for (size_t i = 0; i < COUNT_OF(right); i++)
		ok(size_parse(right[i].text, &value) && value == right[i].bytes, "'%s' is a size", right[i].text);
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		ok(!size_parse(wrong[i], &value), "'%s' is not a size", wrong[i]);
}

static void writes(double value, const char *want)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	double back = 1.5;

	real_format(&text, value);
	is_str(text.buf, want, "the fewest digits");
	ok(real_parse(text.buf, text.len, &back) && memcmp(&back, &value, sizeof back) == 0, "%s is read as it was", want);
}

static void test_reals(void)
{
	static const char *const wrong[] = { "", "-", "+1", "1.", ".5", "1e", "1e+", " 1", "1 ", "0x10", "infinity", "NaN", "1e400",
		"-1e999999999999", "1_0", "--1", "-nan ", "1.5.5" };
	double value;

	writes(0.0, "0.0");
	writes(-0.0, "-0.0");
	writes(0.1, "0.1");
	writes(1.0 / 3, "0.3333333333333333");
	writes(0.1 + 0.2, "0.30000000000000004");
	writes(-1234.5, "-1234.5");
	writes(3, "3.0");
	writes(100000, "100000.0");
	writes(9007199254740993.0, "9007199254740992.0");
	writes(1e16, "1e+16");
	writes(1.5e-7, "1.5e-07");
	writes(0.0001, "0.0001");
	writes(5e-324, "5e-324");
	writes(2.2250738585072014e-308, "2.2250738585072014e-308");
	writes(1.7976931348623157e308, "1.7976931348623157e+308");
	writes(INFINITY, "inf");
	writes(-INFINITY, "-inf");
	ok(real_parse("nan", 3, &value) && isnan(value), "nan is read");
	ok(real_parse("0.1000000000000000055511151231257827", 36, &value) && value == 0.1, "more digits than are needed");
	ok(real_parse("12345678901234567890e-20", 24, &value) && value == 0.12345678901234567890, "a large whole number with an exponent");
	ok(real_parse("1E2", 3, &value) && value == 100, "E is e");
	ok(real_parse("00000000000000000000000000000007", 32, &value) && value == 7, "zeros before");
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		ok(!real_parse(wrong[i], strlen(wrong[i]), &value), "'%s' is no number", wrong[i]);
}

static void brief(double seconds, const char *want)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	duration_format_brief(&out, seconds);
	is_str(out.buf, want, "a duration for people");
}

static void test_brief_durations(void)
{
	brief(0, "0s");
	brief(0.004, "0s");
	brief(0.346, "0.35s");
	brief(9.994, "9.99s");
	brief(59.4, "59s");
	brief(59.5, "1m 00s");
	brief(3599, "59m 59s");
	brief(7505, "2h 05m");
	brief(86400 * 400.0 + 3 * 3600, "400d 03h");
	brief(-1, "");
	brief(1e300, "");
}

int main(void)
{
	test_reals();
	test_brief_durations();
	uint64_t value;

	test_numbers();
	test_durations();
	test_sizes();
	test_sizes_that_are_read();
	ok(u64_add_overflows(UINT64_MAX, 1, &value) && !u64_add_overflows(UINT64_MAX, 0, &value), "a sum that does not fit is noticed");
	ok(u64_mul_overflows(UINT64_MAX, 2, &value) && !u64_mul_overflows(UINT64_MAX, 1, &value), "a product that does not fit is noticed");
	return tap_done();
}
