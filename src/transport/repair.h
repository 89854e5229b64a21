/* SPDX-License-Identifier: Apache-2.0 */
/* What is damaged or missing here, fetched anew from another registry. */
#ifndef MREG_TRANSPORT_REPAIR_H
#define MREG_TRANSPORT_REPAIR_H

#include <stdint.h>

#include "base/error.h"
#include "registry/fsck.h"
#include "registry/registry.h"
#include "registry/remote.h"

struct repair_result {
	uint64_t objects, bytes; /* that came */
};

/*
 * Fetches sound copies of what fsck found lost, and all else that live versions lack here (not the files of absent ones); what the remote does not have stays as it
 * is.  Then whatever is damaged beside a sound copy is cleared away, if every live version is whole: fsck says whether.  No view may be in use.
 */
int repair_run(struct registry *reg, const struct remote *remote, const struct fsck_lost_list *lost, struct repair_result *out,
	       struct error *err) MUST_CHECK;

#endif
