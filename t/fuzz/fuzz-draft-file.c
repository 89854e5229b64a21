/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever draft_file_parse() accepts must be written again byte for byte, and can be put together. */
#include <config.h>

#include "base/mem.h"
#include "format/draft-file.h"
#include "format/sealed-line.h"
#include "fuzz.h"

static void check(const char *text, size_t len)
{
	CLEANUP(draft_file) struct draft_file d = { .has_base = false };
	CLEANUP(manifest) struct manifest none = MANIFEST_INIT, all = MANIFEST_INIT;
	CLEANUP(strbuf) struct strbuf again = STRBUF_INIT;
	struct error err = ERROR_INIT;

	if (draft_file_parse(text, len, &d, &err) < 0) {
		must(err.code == ERR_INTEGRITY && !d.steps && !d.name);
		return;
	}
	draft_file_write_head(&again, &d);
	for (size_t i = 0; i < d.count; i++)
		draft_file_write_step(&again, &d.steps[i]);
	must(again.len == d.len && d.len <= len && memcmp(again.buf, text, d.len) == 0);
	if (draft_file_compose(&d, &none, &all, &err) < 0)
		must(err.code == ERR_CONFLICT && !all.entries);
	for (size_t i = 0; i < all.count; i++)
		must(manifest_find(&all, all.entries[i].path) == &all.entries[i]);
}

/* The lines with right sums, so that what is in them is looked at. */
static void seal(const char *text, size_t len, struct strbuf *out)
{
	for (const char *end = text + len, *next; text < end; text = next) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t used = 0;
		struct oid sum;
		CLEANUP(json) json_t *obj = json_parse_first(text, newline ? (size_t)(newline - text) : (size_t)(end - text), &used);

		next = newline ? newline + 1 : end;
		if (json_is_object(obj) && json_object_size(obj))
			sealed_line_write(out, obj, &sum);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(strbuf) struct strbuf sealed = STRBUF_INIT;

	check((const char *)data, size);
	seal((const char *)data, size, &sealed);
	check(sealed.buf, sealed.len);
	return 0;
}
