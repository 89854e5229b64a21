/* SPDX-License-Identifier: Apache-2.0 */
/* What a registry takes on disk, and which of its artifacts, or types, takes how much of it. */
#ifndef MREG_REGISTRY_USAGE_H
#define MREG_REGISTRY_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "registry/registry.h"

enum usage_by { USAGE_BY_NAME, USAGE_BY_TYPE };

/* An artifact, or all artifacts of a type, or all runs. */
struct usage_row {
	char *name; /* or the type */
	char *type;
	uint64_t versions; /* live ones */
	uint64_t logical;  /* bytes of their files, as far as those are here, each version kept apart */
	uint64_t unique;   /* raw bytes of objects that nothing else refers to */
	uint64_t stored;   /* what those take on disk: records, and rows of the tables */
	bool is_runs;      /* of all runs: versions are their records */
	bool is_damaged;   /* some of it could not be read, and is missing in unique and stored */
};
struct usage {
	struct usage_row *rows; /* in order of name */
	size_t count, cap;
	uint64_t shared_raw, shared;             /* objects that several rows refer to; raw and stored */
	uint64_t unreferenced_raw, unreferenced; /* objects that no live version refers to, and second copies */
	/* bytes on disk */
	uint64_t packs;   /* of packs, what is no record and no row of a table: heads, ends, blocks that are not full */
	uint64_t retired; /* packs that were replaced and are kept for a while */
	uint64_t journal, index, other;
	/* All of it: stored is the sum of every part above, and what the directory takes. */
	uint64_t versions, logical, unique, stored;
	uint64_t absent;       /* bytes of files that are elsewhere, counted nowhere else */
	uint64_t deduplicated; /* of logical: bytes that were there already */
	uint64_t compressed;   /* of the rest of logical: bytes that encoding saved */
	uint64_t problems;     /* how many pieces of damage were met; the first: */
	struct error first_problem;
};
#define USAGE_INIT           \
	{                    \
		.rows = NULL \
	}

/* Of the references as they are in the registry's view.  Damage is counted and what it hits left out; -1 for all else. */
int usage_measure(struct registry *reg, enum usage_by by, struct usage *out, struct error *err) MUST_CHECK;
void usage_cleanup(struct usage *u);

/* What would go with some versions. */
struct usage_what_if {
	uint64_t versions, logical; /* their own */
	uint64_t unique, stored;    /* of objects that no other version refers to: raw bytes, and on disk; a gc frees these */
};
/* references: versions of artifacts. */
int usage_what_if(struct registry *reg, const struct strvec *references, struct usage_what_if *out, struct error *err) MUST_CHECK;

#endif
