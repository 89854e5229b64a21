/* SPDX-License-Identifier: Apache-2.0 */
/* Times from and to text. */
#include <config.h>

#include "base/clock.h"

#include <time.h>

#include "base/mem.h"
#include "tap.h"

#define DAY (86400 * NS_PER_S)

static void is_utc(int64_t ns, const char *want)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	int64_t back = 0;

	clock_format_utc(&out, ns);
	is_str(out.buf, want, "a time is written in UTC");
	ok(clock_parse_utc(out.buf, &back) && back == ns - ((ns % 1000) + 1000) % 1000, "'%s' is read back to the microsecond", want);
}

static void test_utc(void)
{
	static const char *const wrong[] = {
		"",
		"2026-11-21",
		"2026-11-21T03:33:12",
		"2026-11-21t03:33:12Z",
		"2026-11-21T03:33:12z",
		"2026-11-21T03:33Z",
		"2026-02-29T00:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-11-21T24:00:00Z",
		"2026-11-21T03:33:60Z",
		"2026-11-21T03:33:12.5Z",
		"2026-11-21T03:33:12.000000Z",
		"2026-11-21T03:33:12.1234567Z",
		"2026-11-21T03:33:12Z ",
		"9999-01-01T00:00:00Z",
		"2026-11-21T03:33:12+00:00",
		"2026-1-21T03:33:12Z",
	};
	int64_t ns;

	is_utc(0, "1970-01-01T00:00:00Z");
	is_utc(1795231992 * NS_PER_S, "2026-11-21T03:33:12Z");
	is_utc(1795231992 * NS_PER_S + 500000000, "2026-11-21T03:33:12.500000Z");
	is_utc(1795231992 * NS_PER_S + 1999, "2026-11-21T03:33:12.000001Z");
	is_utc(-1, "1969-12-31T23:59:59.999999Z");
	is_utc(-DAY, "1969-12-31T00:00:00Z");
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		ok(!clock_parse_utc(wrong[i], &ns), "'%s' is not what we write", wrong[i]);
}

static void is_user(const char *text, int64_t want)
{
	int64_t ns = -12345;

	ok(clock_parse_user(text, &ns), "'%s' is a time", text);
	is_int(ns, want, "and the right one");
}

static void test_user(void)
{
	static const char *const wrong[] = {
		"",
		"yesterday",
		"2026-02-30",
		"2026-11-21T",
		"2026-11-21T3:33",
		"2026-11-21T03:33:12.",
		"2026-11-21T03:33:12+1",
		"@",
		"@-1",
		"@99999999999999",
		"-2d",
		"2026-11-21T03:33:12Zx",
		"99999999999999w",
		"9999-01-01",
	};
	int64_t now = 1795231992 * NS_PER_S, ns;

	is_user("2026-11-21T03:33:12Z", now);
	is_user("2026-11-21t05:33:12+02:00", now);
	is_user("2026-11-20T22:03:12.25-05:30", now + NS_PER_S / 4);
	is_user("@1795231992", now);
	is_user("2026-11-21", 1795219200 * NS_PER_S + 5 * 3600 * NS_PER_S);
	is_user("2026-11-20 22:33:12", now);
	is_user("2026-11-20T22:33", now - 12 * NS_PER_S);
	is_user("1969-12-31T18:59:59", -NS_PER_S);
	is_user("2d", now - 2 * DAY);
	is_user("0", now);
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		ok(!clock_parse_user(wrong[i], &ns), "'%s' is not a time", wrong[i]);
}

static void is_age(int64_t ago, const char *want)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	clock_format_age(&out, clock_now() - ago * NS_PER_S);
	is_str(out.buf, want, "an age is written for people");
}

static void test_ages(void)
{
	is_age(0, "just now");
	is_age(-3, "just now");
	is_age(45, "45s ago");
	is_age(200, "3m ago");
	is_age(7200, "2h ago");
	is_age(2 * 86400 + 5, "2d ago");
	is_age(30 * 86400, "4w ago");
	is_age(800 * 86400, "2y ago");
	is_age(-86400, "in 1d");
}

static void test_local(void)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	clock_format_local(&out, 1795231992 * NS_PER_S);
	is_str(out.buf, "2026-11-20 22:33", "people read the local zone");
	strbuf_reset(&out);
	clock_format_moment(&out, 1795231992 * NS_PER_S);
	is_str(out.buf, "2026-11-20 22:33:12", "with seconds where it matters");
	strbuf_reset(&out);
	clock_format_moment(&out, -1);
	is_str(out.buf, "1969-12-31 18:59:59", "before 1970, too");
}

int main(void)
{
	setenv("TZ", "XST5", 1);
	tzset();
	clock_fix(1795231992 * NS_PER_S);
	is_int(clock_now(), 1795231992 * NS_PER_S, "a fixed clock stands still");
	test_utc();
	test_user();
	test_ages();
	test_local();
	ok(clock_real() > 1700000000 * NS_PER_S && clock_real() != clock_now(), "the real clock is never fixed");
	clock_fix(INT64_MIN);
	ok(clock_real() - clock_now() < 60 * NS_PER_S, "an unfixed clock is the real one");
	ok(clock_monotonic() <= clock_monotonic(), "the monotonic clock does not go back");
	return tap_done();
}
