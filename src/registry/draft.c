/* SPDX-License-Identifier: Apache-2.0 */
/* Opens drafts, changes them, and makes versions of them. */
#include <config.h>

#include "registry/draft.h"

#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "format/glob.h"
#include "registry/absent.h"
#include "registry/draft-content.h"
#include "registry/open-draft.h"
#include "registry/put-internal.h"
#include "registry/resolve.h"
#include "registry/version.h"

void draft_info_cleanup(struct draft_info *info)
{
	ptr_cleanup(&info->name);
	ptr_cleanup(&info->user);
	ptr_cleanup(&info->host);
}

static int begin_change(struct registry *reg, bool dry_run, struct error *err)
{
	registry_name_user(reg);
	return dry_run ? 0 : store_check_writable(reg->store, err);
}

/* ---- new ---- */

/* A version of a registered model was put into some artifact: that is where a new one goes. */
static int find_source(struct view *v, struct resolved *r, struct error *err)
{
	struct cid cid;
	uint64_t number;
	int found;

	if (!r->collection.is_model)
		return 0;
	found = view_find_version(v, &r->row.version, &cid, &number, err);
	if (found == 1)
		found = collection_read(v, &cid, &r->collection, err);
	if (found < 0)
		return -1;
	if (found == 0 || r->collection.is_model)
		return error_set(err, ERR_NO_COLLECTION, "the artifact that this version was put into is not here any more");
	r->row.number = number;
	return 0;
}

/* 1: the draft begins with nothing, and file says of what artifact; 0: it begins as a version. */
static int begins_empty(struct view *v, const char *text, struct draft_file *file, struct error *err)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	struct version_row latest;
	struct reference ref;
	bool other_case = false;
	int found;

	if (reference_parse(text, &ref, err) < 0)
		return -1;
	if (ref.kind != REFERENCE_BARE)
		return 0;
	found = collection_find(v, text, &c, &other_case, err);
	if (found < 0)
		return -1;
	if (other_case)
		return error_set(err, ERR_CONFLICT, "there is an artifact '%s', whose name differs only in case", c.name);
	if (found && c.is_model)
		return 0;
	found = found ? view_latest(v, &c.cid, &latest, err) : 0;
	if (found || (!c.name && name_check_full(text, strlen(text), err) < 0))
		return found == 1 ? 0 : -1;
	if (c.name)
		strbuf_adds(&name, c.name);
	else
		name_complete(&name, text, view_scope(v));
	file->cid = xstrdup(c.name ? c.cid.hex : "");
	file->name = strbuf_detach(&name);
	return 1;
}

static int begin_as(struct view *v, const char *text, struct draft_file *file, struct error *err)
{
	CLEANUP(resolved) struct resolved r = RESOLVED_INIT;

	if (resolve_text(v, text, &r, err) < 0 || find_source(v, &r, err) < 0)
		return -1;
	file->cid = xstrdup(r.collection.cid.hex);
	file->name = xstrdup(r.collection.name);
	file->has_base = true;
	file->base_number = r.row.number;
	file->base_version = r.row.version;
	file->base_digest = r.row.digest;
	return 0;
}

static void describe(const struct open_draft *d, struct draft_info *out)
{
	memcpy(out->id, d->id, sizeof out->id);
	out->name = xstrdup(d->file.name);
	out->has_base = d->file.has_base;
	out->base_number = d->file.base_number;
	out->opened = out->changed = d->file.time;
	out->user = xstrdup(d->file.user);
	out->host = xstrdup(d->file.host);
}

int draft_new(struct registry *reg, const char *text, bool dry_run, struct draft_info *out, struct error *err)
{
	CLEANUP(open_draft) struct open_draft d = OPEN_DRAFT_INIT;
	struct view *v;
	int empty;

	/* the lock on the objects keeps what the draft begins with until the draft does */
	if (begin_change(reg, dry_run, err) < 0 || !version_objects(reg, err) || !(v = registry_view(reg, err)))
		return -1;
	empty = begins_empty(v, text, &d.file, err);
	if (empty < 0 || (!empty && begin_as(v, text, &d.file, err) < 0))
		return -1;
	/* what stays of it will be another version's */
	if (!empty && !dry_run && absent_fetch_all(reg, &d.file.base_version, &d.file.base_digest, err) < 0)
		return -1;
	d.file.time = clock_now();
	d.file.user = xstrdup(reg->user);
	d.file.host = xstrdup(reg->host);
	if (!dry_run && open_draft_create(reg, &d, err) < 0)
		return -1;
	describe(&d, out);
	return 0;
}

/* ---- add, rm ---- */

static void stamp(struct registry *reg, struct draft_step *step)
{
	step->time = clock_now();
	step->user = xstrdup(reg->user);
	step->host = xstrdup(reg->host);
}

/* The draft may have changed while the files were read: it is read again under its lock. */
static int enter(struct registry *reg, const char *id, struct draft_step *step, bool dry_run, struct error *err)
{
	CLEANUP(open_draft) struct open_draft d = OPEN_DRAFT_INIT;
	CLEANUP(draft_content) struct draft_content content = DRAFT_CONTENT_INIT;

	if ((dry_run ? open_draft_read : open_draft_lock)(reg, id, &d, err) < 0 || draft_content_with(reg, &d, step, &content, err) < 0)
		return -1;
	return dry_run ? 0 : open_draft_append(&d, step, err);
}

static int add(struct registry *reg, struct put *p, struct draft_added *out, struct error *err)
{
	CLEANUP(draft_step) struct draft_step step = { .is_removal = false };
	bool dry_run = p->options->dry_run;
	struct view *v = registry_view(reg, err);

	if (!v || put_read_sources(p, v, err) < 0)
		return -1;
	if (p->manifest.count == 0)
		return error_set(err, ERR_USAGE, "there is nothing to add: no file was found or all were excluded");
	if (p->writer && object_writer_commit(p->writer, err) < 0)
		return -1;
	out->files = manifest_files(&p->manifest);
	out->bytes = manifest_bytes(&p->manifest);
	step.files = p->manifest;
	p->manifest = (struct manifest)MANIFEST_INIT;
	stamp(reg, &step);
	return enter(reg, out->id, &step, dry_run, err);
}

int draft_add(struct registry *reg, const char *draft, const struct put_options *options, struct draft_added *out, struct error *err)
{
	struct put_result result = { .stored = 0 };
	CLEANUP(put) struct put p = PUT_INIT(reg, options, &result);
	CLEANUP(open_draft) struct open_draft before = OPEN_DRAFT_INIT;

	memset(out, 0, sizeof *out);
	if (begin_change(reg, options->dry_run, err) < 0 || open_draft_find(reg, draft, out->id, err) < 0 ||
	    open_draft_read(reg, out->id, &before, err) < 0)
		return -1;
	if (add(reg, &p, out, err) < 0)
		return error_wrap(err, "cannot add to the draft '%s'", out->id);
	out->stored = result.stored;
	if (!options->dry_run) {
		registry_save_stats(reg, &p.stat_rows);
		store_tidy_objects(reg->store);
	}
	return 0;
}

static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	while (len && folder[len - 1] == '/')
		len--;
	return len && strncmp(path, folder, len) == 0 && path[len] == '/';
}

static size_t mark_all(const struct manifest *m, const char *operand, bool (*matches)(const char *path, const char *operand), bool *marks)
{
	size_t found = 0;

	for (size_t i = 0; i < m->count; i++)
		if (matches(m->entries[i].path, operand)) {
			marks[i] = true;
			found++;
		}
	return found;
}

static bool is_same(const char *path, const char *operand)
{
	return strcmp(path, operand) == 0;
}

static bool fits(const char *path, const char *pattern)
{
	return glob_match_path(pattern, path);
}

static int mark_operand(const struct manifest *m, const char *operand, bool *marks, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	if (mark_all(m, operand, is_same, marks) || mark_all(m, operand, is_below, marks) || mark_all(m, operand, fits, marks))
		return 0;
	utf8_add_visible(&shown, operand, strlen(operand));
	return error_set(err, ERR_NO_PATH, "there is no '%s' in the draft", shown.buf);
}

/* Moves the marked entries out of m, which is of no use afterwards. */
static void take_marked(struct manifest *m, const bool *marks, struct manifest *out, struct strvec *paths)
{
	for (size_t i = 0; i < m->count; i++) {
		struct entry *e = &m->entries[i];

		if (!marks[i])
			continue;
		strvec_push(paths, e->path);
		ARRAY_GROW(out->entries, out->count + 1, out->cap);
		out->entries[out->count++] = *e;
		e->path = e->target = NULL;
	}
}

static int take_out(struct registry *reg, struct open_draft *d, const char *const *operands, size_t count, bool dry_run,
		    struct strvec *removed, struct error *err)
{
	CLEANUP(draft_content) struct draft_content content = DRAFT_CONTENT_INIT;
	CLEANUP(draft_step) struct draft_step step = { .is_removal = true };
	CLEANUP(ptr) bool *marks = NULL;

	if (draft_content_read(reg, d, &content, err) < 0)
		return -1;
	marks = xcalloc(content.result.count + 1, sizeof *marks);
	for (size_t i = 0; i < count; i++)
		if (mark_operand(&content.result, operands[i], marks, err) < 0)
			return -1;
	take_marked(&content.result, marks, &step.files, removed);
	stamp(reg, &step);
	return dry_run ? 0 : open_draft_append(d, &step, err);
}

int draft_remove(struct registry *reg, const char *draft, const char *const *operands, size_t count, bool dry_run,
		 char id[DRAFT_ID_LEN + 1], struct strvec *removed, struct error *err)
{
	CLEANUP(open_draft) struct open_draft d = OPEN_DRAFT_INIT;

	if (begin_change(reg, dry_run, err) < 0 || open_draft_find(reg, draft, id, err) < 0 ||
	    (dry_run ? open_draft_read : open_draft_lock)(reg, id, &d, err) < 0)
		return -1;
	if (take_out(reg, &d, operands, count, dry_run, removed, err) < 0)
		return error_wrap(err, "cannot change the draft '%s'", id);
	return 0;
}

/* ---- commit, abort ---- */

static int commit(struct registry *reg, const struct open_draft *d, const struct put_options *options, struct put_result *out,
		  struct error *err)
{
	CLEANUP(draft_content) struct draft_content content = DRAFT_CONTENT_INIT;
	struct put_options o = *options;
	struct cid cid;

	if (draft_content_read(reg, d, &content, err) < 0 || draft_content_check(reg, d, &content, err) < 0)
		return error_wrap(err, "cannot commit the draft '%s'", d->id);
	o.name = d->file.name;
	o.manifest = &content.result;
	if (*d->file.cid) {
		memcpy(cid.hex, d->file.cid, sizeof cid.hex);
		o.cid = &cid;
	}
	return put_run(reg, &o, out, err);
}

/*
 * The lock is taken before the objects are opened, so that all that was added is seen; nobody waits for it with the objects locked
 * exclusively.  Killed between its version and its end, a draft is still there: to commit it again then finds its content.
 */
int draft_commit(struct registry *reg, const char *draft, const struct put_options *options, struct put_result *out, struct error *err)
{
	CLEANUP(open_draft) struct open_draft d = OPEN_DRAFT_INIT;
	char id[DRAFT_ID_LEN + 1];

	if (begin_change(reg, options->dry_run, err) < 0 || open_draft_find(reg, draft, id, err) < 0 ||
	    (options->dry_run ? open_draft_read : open_draft_lock)(reg, id, &d, err) < 0 || commit(reg, &d, options, out, err) < 0)
		return -1;
	if (options->dry_run || (out->reason && strcmp(out->reason, "not-better") == 0))
		return 0;
	crash_point("draft-committed");
	return open_draft_remove(reg, &d, err);
}

int draft_abort(struct registry *reg, const char *draft, bool dry_run, char id[DRAFT_ID_LEN + 1], struct error *err)
{
	if (begin_change(reg, dry_run, err) < 0 || open_draft_find(reg, draft, id, err) < 0)
		return -1;
	return dry_run ? 0 : open_draft_abort(reg, id, err);
}
