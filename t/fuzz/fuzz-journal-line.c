/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a journal line, as they are and with a right sum put on, since none would be guessed. */
#include <config.h>

#include "format/journal-line.h"
#include "fuzz.h"

/* Whatever it is, one change after the other is read out of it, within its bounds: of a line, all. */
static void check_changes(const char *text, size_t len, const struct journal_line *line)
{
	size_t at = 0, count = 0;
	struct span change;

	while (journal_line_next_change(text, len, &at, &change)) {
		CLEANUP(strbuf) struct strbuf want = STRBUF_INIT;
		CLEANUP(json) json_t *obj = line ? change_json(&line->changes[count]) : NULL;

		must((const char *)change.data + change.len == text + at && at <= len);
		if (obj)
			json_canonical(&want, obj);
		must(!obj || (want.len == change.len && memcmp(want.buf, change.data, change.len) == 0));
		count++;
	}
	must(!line || count == line->change_count);
}

static void check(const char *text, size_t len)
{
	CLEANUP(strbuf) struct strbuf again = STRBUF_INIT;
	CLEANUP(journal_line) struct journal_line line = { .seq = 0 };
	struct error err = ERROR_INIT;

	if (journal_line_parse(text, len, &line, &err) < 0) {
		must(err.code == ERR_INTEGRITY);
		check_changes(text, len, NULL);
		return;
	}
	must(journal_line_write(&again, &line, &err) == 0);
	check_changes(text, len, &line);
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
