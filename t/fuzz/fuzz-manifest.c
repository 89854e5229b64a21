/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever manifest_parse() accepts must be written again byte for byte, and a scan in pieces must find the same. */
#include <config.h>

#include "format/manifest.h"
#include "fuzz.h"

static int count_entry(struct entry *e, void *arg, struct error *err)
{
	size_t *count = arg;

	(void)err;
	must(e->path && *e->path);
	++*count;
	return 0;
}

/* How many entries a scan in pieces of so many bytes finds, or SIZE_MAX. */
static size_t scan(const uint8_t *data, size_t size, size_t piece, struct error *err)
{
	size_t count = 0;
	CLEANUP(manifest_scan) struct manifest_scan *s = manifest_scan_new(count_entry, &count);

	error_clear(err);
	for (size_t at = 0; at < size; at += piece)
		if (manifest_scan_feed(s, data + at, size - at < piece ? size - at : piece, err) < 0)
			return SIZE_MAX;
	return manifest_scan_finish(s, err) < 0 ? SIZE_MAX : count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	CLEANUP(strbuf) struct strbuf again = STRBUF_INIT;
	struct error err = ERROR_INIT, other = ERROR_INIT;
	const char *a, *b;

	if (manifest_parse((const char *)data, size, &m, &err) < 0) {
		must(err.code == ERR_INTEGRITY && !m.count && !m.entries);
		must(scan(data, size, 7, &other) == SIZE_MAX && other.code == ERR_INTEGRITY);
		return 0;
	}
	must(scan(data, size, 1, &other) == m.count && scan(data, size, 7, &other) == m.count);
	manifest_write(&again, &m);
	must(again.len == size && memcmp(again.buf, data, size) == 0);
	for (size_t i = 0; i < m.count; i++)
		must(manifest_find(&m, m.entries[i].path) == &m.entries[i]);
	must(!manifest_case_clash(&m, &a, &b) || strcmp(a, b) != 0);
	must(manifest_finish(&m, &err) == 0);
	return 0;
}
