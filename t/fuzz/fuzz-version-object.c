/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a version object: what is read is written the same, with the id of those bytes. */
#include <config.h>

#include "format/version-object.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(version_object) struct version_object v = { .time = 0 };
	struct error err = ERROR_INIT;
	struct oid id, want;

	if (version_object_parse((const char *)data, size, &v, &err) < 0) {
		must(err.code == ERR_INTEGRITY);
		return 0;
	}
	must(version_object_write(&text, &v, &id, &err) == 0);
	must(text.len == size && memcmp(text.buf, data, size) == 0);
	sha256_bytes(data, size, &want);
	must(oid_equal(&id, &want));
	return 0;
}
