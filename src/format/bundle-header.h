/* SPDX-License-Identifier: Apache-2.0 */
/* The header of a bundle: what was asked for, and what is in it (mreg-bundle(5)).  Pure. */
#ifndef MREG_FORMAT_BUNDLE_HEADER_H
#define MREG_FORMAT_BUNDLE_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "format/stamp.h"

#define BUNDLE_HEADER_MAX (32u << 20)  /* bytes of its text, which is one record */
#define BUNDLE_VALUES_MAX (1u << 19)   /* JSON values in it, about: what is parsed takes memory by their number, not their length */
#define BUNDLE_CHANGES_MAX (4u << 20)  /* of the text of one record of changes */
#define BUNDLE_PIECES_MAX 1024u        /* records of changes */
#define BUNDLE_PROGRAM_MAX 64

struct bundle_scope {
	char *cid, *name; /* 32 hex digits; its name then, or its last one */
	bool is_shallow;  /* only its coll/ and the keys of versions that something else in the bundle links to */
	bool is_whole;    /* the files of all its live versions are in the bundle; else, of one that is not shallow, of those in `versions` */
};
struct bundle_version {
	char *ref; /* "NAME:v3" */
	struct oid version, digest;
	uint64_t size, files;
};

/* {"changes":[…],"count","created","format":1,"host","partial":[CID…],"program","refs":[…],"registry","scope":{CID:NAME…},"seq","shallow":[CID…],"sum",
 * "user","versions":[{"digest","files","ref","size","version"}]} */
struct bundle_header {
	uint8_t registry[REGISTRY_ID_LEN]; /* it was made from */
	uint64_t seq;                      /* the line of its journal up to which all is in it */
	struct oid sum;
	int64_t created;
	char *user, *host, *program;
	struct strvec refs;                /* what was asked for; none: all */
	struct bundle_scope *scope;        /* sorted by cid */
	size_t scope_count, scope_cap;
	struct oid *changes;               /* ids of the records that have the changes, in order */
	size_t changes_count, changes_cap;
	uint64_t count;                    /* of changes */
	struct bundle_version *versions;   /* asked for one by one, in collections that are not whole */
	size_t version_count, version_cap;
};

/* A new one at the end; bundle_header_sort() when all are there. */
struct bundle_scope *bundle_header_add_scope(struct bundle_header *h, const char *cid, const char *name);
void bundle_header_sort(struct bundle_header *h);
/* Its name is the id of a run, which is kept as a collection is. */
bool bundle_header_is_run(const struct bundle_scope *s);
struct bundle_scope *bundle_header_find_scope(const struct bundle_header *h, const char *cid); /* NULL if absent */

/* Appends the canonical text; no newline.  False: it would not be accepted, since it is too large. */
bool bundle_header_write(struct strbuf *out, const struct bundle_header *h) MUST_CHECK;
/* Accepts exactly what bundle_header_write() gives: ERR_INTEGRITY, or ERR_FORMAT when it says that it is of a newer format. */
int bundle_header_parse(const char *text, size_t len, struct bundle_header *out, struct error *err) MUST_CHECK;
void bundle_header_cleanup(struct bundle_header *h); /* of a zeroed one too */

#endif
