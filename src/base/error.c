/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as values, and the one table of codes, their JSON names and exit statuses. */
#include <config.h>

#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/interrupt.h"

/* The statuses are the table of mreg(1). */
static const struct {
	const char *name;
	int status;
} codes[ERR_CODE_COUNT] = {
	[ERR_NONE] = { "none", 0 },
	[ERR_NO] = { "no", 1 },
	[ERR_USAGE] = { "usage", 2 },
	[ERR_INVALID] = { "invalid", 2 },
	[ERR_NO_COLLECTION] = { "no-collection", 3 },
	[ERR_NO_PATH] = { "no-path", 3 },
	[ERR_NO_REFERENCE] = { "no-reference", 4 },
	[ERR_CONFLICT] = { "conflict", 5 },
	[ERR_POLICY] = { "policy", 6 },
	[ERR_INTEGRITY] = { "integrity", 7 },
	[ERR_REMOTE] = { "remote", 8 },
	[ERR_LOCK_TIMEOUT] = { "lock-timeout", 9 },
	[ERR_NO_REGISTRY] = { "no-registry", 10 },
	[ERR_FORMAT] = { "newer-format", 10 },
	[ERR_LOCAL] = { "local", 10 },
	[ERR_DISK_FULL] = { "disk-full", 10 },
	[ERR_READ_ONLY] = { "read-only", 10 },
	[ERR_NO_MEMORY] = { "no-memory", 10 },
	[ERR_INTERRUPTED] = { "interrupted", 128 },
	[ERR_QUIET] = { "quiet", 128 + 13 },
};

/* Marks text that did not fit; never leaves half a UTF-8 sequence before the dots. */
static void mark_cut(char *text, size_t size)
{
	size_t at = size - sizeof "...";

	while (at && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	memcpy(text + at, "...", sizeof "...");
}

/* The arguments may point into the error itself, so the text is made aside. */
static void PRINTF_LIKE(3, 0) format_text(char *to, size_t size, const char *fmt, va_list ap, const char *after, const char *more)
{
	char text[2 * sizeof((struct error *)0)->text];
	int n = vsnprintf(text, sizeof text, fmt, ap);
	size_t len = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;

	text[len] = '\0';
	n = snprintf(text + len, sizeof text - len, "%s%s", after, more);
	if (n > 0)
		len += (size_t)n;
	memcpy(to, text, size);
	to[size - 1] = '\0';
	if (len >= size)
		mark_cut(to, size);
}

int error_set(struct error *err, enum error_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	format_text(err->text, sizeof err->text, fmt, ap, "", "");
	va_end(ap);
	err->code = code;
	err->hint[0] = '\0';
	return -1;
}

static enum error_code code_of_errno(int number)
{
	switch (number) {
	case ENOSPC:
	case EDQUOT:
		return ERR_DISK_FULL;
	case EROFS:
		return ERR_READ_ONLY;
	case ENOMEM:
		return ERR_NO_MEMORY;
	default:
		return ERR_LOCAL;
	}
}

int error_set_errno(struct error *err, const char *fmt, ...)
{
	int number = errno;
	va_list ap;

	va_start(ap, fmt);
	format_text(err->text, sizeof err->text, fmt, ap, ": ", strerror(number));
	va_end(ap);
	err->code = code_of_errno(number);
	err->hint[0] = '\0';
	errno = number;
	return -1;
}

int error_wrap(struct error *err, const char *fmt, ...)
{
	char inner[sizeof err->text];
	va_list ap;

	if (err->code == ERR_NONE)
		BUG("a failure without an error reached '%s'", fmt);
	memcpy(inner, err->text, sizeof inner);
	va_start(ap, fmt);
	format_text(err->text, sizeof err->text, fmt, ap, ": ", inner);
	va_end(ap);
	return -1;
}

int error_hint(struct error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	format_text(err->hint, sizeof err->hint, fmt, ap, "", "");
	va_end(ap);
	return -1;
}

void error_clear(struct error *err)
{
	err->code = ERR_NONE;
	err->text[0] = err->hint[0] = '\0';
}

const char *error_code_name(enum error_code code)
{
	return codes[code].name;
}

int error_status(enum error_code code)
{
	return code == ERR_INTERRUPTED ? 128 + interrupt_signal() : codes[code].status;
}

_Noreturn void error_bug(const char *file, int line, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n = snprintf(text, sizeof text, "mreg: bug at %s:%d: ", file, line);
	size_t len = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
	ssize_t ignored;

	va_start(ap, fmt);
	n = vsnprintf(text + len, sizeof text - len, fmt, ap);
	va_end(ap);
	if (n > 0)
		len = (size_t)n < sizeof text - len ? len + (size_t)n : sizeof text - 1;
	text[len] = '\n';
	ignored = write(STDERR_FILENO, text, len + 1);
	(void)ignored;
	abort();
}
