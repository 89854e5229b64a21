/* SPDX-License-Identifier: Apache-2.0 */
/* A lineage as text for programs that draw, and what a node is called. */
#ifndef MREG_CMD_LINEAGE_TEXT_H
#define MREG_CMD_LINEAGE_TEXT_H

#include "base/strbuf.h"
#include "base/strvec.h"
#include "registry/lineage.h"

/* "data:v3", "r-…", "12 train runs", "7 dataset versions"; as it stands, not escaped. */
void lineage_text_title(struct strbuf *out, const struct lineage_node *node);
/* "BEFOREa, bAFTER", or nothing when the list is empty; not escaped either. */
void lineage_text_list(struct strbuf *out, const char *before, const struct strvec *list, const char *after);
/* Graphviz's language, and Mermaid's.  Nothing in a name or a note ends the text that it stands in, or is taken for markup. */
void lineage_text_dot(struct strbuf *out, const struct lineage *l);
void lineage_text_mermaid(struct strbuf *out, const struct lineage *l);

#endif
