/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as JSON: what is read is written canonically, once and for all. */
#include <config.h>

#include "format/json.h"
#include "fuzz.h"

static void check_printed(const json_t *doc)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct error err = ERROR_INIT;
	json_t *back;

	json_print(&text, doc);
	for (size_t i = 0; i < text.len; i++)
		must((unsigned char)text.buf[i] >= 0x20 && text.buf[i] != 0x7f);
	back = json_parse(text.buf, text.len, "it", &err);
	must(back && json_equal(back, doc));
	json_cleanup(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, again = STRBUF_INIT;
	struct error err = ERROR_INIT;
	CLEANUP(json) json_t *doc = json_parse((const char *)data, size, "it", &err), *back = NULL;

	if (!doc) {
		must(err.code == ERR_INVALID);
		return 0;
	}
	must(json_depth(doc) <= JSON_MAX_DEPTH);
	json_canonical(&text, doc);
	back = json_parse(text.buf, text.len, "it", &err);
	must(back && json_equal(back, doc));
	json_canonical(&again, back);
	must(again.len == text.len && memcmp(again.buf, text.buf, text.len) == 0);
	check_printed(doc);
	return 0;
}
