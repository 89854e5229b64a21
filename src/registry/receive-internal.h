/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of receiving share. */
#ifndef MREG_REGISTRY_RECEIVE_INTERNAL_H
#define MREG_REGISTRY_RECEIVE_INTERNAL_H

#include "base/hashmap.h"
#include "format/change-map.h"
#include "registry/receive.h"

/* Heads of the keys that are touched, seen from within the transaction. */
struct divergence {
	struct txn *txn;
	const struct receive *receive;
	struct hashmap seen;        /* keys */
	struct change_map incoming; /* what comes and what was planned, put in order when it is first needed */
	bool has_incoming;
	struct strvec *out;
};
#define DIVERGENCE_INIT(txn, receive, out) { txn, receive, HASHMAP_INIT, CHANGE_MAP_INIT, false, out }
void divergence_cleanup(struct divergence *d);
/* Adds each key of what was queued whose heads differ, or that would let a version be forgotten; sorted. */
int receive_find_diverged(struct divergence *d, struct error *err) MUST_CHECK;
/* Adds what each of these keys is here and there: "'digits:best' is v1 here, v0 there". */
int receive_tell_differences(struct txn *txn, const struct strvec *keys, struct strvec *out, struct error *err) MUST_CHECK;

#endif
