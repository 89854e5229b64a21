/* SPDX-License-Identifier: Apache-2.0 */
/* A collection, and what stands in the references that belong to it. */
#ifndef MREG_REGISTRY_COLLECTION_H
#define MREG_REGISTRY_COLLECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/strvec.h"
#include "format/json.h"
#include "store/txn.h"
#include "store/view.h"

struct collection {
	struct cid cid;
	bool is_model, is_run; /* else an artifact; a run is never found by a name (registry/run.h) */
	char *name, *type;
};
#define COLLECTION_INIT { { "" }, false, false, NULL, NULL }
void collection_cleanup(struct collection *c);

/*
 * The collection that a user means by `name`: completed with the view's scope, else as it stands, else by its title.  1, 0 when there is
 * none (case counts: *other_case, may be NULL, is set when only case differs), -1.
 */
int collection_find(struct view *v, const char *name, struct collection *out, bool *other_case, struct error *err) MUST_CHECK;
/* ERR_NO_COLLECTION when there is none, with what it became when it was renamed, or the nearest name, as a hint. */
int collection_get(struct view *v, const char *name, struct collection *out, struct error *err) MUST_CHECK;
/* What a collection that had this name once is called now, or "".  Of very many collections only the first are asked: this is a courtesy. */
int collection_former(struct view *v, const char *name, struct strbuf *became, struct error *err) MUST_CHECK;
/* How many live versions, or links, it has, and the highest of them. */
struct collection_count {
	uint64_t live, latest;
};
int collection_count(struct view *v, const struct collection *c, struct collection_count *out, struct error *err) MUST_CHECK;
/* Every live one in order of name. */
typedef int (*collection_fn)(const struct collection *c, void *arg, struct error *err);
int collection_each(struct view *v, collection_fn fn, void *arg, struct error *err) MUST_CHECK;
/* Every live run as what it is kept as, in order of ids: for who looks after objects.  Its name is its id. */
int collection_each_run(struct view *v, collection_fn fn, void *arg, struct error *err) MUST_CHECK;

/* What the value of a coll/ key says; false, and out as it was, when it is none. */
bool collection_parse(const struct cid *cid, const json_t *value, struct collection *out);
/* By its id: 1, 0, -1. */
int collection_read(struct view *v, const struct cid *cid, struct collection *out, struct error *err) MUST_CHECK;
/* Its title, "" if it has none. */
int collection_title(struct view *v, const struct cid *cid, struct strbuf *out, struct error *err) MUST_CHECK;
/* c has name, type and kind: gets a new id, and is put into the transaction. */
int collection_create(struct txn *txn, struct collection *c, struct error *err) MUST_CHECK;
/* title NULL or "": none from now on.  Whether it is free is for the rules to say. */
int collection_set_title(struct txn *txn, const struct collection *c, const char *title, struct error *err) MUST_CHECK;
/* A rule: title and name are no other's title or name in its project, in any case: else ERR_CONFLICT.  Nothing is wrong with one that is not there. */
int collection_check_title(struct view *v, const struct cid *cid, struct error *err) MUST_CHECK;

/* ---- the values of keys: one writer and one reader each ---- */
json_t *collection_value(const struct collection *c);

struct alias_row {
	char *alias; /* as written */
	struct oid version;
	uint64_t number;
};
struct alias_rows {
	struct alias_row *v;
	size_t count, cap;
};
#define ALIAS_ROWS_INIT { NULL, 0, 0 }
void alias_rows_cleanup(struct alias_rows *rows);
bool alias_rows_has(const struct alias_rows *rows, uint64_t number); /* one leads to this version */
/* All aliases of a collection, ordered by folded name. */
int alias_rows_read(struct view *v, const struct collection *c, struct alias_rows *out, struct error *err) MUST_CHECK;
/* One alias (any case): 1, 0, -1. */
int alias_find(struct view *v, const struct collection *c, const char *alias, struct alias_row *out, struct error *err) MUST_CHECK;
void alias_row_cleanup(struct alias_row *row);
json_t *alias_value(const char *alias, const struct oid *version);
/* "alias/CID/folded" */
void alias_key(struct strbuf *out, const struct cid *cid, const char *alias);
/* JSON array of the aliases in rows that name this version; "latest" is not among them. */
json_t *alias_rows_of(const struct alias_rows *rows, uint64_t number);

json_t *version_value(const struct version_row *row);

#endif
