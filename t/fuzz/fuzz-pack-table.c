/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a pack, as it is read when one is opened: trailer, table, and every row with a look-up of it. */
#include <config.h>

#include "format/pack-format.h"
#include "fuzz.h"

/* No checksum: a fuzzer could not get past one. */
static uint32_t no_crc(uint32_t crc, const void *data, size_t len)
{
	(void)crc;
	(void)data;
	(void)len;
	return 0;
}

static void visit(const struct pack_table *t, uint64_t records_end)
{
	struct pack_row row;

	for (size_t i = 0; i <= t->count; i++) {
		if (!pack_table_row(t, i, records_end, &row))
			continue;
		must(i < t->count && row.stored_len <= OBJECT_MAX_BYTES && row.offset < records_end &&
		     records_end - row.offset >= row.stored_len);
		must(pack_table_find(t, &row.id, row.kind) < (int64_t)t->count);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pack_trailer trailer;
	struct pack_header header;
	struct pack_table table;
	struct error err = ERROR_INIT;

	if (size < PACK_TRAILER_LEN || pack_trailer_parse(data + size - PACK_TRAILER_LEN, size, &trailer, no_crc, &err) < 0)
		return 0;
	if (pack_header_parse(data, size, &header, no_crc, &err) < 0)
		return 0;
	if (pack_table_open(data + trailer.table_offset, size - PACK_TRAILER_LEN - (size_t)trailer.table_offset, (size_t)trailer.count,
			    &table, &err) < 0)
		return 0;
	visit(&table, trailer.table_offset);
	return 0;
}
