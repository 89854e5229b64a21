/* SPDX-License-Identifier: Apache-2.0 */
/* Keys: those of references, taken apart, and those of the index's tables, put together (mreg-registry(5)). */
#ifndef MREG_STORE_INDEX_KEY_H
#define MREG_STORE_INDEX_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/digest.h"
#include "format/json.h"
#include "store/kv.h"
#include "store/view.h"

/* The first byte of a row's key. */
enum index_table {
	TABLE_STATE = 'M',   /* → schema, registry, kv identity, journal position */
	TABLE_KEY = 'K',     /* key → heads */
	TABLE_NAME = 'N',    /* folded name, NUL, CID → name as written */
	TABLE_VERSION = 'V', /* CID, number → struct version_row */
	TABLE_ID = 'W',      /* version id, CID, number → nothing, or "l" for a link */
	TABLE_RUN = 'R',     /* id of a run, NUL, CID → nothing */
	TABLE_EDGE = 'E',    /* version id, kind of edge, CID → nothing */
	TABLE_DIGEST = 'D',  /* CID, digest, number → nothing */
	TABLE_HISTORY = 'H', /* CID, seq, i → line offset */
	TABLE_TIME = 'T',    /* seq, i → line offset */
	TABLE_CHANGE = 'C',  /* change id → struct change_row */
	TABLE_OFFERED = 'O', /* CID, all zero for everything → the line up to which it was handed out */
	TABLE_FACTS = 'F',   /* version id → format/facts.h */
	TABLE_STAT = 'S',    /* device, inode → struct stat_row; alone: how many were written */
};

#define CID_LEN (CID_HEX_LEN / 2)
#define INDEX_LINK_MARK "l" /* value of a row of TABLE_ID that a link derives */

/* A CID as it stands in table keys. */
struct raw_cid {
	uint8_t raw[CID_LEN];
};

/* A table key being put together; numbers stand in it with their high byte first, so that rows sort by them. */
struct index_key {
	size_t len;
	uint8_t data[KV_KEY_MAX];
};
void index_key_begin(struct index_key *k, enum index_table table);
/* Longer than KV_KEY_MAX in all is a BUG. */
void index_key_add(struct index_key *k, const void *data, size_t len);
void index_key_add_u64(struct index_key *k, uint64_t n);
void index_key_add_u32(struct index_key *k, uint32_t n);
void index_key_add_cid(struct index_key *k, const struct raw_cid *cid);
void index_key_add_oid(struct index_key *k, const struct oid *id);
struct span index_key_span(const struct index_key *k);

bool index_cid_parse(const struct cid *cid, struct raw_cid *out);
void index_cid_write(const struct raw_cid *raw, struct cid *out);

enum reference_table {
	REF_OTHER, /* a key that derives nothing: unknown here, or not of the form its first component has */
	REF_COLLECTION,
	REF_VERSION,
	REF_ALIAS,
	REF_LINK,
	REF_TITLE,
	REF_PROTECT,
	REF_NOTE,
	REF_META,
	REF_TAG,
	REF_METRIC,
	REF_TTL,
	REF_INPUT,
	REF_OUTPUT,
	REF_FROM,
};
struct reference_key {
	enum reference_table table;
	bool of_version;    /* the subject is `version`, else `cid` */
	struct raw_cid cid;
	uint64_t number;    /* REF_VERSION, REF_LINK */
	struct oid version; /* of REF_INPUT and REF_OUTPUT as well */
};
void index_key_parse(const char *key, struct reference_key *out);
/* The value of a key that is live; NULL for a tombstone, what was never set (NULL), and what is no JSON: that derives nothing. */
json_t *index_key_value(const char *text);

/* Where a change stands in the journal. */
struct change_row {
	bool withdrawn;
	uint64_t seq; /* 0: withdrawn without ever having been seen */
	uint32_t i;
	uint64_t offset;
};
/* 1, 0 when the id is unknown, -1. */
int index_key_find_change(struct kv_txn *txn, const struct oid *id, struct change_row *out, struct error *err) MUST_CHECK;
int index_key_put_change(struct kv_txn *txn, const struct oid *id, const struct change_row *row, struct error *err) MUST_CHECK;

#endif
