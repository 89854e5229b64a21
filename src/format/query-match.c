/* SPDX-License-Identifier: Apache-2.0 */
/* Answers a query: what is compared with what, and how. */
#include <config.h>

#include "format/query-internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/strbuf.h"
#include "format/json.h"

#define DIGEST_MIN 8 /* hex digits with which a digest may be abbreviated */
#define NUMBER_MAX_LEN 400

/* ---- literals ---- */

static size_t skip_digits(const char *text, size_t at)
{
	while (text[at] >= '0' && text[at] <= '9')
		at++;
	return at;
}

/* Length of a number at the start of a text, 0 when there is none; *is_whole: it has neither fraction nor exponent. */
static size_t number_len(const char *text, bool *is_whole)
{
	size_t start = *text == '-' || *text == '+', at = skip_digits(text, start), digits = at - start, exponent;

	*is_whole = true;
	if (text[at] == '.') {
		size_t end = skip_digits(text, at + 1);

		digits += end - at - 1;
		at = end;
		*is_whole = false;
	}
	if (!digits)
		return 0;
	if (text[at] == 'e' || text[at] == 'E') {
		exponent = at + 1 + (text[at + 1] == '-' || text[at + 1] == '+');
		if (skip_digits(text, exponent) > exponent) {
			at = skip_digits(text, exponent);
			*is_whole = false;
		}
	}
	return at;
}

/* By hand, since strtoll() would need errno, and its range is not everywhere that of 64 bits. */
static bool read_integer(const char *text, size_t len, int64_t *out)
{
	bool negative = *text == '-';
	int64_t value = 0;

	for (size_t i = *text == '-' || *text == '+'; i < len; i++)
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, text[i] - '0', &value))
			return false;
	if (!negative && value == INT64_MIN)
		return false;
	*out = negative ? value : -value;
	return true;
}

bool query_number_read(const char *text, size_t len, bool *is_integer, int64_t *integer, double *real)
{
	char copy[NUMBER_MAX_LEN + 1];
	bool is_whole;

	if (!len || len > NUMBER_MAX_LEN || memchr(text, '\0', len))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (number_len(copy, &is_whole) != len)
		return false;
	*real = strtod(copy, NULL);
	*is_integer = is_whole && read_integer(copy, len, integer);
	return true;
}

static bool read_metric(struct literal *l)
{
	static const struct {
		const char *text;
		double value;
	} special[] = { { "inf", INFINITY }, { "+inf", INFINITY }, { "-inf", -INFINITY }, { "nan", NAN } };

	l->is_number = true;
	for (size_t i = 0; i < COUNT_OF(special); i++) {
		if (strcasecmp(l->text, special[i].text) != 0)
			continue;
		l->real = special[i].value;
		return true;
	}
	return query_number_read(l->text, l->len, &l->is_integer, &l->integer, &l->real);
}

/* "100MiB": K, M, … and KiB, MiB, … are powers of 1024, kB, MB, … of 1000. */
static bool read_size(struct literal *l)
{
	static const char units[] = "KMGTPE";
	bool is_whole, is_integer;
	size_t n = number_len(l->text, &is_whole);
	const char *unit = l->text + n, *power;
	double base = 1024, real;
	int64_t integer;

	if (strlen(l->text) != l->len || !query_number_read(l->text, n, &is_integer, &integer, &real))
		return false;
	if (is_integer && (!*unit || strcasecmp(unit, "B") == 0)) {
		l->integer = integer;
	} else {
		power = *unit ? strchr(units, *unit >= 'a' ? *unit - 'a' + 'A' : *unit) : NULL;
		if (!power || (unit[1] && strcasecmp(unit + 1, "B") != 0 && strcasecmp(unit + 1, "iB") != 0))
			return false;
		if (strcasecmp(unit + 1, "B") == 0)
			base = 1000;
		for (const char *p = units; p <= power; p++)
			real *= base;
		if (!(real > -0x1p62 && real < 0x1p62))
			return false;
		l->integer = (int64_t)real;
	}
	l->is_number = l->is_integer = true;
	l->real = (double)l->integer;
	return true;
}

static bool read_time(struct literal *l)
{
	if (strlen(l->text) != l->len || !clock_parse_user(l->text, &l->integer))
		return false;
	l->is_number = l->is_integer = true;
	l->real = (double)l->integer;
	/* A day of the local zone has 23 to 25 hours: 36 after its beginning is in the next, whose beginning is its end. */
	if (l->len == 10 && l->text[4] == '-') {
		CLEANUP(strbuf) struct strbuf day = STRBUF_INIT;
		int64_t later;

		if (__builtin_add_overflow(l->integer, 36 * 3600 * NS_PER_S, &later))
			return false;
		clock_format_local(&day, later);
		strbuf_set_len(&day, 10);
		l->is_day = clock_parse_user(day.buf, &l->end);
		return l->is_day;
	}
	return true;
}

/* "90s", "1h", or a number of seconds. */
static bool read_duration(struct literal *l)
{
	uint64_t seconds;

	if (strlen(l->text) != l->len)
		return false;
	l->is_number = l->is_integer = true;
	if (duration_parse(l->text, &seconds) && seconds < (uint64_t)(INT64_MAX / NS_PER_S)) {
		l->integer = (int64_t)seconds * NS_PER_S;
	} else {
		bool is_integer;

		if (!query_number_read(l->text, l->len, &is_integer, &l->integer, &l->real) || !(fabs(l->real) < 9e9))
			return false;
		l->integer = (int64_t)(l->real * (double)NS_PER_S);
	}
	l->real = (double)l->integer;
	return true;
}

bool query_literal_read(struct literal *l, const struct query_field *field, bool quoted, const char **expected)
{
	switch (query_literal_kind(field)) {
	case LITERAL_TIME:
		*expected = "a time such as 2026-01-31, \"2026-01-31 12:00\", @SECONDS or 7d";
		return read_time(l);
	case LITERAL_DURATION:
		*expected = "a duration such as 90s or 1h, or seconds";
		return read_duration(l);
	case LITERAL_SIZE:
		*expected = "a size such as 500 or 100MiB";
		return read_size(l);
	case LITERAL_NUMBER:
		*expected = "a number";
		return read_metric(l);
	case LITERAL_ANY:
		l->is_number = !quoted && query_number_read(l->text, l->len, &l->is_integer, &l->integer, &l->real);
		break;
	case LITERAL_TEXT:
		break;
	}
	return true;
}

/* ---- comparisons ---- */

struct value {
	enum { VALUE_TEXT, VALUE_INTEGER, VALUE_REAL } kind;
	const char *text;
	size_t len;
	int64_t integer;
	double real;
};

struct query_probe {
	const struct test *test;
	bool hit;
};

static bool span_is(const char *a, size_t a_len, const char *b, size_t b_len)
{
	return a_len == b_len && memcmp(a, b, a_len) == 0;
}

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_char(char pattern, char c)
{
	return pattern == '?' || fold(pattern) == fold(c);
}

static bool contains(const char *text, size_t len, const struct literal *l)
{
	for (size_t at = 0; l->len <= len && at <= len - l->len; at++) {
		size_t n = 0;

		while (n < l->len && fold(text[at + n]) == fold(l->text[n]))
			n++;
		if (n == l->len)
			return true;
	}
	return false;
}

/* Only the last star need be tried again: what the ones before it took as little of as they could stays right. */
static bool matches_pattern(const char *text, size_t len, const struct literal *l)
{
	size_t t = 0, p = 0, star = SIZE_MAX, star_t = 0;

	while (t < len) {
		if (p < l->len && l->text[p] == '*') {
			star = p++;
			star_t = t;
		} else if (p < l->len && same_char(l->text[p], text[t])) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++star_t;
		} else {
			return false;
		}
	}
	while (p < l->len && l->text[p] == '*')
		p++;
	return p == l->len;
}

static bool is_hex(const char *text, size_t len)
{
	return strspn(text, "0123456789abcdefABCDEF") == len;
}

/* Numbers of which one is NaN have no order. */
enum order { LESS = -1, SAME = 0, MORE = 1, NONE = 2 };

static enum order order_of_reals(double a, double b)
{
	return a < b ? LESS : a > b ? MORE : a == b ? SAME : NONE;
}

/* Exact, where a double would round the integer. */
static enum order order_of_integer_and_real(int64_t a, double b)
{
	enum order order;

	if (isnan(b))
		return NONE;
	if (b >= 0x1p63)
		return LESS;
	if (b < -0x1p63)
		return MORE;
	order = a < (int64_t)b ? LESS : a > (int64_t)b ? MORE : SAME;
	return order != SAME ? order : order_of_reals(0, b - (double)(int64_t)b);
}

static enum order order_of_numbers(const struct value *v, const struct literal *l)
{
	enum order order;

	if (v->kind == VALUE_INTEGER && l->is_integer)
		return v->integer < l->integer ? LESS : v->integer > l->integer ? MORE : SAME;
	if (v->kind == VALUE_INTEGER)
		return order_of_integer_and_real(v->integer, l->real);
	if (!l->is_integer)
		return order_of_reals(v->real, l->real);
	order = order_of_integer_and_real(l->integer, v->real);
	return order == NONE ? NONE : (enum order) - order;
}

/* A text that reads as a number is one, for a literal that is one. */
static bool as_number(const struct value *v, struct value *out)
{
	bool is_integer = false;

	*out = *v;
	if (v->kind != VALUE_TEXT)
		return true;
	if (!query_number_read(v->text, v->len, &is_integer, &out->integer, &out->real))
		return false;
	out->kind = is_integer ? VALUE_INTEGER : VALUE_REAL;
	return true;
}

/* What a number is called where it is printed. */
static void add_number(struct strbuf *out, const struct value *v)
{
	CLEANUP(json) json_t *number = NULL;

	if (v->kind == VALUE_INTEGER) {
		strbuf_addf(out, "%" PRId64, v->integer);
	} else if (isfinite(v->real)) {
		number = json_real(v->real);
		json_canonical(out, number);
	} else if (isinf(v->real)) {
		strbuf_adds(out, v->real < 0 ? "-inf" : "inf");
	}
}

static enum order order_of(const struct value *v, const struct literal *l)
{
	size_t common = v->len < l->len ? v->len : l->len;
	struct value number;
	int order;

	if (l->is_number)
		return as_number(v, &number) ? order_of_numbers(&number, l) : NONE;
	if (v->kind != VALUE_TEXT)
		return NONE;
	order = memcmp(v->text, l->text, common);
	if (!order)
		order = (v->len > l->len) - (v->len < l->len);
	return order < 0 ? LESS : order > 0 ? MORE : SAME;
}

static bool is_equal(const struct test *t, const struct value *v, const struct literal *l)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct value number;

	if (l->is_day && v->kind == VALUE_INTEGER)
		return v->integer >= l->integer && v->integer < l->end;
	if (l->is_number && as_number(v, &number))
		return order_of_numbers(&number, l) == SAME;
	if (v->kind != VALUE_TEXT) {
		add_number(&text, v);
		return text.len && span_is(text.buf, text.len, l->text, l->len);
	}
	if (t->field.id == QUERY_DIGEST && l->len >= DIGEST_MIN && l->len <= v->len && is_hex(l->text, l->len))
		return strncasecmp(v->text, l->text, l->len) == 0;
	return span_is(v->text, v->len, l->text, l->len);
}

static bool is_like(const struct value *v, const struct literal *l)
{
	CLEANUP(strbuf) struct strbuf number = STRBUF_INIT;
	const char *text = v->text;
	size_t len = v->len;

	if (v->kind != VALUE_TEXT) {
		add_number(&number, v);
		text = number.buf;
		len = number.len;
	}
	return memchr(l->text, '*', l->len) ? matches_pattern(text, len, l) : contains(text, len, l);
}

static bool is_in(const struct test *t, const struct value *v)
{
	for (size_t i = 0; i < t->count; i++)
		if (is_equal(t, v, &t->literals[i]))
			return true;
	return false;
}

static bool is_hit(const struct test *t, const struct value *v)
{
	switch (t->op) {
	case QUERY_EXISTS:
		return true;
	case QUERY_EQ:
	case QUERY_NE:
	case QUERY_IN:
		return is_in(t, v);
	case QUERY_GLOB:
		return is_like(v, t->literals);
	case QUERY_LT:
		return order_of(v, t->literals) == LESS;
	case QUERY_LE:
		return order_of(v, t->literals) <= SAME;
	case QUERY_GT:
		return order_of(v, t->literals) == MORE;
	case QUERY_GE:
		break;
	}
	return order_of(v, t->literals) == MORE || order_of(v, t->literals) == SAME;
}

bool query_offer_text(struct query_probe *p, const char *text, size_t len)
{
	p->hit = p->hit || is_hit(p->test, &(struct value){ .kind = VALUE_TEXT, .text = text, .len = len });
	return p->hit;
}

bool query_offer_integer(struct query_probe *p, int64_t value)
{
	p->hit = p->hit || is_hit(p->test, &(struct value){ .kind = VALUE_INTEGER, .integer = value, .real = (double)value });
	return p->hit;
}

bool query_offer_real(struct query_probe *p, double value)
{
	p->hit = p->hit || is_hit(p->test, &(struct value){ .kind = VALUE_REAL, .real = value });
	return p->hit;
}

bool query_offer_present(struct query_probe *p)
{
	p->hit = p->hit || p->test->op == QUERY_EXISTS;
	return p->hit;
}

bool query_offer_known(struct query_probe *p, bool is_hit)
{
	p->hit = p->hit || is_hit;
	return p->hit;
}

bool query_is_hit(const struct query_probe *p)
{
	return p->hit;
}

/* ---- the tree ---- */

struct asking {
	query_fetch_fn fetch;
	void *arg;
	struct error *err;
};

static int answer(const struct asking *a, const struct node *n, bool *yes);

static int answer_chain(const struct asking *a, const struct node *n, bool *yes)
{
	bool decides = n->kind == NODE_OR;

	for (size_t i = 0; i < n->count; i++)
		if (answer(a, n->children[i], yes) < 0)
			return -1;
		else if (*yes == decides)
			return 0;
	return 0;
}

static int answer(const struct asking *a, const struct node *n, bool *yes)
{
	struct query_probe probe = { &n->test, false };

	switch (n->kind) {
	case NODE_AND:
	case NODE_OR:
		return answer_chain(a, n, yes);
	case NODE_NOT:
		if (answer(a, n->children[0], yes) < 0)
			return -1;
		*yes = !*yes;
		return 0;
	case NODE_TEST:
		break;
	}
	if (a->fetch(&n->test.field, n->test.op, &probe, a->arg, a->err) < 0)
		return -1;
	*yes = probe.hit != (n->test.op == QUERY_NE);
	return 0;
}

int query_match(const struct query *q, query_fetch_fn fetch, void *arg, bool *matches, struct error *err)
{
	struct asking a = { fetch, arg, err };

	*matches = true;
	return q->root ? answer(&a, q->root, matches) : 0;
}
