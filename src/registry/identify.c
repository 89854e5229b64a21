/* SPDX-License-Identifier: Apache-2.0 */
/* Looks a directory's digest up in every collection, else finds the recent version that shares the most entries with it. */
#include <config.h>

#include "registry/identify.h"

#include <inttypes.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/mem.h"
#include "registry/external.h"
#include "registry/verify.h"
#include "registry/version.h"

void identity_cleanup(struct identity *id)
{
	strvec_release(&id->refs);
	differences_cleanup(&id->changes);
	manifest_cleanup(&id->have);
	manifest_cleanup(&id->nearest_manifest);
	resolved_cleanup(&id->nearest);
}

struct search {
	struct registry *reg;
	struct view *view;
	struct identity *id;
	const struct collection *collection;
	size_t seen, best;
};

static int add_equal(const struct version_row *row, void *arg, struct error *err)
{
	struct search *s = arg;
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT;

	(void)err;
	strbuf_addf(&ref, "%s:v%" PRIu64, s->collection->name, row->number);
	strvec_push(&s->id->refs, ref.buf);
	return 0;
}

static int look_up(const struct collection *c, void *arg, struct error *err)
{
	struct search *s = arg;

	s->collection = c;
	return view_each_digest(s->view, &c->cid, oid_hex(&s->id->digest).text, add_equal, s, err);
}

static size_t shared_entries(const struct manifest *a, const struct manifest *b)
{
	size_t i = 0, j = 0, shared = 0;

	while (i < a->count && j < b->count) {
		int order = strcmp(a->entries[i].path, b->entries[j].path);

		shared += order == 0 && entry_same(&a->entries[i], &b->entries[j]);
		i += order <= 0;
		j += order >= 0;
	}
	return shared;
}

static bool has_references(const struct manifest *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->entries[i].kind == ENTRY_REF)
			return true;
	return false;
}

static bool is_equal(const struct manifest *a, const struct manifest *b)
{
	return a->count == b->count && shared_entries(a, b) == a->count;
}

/* A version with references has another digest than the directory that is got from it: only here it is found to be equal. */
static int weigh(const struct version_row *row, void *arg, struct error *err)
{
	struct search *s = arg;
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	size_t shared;

	if (row->removed)
		return 0;
	if (interrupt_check(err) < 0)
		return -1;
	if (version_manifest(s->reg, &row->digest, &m, err) < 0) {
		if (err->code != ERR_INTEGRITY)
			return -1;
		error_clear(err); /* a damaged version is near to nothing */
		return ++s->seen >= IDENTIFY_RECENT;
	}
	if (has_references(&m)) {
		external_as_files(&m, &s->id->have);
		if (is_equal(&m, &s->id->have))
			return add_equal(row, s, err) < 0 ? -1 : ++s->seen >= IDENTIFY_RECENT;
	}
	shared = shared_entries(&m, &s->id->have);
	if (shared > s->best) {
		s->best = shared;
		s->id->has_nearest = true;
		s->id->nearest.row = *row;
		resolved_cleanup(&s->id->nearest);
		s->id->nearest.collection = *s->collection;
		s->id->nearest.collection.name = xstrdup(s->collection->name);
		s->id->nearest.collection.type = xstrdup(s->collection->type);
		manifest_cleanup(&s->id->nearest_manifest);
		s->id->nearest_manifest = m;
		m = (struct manifest)MANIFEST_INIT;
	}
	return ++s->seen >= IDENTIFY_RECENT;
}

static int weigh_collection(const struct collection *c, void *arg, struct error *err)
{
	struct search *s = arg;

	s->collection = c;
	s->seen = 0;
	return view_each_version(s->view, &c->cid, true, weigh, s, err);
}

int identify_directory(struct registry *reg, const char *dir, struct identity *out, struct error *err)
{
	struct search s = { .reg = reg, .id = out };
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (verify_scan(reg, dir, &out->have, err) < 0)
		return -1;
	s.view = registry_view(reg, err); /* the scan ends the one before */
	if (!s.view)
		return -1;
	manifest_write(&text, &out->have);
	sha256_bytes(text.buf, text.len, &out->digest);
	if (collection_each(s.view, look_up, &s, err) < 0)
		return -1;
	if (out->refs.count)
		return 0;
	if (collection_each(s.view, weigh_collection, &s, err) < 0)
		return -1;
	if (out->refs.count) {
		out->has_nearest = false;
		return 0;
	}
	if (out->has_nearest)
		compare_manifests(&out->nearest_manifest, &out->have, &out->changes);
	return 0;
}
