/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of a put know: put.c, which reads and stores, and put-decide.c, which decides under the lock; a draft reads as a put does. */
#ifndef MREG_REGISTRY_PUT_INTERNAL_H
#define MREG_REGISTRY_PUT_INTERNAL_H

#include <stdbool.h>

#include "base/error.h"
#include "format/manifest.h"
#include "registry/put.h"
#include "registry/run.h"
#include "registry/tree.h"
#include "store/objects.h"
#include "store/statcache.h"
#include "store/txn.h"

/* One put, from its operands to its line in the journal. */
struct put {
	struct registry *reg;
	const struct put_options *options;
	struct objects *objects;
	struct object_writer *writer; /* NULL in a dry run */
	struct tree tree;
	struct stat_rows stat_rows;
	struct manifest manifest;
	struct strbuf manifest_text;
	struct strbuf facts;          /* of the version object, for the index; empty for none */
	struct strbuf name;           /* of the artifact, in full */
	struct run run;               /* it belongs to, if in_run */
	bool in_run;
	json_t *metrics;              /* those of a new version: given ones over those of the run */
	struct version_row row;       /* digest, size, files; version once staged */
	char *staged_type;            /* the version object in row.version says this type; NULL: none is staged */
	bool needs_staging;           /* the decision wants a version object (of wanted_type) that is not staged */
	char *wanted_type;
	bool begins_run;              /* this is the first record of a run that is made with it */
	struct put_result *result;
};
#define PUT_INIT(registry, put_options, put_result) \
	{ .reg = (registry), .options = (put_options), .stat_rows = STAT_ROWS_INIT, .manifest_text = STRBUF_INIT, .facts = STRBUF_INIT, \
	  .name = STRBUF_INIT, .run = RUN_INIT, .result = (put_result) }
void put_cleanup(struct put *p);

/* Reads the sources: manifest and stat_rows, and result->stored, have what they hold.  Without a dry run it is in the writer, not yet durable. */
int put_read_sources(struct put *p, struct view *v, struct error *err) MUST_CHECK;

/* The type of an artifact that it makes. */
const char *put_new_type(const struct put_options *o);
/* What holds before any byte is read, and again under the lock.  1: the artifact is there, 0: not yet. */
int put_check_collection(struct view *v, const struct put_options *o, struct collection *c, struct error *err) MUST_CHECK;
/* 1: --only-if-better refuses the version, and out says who is best. */
int put_is_not_better(struct put *p, struct view *v, const struct collection *c, struct error *err) MUST_CHECK;
/* Each a txn_decide_fn; arg is the struct put. */
int put_decide(struct txn *txn, void *arg, struct error *err) MUST_CHECK;
int put_decide_record(struct txn *txn, void *arg, struct error *err) MUST_CHECK;

#endif
