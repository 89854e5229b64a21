/* SPDX-License-Identifier: Apache-2.0 */
/* A consistent state of all references, read from the index: a snapshot, or what stands under the journal lock (mreg-registry(5)). */
#ifndef MREG_STORE_VIEW_H
#define MREG_STORE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "format/change.h"
#include "format/fold.h"
#include "format/json.h"

#define CID_HEX_LEN 32

/* A collection's id: 128 bits as 32 hex digits. */
struct cid {
	char hex[CID_HEX_LEN + 1];
};

/* Keys (mreg-journal(5) lists them with their values).  SUBJECT is a version id (64 hex digits) or a CID (32).
 *	coll/CID              {"kind":"artifact"|"model"|"run","name":…,"type":…}; "label" besides for a run (registry/run.h)
 *	title/CID             "text"
 *	version/CID/N         {"digest":HEX,"files":N,"size":N,"version":HEX}   digest: of the manifest; version: the version object's id
 *	link/CID/N            the same; CID is a registered model, N its own number
 *	alias/CID/FOLDED      {"alias":AS-WRITTEN,"version":HEX}
 *	protect/CID/FOLDED    {"alias":AS-WRITTEN,"reason":BOOL}                reason: a move is let through when it says why
 *	tag/SUBJECT/TAG       true
 *	note/SUBJECT          "text"              description that came after the first put
 *	meta/SUBJECT/KEY      {"value":any JSON}  KEY is the metadata key, with / and % written as %2f and %25
 *	metric/SUBJECT/KEY    {"value":number|"nan"|"inf"|"-inf"}
 *	ttl/SUBJECT           SECONDS | "never"
 *	input/CID/VERSION     {"as":TEXT,"digest":HEX,"ref":TEXT}               CID is a run's (registry/run-edge.h)
 *	output/CID/VERSION    {"created":BOOL,"digest":HEX,"ref":TEXT}
 *	from/CID              {"digest":HEX,"ref":TEXT,"version":HEX}           the artifact began at that version
 * and this registry's own, which never travel:
 *	absent/VERSION        {"remote":TEXT}     files of this version are elsewhere
 *	shallow/CID           true                only a part of the collection's keys is here
 *	history rows belong to the CID that stands in the key; with a version id, to every collection that has the version (found by the rows W)
 */
struct view;

/* Snapshot of the index after replaying what the journal has beyond it (when the lock can be had; else as it stands).  Freed by view_close. */
struct store;
struct view *view_open(struct store *store, struct error *err) MUST_CHECK;
void view_close(struct view *v);
void view_cleanup(struct view **v);

/* What short names are completed with; may be NULL. */
struct name_scope;
const struct name_scope *view_scope(const struct view *v);

/* It is that of a transaction which takes over what was made elsewhere. */
bool view_is_received(const struct view *v);

/* True the first time that it is asked with this text: for a check of a state that does not change any more. */
bool view_once(struct view *v, const char *what);

/* Heads of any key (count 0: never set). */
int view_heads(struct view *v, const char *key, struct heads *out, struct error *err) MUST_CHECK;
/* 1: live, out is its canonical JSON; 0: never set or a tombstone; -1. */
int view_value(struct view *v, const char *key, struct strbuf *out, struct error *err) MUST_CHECK;
/* The same, parsed, into *out, which is NULL before. */
int view_json(struct view *v, const char *key, json_t **out, struct error *err) MUST_CHECK;
/* Every live key with this prefix, in byte order.  fn as in kv.h: 1 stops, -1 fails. */
typedef int (*view_value_fn)(const char *key, const char *value, void *arg, struct error *err);
int view_each(struct view *v, const char *prefix, view_value_fn fn, void *arg, struct error *err) MUST_CHECK;

/* Live collection by name (case is folded; *exact says whether it was written so): 1, 0, -1. */
int view_find_name(struct view *v, const char *name, struct cid *cid, bool *exact, struct error *err) MUST_CHECK;
/* How many live collections have this name, in any case. */
int view_count_name(struct view *v, const char *name, size_t *count, struct error *err) MUST_CHECK;
/* Live collections ordered by folded name, then bytes. */
typedef int (*view_name_fn)(const char *name, const struct cid *cid, void *arg, struct error *err);
int view_each_name(struct view *v, view_name_fn fn, void *arg, struct error *err) MUST_CHECK;

/* Live runs whose id begins with prefix ("": all), in order of ids.  fn as in kv.h. */
int view_each_run(struct view *v, const char *prefix, view_name_fn fn, void *arg, struct error *err) MUST_CHECK;

enum edge_kind {
	EDGE_FROM = 'f',   /* an artifact that began at the version */
	EDGE_INPUT = 'i',  /* a run that used it */
	EDGE_OUTPUT = 'o', /* a run that made it */
};
/* What names this version in live keys of that kind, in order of CIDs; the version need not be known here. */
typedef int (*view_edge_fn)(const struct cid *cid, void *arg, struct error *err);
int view_each_edge(struct view *v, const struct oid *version, enum edge_kind kind, view_edge_fn fn, void *arg, struct error *err) MUST_CHECK;

#define VERSION_SUMMARY_MAX 200 /* bytes */
struct version_row {
	uint64_t number;
	bool removed; /* a tombstone: the number stays burnt, the rest is zero */
	struct oid version, digest;
	uint64_t size, files;
	bool has_brief; /* the index has learned what follows from the version object: to list versions, no object need be read */
	int64_t created;
	char summary[VERSION_SUMMARY_MAX + 1]; /* first line of the description that it was put with */
};
#define VERSION_ROW_INIT { 0, false, { { 0 } }, { { 0 } }, 0, 0, false, 0, { 0 } }
/* Sets created and summary; a summary that is too long, or has a NUL, is not learned. */
void version_row_set_brief(struct version_row *row, int64_t created, const char *description);
/* 1 (also for a tombstone), 0 never used, -1. */
int view_version(struct view *v, const struct cid *cid, uint64_t number, struct version_row *out, struct error *err) MUST_CHECK;
/* In order of number, or downward when reverse; tombstones too. */
typedef int (*view_version_fn)(const struct version_row *row, void *arg, struct error *err);
int view_each_version(struct view *v, const struct cid *cid, bool reverse, view_version_fn fn, void *arg, struct error *err) MUST_CHECK;
/* The number after the highest ever used; 0 in an empty collection. */
int view_next_number(struct view *v, const struct cid *cid, uint64_t *out, struct error *err) MUST_CHECK;
/* Highest live: 1, 0 none, -1. */
int view_latest(struct view *v, const struct cid *cid, struct version_row *out, struct error *err) MUST_CHECK;
/* The highest live version with this digest: 1, 0, -1. */
int view_find_digest(struct view *v, const struct cid *cid, const struct oid *digest, struct version_row *out, struct error *err) MUST_CHECK;
/* Live versions whose digest begins with hex (an even or odd number of digits), each once. */
int view_each_digest(struct view *v, const struct cid *cid, const char *hex, view_version_fn fn, void *arg, struct error *err) MUST_CHECK;
/* Where a version id stands: its artifact and the number it was put as; else a model that links to it: 1, 0, -1.  Live or removed. */
int view_find_version(struct view *v, const struct oid *version, struct cid *cid, uint64_t *number, struct error *err) MUST_CHECK;

/* Its number in this collection: a live one before one that is removed: 1, 0, -1. */
int view_version_in(struct view *v, const struct cid *cid, const struct oid *version, uint64_t *number, struct error *err) MUST_CHECK;
/* Every collection that has or had the version, in order of CID and number; is_live: it has it now under that number. */
typedef int (*view_place_fn)(const struct cid *cid, uint64_t number, bool is_link, bool is_live, void *arg, struct error *err);
int view_each_place(struct view *v, const struct oid *version, view_place_fn fn, void *arg, struct error *err) MUST_CHECK;

/* Keeps what rows with has_brief say in the index, if nobody holds the journal's lock: only to be quicker the next time, so nothing is said when
 * that fails.  No view of this process may be open. */
void view_learn(struct store *store, const struct cid *cid, const struct version_row *rows, size_t count);

/* What facts_write() made of a version's object, copied into out: 1, 0 when the index has not learned it, -1. */
int view_facts(struct view *v, const struct oid *version, struct strbuf *out, struct error *err) MUST_CHECK;
struct facts_row {
	struct oid version;
	struct strbuf facts;
};
/* Keeps them, as view_learn() does. */
void view_learn_facts(struct store *store, const struct facts_row *rows, size_t count);

/* Changes of one collection (NULL: of all), newest first when reverse, from journal lines that are checked again as they are read. */
typedef int (*view_change_fn)(const struct change *c, uint64_t seq, const char *by, void *arg, struct error *err);
int view_each_change(struct view *v, const struct cid *cid, bool reverse, view_change_fn fn, void *arg, struct error *err) MUST_CHECK;
/* A change by id: 1, 0, -1. */
int view_change(struct view *v, const struct oid *id, struct change *out, struct error *err) MUST_CHECK;

/* A change that others may have: it came from another registry, or was handed out (txn_offer()): 1, 0, also when it is unknown, -1. */
int view_is_offered(struct view *v, const struct oid *id, struct error *err) MUST_CHECK;
/* Up to which line all changes of a collection (NULL: of everything) were handed out; 0: none. */
int view_offered_through(struct view *v, const struct cid *cid, uint64_t *seq, struct error *err) MUST_CHECK;
/* A change that counts no more: 1, 0, -1. */
int view_is_withdrawn(struct view *v, const struct oid *id, struct error *err) MUST_CHECK;
/* Changes of the lines after number `seq`, oldest first, in the order of the journal, without what is withdrawn. */
int view_each_change_after(struct view *v, uint64_t seq, view_change_fn fn, void *arg, struct error *err) MUST_CHECK;

/* The position in the journal this view stands for. */
struct journal_position;
void view_position(struct view *v, struct journal_position *out);

#endif
