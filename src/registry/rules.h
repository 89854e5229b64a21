/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that hold across keys, checked under the lock for each key a transaction changed (DESIGN 2.1). */
#ifndef MREG_REGISTRY_RULES_H
#define MREG_REGISTRY_RULES_H

#include "base/error.h"

struct view;

/* A txn_rule_fn: names and aliases are legal and not the same but for case, what an alias points to is a live version of its collection. */
int rules_check(struct view *v, const char *key, struct error *err) MUST_CHECK;

#endif
