/* SPDX-License-Identifier: Apache-2.0 */
/* Takes over what another registry has and this one lacks. */
#ifndef MREG_TRANSPORT_PULL_H
#define MREG_TRANSPORT_PULL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "format/merge.h"
#include "registry/receive.h"
#include "registry/registry.h"
#include "registry/remote.h"
#include "transport/connection.h"

struct pull_options {
	const struct remote *remote;
	const struct strvec *patterns; /* NAME[:REF], as written; NULL or none: everything */
	const char *verb, *why;        /* "pull", "clone"; why may be NULL */
	bool metadata_only;            /* no files of versions that are new */
	bool dry_run;                  /* says what would come; no object is asked for */
	bool allow_rewind;             /* although the far history is not one that goes on from what was seen */
	bool renumber;                 /* versions and links that nobody else has seen give way */
	bool settles;                  /* what has diverged is settled, for */
	enum merge_winner winner;
	const struct strvec *settle;   /* references; NULL or none: all of it */
	struct connection **keep;      /* where the connection goes when all went well, so that more can be asked; NULL: it is closed */
	const char *local_path;        /* a registry on this machine of which everything is taken: its packs may be cloned; NULL: no */
};

struct pull_result {
	struct receive_result received;
	struct merge_plan plan;   /* its moves say what was renumbered */
	uint64_t objects, bytes;  /* that came */
	uint64_t absent;          /* new versions whose files have not come */
	bool is_current;          /* there was nothing to take over */
};
#define PULL_RESULT_INIT { RECEIVE_RESULT_INIT, MERGE_PLAN_INIT, 0, 0, 0, false }
void pull_result_cleanup(struct pull_result *r);

/*
 * One connection.  Lists what is new, sees on a rehearsal whether it fits with what is here, brings the objects, takes the changes over in one transaction and remembers how
 * far it came.  ERR_CONFLICT: diverged (out->received.diverged names the keys), a rewind, two collections of one name; nothing has changed then, only what
 * was fetched waits in quarantine.  Errors of receive_commit(), fetch_versions(), connect_open().  No view may be open.
 */
int pull_run(struct registry *reg, const struct pull_options *o, struct pull_result *out, struct error *err) MUST_CHECK;

#endif
