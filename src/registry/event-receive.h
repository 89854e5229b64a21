/* SPDX-License-Identifier: Apache-2.0 */
/* What hooks are told of a push or a pull as a whole (mreg-hooks(5)). */
#ifndef MREG_REGISTRY_EVENT_RECEIVE_H
#define MREG_REGISTRY_EVENT_RECEIVE_H

#include "base/error.h"
#include "format/json.h"
#include "registry/commit.h"
#include "registry/event.h"

/* Who has handed it in, and the list of ref-change.h; "hook" and "time" are null.  Caller drops it. */
json_t *event_receive_make(struct txn *txn, struct registry *reg, const struct commit *commit, struct error *err) MUST_CHECK;
/* As if this version ("NAME:vN") alone had come, from nobody. */
json_t *event_receive_of(struct registry *reg, const char *ref);

#endif
