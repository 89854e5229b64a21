/* SPDX-License-Identifier: Apache-2.0 */
/* Letting go of files that a remote has: versions become absent, and their bytes are freed. */
#ifndef MREG_REGISTRY_DROP_H
#define MREG_REGISTRY_DROP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/hashmap.h"
#include "base/strvec.h"
#include "registry/registry.h"

/* A version, once however many references mean it. */
struct drop_item {
	char *ref; /* as the first of them was resolved: "m:v3" */
	struct oid version, digest;
	uint64_t size; /* of its files */
};
struct drop_list {
	struct drop_item *v;
	size_t count, cap;
};
#define DROP_LIST_INIT { NULL, 0, 0 }
void drop_list_cleanup(struct drop_list *list);
/* ERR_USAGE for a bare name: a whole collection is not dropped by mistake. */
int drop_choose(struct registry *reg, const struct strvec *refs, struct drop_list *out, struct error *err) MUST_CHECK;

struct drop_change {
	const char *remote; /* its name or URL */
	/* Asks that remote which of the versions (hex ids) it has in full, verified now: complete[i]. */
	int (*ask)(const struct strvec *versions, bool *complete, void *arg, struct error *err);
	void *arg;
	const char *why;    /* may be NULL */
	bool dry_run;
};
/*
 * When the remote has them all, marks them absent, then has collected what no version needs any more
 * whose files are to be here, whatever its age; *freed: bytes on disk, which are given back within an hour.  Removed versions can be restored as before.  When
 * nothing could be collected, that is a warning: the versions are absent, and can be dropped again.  No view, reader or writer of the registry may be
 * in use.  ERR_POLICY: the remote lacks one; ERR_NO_REFERENCE: one was removed meanwhile.  While the remote is asked, this registry does not say
 * of any version that it has it (hold_verify()): two must not each let go of what the other one has.
 */
int drop_run(struct registry *reg, const struct drop_list *list, const struct drop_change *change, uint64_t *freed, struct error *err) MUST_CHECK;
/* Frees all that absent versions have here, at once, but for those among kept (ids of versions; may be NULL). */
int drop_absent(struct registry *reg, const struct hashmap *kept, uint64_t *freed, struct error *err) MUST_CHECK;

#endif
