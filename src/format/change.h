/* SPDX-License-Identifier: Apache-2.0 */
/* A change: one change of one reference.  Its id is the SHA-256 of its canonical JSON (mreg-journal(5)). */
#ifndef MREG_FORMAT_CHANGE_H
#define MREG_FORMAT_CHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "format/json.h"

#define CHANGE_KEY_MAX 480 /* the index adds a byte, and LMDB's keys are 511 at most */
#define CHANGE_MAX_PARENTS 64
#define CHANGE_WHY_CONTROLS "\n\t" /* control characters that a reason may have; user, host, verb and run have none */

/* {"host","key","parents":[…sorted hex],"run","time","user","value","verb","why"}; run and why are left out when empty. */
struct change {
	struct oid id;          /* set by change_seal() and change_parse() */
	char *key;              /* "alias/CID/best": printable ASCII and UTF-8, no control bytes, no empty component */
	char *value;            /* canonical JSON text; "null" is a tombstone */
	struct oid *parents;    /* sorted, unique */
	size_t parent_count;
	int64_t time;
	char *user, *host, *verb, *why, *run; /* never NULL; why and run may be "" */
};

/* Sorts the parents, writes the canonical text and takes the id. out may be NULL. ERR_INVALID on an illegal key or too many parents. */
int change_seal(struct change *c, struct strbuf *out, struct error *err) MUST_CHECK;
/* From a JSON object of a journal line; ERR_INTEGRITY unless it is a legal change with no unknown member. */
int change_parse(const json_t *obj, struct change *out, struct error *err) MUST_CHECK;
/* The object that change_seal() writes. */
json_t *change_json(const struct change *c);
void change_copy(const struct change *from, struct change *to);
void change_cleanup(struct change *c); /* of a zeroed one too */

#endif
