/* SPDX-License-Identifier: Apache-2.0 */
/* Test Anything Protocol for the unit tests: a header and nothing to link. */
#ifndef MREG_T_UNIT_TAP_H
#define MREG_T_UNIT_TAP_H

#include <ftw.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 *	int main(void)
 *	{
 *		is_str(name, "m", "a name keeps its case");
 *		return tap_done();
 *	}
 */
static int tap_count, tap_failed;
static char tap_dir_path[4096];

/* The name is what a user of the module would say; it is formatted as by printf.  Returns whether it passed. */
__attribute__((format(printf, 2, 3))) static inline bool ok(bool passed, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", passed ? "" : "not ", ++tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	tap_failed += !passed;
	return passed;
}

/* Either may be NULL. */
static inline bool is_str(const char *got, const char *want, const char *name)
{
	bool same = got && want ? !strcmp(got, want) : got == want;

	ok(same, "%s", name);
	if (!same)
		printf("#  got: %s\n# want: %s\n", got ? got : "(null)", want ? want : "(null)");
	return same;
}

static inline bool is_int(intmax_t got, intmax_t want, const char *name)
{
	ok(got == want, "%s", name);
	if (got != want)
		printf("#  got: %jd\n# want: %jd\n", got, want);
	return got == want;
}

/* Stops the test program when what all else stands on is missing. */
static inline void need(bool cond, const char *what)
{
	if (cond)
		return;
	printf("Bail out! %s\n", what);
	exit(99);
}

/* An empty directory of this test program; tap_done() removes it. */
static inline const char *tap_dir(void)
{
	const char *base = getenv("TMPDIR");

	if (!tap_dir_path[0]) {
		snprintf(tap_dir_path, sizeof tap_dir_path, "%s/mreg-unit-XXXXXX", base && *base ? base : "/tmp");
		need(mkdtemp(tap_dir_path) != NULL, "cannot make a temporary directory");
	}
	return tap_dir_path;
}

static inline int tap_remove(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

/* return tap_done(); at the end of main. */
static inline int tap_done(void)
{
	if (tap_dir_path[0])
		nftw(tap_dir_path, tap_remove, 16, FTW_DEPTH | FTW_PHYS);
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

#endif
