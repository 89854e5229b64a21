/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a pack: header, records, table, trailer; and of the multi-pack table.  Pure; store/pack does the I/O (mreg-registry(5)). */
#ifndef MREG_FORMAT_PACK_FORMAT_H
#define MREG_FORMAT_PACK_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/strbuf.h"

/* All integers little-endian.
 *
 * pack    = header (32) record… table trailer (64)
 * header  = "MREGPACK" | u32 version 1 | u32 0 | i64 birth (ns since 1970; a merged pack keeps the newest of its inputs) | u32 0 | u32 CRC-32 of the 28 bytes before
 * record  = head (64) [file digest (32), recipes only] payload (stored_len bytes)
 * head    = "mRec" | u8 kind | u8 codec | u16 params | u64 raw_len | u64 stored_len | u32 crc of the payload | u32 CRC-32 of the head (this field 0) and the file digest | 32 bytes id
 *           offsets:     0       4         5          6          8              16                24                         28                                      32
 * table   = 256 × u32 fan-out (rows whose first id byte is <= i) | ids (32 bytes a row, sorted by id, then kind, then offset) | rows (32 bytes each)
 * row     = u64 offset of the record | u64 stored_len | u64 raw_len | u32 crc | u8 kind | u8 codec | u16 params
 * trailer = u64 table offset | u64 row count | 32 bytes SHA-256 of the table (its hex is the pack's name) | u32 version 1 | u32 CRC-32 of the 52 bytes before | "MREGTABL"
 *
 * A recipe's record has two rows: (id, OBJECT_RECIPE) and (file digest, OBJECT_FILE), both with its offset.
 */
enum object_kind {
	OBJECT_CHUNK = 1,    /* id: SHA-256 of the raw bytes */
	OBJECT_RECIPE = 2,   /* id: SHA-256 of the list; the record names the file's digest */
	OBJECT_MANIFEST = 3, /* id: SHA-256 of the text (a manifest over FILE_ONE_CHUNK_MAX is stored as a file: chunks and a recipe) */
	OBJECT_VERSION = 4,  /* id: SHA-256 of the JSON */
	OBJECT_RUN = 5,
	OBJECT_FILE = 6,     /* only in tables: a recipe found by the digest of its file */
	OBJECT_BUNDLE = 7,   /* only in bundles (mreg-bundle(5)), one: its header, JSON; id: SHA-256 of it */
	OBJECT_CHANGES = 8,  /* only in bundles: changes, one a line; id: SHA-256 of the text */
};

#define PACK_HEADER_LEN 32
#define RECORD_HEAD_LEN 64
#define RECORD_FILE_LEN 32
#define PACK_TRAILER_LEN 64
#define PACK_ROW_LEN 32
#define PACK_FANOUT_LEN 1024
#define PACK_MAX_BYTES (1ull << 30)    /* of records; a pack is closed when it has as much */
#define OBJECT_MAX_BYTES (64ull << 20) /* raw and stored, of one record */
#define PACK_MAX_ROWS (1u << 26)

struct pack_header {
	int64_t birth;
};
struct record_head {
	enum object_kind kind; /* not OBJECT_FILE */
	uint8_t codec;
	uint16_t params;
	uint64_t raw_len, stored_len;
	uint32_t crc;
	struct oid id;
	struct oid file; /* recipes only */
};
struct pack_row {
	struct oid id;
	enum object_kind kind;
	uint8_t codec;
	uint16_t params;
	uint64_t offset, stored_len, raw_len;
	uint32_t crc;
	uint32_t pack; /* which pack of a multi-pack table; no part of a row's bytes */
};
struct pack_trailer {
	uint64_t table_offset, count;
	struct oid table_sum;
};

typedef uint32_t (*crc32_fn)(uint32_t crc, const void *data, size_t len); /* codec's CRC-32, handed in: format knows no codec */

void pack_header_write(uint8_t out[PACK_HEADER_LEN], const struct pack_header *h, crc32_fn crc);
int pack_header_parse(const uint8_t *data, size_t len, struct pack_header *out, crc32_fn crc, struct error *err) MUST_CHECK;
/* Writes 64 or 96 bytes; returns how many. */
size_t record_head_write(uint8_t out[RECORD_HEAD_LEN + RECORD_FILE_LEN], const struct record_head *h, crc32_fn crc);
/* *used: 64 or 96.  ERR_INTEGRITY on magic, CRC, unknown kind (a bundle's are), lengths over OBJECT_MAX_BYTES, too few bytes. */
int record_head_parse(const uint8_t *data, size_t len, struct record_head *out, size_t *used, crc32_fn crc, struct error *err) MUST_CHECK;
/* The same with the kinds that a bundle has besides. */
int record_head_parse_bundle(const uint8_t *data, size_t len, struct record_head *out, size_t *used, crc32_fn crc, struct error *err) MUST_CHECK;
void pack_trailer_write(uint8_t out[PACK_TRAILER_LEN], const struct pack_trailer *t, crc32_fn crc);
/* file_len is the pack's: table_offset + table length + 64 must be exactly that. */
int pack_trailer_parse(const uint8_t data[PACK_TRAILER_LEN], uint64_t file_len, struct pack_trailer *out, crc32_fn crc, struct error *err) MUST_CHECK;

/* The order of a table: id, then kind, then offset (then pack). */
int pack_row_compare(const struct pack_row *a, const struct pack_row *b);
void pack_row_write(uint8_t out[PACK_ROW_LEN], const struct pack_row *row);
/* Sorts rows in place and appends the table's bytes. */
void pack_table_write(struct strbuf *out, struct pack_row *rows, size_t count);
/* A table in memory or mapped: nothing of it is copied. */
struct pack_table {
	const uint8_t *fanout, *ids, *rows;
	size_t count;
	bool is_bundle; /* for whoever opens one to set: rows of its kinds are legal too */
};
/* len must be exactly 1024 + 64 * count; the fan-out must be monotone and end at count.  Rows are checked as they are read. */
int pack_table_open(const uint8_t *data, size_t len, size_t count, struct pack_table *out, struct error *err) MUST_CHECK;
/* First row of (id, kind), or -1. */
int64_t pack_table_find(const struct pack_table *t, const struct oid *id, enum object_kind kind);
/* Row i; false when its lengths or offset are impossible in a pack whose records end at `records_end`. */
bool pack_table_row(const struct pack_table *t, size_t i, uint64_t records_end, struct pack_row *out);

#endif
