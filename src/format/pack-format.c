/* SPDX-License-Identifier: Apache-2.0 */
/* Writes and reads the bytes of a pack: every field is checked before anyone may use it. */
#include <config.h>

#include "format/pack-format.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_MAGIC "MREGPACK"
#define RECORD_MAGIC "mRec"
#define TRAILER_MAGIC "MREGTABL"
#define PACK_VERSION 1u

/* Offsets of the checksums within header, head and trailer. */
#define HEADER_CRC_AT 28
#define HEAD_CRC_AT 28
#define TRAILER_CRC_AT 52

void pack_header_write(uint8_t out[PACK_HEADER_LEN], const struct pack_header *h, crc32_fn crc)
{
	memset(out, 0, PACK_HEADER_LEN);
	memcpy(out, HEADER_MAGIC, 8);
	store_le32(out + 8, PACK_VERSION);
	store_le64(out + 16, (uint64_t)h->birth);
	store_le32(out + HEADER_CRC_AT, crc(0, out, HEADER_CRC_AT));
}

int pack_header_parse(const uint8_t *data, size_t len, struct pack_header *out, crc32_fn crc, struct error *err)
{
	out->birth = 0;
	if (len < PACK_HEADER_LEN || memcmp(data, HEADER_MAGIC, 8) != 0)
		return error_set(err, ERR_INTEGRITY, "not a pack: its header is missing");
	if (load_le32(data + HEADER_CRC_AT) != crc(0, data, HEADER_CRC_AT))
		return error_set(err, ERR_INTEGRITY, "the header is damaged");
	if (load_le32(data + 8) != PACK_VERSION || load_le32(data + 12) || load_le32(data + 24))
		return error_set(err, ERR_FORMAT, "a pack of a newer format");
	out->birth = (int64_t)load_le64(data + 16);
	return 0;
}

static size_t head_len(enum object_kind kind)
{
	return kind == OBJECT_RECIPE ? RECORD_HEAD_LEN + RECORD_FILE_LEN : RECORD_HEAD_LEN;
}

/* The checksum of a head whose own field counts as zero. */
static uint32_t head_crc(const uint8_t *head, size_t len, crc32_fn crc)
{
	static const uint8_t zero[4];
	uint32_t sum = crc(0, head, HEAD_CRC_AT);

	sum = crc(sum, zero, sizeof zero);
	return crc(sum, head + HEAD_CRC_AT + 4, len - HEAD_CRC_AT - 4);
}

size_t record_head_write(uint8_t out[RECORD_HEAD_LEN + RECORD_FILE_LEN], const struct record_head *h, crc32_fn crc)
{
	size_t len = head_len(h->kind);

	memset(out, 0, len);
	memcpy(out, RECORD_MAGIC, 4);
	out[4] = (uint8_t)h->kind;
	out[5] = h->codec;
	store_le16(out + 6, h->params);
	store_le64(out + 8, h->raw_len);
	store_le64(out + 16, h->stored_len);
	store_le32(out + 24, h->crc);
	memcpy(out + 32, h->id.raw, OID_LEN);
	if (h->kind == OBJECT_RECIPE)
		memcpy(out + RECORD_HEAD_LEN, h->file.raw, OID_LEN);
	store_le32(out + HEAD_CRC_AT, head_crc(out, len, crc));
	return len;
}

static bool is_record_kind(uint8_t kind, bool in_bundle)
{
	return (kind >= OBJECT_CHUNK && kind <= OBJECT_RUN) || (in_bundle && (kind == OBJECT_BUNDLE || kind == OBJECT_CHANGES));
}

static int parse_head(const uint8_t *data, size_t len, bool in_bundle, struct record_head *out, size_t *used, crc32_fn crc, struct error *err)
{
	size_t need;

	memset(out, 0, sizeof *out);
	*used = 0;
	if (len < RECORD_HEAD_LEN || memcmp(data, RECORD_MAGIC, 4) != 0)
		return error_set(err, ERR_INTEGRITY, "no record here");
	need = head_len(data[4]);
	if (len < need || load_le32(data + HEAD_CRC_AT) != head_crc(data, need, crc))
		return error_set(err, ERR_INTEGRITY, "the head of the record is damaged");
	if (!is_record_kind(data[4], in_bundle))
		return error_set(err, ERR_INTEGRITY, "a record of the unknown kind %u", data[4]);
	if (load_le64(data + 8) > OBJECT_MAX_BYTES || load_le64(data + 16) > OBJECT_MAX_BYTES)
		return error_set(err, ERR_INTEGRITY, "a record over the limit of %llu bytes", OBJECT_MAX_BYTES);
	out->kind = data[4];
	out->codec = data[5];
	out->params = load_le16(data + 6);
	out->raw_len = load_le64(data + 8);
	out->stored_len = load_le64(data + 16);
	out->crc = load_le32(data + 24);
	memcpy(out->id.raw, data + 32, OID_LEN);
	if (out->kind == OBJECT_RECIPE)
		memcpy(out->file.raw, data + RECORD_HEAD_LEN, OID_LEN);
	*used = need;
	return 0;
}

int record_head_parse(const uint8_t *data, size_t len, struct record_head *out, size_t *used, crc32_fn crc, struct error *err)
{
	return parse_head(data, len, false, out, used, crc, err);
}

int record_head_parse_bundle(const uint8_t *data, size_t len, struct record_head *out, size_t *used, crc32_fn crc, struct error *err)
{
	return parse_head(data, len, true, out, used, crc, err);
}

void pack_trailer_write(uint8_t out[PACK_TRAILER_LEN], const struct pack_trailer *t, crc32_fn crc)
{
	store_le64(out, t->table_offset);
	store_le64(out + 8, t->count);
	memcpy(out + 16, t->table_sum.raw, OID_LEN);
	store_le32(out + 48, PACK_VERSION);
	store_le32(out + TRAILER_CRC_AT, crc(0, out, TRAILER_CRC_AT));
	memcpy(out + 56, TRAILER_MAGIC, 8);
}

int pack_trailer_parse(const uint8_t data[PACK_TRAILER_LEN], uint64_t file_len, struct pack_trailer *out, crc32_fn crc, struct error *err)
{
	uint64_t offset = load_le64(data), count = load_le64(data + 8), tail;

	memset(out, 0, sizeof *out);
	if (memcmp(data + 56, TRAILER_MAGIC, 8) != 0)
		return error_set(err, ERR_INTEGRITY, "not a whole pack: its trailer is missing");
	if (load_le32(data + TRAILER_CRC_AT) != crc(0, data, TRAILER_CRC_AT))
		return error_set(err, ERR_INTEGRITY, "the trailer is damaged");
	if (load_le32(data + 48) != PACK_VERSION)
		return error_set(err, ERR_FORMAT, "a pack of a newer format");
	if (count > PACK_MAX_ROWS)
		return error_set(err, ERR_INTEGRITY, "a table over the limit of %u rows", PACK_MAX_ROWS);
	tail = PACK_FANOUT_LEN + (OID_LEN + PACK_ROW_LEN) * count + PACK_TRAILER_LEN;
	if (file_len < tail || offset < PACK_HEADER_LEN || offset != file_len - tail)
		return error_set(err, ERR_INTEGRITY, "the trailer does not fit the length of the file");
	out->table_offset = offset;
	out->count = count;
	memcpy(out->table_sum.raw, data + 16, OID_LEN);
	return 0;
}

int pack_row_compare(const struct pack_row *a, const struct pack_row *b)
{
	int order = oid_compare(&a->id, &b->id);

	if (order)
		return order;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return a->pack < b->pack ? -1 : a->pack > b->pack;
}

static int compare_rows(const void *a, const void *b)
{
	return pack_row_compare(a, b);
}

void pack_row_write(uint8_t out[PACK_ROW_LEN], const struct pack_row *row)
{
	store_le64(out, row->offset);
	store_le64(out + 8, row->stored_len);
	store_le64(out + 16, row->raw_len);
	store_le32(out + 24, row->crc);
	out[28] = (uint8_t)row->kind;
	out[29] = row->codec;
	store_le16(out + 30, row->params);
}

static void add_fanout(struct strbuf *out, const struct pack_row *rows, size_t count)
{
	size_t at = 0;

	for (unsigned first = 0; first < 256; first++) {
		uint8_t cell[4];

		while (at < count && rows[at].id.raw[0] == first)
			at++;
		store_le32(cell, (uint32_t)at);
		strbuf_add(out, cell, sizeof cell);
	}
}

void pack_table_write(struct strbuf *out, struct pack_row *rows, size_t count)
{
	if (count > PACK_MAX_ROWS)
		BUG("a table of %zu rows", count);
	if (count)
		qsort(rows, count, sizeof *rows, compare_rows);
	strbuf_grow(out, PACK_FANOUT_LEN + (OID_LEN + PACK_ROW_LEN) * count);
	add_fanout(out, rows, count);
	for (size_t i = 0; i < count; i++)
		strbuf_add(out, rows[i].id.raw, OID_LEN);
	for (size_t i = 0; i < count; i++) {
		uint8_t cell[PACK_ROW_LEN];

		pack_row_write(cell, &rows[i]);
		strbuf_add(out, cell, sizeof cell);
	}
}

int pack_table_open(const uint8_t *data, size_t len, size_t count, struct pack_table *out, struct error *err)
{
	uint32_t before = 0;

	memset(out, 0, sizeof *out);
	if (count > PACK_MAX_ROWS || len != PACK_FANOUT_LEN + (OID_LEN + PACK_ROW_LEN) * count)
		return error_set(err, ERR_INTEGRITY, "the table has not the length of its %zu rows", count);
	for (size_t i = 0; i < 256; i++) {
		uint32_t upto = load_le32(data + 4 * i);

		if (upto < before || upto > count)
			return error_set(err, ERR_INTEGRITY, "the fan-out of the table is damaged");
		before = upto;
	}
	if (before != count)
		return error_set(err, ERR_INTEGRITY, "the fan-out of the table is damaged");
	out->fanout = data;
	out->ids = data + PACK_FANOUT_LEN;
	out->rows = out->ids + OID_LEN * count;
	out->count = count;
	return 0;
}

/* How row i stands to (id, kind) in the order of the table. */
static int compare_to_row(const struct pack_table *t, size_t i, const struct oid *id, enum object_kind kind)
{
	int order = memcmp(t->ids + OID_LEN * i, id->raw, OID_LEN);

	return order ? order : (int)t->rows[PACK_ROW_LEN * i + 28] - (int)kind;
}

int64_t pack_table_find(const struct pack_table *t, const struct oid *id, enum object_kind kind)
{
	size_t first = id->raw[0], low, high, end;

	if (!t->count)
		return -1;
	low = first ? load_le32(t->fanout + 4 * (first - 1)) : 0;
	high = end = load_le32(t->fanout + 4 * first);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_to_row(t, middle, id, kind) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < end && compare_to_row(t, low, id, kind) == 0 ? (int64_t)low : -1;
}

bool pack_table_row(const struct pack_table *t, size_t i, uint64_t records_end, struct pack_row *out)
{
	const uint8_t *cell;
	uint64_t whole;

	memset(out, 0, sizeof *out);
	if (i >= t->count)
		return false;
	cell = t->rows + PACK_ROW_LEN * i;
	if (!is_record_kind(cell[28], t->is_bundle) && cell[28] != OBJECT_FILE)
		return false;
	memcpy(out->id.raw, t->ids + OID_LEN * i, OID_LEN);
	out->kind = cell[28];
	out->offset = load_le64(cell);
	out->stored_len = load_le64(cell + 8);
	out->raw_len = load_le64(cell + 16);
	out->crc = load_le32(cell + 24);
	out->codec = cell[29];
	out->params = load_le16(cell + 30);
	if (out->stored_len > OBJECT_MAX_BYTES || out->raw_len > OBJECT_MAX_BYTES)
		return false;
	whole = head_len(out->kind == OBJECT_FILE ? OBJECT_RECIPE : out->kind) + out->stored_len;
	return out->offset >= PACK_HEADER_LEN && records_end >= whole && out->offset <= records_end - whole;
}
