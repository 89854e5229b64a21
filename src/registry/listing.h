/* SPDX-License-Identifier: Apache-2.0 */
/* Which changes belong to a selection of collections: what travels between registries. */
#ifndef MREG_REGISTRY_LISTING_H
#define MREG_REGISTRY_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "format/message.h"
#include "registry/registry.h"
#include "store/journal.h"

/* Never travels: this registry's own state (absent/, shallow/; view.h).  False as well for keys that this mreg does not know. */
bool listing_travels(const char *key);

/* A pattern of the command line: "NAME", "NAME:REF", globs in NAME (* stops at /, ** crosses).  ERR_INVALID. */
struct listing_pattern {
	char *name; /* completed with the scope of reg (NULL: not) unless it has a glob */
	char *ref;  /* or NULL: all of it */
};
int listing_pattern_parse(const struct registry *reg, const char *text, struct listing_pattern *out, struct error *err) MUST_CHECK;
void listing_pattern_cleanup(struct listing_pattern *p);
/* All patterns of a command line, and their names alone: what the other side selects by. */
struct listing_patterns {
	struct listing_pattern *v; /* NULL: everything */
	size_t count;
	struct strvec names;       /* sorted, each once */
};
#define LISTING_PATTERNS_INIT { NULL, 0, STRVEC_INIT }
/* texts may be NULL.  out is to be cleaned up after a failure, too. */
int listing_patterns_parse(const struct registry *reg, const struct strvec *texts, struct listing_patterns *out, struct error *err) MUST_CHECK;
void listing_patterns_cleanup(struct listing_patterns *p);
/* Does it select a collection of this full name (case is folded)? */
bool listing_pattern_matches(const struct listing_pattern *p, const char *name);

/*
 * The collections that patterns select: all that live, and removed ones by their last name (which is only looked for when there are patterns; else their
 * id stands for it); none given: all.  A name without a glob that selects nothing is looked for as collection_get() does.  Of the artifacts that a selected model
 * links to, or linked to, and that are not selected, those links' versions: shallow.  With patterns, the runs that made live versions of what is selected, by
 * their ids; without, all runs, but only with_runs: listing_changes() gives them anyway, and they may be very many.  ERR_NO_COLLECTION names a pattern that selects nothing.
 */
int listing_select(struct registry *reg, struct view *v, const struct strvec *patterns, bool with_runs, struct scope *out, struct error *err) MUST_CHECK;

/* Just these collections (CIDs), whole; those that are not here are left out. */
int listing_select_these(struct registry *reg, struct view *v, const struct strvec *cids, struct scope *out, struct error *err) MUST_CHECK;

/*
 * Every change of the selection after the position `since` (NULL: all), each after its parents, in the order of the journal: all keys of a whole
 * collection, tombstones and keys of its versions included; of a shallow one coll/, title/, and version/ and the keys of those linked versions.  What was
 * withdrawn is left out.  A collection that came into the selection since is listed whole (its coll/ key, or a link that makes it shallow, has
 * changed since).  With no patterns its cost is that of the lines after `since`.
 */
typedef int (*listing_fn)(const struct change *c, uint64_t seq, void *arg, struct error *err);
int listing_changes(struct registry *reg, struct view *v, const struct list_request *request, const struct scope *scope, const struct journal_position *since,
		    listing_fn fn, void *arg, struct error *err) MUST_CHECK;

/* The position of line seq, if the journal has that line with this sum: 1, 0, -1. */
int listing_position(struct registry *reg, struct view *v, uint64_t seq, const struct oid *sum, struct journal_position *out, struct error *err) MUST_CHECK;

/*
 * Notes in the journal that all of the scope up to the view's position was handed out, unless that is known already: 1 noted, 0 known, -1.
 * No view of this process may be open after position was taken from it.
 */
int listing_offer(struct registry *reg, const struct scope *scope, bool is_all, uint64_t seq, struct error *err) MUST_CHECK;

/* Answers COMPARE: our heads of each key, with their values, and which of the client's heads we have (withdrawn ones not).  Keys that do not travel have none. */
int listing_compare(struct registry *reg, struct view *v, const struct key_heads_list *question, struct key_heads_list *answer, struct error *err) MUST_CHECK;

#endif
