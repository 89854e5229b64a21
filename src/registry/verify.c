/* SPDX-License-Identifier: Apache-2.0 */
/* Checks a directory against a version, and a version's bytes against their digests. */
#include <config.h>

#include "registry/verify.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "registry/absent.h"
#include "registry/external.h"
#include "registry/tree-read.h"
#include "registry/tree.h"
#include "registry/version.h"
#include "store/extract.h"

int verify_scan(struct registry *reg, const char *dir, struct manifest *out, struct error *err)
{
	const struct tree_options options = { .keep_links = true, .keep_special = true };
	CLEANUP(tree) struct tree tree = TREE_INIT;
	CLEANUP(stat_rows) struct stat_rows rows = STAT_ROWS_INIT;
	struct tree_reader reader = { .view = registry_view(reg, err), .rows = &rows, .report = reg->report };
	struct stat st;

	if (!reader.view)
		return -1;
	if (stat(dir, &st) < 0)
		return error_set_errno(err, "cannot read '%s'", dir);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ERR_LOCAL, "'%s' is no directory", dir);
	if (tree_add(&tree, dir, NULL, &options, err) < 0 || tree_finish(&tree, err) < 0)
		return -1;
	if (tree_read(&reader, &tree, out, NULL, err) < 0)
		return -1;
	registry_save_stats(reg, &rows);
	return 0;
}

struct stored {
	verify_fn fn;
	void *arg;
	uint64_t *damaged;
};

static void report_damage(struct extract_item *item, const struct error *why, void *arg)
{
	struct stored *stored = arg;

	++*stored->damaged;
	stored->fn(item->path, why, stored->arg);
}

int verify_stored(struct registry *reg, const struct version_row *version, verify_fn fn, void *arg, uint64_t *files, uint64_t *bytes, uint64_t *refs, uint64_t *damaged,
		  struct error *err)
{
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	CLEANUP(ptr) struct extract_item *items = NULL;
	struct objects *objects = version_objects(reg, err);
	struct stored stored = { fn, arg, damaged };
	size_t count = 0;

	*damaged = *files = *bytes = *refs = 0;
	if (!objects || version_manifest(reg, &version->digest, &m, err) < 0 || absent_fetch(reg, &version->version, &m, NULL, 0, err) < 0)
		return -1;
	items = xcalloc(m.count + 1, sizeof *items);
	for (size_t i = 0; i < m.count; i++) {
		const struct entry *e = &m.entries[i];

		*refs += e->kind == ENTRY_REF;
		*bytes += e->kind == ENTRY_FILE ? e->size : 0;
		if (e->kind == ENTRY_FILE)
			items[count++] = (struct extract_item){ e->digest, e->size, e->path, NULL };
	}
	*files = manifest_files(&m) - *refs;
	return extract_files(objects, items, count, NULL, EXTRACT_WHOLE_HASH, report_damage, &stored, reg->report, err);
}

int verify_stream(struct registry *reg, const struct oid *version, const struct manifest *m, const struct entry *file,
		  int (*fn)(const void *data, size_t len, void *arg, struct error *err), void *arg, struct error *err)
{
	struct objects *objects = version_objects(reg, err);

	if (!objects)
		return -1;
	if (file->kind == ENTRY_REF)
		return external_stream(reg, file, fn, arg, err);
	if (absent_fetch(reg, version, m, &file, 1, err) < 0)
		return -1;
	return extract_stream(objects, &file->digest, file->size, fn, arg, err);
}

int verify_references(struct registry *reg, const struct oid *digest, verify_reference_fn fn, void *arg, uint64_t counts[EXTERNAL_STATES], struct error *err)
{
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;

	memset(counts, 0, EXTERNAL_STATES * sizeof *counts);
	if (version_manifest(reg, digest, &m, err) < 0)
		return -1;
	for (size_t i = 0; i < m.count; i++) {
		enum external_state state;
		struct error why = ERROR_INIT;

		if (m.entries[i].kind != ENTRY_REF)
			continue;
		if (external_probe(&m.entries[i], reg->report, &state, &why, err) < 0)
			return -1;
		counts[state]++;
		if (state != EXTERNAL_SAME)
			fn(m.entries[i].path, state, &why, arg);
	}
	return 0;
}
