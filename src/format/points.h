/* SPDX-License-Identifier: Apache-2.0 */
/* Points of metrics: text, a line a point, in the order in which they were logged (mreg-registry(5)). */
#ifndef MREG_FORMAT_POINTS_H
#define MREG_FORMAT_POINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hashmap.h"
#include "base/strbuf.h"

/*
 * "TIME STEP NAME VALUE\n": nanoseconds since 1970 and step in decimal, the name with blanks, control bytes, % and = written as %xx, the value in the fewest
 * digits that read back as the same double (as in canonical JSON), or nan, inf, -inf.  A last line without newline was cut off and counts as none.
 */
#define POINT_NAME_MAX 256 /* bytes, before escaping */
/* UTF-8 without control characters, 1 to POINT_NAME_MAX bytes; else ERR_INVALID, which shows the name. */
int point_check_name(const char *name, size_t len, struct error *err) MUST_CHECK;
#define POINT_STEP_MAX ((uint64_t)INT64_MAX)
struct point {
	int64_t time;
	uint64_t step;
	const char *name; /* not terminated in place: name_len bytes, unescaped */
	size_t name_len;
	double value;
};
void point_write(struct strbuf *out, const struct point *p);
/*
 * The next point of text at *at, which moves behind its line; 1, 0 at the end (or at a line that is cut off), -1: ERR_INTEGRITY names the line's
 * offset.  *name holds the unescaped name, and is used again by the next call.  At least five million lines a second.
 */
int point_next(const char *text, size_t len, size_t *at, struct point *out, struct strbuf *name, struct error *err) MUST_CHECK;

/* What many points come to, by metric, in the order of first appearance. */
struct point_summary {
	char *name;
	uint64_t count, first_step, last_step; /* of the last point */
	double last, min, max;                 /* min, max without nan; nan when there is nothing else */
};
struct point_summaries {
	struct point_summary *v;
	size_t count, cap;
	struct hashmap places; /* name → place in v, from 1 */
};
#define POINT_SUMMARIES_INIT { NULL, 0, 0, HASHMAP_INIT }
#define POINT_SUMMARIES_MAX 65536 /* metrics */
/* Gives that of the point's metric, good until the next call; NULL, and the point does not count, when there are too many metrics. */
struct point_summary *point_summaries_add(struct point_summaries *s, const struct point *p);
const struct point_summary *point_summaries_find(const struct point_summaries *s, const char *name); /* or NULL */
void point_summaries_cleanup(struct point_summaries *s);

/* One metric drawn with few points: of each of `buckets` equal ranges of steps its first, least, greatest and last, in order of steps, so that no peak is lost.
 * points are in the order of logging; what is not finite is left out.  out has room for 4 * buckets. */
struct curve_point {
	uint64_t step;
	double value;
};
size_t points_thin(const struct curve_point *points, size_t count, size_t buckets, struct curve_point *out);

#endif
