/* SPDX-License-Identifier: Apache-2.0 */
/* Strict numbers, sizes and durations from text, and sizes and ages to text. */
#ifndef MREG_BASE_NUMBER_H
#define MREG_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

/* Whole text, decimal, no sign, no blanks, no leading zero (but "0"). */
bool number_parse_u64(const char *text, size_t len, uint64_t *out);
/* "90s" "15m" "12h" "30d" "8w", or plain "0"; seconds. */
bool duration_parse(const char *text, uint64_t *seconds);
/* "30d": in the largest unit that is exact; what duration_parse() reads. */
void duration_format(struct strbuf *out, uint64_t seconds);
/* "0.35s", "12s", "3m 20s", "2h 05m", "1d 03h": for people. */
void duration_format_brief(struct strbuf *out, double seconds);
/* "20G", "512MiB", "1000": bytes, the letters K, M, G, T meaning powers of 1024, with or without iB or B behind them. */
bool size_parse(const char *text, uint64_t *bytes);
/* "1.5 KiB", "257 MiB": at most 4 significant digits; for people. */
void size_format(struct strbuf *out, uint64_t bytes);

/* The fewest digits (1 to 17, correctly rounded) that read back as the same double, as json_canonical() writes them: "0.31", "3.0", "1e-07"; "nan", "inf", "-inf". */
void real_format(struct strbuf *out, double value);
/* What real_format() writes, and any other decimal number of at most REAL_TEXT_MAX bytes: no blanks, no '+' before it, a digit on both sides of a point, within the
 * range of a double. */
#define REAL_TEXT_MAX 64
bool real_parse(const char *text, size_t len, double *out);

bool u64_add_overflows(uint64_t a, uint64_t b, uint64_t *sum);
bool u64_mul_overflows(uint64_t a, uint64_t b, uint64_t *product);

#endif
