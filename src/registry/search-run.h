/* SPDX-License-Identifier: Apache-2.0 */
/* Between the parts of a search that know of runs. */
#ifndef MREG_REGISTRY_SEARCH_RUN_H
#define MREG_REGISTRY_SEARCH_RUN_H

#include "registry/search-internal.h"

/* Of a version: those that made it, or used it. */
struct search_run_list {
	size_t *v; /* places in search_runs.v */
	size_t count, cap;
};

/* ---- search-run.c ---- */

/* The one that made a version (producer.h): 1, 0, -1. */
int search_run_producer(struct search *s, const struct oid *version, struct search_run **out, struct error *err) MUST_CHECK;
/* What was said of it later; NULL: nothing. */
const struct overlay_subject *search_run_over(const struct search *s, const struct search_run *r);
/* What all runs used, and made; what one did. */
enum search_edges { EDGES_INPUT = 1, EDGES_OUTPUT = 2 };
int search_run_edges(struct search *s, unsigned which, struct error *err) MUST_CHECK;
int search_run_edges_of(struct search *s, struct search_run *r, enum search_edges which, struct error *err) MUST_CHECK;
/* "data:v3" as it is called now, or else as it was called then. */
int search_run_edge_name(struct search *s, const struct search_edge *edge, struct strbuf *out, struct error *err) MUST_CHECK;
/* Of its newest record; until another run is asked. */
int search_run_facts(struct search *s, struct search_run *r, unsigned wants, const struct facts **out, struct error *err) MUST_CHECK;
/* What stands at a path in the record (format/run-record.h). */
int search_run_record(struct search *s, struct search_run *r, const char *path, facts_fn fn, void *arg, struct error *err) MUST_CHECK;
/* The path of "commit", "config.lr", … in the record. */
void search_run_path(struct strbuf *out, const char *key);
int search_run_members(struct search *s, struct search_run *r, bool metrics, struct span *below, struct span *above, struct error *err) MUST_CHECK;
int search_run_command(struct search *s, struct search_run *r, struct strbuf *out, struct error *err) MUST_CHECK;
/* 0: not yet, or it is not known. */
int search_run_started(struct search *s, struct search_run *r, int64_t *out, struct error *err) MUST_CHECK;
int search_run_ended(struct search *s, struct search_run *r, int64_t *out, struct error *err) MUST_CHECK;
/* Nanoseconds, up to now while it runs, up to what it logged last when it died; -1: not known. */
int search_run_duration(struct search *s, struct search_run *r, int64_t *out, struct error *err) MUST_CHECK;

#endif
