/* SPDX-License-Identifier: Apache-2.0 */
/* Draws lines and points as SVG. */
#include <config.h>

#include "ui/chart.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "ui/html.h"

/* The drawing, in its own units; what is drawn of the numbers lies within the margins. */
#define WIDTH 400
#define HEIGHT 210
#define LEFT 46
#define RIGHT 12
#define TOP 20
#define BOTTOM 34
#define COLUMN 6 /* units of width for which at most four points are drawn */
#define TICKS_MAX 16

static const char *const dashes[CHART_SERIES_MAX] = { NULL, "7 3", "2 3", "9 3 2 3", "4 2", "12 4", "1 2" };

/* Where points come to lie. */
struct frame {
	struct chart_scale x, y;
};

/* --- scales */

/* What of libm is needed here is little, and every command would load it. */
static double lesser(double a, double b)
{
	return a < b ? a : b;
}

static double greater(double a, double b)
{
	return a > b ? a : b;
}

static double rounded_up(double value)
{
	long long whole;

	if (fabs(value) > 9e15)
		return value;
	whole = (long long)value;
	return (double)(whole + ((double)whole < value));
}

static int rounded(double value)
{
	return (int)(value < 0 ? value - 0.5 : value + 0.5);
}

/* The power of ten of the first digit; value is not 0. */
static int power_of_ten(double value)
{
	char text[40];

	snprintf(text, sizeof text, "%.14e", value);
	return atoi(strchr(text, 'e') + 1);
}

static double ten_to(int power)
{
	char text[16];

	snprintf(text, sizeof text, "1e%d", power);
	return strtod(text, NULL);
}

/* 1, 2 or 5 times a power of ten, not below value. */
static double nice_step(double value)
{
	double power, digit;

	if (!(value > 1e-300))
		return 1e-300;
	power = ten_to(power_of_ten(value));
	digit = value / power;
	return (digit <= 1.0000001 ? 1 : digit <= 2.0000001 ? 2 : digit <= 5.0000001 ? 5 : 10) * power;
}

void chart_scale_of(struct chart_scale *scale, double least, double greatest, size_t ticks, bool is_whole)
{
	double half; /* of the range, which itself might be infinite */

	if (!(least < greatest)) {
		double around = is_whole ? 1 : fabs(least) > 0 ? fabs(least) / 10 : 1;

		greatest = lesser(least + around, 1.7e308);
		least = greater(least - around, -1.7e308);
	}
	half = greatest / 2 - least / 2;
	scale->step = nice_step(half / (double)ticks * 2);
	if (is_whole && scale->step < 1)
		scale->step = 1;
	scale->least = greater(least - half * 0.08, -1.79e308);
	scale->greatest = lesser(greatest + half * 0.08, 1.79e308);
}

/* "7.31M" */
static void add_large(struct strbuf *out, double value, double largest, int step_power)
{
	int power = largest < 1e6 ? 3 : largest < 1e9 ? 6 : largest < 1e12 ? 9 : 12;

	strbuf_addf(out, "%.*f%c", step_power < power ? power - step_power : 0, value / ten_to(power), "kMGT"[power / 3 - 1]);
}

void chart_tick(struct strbuf *out, const struct chart_scale *scale, double value)
{
	double largest = greater(fabs(scale->least), fabs(scale->greatest));
	int step_power = power_of_ten(scale->step);
	int digits = power_of_ten(largest) - step_power + 1;

	if (fabs(value) < scale->step / 2)
		value = 0;
	if (largest < 1e5 && scale->step > 0.9e-5)
		strbuf_addf(out, "%.*f", step_power < 0 ? -step_power : 0, value);
	else if (largest >= 1e5 && largest < 1e15 && scale->step > 0.9 && value)
		add_large(out, value, largest, step_power);
	else
		strbuf_addf(out, "%.*g", digits < 1 ? 1 : digits > 15 ? 15 : digits, value);
}

/* 0 … 1 */
static double place(const struct chart_scale *scale, double value)
{
	double half = scale->greatest / 2 - scale->least / 2;

	return half > 0 ? (value / 2 - scale->least / 2) / half : 0.5;
}

/* In tenths of a unit, so that text and sums are exact. */
static int x_of(const struct frame *f, double value)
{
	return rounded(10 * (LEFT + place(&f->x, value) * (WIDTH - LEFT - RIGHT)));
}

static int y_of(const struct frame *f, double value)
{
	return rounded(10 * (HEIGHT - BOTTOM - place(&f->y, value) * (HEIGHT - TOP - BOTTOM)));
}

static void add_tenths(struct strbuf *out, int tenths)
{
	unsigned size = tenths < 0 ? -(unsigned)tenths : (unsigned)tenths;

	if (tenths < 0)
		strbuf_addc(out, '-');
	if (size >= 10 || !size)
		strbuf_addf(out, "%u", size / 10);
	if (size % 10)
		strbuf_addf(out, ".%u", size % 10);
}

/* Two numbers behind a letter, with a blank between them only where they would run together. */
static void add_pair(struct strbuf *out, char letter, int x, int y)
{
	strbuf_addc(out, letter);
	add_tenths(out, x);
	if (y >= 0)
		strbuf_addc(out, ' ');
	add_tenths(out, y);
}

static bool is_drawn(const struct chart_point *p)
{
	return isfinite(p->x) && isfinite(p->y);
}

static void widen(double *least, double *greatest, double value)
{
	*least = lesser(*least, value);
	*greatest = greater(*greatest, value);
}

/* false: there is nothing to draw */
static bool frame_of(struct frame *f, const struct chart *chart)
{
	double least_x = INFINITY, greatest_x = -INFINITY, least_y = INFINITY, greatest_y = -INFINITY;

	for (size_t i = 0; i < chart->series_count; i++)
		for (size_t j = 0; j < chart->series[i].count; j++) {
			const struct chart_point *p = &chart->series[i].points[j];

			if (!is_drawn(p))
				continue;
			widen(&least_x, &greatest_x, p->x);
			widen(&least_y, &greatest_y, p->y);
		}
	if (!(least_x <= greatest_x))
		return false;
	chart_scale_of(&f->x, least_x, greatest_x, 5, true);
	chart_scale_of(&f->y, least_y, greatest_y, 4, false);
	return true;
}

/* --- lines */

/* A line on its way into a path: points of one column wait until the next one begins. */
struct pen {
	struct strbuf *out;
	const struct frame *frame;
	bool is_down;
	int x, y;              /* where it is */
	const struct chart_point *first, *least, *greatest, *last; /* of the column; NULL: none waits */
	int column;
};

static void draw_to(struct pen *pen, const struct chart_point *p)
{
	int x = x_of(pen->frame, p->x), y = y_of(pen->frame, p->y);

	if (pen->is_down)
		add_pair(pen->out, 'l', x - pen->x, y - pen->y);
	else
		add_pair(pen->out, 'M', x, y);
	pen->is_down = true;
	pen->x = x;
	pen->y = y;
}

static void end_column(struct pen *pen)
{
	const struct chart_point *a = pen->least < pen->greatest ? pen->least : pen->greatest;
	const struct chart_point *b = pen->least < pen->greatest ? pen->greatest : pen->least;

	if (!pen->first)
		return;
	draw_to(pen, pen->first);
	if (a != pen->first && a != pen->last)
		draw_to(pen, a);
	if (b != a && b != pen->first && b != pen->last)
		draw_to(pen, b);
	if (pen->last != pen->first)
		draw_to(pen, pen->last);
	pen->first = NULL;
}

static void add_point(struct pen *pen, const struct chart_point *p)
{
	int column = x_of(pen->frame, p->x) / (10 * COLUMN);

	if (pen->first && column != pen->column)
		end_column(pen);
	if (!pen->first) {
		pen->column = column;
		pen->first = pen->least = pen->greatest = p;
	}
	pen->least = p->y < pen->least->y ? p : pen->least;
	pen->greatest = p->y > pen->greatest->y ? p : pen->greatest;
	pen->last = p;
}

static void draw_series(struct strbuf *out, const struct frame *frame, const struct chart_series *s)
{
	struct pen pen = { .out = out, .frame = frame };
	size_t before;

	strbuf_addf(out, "<path class=\"l s%zu\"", s->style);
	if (dashes[s->style] && !s->has_dots)
		strbuf_addf(out, " stroke-dasharray=\"%s\"", dashes[s->style]);
	if (s->has_dots)
		strbuf_addf(out, " marker-start=\"url(#:m%zu)\" marker-mid=\"url(#:m%zu)\"", s->style, s->style);
	strbuf_addf(out, " marker-end=\"url(#:m%zu)\" d=\"", s->style);
	before = out->len;
	for (size_t i = 0; i < s->count; i++) {
		if (is_drawn(&s->points[i])) {
			add_point(&pen, &s->points[i]);
		} else {
			end_column(&pen);
			pen.is_down = false;
		}
	}
	end_column(&pen);
	if (out->len == before)
		strbuf_adds(out, "M0 0");
	strbuf_adds(out, "\"/>");
}

/* --- what stands around them */

/* The k-th tick is k steps from zero, so that no sum of fractions is off. */
static size_t ticks_of(const struct chart_scale *scale, double *ticks)
{
	double k = rounded_up(scale->least / scale->step);
	size_t count = 0;

	for (; count < TICKS_MAX && k * scale->step <= scale->greatest; k++) {
		if (count && !(k * scale->step > ticks[count - 1]))
			break; /* the step is below the precision of such numbers */
		ticks[count++] = k * scale->step;
	}
	return count;
}

static void draw_y_axis(struct strbuf *out, const struct frame *f)
{
	double ticks[TICKS_MAX];
	size_t count = ticks_of(&f->y, ticks);

	strbuf_adds(out, "<path class=\"g\" d=\"");
	for (size_t i = 0; i < count; i++) {
		add_pair(out, 'M', 10 * LEFT, y_of(f, ticks[i]));
		strbuf_addf(out, "h%d", WIDTH - LEFT - RIGHT);
	}
	strbuf_adds(out, "\"/><g text-anchor=\"end\">");
	for (size_t i = 0; i < count; i++) {
		strbuf_addf(out, "<text x=\"%d\" y=\"", LEFT - 6);
		add_tenths(out, y_of(f, ticks[i]) + 40);
		strbuf_adds(out, "\">");
		chart_tick(out, &f->y, ticks[i]);
		strbuf_adds(out, "</text>");
	}
	strbuf_adds(out, "</g>");
}

static void draw_x_axis(struct strbuf *out, const struct frame *f, const struct chart *chart)
{
	double ticks[TICKS_MAX];
	size_t count = ticks_of(&f->x, ticks);

	strbuf_addf(out, "<path class=\"x\" d=\"M%d %dh%d\"/><g text-anchor=\"middle\">", LEFT, HEIGHT - BOTTOM, WIDTH - LEFT - RIGHT);
	for (size_t i = 0; i < count; i++) {
		if (ticks[i] < 0)
			continue; /* neither versions nor steps are */
		strbuf_adds(out, "<text x=\"");
		add_tenths(out, x_of(f, ticks[i]));
		strbuf_addf(out, "\" y=\"%d\">", HEIGHT - BOTTOM + 14);
		html_text(out, chart->x_prefix);
		chart_tick(out, &f->x, ticks[i]);
		strbuf_adds(out, "</text>");
	}
	if (*chart->x_name) {
		strbuf_addf(out, "<text x=\"%d\" y=\"%d\">", LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 5);
		html_text(out, chart->x_name);
		strbuf_adds(out, "</text>");
	}
	strbuf_adds(out, "</g>");
}

/* Where a text lies, with room around it. */
struct extent {
	double from, to;
};

static bool is_free(const struct extent *taken, size_t count, double from, double to)
{
	for (size_t i = 0; i < count; i++)
		if (from < taken[i].to && taken[i].from < to)
			return false;
	return true;
}

/* Texts of neighbours would lie over one another: that of the one that matters less is left out, its line is not. */
static void draw_marks(struct strbuf *out, const struct frame *f, const struct chart *chart)
{
	CLEANUP(ptr) struct extent *taken = xcalloc(chart->mark_count + 1, sizeof *taken);
	size_t count = 0;

	for (size_t i = 0; i < chart->mark_count; i++) {
		const struct chart_mark *mark = &chart->marks[i];
		double x, half = 3.2 * (double)utf8_width(mark->text, strlen(mark->text));

		if (!isfinite(mark->x) || mark->x < f->x.least || mark->x > f->x.greatest)
			continue;
		strbuf_adds(out, "<path class=\"k\" d=\"");
		add_pair(out, 'M', x_of(f, mark->x), 10 * TOP - 20);
		strbuf_addf(out, "V%d\"/>", HEIGHT - BOTTOM);
		x = lesser(greater(x_of(f, mark->x) / 10.0, half + 2), WIDTH - half - 2);
		if (!is_free(taken, count, x - half - 2, x + half + 2))
			continue;
		taken[count++] = (struct extent){ x - half - 2, x + half + 2 };
		strbuf_adds(out, "<text class=\"kt\" text-anchor=\"middle\" x=\"");
		add_tenths(out, rounded(10 * x));
		strbuf_addf(out, "\" y=\"%d\">", TOP - 7);
		html_text(out, mark->text);
		strbuf_adds(out, "</text>");
	}
}

static void draw_legend(struct strbuf *out, const struct chart *chart)
{
	strbuf_adds(out, "<ul class=\"lg\">");
	for (size_t i = 0; i < chart->series_count; i++) {
		const struct chart_series *s = &chart->series[i];
		int width = s->count > 1 ? 34 : 12;

		strbuf_addf(out, "<li><svg viewBox=\"0 0 %d 10\" width=\"%d\" height=\"10\" aria-hidden=\"true\"><path class=\"l s%zu\"", width, width, s->style);
		if (dashes[s->style] && !s->has_dots)
			strbuf_addf(out, " stroke-dasharray=\"%s\"", dashes[s->style]);
		strbuf_addf(out, " marker-end=\"url(#:m%zu)\" d=\"%s\"/></svg> ", s->style, s->count > 1 ? "M1 5h26" : "M6 5h0");
		if (s->id) {
			strbuf_adds(out, "<a");
			html_link(out, s->id);
			strbuf_addc(out, '>');
		}
		html_text(out, s->name);
		strbuf_adds(out, s->id ? "</a></li>" : "</li>");
	}
	strbuf_adds(out, "</ul>");
}

static void draw(struct strbuf *out, const struct frame *f, const struct chart *chart)
{
	strbuf_addf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\"><title>", WIDTH, *chart->x_name ? HEIGHT : HEIGHT - 14);
	html_text(out, chart->title);
	strbuf_adds(out, "</title>");
	if (*chart->description) {
		strbuf_adds(out, "<desc>");
		html_text(out, chart->description);
		strbuf_adds(out, "</desc>");
	}
	draw_y_axis(out, f);
	draw_x_axis(out, f, chart);
	draw_marks(out, f, chart);
	for (size_t i = 0; i < chart->series_count; i++)
		draw_series(out, f, &chart->series[i]);
	strbuf_adds(out, "</svg>");
}

void chart_svg(struct strbuf *out, const struct chart *chart)
{
	struct chart drawn = *chart;
	struct frame frame;

	if (drawn.series_count > CHART_SERIES_MAX)
		drawn.series_count = CHART_SERIES_MAX;
	strbuf_adds(out, "<figure class=\"ch\"><figcaption>");
	html_text(out, chart->title);
	if (*chart->note) {
		strbuf_adds(out, " <small>");
		html_text(out, chart->note);
		strbuf_adds(out, "</small>");
	}
	strbuf_adds(out, "</figcaption>");
	if (frame_of(&frame, &drawn))
		draw(out, &frame, &drawn);
	else
		strbuf_adds(out, "<p>No finite numbers.</p>");
	if (drawn.series_count > 1)
		draw_legend(out, &drawn);
	strbuf_adds(out, "</figure>\n");
}

void chart_defs(struct strbuf *out)
{
	static const char *const shapes[CHART_SERIES_MAX] = {
		"<circle cx=\"5\" cy=\"5\" r=\"3.6\"/>", "<path d=\"M1.5 1.5h7v7h-7z\"/>",       "<path d=\"M5 .8l4.5 8.2h-9z\"/>",   "<path d=\"M5 0l5 5l-5 5l-5-5z\"/>",
		"<path d=\"M5 9.2L.5 1h9z\"/>",	  "<path d=\"M3.5 0h3v3.5H10v3H6.5V10h-3V6.5H0v-3h3.5z\"/>", "<path d=\"M2.5.5h5L10 5L7.5 9.5h-5L0 5z\"/>",
	};

	strbuf_adds(out, "<svg width=\"0\" height=\"0\" class=\"df\" aria-hidden=\"true\"><defs>");
	for (size_t i = 0; i < CHART_SERIES_MAX; i++)
		strbuf_addf(out, "<marker id=\":m%zu\" class=\"m s%zu\" viewBox=\"0 0 10 10\" refX=\"5\" refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" "
			"markerUnits=\"userSpaceOnUse\">%s</marker>", i, i, shapes[i]);
	strbuf_adds(out, "</defs></svg>\n");
}
