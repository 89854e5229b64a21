/* SPDX-License-Identifier: Apache-2.0 */
/* The graph of versions and runs: where something came from, what became of it. */
#ifndef MREG_REGISTRY_LINEAGE_H
#define MREG_REGISTRY_LINEAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/strvec.h"
#include "registry/registry.h"
#include "store/view.h"

enum lineage_kind {
	LINEAGE_VERSION,
	LINEAGE_RUN,
	LINEAGE_CLUSTER_VERSIONS, /* several versions of one type */
	LINEAGE_CLUSTER_RUNS,     /* several runs of one job type */
};
/* Strings owned. */
struct lineage_node {
	enum lineage_kind kind;
	char *name;             /* "data:v3", "r-…" ; of a cluster its type */
	char *type;             /* artifact type or job type */
	char *label;            /* run's label, version's first line of note; "" for none */
	struct strvec aliases;  /* of a version: "NAME:ALIAS" everywhere that it has one, models included */
	struct strvec links;    /* "MODEL:vN" */
	bool is_dangling;       /* not here: known by what an edge says of it */
	bool is_removed;
	size_t members;         /* of a cluster; else 1 */
	uint32_t depth;         /* steps from the start; 0 the start itself */
	bool is_cut;            /* there is more behind it that the depth or the limit left out */
	bool is_cut_above, is_cut_below; /* whether that is what it was made from, what became of it */
	struct oid version, digest; /* of a version; else zero */
	struct cid run;         /* of a run; else "" */
};
void lineage_node_cleanup(struct lineage_node *node);
bool lineage_node_is_run(const struct lineage_node *node);     /* one or a cluster of them */
bool lineage_node_is_cluster(const struct lineage_node *node);
struct lineage_edge {
	size_t from, to; /* indices; bytes flow from → to: input → run → output, source → what began there */
	bool is_from;    /* put --from */
	char *as;        /* of an input; "" for none */
};
struct lineage {
	struct lineage_node *nodes; /* nodes[0] is what was asked about; then breadth first, in each step by name */
	size_t count, cap;
	struct lineage_edge *edges; /* sorted by from, to; each once */
	size_t edge_count, edge_cap;
};
#define LINEAGE_INIT { NULL, 0, 0, NULL, 0, 0 }
void lineage_cleanup(struct lineage *l);

#define LINEAGE_NODES_MAX 200000 /* more are cut */
#define LINEAGE_EDGES_MAX 2000000
struct lineage_request {
	const char *reference;  /* of a version (bare NAME: its latest) or a run */
	bool up, down;          /* neither: both */
	bool has_depth;
	uint32_t depth;
	bool explode;           /* else nodes of one step, one type, the same direction and the same parents are one cluster when there are more than two, but
				 * for those that have an alias */
	size_t limit;           /* keeps the first so many nodes and clusters; 0: LINEAGE_NODES_MAX */
};
/*
 * Edges: a run's inputs lead to it, it leads to its outputs, and the version named by put --from leads to every version of the artifact that began there.
 * ERR_NO_COLLECTION, ERR_NO_REFERENCE, ERR_INVALID as resolve_text() and run_get().
 */
int lineage_read(struct registry *reg, struct view *v, const struct lineage_request *request, struct lineage *out, struct error *err) MUST_CHECK;

/* The nearest ancestors that both have, each counting as its own, as nodes without edges: in order of their sum of steps, without those that lie behind one
 * that stands before. */
int lineage_common(struct registry *reg, struct view *v, const char *a, const char *b, struct lineage *out, struct error *err) MUST_CHECK;
/* Versions of this artifact type among what it was made from, directly or not; sorted.  One that is not here is of any type: nobody can tell. */
int lineage_inputs_of_type(struct registry *reg, struct view *v, const char *reference, const char *type, struct strvec *out, struct error *err) MUST_CHECK;

#endif
