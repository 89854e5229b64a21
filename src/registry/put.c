/* SPDX-License-Identifier: Apache-2.0 */
/* Stores files and commits a version: objects first, then one transaction that decides again under the lock. */
#include <config.h>

#include "registry/put.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/utf8.h"
#include "format/facts.h"
#include "registry/commit.h"
#include "registry/put-internal.h"
#include "registry/run-points.h"
#include "registry/run.h"
#include "registry/tree-read.h"
#include "registry/unpack.h"
#include "registry/version.h"
#include "store/ingest.h"
#include "store/objects.h"

#define MAX_REHEARSALS 10

void put_cleanup(struct put *p)
{
	object_writer_free(p->writer);
	tree_cleanup(&p->tree);
	stat_rows_cleanup(&p->stat_rows);
	manifest_cleanup(&p->manifest);
	strbuf_release(&p->manifest_text);
	strbuf_release(&p->facts);
	strbuf_release(&p->name);
	run_cleanup(&p->run);
	json_decref(p->metrics);
	free(p->staged_type);
	free(p->wanted_type);
}

/* ---- what is asked for ---- */

static int check_name(const char *text, struct error *err)
{
	struct reference ref;

	if (reference_parse(text, &ref, err) < 0) {
		if (err->code == ERR_NO_COLLECTION) /* the id of a run: there is none of that name, and there can be none */
			err->code = ERR_INVALID;
		return -1;
	}
	if (ref.kind == REFERENCE_BARE)
		return 0;
	error_set(err, ERR_USAGE, "put takes a bare name, not '%s': the number is given by mreg", text);
	if (ref.kind == REFERENCE_ALIAS || ref.kind == REFERENCE_LATEST)
		return error_hint(err, "Say 'mreg put %s PATH -a %s'.", ref.name, ref.kind == REFERENCE_ALIAS ? ref.alias : "ALIAS");
	return error_hint(err, "Say 'mreg put %s PATH'.", ref.name);
}

static int check_said(const struct put_options *o, struct error *err)
{
	for (size_t i = 0; o->tags && i < o->tags->count; i++)
		if (name_check(NAME_TAG, o->tags->v[i], strlen(o->tags->v[i]), err) < 0)
			return -1;
	if (o->message && !utf8_is_valid(o->message, strlen(o->message)))
		return error_set(err, ERR_INVALID, "the message is not UTF-8");
	return 0;
}

static int check_options(const struct put_options *o, struct error *err)
{
	if (check_name(o->name, err) < 0)
		return -1;
	if (o->type && name_check(NAME_TYPE, o->type, strlen(o->type), err) < 0)
		return -1;
	for (size_t i = 0; i < o->aliases->count; i++)
		if (!name_is_latest(o->aliases->v[i], strlen(o->aliases->v[i])) && alias_check(o->aliases->v[i], err) < 0)
			return -1;
	return check_said(o, err);
}

/* What the run has logged by now; what it logs while the files are read is of a later state. */
static int join_run(struct put *p, struct view *v, struct error *err)
{
	const struct put_options *o = p->options;
	int found = run_current(v, o->run, &p->run, err);

	if (found < 0)
		return -1;
	p->in_run = found;
	memcpy(p->result->run, p->run.id.text, sizeof p->result->run);
	p->metrics = found && !o->is_input ? run_points_last(p->reg, v, &p->run, err) : json_object();
	if (!p->metrics)
		return -1;
	json_object_update(p->metrics, o->metrics);
	if (!o->best.metric || json_object_get(p->metrics, o->best.metric))
		return 0;
	error_set(err, ERR_USAGE, "the metric '%s' is not given%s", o->best.metric, found ? ", and the run has not logged it" : "");
	return error_hint(err, "Say --metric %s=NUMBER.", o->best.metric);
}

/* ---- reading the sources ---- */

/* A directory is put as ever; what is not there is left to who reads it. */
static bool is_archive(const struct put_options *o, const struct put_source *s)
{
	struct stat st;

	return o->unpack && (strcmp(s->path, "-") == 0 || stat(s->path, &st) < 0 || !S_ISDIR(st.st_mode));
}

static int finish_tree(struct put *p, struct error *err)
{
	const struct put_options *o = p->options;

	if (tree_finish(&p->tree, err) < 0)
		return -1;
	return external_add(p->reg, &p->manifest, o->refs, o->ref_count, &p->stat_rows, err);
}

/* What is in archives is stored while it is found, so that comes later. */
static int read_tree(struct put *p, struct error *err)
{
	const struct put_options *o = p->options;

	for (size_t i = 0; i < o->source_count; i++) {
		const struct put_source *s = &o->sources[i];

		if (is_archive(o, s))
			continue;
		if (strcmp(s->path, "-") == 0) {
			if (!s->as) {
				error_set(err, ERR_USAGE, "standard input has no name");
				return error_hint(err, "Say '- --as PATH'.");
			}
			if (tree_add_stream(&p->tree, STDIN_FILENO, s->as, err) < 0)
				return -1;
		} else if (registry_check_outside(p->reg, s->path, err) < 0 || tree_add(&p->tree, s->path, s->as, &o->tree, err) < 0) {
			return -1;
		}
	}
	for (size_t i = 0; i < o->own_count; i++)
		if (tree_add(&p->tree, o->own[i].path, o->own[i].as, &o->tree, err) < 0)
			return -1;
	return o->unpack ? 0 : finish_tree(p, err);
}

static int unpack_archives(struct put *p, struct error *err)
{
	const struct put_options *o = p->options;
	CLEANUP(strbuf) struct strbuf tmp = STRBUF_INIT;
	struct unpacker unpacker = { &o->tree, p->objects, p->writer, NULL, p->reg->report };

	path_join(&tmp, p->reg->store->dir, "tmp");
	unpacker.tmp_dir = tmp.buf;
	for (size_t i = 0; i < o->source_count; i++) {
		const struct put_source *s = &o->sources[i];

		if (!is_archive(o, s))
			continue;
		if (registry_check_outside(p->reg, s->path, err) < 0 || unpack_add(&unpacker, &p->tree, s->path, s->as, &p->result->stored, err) < 0)
			return -1;
	}
	return finish_tree(p, err);
}

static int open_objects(struct put *p, struct error *err)
{
	p->objects = version_objects(p->reg, err);
	if (!p->objects)
		return -1;
	return p->options->dry_run || (p->writer = object_writer_new(p->objects, err)) ? 0 : -1;
}

int put_read_sources(struct put *p, struct view *v, struct error *err)
{
	struct tree_reader reader = { .view = v, .rows = &p->stat_rows, .report = p->reg->report };

	if (read_tree(p, err) < 0 || open_objects(p, err) < 0 || (p->options->unpack && unpack_archives(p, err) < 0))
		return -1;
	reader.objects = p->objects;
	reader.writer = p->writer;
	if (tree_read(&reader, &p->tree, &p->manifest, &p->result->stored, err) < 0)
		return -1;
	tree_cleanup(&p->tree); /* of many files tree, manifest and text are large: they are not kept side by side */
	return 0;
}

/* Fixes what the version is. */
static int settle(struct put *p, const struct manifest *m, struct error *err)
{
	const char *a, *b;

	if (m->count == 0 && !p->options->allow_empty) {
		error_set(err, ERR_USAGE, "there is nothing to put: no file was found or all were excluded");
		return error_hint(err, "--allow-empty makes a version without files.");
	}
	if (manifest_case_clash(m, &a, &b))
		report_warning(p->reg->report, "'%s' and '%s' differ only in case: a file system that folds case cannot hold both", a, b);
	manifest_write(&p->manifest_text, m);
	sha256_bytes(p->manifest_text.buf, p->manifest_text.len, &p->row.digest);
	p->row.size = manifest_bytes(m);
	p->row.files = manifest_files(m);
	p->result->digest = p->row.digest;
	p->result->bytes = p->row.size;
	p->result->files = p->row.files;
	return 0;
}

static int add_base(struct put *p, struct error *err)
{
	const struct manifest *base = p->options->base;

	for (size_t i = 0; base && i < base->count; i++) {
		struct entry *e = manifest_add(&p->manifest, base->entries[i].kind, base->entries[i].path);
		char *path = e->path;

		*e = base->entries[i];
		e->path = path;
		e->target = e->target ? xstrdup(e->target) : NULL;
	}
	return base ? manifest_finish(&p->manifest, err) : 0;
}

/* What the version holds: given, or read and stored now. */
static int gather(struct put *p, struct view *v, struct error *err)
{
	int rc;

	if (p->options->manifest)
		return open_objects(p, err) < 0 ? -1 : settle(p, p->options->manifest, err);
	rc = put_read_sources(p, v, err) < 0 || add_base(p, err) < 0 ? -1 : settle(p, &p->manifest, err);
	manifest_cleanup(&p->manifest);
	return rc;
}

/* ---- staging the version ---- */

/* Also when the content is there already: a damaged manifest is then stored anew. */
static int stage_manifest(struct put *p, struct error *err)
{
	CLEANUP(codec) struct codec_context *codec = codec_new();
	const struct strbuf *text = &p->manifest_text;
	struct codec_hint hint = { 0 };
	struct oid digest;
	uint64_t stored = 0;

	if (text->len > FILE_ONE_CHUNK_MAX)
		return ingest_bytes(p->writer, text->buf, text->len, &digest, err);
	if (object_writer_add(p->writer, codec, &hint, OBJECT_MANIFEST, &p->row.digest, NULL, text->buf, text->len, &stored, err) < 0)
		return -1;
	p->result->stored += stored;
	return 0;
}

/* By the version object. */
static const char *named_run(const struct put *p)
{
	if (p->options->record)
		return p->options->parent ? p->options->parent : "";
	return p->options->is_input ? "" : p->run.id.text;
}

static int stage_version(struct put *p, const char *type, struct error *err)
{
	const struct put_options *o = p->options;
	CLEANUP(codec) struct codec_context *codec = codec_new();
	CLEANUP(json) json_t *none = json_object();
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, purpose = STRBUF_INIT;
	struct codec_hint hint = { 0 };
	struct journal_position at;
	struct view *v = registry_view(p->reg, err);
	uint64_t stored = 0;
	struct version_object object = {
		.manifest = p->row.digest, .time = clock_now(), .type = (char *)type, .collection = p->name.buf,
		.description = (char *)(o->message ? o->message : ""), .user = p->reg->user, .host = p->reg->host, .run = (char *)named_run(p),
		.metadata = o->metadata ? o->metadata : none, .metrics = p->metrics,
	};

	if (!v)
		return -1;
	view_position(v, &at);
	strbuf_addf(&purpose, "version/%s/%s/%" PRIu64, p->name.buf, oid_hex(&p->row.digest).text, at.seq);
	random_fill(object.nonce, sizeof object.nonce, purpose.buf);
	if (version_object_write(&text, &object, &p->row.version, err) < 0)
		return -1;
	version_row_set_brief(&p->row, object.time, object.description);
	strbuf_reset(&p->facts);
	facts_write(&p->facts, &object);
	free(p->staged_type);
	p->staged_type = xstrdup(type);
	if (!p->writer)
		return 0;
	if (object_writer_add(p->writer, codec, &hint, OBJECT_VERSION, &p->row.version, NULL, text.buf, text.len, &stored, err) < 0)
		return -1;
	p->result->stored += stored;
	return 0;
}

/* ---- committing ---- */

/* Does the snapshot already hold this content?  Then no version object is prepared; the decision under the lock may still ask for one. */
static int rehearse(struct put *p, struct error *err)
{
	const struct put_options *o = p->options;
	struct view *v = registry_view(p->reg, err);
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	struct version_row row;
	int there;

	if (!v)
		return -1;
	there = put_check_collection(v, o, &c, err);
	if (there < 0)
		return -1;
	if (there && !o->new_version) {
		int same = view_find_digest(v, &c.cid, &p->row.digest, &row, err);

		if (same != 0)
			return same < 0 ? -1 : 0;
	}
	return stage_version(p, there ? c.type : put_new_type(o), err);
}

static int commit(struct put *p, txn_decide_fn decide, struct error *err)
{
	const struct put_options *o = p->options;
	const struct commit how = {
		.verb = o->verb ? o->verb : "put", .why = o->why ? o->why : o->message, .run = o->run, .dry_run = o->dry_run, .stat_rows = &p->stat_rows,
		.override = o->override,
		.tells_dry_run = true,
	};

	for (int i = 0; i < MAX_REHEARSALS; i++) {
		if (p->writer && object_writer_commit(p->writer, err) < 0)
			return -1;
		error_clear(err);
		if (commit_run(p->reg, &how, decide, p, err) == 0) {
			if (p->writer)
				store_tidy_objects(p->reg->store);
			return 0;
		}
		if (!p->needs_staging)
			return -1;
		if (stage_version(p, p->wanted_type, err) < 0)
			return -1;
	}
	return -1;
}

/* A script that does not know of a renaming would go on in silence. */
static int name_new(struct put *p, struct view *v, struct error *err)
{
	CLEANUP(strbuf) struct strbuf became = STRBUF_INIT;

	name_complete(&p->name, p->options->name, view_scope(v));
	if (collection_former(v, p->options->name, &became, err) < 0)
		return -1;
	if (became.len)
		report_warning(p->reg->report, "what was called '%s' is '%s' now: this makes another artifact", p->name.buf, became.buf);
	return 0;
}

static int run(struct put *p, struct error *err)
{
	struct view *v;
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	int there, not_better;

	registry_name_user(p->reg);
	if (check_options(p->options, err) < 0 || (!p->options->dry_run && store_check_writable(p->reg->store, err) < 0) ||
	    !(v = registry_view(p->reg, err)) || join_run(p, v, err) < 0 || (there = put_check_collection(v, p->options, &c, err)) < 0)
		return -1;
	not_better = there ? put_is_not_better(p, v, &c, err) : 0; /* nothing is stored for nothing */
	if (not_better)
		return not_better == 1 ? 0 : -1;
	if (there)
		strbuf_adds(&p->name, c.name);
	else if (name_new(p, v, err) < 0)
		return -1;
	if (gather(p, v, err) < 0 || (p->writer && stage_manifest(p, err) < 0) || rehearse(p, err) < 0)
		return -1;
	return commit(p, put_decide, err);
}

static int run_record(struct put *p, struct error *err)
{
	const struct put_options *o = p->options;
	struct view *v;

	registry_name_user(p->reg);
	strbuf_adds(&p->name, "run"); /* as the version object has it: an id is no name */
	p->begins_run = !*o->record->cid.hex;
	p->metrics = o->metrics ? json_incref(o->metrics) : json_object();
	if (check_said(o, err) < 0 || (!o->dry_run && store_check_writable(p->reg->store, err) < 0) || !(v = registry_view(p->reg, err)) ||
	    gather(p, v, err) < 0 || (p->writer && stage_manifest(p, err) < 0) || stage_version(p, o->record->job_type, err) < 0)
		return -1;
	return commit(p, put_decide_record, err);
}

/* A record is a few bytes: a meter of it would flash around the program that the run is of. */
static int run_without_meter(struct put *p, struct error *err)
{
	struct report *given = p->reg->report;
	struct report quiet = given ? *given : (struct report){ .note = NULL };
	int rc;

	quiet.progress = NULL;
	p->reg->report = &quiet;
	rc = run_record(p, err);
	p->reg->report = given;
	return rc;
}

int put_run(struct registry *reg, const struct put_options *options, struct put_result *out, struct error *err)
{
	CLEANUP(put) struct put p = PUT_INIT(reg, options, out);

	memset(out, 0, sizeof *out);
	if (options->record)
		return run_without_meter(&p, err);
	if (run(&p, err) == 0) {
		memcpy(out->name, p.name.buf, p.name.len + 1);
		return 0;
	}
	return err->code == ERR_NO ? -1 : error_wrap(err, "cannot put '%s'", options->name);
}
