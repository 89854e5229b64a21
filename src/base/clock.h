/* SPDX-License-Identifier: Apache-2.0 */
/* Wall-clock time as nanoseconds since 1970 UTC; fixed by MREG_NOW in tests. */
#ifndef MREG_BASE_CLOCK_H
#define MREG_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"

#define NS_PER_S INT64_C(1000000000)

/* Fixes what clock_now() says (main does it from MREG_NOW, "@SECONDS" or RFC 3339); INT64_MIN unfixes. */
void clock_fix(int64_t ns);
int64_t clock_now(void);       /* what is recorded in changes */
int64_t clock_real(void);      /* never fixed: for the stat cache */
int64_t clock_monotonic(void); /* for time-outs and progress */

/* "2026-11-21T03:33:12Z", or with fraction digits down to the microsecond when there are any: what stands in journal and JSON. */
void clock_format_utc(struct strbuf *out, int64_t ns);
/* Exactly what clock_format_utc() writes; false otherwise. */
bool clock_parse_utc(const char *text, int64_t *ns);
/* "2026-11-21 03:33" in the local zone: for people. */
void clock_format_local(struct strbuf *out, int64_t ns);
/* The same with seconds: "2026-11-21 03:33:12". */
void clock_format_moment(struct strbuf *out, int64_t ns);
/* "3m ago", "2d ago", "just now" relative to clock_now(). */
void clock_format_age(struct strbuf *out, int64_t ns);
/* What a user types: RFC 3339, YYYY-MM-DD, @SECONDS, or a duration ago ("2d"); local zone unless given. */
bool clock_parse_user(const char *text, int64_t *ns);

#endif
