/* SPDX-License-Identifier: Apache-2.0 */
/* A lineage as a tree for people. */
#ifndef MREG_CMD_LINEAGE_TREE_H
#define MREG_CMD_LINEAGE_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"
#include "registry/lineage.h"

struct lineage_tree_style {
	bool up, down;    /* which sides are shown */
	bool is_utf8;     /* lines are drawn with box-drawing characters, else with ASCII */
	size_t width;     /* longer lines are cut; 0: none */
};
/*
 * Each node stands below the one through which it is nearest, and is only named elsewhere; what would be indented too far is continued below.
 * Nothing in it acts on a terminal.
 */
void lineage_tree(struct strbuf *out, const struct lineage *l, const struct lineage_tree_style *style);

#endif
