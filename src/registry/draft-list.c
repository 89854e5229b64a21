/* SPDX-License-Identifier: Apache-2.0 */
/* Goes through the open drafts: for who looks at them, for gc, and for fsck. */
#include <config.h>

#include <string.h>

#include "base/mem.h"
#include "registry/draft-content.h"
#include "registry/draft.h"

/* ---- for people ---- */

/* An artifact that was renamed since has its new name. */
static int name_now(struct registry *reg, const struct draft_file *file, char **out, struct error *err)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	struct view *v = registry_view(reg, err);
	struct cid cid;
	int found = 0;

	if (v && *file->cid) {
		memcpy(cid.hex, file->cid, sizeof cid.hex);
		found = collection_read(v, &cid, &c, err);
	}
	if (!v || found < 0)
		return -1;
	*out = found ? STEAL(c.name) : xstrdup(file->name);
	return 0;
}

static int measure(struct registry *reg, const struct open_draft *d, struct draft_info *out, struct error *err)
{
	CLEANUP(draft_content) struct draft_content content = DRAFT_CONTENT_INIT;

	if (draft_content_read(reg, d, &content, err) < 0)
		return -1;
	out->files = manifest_files(&content.result);
	out->bytes = manifest_bytes(&content.result);
	return 0;
}

static int describe(struct registry *reg, const char *id, bool with_sizes, struct draft_info *out, struct error *err)
{
	CLEANUP(open_draft) struct open_draft d = OPEN_DRAFT_INIT;

	if (open_draft_read(reg, id, &d, err) < 0 || name_now(reg, &d.file, &out->name, err) < 0)
		return -1;
	memcpy(out->id, id, sizeof out->id);
	out->has_base = d.file.has_base;
	out->base_number = d.file.base_number;
	out->opened = d.file.time;
	out->changed = d.file.count ? d.file.steps[d.file.count - 1].time : d.file.time;
	out->user = STEAL(d.file.user);
	out->host = STEAL(d.file.host);
	return with_sizes ? measure(reg, &d, out, err) : 0;
}

int draft_each(struct registry *reg, bool with_sizes, draft_fn fn, void *arg, size_t *damaged, struct error *err)
{
	CLEANUP(strvec) struct strvec ids = STRVEC_INIT;

	*damaged = 0;
	if (open_draft_list(reg, &ids, err) < 0)
		return -1;
	for (size_t i = 0; i < ids.count; i++) {
		CLEANUP(draft_info) struct draft_info info = DRAFT_INFO_INIT;

		if (describe(reg, ids.v[i], with_sizes, &info, err) == 0) {
			if (fn(&info, arg, err) < 0)
				return -1;
			continue;
		}
		if (err->code == ERR_INTEGRITY) {
			report_warning(reg->report, "%s", err->text);
			++*damaged;
		} else if (err->code != ERR_NO_COLLECTION) { /* committed just now */
			return -1;
		}
		error_clear(err);
	}
	return 0;
}

/* Both manifests are sorted by path. */
static int each_difference(const struct draft_content *c, draft_file_fn fn, void *arg, struct error *err)
{
	size_t i = 0, j = 0;
	int rc = 0;

	while (rc == 0 && (i < c->base.count || j < c->result.count)) {
		const struct entry *before = i < c->base.count ? &c->base.entries[i] : NULL;
		const struct entry *after = j < c->result.count ? &c->result.entries[j] : NULL;
		int order = !before ? 1 : !after ? -1 : strcmp(before->path, after->path);

		i += order <= 0;
		j += order >= 0;
		if (order)
			rc = fn(order < 0 ? before : NULL, order > 0 ? after : NULL, arg, err);
		else
			rc = fn(entry_same(before, after) ? after : before, after, arg, err);
	}
	return rc;
}

int draft_each_file(struct registry *reg, const char *draft, draft_file_fn fn, void *arg, struct error *err)
{
	CLEANUP(open_draft) struct open_draft d = OPEN_DRAFT_INIT;
	CLEANUP(draft_content) struct draft_content content = DRAFT_CONTENT_INIT;
	char id[DRAFT_ID_LEN + 1];

	if (open_draft_find(reg, draft, id, err) < 0 || open_draft_read(reg, id, &d, err) < 0 || draft_content_read(reg, &d, &content, err) < 0)
		return -1;
	return each_difference(&content, fn, arg, err);
}

/* ---- for gc ---- */

typedef int (*open_draft_fn)(const struct open_draft *d, void *arg, struct error *err);

/* One that is committed or given up meanwhile holds nothing any more. */
static int each_open(struct registry *reg, open_draft_fn fn, void *arg, struct error *err)
{
	CLEANUP(strvec) struct strvec ids = STRVEC_INIT;

	if (open_draft_list(reg, &ids, err) < 0)
		return -1;
	for (size_t i = 0; i < ids.count; i++) {
		CLEANUP(open_draft) struct open_draft d = OPEN_DRAFT_INIT;
		int rc = open_draft_read(reg, ids.v[i], &d, err);

		if (rc < 0 && err->code == ERR_NO_COLLECTION)
			error_clear(err);
		else if (rc < 0 || fn(&d, arg, err) < 0)
			return -1;
	}
	return 0;
}

static int visit_objects(const struct open_draft *d, void *arg, struct error *err)
{
	const struct draft_visitor *visitor = arg;

	if (d->file.has_base && visitor->manifest(&d->file.base_digest, visitor->arg, err) < 0)
		return error_wrap(err, "the draft '%s'", d->id);
	for (size_t s = 0; s < d->file.count; s++) {
		const struct draft_step *step = &d->file.steps[s];

		for (size_t i = 0; !step->is_removal && i < step->files.count; i++) {
			const struct entry *e = &step->files.entries[i];

			if (e->kind == ENTRY_FILE && visitor->file(&e->digest, e->size, visitor->arg, err) < 0)
				return error_wrap(err, "the draft '%s'", d->id);
		}
	}
	return 0;
}

int draft_each_object(struct registry *reg, const struct draft_visitor *visitor, struct error *err)
{
	struct draft_visitor copy = *visitor;

	return each_open(reg, visit_objects, &copy, err);
}

struct base_visit {
	draft_base_fn fn;
	void *arg;
};

static int visit_base(const struct open_draft *d, void *arg, struct error *err)
{
	const struct base_visit *visit = arg;

	return d->file.has_base ? visit->fn(&d->file.base_version, d->id, visit->arg, err) : 0;
}

int draft_each_base(struct registry *reg, draft_base_fn fn, void *arg, struct error *err)
{
	struct base_visit visit = { fn, arg };

	return each_open(reg, visit_base, &visit, err);
}

/* ---- for fsck ---- */

static int check_one(struct registry *reg, const char *id, struct error *err)
{
	CLEANUP(open_draft) struct open_draft d = OPEN_DRAFT_INIT;
	CLEANUP(draft_content) struct draft_content content = DRAFT_CONTENT_INIT;

	if (open_draft_read(reg, id, &d, err) < 0)
		return -1;
	if (draft_content_read(reg, &d, &content, err) < 0 || draft_content_check(reg, &d, &content, err) < 0)
		return error_wrap(err, "the draft '%s' cannot be committed", id);
	return 0;
}

int draft_check(struct registry *reg, draft_problem_fn fn, void *arg, struct error *err)
{
	CLEANUP(strvec) struct strvec ids = STRVEC_INIT;

	if (open_draft_list(reg, &ids, err) < 0)
		return -1;
	for (size_t i = 0; i < ids.count; i++) {
		struct error problem = ERROR_INIT;

		if (check_one(reg, ids.v[i], &problem) == 0 || problem.code == ERR_NO_COLLECTION)
			continue;
		if (problem.code != ERR_INTEGRITY && problem.code != ERR_CONFLICT) {
			*err = problem;
			return -1;
		}
		if (fn(problem.text, arg, err) < 0)
			return -1;
	}
	return 0;
}
