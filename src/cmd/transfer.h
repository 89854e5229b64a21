/* SPDX-License-Identifier: Apache-2.0 */
/* What push and pull print: a line for each reference, and what became of it. */
#ifndef MREG_CMD_TRANSFER_H
#define MREG_CMD_TRANSFER_H

#include <stdint.h>

#include "cmd/cmd.h"
#include "format/merge.h"
#include "registry/ref-change.h"
#include "registry/remote.h"

/* moves (may be NULL): versions that have another number now, named by the registry as it is. */
int transfer_print(struct session *s, const struct ref_changes *refs, const struct merge_plan *moves, struct error *err) MUST_CHECK;
/* "42 objects, 1.5 MiB from 'origin'", "'origin' has nothing new"; to stderr. */
void transfer_tell(struct session *s, const struct remote *remote, bool is_push, bool is_current, uint64_t objects, uint64_t bytes);
/* The remote that the first operand means, or the usual one when there is none. */
int transfer_remote(struct session *s, const struct operands *operands, struct remote *out, struct error *err) MUST_CHECK;

#endif
