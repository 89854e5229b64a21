/* SPDX-License-Identifier: Apache-2.0 */
/* What merging and renumbering share: what keys and values say, and how plans grow. */
#ifndef MREG_FORMAT_MERGE_INTERNAL_H
#define MREG_FORMAT_MERGE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/hashmap.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "format/merge.h"

#define MERGE_CID_LEN 32
#define MERGE_NUMBER_MAX (UINT64_C(1) << 53)

/* version/CID/N or link/CID/N. */
struct merge_place {
	bool is_link;
	char cid[MERGE_CID_LEN + 1];
	uint64_t number;
};
bool merge_place_parse(const char *key, struct merge_place *out); /* false: another key */
void merge_place_key(struct strbuf *out, const struct merge_place *place);
/* Whether the key is FIRST/CID or FIRST/CID/…; out holds MERGE_CID_LEN + 1.  first with its slash. */
bool merge_cid_of(const char *key, const char *first, char *out);
/* The id in the member "version" of a value. */
bool merge_version_of(const char *value, struct oid *out);
/* Not two versions are named by the values of these changes. */
bool merge_same_version(const struct change_list *a, const struct change_list *b);

/* Is the collection a run?  Its records have no numbers to give: what is recorded at its end stands under 1, or has lost. */
bool merge_is_run(const struct change_map *map, const char *cid);

/* The keys of a state, sorted. */
void merge_fold_keys(const struct fold *fold, struct strvec *keys);
/* NULL: never set, or a tombstone. */
const char *merge_live_value(const struct fold *fold, const char *key);

/* Where versions are live: "a" and the id for artifacts, "version/CID" or "link/CID" and the id for one collection → key, owned. */
void merge_places(const struct fold *fold, struct hashmap *out);
void merge_places_add(struct hashmap *places, const char *key, const char *value);
const char *merge_places_of(const struct hashmap *places, const struct merge_place *in, const struct oid *version); /* NULL: not live there */
const char *merge_places_in_artifacts(const struct hashmap *places, const struct oid *version);
void merge_places_cleanup(struct hashmap *places);

/* For each collection the number after the highest that was ever used: "version/CID" or "link/CID" → number. */
void merge_numbers(const struct fold *fold, struct hashmap *out);
uint64_t merge_numbers_next(const struct hashmap *numbers, const struct merge_place *in);
/* Takes the next number of the collection of *place: sets place->number.  ERR_CONFLICT: there is none left. */
int merge_numbers_take(struct hashmap *numbers, struct merge_place *place, struct error *err) MUST_CHECK;
void merge_numbers_burn(struct hashmap *numbers, const struct merge_place *place); /* this one is used */

void merge_plan_add(struct merge_plan *plan, struct change *made); /* takes it */
/* Copies; to and version may be NULL. */
void merge_plan_move(struct merge_plan *plan, const char *from, const char *to, const struct oid *version);
void merge_conflicts_add(struct merge_conflicts *c, enum merge_conflict_kind kind, const char *key, const char *other); /* copies */

#endif
