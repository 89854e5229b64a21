/* SPDX-License-Identifier: Apache-2.0 */
/* Makes records of a lineage. */
#include <config.h>

#include "cmd/lineage-record.h"

#include "cmd/fields.h"

bool lineage_record_has_ref(const struct lineage_node *node)
{
	return (node->kind == LINEAGE_VERSION && !node->is_dangling && !node->is_removed) || node->kind == LINEAGE_RUN;
}

static const char *kind_name(enum lineage_kind kind)
{
	static const char *const names[] = {
		[LINEAGE_VERSION] = "version", [LINEAGE_RUN] = "run", [LINEAGE_CLUSTER_VERSIONS] = "versions", [LINEAGE_CLUSTER_RUNS] = "runs",
	};

	return names[kind];
}

json_t *lineage_record_node(const struct lineage_node *node)
{
	json_t *record = json_object();

	json_object_set_new(record, "kind", json_string(kind_name(node->kind)));
	json_object_set_new(record, "ref", lineage_record_has_ref(node) ? json_string(node->name) : json_null());
	json_object_set_new(record, "name", json_string(node->name));
	json_object_set_new(record, "type", json_text_or_null(node->type));
	json_object_set_new(record, "label", json_string(node->label));
	json_object_set_new(record, "digest", node->kind == LINEAGE_VERSION ? json_oid(&node->digest) : json_null());
	json_object_set_new(record, "aliases", fields_strings(&node->aliases));
	json_object_set_new(record, "links", fields_strings(&node->links));
	json_object_set_new(record, "depth", json_u64(node->depth));
	json_object_set_new(record, "members", json_u64(node->members));
	json_object_set_new(record, "dangling", json_boolean(node->is_dangling));
	json_object_set_new(record, "removed", json_boolean(node->is_removed));
	json_object_set_new(record, "more", json_boolean(node->is_cut));
	return record;
}

static const char *edge_kind(const struct lineage *l, const struct lineage_edge *e)
{
	return e->is_from ? "from" : lineage_node_is_run(&l->nodes[e->from]) ? "output" : "input";
}

json_t *lineage_record(const struct lineage *l)
{
	json_t *record = json_object(), *nodes = json_array(), *edges = json_array(), *item;

	for (size_t i = 0; i < l->count; i++) {
		item = json_object();
		json_object_set_new(item, "id", json_u64(i));
		json_object_update_new(item, lineage_record_node(&l->nodes[i]));
		json_array_append_new(nodes, item);
	}
	for (size_t i = 0; i < l->edge_count; i++) {
		const struct lineage_edge *e = &l->edges[i];

		item = json_object();
		json_object_set_new(item, "from", json_u64(e->from));
		json_object_set_new(item, "to", json_u64(e->to));
		json_object_set_new(item, "kind", json_string(edge_kind(l, e)));
		json_object_set_new(item, "as", json_text_or_null(e->as));
		json_array_append_new(edges, item);
	}
	json_object_set_new(record, "ref", json_string(l->nodes[0].name));
	json_object_set_new(record, "nodes", nodes);
	json_object_set_new(record, "edges", edges);
	return record;
}
