/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of ours held against the far side's heads: which are ahead, and by which changes. */
#ifndef MREG_TRANSPORT_COMPARED_H
#define MREG_TRANSPORT_COMPARED_H

#include <stdbool.h>

#include "base/error.h"
#include "base/hashmap.h"
#include "base/strvec.h"
#include "format/message.h"
#include "registry/ref-change.h"
#include "store/view.h"
#include "transport/connection.h"

struct compared {
	struct hashmap seen;         /* keys */
	struct strvec keys;
	struct key_heads_list ahead; /* as the far side has them, where ours go on from there or stand beside */
	struct strvec diverged;      /* keys */
	struct hashmap surplus;      /* ids of changes of ours that it lacks */
};
#define COMPARED_INIT { .keys = STRVEC_INIT, .diverged = STRVEC_INIT }
void compared_cleanup(struct compared *c);

/* A key that may differ; once is enough. */
void compared_add_key(struct compared *c, const char *key);
/* Asks for the heads of all of them, in as many questions as it takes.  ERR_REMOTE. */
int compared_ask(struct compared *c, struct connection *connection, struct view *v, struct error *err) MUST_CHECK;
/* Whether the far side has this change of ours: 1, 0, -1. */
int compared_ask_change(struct connection *connection, struct view *v, const struct oid *id, struct error *err) MUST_CHECK;
bool compared_is_surplus(const struct compared *c, const struct oid *id);
/* What becomes of which reference there. */
int compared_describe(const struct compared *c, struct view *v, struct ref_changes *out, struct error *err) MUST_CHECK;

#endif
