/* SPDX-License-Identifier: Apache-2.0 */
/* What a reference means at this moment, asked again and again by who waits for it to become something else. */
#ifndef MREG_REGISTRY_WATCH_H
#define MREG_REGISTRY_WATCH_H

#include <stdbool.h>

#include "base/error.h"
#include "registry/resolve.h"

struct registry;

struct watch_state {
	bool is_there;
	struct resolved version; /* when it is there */
};
#define WATCH_STATE_INIT { false, RESOLVED_INIT }
void watch_state_cleanup(struct watch_state *w);

/*
 * Looks once: all that was committed before the call is seen, also what somebody commits just now.  *out is replaced.  A collection, alias or version that is
 * not there is no failure: *why (ERR_NO_COLLECTION, ERR_NO_REFERENCE) says it.  Ends the snapshot.
 */
int watch_look(struct registry *reg, const char *ref, struct watch_state *out, struct error *why, struct error *err) MUST_CHECK;
/* Whether `now` is there and is another version than `before`, or there was none before.  What it is called counts for nothing. */
bool watch_has_moved(const struct watch_state *before, const struct watch_state *now);

#endif
