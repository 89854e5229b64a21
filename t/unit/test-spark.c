/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as bars. */
#include <config.h>

#include "ui/spark.h"

#include <float.h>
#include <math.h>

#include "base/mem.h"
#include "tap.h"

static void draws(const double *values, size_t count, size_t columns, const char *want, const char *name)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	spark_line(&out, values, count, columns);
	is_str(out.buf, want, name);
}

#define DRAWS(columns, want, name, ...) \
	draws((const double[]){ __VA_ARGS__ }, COUNT_OF(((const double[]){ __VA_ARGS__ })), columns, want, name)

static void draws_series(size_t count, size_t columns, const char *want, const char *name)
{
	struct spark_series series = { .count = 0 };
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	for (size_t i = 0; i < count; i++)
		spark_add(&series, i % 3 == 2 ? NAN : (double)i);
	spark_draw(&out, &series, columns);
	is_str(out.buf, want, name);
}

static void draws_same(double value, size_t count, const char *want, const char *name)
{
	struct spark_series series = { .count = 0 };
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	for (size_t i = 0; i < count; i++)
		spark_add(&series, value);
	spark_draw(&out, &series, 8);
	is_str(out.buf, want, name);
}

int main(void)
{
	DRAWS(80, "▁▂▃▄▅▆▇█", "eight heights", 0, 1, 2, 3, 4, 5, 6, 7);
	DRAWS(80, "█▁", "it may fall", 3.5, -1e9);
	DRAWS(80, "▄▄▄", "all the same", 5, 5, 5);
	DRAWS(80, "▄", "one", 5);
	DRAWS(80, "▁ █  ", "what is not finite is left out", 1, NAN, 2, INFINITY, -INFINITY);
	DRAWS(80, "  ", "nothing that is finite", NAN, NAN);
	DRAWS(80, "▁█", "the whole range of numbers", -DBL_MAX, DBL_MAX);
	DRAWS(2, "▁█", "neighbours are taken together", 0, 0, 0, 8, 8);
	DRAWS(2, "▅▄", "by their mean", 0, 8, NAN, 3, 3);
	DRAWS(1, "▁", "the mean of the smallest there are may be less than they", 1e-323, 1.5e-323, 1e-323, 1.5e-323, 1e-323);
	draws(NULL, 0, 80, "", "none");
	draws_series(0, 8, "", "no value of a series");
	draws_series(2, 8, "▁█", "two");
	draws_series(4, 8, "▁▃ █", "one that is no number");
	draws_series(1000000, 8, "▁▂▃▄▅▆▇█", "very many, taken together");
	draws_same(DBL_MAX / 2, 3001, "▄▄▄▄▄▄▄▄", "very large ones");
	draws_same(0.1, 3001, "▄▄▄▄▄▄▄▄", "a series that is flat");
	return tap_done();
}
