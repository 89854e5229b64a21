/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the nearest of some words. */
#include <config.h>

#include "base/suggest.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define TEXT_MAX 256 /* no name or option is longer */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* One row of the table of distances between all prefixes; rows[0] is made from the two above it. */
static void fill_row(size_t *const rows[3], const char *a, size_t i, const char *b, size_t b_len)
{
	size_t *row = rows[0], *above = rows[1];

	row[0] = i;
	for (size_t j = 1; j <= b_len; j++) {
		row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
		if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
			row[j] = least(row[j], rows[2][j - 2] + 1);
	}
}

/* Single characters put in, left out, changed, or swapped with the next. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t table[3][TEXT_MAX + 1] = { { 0 } };
	size_t *rows[3] = { table[0], table[1], table[2] };
	size_t *oldest;

	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		oldest = rows[2];
		rows[2] = rows[1];
		rows[1] = rows[0];
		rows[0] = oldest;
		fill_row(rows, a, i, b, b_len);
	}
	return rows[0][b_len];
}

long suggest_nearest(const char *text, const char *const *words, size_t count)
{
	size_t len = strlen(text), limit = len < 6 ? 1 : len / 3, word_len, d;
	long nearest = -1;

	if (!len || len > TEXT_MAX)
		return -1;
	for (size_t i = 0; i < count; i++) {
		word_len = strlen(words[i]);
		if (word_len > TEXT_MAX || word_len > len + limit || len > word_len + limit)
			continue;
		d = distance(text, len, words[i], word_len);
		if (d > limit || (nearest >= 0 && d == limit))
			continue;
		limit = d;
		nearest = (long)i;
	}
	return nearest;
}
