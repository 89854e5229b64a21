/* SPDX-License-Identifier: Apache-2.0 */
/* One pack file: writing it record by record from several threads, and reading its table and records. */
#ifndef MREG_STORE_PACK_H
#define MREG_STORE_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "format/pack-format.h"

#define PACK_SUFFIX ".pack"
/* "DIR/NAME.pack", appended; and back from a file's base name: false when it is no pack's. */
void pack_path(struct strbuf *out, const char *dir, const struct oid *name);
bool pack_parse_name(const char *file, struct oid *name);

/* ---- reading ---- */
struct pack {
	char *path;
	struct oid name;          /* SHA-256 of the table, as the file is called: NAME.pack */
	int fd;                   /* kept open: a pack that gc retires meanwhile stays readable */
	uint64_t records_end;     /* where the table begins */
	uint64_t len;             /* of the file */
	int64_t birth;
	void *map;                /* of the table; NULL when it came from the multi-pack table and was not needed yet */
	size_t map_len, map_skip;
	struct pack_table table;
};
/* Opens, checks header, trailer and the table's shape, maps the table.  ERR_INTEGRITY names the pack. */
struct pack *pack_open(const char *path, const struct oid *name, struct error *err) MUST_CHECK;
/* A bundle (mreg-bundle(5)), under any name, through a link too: its name is what its table hashes to, which is checked here, and the kinds of
 * records that only bundles have are legal. */
struct pack *pack_open_bundle(const char *path, struct error *err) MUST_CHECK;
void pack_close(struct pack *p);
/* The stored payload of a row into out (reset first), its CRC checked. Thread-safe. */
int pack_read_stored(const struct pack *p, const struct pack_row *row, struct strbuf *out, struct error *err) MUST_CHECK;
/* The same into dst, which has room for row->stored_len bytes. */
int pack_read_payload(const struct pack *p, const struct pack_row *row, void *dst, struct error *err) MUST_CHECK;
/* The record head that stands at the row's offset, checked against the row (for recipes: which file). */
int pack_read_head(const struct pack *p, const struct pack_row *row, struct record_head *out, struct error *err) MUST_CHECK;
/* fsck: the table hashes to the name, and a scan of the records gives exactly the table's rows.  ERR_INTEGRITY says where it differs. */
int pack_check(const struct pack *p, struct error *err) MUST_CHECK;

/* ---- writing ---- */
struct pack_writer;
/* Makes a new file in tmp_dir.  birth: what its header says, clock_now() unless it is merged from older packs.  Thread-safe from here on. */
struct pack_writer *pack_writer_new(const char *tmp_dir, int64_t birth, struct error *err) MUST_CHECK;
/* The same, in the directory that path is in, for pack_writer_place(). */
struct pack_writer *pack_writer_new_beside(const char *path, int64_t birth, struct error *err) MUST_CHECK;
/*
 * Goes on with a file that was being written when its process was killed: records are taken over up to the first that is not whole, by
 * their CRCs, and what follows is cut off.  NULL leaves the file as it is: ERR_INTEGRITY when it is no beginning of a pack.
 */
struct pack_writer *pack_writer_resume(const char *path, struct error *err) MUST_CHECK;
/* Gives the record a place (its crc is filled in); a small one may reach the file only with those that follow. */
int pack_writer_add(struct pack_writer *w, struct record_head *head, const void *stored, struct error *err) MUST_CHECK;
uint64_t pack_writer_bytes(const struct pack_writer *w); /* of records so far */
size_t pack_writer_count(const struct pack_writer *w);
/* A record that this writer holds: its row, and its head and stored bytes read back. */
bool pack_writer_find(struct pack_writer *w, const struct oid *id, enum object_kind kind, struct pack_row *out);
int pack_writer_read_head(struct pack_writer *w, const struct pack_row *row, struct record_head *out, struct error *err) MUST_CHECK;
int pack_writer_read_stored(struct pack_writer *w, const struct pack_row *row, struct strbuf *out, struct error *err) MUST_CHECK;
/* All that was added is in the file, though not yet durable. */
int pack_writer_flush(struct pack_writer *w, struct error *err) MUST_CHECK;
/* Table, trailer, fsync, rename into objects_dir as NAME.pack, fsync of the directory; durable at return.  A pack of that name that is
 * there already has the same records, sound or not, and is replaced.  The writer is gone either way; with no records nothing is left behind
 * and *name is zero.  Fails when an object could not be written before. */
int pack_writer_finish(struct pack_writer **w, const char *objects_dir, struct oid *name, struct error *err) MUST_CHECK;
/* Table, trailer and fsync alone; nothing can be added after it.  pack_writer_place() then gives a file that was made beside path that name, and syncs the
 * directory: 1 when there is a file already, which is not to be replaced; the writer is gone in any case. */
int pack_writer_seal(struct pack_writer *w, struct oid *name, struct error *err) MUST_CHECK;
int pack_writer_place(struct pack_writer **w, const char *path, bool replace, struct error *err) MUST_CHECK;
void pack_writer_abort(struct pack_writer **w); /* removes the file */
/* A whole pack that is durable as a file, on the same file system: renamed into objects_dir, which is synced; readable for the group where that is shared. */
int pack_move_in(const char *path, const char *objects_dir, const struct oid *name, struct error *err) MUST_CHECK;

#endif
