/* SPDX-License-Identifier: Apache-2.0 */
/* A change of a key in a user's words: which reference, what became of it. */
#ifndef MREG_REGISTRY_REF_CHANGE_H
#define MREG_REGISTRY_REF_CHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "store/txn.h"

struct ref_change {
	char *ref;      /* "digits:v5", "digits:best", "digits" */
	const char *kind; /* "version", "link", "alias", "collection", "tag", "note", "metadata", "metric", "title", "ttl", "protection", "from"; of a run also "run", "input", "output" */
	const char *what; /* "new", "moved", "removed", "restored", "changed" */
	char *from, *to; /* short: "v3", "v5", a tag, a value cut to 60 bytes; "" when there is none */
};
struct ref_changes {
	struct ref_change *v;
	size_t count, cap;
};
void ref_changes_cleanup(struct ref_changes *list);
/* Sorts them by reference; of all that is said of one run a single row of kind "run" is left: it is new, removed, restored, or else changed. */
void ref_changes_sort(struct ref_changes *list);
/* What a transaction has queued so far; sorted. */
int ref_changes_of_txn(struct txn *txn, struct ref_changes *out, struct error *err) MUST_CHECK;
/* One change, given the value before and after (canonical JSON, NULL for none), named by the view: 1; 0 for keys that are no user's business; -1. */
int ref_change_of(struct view *v, const char *key, const char *before, const char *after, bool is_new, struct ref_change *out, struct error *err) MUST_CHECK;
/* The reference that a key is about: "digits:v5" of version/CID/5; the key itself when nobody knows. */
int ref_change_name(struct view *v, const char *key, struct strbuf *out, struct error *err) MUST_CHECK;

#endif
