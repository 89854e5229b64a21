/* SPDX-License-Identifier: Apache-2.0 */
/* Where changes stand in the journal: found by the index without reading them, put in order, then read. */
#ifndef MREG_STORE_SPOTS_H
#define MREG_STORE_SPOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "format/fold.h"
#include "store/journal.h"
#include "store/view.h"

struct spot {
	uint64_t offset; /* of its line */
	uint32_t i;      /* which change of it, from 0 */
};
/* The text of a line, of which changes are read one by one: a line may have thousands. */
struct spots_text {
	struct strbuf text;
	uint64_t offset;
	size_t at;     /* behind the change before the next */
	uint32_t next; /* which that is */
	bool is_there;
};
#define SPOTS_TEXTS 4
struct spots {
	struct spot *v;
	size_t count, cap;
	struct spots_text texts[SPOTS_TEXTS]; /* read last */
	size_t turn;
};
#define SPOTS_INIT { .v = NULL }
void spots_cleanup(struct spots *s);

/* Adds all changes in a collection's history, without what is withdrawn, up to line `last`. */
int spots_of_collection(struct view *v, const struct cid *cid, uint64_t last, struct spots *out, struct error *err) MUST_CHECK;
/* Likewise all changes of one key. */
int spots_of_key(struct view *v, const char *key, uint64_t last, struct spots *out, struct error *err) MUST_CHECK;
/* Of every key with this prefix, tombstones too. */
int spots_of_prefix(struct view *v, const char *prefix, uint64_t last, struct spots *out, struct error *err) MUST_CHECK;
/* In the order of the journal, each once. */
void spots_sort(struct spots *s);
/* Reads them, which are sorted.  fn as in view_each_change(); it adds none. */
int spots_each(struct view *v, struct spots *s, view_change_fn fn, void *arg, struct error *err) MUST_CHECK;

/* Every key with this prefix that was ever set, in byte order, with its heads; fn as in kv.h. */
typedef int (*spots_key_fn)(const char *key, const struct heads *heads, void *arg, struct error *err);
int spots_each_key(struct view *v, const char *prefix, spots_key_fn fn, void *arg, struct error *err) MUST_CHECK;

/* The seq of the last change of a collection (NULL: of all) that was made here, if it comes after line `seq`; else 0. */
int spots_last_own(struct view *v, const struct cid *cid, uint64_t seq, uint64_t *out, struct error *err) MUST_CHECK;
/* A change that is here and was not withdrawn: 1, 0, -1. */
int spots_has_change(struct view *v, const struct oid *id, struct error *err) MUST_CHECK;
/* The end of line `seq`, which is not beyond the view: 1, 0 when there is none, -1. */
int spots_position(struct view *v, uint64_t seq, struct journal_position *out, struct error *err) MUST_CHECK;

#endif
