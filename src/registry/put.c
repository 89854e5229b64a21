/* SPDX-License-Identifier: Apache-2.0 */
/* Stores files and commits a version: objects first, then one transaction that decides again under the lock. */
#include <config.h>

#include "registry/put.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "registry/annotation.h"
#include "registry/commit.h"
#include "registry/tree-read.h"
#include "registry/version.h"
#include "store/ingest.h"
#include "store/objects.h"

#define MAX_REHEARSALS 10

/* One put, from its operands to its line in the journal. */
struct put {
	struct registry *reg;
	const struct put_options *options;
	struct objects *objects;
	struct object_writer *writer; /* NULL in a dry run */
	struct tree tree;
	struct stat_rows stat_rows;
	struct manifest manifest;
	struct strbuf manifest_text;
	struct strbuf name;           /* of the artifact, in full */
	struct version_row row;       /* digest, size, files; version once staged */
	char *staged_type;            /* the version object in row.version says this type; NULL: none is staged */
	bool needs_staging;           /* the decision wants a version object (of wanted_type) that is not staged */
	char *wanted_type;
	struct put_result *result;
};

static void put_cleanup(struct put *p)
{
	object_writer_free(p->writer);
	tree_cleanup(&p->tree);
	stat_rows_cleanup(&p->stat_rows);
	manifest_cleanup(&p->manifest);
	strbuf_release(&p->manifest_text);
	strbuf_release(&p->name);
	free(p->staged_type);
	free(p->wanted_type);
}

/* ---- what is asked for ---- */

static int check_name(const char *text, struct error *err)
{
	struct reference ref;

	if (reference_parse(text, &ref, err) < 0)
		return -1;
	if (ref.kind == REFERENCE_BARE)
		return 0;
	error_set(err, ERR_USAGE, "put takes a bare name, not '%s': the number is given by mreg", text);
	if (ref.kind == REFERENCE_ALIAS || ref.kind == REFERENCE_LATEST)
		return error_hint(err, "Say 'mreg put %s PATH -a %s'.", ref.name, ref.kind == REFERENCE_ALIAS ? ref.alias : "ALIAS");
	return error_hint(err, "Say 'mreg put %s PATH'.", ref.name);
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
	if (o->message && !utf8_is_valid(o->message, strlen(o->message)))
		return error_set(err, ERR_INVALID, "the message is not UTF-8");
	return 0;
}

/* What holds before any byte is read, and again under the lock.  1: the artifact is there, 0: not yet. */
static int check_collection(struct view *v, const struct put_options *o, struct collection *c, struct error *err)
{
	struct version_row latest;
	bool other_case = false;
	int found = collection_find(v, o->name, c, &other_case, err), has_latest;

	if (found < 0)
		return -1;
	if (other_case)
		return error_set(err, ERR_CONFLICT, "there is an artifact '%s', whose name differs only in case", c->name);
	if (!found && name_check_full(o->name, strlen(o->name), err) < 0)
		return -1;
	if (found && c->is_model) {
		error_set(err, ERR_CONFLICT, "'%s' is a registered model: versions are linked into it, not put", o->name);
		return error_hint(err, "Put into an artifact, then 'mreg link ARTIFACT:vN %s'.", o->name);
	}
	if (found && o->type && strcmp(o->type, c->type) != 0)
		return error_set(err, ERR_CONFLICT, "'%s' is of type '%s', not '%s': a type is fixed by the first put", o->name, c->type, o->type);
	if (!o->expect.given)
		return found;
	has_latest = found ? view_latest(v, &c->cid, &latest, err) : 0;
	if (has_latest < 0)
		return -1;
	if (!has_latest)
		return error_set(err, ERR_CONFLICT, "'%s' has no version yet, not v%" PRIu64 " as expected", o->name, o->expect.number);
	if (latest.number != o->expect.number)
		return error_set(err, ERR_CONFLICT, "the latest of '%s' is v%" PRIu64 ", not v%" PRIu64 " as expected", o->name, latest.number,
				 o->expect.number);
	return found;
}

/* ---- reading the sources ---- */

static int read_tree(struct put *p, struct error *err)
{
	const struct put_options *o = p->options;

	for (size_t i = 0; i < o->source_count; i++) {
		const struct put_source *s = &o->sources[i];

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
	if (tree_finish(&p->tree, err) < 0)
		return -1;
	if (p->tree.count == 0 && !o->allow_empty) {
		error_set(err, ERR_USAGE, "there is nothing to put: no file was found or all were excluded");
		return error_hint(err, "--allow-empty makes a version without files.");
	}
	return 0;
}

/* Reads and stores the files, and fixes what the version is. */
static int store_files(struct put *p, struct view *v, struct error *err)
{
	const struct tree_reader reader = { v, p->objects, p->writer, &p->stat_rows, p->reg->report };
	const char *a, *b;

	if (tree_read(&reader, &p->tree, &p->manifest, &p->result->stored, err) < 0)
		return -1;
	tree_cleanup(&p->tree); /* of many files tree, manifest and text are large: they are not kept side by side */
	if (manifest_case_clash(&p->manifest, &a, &b))
		report_warning(p->reg->report, "'%s' and '%s' differ only in case: a file system that folds case cannot hold both", a, b);
	manifest_write(&p->manifest_text, &p->manifest);
	sha256_bytes(p->manifest_text.buf, p->manifest_text.len, &p->row.digest);
	p->row.size = manifest_bytes(&p->manifest);
	p->row.files = manifest_files(&p->manifest);
	p->result->digest = p->row.digest;
	p->result->bytes = p->row.size;
	p->result->files = p->row.files;
	manifest_cleanup(&p->manifest);
	return 0;
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
		.description = (char *)(o->message ? o->message : ""), .user = p->reg->user, .host = p->reg->host, .run = (char *)"",
		.metadata = o->metadata ? o->metadata : none, .metrics = o->metrics ? o->metrics : none,
	};

	if (!v)
		return -1;
	view_position(v, &at);
	strbuf_addf(&purpose, "version/%s/%s/%" PRIu64, p->name.buf, oid_hex(&p->row.digest).text, at.seq);
	random_fill(object.nonce, sizeof object.nonce, purpose.buf);
	if (version_object_write(&text, &object, &p->row.version, err) < 0)
		return -1;
	version_row_set_brief(&p->row, object.time, object.description);
	free(p->staged_type);
	p->staged_type = xstrdup(type);
	if (!p->writer)
		return 0;
	if (object_writer_add(p->writer, codec, &hint, OBJECT_VERSION, &p->row.version, NULL, text.buf, text.len, &stored, err) < 0)
		return -1;
	p->result->stored += stored;
	return 0;
}

/* ---- deciding ---- */

static int create_collection(struct txn *txn, const struct put_options *o, struct collection *c, struct error *err)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;

	name_complete(&name, o->name, view_scope(txn_view(txn)));
	c->name = strbuf_detach(&name);
	c->type = xstrdup(o->type ? o->type : "model");
	return collection_create(txn, c, err);
}

static int add_version(struct txn *txn, struct put *p, const struct collection *c, struct version_row *row, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = NULL;

	if (!p->staged_type || strcmp(p->staged_type, c->type) != 0) {
		free(p->wanted_type);
		p->wanted_type = xstrdup(c->type);
		p->needs_staging = true;
		return error_set(err, ERR_CONFLICT, "'%s' keeps changing while it is put into", c->name);
	}
	*row = p->row;
	if (view_next_number(txn_view(txn), &c->cid, &row->number, err) < 0)
		return -1;
	strbuf_addf(&key, "version/%s/%" PRIu64, c->cid.hex, row->number);
	value = version_value(row);
	if (txn_set(txn, key.buf, value, err) < 0)
		return -1;
	return txn_learn(txn, &c->cid, row, err);
}

static int annotate_layer(struct txn *txn, struct put *p, const struct subject *of, enum annotation_layer layer, json_t *wanted, const json_t *now,
			  struct error *err)
{
	const char *name;
	json_t *value;

	json_object_foreach(wanted, name, value) {
		const json_t *old = json_object_get(now, name);

		if (old && json_equal(old, value))
			continue;
		if (annotation_set(txn, of, layer, name, value, err) < 0)
			return -1;
		p->result->annotated = true;
	}
	return 0;
}

/* The content is there already: what was said about it becomes a revision. */
static int annotate(struct txn *txn, struct put *p, const struct version_row *row, struct error *err)
{
	const struct put_options *o = p->options;
	const struct subject of = subject_of_version(&row->version);
	CLEANUP(version_info) struct version_info info = VERSION_INFO_INIT;

	if ((!o->message || !*o->message) && json_object_size(o->metadata) == 0 && json_object_size(o->metrics) == 0)
		return 0;
	if (version_info_read(p->reg, txn_view(txn), row, &info, err) < 0 ||
	    annotate_layer(txn, p, &of, ANNOTATION_METADATA, o->metadata, info.metadata, err) < 0 ||
	    annotate_layer(txn, p, &of, ANNOTATION_METRIC, o->metrics, info.metrics, err) < 0)
		return -1;
	if (!o->message || !*o->message || strcmp(o->message, info.description) == 0)
		return 0;
	p->result->annotated = true;
	return annotation_set_note(txn, &of, o->message, err);
}

static int set_aliases(struct txn *txn, struct put *p, const struct collection *c, const struct version_row *row, struct error *err)
{
	const struct strvec *aliases = p->options->aliases;

	for (size_t i = 0; i < aliases->count; i++)
		if (!name_is_latest(aliases->v[i], strlen(aliases->v[i])) && alias_set(txn, c, aliases->v[i], &row->version, NULL, err) < 0)
			return -1;
	return 0;
}

static int decide(struct txn *txn, void *arg, struct error *err)
{
	struct put *p = arg;
	const struct put_options *o = p->options;
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	struct version_row row;
	int there, same = 0;

	p->needs_staging = p->result->annotated = false;
	there = check_collection(txn_view(txn), o, &c, err);
	if (there < 0 || (!there && create_collection(txn, o, &c, err) < 0))
		return -1;
	if (!o->new_version)
		same = view_find_digest(txn_view(txn), &c.cid, &p->row.digest, &row, err);
	if (same < 0)
		return -1;
	if (same && o->fail_if_unchanged)
		return error_set(err, ERR_NO, "the content is that of '%s:v%" PRIu64 "'", c.name, row.number);
	if ((same ? annotate(txn, p, &row, err) : add_version(txn, p, &c, &row, err)) < 0 || set_aliases(txn, p, &c, &row, err) < 0)
		return -1;
	p->result->number = row.number;
	strbuf_reset(&p->name);
	strbuf_adds(&p->name, c.name);
	p->result->created = !same;
	p->result->reason = same ? "unchanged" : NULL;
	return 0;
}

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
	there = check_collection(v, o, &c, err);
	if (there < 0)
		return -1;
	if (there && !o->new_version) {
		int same = view_find_digest(v, &c.cid, &p->row.digest, &row, err);

		if (same != 0)
			return same < 0 ? -1 : 0;
	}
	return stage_version(p, there ? c.type : o->type ? o->type : "model", err);
}

static int commit(struct put *p, struct error *err)
{
	const struct commit how = {
		.verb = "put", .why = p->options->message, .dry_run = p->options->dry_run, .stat_rows = &p->stat_rows, .override = p->options->override,
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

static int run(struct put *p, struct error *err)
{
	struct view *v;
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	int there;

	registry_name_user(p->reg);
	if (check_options(p->options, err) < 0 || (!p->options->dry_run && store_check_writable(p->reg->store, err) < 0) ||
	    !(v = registry_view(p->reg, err)) || (there = check_collection(v, p->options, &c, err)) < 0 ||
	    read_tree(p, err) < 0)
		return -1;
	if (there)
		strbuf_adds(&p->name, c.name);
	else
		name_complete(&p->name, p->options->name, view_scope(v));
	p->objects = version_objects(p->reg, err);
	if (!p->objects)
		return -1;
	if (!p->options->dry_run && !(p->writer = object_writer_new(p->objects, err)))
		return -1;
	if (store_files(p, v, err) < 0 || (p->writer && stage_manifest(p, err) < 0) || rehearse(p, err) < 0)
		return -1;
	return commit(p, err);
}

int put_run(struct registry *reg, const struct put_options *options, struct put_result *out, struct error *err)
{
	CLEANUP(put) struct put p = { .reg = reg, .options = options, .result = out, .stat_rows = STAT_ROWS_INIT, .manifest_text = STRBUF_INIT,
				    .name = STRBUF_INIT };

	memset(out, 0, sizeof *out);
	if (run(&p, err) == 0) {
		memcpy(out->name, p.name.buf, p.name.len + 1);
		return 0;
	}
	return err->code == ERR_NO ? -1 : error_wrap(err, "cannot put '%s'", options->name);
}
