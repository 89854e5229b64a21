/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the nearest of some words. */
#ifndef MREG_BASE_SUGGEST_H
#define MREG_BASE_SUGGEST_H

#include <stddef.h>

/* Index of the word nearest to text (edit distance with transpositions, at most a third of its length but at least 1), or -1. */
long suggest_nearest(const char *text, const char *const *words, size_t count);

#endif
