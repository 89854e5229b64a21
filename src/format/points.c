/* SPDX-License-Identifier: Apache-2.0 */
/* Writes points of metrics as lines, reads them back, and makes few of many. */
#include <config.h>

#include "format/points.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/utf8.h"

/* ---- lines ---- */

int point_check_name(const char *name, size_t len, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	if (len == 0)
		return error_set(err, ERR_INVALID, "the name of a metric is empty");
	utf8_add_visible(&shown, name, len < 40 ? len : 40);
	if (len > POINT_NAME_MAX)
		return error_set(err, ERR_INVALID, "the name of the metric '%s...' is longer than %d bytes", shown.buf, POINT_NAME_MAX);
	if (!utf8_is_valid(name, len))
		return error_set(err, ERR_INVALID, "the name of the metric '%s' is not UTF-8", shown.buf);
	if (utf8_has_control(name, len, ""))
		return error_set(err, ERR_INVALID, "the name of the metric '%s' has a control character", shown.buf);
	return 0;
}

static bool is_plain(unsigned char c)
{
	return c > 0x20 && c != 0x7f && c != '%' && c != '=';
}

static void add_name(struct strbuf *out, const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		if (is_plain(c))
			strbuf_addc(out, (char)c);
		else
			strbuf_addf(out, "%%%02x", c);
	}
}

static void add_u64(struct strbuf *out, uint64_t value)
{
	char text[20], *p = text + sizeof text;

	do
		*--p = (char)('0' + value % 10);
	while (value /= 10);
	strbuf_add(out, p, (size_t)(text + sizeof text - p));
}

void point_write(struct strbuf *out, const struct point *p)
{
	add_u64(out, p->time > 0 ? (uint64_t)p->time : 0);
	strbuf_addc(out, ' ');
	add_u64(out, p->step);
	strbuf_addc(out, ' ');
	add_name(out, p->name, p->name_len);
	strbuf_addc(out, ' ');
	real_format(out, p->value);
	strbuf_addc(out, '\n');
}

/* One blank behind it. */
static const char *read_u64(const char *p, const char *end, uint64_t *out)
{
	const char *blank = memchr(p, ' ', (size_t)(end - p));

	return blank && number_parse_u64(p, (size_t)(blank - p), out) && *out <= INT64_MAX ? blank + 1 : NULL;
}

static bool unescape(const char *p, size_t len, struct strbuf *out)
{
	strbuf_reset(out);
	for (size_t i = 0; i < len; i++) {
		uint8_t byte;

		if (p[i] != '%') {
			strbuf_addc(out, p[i]);
			continue;
		}
		if (len - i < 3 || !hex_decode(p + i + 1, 2, &byte, 1) || is_plain(byte))
			return false;
		strbuf_addc(out, (char)byte);
		i += 2;
	}
	return true;
}

/* One blank behind it. */
static const char *read_name(const char *p, const char *end, struct point *out, struct strbuf *name)
{
	struct error ignored = ERROR_INIT;
	const char *from = p;
	bool is_escaped = false, is_ascii = true;

	for (; p < end && *p != ' '; p++) {
		unsigned char c = (unsigned char)*p;

		if (!is_plain(c) && c != '%')
			return NULL;
		is_escaped |= c == '%';
		is_ascii &= c < 0x80;
	}
	out->name = from;
	out->name_len = (size_t)(p - from);
	if (p == end || out->name_len == 0 || out->name_len > 3 * (size_t)POINT_NAME_MAX)
		return NULL;
	if (is_escaped) {
		if (!unescape(from, out->name_len, name))
			return NULL;
		out->name = name->buf;
		out->name_len = name->len;
	}
	if (is_ascii && !is_escaped)
		return out->name_len <= POINT_NAME_MAX ? p + 1 : NULL;
	return point_check_name(out->name, out->name_len, &ignored) < 0 ? NULL : p + 1;
}

static bool read_point(const char *p, const char *end, struct point *out, struct strbuf *name)
{
	uint64_t time;

	return (p = read_u64(p, end, &time)) != NULL && (p = read_u64(p, end, &out->step)) != NULL &&
		(p = read_name(p, end, out, name)) != NULL && real_parse(p, (size_t)(end - p), &out->value) &&
		(out->time = (int64_t)time, true);
}

int point_next(const char *text, size_t len, size_t *at, struct point *out, struct strbuf *name, struct error *err)
{
	const char *from = text + *at, *end = *at < len ? memchr(from, '\n', len - *at) : NULL;

	if (!end)
		return 0;
	if (!read_point(from, end, out, name))
		return error_set(err, ERR_INTEGRITY, "there is no point of a metric at byte %zu", *at);
	*at = (size_t)(end - text) + 1;
	return 1;
}

/* ---- what many points come to ---- */

void point_summaries_cleanup(struct point_summaries *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->v[i].name);
	free(s->v);
	hashmap_cleanup(&s->places);
	*s = (struct point_summaries)POINT_SUMMARIES_INIT;
}

static struct point_summary *find(const struct point_summaries *s, const char *name, size_t len)
{
	size_t place = (size_t)(uintptr_t)hashmap_find(&s->places, name, len);

	return place ? &s->v[place - 1] : NULL;
}

static struct point_summary *begin(struct point_summaries *s, const struct point *p)
{
	ARRAY_GROW(s->v, s->count + 1, s->cap);
	s->v[s->count] = (struct point_summary){ .name = xstrndup(p->name, p->name_len), .first_step = p->step, .min = NAN, .max = NAN };
	hashmap_put(&s->places, p->name, p->name_len, (void *)(uintptr_t)(s->count + 1));
	return &s->v[s->count++];
}

struct point_summary *point_summaries_add(struct point_summaries *s, const struct point *p)
{
	struct point_summary *of = find(s, p->name, p->name_len);

	if (!of && s->count >= POINT_SUMMARIES_MAX)
		return NULL;
	if (!of)
		of = begin(s, p);
	of->count++;
	of->last_step = p->step;
	of->last = p->value;
	if (isnan(of->min) || p->value < of->min)
		of->min = p->value;
	if (isnan(of->max) || p->value > of->max)
		of->max = p->value;
	return of;
}

const struct point_summary *point_summaries_find(const struct point_summaries *s, const char *name)
{
	return find(s, name, strlen(name));
}

/* ---- few of many ---- */

/* Places of points; first and last by step, and by when they were logged where steps are equal. */
struct bucket {
	bool is_used;
	size_t first, last, least, greatest;
};

static void add_to_bucket(struct bucket *b, const struct curve_point *points, size_t i)
{
	const struct curve_point *p = &points[i];

	if (!b->is_used)
		*b = (struct bucket){ true, i, i, i, i };
	if (p->step < points[b->first].step)
		b->first = i;
	if (p->step >= points[b->last].step)
		b->last = i;
	if (p->value < points[b->least].value)
		b->least = i;
	if (p->value > points[b->greatest].value)
		b->greatest = i;
}

static bool is_before(const struct curve_point *points, size_t a, size_t b)
{
	return points[a].step != points[b].step ? points[a].step < points[b].step : a < b;
}

/* Its points, each once, in order. */
static size_t empty_bucket(const struct bucket *b, const struct curve_point *points, struct curve_point *out)
{
	size_t places[] = { b->first, b->least, b->greatest, b->last }, count = 0;

	for (size_t i = 1; i < COUNT_OF(places); i++)
		for (size_t j = i; j > 0 && is_before(points, places[j], places[j - 1]); j--) {
			size_t other = places[j];

			places[j] = places[j - 1];
			places[j - 1] = other;
		}
	for (size_t i = 0; i < COUNT_OF(places); i++)
		if (i == 0 || places[i] != places[i - 1])
			out[count++] = points[places[i]];
	return count;
}

size_t points_thin(const struct curve_point *points, size_t count, size_t buckets, struct curve_point *out)
{
	CLEANUP(ptr) struct bucket *all = xcalloc(buckets + 1, sizeof *all);
	uint64_t low = UINT64_MAX, high = 0;
	size_t written = 0;

	for (size_t i = 0; i < count; i++) {
		if (!isfinite(points[i].value))
			continue;
		low = points[i].step < low ? points[i].step : low;
		high = points[i].step > high ? points[i].step : high;
	}
	for (size_t i = 0; i < count; i++) {
		double share;
		size_t place;

		if (!isfinite(points[i].value) || !buckets)
			continue;
		share = (double)(points[i].step - low) / ((double)(high - low) + 1.0);
		place = (size_t)(share * (double)buckets);
		add_to_bucket(&all[place < buckets ? place : buckets - 1], points, i);
	}
	for (size_t i = 0; i < buckets; i++)
		if (all[i].is_used)
			written += empty_bucket(&all[i], points, out + written);
	return written;
}
