/* SPDX-License-Identifier: Apache-2.0 */
/* Puts a draft together from its base and its steps. */
#include <config.h>

#include "registry/draft-content.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "registry/version.h"

void draft_content_cleanup(struct draft_content *c)
{
	manifest_cleanup(&c->base);
	manifest_cleanup(&c->result);
}

int draft_content_read(struct registry *reg, const struct open_draft *d, struct draft_content *out, struct error *err)
{
	if (open_draft_base(reg, d, &out->base, err) < 0)
		return -1;
	return draft_file_compose(&d->file, &out->base, &out->result, err);
}

int draft_content_with(struct registry *reg, struct open_draft *d, const struct draft_step *step, struct draft_content *out,
		       struct error *err)
{
	int rc;

	ARRAY_GROW(d->file.steps, d->file.count + 1, d->file.cap);
	d->file.steps[d->file.count++] = *step; /* lent */
	rc = draft_content_read(reg, d, out, err);
	d->file.count--;
	return rc;
}

/* 1, 0, -1. */
static int base_is_live(struct registry *reg, const struct open_draft *d, struct error *err)
{
	struct view *v = registry_view(reg, err);
	struct version_row row;
	struct cid cid;
	int found;

	if (!v || !d->file.has_base)
		return v ? 0 : -1;
	found = view_find_version(v, &d->file.base_version, &cid, &row.number, err);
	if (found == 1)
		found = view_version(v, &cid, row.number, &row, err);
	return found == 1 ? !row.removed : found;
}

static int missing(const struct entry *e, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	utf8_add_visible(&shown, e->path, strlen(e->path));
	return error_set(err, ERR_INTEGRITY, "the bytes of '%s' are not in the registry", shown.buf);
}

int draft_content_check(struct registry *reg, const struct open_draft *d, const struct draft_content *c, struct error *err)
{
	struct objects *objects = version_objects(reg, err);
	int is_live = objects ? base_is_live(reg, d, err) : -1;

	if (is_live < 0)
		return -1;
	for (size_t i = 0; i < c->result.count; i++) {
		const struct entry *e = &c->result.entries[i], *before = is_live ? manifest_find(&c->base, e->path) : NULL;

		if (e->kind != ENTRY_FILE || (before && entry_same(before, e)))
			continue;
		if (!objects_has_file(objects, &e->digest, e->size))
			return missing(e, err);
	}
	return 0;
}
