/* SPDX-License-Identifier: Apache-2.0 */
/* What a key of the journal is about, in the names that users know. */
#ifndef MREG_REGISTRY_KEY_NAME_H
#define MREG_REGISTRY_KEY_NAME_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "format/json.h"
#include "store/view.h"

/* A key in its parts: "alias/CID/best" is the kind alias, the subject CID and the rest "best". */
struct key_name {
	char kind[16];
	struct cid cid;     /* "" when the subject is a version */
	struct oid version;
	bool is_version;
	const char *rest;   /* within the key; "" when there is none */
};
void key_name_parse(const char *key, struct key_name *out);
bool key_name_is(const struct key_name *s, const char *kind);

/* The name of what is kept as a run (registry/run.h): no other collection is called so. */
bool key_name_is_run(const char *name);

/* All append. */
/* The name that a collection (32 digits) has now, or had last, else its id. */
int key_name_collection(struct view *v, const char *cid, struct strbuf *out, struct error *err) MUST_CHECK;
/* "NAME:vN" of a version id, as it is called in this collection (NULL: in its artifact), else in its artifact, else its first digits. */
int key_name_version(struct view *v, const struct cid *in, const struct oid *version, struct strbuf *out, struct error *err) MUST_CHECK;
/* The reference: NAME, NAME:vN, NAME:ALIAS, RUN (written as in one of its values, "null" for none); nothing when nobody knows. */
int key_name_subject(struct view *v, const struct cid *in, const struct key_name *s, const char *before, const char *after, struct strbuf *out,
		     struct error *err) MUST_CHECK;
/* The value of a coll/ key: its name, and of a run, whose id says nothing, what it is of: "train 'sweep-3'". */
void key_name_collection_value(const json_t *value, struct strbuf *out);
/* A value that names nothing else, or has the name in it: of tags, notes, metadata, metrics, titles, times to live, protections, and what runs have to do with versions. */
void key_name_plain_value(const struct key_name *s, const json_t *value, struct strbuf *out);

#endif
