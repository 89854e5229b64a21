/* SPDX-License-Identifier: Apache-2.0 */
/* Draws numbers as bars. */
#include <config.h>

#include "ui/spark.h"

#include <math.h>

#define HEIGHTS 8

/* The mean of one number more, the n-th; of equal ones it is exactly that, and no sum overflows. */
static double mean_with(double before, double value, double n)
{
	return before + (value / n - before / n);
}

/* Of the finite ones; NaN when there is none. */
static double mean(const double *values, size_t count)
{
	double all = 0;
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (isfinite(values[i]))
			all = mean_with(all, values[i], (double)++n);
	return n ? all : NAN;
}

static size_t height_of(double value, double least, double greatest)
{
	double half = greatest / 2 - least / 2; /* the whole range might be infinite */
	double height;

	if (!(half > 0))
		return HEIGHTS / 2 - 1;
	height = (value / 2 - least / 2) / half * (HEIGHTS - 1) + 0.5;
	/* the mean of the smallest numbers there are may lie beside them */
	return height > 0 ? height < HEIGHTS ? (size_t)height : HEIGHTS - 1 : 0;
}

void spark_line(struct strbuf *out, const double *values, size_t count, size_t columns)
{
	static const char *const bars[HEIGHTS] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	double least = INFINITY, greatest = -INFINITY;
	size_t from = 0;

	if (columns > count)
		columns = count;
	for (size_t i = 0; i < count; i++)
		if (isfinite(values[i])) {
			least = values[i] < least ? values[i] : least;
			greatest = values[i] > greatest ? values[i] : greatest;
		}
	for (size_t i = 0; i < columns; i++) {
		size_t to = from + count / columns + (i < count % columns);
		double value = mean(values + from, to - from);

		from = to;
		strbuf_adds(out, isfinite(value) ? bars[height_of(value, least, greatest)] : " ");
	}
}

/* ---- one by one ---- */

static double mean_of_two(double a, double b)
{
	return isfinite(a) && isfinite(b) ? mean_with(a, b, 2) : isfinite(a) ? a : b;
}

static void halve(struct spark_series *s)
{
	for (size_t i = 0; i < SPARK_KEPT / 2; i++)
		s->means[i] = mean_of_two(s->means[2 * i], s->means[2 * i + 1]);
	s->count = SPARK_KEPT / 2;
	s->each *= 2;
}

static double take_waiting(const struct spark_series *s)
{
	return s->waiting_finite ? s->mean : NAN;
}

void spark_add(struct spark_series *s, double value)
{
	if (!s->each)
		s->each = 1;
	if (isfinite(value))
		s->mean = mean_with(s->mean, value, (double)++s->waiting_finite);
	if (++s->waiting < s->each)
		return;
	s->means[s->count++] = take_waiting(s);
	s->mean = 0;
	s->waiting = s->waiting_finite = 0;
	if (s->count == SPARK_KEPT)
		halve(s);
}

void spark_draw(struct strbuf *out, const struct spark_series *s, size_t columns)
{
	double values[SPARK_KEPT + 1];
	size_t count = s->count;

	for (size_t i = 0; i < count; i++)
		values[i] = s->means[i];
	if (s->waiting)
		values[count++] = take_waiting(s);
	spark_line(out, values, count, columns);
}
