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
/* "30d": in the largest unit that is exact; what duration_parse() reads. */
void duration_format(struct strbuf *out, uint64_t seconds);
/* "20G", "512MiB", "1000": bytes, the letters K, M, G, T meaning powers of 1024, with or without iB or B behind them. */
bool size_parse(const char *text, uint64_t *bytes);
bool duration_parse(const char *text, uint64_t *seconds);
/* "1.5 KiB", "257 MiB": at most 4 significant digits; for people. */
void size_format(struct strbuf *out, uint64_t bytes);

bool u64_add_overflows(uint64_t a, uint64_t b, uint64_t *sum);
bool u64_mul_overflows(uint64_t a, uint64_t b, uint64_t *product);

#endif
