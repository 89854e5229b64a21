/* SPDX-License-Identifier: Apache-2.0 */
/* The journal file: append-only, hash-chained lines; the truth about references (mreg-journal(5)). */
#ifndef MREG_STORE_JOURNAL_H
#define MREG_STORE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/report.h"
#include "format/journal-line.h"
#include "format/stamp.h"

struct journal {
	int fd;
	bool writable;
	char *path;
	struct oid first_prev; /* what line 1 must name as prev */
};
#define JOURNAL_INIT { -1, false, NULL, { { 0 } } }

/* After a line: where the next one begins, and what it must follow. Zero seq: the start. */
struct journal_position {
	uint64_t offset, seq;
	struct oid sum;
};

/* An absent journal of a registry that has one line or none is empty, not an error; it is made when writable. Tries read-write, falls back to read-only. */
int journal_open(struct journal *j, const char *mreg_dir, const struct stamp *stamp, struct error *err) MUST_CHECK;
void journal_close(struct journal *j);
void journal_start(const struct journal *j, struct journal_position *out);
int journal_size(const struct journal *j, uint64_t *size, struct error *err) MUST_CHECK;
/* ERR_INTEGRITY unless a line with this sum ends at this offset: whoever remembered the position is ahead of the journal, or of another one. */
int journal_check(const struct journal *j, const struct journal_position *at, struct error *err) MUST_CHECK;

enum journal_tail { JOURNAL_CLEAN, JOURNAL_TORN };
/*
 * Reads whole transactions from `from` on (a group of `more` lines is handed out only when its last line is there), in bounded memory for
 * any journal length. fn gets each line with the offset it begins at; non-zero from fn stops and is returned as -1 (fn has set err).
 * `from` is checked as by journal_check().
 * *end: after the last whole transaction. *tail: JOURNAL_TORN when bytes follow it that are no valid line, or an unfinished group, with no valid
 * line after them; any other bad line is ERR_INTEGRITY naming seq and offset, and everything before it was handed out.
 */
typedef int (*journal_line_fn)(struct journal_line *line, uint64_t offset, void *arg, struct error *err);
int journal_read(const struct journal *j, const struct journal_position *from, journal_line_fn fn, void *arg, struct journal_position *end,
		 enum journal_tail *tail, struct error *err) MUST_CHECK;
/* One line at a known offset (ERR_INTEGRITY if there is none). */
int journal_read_at(const struct journal *j, uint64_t offset, struct journal_line *out, struct error *err) MUST_CHECK;
/* The text of that line, appended with its newline; nothing of it is checked. */
int journal_read_text(const struct journal *j, uint64_t offset, struct strbuf *text, struct error *err) MUST_CHECK;
/* Where the line that begins at an offset ends, and the sum that it says it has; nothing of it is checked. */
int journal_skip(const struct journal *j, uint64_t offset, uint64_t *end, struct oid *sum, struct error *err) MUST_CHECK;

/* Caller holds LOCK_JOURNAL.  Moves bytes from `at` on to journal.torn-SEQ (SEQ: the number the first torn line would have had), durably, then truncates. */
int journal_cut_torn(struct journal *j, const struct journal_position *at, struct report *report, struct error *err) MUST_CHECK;
/*
 * Caller holds LOCK_JOURNAL and `at` is the end.  Writes text (whole lines) and fdatasyncs.  If either fails the file is cut back to its old
 * length first and the error returned; a failed sync is never retried into success.  Crash points journal-half-line, -before-sync, -after-sync.
 */
int journal_append(struct journal *j, const struct journal_position *at, const void *text, size_t len, struct error *err) MUST_CHECK;
int journal_sync(struct journal *j, struct error *err) MUST_CHECK;

#endif
