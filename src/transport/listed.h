/* SPDX-License-Identifier: Apache-2.0 */
/* What the other side lists of itself. */
#ifndef MREG_TRANSPORT_LISTED_H
#define MREG_TRANSPORT_LISTED_H

#include "base/error.h"
#include "base/hashmap.h"
#include "format/message.h"
#include "transport/connection.h"

struct listed {
	struct scope scope;
	struct changes changes; /* each after its parents, all of keys that travel and with values that fit them */
	struct end end;
	struct hashmap places; /* id of a collection → its place in scope, counted from 1 */
};
#define LISTED_INIT { { NULL, 0, 0 }, CHANGES_INIT, { .seq = 0 }, HASHMAP_INIT }
void listed_cleanup(struct listed *l);

/* Asks, and reads the whole answer.  ERR_REMOTE when a change is of a collection that is not in the scope, or no change at all. */
int listed_ask(struct connection *c, const struct list_request *request, struct listed *out, struct error *err) MUST_CHECK;
/* Reads CHANGES frames up to their END, whose count must be right.  Every change is checked by receive_check_change().  ERR_POLICY when their texts have
 * more than max bytes. */
int listed_read_changes(struct connection *c, uint64_t max, struct changes *out, struct end *end, struct error *err) MUST_CHECK;
/* Whether the collection with this id is listed, and whether only in part. */
const struct scope_item *listed_collection(const struct listed *l, const char *cid);
/* The collection that stands in a key, into 33 bytes; false when it is of a version, or of none. */
bool listed_cid_of_key(const char *key, char cid[33]);

#endif
