/* SPDX-License-Identifier: Apache-2.0 */
/* Draws numbers as bars. */
#include <config.h>

#include "ui/spark.h"

#include <math.h>

#define HEIGHTS 8

/* Of the finite ones; NaN when there is none. */
static double mean(const double *values, size_t count)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (isfinite(values[i]))
			n++;
	for (size_t i = 0; i < count; i++)
		if (isfinite(values[i]))
			sum += values[i] / (double)n; /* so that it does not overflow */
	return n ? sum : NAN;
}

static size_t height_of(double value, double least, double greatest)
{
	double half = greatest / 2 - least / 2; /* the whole range might be infinite */

	if (!(half > 0))
		return HEIGHTS / 2 - 1;
	return (size_t)((value / 2 - least / 2) / half * (HEIGHTS - 1) + 0.5);
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
