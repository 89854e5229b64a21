/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that hold across keys, checked under the lock for each key a transaction changed (DESIGN 2.1). */
#ifndef MREG_REGISTRY_RULES_H
#define MREG_REGISTRY_RULES_H

#include "base/error.h"

struct view;

/* A txn_rule_fn: names and aliases are legal and not the same but for case; titles are legal, and no other's title or name; the kind and type of a collection stay; what an alias or a link
 * points to is live; a version is in artifacts once, and in a model once, of the model's type; versions are in artifacts or runs, links
 * in models; a run's id is no other's, and it has a record, and neither aliases nor a title. */
int rules_check(struct view *v, const char *key, const char *before, struct error *err) MUST_CHECK;

#endif
