/* SPDX-License-Identifier: Apache-2.0 */
/* All objects of a registry: which packs there are, what they hold, reading, and staging new ones. */
#ifndef MREG_STORE_OBJECTS_H
#define MREG_STORE_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/report.h"
#include "base/strbuf.h"
#include "codec/codec.h"
#include "format/pack-format.h"
#include "format/recipe.h"
#include "store/pack.h"

/*
 * The set of packs below MREG_DIR/objects, listed once and again when something that must be there is not.  Tables are mapped, asked newest
 * first.
 * Packs under 8 MiB are merged in passing (store/pack-merge.h), so that there are few of them.  So that a registry of thousands of larger ones
 * need not open them all, a derived file objects/multi-pack holds the rows of many packs in one table (written anew in passing by a writer,
 * when more than 16 packs that are not merged are outside of it, or more than 64 of any size, and they are more than a quarter of those it
 * covers, or it has under 4,096 rows for each of them; replaced atomically, never synced, ignored when it is damaged; its rows of packs that
 * are gone are passed over).  Packs it covers are opened when one of their records is read.
 * objects/retired/ has packs that were merged, until their grace is over (store/retired.h).  Deduplication does not count on them, but a read
 * that must find looks there too, in the end.
 * Format of multi-pack: "MREGMULT" | u32 version 1 | u32 pack count | u64 row count | 32 bytes SHA-256 of all that follows | pack names (32
 * bytes each) |
 * u32 pack of each row (as sorted) | table as in a pack.
 * Lookups and reads are thread-safe.
 */
struct objects;

struct objects *objects_open(const char *mreg_dir, struct report *report, struct error *err) MUST_CHECK;
void objects_close(struct objects *o);

/* Is there such an object, as far as is known without listing again?  For deduplication. Finds what an object_writer of this process has
 * staged, too. */
bool objects_has(struct objects *o, enum object_kind kind, const struct oid *id);
/* fsck: replaces the list of ids of which no sound copy was found (store/damaged.h); objects_has() then says no of them. */
int objects_set_damaged(struct objects *o, const struct oid *ids, size_t count, struct error *err) MUST_CHECK;
/* Bytes of a file of this digest and size are all in place: as a chunk, or as a recipe and each of its chunks. */
bool objects_has_file(struct objects *o, const struct oid *digest, uint64_t size);
/* Is there a recipe of this id, as far as is known?  *file: the digest of the file it makes. */
bool objects_find_recipe(struct objects *o, const struct oid *id, struct oid *file);

/* The same of what can be read, with the length of its raw bytes; finds what is in quarantine, and verified, too. */
bool objects_find(struct objects *o, enum object_kind kind, const struct oid *id, uint64_t *raw_len);
/*
 * The record of an object as it lies in some pack, its CRC checked and a damaged copy passed over: 1, 0 when there is none (or fsck has found none that is sound), -1:
 * ERR_INTEGRITY, …  kind OBJECT_FILE finds a recipe by its file.
 */
int objects_read_record(struct objects *o, enum object_kind kind, const struct oid *id, struct record_head *head, struct strbuf *stored,
			struct error *err) MUST_CHECK;

/* What one thread needs to read: codec state and buffers. */
struct object_reader;
struct object_reader *object_reader_new(struct objects *o); /* NULL: for object_read_row() and objects_check_row() alone */
void object_reader_free(struct object_reader *r);
void object_reader_cleanup(struct object_reader **r);
/* From now on only what is in use counts, no retired pack. */
void object_reader_skip_retired(struct object_reader *r);

/* Raw bytes of an object, decoded and checked against its id (for OBJECT_FILE: the recipe's bytes and its id in *recipe_id, may be NULL).
 * ERR_INTEGRITY "object … is missing" after listing again, or "… is damaged in pack …"; a damaged copy is passed over when another pack has
 * a good one. */
int object_read(struct object_reader *r, enum object_kind kind, const struct oid *id, struct strbuf *out, struct oid *recipe_id, struct error *err) MUST_CHECK;
/* A chunk of known length into a buffer of that length. */
int object_read_chunk(struct object_reader *r, const struct oid *id, void *dst, uint32_t len, struct error *err) MUST_CHECK;
/* The same, decoded but not hashed: for who hashes the whole file of it, and reads once more with care when that goes wrong. */
int object_read_chunk_unhashed(struct object_reader *r, const struct oid *id, void *dst, uint32_t len, struct error *err) MUST_CHECK;
/* The recipe of a file over FILE_ONE_CHUNK_MAX, its sum of lengths checked against size. */
int object_read_recipe(struct object_reader *r, const struct oid *file, uint64_t size, struct recipe *out, struct error *err) MUST_CHECK;
/* A manifest's text: as an object, or as a file when it is large; checked against the digest. */
int object_read_manifest(struct object_reader *r, const struct oid *digest, struct strbuf *out, struct error *err) MUST_CHECK;

/* Raw bytes of one record of one pack, checked, no other copy being asked; *id: what they hash to, for OBJECT_FILE the recipe's id.
 * ERR_INTEGRITY. */
int object_read_row(struct object_reader *r, const struct pack *pack, const struct pack_row *row, struct strbuf *out, struct oid *id,
		    struct error *err) MUST_CHECK;

/* Staging: new objects go into a pack in tmp/, moved into objects/ when full or at commit.  Thread-safe. */
struct object_writer;
struct object_writer *object_writer_new(struct objects *o, struct error *err) MUST_CHECK;
/* Stores an object whose id the caller has computed, unless it is there already.  codec: the calling thread's.  file: of recipes, else NULL.
 * *stored (may be NULL): bytes added on disk, 0 when it was there. */
int object_writer_add(struct object_writer *w, struct codec_context *codec, const struct codec_hint *hint, enum object_kind kind, const struct oid *id,
		      const struct oid *file, const void *data, size_t len, uint64_t *stored, struct error *err) MUST_CHECK;
/* Everything added is durable at return.  May be called again after more was added. */
int object_writer_commit(struct object_writer *w, struct error *err) MUST_CHECK;
/* What was not committed is removed. */
void object_writer_free(struct object_writer *w);
void object_writer_cleanup(struct object_writer **w);

/* What can wait until the result is safe (store_tidy_objects() does it): small packs to be merged, retired ones to be removed. */
bool objects_want_tidying(struct objects *o);
int objects_tidy(struct objects *o, struct error *err) MUST_CHECK; /* the caller holds LOCK_MERGE */
/* The multi-pack table is written anew when it is time. */
int objects_consolidate(struct objects *o, struct error *err) MUST_CHECK;

/* How many reads found their object in retired packs only: as in a copy that was made while packs were being merged. */
uint64_t objects_retired_reads(const struct objects *o);

/* For fsck: every pack (paths in objects/ that are no packs are reported by name with pack NULL and err set in fn's place). fn as in
 * kv.h. */
typedef int (*objects_pack_fn)(struct pack *pack, const char *name, const struct error *problem, void *arg, struct error *err);
int objects_each_pack(struct objects *o, objects_pack_fn fn, void *arg, struct error *err) MUST_CHECK;
/* Decodes and hashes one record as fsck does. */
int objects_check_row(struct object_reader *r, const struct pack *pack, const struct pack_row *row, struct error *err) MUST_CHECK;

#endif
