/* SPDX-License-Identifier: Apache-2.0 */
/* The search language: text → syntax tree → whether a thing matches (mreg-query(7)); a callback says what the thing has. */
#ifndef MREG_FORMAT_QUERY_H
#define MREG_FORMAT_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define QUERY_MAX_BYTES 65536 /* of its text */
#define QUERY_MAX_DEPTH 64    /* of ( and not inside one another */

enum query_field_id {
	QUERY_ID,
	QUERY_NAME,
	QUERY_TITLE,
	QUERY_TYPE,
	QUERY_KIND,
	QUERY_TAG,
	QUERY_ALIAS,
	QUERY_STAGE,
	QUERY_MODEL,
	QUERY_NOTE,
	QUERY_CREATED,
	QUERY_SIZE,
	QUERY_USER,
	QUERY_HOST,
	QUERY_DIGEST,
	QUERY_PATH,
	QUERY_METADATA,
	QUERY_METRICS,
	QUERY_INPUTS,
	QUERY_OUTPUTS,
	QUERY_RUN,
	QUERY_CONSUMED_BY,
	QUERY_FIELD_COUNT
};
struct query_field {
	enum query_field_id id;
	char *key; /* of metadata, metrics, run and consumed_by: what stands behind the first dot; else "" */
};

enum query_op { QUERY_EQ, QUERY_NE, QUERY_LT, QUERY_LE, QUERY_GT, QUERY_GE, QUERY_GLOB, QUERY_IN, QUERY_EXISTS };

struct query;
/* No text, or blanks alone: what everything matches.  ERR_INVALID says the column and what was expected there; its hint shows the place. */
struct query *query_parse(const char *text, size_t len, struct error *err) MUST_CHECK;
/* A query for runs: what run.KEY asks can be asked by KEY alone, where no other field has that name ("config.lr", "state"). */
struct query *query_parse_runs(const char *text, size_t len, struct error *err) MUST_CHECK;
void query_free(struct query *q);
void query_cleanup(struct query **q);
/* Whether it asks for a field at all: what is dear to have ready can be left out. */
bool query_asks(const struct query *q, enum query_field_id id);
/* The same for a key of one that has keys: "config" is asked for by run.config.lr, too. */
bool query_asks_key(const struct query *q, enum query_field_id id, const char *key);

/*
 * One question.  Each value that the field has is offered, in the type it has: times as nanoseconds since 1970, durations as nanoseconds, size as bytes,
 * metrics as numbers, a truth as "true" or "false".  true: that decides it, no other value need be offered.  A field without a value is
 * offered nothing.
 */
struct query_probe;
bool query_offer_text(struct query_probe *p, const char *text, size_t len);
bool query_offer_integer(struct query_probe *p, int64_t value);
bool query_offer_real(struct query_probe *p, double value);
bool query_offer_present(struct query_probe *p); /* it is there, and has no value that could be compared: an object */
/* What the same field (by its address) has answered before for the same values. */
bool query_offer_known(struct query_probe *p, bool is_hit);
bool query_is_hit(const struct query_probe *p);
/* op: as it was written (of "a != b" QUERY_NE, though what is offered is compared by =). -1 fails. */
typedef int (*query_fetch_fn)(const struct query_field *field, enum query_op op, struct query_probe *p, void *arg, struct error *err);

/* Asks from left to right, but for paths last, and no more than is needed. */
int query_match(const struct query *q, query_fetch_fn fetch, void *arg, bool *matches, struct error *err) MUST_CHECK;

#endif
