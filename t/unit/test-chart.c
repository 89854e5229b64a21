/* SPDX-License-Identifier: Apache-2.0 */
/* Charts: scales, ticks, and lines that keep their peaks. */
#include <config.h>

#include "ui/chart.h"

#include <float.h>
#include <math.h>

#include "base/mem.h"
#include "tap.h"

static void ticks_like(double least, double greatest, bool is_whole, double step, const char *first, const char *name)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	struct chart_scale scale;
	double at;

	chart_scale_of(&scale, least, greatest, 5, is_whole);
	at = (double)(long long)(scale.least / scale.step) * scale.step;
	ok(fabs(scale.step - step) <= step * 1e-9, "%s: the step", name);
	printf("# step %g\n", scale.step);
	while (at < scale.least)
		at += scale.step;
	chart_tick(&out, &scale, at);
	is_str(out.buf, first, name);
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	while ((text = strstr(text, part))) {
		count++;
		text += strlen(part);
	}
	return count;
}

static void draw(struct strbuf *out, const struct chart_point *points, size_t count, const char *name)
{
	struct chart_series series = { .name = name, .points = points, .count = count, .has_dots = true };
	struct chart chart = { .title = name, .note = "", .description = "", .x_name = "", .x_prefix = "v", .series = &series, .series_count = 1 };

	strbuf_reset(out);
	chart_svg(out, &chart);
}

static void peaks_stay(struct strbuf *out)
{
	CLEANUP(ptr) struct chart_point *many = xcalloc(100000, sizeof *many);

	for (size_t i = 0; i < 100000; i++)
		many[i] = (struct chart_point){ (double)i, i == 54321 ? 1000 : 0 };
	draw(out, many, 100000, "loss");
	ok(out->len < 8192, "a hundred thousand points are drawn with few");
	ok(count_of(out->buf, " 26.") || count_of(out->buf, "-1") > 0, "and the peak is among them");
	for (size_t i = 0; i < 100000; i++)
		many[i].y = i % 2 ? 1 : -1;
	draw(out, many, 100000, "loss");
	ok(out->len < 8192, "a line that jumps all the time stays short");
}

static void several_series(struct strbuf *out)
{
	const struct chart_point points[] = { { 0, 1 }, { 1, 0.5 } };
	struct chart_series series[9];
	const struct chart_mark marks[] = { { 0, "<production>" }, { 0, "staging" }, { 7, "outside" } };
	struct chart chart = { .title = "a<b", .note = "n\"n", .description = "d&d", .x_name = "step", .x_prefix = "", .series = series, .series_count = 9,
			       .marks = marks, .mark_count = 3 };

	for (size_t i = 0; i < 9; i++)
		series[i] = (struct chart_series){ .name = "</svg>", .id = i ? NULL : "m:v1", .points = points, .count = 2, .style = i % CHART_SERIES_MAX };
	strbuf_reset(out);
	chart_svg(out, &chart);
	is_int((intmax_t)count_of(out->buf, "<li>"), CHART_SERIES_MAX, "as many series as can be told apart");
	is_int((intmax_t)count_of(out->buf, "stroke-dasharray=\"7 3\""), 2, "dashes stand in the legend, too");
	is_int((intmax_t)count_of(out->buf, "&lt;/svg&gt;"), CHART_SERIES_MAX, "names are escaped");
	is_int((intmax_t)count_of(out->buf, "href=\"#m:v1\""), 1, "a name in the legend leads to its version");
	ok(count_of(out->buf, "<title>a&lt;b</title><desc>d&amp;d</desc>") == 1, "title and description");
	is_int((intmax_t)count_of(out->buf, "class=\"k\""), 2, "marks outside of the numbers are not drawn");
	is_int((intmax_t)count_of(out->buf, "class=\"kt\""), 1, "nor texts that would lie over one another");
}

static void texts_of_marks(struct strbuf *out)
{
	const struct chart_point points[] = { { 0, 1 }, { 100, 2 } };
	const struct chart_series series = { .name = "loss", .points = points, .count = 2 };
	const struct chart_mark marks[] = { { 52, "production" }, { 50, "staging" }, { 20, "testing" }, { 90, "best" } };
	const struct chart chart = { .title = "loss", .note = "", .description = "", .x_name = "", .x_prefix = "v", .series = &series, .series_count = 1,
				     .marks = marks, .mark_count = 4 };

	strbuf_reset(out);
	chart_svg(out, &chart);
	is_int((intmax_t)count_of(out->buf, "class=\"k\""), 4, "each mark has its line");
	is_int((intmax_t)count_of(out->buf, ">production<"), 1, "the text that matters most is drawn, wherever it stands");
	is_int((intmax_t)count_of(out->buf, ">staging<"), 0, "what it would lie over is not");
	is_int((intmax_t)count_of(out->buf, ">testing<") + (intmax_t)count_of(out->buf, ">best<"), 2, "where there is room each is");
}

int main(void)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	ticks_like(0, 10, true, 2, "0", "whole numbers");
	ticks_like(3, 3, true, 1, "2", "one version");
	ticks_like(0, 1, true, 1, "0", "two versions");
	ticks_like(0.91, 0.94, false, 0.01, "0.91", "two digits");
	ticks_like(-1, 1, false, 0.5, "-1.0", "each tick has the same digits");
	ticks_like(1e-9, 9e-9, false, 2e-9, "2e-09", "small numbers");
	ticks_like(0, 4.2e9, false, 1e9, "0", "zero among large numbers");
	ticks_like(1e9, 4.2e9, false, 1e9, "1G", "large numbers");
	ticks_like(7300000, 7315600, false, 5000, "7.300M", "large numbers that differ little");
	ticks_like(100000, 300000, true, 50000, "100k", "steps");
	ticks_like(0, 3e20, false, 1e20, "0", "larger ones");
	ticks_like(5, 5, false, 0.2, "4.6", "all the same");
	ticks_like(0, 0, false, 0.5, "-1.0", "all zero");
	ticks_like(-DBL_MAX, DBL_MAX, false, 1e308, "-1e+308", "the whole range of numbers");
	draw(&out, (const struct chart_point[]){ { 0, NAN }, { 1, INFINITY } }, 2, "m");
	ok(strstr(out.buf, "No finite numbers.") != NULL, "nothing that could be drawn");
	draw(&out, NULL, 0, "m");
	ok(strstr(out.buf, "No finite numbers.") != NULL, "no points");
	draw(&out, (const struct chart_point[]){ { 0, 0 }, { 1, 1 }, { 2, NAN }, { 3, 0 }, { 4, 1 } }, 5, "m");
	is_int((intmax_t)count_of(strstr(out.buf, "class=\"l s0\""), "M"), 2, "what is not finite breaks the line");
	draw(&out, (const struct chart_point[]){ { 0, -DBL_MAX }, { 1, DBL_MAX } }, 2, "m");
	ok(!strstr(out.buf, "nan") && !strstr(out.buf, "inf"), "the whole range of numbers is drawn");
	draw(&out, (const struct chart_point[]){ { 1e300, 1e16 }, { 1e300, 1e16 + 2 } }, 2, "m");
	ok(!strstr(out.buf, "nan") && !strstr(out.buf, "inf"), "numbers that lie nearer than their digits");
	peaks_stay(&out);
	several_series(&out);
	texts_of_marks(&out);
	strbuf_reset(&out);
	chart_defs(&out);
	is_int((intmax_t)count_of(out.buf, "<marker"), CHART_SERIES_MAX, "a marker for each series");
	return tap_done();
}
