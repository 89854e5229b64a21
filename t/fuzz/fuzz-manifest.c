/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever manifest_parse() accepts must be written again byte for byte. */
#include <config.h>

#include "format/manifest.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	CLEANUP(strbuf) struct strbuf again = STRBUF_INIT;
	struct error err = ERROR_INIT;
	const char *a, *b;

	if (manifest_parse((const char *)data, size, &m, &err) < 0) {
		must(err.code == ERR_INTEGRITY && !m.count && !m.entries);
		return 0;
	}
	manifest_write(&again, &m);
	must(again.len == size && memcmp(again.buf, data, size) == 0);
	for (size_t i = 0; i < m.count; i++)
		must(manifest_find(&m, m.entries[i].path) == &m.entries[i]);
	must(!manifest_case_clash(&m, &a, &b) || strcmp(a, b) != 0);
	must(manifest_finish(&m, &err) == 0);
	return 0;
}
