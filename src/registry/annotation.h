/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a collection, a version or a run after it was made: tags, note, metadata, metrics, each edit a revision. */
#ifndef MREG_REGISTRY_ANNOTATION_H
#define MREG_REGISTRY_ANNOTATION_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strvec.h"
#include "format/json.h"
#include "registry/registry.h"
#include "registry/resolve.h"
#include "registry/run.h"

/* SUBJECT of the keys: a version id or a CID, which of a run is its own. */
struct subject {
	char id[OID_HEX_LEN + 1];
};
struct subject subject_of_version(const struct oid *version);
struct subject subject_of_collection(const struct cid *cid);

/* ---- reading ---- */
/* Sorted by bytes, appended. */
int annotation_tags(struct view *v, const struct subject *of, struct strvec *out, struct error *err) MUST_CHECK;
/* 1: there is one (it may be ""), 0, -1. */
int annotation_note(struct view *v, const struct subject *of, struct strbuf *out, struct error *err) MUST_CHECK;
/* Revisions applied over what stands in the object. */
int annotation_metadata(struct view *v, const struct subject *of, json_t *object, struct error *err) MUST_CHECK;
int annotation_metrics(struct view *v, const struct subject *of, json_t *object, struct error *err) MUST_CHECK;

/* ---- within a transaction ---- */
int annotation_set_tag(struct txn *txn, const struct subject *of, const char *tag, bool set, struct error *err) MUST_CHECK;
int annotation_set_note(struct txn *txn, const struct subject *of, const char *text, struct error *err) MUST_CHECK;
enum annotation_layer { ANNOTATION_METADATA, ANNOTATION_METRIC };
int annotation_set(struct txn *txn, const struct subject *of, enum annotation_layer layer, const char *key, const json_t *value,
		   struct error *err) MUST_CHECK;

/* What a history tells: the KEY of a meta/ or metric/ key; caller frees. */
char *annotation_decode_key(const char *encoded);

/* ---- the verbs ---- */
struct annotated {
	bool is_version, is_run;
	struct subject subject;
	struct resolved target; /* of a collection only its collection stands, of a run neither */
	struct run run;
};
void annotated_cleanup(struct annotated *a);
/* NAME is the collection, all else a version; what is neither may be a run, by its id or its label. */
int annotation_target(struct view *v, const char *text, struct annotated *out, struct error *err) MUST_CHECK;
/* The same, but a run is ERR_USAGE: of what runs do not have. */
int annotation_target_no_run(struct view *v, const char *text, const char *what, struct annotated *out, struct error *err) MUST_CHECK;

struct annotation_change {
	const char *verb, *reference, *why;
	const struct strvec *add_tags, *drop_tags; /* may be NULL, as all below; a dropped one that is not there is ERR_NO_REFERENCE */
	const char *note;
	const char *note_before;                   /* ERR_CONFLICT when the note is not this one any more */
	const char *title;                         /* of a collection; "": none from now on */
	const json_t *metadata, *metrics;
	const struct strvec *drop_keys;            /* of metadata and metrics; one that is not there is ERR_NO_REFERENCE */
	bool dry_run;
};
/* One transaction; what stands there already is no change. */
int annotation_run(struct registry *reg, const struct annotation_change *change, struct annotated *out, struct error *err) MUST_CHECK;

#endif
