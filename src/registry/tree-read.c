/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what the stat cache does not know, several files at a time, and writes down the manifest. */
#include <config.h>

#include "registry/tree-read.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/ingest.h"
#include "tensor/tensor.h"

static void add_entry(struct manifest *m, const struct tree_entry *t, bool executable, const struct oid *digest, uint64_t size)
{
	struct entry *e = manifest_add(m, t->kind, t->path);

	e->has_size = true;
	e->mode = t->kind == ENTRY_LINK ? 0777 : t->kind == ENTRY_DIR || executable ? 0755 : 0644;
	if (t->kind == ENTRY_LINK) {
		e->target = xstrdup(t->target);
		e->size = strlen(t->target);
	} else if (t->kind == ENTRY_FILE) {
		e->has_digest = true;
		e->digest = *digest;
		e->size = size;
	}
}

static int is_cached(const struct tree_reader *r, const struct tree_entry *t, struct oid *digest, struct error *err)
{
	int found = t->fd >= 0 ? 0 : statcache_find(r->view, &t->st, digest, err);

	if (found == 1 && r->objects && !objects_has_file(r->objects, digest, (uint64_t)t->st.st_size))
		return 0;
	return found;
}

static int read_items(const struct tree_reader *r, struct ingest_item *items, size_t count, struct error *err)
{
	if (r->writer)
		return ingest_files(r->objects, r->writer, items, count, tensor_layout, r->rows, r->report, err);
	return ingest_hash(items, count, r->rows, r->report, err);
}

int tree_read(const struct tree_reader *r, const struct tree *tree, struct manifest *out, uint64_t *stored, struct error *err)
{
	CLEANUP(ptr) struct ingest_item *items = xcalloc(tree->count + 1, sizeof *items);
	CLEANUP(ptr) const struct tree_entry **of = xcalloc(tree->count + 1, sizeof *of);
	size_t count = 0;

	for (size_t i = 0; i < tree->count; i++) {
		const struct tree_entry *t = &tree->entries[i];
		struct oid digest = t->digest; /* zeros, which nothing has, for a special file */
		int known = t->kind == ENTRY_FILE && !t->nature && !t->is_stored ? is_cached(r, t, &digest, err) : 1;

		if (t->nature == TREE_OPAQUE)
			continue;
		if (known < 0)
			return -1;
		if (known) {
			add_entry(out, t, t->st.st_mode & S_IXUSR, &digest, (uint64_t)t->st.st_size);
			continue;
		}
		of[count] = t;
		items[count++] = (struct ingest_item){ .path = t->source ? t->source : "standard input", .follow = t->follow, .fd = t->fd,
						       .size_hint = (uint64_t)t->st.st_size };
	}
	if (read_items(r, items, count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		add_entry(out, of[i], items[i].executable, &items[i].digest, items[i].size);
		if (stored)
			*stored += items[i].stored;
	}
	return manifest_finish(out, err);
}
