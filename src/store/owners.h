/* SPDX-License-Identifier: Apache-2.0 */
/* Who refers to which stored object, and what each of them takes: four bytes of memory a row of the pack tables. */
#ifndef MREG_STORE_OWNERS_H
#define MREG_STORE_OWNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "format/pack-format.h"
#include "store/objects.h"

/* Owners are numbers that the caller gives out, from OWNERS_FIRST on. */
#define OWNERS_NONE 0u   /* nobody refers to it */
#define OWNERS_SHARED 1u /* more than one does */
#define OWNERS_FIRST 2u

/* What an object is referred to as. */
enum owners_use {
	OWNERS_CONTENT = 1 << 0, /* it has bytes of files in it, or says where they are */
	OWNERS_LIST = 1 << 1,    /* it is a manifest, or part of one */
	OWNERS_ABOUT = 0,        /* all else */
};

struct owners;
/* Every row of every pack there is, none of them owned.  Lists the packs again: what a snapshot of the references taken before needs is among
 * them. */
struct owners *owners_open(struct objects *objects, struct error *err) MUST_CHECK;
void owners_free(struct owners *o);
void owners_cleanup(struct owners **o);

bool owners_has(const struct owners *o, enum object_kind kind, const struct oid *id);
/*
 * The object is `owner`'s from here on, or shared when it was another's.  Of several copies the one that is read first is
 * claimed.  *changed: this said something new, so that what the object refers to must be claimed, too.  False when there is no such object.
 */
bool owners_claim(struct owners *o, enum object_kind kind, const struct oid *id, uint32_t owner, enum owners_use use, bool *changed);
/* What is wrong with a pack that cannot be used; false when all can. */
bool owners_problem(const struct owners *o, struct error *out);

/* Raw bytes; bytes on disk: record and rows of the table, less in a pack that takes fewer blocks than it has bytes. */
struct owned {
	uint64_t raw, stored;
};
struct owners_sum {
	struct owned *of; /* by owner; count of them, given by the caller */
	size_t count;
	uint64_t content_raw, content_payload; /* chunks with bytes of files that somebody owns: raw, and encoded */
	uint64_t impossible;                   /* rows that cannot be true; they are left out */
};
/* Adds up all rows. of[] must be zero. */
int owners_add_up(const struct owners *o, struct owners_sum *sum, struct error *err) MUST_CHECK;

#endif
