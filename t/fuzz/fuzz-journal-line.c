/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a journal line, as they are and with a right sum put on, since none would be guessed. */
#include <config.h>

#include "format/journal-line.h"
#include "fuzz.h"

static void check(const char *text, size_t len)
{
	CLEANUP(strbuf) struct strbuf again = STRBUF_INIT;
	CLEANUP(journal_line) struct journal_line line = { .seq = 0 };
	struct error err = ERROR_INIT;

	if (journal_line_parse(text, len, &line, &err) < 0) {
		must(err.code == ERR_INTEGRITY);
		return;
	}
	must(journal_line_write(&again, &line, &err) == 0);
	must(again.len >= len && again.len - len <= 1 && memcmp(again.buf, text, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct oid sum;

	check((const char *)data, size);
	if (size == 0)
		return 0;
	sha256_bytes(data, size, &sum);
	strbuf_add(&text, data, size - 1);
	strbuf_addf(&text, ",\"sum\":\"%s\"}\n", oid_hex(&sum).text);
	check(text.buf, text.len);
	return 0;
}
