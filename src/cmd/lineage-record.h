/* SPDX-License-Identifier: Apache-2.0 */
/* A lineage as a record, which several verbs print (mreg-json(5)). */
#ifndef MREG_CMD_LINEAGE_RECORD_H
#define MREG_CMD_LINEAGE_RECORD_H

#include <stdbool.h>

#include "format/json.h"
#include "registry/lineage.h"

/* What is here and single can be named in a command. */
bool lineage_record_has_ref(const struct lineage_node *node);
json_t *lineage_record_node(const struct lineage_node *node);
/* {"ref","nodes","edges"}; l has at least one node. */
json_t *lineage_record(const struct lineage *l);

#endif
