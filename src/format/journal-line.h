/* SPDX-License-Identifier: Apache-2.0 */
/* One line of the journal: a transaction, or a part of one marked `more` (mreg-journal(5)). */
#ifndef MREG_FORMAT_JOURNAL_LINE_H
#define MREG_FORMAT_JOURNAL_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "format/change.h"

#define JOURNAL_LINE_MAX (1u << 20) /* with its newline */

/*
 * Text: canonical JSON {"by","changes","more","offered","prev","seq","time","withdrawn"} whose closing brace is replaced by
 * ,"sum":"HEX64"} and LF, where HEX64 is the SHA-256 of that canonical JSON as it was with its brace.
 */
/* All changes of a collection up to a line were handed out to another registry. */
#define JOURNAL_CID_LEN 32
struct journal_offer {
	char collection[JOURNAL_CID_LEN + 1]; /* its id in hex; "": of every collection */
	uint64_t through;                     /* seq of the line */
};

struct journal_line {
	uint64_t seq;             /* 1, 2, … */
	struct oid prev;          /* sum of the line before; of line 1: SHA-256 of the registry id's 32 hex digits */
	struct oid sum;           /* set by write and parse */
	int64_t time;
	char *by;                 /* authenticated user, "" for local work */
	struct change *changes;
	size_t change_count, change_cap;
	struct oid *withdrawn; /* ids of changes */
	struct journal_offer *offered;
	size_t withdrawn_count, offered_count;
	bool more;                /* the next line belongs to the same transaction */
};

/* Appends the line with its newline. ERR_INVALID when it is over JOURNAL_LINE_MAX (the caller splits). Changes must be sealed. */
int journal_line_write(struct strbuf *out, struct journal_line *line, struct error *err) MUST_CHECK;
/* text without or with its newline.  ERR_INTEGRITY: sum, shape, sizes, any change.  Chaining (seq, prev) is the caller's. */
int journal_line_parse(const char *text, size_t len, struct journal_line *out, struct error *err) MUST_CHECK;
void journal_line_cleanup(struct journal_line *line); /* of a zeroed one too */

/*
 * One change after the other out of the text of a line, without reading the rest of it: *at is 0 for the first, and moves behind the change that *change
 * (borrowed from text) is.  Its bytes are not looked at but for where they end.  False: there is no more, or this is no line.
 */
bool journal_line_next_change(const char *text, size_t len, size_t *at, struct span *change);

#endif
