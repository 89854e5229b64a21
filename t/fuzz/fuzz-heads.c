/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the heads of a key: what is read is written the same. */
#include <config.h>

#include "format/fold.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT;
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	struct error err = ERROR_INIT;

	if (heads_parse(data, size, &heads, &err) < 0) {
		must(err.code == ERR_INTEGRITY);
		return 0;
	}
	heads_write(&bytes, &heads);
	must(bytes.len == size && (size == 0 || memcmp(bytes.buf, data, size) == 0));
	must((heads_value(&heads, NULL) != NULL) == (heads.count > 0));
	return 0;
}
