/* SPDX-License-Identifier: Apache-2.0 */
/* Strict numbers, sizes and durations from and to text. */
#include <config.h>

#include "base/number.h"

#include <inttypes.h>
#include <stdio.h>
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
	const char *unit = text + digits, *letter = *unit ? strchr(letters, *unit >= 'a' && *unit <= 'z' ? *unit - 'a' + 'A' : *unit) : NULL;
	unsigned shift = letter ? 10 * (unsigned)(letter - letters + 1) : 0;

	unit += letter != NULL;
	if (!number_parse_u64(text, digits, bytes) || (*unit && strcmp(unit, "B") != 0 && (!letter || strcmp(unit, "iB") != 0)))
		return false;
	if (shift && *bytes > UINT64_MAX >> shift)
		return false;
	*bytes <<= shift;
	return true;
}
