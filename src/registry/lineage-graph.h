/* SPDX-License-Identifier: Apache-2.0 */
/* Lineage over any source of edges: who can be reached in how many steps, and what is shown as one.  Nothing here reads a registry. */
#ifndef MREG_REGISTRY_LINEAGE_GRAPH_H
#define MREG_REGISTRY_LINEAGE_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hashmap.h"
#include "registry/lineage.h"

/* A node as the source knows it.  Texts are borrowed, and may be NULL. */
struct lineage_neighbour {
	bool is_run;
	struct oid version, digest; /* of a version */
	struct cid run;             /* of a run */
	const char *name;           /* a run's id, or what an edge calls the version */
	const char *type, *label;   /* of a run */
	const char *as;             /* of the edge */
	bool is_from;
};
typedef int (*lineage_neighbour_fn)(const struct lineage_neighbour *n, void *arg, struct error *err);
struct lineage_source {
	/* What the node was made from (up), or what became of it.  fn as in kv.h. */
	int (*each)(const struct lineage_node *of, bool up, lineage_neighbour_fn fn, void *fn_arg, void *arg, struct error *err);
	/* Fills in name, type, aliases and the flags of a version, once for each; name has what an edge said. */
	int (*describe)(struct lineage_node *node, void *arg, struct error *err);
	void *arg;
};

/* lineage_read() over that source. */
int lineage_graph_read(const struct lineage_source *source, const struct lineage_neighbour *start, const struct lineage_request *request,
		       struct lineage *out, struct error *err) MUST_CHECK;
/* lineage_common() of two that were read upward and exploded; out: places in a's nodes.  *out is the caller's to free. */
size_t lineage_common_of(const struct lineage *a, const struct lineage *b, size_t **out);
/* "data:v9" before "data:v10"; else by bytes. */
int lineage_graph_compare_names(const char *a, const char *b);

/* ---- shared by lineage-graph.c and lineage-cluster.c ---- */
enum lineage_direction { LINEAGE_UP, LINEAGE_DOWN, LINEAGE_DIRECTIONS };
/* How a node was reached. */
struct lineage_mark {
	bool is_reached[LINEAGE_DIRECTIONS];
	uint32_t depth[LINEAGE_DIRECTIONS];
};
/*
 * Which nodes stand for which: shown_as[i] is i, or the first of the cluster that i is in.  An array of nodes, the caller's to free.
 */
size_t *lineage_cluster(const struct lineage *raw, const struct lineage_mark *marks);

#endif
