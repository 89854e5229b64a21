/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a registry's format file: what is read is written the same. */
#include <config.h>

#include "format/stamp.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct stamp stamp;

	if (stamp_parse((const char *)data, size, &stamp, &err) < 0) {
		must(err.code == ERR_INTEGRITY || err.code == ERR_FORMAT);
		return 0;
	}
	stamp_write(&text, &stamp);
	must(text.len == size && memcmp(text.buf, data, size) == 0);
	return 0;
}
