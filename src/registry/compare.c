/* SPDX-License-Identifier: Apache-2.0 */
/* Merges two sorted manifests and pairs what was only renamed. */
#include <config.h>

#include "registry/compare.h"

#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/mem.h"

const char *difference_name(enum difference_kind kind)
{
	static const char *const names[] = { "added", "deleted", "modified", "renamed" };

	return names[kind];
}

void differences_cleanup(struct differences *d)
{
	free(d->v);
	*d = (struct differences)DIFFERENCES_INIT;
}

static void push(struct differences *d, enum difference_kind kind, const struct entry *before, const struct entry *after)
{
	ARRAY_GROW(d->v, d->count + 1, d->cap);
	d->v[d->count++] = (struct difference){ kind, before, after };
}

static void merge(const struct manifest *a, const struct manifest *b, struct differences *out)
{
	size_t i = 0, j = 0;

	while (i < a->count || j < b->count) {
		int order = i == a->count ? 1 : j == b->count ? -1 : strcmp(a->entries[i].path, b->entries[j].path);

		if (order < 0) {
			push(out, DIFFERENCE_DELETED, &a->entries[i++], NULL);
		} else if (order > 0) {
			push(out, DIFFERENCE_ADDED, NULL, &b->entries[j++]);
		} else {
			if (!entry_same(&a->entries[i], &b->entries[j]))
				push(out, DIFFERENCE_MODIFIED, &a->entries[i], &b->entries[j]);
			i++;
			j++;
		}
	}
}

static bool may_rename(const struct entry *e)
{
	return e->kind == ENTRY_FILE && e->size > 0;
}

/* The first deleted file of a digest becomes the before of the first added one. */
static void pair_renames(struct differences *d)
{
	CLEANUP(hashmap) struct hashmap deleted = HASHMAP_INIT;
	size_t kept = 0;

	for (size_t i = 0; i < d->count; i++) {
		struct difference *x = &d->v[i];

		if (x->kind == DIFFERENCE_DELETED && may_rename(x->before) && !hashmap_has(&deleted, &x->before->digest, OID_LEN))
			hashmap_put(&deleted, &x->before->digest, OID_LEN, x);
	}
	for (size_t i = 0; i < d->count; i++) {
		struct difference *x = &d->v[i], *from;

		if (x->kind != DIFFERENCE_ADDED || !may_rename(x->after))
			continue;
		from = hashmap_take(&deleted, &x->after->digest, OID_LEN);
		if (!from)
			continue;
		x->kind = DIFFERENCE_RENAMED;
		x->before = from->before;
		from->before = NULL; /* gone: dropped below */
	}
	for (size_t i = 0; i < d->count; i++)
		if (d->v[i].before || d->v[i].after)
			d->v[kept++] = d->v[i];
	d->count = kept;
}

void compare_manifests(const struct manifest *before, const struct manifest *after, struct differences *out)
{
	merge(before, after, out);
	pair_renames(out);
	for (size_t i = 0; i < out->count; i++) {
		uint64_t *counts[] = { &out->added, &out->deleted, &out->modified, &out->renamed };

		++*counts[out->v[i].kind];
	}
}
