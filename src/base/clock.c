/* SPDX-License-Identifier: Apache-2.0 */
/* Wall-clock time as nanoseconds, from and to text. */
#include <config.h>

#include "base/clock.h"

#include <string.h>
#include <time.h>

#include "base/number.h"

#define NS_PER_US 1000
#define SECONDS_MAX (INT64_MAX / NS_PER_S)

static int64_t fixed = INT64_MIN;

void clock_fix(int64_t ns)
{
	fixed = ns;
}

static int64_t read_clock(clockid_t id)
{
	struct timespec now = { 0, 0 };

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Text keeps microseconds, so nothing finer is handed out: what is recorded compares equal to what is read back. */
int64_t clock_now(void)
{
	int64_t now = fixed == INT64_MIN ? read_clock(CLOCK_REALTIME) : fixed;

	return now - now % NS_PER_US;
}

int64_t clock_real(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

/* Rounds down, also before 1970. */
static time_t whole_seconds(int64_t ns)
{
	return (time_t)(ns / NS_PER_S - (ns % NS_PER_S < 0));
}

void clock_format_utc(struct strbuf *out, int64_t ns)
{
	time_t seconds = whole_seconds(ns);
	int64_t us = (ns - (int64_t)seconds * NS_PER_S) / NS_PER_US;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strbuf_addf(out, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (us)
		strbuf_addf(out, ".%06d", (int)us);
	strbuf_addc(out, 'Z');
}

void clock_format_local(struct strbuf *out, int64_t ns)
{
	time_t seconds = whole_seconds(ns);
	struct tm tm;

	localtime_r(&seconds, &tm);
	strbuf_addf(out, "%04d-%02d-%02d %02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min);
}

void clock_format_moment(struct strbuf *out, int64_t ns)
{
	clock_format_local(out, ns);
	strbuf_addf(out, ":%02d", (int)(((whole_seconds(ns) % 60) + 60) % 60));
}

void clock_format_age(struct strbuf *out, int64_t ns)
{
	static const struct {
		int64_t below, unit;
		char name;
	} steps[] = {
		{ 60, 1, 's' },
		{ 60 * 60, 60, 'm' },
		{ 24 * 60 * 60, 60 * 60, 'h' },
		{ 14 * 86400, 86400, 'd' },
		{ 365 * 86400, 7 * 86400, 'w' },
		{ INT64_MAX, 365 * 86400, 'y' },
	};
	int64_t age = whole_seconds(clock_now()) - whole_seconds(ns);
	int64_t distance = age < 0 ? -age : age;
	size_t i = 0;

	if (distance < 10) {
		strbuf_adds(out, "just now");
		return;
	}
	while (distance >= steps[i].below)
		i++;
	strbuf_addf(out, age < 0 ? "in %d%c" : "%d%c ago", (int)(distance / steps[i].unit), steps[i].name);
}

/* Exactly `digits` decimal digits at *text, which moves behind them. */
static bool take_number(const char **text, int digits, int min, int max, int *out)
{
	int value = 0;

	for (int i = 0; i < digits; i++, (*text)++) {
		if (**text < '0' || **text > '9')
			return false;
		value = value * 10 + (**text - '0');
	}
	*out = value;
	return value >= min && value <= max;
}

static bool take_char(const char **text, const char *any_of)
{
	if (!**text || !strchr(any_of, **text))
		return false;
	(*text)++;
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

static bool take_date(const char **text, struct tm *tm)
{
	int year, month;

	if (!take_number(text, 4, 0, 9999, &year) || !take_char(text, "-") || !take_number(text, 2, 1, 12, &month) || !take_char(text, "-"))
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	return take_number(text, 2, 1, days_in_month(year, month), &tm->tm_mday);
}

/* Fraction digits, of which nine count. */
static bool take_fraction(const char **text, int64_t *ns)
{
	int64_t unit = NS_PER_S / 10;
	const char *start = *text;

	for (; **text >= '0' && **text <= '9'; (*text)++, unit /= 10)
		*ns += (**text - '0') * unit;
	return *text > start;
}

/* hh:mm, and if they are there, :ss and a fraction. */
static bool take_time(const char **text, struct tm *tm, int64_t *ns)
{
	if (!take_number(text, 2, 0, 23, &tm->tm_hour) || !take_char(text, ":") || !take_number(text, 2, 0, 59, &tm->tm_min))
		return false;
	if (!take_char(text, ":"))
		return true;
	if (!take_number(text, 2, 0, 60, &tm->tm_sec))
		return false;
	return !take_char(text, ".") || take_fraction(text, ns);
}

/* "Z", "+hh:mm" or "-hh:mm"; the offset in seconds. */
static bool take_zone(const char **text, int *offset)
{
	int sign = **text == '-' ? -1 : 1, hours, minutes;

	*offset = 0;
	if (take_char(text, "Zz"))
		return true;
	if (!take_char(text, "+-") || !take_number(text, 2, 0, 23, &hours) || !take_char(text, ":") ||
		!take_number(text, 2, 0, 59, &minutes))
		return false;
	*offset = sign * (hours * 3600 + minutes * 60);
	return true;
}

static bool to_ns(int64_t seconds, int64_t fraction, int64_t *ns)
{
	int64_t value;

	if (__builtin_mul_overflow(seconds, NS_PER_S, &value) || __builtin_add_overflow(value, fraction, &value) || value == INT64_MIN)
		return false;
	*ns = value;
	return true;
}

/* -1 is also a time; only mktime's success sets the day of the week. */
static bool local_to_ns(struct tm *tm, int64_t fraction, int64_t *ns)
{
	time_t seconds;

	tm->tm_isdst = -1;
	tm->tm_wday = -1;
	seconds = mktime(tm);
	return tm->tm_wday >= 0 && to_ns(seconds, fraction, ns);
}

bool clock_parse_utc(const char *text, int64_t *ns)
{
	CLEANUP(strbuf) struct strbuf again = STRBUF_INIT;
	struct tm tm = { 0 };
	const char *p = text;
	int64_t fraction = 0, value;

	if (!take_date(&p, &tm) || !take_char(&p, "T") || !take_time(&p, &tm, &fraction) || !take_char(&p, "Z") || *p)
		return false;
	if (!to_ns(timegm(&tm), fraction, &value))
		return false;
	clock_format_utc(&again, value);
	if (strcmp(again.buf, text) != 0)
		return false;
	*ns = value;
	return true;
}

static bool parse_date_and_time(const char *p, int64_t *ns)
{
	struct tm tm = { 0 };
	int64_t fraction = 0;
	int offset;

	if (!take_date(&p, &tm))
		return false;
	if (!*p)
		return local_to_ns(&tm, 0, ns);
	if (!take_char(&p, "Tt ") || !take_time(&p, &tm, &fraction))
		return false;
	if (!*p)
		return local_to_ns(&tm, fraction, ns);
	if (!take_zone(&p, &offset) || *p)
		return false;
	return to_ns((int64_t)timegm(&tm) - offset, fraction, ns);
}

bool clock_parse_user(const char *text, int64_t *ns)
{
	uint64_t seconds;

	if (text[0] == '@')
		return number_parse_u64(text + 1, strlen(text + 1), &seconds) && seconds <= SECONDS_MAX && to_ns((int64_t)seconds, 0, ns);
	if (duration_parse(text, &seconds)) {
		if (seconds > SECONDS_MAX || __builtin_sub_overflow(clock_now(), (int64_t)seconds * NS_PER_S, ns))
			return false;
		return true;
	}
	return parse_date_and_time(text, ns);
}
