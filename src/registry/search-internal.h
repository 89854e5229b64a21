/* SPDX-License-Identifier: Apache-2.0 */
/* Between search.c, which walks, search-fetch.c, which answers queries, and search-details.c, which tells more of what was found. */
#ifndef MREG_REGISTRY_SEARCH_INTERNAL_H
#define MREG_REGISTRY_SEARCH_INTERNAL_H

#include "format/facts.h"
#include "registry/search.h"
#include "registry/version.h"

struct search {
	struct registry *reg;
	struct view *view;
	struct search_options options;
	struct overlay overlay;
	struct strvec stages;
	struct collection *collections; /* by name */
	size_t count, cap;

	/* What is looked at. */
	const struct collection *collection;
	const struct version_row *row; /* NULL: the collection itself */
	struct oid version;            /* of row: what is known of it stays while it is the same */
	const struct overlay_subject *over;
	uint64_t latest; /* of an artifact whose versions are walked over */
	enum { FACTS_UNKNOWN, FACTS_INDEXED, FACTS_WHOLE } facts_state;
	struct facts facts; /* of the version; FACTS_INDEXED: long parts may be missing */
	struct strbuf facts_text, metadata, metrics;
	struct version_object object;
	bool has_origin; /* of the collection */
	int64_t origin_time;
	char *origin_user;

	/* What was read from objects, for the index. */
	struct facts_row *learned;
	size_t learned_count, learned_cap, learned_bytes;

	uint64_t damaged;
	struct error first_damage;
};

/* Looks at another version, or collection. */
void search_look_at(struct search *s, const struct collection *c, const struct version_row *row);
/* Facts of the version looked at; of each part that is wanted, however long it is. */
enum search_want { WANT_METRICS = 1, WANT_METADATA = 2, WANT_DESCRIPTION = 4 };
int search_want_facts(struct search *s, unsigned wants, struct error *err) MUST_CHECK;
/* Title of a collection, "" for none. */
const char *search_title(const struct search *s, const struct cid *cid);
/* When and by whom the collection was made. */
int search_want_origin(struct search *s, struct error *err) MUST_CHECK;
/* Objects as in format/facts.h, below and above, of a version or collection. */
int search_members(struct search *s, bool metrics, struct span *below, struct span *above, struct error *err) MUST_CHECK;
/* query_fetch_fn; arg is the search. */
int search_fetch(const struct query_field *field, enum query_op op, struct query_probe *p, void *arg, struct error *err);

#endif
