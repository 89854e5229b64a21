/* SPDX-License-Identifier: Apache-2.0 */
/* Every change of every reference, as a person would tell it. */
#ifndef MREG_REGISTRY_HISTORY_H
#define MREG_REGISTRY_HISTORY_H

#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "registry/collection.h"

struct history_row {
	int64_t time;
	uint64_t seq;
	struct oid change;
	struct strbuf user, host, by, verb, why, run;
	struct strbuf kind;          /* "collection", "version", "alias", "note", "meta", "run", "run start", "run end" or the first part of a key not known here */
	struct strbuf ref;           /* "m", "m:v3", "m:best", "m:v3 lr", "r-…"… what the change is of */
	struct strbuf before, after; /* "v1", "artifact", a digest's first 12 digits, text; "" where there was or is nothing */
};
#define HISTORY_ROW_INIT                                                                                                                       \
	{                                                                                                                                      \
		0, 0, { { 0 } }, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT \
	}
void history_row_cleanup(struct history_row *row);

/* fn: 1 stops, -1 fails; the row is history's.  of: a collection or a run; NULL: of the whole registry.  newest_first: else in order of the journal. */
typedef int (*history_fn)(const struct history_row *row, void *arg, struct error *err);
int history_each(struct view *v, const struct cid *of, bool newest_first, history_fn fn, void *arg, struct error *err) MUST_CHECK;

#endif
