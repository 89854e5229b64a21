/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever bundle_header_parse() accepts must be written again byte for byte, and hold nothing that a terminal would obey. */
#include <config.h>

#include <string.h>

#include "format/bundle-header.h"
#include "fuzz.h"

static void must_be_plain(const char *text)
{
	for (; *text; text++)
		must((unsigned char)*text >= 0x20 && *text != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(bundle_header) struct bundle_header h = { .seq = 0 };
	CLEANUP(strbuf) struct strbuf again = STRBUF_INIT;
	struct error err = ERROR_INIT;

	if (bundle_header_parse((const char *)data, size, &h, &err) < 0) {
		must((err.code == ERR_INTEGRITY || err.code == ERR_FORMAT) && !h.scope && !h.user && !h.changes);
		return 0;
	}
	must(bundle_header_write(&again, &h));
	must(again.len == size && memcmp(again.buf, data, size) == 0);
	must_be_plain(h.user);
	must_be_plain(h.host);
	must_be_plain(h.program);
	must(h.changes_count <= BUNDLE_PIECES_MAX);
	for (size_t i = 0; i < h.scope_count; i++)
		must(bundle_header_find_scope(&h, h.scope[i].cid) == &h.scope[i] && *h.scope[i].name);
	for (size_t i = 0; i < h.refs.count; i++)
		must_be_plain(h.refs.v[i]);
	for (size_t i = 0; i < h.version_count; i++)
		must_be_plain(h.versions[i].ref);
	return 0;
}
