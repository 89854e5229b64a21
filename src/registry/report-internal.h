/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of report_gather() share.  Only report*.c include this. */
#ifndef MREG_REGISTRY_REPORT_INTERNAL_H
#define MREG_REGISTRY_REPORT_INTERNAL_H

#include "base/hashmap.h"
#include "registry/report.h"
#include "registry/resolve.h"

/* What could not be read, and so is not in the report. */
struct report_loss {
	size_t count;
	struct error first;
};

struct report_gathering {
	struct registry *reg;
	struct view *view;
	const struct report_request *request;
	struct strvec stages;   /* of the configuration */
	bool has_matches;       /* there is a query, and it found: */
	struct hashmap matches; /* raw version id → itself */
	bool is_remote_lost;    /* it was asked for a file in vain, and is not asked again; why: */
	struct error remote_loss;
	struct report_loss pictures, points, configs;
	uint64_t media_bytes;   /* of all pictures */
	size_t media_count, media_left_out;
};

/* ---- report-loss.c ---- */
/* What failed is passed over when it is damaged, or elsewhere and cannot be fetched: 0, and err is clear; else -1. */
int report_loss_add(struct report_gathering *g, struct report_loss *loss, const char *of, struct error *err) MUST_CHECK;
/* Files of this version would have to be fetched from a remote that did not answer before: 1, 0, -1. */
int report_loss_expect(struct report_gathering *g, const struct oid *version, struct error *err) MUST_CHECK;
/* Warnings about all that was lost. */
void report_loss_tell(struct report_gathering *g);

/* ---- report-collection.c ---- */
/* All of one collection; out is zeroed before, and belongs to the caller whatever comes of it. */
int report_collection_read(
	struct report_gathering *g, const struct collection *c, struct report_collection *out, struct error *err) MUST_CHECK;
void report_collection_release(struct report_collection *c);

/* ---- report-version.c ---- */
/* What its object and its annotations say.  1, 0: the object is damaged, which has been told, -1. */
int report_version_read(struct report_gathering *g, const struct collection *c, const struct version_row *row, struct report_version *out,
	struct error *err) MUST_CHECK;
/* What else stands around it, for those that are shown. */
int report_version_place(struct report_gathering *g, const struct collection *c, struct report_version *out, struct error *err) MUST_CHECK;
void report_version_release(struct report_version *v);
/* Its value of a metric; false when it has none. */
bool report_version_metric(const struct report_version *v, const char *metric, double *out);

/* ---- report-alias.c ---- */
/* Aliases and events. */
int report_alias_read(struct report_gathering *g, const struct collection *c, const struct alias_rows *rows, struct report_collection *out,
	struct error *err) MUST_CHECK;

/* ---- report-config.c ---- */
struct run;
/* Sets the configuration of a version that this run made; one whose record is damaged is left out with a warning. */
int report_config_read(struct report_gathering *g, const struct run *run, struct report_version *v, struct error *err) MUST_CHECK;
/* The fields of all versions, when these are known. */
void report_config_choose(struct report_collection *c);

/* ---- report-run.c ---- */
/* Sets run, job_type and configuration of a version, as far as they are known. */
int report_run_of(struct report_gathering *g, struct report_version *v, struct error *err) MUST_CHECK;

/* ---- report-lineage.c ---- */
int report_lineage_read(struct report_gathering *g, struct report_collection *c, struct error *err) MUST_CHECK;

/* ---- report-curve.c ---- */
/* Metrics over the steps of the runs that made versions of c; what is damaged or cannot be fetched is left out with a warning. */
int report_curve_read(struct report_gathering *g, struct report_collection *c, struct error *err) MUST_CHECK;
/* Takes so many points away that all curves of the report together stay small. */
void report_curve_thin(struct report_data *data);
void report_curve_release(struct report_curve *curve);

/* ---- report-media.c ---- */
/* Pictures of a version of this collection, as long as there is room; what is damaged or cannot be fetched is left out with a warning. */
int report_media_read(struct report_gathering *g, const char *collection, struct report_version *v, struct error *err) MUST_CHECK;
/* A note about what was left out. */
void report_media_tell(struct report_gathering *g);

#endif
