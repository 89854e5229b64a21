/* SPDX-License-Identifier: Apache-2.0 */
/* An error is a value: set once where it happens, wrapped upward, printed once by main. */
#ifndef MREG_BASE_ERROR_H
#define MREG_BASE_ERROR_H

#include "base/cleanup.h"

/* Each code has one JSON name and one exit status; the table is in error.c and in mreg(1). */
enum error_code {
	ERR_NONE = 0,
	ERR_NO,             /* "no", 1: the answer is no; nothing failed */
	ERR_USAGE,          /* "usage", 2: bad option or operand */
	ERR_INVALID,        /* "invalid", 2: a value that is not legal (name, number, metadata) */
	ERR_NO_COLLECTION,  /* "no-collection", 3: no such artifact or model */
	ERR_NO_PATH,        /* "no-path", 3: no such path in a version */
	ERR_NO_REFERENCE,   /* "no-reference", 4: the collection is there, that alias or version is not */
	ERR_CONFLICT,       /* "conflict", 5: exists already, wrong type, lost a compare-and-set */
	ERR_POLICY,         /* "policy", 6: refused: protected, would overwrite foreign files */
	ERR_INTEGRITY,      /* "integrity", 7: damaged or missing bytes */
	ERR_REMOTE,         /* "remote", 8: the other side or the way to it */
	ERR_LOCK_TIMEOUT,   /* "lock-timeout", 9 */
	ERR_NO_REGISTRY,    /* "no-registry", 10: no registry here */
	ERR_FORMAT,         /* "newer-format", 10: a registry this mreg is too old for */
	ERR_LOCAL,          /* "local", 10: a local file is missing, unreadable, of a wrong kind */
	ERR_DISK_FULL,      /* "disk-full", 10 */
	ERR_READ_ONLY,      /* "read-only", 10 */
	ERR_NO_MEMORY,      /* "no-memory", 10 */
	ERR_INTERRUPTED,    /* "interrupted", 128 + signal */
	ERR_QUIET,          /* no message: the reader of stdout went away (EPIPE); 128 + 13 */
	ERR_CODE_COUNT
};

/*
 * Plain value, no heap.  text: lower case, no full stop, subject in single quotes, outermost action first:
 *	cannot put 'm': cannot read 'w.bin': Permission denied
 * hint: what to do about it, a whole sentence or "", printed on a line of its own.
 */
struct error {
	enum error_code code;
	char text[768];
	char hint[384];
};

#define ERROR_INIT { ERR_NONE, "", "" }

/* All three return -1, so that a failing function can say: return error_set(err, …). */
int error_set(struct error *err, enum error_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Text from errno (its value at the call): ENOSPC/EDQUOT, EROFS, ENOMEM choose their own codes, all else `ERR_LOCAL`.  Appends ": strerror". */
int error_set_errno(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Puts "outer: " before the text; code and hint stay.  Text that no longer fits is cut at the end with "...". */
int error_wrap(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Sets the hint (replacing one); returns -1. */
int error_hint(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
void error_clear(struct error *err);

const char *error_code_name(enum error_code code);
/* The exit status of a code, 0–10; ERR_INTERRUPTED gives 128 + interrupt_signal(), ERR_QUIET 141. */
int error_status(enum error_code code);

/* A bug in mreg itself: says where on stderr, then aborts. */
#define BUG(...) error_bug(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void error_bug(const char *file, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
