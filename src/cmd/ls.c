/* SPDX-License-Identifier: Apache-2.0 */
/* mreg ls: collections, the versions of one, or the files of a version. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "cmd/run-columns.h"
#include "cmd/sort.h"
#include "format/glob.h"
#include "registry/producer.h"
#include "registry/remove.h"
#include "registry/resolve.h"

struct args {
	const char *columns, *sort, *alias;
	struct strvec types, tags;
	uint64_t limit;
	bool removed, artifacts, models;
};

static void args_cleanup(struct args *a)
{
	strvec_release(&a->types);
	strvec_release(&a->tags);
}

/* ---- collections ---- */

static const struct column collection_columns[] = {
	{ "ref", "NAME", COLUMN_TEXT, false },       { "kind", NULL, COLUMN_TEXT, false },   { "type", NULL, COLUMN_TEXT, false },
	{ "versions", NULL, COLUMN_NUMBER, false }, { "latest", NULL, COLUMN_TEXT, false }, { "aliases", NULL, COLUMN_LIST, false },
	{ "name", NULL, COLUMN_TEXT, true },         { "title", NULL, COLUMN_TEXT, true },   { "tags", NULL, COLUMN_LIST, true },
	{ NULL, NULL, COLUMN_TEXT, false },
};

static const struct column removed_columns[] = {
	{ "ref", "NAME", COLUMN_TEXT, false },       { "kind", NULL, COLUMN_TEXT, false },   { "type", NULL, COLUMN_TEXT, false },
	{ "versions", NULL, COLUMN_NUMBER, false }, { "latest", NULL, COLUMN_TEXT, false }, { "removed_at", "REMOVED", COLUMN_TIME, false },
	{ "aliases", NULL, COLUMN_LIST, false },     { "name", NULL, COLUMN_TEXT, true },    { "title", NULL, COLUMN_TEXT, true },
	{ "tags", NULL, COLUMN_LIST, true },         { "removed", NULL, COLUMN_TEXT, true }, { NULL, NULL, COLUMN_TEXT, false },
};

/* Of how many versions the index has to learn for it to be worth a transaction, and at most at once. */
#define LEARN_MIN 1000
#define LEARN_MAX 100000

struct list {
	struct session *s;
	struct view *view;
	const struct args *args;
	const struct operands *patterns;
	struct sorter *sorter;
	const struct collection *collection;
	const struct alias_rows *aliases;
	enum { NEEDS_ROW, NEEDS_BRIEF, NEEDS_OBJECT } needs; /* of each version, for what is to be shown */
	bool wants_tags, wants_source, wants_absent, wants_run;
	struct strvec of_runs; /* columns that tell of the run that made a version */
	struct search *search; /* for them; NULL without */
	struct version_row *learned; /* what the index did not know */
	size_t learned_count, learned_cap;
	uint64_t damaged;
	struct error first_damage;
};

static bool is_wanted(const struct list *l, const struct collection *c)
{
	bool in = l->patterns->count == 0;

	for (size_t i = 0; !in && i < l->patterns->count; i++)
		in = glob_match(l->patterns->v[i], c->name);
	if (l->args->types.count && !strvec_has(&l->args->types, c->type))
		return false;
	if (l->args->artifacts != l->args->models && c->is_model != l->args->models)
		return false;
	return in;
}

static bool has_tags(const struct list *l, const struct strvec *tags)
{
	for (size_t i = 0; i < l->args->tags.count; i++)
		if (!strvec_has(tags, l->args->tags.v[i]))
			return false;
	return true;
}

static const struct alias_row *find_alias(const struct alias_rows *rows, const char *alias)
{
	for (size_t i = 0; i < rows->count; i++)
		if (strcmp(rows->v[i].alias, alias) == 0)
			return &rows->v[i];
	return NULL;
}

static json_t *collection_record(const struct collection *c, const struct collection_count *count, const struct alias_rows *rows, const struct strvec *tags,
				 const struct strbuf *title)
{
	json_t *record = json_object(), *aliases = json_array();

	for (size_t i = 0; i < rows->count; i++)
		json_array_append_new(aliases, json_string(rows->v[i].alias));
	json_object_set_new(record, "ref", json_string(c->name));
	json_object_set_new(record, "name", json_string(c->name));
	json_object_set_new(record, "kind", json_string(c->is_model ? "model" : "artifact"));
	json_object_set_new(record, "type", json_string(c->type));
	json_object_set_new(record, "title", json_text_or_null(title->buf));
	json_object_set_new(record, "versions", json_u64(count->live));
	json_object_set_new(record, "latest", count->live ? fields_ref(c->name, count->latest) : json_null());
	json_object_set_new(record, "aliases", aliases);
	json_object_set_new(record, "tags", fields_strings(tags));
	return record;
}

static int list_collection(const struct collection *c, void *arg, struct error *err)
{
	struct list *l = arg;
	struct collection_count count;
	struct subject subject = subject_of_collection(&c->cid);
	CLEANUP(alias_rows) struct alias_rows rows = ALIAS_ROWS_INIT;
	CLEANUP(strvec) struct strvec tags = STRVEC_INIT;
	CLEANUP(strbuf) struct strbuf title = STRBUF_INIT;

	if (!is_wanted(l, c))
		return 0;
	if (alias_rows_read(l->view, c, &rows, err) < 0 || annotation_tags(l->view, &subject, &tags, err) < 0)
		return -1;
	if ((l->args->alias && !find_alias(&rows, l->args->alias)) || !has_tags(l, &tags))
		return 0;
	if (collection_title(l->view, &c->cid, &title, err) < 0 || collection_count(l->view, c, &count, err) < 0)
		return -1;
	return sorter_row(l->sorter, collection_record(c, &count, &rows, &tags, &title), err);
}

/* What 'mreg restore NAME' would bring back. */
static int list_removed(const struct collection *c, int64_t at, void *arg, struct error *err)
{
	struct list *l = arg;
	json_t *record;

	if (!is_wanted(l, c) || l->args->alias || l->args->tags.count)
		return 0;
	record = json_object();
	json_object_set_new(record, "ref", json_string(c->name));
	json_object_set_new(record, "name", json_string(c->name));
	json_object_set_new(record, "kind", json_string(c->is_model ? "model" : "artifact"));
	json_object_set_new(record, "type", json_string(c->type));
	json_object_set_new(record, "removed", json_true());
	json_object_set_new(record, "removed_at", json_time(at));
	return sorter_row(l->sorter, record, err);
}

/* ---- versions ---- */

/* What a registered model shows beside: the versions that its own stand for. */
static const struct column link_columns[] = {
	{ "ref", NULL, COLUMN_TEXT, false },    { "source", NULL, COLUMN_TEXT, false },    { "aliases", NULL, COLUMN_LIST, false },
	{ "digest", NULL, COLUMN_DIGEST, true }, { "size", NULL, COLUMN_SIZE, false },     { "created", "AGE", COLUMN_AGE, false },
	{ "summary", "DESCRIPTION", COLUMN_TEXT, false }, { "files", NULL, COLUMN_NUMBER, true }, { "user", NULL, COLUMN_TEXT, true },
	{ "number", NULL, COLUMN_NUMBER, true }, { "host", NULL, COLUMN_TEXT, true },      { "description", NULL, COLUMN_TEXT, true },
	{ "metadata", NULL, COLUMN_TEXT, true }, { "tags", NULL, COLUMN_LIST, true },      { "metrics", NULL, COLUMN_TEXT, true },
	{ "absent", NULL, COLUMN_TEXT, true },   { "run", NULL, COLUMN_TEXT, true },
	{ "job_type", "JOB TYPE", COLUMN_TEXT, true }, { NULL, NULL, COLUMN_TEXT, false },
};

static const struct column version_columns[] = {
	{ "ref", NULL, COLUMN_TEXT, false },   { "aliases", NULL, COLUMN_LIST, false },   { "digest", NULL, COLUMN_DIGEST, false },
	{ "size", NULL, COLUMN_SIZE, false },  { "created", "AGE", COLUMN_AGE, false },   { "summary", "DESCRIPTION", COLUMN_TEXT, false },
	{ "files", NULL, COLUMN_NUMBER, true }, { "user", NULL, COLUMN_TEXT, true },      { "number", NULL, COLUMN_NUMBER, true },
	{ "host", NULL, COLUMN_TEXT, true },   { "description", NULL, COLUMN_TEXT, true }, { "metadata", NULL, COLUMN_TEXT, true },
	{ "tags", NULL, COLUMN_LIST, true },   { "metrics", NULL, COLUMN_TEXT, true },   { "absent", NULL, COLUMN_TEXT, true },
	{ "run", NULL, COLUMN_TEXT, true },    { "job_type", "JOB TYPE", COLUMN_TEXT, true }, { NULL, NULL, COLUMN_TEXT, false },
};

/* Damage is told by the row, and by the status once all are listed. */
static int list_damaged(struct list *l, const struct version_row *row, struct error *err)
{
	json_t *record;

	if (err->code != ERR_INTEGRITY)
		return -1;
	if (l->damaged++ == 0)
		l->first_damage = *err;
	error_clear(err);
	record = json_object();
	json_object_set_new(record, "ref", fields_ref(l->collection->name, row->number));
	json_object_set_new(record, "number", json_u64(row->number));
	json_object_set_new(record, "digest", json_oid(&row->digest));
	json_object_set_new(record, "aliases", alias_rows_of(l->aliases, row->number));
	json_object_set_new(record, "damaged", json_true());
	json_object_set_new(record, "summary", json_string("(damaged)"));
	return sorter_row(l->sorter, record, err);
}

static int add_brief(struct list *l, const struct version_row *row, json_t *record, struct error *err)
{
	CLEANUP(strbuf) struct strbuf summary = STRBUF_INIT;
	struct version_row known = *row;
	int64_t created;

	if (version_brief_read(l->s->registry, l->view, &known, &summary, &created, err) < 0)
		return -1;
	json_object_set_new(record, "created", json_time(created));
	json_object_set_new(record, "summary", json_string(summary.buf));
	if (row->has_brief || !known.has_brief || l->learned_count == LEARN_MAX)
		return 0;
	ARRAY_GROW(l->learned, l->learned_count + 1, l->learned_cap);
	l->learned[l->learned_count++] = known;
	return 0;
}

static int add_object(struct list *l, const struct version_row *row, json_t *record, struct error *err)
{
	CLEANUP(version_info) struct version_info info = VERSION_INFO_INIT;
	CLEANUP(json) json_t *whole = NULL;

	if (version_info_read(l->s->registry, l->view, row, &info, err) < 0)
		return -1;
	whole = fields_version(l->collection, row, l->aliases, &info);
	json_object_update(record, whole);
	json_object_set_new(record, "summary", fields_first_line(info.description));
	return 0;
}

static int add_source(struct list *l, const struct version_row *row, json_t *record, struct error *err)
{
	json_t *source;

	if (fields_source(l->view, &row->version, &source, err) < 0)
		return -1;
	json_object_set_new(record, "source", source);
	return 0;
}

static int add_absent(struct list *l, const struct version_row *row, json_t *record, struct error *err)
{
	json_t *absent;

	if (fields_absent(l->view, &row->version, &absent, err) < 0)
		return -1;
	json_object_set_new(record, "absent", absent);
	return 0;
}

static int add_run(struct list *l, const struct version_row *row, json_t *record, struct error *err)
{
	CLEANUP(run) struct run run = RUN_INIT;
	int found = producer_find(l->view, &row->version, &run, err);

	if (found < 0)
		return -1;
	json_object_set_new(record, "run", found ? json_string(run.id.text) : json_null());
	json_object_set_new(record, "job_type", found ? json_string(run.job_type) : json_null());
	return 0;
}

static int list_live(struct list *l, const struct version_row *row, struct error *err)
{
	CLEANUP(json) json_t *record = NULL;
	CLEANUP(strvec) struct strvec tags = STRVEC_INIT;
	struct subject subject = subject_of_version(&row->version);

	if ((l->args->tags.count || l->wants_tags) && annotation_tags(l->view, &subject, &tags, err) < 0)
		return -1;
	if (!has_tags(l, &tags))
		return 0;
	record = fields_version_row(l->collection, row, l->aliases);
	if (l->wants_tags)
		json_object_set_new(record, "tags", fields_strings(&tags));
	if ((l->wants_source && add_source(l, row, record, err) < 0) || (l->wants_absent && add_absent(l, row, record, err) < 0) ||
	    (l->wants_run && add_run(l, row, record, err) < 0) ||
	    (l->search && run_columns_add(record, l->search, &row->version, &l->of_runs, l->sorter, err) < 0))
		return -1;
	if ((l->needs == NEEDS_BRIEF && add_brief(l, row, record, err) < 0) || (l->needs == NEEDS_OBJECT && add_object(l, row, record, err) < 0))
		return list_damaged(l, row, err);
	return sorter_row(l->sorter, STEAL(record), err);
}

static int list_version(const struct version_row *row, void *arg, struct error *err)
{
	struct list *l = arg;
	const struct alias_row *holder = l->args->alias ? find_alias(l->aliases, l->args->alias) : NULL;
	json_t *record;

	if (l->args->alias && (!holder || holder->number != row->number))
		return 0;
	if (row->removed) {
		if (!l->args->removed || l->args->tags.count)
			return 0;
		record = json_object();
		json_object_set_new(record, "ref", fields_ref(l->collection->name, row->number));
		json_object_set_new(record, "number", json_u64(row->number));
		json_object_set_new(record, "removed", json_true());
		json_object_set_new(record, "summary", json_string("(removed)"));
		return sorter_row(l->sorter, record, err);
	}
	return list_live(l, row, err);
}

/* Objects are read only for what is shown: of very many versions that takes long. */
static void decide_needs(struct list *l)
{
	static const char *const in_object[] = { "user", "host", "description", "metadata", "metrics" };

	l->needs = sorter_wants(l->sorter, "created") || sorter_wants(l->sorter, "summary") ? NEEDS_BRIEF : NEEDS_ROW;
	for (size_t i = 0; i < COUNT_OF(in_object); i++)
		if (sorter_wants(l->sorter, in_object[i]))
			l->needs = NEEDS_OBJECT;
	l->wants_tags = sorter_wants(l->sorter, "tags");
	l->wants_absent = sorter_wants(l->sorter, "absent");
	l->wants_run = sorter_wants(l->sorter, "run") || sorter_wants(l->sorter, "job_type");
	l->wants_source = l->collection->is_model && sorter_wants(l->sorter, "source");
}

/* An index that was made anew knows nothing of objects.  A few of them are as quickly read as it is written. */
static void learn(struct list *l, const struct cid *cid)
{
	if (l->learned_count >= LEARN_MIN) {
		registry_drop_view(l->s->registry);
		l->view = NULL;
		registry_learn(l->s->registry, cid, l->learned, l->learned_count);
	}
	free(l->learned);
	l->learned = NULL;
}

/* Runs are looked at as a search for all does. */
static int begin_search(struct list *l, struct query **q, struct error *err)
{
	struct search_options options = { SEARCH_VERSIONS, NULL, 0 };

	if (run_columns_collect(l->args->columns, l->args->sort, &l->of_runs, err) < 0)
		return -1;
	if (!l->of_runs.count)
		return 0;
	options.query = *q = query_parse("", 0, err);
	options.parts = run_columns_parts(&l->of_runs);
	l->search = *q ? search_new(l->s->registry, &options, err) : NULL;
	return l->search ? 0 : -1;
}

static void list_cleanup(struct list *l)
{
	search_free(l->search);
	strvec_release(&l->of_runs);
	free(l->learned);
}

static int list_versions(struct list *l, const char *name, struct error *err)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	CLEANUP(alias_rows) struct alias_rows rows = ALIAS_ROWS_INIT;
	CLEANUP(query) struct query *q = NULL;
	int rc;

	if (begin_search(l, &q, err) < 0 || collection_get(l->view, name, &c, err) < 0 || alias_rows_read(l->view, &c, &rows, err) < 0 ||
	    sorter_begin(l->sorter, c.is_model ? link_columns : version_columns, l->args->columns, "ref", err) < 0)
		return -1;
	l->collection = &c;
	l->aliases = &rows;
	decide_needs(l);
	rc = view_each_version(l->view, &c.cid, true, list_version, l, err) < 0 || sorter_end(l->sorter, err) < 0 ? -1 : 0;
	search_cleanup(&l->search);
	learn(l, &c.cid);
	if (rc < 0)
		return -1;
	if (l->damaged)
		*err = l->first_damage;
	return l->damaged ? -1 : 0;
}

/* ---- files ---- */

static const struct column file_columns[] = {
	{ "mode", NULL, COLUMN_TEXT, false }, { "size", NULL, COLUMN_SIZE, false }, { "digest", NULL, COLUMN_DIGEST, false },
	{ "path", NULL, COLUMN_TEXT, false }, { "kind", NULL, COLUMN_TEXT, true },  { "target", NULL, COLUMN_TEXT, true },
	{ NULL, NULL, COLUMN_TEXT, false },
};

/* Where there are links or external references, people want to see where they lead. */
static const struct column target_columns[] = {
	{ "mode", NULL, COLUMN_TEXT, false }, { "size", NULL, COLUMN_SIZE, false },  { "digest", NULL, COLUMN_DIGEST, false },
	{ "kind", NULL, COLUMN_TEXT, false }, { "path", NULL, COLUMN_TEXT, false },  { "target", NULL, COLUMN_TEXT, false },
	{ NULL, NULL, COLUMN_TEXT, false },
};

static const struct column *columns_for(const struct manifest *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->entries[i].kind == ENTRY_REF || m->entries[i].kind == ENTRY_LINK)
			return target_columns;
	return file_columns;
}

static int list_files(struct list *l, const struct reference *ref, struct error *err)
{
	CLEANUP(resolved) struct resolved version = RESOLVED_INIT;
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;

	if (resolve_reference(l->view, ref, &version, err) < 0 || version_manifest(l->s->registry, &version.row.digest, &m, err) < 0 ||
	    sorter_begin(l->sorter, columns_for(&m), l->args->columns, "path", err) < 0)
		return -1;
	for (size_t i = 0; i < m.count; i++) {
		int rc = sorter_row(l->sorter, fields_entry(&m.entries[i]), err);

		if (rc != 0)
			return rc < 0 ? -1 : sorter_end(l->sorter, err);
	}
	return sorter_end(l->sorter, err);
}

static bool is_pattern(const char *text)
{
	return strpbrk(text, "*?[") != NULL;
}

/* Among several operands a name without wildcards must be there; versions are listed one collection at a time. */
static int check_names(struct view *v, const struct operands *operands, struct error *err)
{
	for (size_t i = 0; i < operands->count; i++) {
		CLEANUP(collection) struct collection c = COLLECTION_INIT;

		if (!is_pattern(operands->v[i]) && resolve_bare(v, operands->v[i], &c, err) < 0)
			return -1;
	}
	return 0;
}

/* Of one collection that is what is wanted; else it may be any. */
static int update(struct session *s, const struct operands *operands, struct error *err)
{
	bool is_one = operands->count == 1 && !is_pattern(operands->v[0]);

	return session_update(s, operands->v, is_one ? 1 : 0, err);
}

static int ls(struct session *s, const struct args *a, const struct operands *operands, struct error *err)
{
	CLEANUP(sorter) struct sorter *sorter = sorter_new(s->out, a->sort, a->limit);
	CLEANUP(list) struct list l = { .s = s, .view = registry_view(s->registry, err), .args = a, .patterns = operands, .sorter = sorter };
	struct reference ref;

	if (!l.view || session_pager(s, err) < 0)
		return -1;
	if (operands->count == 1 && !is_pattern(operands->v[0])) {
		if (reference_parse(operands->v[0], &ref, err) < 0)
			return -1;
		return ref.kind == REFERENCE_BARE ? list_versions(&l, ref.name, err) : list_files(&l, &ref, err);
	}
	if ((!a->removed && check_names(l.view, operands, err) < 0) ||
	    sorter_begin(sorter, a->removed ? removed_columns : collection_columns, a->columns, "ref", err) < 0 ||
	    collection_each(l.view, list_collection, &l, err) < 0 ||
	    (a->removed && remove_each_collection(l.view, list_removed, &l, err) < 0))
		return -1;
	return sorter_end(sorter, err);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	CLEANUP(args) struct args a = { .limit = UINT64_MAX };
	CLEANUP(operands) struct operands operands = { NULL, 0 };
	const struct opt opts[] = {
		OPT_STRVEC('t', "type", &a.types, "TYPE", "only collections of this type"),
		OPT_STRING('a', "alias", &a.alias, "ALIAS", "only collections, or the version, with this alias"),
		OPT_STRVEC(0, "tag", &a.tags, "TAG", "only collections, or versions, with this tag"),
		OPT_FLAG(0, "artifacts", &a.artifacts, "only artifacts"),
		OPT_FLAG(0, "models", &a.models, "only registered models"),
		OPT_FLAG(0, "removed", &a.removed, "also versions, or collections, that were removed"),
		OPT_STRING(0, "columns", &a.columns, "LIST", "columns to show, such as ref,aliases,metadata.lr"),
		OPT_STRING(0, "sort", &a.sort, "KEY", "order by a column; -KEY for the largest first"),
		OPT_U64('n', "limit", &a.limit, "N", "at most N rows"),
		OPT_REMOTE(&s->remote_name),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 0, SIZE_MAX, &operands, err) < 0)
		return -1;
	return update(s, &operands, err) < 0 ? -1 : ls(s, &a, &operands, err);
}

const struct command cmd_ls = {
	.name = "ls", .synopsis = "[options] [PATTERN... | NAME | NAME:REF]", .summary = "list collections, versions or files", .group = GROUP_LOOK,
	.needs = NEEDS_REGISTRY, .run = run,
};
