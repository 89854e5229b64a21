/* SPDX-License-Identifier: Apache-2.0 */
/* Finds versions, collections or runs by a query (mreg-query(7)). */
#ifndef MREG_REGISTRY_SEARCH_H
#define MREG_REGISTRY_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "format/json.h"
#include "format/query.h"
#include "registry/overlay.h"
#include "registry/registry.h"
#include "registry/run.h"

enum search_kind { SEARCH_VERSIONS, SEARCH_ARTIFACTS, SEARCH_MODELS, SEARCH_RUNS };

struct search_options {
	enum search_kind kind;
	const struct query *query; /* borrowed */
	unsigned parts;            /* of enum overlay_parts: what search_details() will be asked for, besides what the query asks for */
};

/* A version of an artifact, or with row NULL a collection, or a run, and then collection and row are NULL. */
struct search_run;
struct search_hit {
	const struct collection *collection; /* until search_free() */
	const char *title;                   /* "" for none, and without OVERLAY_TITLES; likewise */
	const struct version_row *row;       /* during the call */
	struct search_run *run;              /* until search_free() */
};

struct search;
struct search *search_new(struct registry *reg, const struct search_options *options, struct error *err) MUST_CHECK;
/* Keeps in the index what had to be read from objects, for the next time, and ends the registry's view. */
void search_free(struct search *s);
void search_cleanup(struct search **s);

/*
 * Calls fn with what matches, by name of the collection and number; runs, those begun last first.  fn: 1 stops, -1 fails.  A version that cannot be decided because
 * something of it is damaged is passed over.
 */
typedef int (*search_fn)(const struct search_hit *hit, void *arg, struct error *err);
int search_each(struct search *s, search_fn fn, void *arg, struct error *err) MUST_CHECK;
/* For the end, when all others were told: ERR_INTEGRITY names the first that was passed over.  Damaged points of a run are no metrics. */
int search_damage(const struct search *s, struct error *err) MUST_CHECK;

/* Title of a collection, "" for none (and without OVERLAY_TITLES). */
const char *search_title_of(const struct search *s, const struct collection *c);

/* Of a hit, also after search_each(): what of it is not in the hit itself.  What lies over the version is merged as far as `parts` said. */
enum search_members {
	SEARCH_TEXTS = 1 << 0, /* created, user, host, description */
	SEARCH_METADATA = 1 << 1,
	SEARCH_METRICS = 1 << 2,
	SEARCH_TAGS = 1 << 3,
	SEARCH_ALIASES = 1 << 4,
	SEARCH_MODELS_OF = 1 << 5,
};
struct search_details {
	int64_t created;
	json_t *user, *host, *description; /* strings; of a collection null where it has none */
	json_t *metadata, *metrics;        /* objects */
	json_t *tags, *aliases, *models;   /* lists of strings; models: the links as "MODEL:vN" */
};
/* members: of enum search_members; what is not among them is NULL. */
int search_details(
	struct search *s, const struct search_hit *hit, unsigned members, struct search_details *out, struct error *err) MUST_CHECK;
void search_details_cleanup(struct search_details *d);
/* The first line of what was said of it last, and when it was made: cheaper than all details. */
int search_brief(struct search *s, const struct search_hit *hit, struct strbuf *summary, int64_t *created, struct error *err) MUST_CHECK;
/* One value, to sort by, of "metrics.NAME" or "metadata.NAME"; NULL and no error: it has none. */
int search_value(struct search *s, const struct search_hit *hit, const char *member, json_t **out, struct error *err) MUST_CHECK;

/* ---- of a run that was found ---- */

const struct run *search_run_identity(const struct search_run *run);
int search_run_state(struct search *s, struct search_run *run, enum run_state *out, struct error *err) MUST_CHECK;
/* One of what is told of it (mreg-json(5)): "id", "name", "job_type", "state", "created", "ended", "duration", "exit_status", "signal", "user", "host",
 * "command", "directory", "parent", "commit", "branch", "dirty", "remote", "reason", "tags", "note", "inputs", "outputs", "metadata", "metrics", "config", or what is in
 * one of the last three ("metrics.acc"): NULL and no error when it has none.  Annotations stand in it as far as `parts` said. */
int search_run_member(struct search *s, struct search_run *run, const char *member, json_t **out, struct error *err) MUST_CHECK;
/* The same of the run that made a version (producer.h); NULL and no error also when there is none. */
int search_run_made(struct search *s, const struct oid *version, const char *member, json_t **out, struct error *err) MUST_CHECK;

#endif
