/* SPDX-License-Identifier: Apache-2.0 */
/* Strict numbers, sizes and durations from and to text. */
#include <config.h>

#include "base/number.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

bool number_parse_u64(const char *text, size_t len, uint64_t *out)
{
	uint64_t value = 0;

	if (!len || (len > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		if (u64_mul_overflows(value, 10, &value) || u64_add_overflows(value, (uint64_t)(text[i] - '0'), &value))
			return false;
	}
	*out = value;
	return true;
}

static uint64_t unit_seconds(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 60 * 60;
	case 'd':
		return 24 * 60 * 60;
	case 'w':
		return 7 * 24 * 60 * 60;
	default:
		return 0;
	}
}

bool duration_parse(const char *text, uint64_t *seconds)
{
	size_t len = strlen(text);
	uint64_t count, unit, value;

	if (!strcmp(text, "0")) {
		*seconds = 0;
		return true;
	}
	unit = len ? unit_seconds(text[len - 1]) : 0;
	if (!unit || !number_parse_u64(text, len - 1, &count) || u64_mul_overflows(count, unit, &value))
		return false;
	*seconds = value;
	return true;
}

void duration_format_brief(struct strbuf *out, double seconds)
{
	static const struct {
		unsigned seconds, below;
		const char *large, *small;
	} steps[] = { { 24 * 60 * 60, 60 * 60, "d", "h" }, { 60 * 60, 60, "h", "m" }, { 60, 1, "m", "s" } };
	uint64_t whole;

	if (!(seconds >= 0 && seconds < 0x1p52)) /* NaN, too */
		return;
	whole = (uint64_t)(seconds + 0.5);
	if (seconds < 9.995) {
		strbuf_addf(out, "%.3gs", (double)(uint64_t)(seconds * 100 + 0.5) / 100);
		return;
	}
	for (size_t i = 0; i < COUNT_OF(steps); i++)
		if (whole >= steps[i].seconds) {
			strbuf_addf(out, "%" PRIu64 "%s %02u%s", whole / steps[i].seconds, steps[i].large,
				(unsigned)(whole % steps[i].seconds / steps[i].below), steps[i].small);
			return;
		}
	strbuf_addf(out, "%" PRIu64 "s", whole);
}

void size_format(struct strbuf *out, uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes / 1024;
	size_t unit = 0, len;
	char digits[32];

	if (bytes < 1024) {
		strbuf_addf(out, "%u B", (unsigned)bytes);
		return;
	}
	/* 1023.5 would be rounded to 1024, which is 1 of the next unit */
	for (; value >= 1023.5 && unit + 1 < COUNT_OF(units); unit++)
		value /= 1024;
	len = (size_t)snprintf(digits, sizeof digits, "%.*f", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value);
	if (strchr(digits, '.')) {
		while (digits[len - 1] == '0')
			len--;
		if (digits[len - 1] == '.')
			len--;
	}
	strbuf_add(out, digits, len);
	strbuf_addf(out, " %s", units[unit]);
}

bool u64_add_overflows(uint64_t a, uint64_t b, uint64_t *sum)
{
	return __builtin_add_overflow(a, b, sum);
}

bool u64_mul_overflows(uint64_t a, uint64_t b, uint64_t *product)
{
	return __builtin_mul_overflow(a, b, product);
}

void duration_format(struct strbuf *out, uint64_t seconds)
{
	static const struct {
		uint64_t seconds;
		char unit;
	} units[] = { { 604800, 'w' }, { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t i = seconds ? 0 : COUNT_OF(units) - 1;

	while (seconds % units[i].seconds)
		i++;
	strbuf_addf(out, "%" PRIu64 "%c", seconds / units[i].seconds, units[i].unit);
}

bool size_parse(const char *text, uint64_t *bytes)
{
	static const char letters[] = "KMGT";
	size_t digits = strspn(text, "0123456789");
	const char *unit = text + digits,
		   *letter = *unit ? strchr(letters, *unit >= 'a' && *unit <= 'z' ? *unit - 'a' + 'A' : *unit) : NULL;
	unsigned shift = letter ? 10 * (unsigned)(letter - letters + 1) : 0;

	unit += letter != NULL;
	if (!number_parse_u64(text, digits, bytes) || (*unit && strcmp(unit, "B") != 0 && (!letter || strcmp(unit, "iB") != 0)))
		return false;
	if (shift && *bytes > UINT64_MAX >> shift)
		return false;
	*bytes <<= shift;
	return true;
}

#define REAL_MAX_DIGITS 17
#define REAL_SAFE_DIGITS 15 /* so many digits of any decimal number survive in a double that is not denormal */

/* Rounded to `count` digits, as "d.ddde±xx". */
static bool is_enough(double value, int count, char text[static 48])
{
	snprintf(text, 48, "%.*e", count - 1, value);
	return strtod(text, NULL) == value;
}

/* The fewest digits that read back as the same number; returns how many and sets the decimal exponent of the first. */
static size_t shortest_digits(double value, char digits[static REAL_MAX_DIGITS + 1], int *exponent)
{
	/* if 15 are enough then so is what is left of them without zeros at the end, and no fewer: one try instead of many */
	int count = value == 0.0 || value >= DBL_MIN ? REAL_SAFE_DIGITS : 1;
	char text[48];
	size_t len = 0;

	while (!is_enough(value, count, text) && count < REAL_MAX_DIGITS)
		count++;
	for (const char *p = text; *p != 'e'; p++)
		if (*p != '.')
			digits[len++] = *p;
	while (len > 1 && digits[len - 1] == '0')
		len--;
	digits[len] = '\0';
	*exponent = atoi(strchr(text, 'e') + 1);
	return len;
}

static void add_plain(struct strbuf *out, const char *digits, size_t count, int exponent)
{
	size_t whole = exponent < 0 ? 0 : (size_t)exponent + 1;

	if (whole == 0) {
		strbuf_adds(out, "0.");
		for (int i = exponent + 1; i < 0; i++)
			strbuf_addc(out, '0');
		strbuf_adds(out, digits);
		return;
	}
	for (size_t i = 0; i < whole; i++)
		strbuf_addc(out, i < count ? digits[i] : '0');
	strbuf_addc(out, '.');
	strbuf_adds(out, count > whole ? digits + whole : "0");
}

/* Always with a point or an exponent, so that it is read back as a real. */
void real_format(struct strbuf *out, double value)
{
	char digits[REAL_MAX_DIGITS + 1];
	int exponent;
	size_t count;

	if (isnan(value)) {
		strbuf_adds(out, "nan");
		return;
	}
	if (signbit(value))
		strbuf_addc(out, '-');
	if (isinf(value)) {
		strbuf_adds(out, "inf");
		return;
	}
	count = shortest_digits(fabs(value), digits, &exponent);
	if (exponent >= -4 && exponent < 16) {
		add_plain(out, digits, count, exponent);
		return;
	}
	strbuf_addc(out, digits[0]);
	if (count > 1)
		strbuf_addf(out, ".%s", digits + 1);
	strbuf_addf(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
}

struct decimal {
	uint64_t digits;
	size_t count;  /* of digits, without zeros before the first */
	int exponent;  /* of ten, for digits as a whole number */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *read_digits(const char *p, const char *end, struct decimal *d)
{
	for (; p < end && is_digit(*p); p++) {
		d->digits = d->digits * 10 + (uint64_t)(*p - '0');
		d->count += d->digits != 0;
	}
	return p;
}

static const char *read_exponent(const char *p, const char *end, struct decimal *d)
{
	bool is_negative = p < end && *p == '-';
	const char *from = p += p < end && (*p == '-' || *p == '+');
	int exponent = 0;

	for (; p < end && is_digit(*p); p++)
		exponent = exponent < 10000 ? exponent * 10 + (*p - '0') : exponent;
	d->exponent += is_negative ? -exponent : exponent;
	return p > from ? p : NULL;
}

/* Behind the sign; NULL when it is none. */
static const char *read_decimal(const char *p, const char *end, struct decimal *d)
{
	const char *from = p;

	p = read_digits(p, end, d);
	if (p == from)
		return NULL;
	if (p < end && *p == '.') {
		from = ++p;
		p = read_digits(p, end, d);
		if (p == from)
			return NULL;
		d->exponent = -(int)(p - from);
	}
	if (p < end && (*p == 'e' || *p == 'E'))
		p = read_exponent(p + 1, end, d);
	return p;
}

/* Whole numbers and powers of ten that a double holds exactly give a quotient or product that is rounded once, as it should be. */
static bool is_exact(const struct decimal *d, double *out)
{
	static const double tens[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
		1e18, 1e19, 1e20, 1e21, 1e22 };
	int power = abs(d->exponent);

	if (FLT_EVAL_METHOD != 0 || d->count > 18 || d->digits > UINT64_C(1) << 53 || power >= (int)COUNT_OF(tens))
		return false;
	*out = d->exponent < 0 ? (double)d->digits / tens[power] : (double)d->digits * tens[power];
	return true;
}

bool real_parse(const char *text, size_t len, double *out)
{
	const char *end = text + len, *p = text + (len && *text == '-');
	struct decimal d = { 0, 0, 0 };
	char copy[REAL_TEXT_MAX + 1];

	if (len == 0 || len > REAL_TEXT_MAX)
		return false;
	if (len == 3 && memcmp(text, "nan", 3) == 0)
		*out = NAN;
	else if (end - p == 3 && memcmp(p, "inf", 3) == 0)
		*out = INFINITY;
	else if (read_decimal(p, end, &d) != end)
		return false;
	else if (!is_exact(&d, out)) {
		memcpy(copy, p, (size_t)(end - p));
		copy[end - p] = '\0';
		*out = strtod(copy, NULL);
		if (isinf(*out))
			return false;
	}
	if (p > text)
		*out = -*out;
	return true;
}
