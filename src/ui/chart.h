/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as a chart of lines and points: SVG in HTML, coloured by the classes s0 to s6 of the page's style and told apart without colour too. */
#ifndef MREG_UI_CHART_H
#define MREG_UI_CHART_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

#define CHART_SERIES_MAX 7 /* more are not drawn: there are so many colours, dashes and markers */

struct chart_point {
	double x, y;
};
struct chart_series {
	const char *name;
	const char *id; /* of an element that its name in the legend leads to; NULL: none */
	const struct chart_point *points; /* in order of x; where one is not finite the line is broken */
	size_t count;
	size_t style; /* below CHART_SERIES_MAX: colour, dash and marker */
	bool has_dots; /* each point is marked; else the last alone */
};
/* An upright line, for instance at the version that an alias leads to. */
struct chart_mark {
	double x;
	const char *text;
};
struct chart {
	const char *title;       /* shown above it, and for who cannot see it */
	const char *note;        /* shown behind the title; "" for none */
	const char *description; /* for who cannot see it: what is to be seen; "" for none */
	const char *x_name;      /* below the axis: "step" */
	const char *x_prefix;    /* before each number there: "v" */
	const struct chart_series *series;
	size_t series_count;
	const struct chart_mark *marks; /* the one that matters most first: of texts that would overlap only its is drawn */
	size_t mark_count;
};

/*
 * A <figure class="ch">, with a legend when there are several series.  Peaks stay although a line of many points is drawn with few (at most four for each
 * six units of 400).  All text is escaped.
 */
void chart_svg(struct strbuf *out, const struct chart *chart);
/* The markers that charts refer to; once in a page, before the first of them. */
void chart_defs(struct strbuf *out);

/* Ends of an axis and the distance of its ticks: 1, 2 or 5 times a power of ten, least and greatest being any finite numbers. */
struct chart_scale {
	double least, greatest, step;
};
void chart_scale_of(struct chart_scale *scale, double least, double greatest, size_t ticks, bool is_whole);
/* A tick's number with as many digits as tell it from the next. */
void chart_tick(struct strbuf *out, const struct chart_scale *scale, double value);

#endif
