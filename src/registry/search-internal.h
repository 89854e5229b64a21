/* SPDX-License-Identifier: Apache-2.0 */
/* Between search.c, which walks, search-fetch.c and search-run.c, which answer queries, and search-details.c, which tells more of what was found. */
#ifndef MREG_REGISTRY_SEARCH_INTERNAL_H
#define MREG_REGISTRY_SEARCH_INTERNAL_H

#include "format/facts.h"
#include "registry/run.h"
#include "registry/search.h"
#include "registry/version.h"

/* What is known of a version object. */
struct search_facts {
	struct oid version;
	enum { FACTS_UNKNOWN, FACTS_INDEXED, FACTS_WHOLE } state; /* FACTS_INDEXED: long parts may be missing */
	struct facts facts;
	struct strbuf text, metadata, metrics;
	struct version_object object;
};
#define SEARCH_FACTS_INIT { .text = STRBUF_INIT, .metadata = STRBUF_INIT, .metrics = STRBUF_INIT }
void search_facts_release(struct search_facts *f);

struct search_edge {
	struct oid version;
	char *ref; /* as it was called then */
};

/* A run, and what has been asked of it so far. */
struct search_run {
	struct run run;
	bool has_rows, is_ended, has_state;
	unsigned edges; /* of enum search_edges: which were read */
	int64_t created;
	struct oid record; /* version id of its newest record */
	enum run_state state;
	struct search_edge *inputs, *outputs;
	size_t input_count, input_cap, output_count, output_cap;
};

struct search_runs {
	bool is_loaded;
	unsigned edges; /* of all runs */
	struct search_run *v; /* in order of ids; of a search for runs the newest first */
	size_t count, cap;
	struct hashmap places;               /* hex CID → place in v, from 1 */
	struct hashmap producers, consumers; /* raw version id → struct search_run_list */
	struct hashmap names;                /* raw version id → what it is called now, "" when it is not here */
	struct hashmap answers;              /* address of a field → a byte for each run: what it has answered */
	struct hashmap collections;          /* hex CID → struct collection */
	struct search_facts at;              /* of the run that was asked last */
	bool has_live;                       /* metrics below are those of a run that has not ended */
};

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
	const struct overlay_subject *over;
	uint64_t latest; /* of an artifact whose versions are walked over */
	struct search_facts at; /* of the version */
	struct search_run *run;  /* looked at instead, or NULL */
	struct search_runs runs;
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
/* Facts of a version object; of each part that is wanted, however long it is. */
enum search_want { WANT_METRICS = 1, WANT_METADATA = 2, WANT_DESCRIPTION = 4 };
int search_read_facts(struct search *s, struct search_facts *f, unsigned wants, struct error *err) MUST_CHECK;
/* Of the version looked at. */
int search_want_facts(struct search *s, unsigned wants, struct error *err) MUST_CHECK;
/* Of another version from now on: what is known stays while it is the same. */
void search_facts_of(struct search_facts *f, const struct oid *version);
/* Title of a collection, "" for none. */
const char *search_title(const struct search *s, const struct cid *cid);
/* When and by whom the collection was made. */
int search_want_origin(struct search *s, struct error *err) MUST_CHECK;
/* Objects as in format/facts.h, below and above, of a version or collection. */
int search_members(struct search *s, bool metrics, struct span *below, struct span *above, struct error *err) MUST_CHECK;
/* One value as facts have it, as a field of that kind. */
int search_offer_value(const struct facts_value *v, bool is_metric, struct query_probe *p);
/* A name in full, and as it is called within its project. */
bool search_offer_name(struct query_probe *p, const char *name);
/* A JSON value of facts that facts_find() visits; arg: json_t **. */
int search_take_value(const struct facts_value *v, void *arg, struct error *err);
/* query_fetch_fn; arg is the search. */
int search_fetch(const struct query_field *field, enum query_op op, struct query_probe *p, void *arg, struct error *err);

/* ---- search-run.c ---- */

/* All runs, those begun last first. */
int search_run_load(struct search *s, struct error *err) MUST_CHECK;
/* The run looked at. */
int search_run_fetch(struct search *s, const struct query_field *field, struct query_probe *p, struct error *err) MUST_CHECK;
/* run.KEY, inputs and consumed_by.KEY of a version. */
int search_run_of_version(struct search *s, const struct oid *version, const struct query_field *field, struct query_probe *p, struct error *err) MUST_CHECK;
void search_runs_release(struct search_runs *r);

#endif
