/* SPDX-License-Identifier: Apache-2.0 */
/* Directory → version. */
#ifndef MREG_REGISTRY_PUT_H
#define MREG_REGISTRY_PUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "format/run-id.h"
#include "registry/alias.h"
#include "registry/best.h"
#include "registry/external.h"
#include "registry/link.h"
#include "registry/registry.h"
#include "registry/tree.h"

struct put_source {
	const char *path; /* "-": standard input */
	const char *as;   /* NULL: its own name */
};
struct put_options {
	const char *name;                 /* what the user typed: a bare name, else ERR_USAGE */
	const struct cid *cid;            /* not NULL: the artifact, whatever it is called, and name is for messages */
	const struct put_source *sources;
	size_t source_count;
	const struct external *refs;      /* files that stay where they are */
	size_t ref_count;
	const struct manifest *manifest;  /* not NULL: there are no sources; what it lists is in the registry */
	const char *type;                 /* NULL: the artifact's, new_type for a new one */
	const char *new_type;             /* NULL: "model" */
	const struct strvec *aliases;     /* "latest" is accepted and does nothing */
	const struct strvec *tags;        /* may be NULL */
	const struct link_target *links;  /* models to link the version into, with the aliases to set there */
	struct strvec *linked;            /* NULL, or takes MODEL:vN of each of them */
	size_t link_count;
	const char *message;              /* NULL or "": none */
	const char *verb, *why;           /* for the history; NULL: "put", the message */
	const char *run;                  /* --run; NULL: MREG_RUN's */
	bool is_input;                    /* the run uses what is put, and does not make it */
	const char *input_as;             /* then: what the run calls it; NULL: nothing */
	const char *from;                 /* NULL, or the version at which the artifact began (run-edge.h) */
	json_t *metadata, *metrics;       /* objects, borrowed; may be NULL */
	struct tree_options tree;
	struct expect expect;             /* of the latest version */
	struct best_rule best;            /* moves the alias "best" when the metric, which must be given, is strictly better than its holder's */
	bool only_if_better;              /* makes no version otherwise */
	bool has_keep_last;
	uint64_t keep_last;               /* older versions are removed in the same transaction, but for what is held (holders.h) */
	bool unpack;                      /* a source that is a file, or "-", is an archive */
	bool allow_empty, new_version, fail_if_unchanged, dry_run, override;
	/*
	 * Not NULL: a record of this run is what is put, and name, cid, type and all that is about aliases, links or other versions are not read.  Without a cid the
	 * run is made in the same transaction; else this is the record of its end, and ERR_CONFLICT when there is one.
	 */
	struct run *record;
	const char *parent;               /* NULL, or the id of the run that this one was started in */
	const struct put_source *own;     /* files of the registry's own making, which may lie inside of it */
	size_t own_count;
	const struct manifest *base;      /* NULL, or what is in the registry and stands beside what the sources hold */
};
struct put_result {
	char name[NAME_FULL_MAX + 1]; /* of the artifact */
	char run[RUN_ID_LEN + 1];     /* that has made it, or used it; "" for none */
	struct oid digest, version;
	uint64_t number, bytes, stored, files;
	uint64_t removed; /* versions, by keep_last */
	bool created;
	bool annotated;     /* not created, but message or metadata became a revision */
	const char *reason; /* "unchanged", "not-better" (the version is then that which is best), or NULL when created */
};

/*
 * Stores what the sources hold and commits it: version, aliases, tags and links are one transaction.  Content equal to a live version of the artifact makes no new one: aliases, message and
 * metadata are then applied to the highest such version.  A dry run reads and decides all and writes nothing.  What a run makes gets as metrics what the run had logged
 * last when the put began, under those that are given.
 */
int put_run(struct registry *reg, const struct put_options *options, struct put_result *out, struct error *err) MUST_CHECK;

#endif
