/* SPDX-License-Identifier: Apache-2.0 */
/* What a transaction does, as the hooks are told: one JSON object for each thing done (mreg-hooks(5)). */
#ifndef MREG_REGISTRY_EVENT_H
#define MREG_REGISTRY_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "format/json.h"
#include "registry/commit.h"
#include "registry/resolve.h"

enum event_kind { EVENT_PUT, EVENT_ALIAS, EVENT_LINK, EVENT_PROMOTE, EVENT_RECEIVE, EVENT_KIND_COUNT };
/* "put", "alias", "link", "promote", "receive". */
const char *event_kind_name(enum event_kind kind);

struct events {
	json_t *list; /* array; equal lists say the same of two transactions.  "hook" and "time" in it are null */
	int64_t time; /* of the transaction */
};
#define EVENTS_INIT { NULL, 0 }
void events_cleanup(struct events *events);

/*
 * The events of those kinds (a bit each, 1 << kind) that the changes in the transaction amount to, in their order: a version that is new, an alias that is set, moved or
 * removed, a link that is made or taken out; and a promotion for an alias that is one of the stages, whatever verb moves it.  Before them, if somebody has handed in
 * what it changes, one about all of that.  Reads objects.
 */
int event_collect(struct txn *txn, struct registry *reg, const struct commit *commit, unsigned kinds, const struct strvec *stages, struct events *out,
		  struct error *err) MUST_CHECK;
/* The event that would have led to what a reference is now: put, link and receipt of a version, alias and promotion of NAME:ALIAS (else ERR_USAGE).  Caller drops it. */
json_t *event_of(struct registry *reg, enum event_kind kind, const char *reference, struct error *err) MUST_CHECK;
/* A copy of an event that is complete: for this hook, of this time. */
json_t *event_for(const json_t *event, const char *hook, int64_t time);

/* Whether key is "WHAT/CID" or "WHAT/CID/REST"; *rest is "" in the first case. */
bool event_key_is(const char *key, const char *what, struct cid *cid, const char **rest);
/* The collection as the transaction leaves it, or as it was when it goes away. */
int event_collection(struct txn *txn, const struct cid *cid, struct collection *out, struct error *err) MUST_CHECK;

#endif
