/* SPDX-License-Identifier: Apache-2.0 */
/* A scan of records, as fsck and recovery do it; a head that is accepted must be written again byte for byte. */
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	size_t at = 0;

	while (at < size) {
		uint8_t again[RECORD_HEAD_LEN + RECORD_FILE_LEN];
		struct record_head head;
		size_t used;

		if (record_head_parse(data + at, size - at, &head, &used, no_crc, &err) < 0)
			break;
		must(used <= size - at && record_head_write(again, &head, no_crc) == used && memcmp(again, data + at, used) == 0);
		at += used;
		if (head.stored_len > size - at)
			break;
		at += (size_t)head.stored_len;
	}
	return 0;
}
