/* SPDX-License-Identifier: Apache-2.0 */
/* What was seen of another registry, as it is kept in .mreg/remotes/ (mreg-registry(5)).  Pure. */
#ifndef MREG_FORMAT_REMOTE_STATE_H
#define MREG_FORMAT_REMOTE_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/strvec.h"

#define REMOTE_STATE_MAX (300u << 20)   /* bytes of a file: CHANGES_MAX_COUNT ids are pending */
#define REMOTE_STATE_CURSORS_MAX 64     /* the one that was made first gives way */

struct remote_cursor {
	struct strvec patterns; /* sorted; none: all */
	uint64_t seq;           /* all of the far journal up to here that these patterns select is here */
	struct oid sum;
	uint64_t sent;          /* all of our journal up to this line that these patterns select is there */
	struct oid sent_sum;    /* of that line */
	struct oid sent_change; /* the newest of these changes: a far side that does not know it was put back from a copy; zero: not known */
};
struct remote_state {
	struct oid url;         /* SHA-256 of its URL: that the state is of this one and no other */
	char *registry;         /* id, 32 hex digits; NULL: not known */
	int64_t seen;           /* when it was last asked */
	uint64_t far_seq;       /* its journal then */
	struct remote_cursor *cursors;
	size_t count, cap;
	struct strvec pending;  /* ids of changes (hex) that were sent with an outcome that is not known: they count as offered */
};
#define REMOTE_STATE_INIT { .registry = NULL, .pending = STRVEC_INIT }
void remote_state_cleanup(struct remote_state *s);

/* Appends one sealed line; the time to the microsecond.  A cursor whose patterns are not UTF-8 is left out. */
void remote_state_to_text(struct strbuf *out, const struct remote_state *s);
/* The whole text of a file into out, which is empty before, and after a failure: ERR_INTEGRITY. */
int remote_state_parse(const char *text, size_t len, struct remote_state *out, struct error *err) MUST_CHECK;

/* The cursor of exactly these patterns (in any order), made (zero) when there is none; good until the next call. */
struct remote_cursor *remote_state_cursor(struct remote_state *s, const struct strvec *patterns);
/* The same, NULL when there is none. */
const struct remote_cursor *remote_state_find(const struct remote_state *s, const struct strvec *patterns);

#endif
