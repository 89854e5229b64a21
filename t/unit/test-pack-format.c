/* SPDX-License-Identifier: Apache-2.0 */
/* What a user of format/pack-format counts on. */
#include <config.h>

#include "format/pack-format.h"

#include "base/mem.h"
#include "codec/deflate.h"
#include "tap.h"

static void header(void)
{
	const struct pack_header h = { .birth = INT64_C(1234567890123456789) };
	struct pack_header back;
	struct error err = ERROR_INIT;
	uint8_t data[PACK_HEADER_LEN];

	pack_header_write(data, &h, deflate_crc32);
	ok(!memcmp(data, "MREGPACK\1\0\0\0\0\0\0\0", 16), "a pack begins with its magic and version");
	ok(pack_header_parse(data, sizeof data, &back, deflate_crc32, &err) == 0 && back.birth == h.birth,
	   "a header is read as it was written");
	ok(pack_header_parse(data, sizeof data - 1, &back, deflate_crc32, &err) < 0, "half a header is refused");
	data[17] ^= 1;
	ok(pack_header_parse(data, sizeof data, &back, deflate_crc32, &err) < 0 && err.code == ERR_INTEGRITY,
	   "a damaged header is refused");
	data[17] ^= 1;
	data[8] = 2;
	store_le32(data + 28, deflate_crc32(0, data, 28));
	ok(pack_header_parse(data, sizeof data, &back, deflate_crc32, &err) < 0 && err.code == ERR_FORMAT,
	   "a newer version is told apart from damage");
}

static struct record_head some_head(enum object_kind kind)
{
	struct record_head h = { .kind = kind, .codec = 1, .params = 0x1234, .raw_len = 100, .stored_len = 50, .crc = 0xdeadbeef };

	sha256_bytes("id", 2, &h.id);
	if (kind == OBJECT_RECIPE)
		sha256_bytes("file", 4, &h.file);
	return h;
}

static bool heads_equal(const struct record_head *a, const struct record_head *b)
{
	return a->kind == b->kind && a->codec == b->codec && a->params == b->params && a->raw_len == b->raw_len &&
	       a->stored_len == b->stored_len && a->crc == b->crc && oid_equal(&a->id, &b->id) && oid_equal(&a->file, &b->file);
}

static void record_heads(void)
{
	struct record_head chunk = some_head(OBJECT_CHUNK), recipe = some_head(OBJECT_RECIPE), back;
	uint8_t data[RECORD_HEAD_LEN + RECORD_FILE_LEN];
	struct error err = ERROR_INIT;
	bool all_found = true;
	size_t used;

	is_int((intmax_t)record_head_write(data, &chunk, deflate_crc32), 64, "a record's head has 64 bytes");
	ok(record_head_parse(data, 64, &back, &used, deflate_crc32, &err) == 0 && used == 64 && heads_equal(&back, &chunk),
	   "it is read as it was written");
	is_int((intmax_t)record_head_write(data, &recipe, deflate_crc32), 96, "a recipe's has 96");
	ok(record_head_parse(data, 96, &back, &used, deflate_crc32, &err) == 0 && used == 96 && heads_equal(&back, &recipe),
	   "and names the file");
	ok(record_head_parse(data, 95, &back, &used, deflate_crc32, &err) < 0, "a cut head is refused");
	for (size_t i = 0; i < 96 * 8; i++) {
		data[i / 8] ^= (uint8_t)(1 << i % 8);
		all_found = all_found && record_head_parse(data, 96, &back, &used, deflate_crc32, &err) < 0 && err.code == ERR_INTEGRITY;
		data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	ok(all_found, "any flipped bit in a head is found");
	chunk.stored_len = OBJECT_MAX_BYTES + 1;
	record_head_write(data, &chunk, deflate_crc32);
	ok(record_head_parse(data, 64, &back, &used, deflate_crc32, &err) < 0, "a record over the limit is refused");
	chunk = some_head(OBJECT_FILE);
	record_head_write(data, &chunk, deflate_crc32);
	ok(record_head_parse(data, 64, &back, &used, deflate_crc32, &err) < 0, "no record is of the kind that stands only in tables");
}

static void trailers(void)
{
	struct pack_trailer t = { .table_offset = 500, .count = 3 }, back;
	uint64_t len = 500 + PACK_FANOUT_LEN + 64 * 3 + PACK_TRAILER_LEN;
	uint8_t data[PACK_TRAILER_LEN];
	struct error err = ERROR_INIT;

	sha256_bytes("table", 5, &t.table_sum);
	pack_trailer_write(data, &t, deflate_crc32);
	ok(pack_trailer_parse(data, len, &back, deflate_crc32, &err) == 0 && back.table_offset == 500 && back.count == 3 &&
	   oid_equal(&back.table_sum, &t.table_sum), "a trailer is read as it was written");
	ok(pack_trailer_parse(data, len + 1, &back, deflate_crc32, &err) < 0, "a trailer that does not fit the file is refused");
	t.count = UINT64_MAX / 64;
	pack_trailer_write(data, &t, deflate_crc32);
	ok(pack_trailer_parse(data, len, &back, deflate_crc32, &err) < 0 && err.code == ERR_INTEGRITY, "so is one of too many rows");
	t.count = 3;
	t.table_offset = UINT64_MAX - 100;
	pack_trailer_write(data, &t, deflate_crc32);
	ok(pack_trailer_parse(data, len, &back, deflate_crc32, &err) < 0, "and an offset that overflows");
	data[40] ^= 4;
	ok(pack_trailer_parse(data, len, &back, deflate_crc32, &err) < 0, "a damaged trailer is refused");
}

#define ROWS 1000u

static void fill_rows(struct pack_row *rows)
{
	memset(rows, 0, ROWS * sizeof *rows);
	for (uint32_t i = 0; i < ROWS; i++) {
		uint32_t same = i / 2; /* each id twice, as a chunk and as a manifest */

		sha256_bytes(&same, sizeof same, &rows[i].id);
		rows[i].kind = i % 2 ? OBJECT_CHUNK : OBJECT_MANIFEST;
		rows[i].offset = PACK_HEADER_LEN + 100u * i;
		rows[i].stored_len = 36;
		rows[i].raw_len = i;
		rows[i].crc = i * 7;
	}
}

static void tables(void)
{
	CLEANUP(ptr) struct pack_row *rows = xcalloc(ROWS, sizeof *rows);
	CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct pack_table t;
	struct pack_row row;
	struct oid absent;
	uint32_t good = 0;

	fill_rows(rows);
	pack_table_write(&bytes, rows, ROWS);
	is_int((intmax_t)bytes.len, PACK_FANOUT_LEN + 64 * ROWS, "a table has 64 bytes a row");
	need(pack_table_open((const uint8_t *)bytes.buf, bytes.len, ROWS, &t, &err) == 0, "the table opens");
	fill_rows(rows);
	for (uint32_t i = 0; i < ROWS; i++) {
		int64_t at = pack_table_find(&t, &rows[i].id, rows[i].kind);

		good += at >= 0 && pack_table_row(&t, (size_t)at, PACK_HEADER_LEN + 100u * ROWS, &row) && row.offset == rows[i].offset &&
			row.raw_len == i && row.crc == i * 7 && row.kind == rows[i].kind;
	}
	is_int(good, ROWS, "every row is found by its id and kind");
	is_int(pack_table_find(&t, &rows[0].id, OBJECT_RUN), -1, "another kind of the same id is absent");
	sha256_bytes("absent", 6, &absent);
	is_int(pack_table_find(&t, &absent, OBJECT_CHUNK), -1, "an absent id is not found");
	ok(!pack_table_row(&t, ROWS, UINT64_MAX, &row), "there is no row after the last");
	ok(!pack_table_row(&t, (size_t)pack_table_find(&t, &rows[ROWS - 1].id, rows[ROWS - 1].kind), PACK_HEADER_LEN + 100u * ROWS - 1,
			   &row),
	   "a row beyond the end of the records is refused");
	ok(pack_table_open((const uint8_t *)bytes.buf, bytes.len - 1, ROWS, &t, &err) < 0, "a cut table is refused");
	store_le32(bytes.buf + 4 * 100, ROWS + 1);
	ok(pack_table_open((const uint8_t *)bytes.buf, bytes.len, ROWS, &t, &err) < 0 && err.code == ERR_INTEGRITY,
	   "a damaged fan-out is refused");
}

static void order_does_not_matter(void)
{
	CLEANUP(ptr) struct pack_row *rows = xcalloc(ROWS, sizeof *rows), *turned = xcalloc(ROWS, sizeof *turned);
	CLEANUP(strbuf) struct strbuf one = STRBUF_INIT, other = STRBUF_INIT;

	fill_rows(rows);
	for (size_t i = 0; i < ROWS; i++)
		turned[i] = rows[ROWS - 1 - i];
	pack_table_write(&one, rows, ROWS);
	pack_table_write(&other, turned, ROWS);
	ok(one.len == other.len && !memcmp(one.buf, other.buf, one.len), "the same rows in any order give the same table");
}

static void empty_table(void)
{
	CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct pack_table t;
	struct oid id = { { 0 } };

	pack_table_write(&bytes, NULL, 0);
	ok(pack_table_open((const uint8_t *)bytes.buf, bytes.len, 0, &t, &err) == 0 && pack_table_find(&t, &id, OBJECT_CHUNK) < 0,
	   "a table may be empty");
}

int main(void)
{
	header();
	record_heads();
	trailers();
	tables();
	order_does_not_matter();
	empty_table();
	return tap_done();
}
