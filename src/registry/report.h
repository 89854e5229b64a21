/* SPDX-License-Identifier: Apache-2.0 */
/* What a report says, gathered at once from one state of the registry; cmd/report*.c renders it. */
#ifndef MREG_REGISTRY_REPORT_H
#define MREG_REGISTRY_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "format/json.h"
#include "format/points.h"
#include "registry/lineage.h"
#include "registry/registry.h"
#include "registry/run-points.h"

struct report_metric_rule {
	char *name;
	bool is_min; /* the least is the best */
};
struct report_request {
	const struct strvec *names;    /* collections, not NULL; none: all, or those that the query finds */
	const char *query;             /* --search: versions; NULL: none */
	const struct report_metric_rule *metrics; /* --metric M:min|max, in the order of the table; none: all metrics that the versions have, names sorted, at most 12 */
	size_t metric_count;
	uint64_t top;                  /* the newest N of each collection, the holders of aliases and the best by the rules; UINT64_MAX: all */
	const char *media;             /* a glob of paths whose pictures are shown, or NULL */
};

struct report_alias {
	char *alias;      /* as written */
	uint64_t number;  /* of the version that has it, which the query may have left out of the versions below */
	bool is_stage;
	int64_t since;    /* when it came to this version */
	char *user;       /* who moved it */
	char *why;        /* "" for none */
	bool has_previous;
	uint64_t previous; /* who had it before: what `mreg rollback NAME:ALIAS` would go back to */
};
struct report_media {
	char *path;
	char *ref;          /* the version that the file is of: this one, or what a consumer of it made */
	const char *type;   /* "image/png", …, known by its first bytes, never by its name */
	struct strbuf data; /* at most REPORT_MEDIA_MAX bytes; larger ones are left out */
};
struct report_version {
	uint64_t number;
	struct oid digest, version;
	int64_t created;
	char *user, *note;       /* note "" for none */
	uint64_t bytes, files;
	struct strvec aliases, tags, links; /* links: "MODEL:vN"; of a model's link its "source" stands in it */
	char *source;            /* of a link: "ARTIFACT:vN"; "" */
	json_t *metadata, *metrics; /* merged objects */
	char *run;               /* id of the run that made it; "" */
	char *job_type;
	json_t *config;        /* of that run, as it is recorded, and */
	json_t *config_fields; /* the same without objects within it, "opt.lr" → value; both NULL when there is none */
	struct report_media *media;
	size_t media_count;
};
struct report_best {
	const char *metric;  /* borrowed of the report's */
	bool has_best;
	uint64_t number;     /* ties: the oldest */
};
struct report_curve {     /* a metric over the steps of a run that made one of the versions */
	uint64_t number;     /* of the version */
	char *run, *metric;
	struct curve_point *points; /* thinned (points_thin) */
	size_t count;
};
struct report_event {    /* promotion history: moves of stages and other aliases, newest first */
	int64_t time;
	char *user, *host, *alias, *why;
	char *from, *to;     /* "v3"; "" for none */
};
struct report_collection {
	char *name, *title, *type, *kind, *note; /* kind "artifact" or "model" */
	struct strvec tags;
	struct report_version *versions; /* newest first */
	size_t version_count;
	struct strvec config;    /* config_fields of all versions: first those that differ and are scalars, then others that differ, then the rest; by name */
	size_t config_columns;   /* how many of the first are columns: at most 4, and only such as differ */
	uint64_t left_out;       /* versions that --top left out */
	struct report_alias *aliases; /* stages first, in their order, then the others by name */
	size_t alias_count;
	struct report_best *best; /* one for each metric */
	size_t best_count;
	struct report_curve *curves;
	size_t curve_count;
	struct report_event *events; /* at most 200 */
	size_t event_count;
	struct lineage lineage;  /* both directions from what is in production, else the first stage's holder, else the newest; at most 60 nodes, 8 steps, clustered */
};
struct report_data {
	struct report_collection *collections; /* by name */
	size_t count;
	int64_t time;            /* SOURCE_DATE_EPOCH, else that of the last change: the same registry gives the same bytes; 0: there is none */
	char *root;              /* base name of the registry's directory */
	uint64_t sequence;       /* of the journal */
	struct strvec metrics;   /* columns, in order */
	bool *metric_has_rule, *metric_is_min; /* one for each */
};
#define REPORT_DATA_INIT { .metrics = STRVEC_INIT }
#define REPORT_MEDIA_MAX (2u << 20)     /* of one file */
#define REPORT_MEDIA_TOTAL (32u << 20)  /* of all */

/* ERR_NO_COLLECTION for a name that is none; ERR_INVALID for a query or a rule.  Versions whose object is damaged are passed over with a warning. */
int report_gather(struct registry *reg, const struct report_request *request, struct report_data *out, struct error *err) MUST_CHECK;
void report_data_cleanup(struct report_data *data);

#endif
