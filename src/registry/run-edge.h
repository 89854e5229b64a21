/* SPDX-License-Identifier: Apache-2.0 */
/* What runs used and made: keys input/CID/VERSION and output/CID/VERSION, CID being the run's; and from/CID, which says where an artifact began. */
#ifndef MREG_REGISTRY_RUN_EDGE_H
#define MREG_REGISTRY_RUN_EDGE_H

#include <stdbool.h>

#include "base/error.h"
#include "registry/resolve.h"
#include "registry/run.h"
#include "store/txn.h"

/*
 * input/CID/VERSION   {"as":TEXT,"digest":HEX,"ref":"data:v3"}       as (use --name) is left out when there is none; ref is what it was called then, in the
 *                                                                    collection through which it was asked for (a model's link, too)
 * output/CID/VERSION  {"created":BOOL,"digest":HEX,"ref":"m:v7"}     created false: the content was there already
 * from/CID            {"digest":HEX,"ref":"m:v7","version":HEX}      CID is the artifact that began there
 * VERSION may be unknown here, or removed: an edge that dangles is shown by its ref.
 */
struct run_edge {
	struct oid version, digest;
	char *ref; /* as it was called then */
	char *as;  /* "" for none */
	bool created;
};
void run_edge_cleanup(struct run_edge *edge);

/* ---- within a transaction: what stands there already is no change; ERR_NO_COLLECTION: the run was removed ---- */
int run_edge_add_input(struct txn *txn, const struct run *run, const struct resolved *version, const char *as, struct error *err) MUST_CHECK;
int run_edge_add_output(struct txn *txn, const struct run *run, const struct resolved *version, bool created, struct error *err) MUST_CHECK;
/* ERR_CONFLICT when the artifact is known to have begun elsewhere, ERR_INVALID for a version of its own. */
int run_edge_set_from(struct txn *txn, const struct collection *artifact, const struct resolved *source, struct error *err) MUST_CHECK;

/* ---- reading ---- */
/* In order of version ids.  fn as in kv.h. */
typedef int (*run_edge_fn)(const struct run_edge *edge, void *arg, struct error *err);
int run_edge_each_input(struct view *v, const struct cid *run, run_edge_fn fn, void *arg, struct error *err) MUST_CHECK;
int run_edge_each_output(struct view *v, const struct cid *run, run_edge_fn fn, void *arg, struct error *err) MUST_CHECK;
/* Runs that made a version, that used it (live ones); artifacts that began at it. */
int run_edge_each_producer(struct view *v, const struct oid *version, run_fn fn, void *arg, struct error *err) MUST_CHECK;
int run_edge_each_consumer(struct view *v, const struct oid *version, run_fn fn, void *arg, struct error *err) MUST_CHECK;
typedef int (*run_edge_artifact_fn)(const struct collection *artifact, void *arg, struct error *err);
int run_edge_each_begun(struct view *v, const struct oid *version, run_edge_artifact_fn fn, void *arg, struct error *err) MUST_CHECK;
/* Where an artifact began: 1, 0, -1. */
int run_edge_from(struct view *v, const struct cid *artifact, struct run_edge *out, struct error *err) MUST_CHECK;
/* Has any live run used it?  1, 0, -1. */
int run_edge_is_used(struct view *v, const struct oid *version, struct error *err) MUST_CHECK;
/* What an edge's version is called now ("data:v3"), else what it was called then; *is_live: it is there. Appends. */
int run_edge_name(struct view *v, const struct run_edge *edge, struct strbuf *out, bool *is_live, struct error *err) MUST_CHECK;
/* What a run used, by those names: sorted, each once. */
int run_edge_input_names(struct view *v, const struct cid *run, struct strvec *out, struct error *err) MUST_CHECK;

#endif
