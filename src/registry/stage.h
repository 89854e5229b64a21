/* SPDX-License-Identifier: Apache-2.0 */
/* Stages: aliases of a configured list, moved forward by promotions and back by rollbacks. */
#ifndef MREG_REGISTRY_STAGE_H
#define MREG_REGISTRY_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "registry/alias.h"
#include "registry/registry.h"
#include "registry/resolve.h"

struct stage_promotion {
	const char *reference, *stage;
	const char *drop_from; /* stage that the version then has no more; NULL: none */
	bool archive_previous; /* the version that is displaced gets the alias 'archived' */
	struct expect expect;  /* of the holder of the stage */
	const char *why;
	bool dry_run, override;
};
struct stage_result {
	struct resolved version;        /* that holds the stage now */
	bool has_previous;              /* another one did before */
	uint64_t previous;
	bool dropped, archived;         /* as was asked for, and it was so */
};
void stage_result_cleanup(struct stage_result *r);
#define STAGE_RESULT_INIT { .version = RESOLVED_INIT }

/* ERR_USAGE with the list and the nearest for a stage that is not on it.  What was not dropped is said in a note. */
int stage_promote(struct registry *reg, const struct stage_promotion *promotion, struct stage_result *out, struct error *err) MUST_CHECK;

struct stage_rollback {
	const char *reference; /* NAME:STAGE */
	uint64_t steps;        /* at least 1 */
	struct expect expect;
	const char *why;
	bool dry_run, override;
};
/*
 * The holders of a stage form a stack: a move by any other verb pushes, a rollback pops, an alias that was removed comes back.  Holders that were
 * removed from the collection are skipped, with a note.  ERR_NO_REFERENCE when there are not as many.
 */
int stage_rollback(struct registry *reg, const struct stage_rollback *rollback, struct stage_result *out, struct error *err) MUST_CHECK;

/*
 * The version in c that one step back would lead to, of any alias, whose changes by first parents are these, the newest first: 1, 0 there is none, -1.
 */
int stage_previous(struct view *v, const struct collection *c, const struct change *const *changes, size_t count, uint64_t *number,
		   struct error *err) MUST_CHECK;

#endif
