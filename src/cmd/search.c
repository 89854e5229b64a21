/* SPDX-License-Identifier: Apache-2.0 */
/* mreg search: versions, collections or runs that match a query. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "cmd/run-columns.h"
#include "cmd/run-ls.h"
#include "cmd/sort.h"
#include "registry/search.h"

struct args {
	const char *columns, *sort;
	uint64_t limit;
	bool versions, artifacts, models, runs, exit_code;
};

static const struct column version_columns[] = {
	{ "ref", NULL, COLUMN_TEXT, false },
	{ "aliases", NULL, COLUMN_LIST, false },
	{ "models", NULL, COLUMN_LIST, false },
	{ "size", NULL, COLUMN_SIZE, false },
	{ "created", "AGE", COLUMN_AGE, false },
	{ "summary", "DESCRIPTION", COLUMN_TEXT, false },
	{ "name", NULL, COLUMN_TEXT, true },
	{ "number", NULL, COLUMN_NUMBER, true },
	{ "type", NULL, COLUMN_TEXT, true },
	{ "kind", NULL, COLUMN_TEXT, true },
	{ "title", NULL, COLUMN_TEXT, true },
	{ "digest", NULL, COLUMN_DIGEST, true },
	{ "files", NULL, COLUMN_NUMBER, true },
	{ "user", NULL, COLUMN_TEXT, true },
	{ "host", NULL, COLUMN_TEXT, true },
	{ "tags", NULL, COLUMN_LIST, true },
	{ "description", NULL, COLUMN_TEXT, true },
	{ "metadata", NULL, COLUMN_TEXT, true },
	{ "metrics", NULL, COLUMN_TEXT, true },
	{ "run", NULL, COLUMN_TEXT, true }, /* run-columns.h */
	{ NULL, NULL, COLUMN_TEXT, false },
};
static const struct column collection_columns[] = {
	{ "ref", "NAME", COLUMN_TEXT, false },
	{ "type", NULL, COLUMN_TEXT, false },
	{ "versions", NULL, COLUMN_NUMBER, false },
	{ "latest", NULL, COLUMN_TEXT, false },
	{ "aliases", NULL, COLUMN_LIST, false },
	{ "summary", "DESCRIPTION", COLUMN_TEXT, false },
	{ "name", NULL, COLUMN_TEXT, true },
	{ "kind", NULL, COLUMN_TEXT, true },
	{ "title", NULL, COLUMN_TEXT, true },
	{ "created", NULL, COLUMN_TIME, true },
	{ "user", NULL, COLUMN_TEXT, true },
	{ "tags", NULL, COLUMN_LIST, true },
	{ "description", NULL, COLUMN_TEXT, true },
	{ "metadata", NULL, COLUMN_TEXT, true },
	{ "metrics", NULL, COLUMN_TEXT, true },
	{ NULL, NULL, COLUMN_TEXT, false },
};

/* What was found, when it is to be sorted before it is shown. */
struct found {
	const struct collection *collection;
	uint64_t number;
	bool is_version;
};

/* What a record needs besides what stands in the row. */
struct needs {
	unsigned members; /* of enum search_members */
	bool brief, count;
};

struct finding {
	struct session *s;
	struct sorter *sorter;
	struct search *search;
	const char *key; /* to sort by, without its sign; NULL: none */
	struct needs whole, to_sort;
	struct strvec of_runs; /* columns that tell of the run that made a version */
	uint64_t count;
	struct found *found;
	size_t found_count, found_cap;
};

static void finding_cleanup(struct finding *f)
{
	search_free(f->search);
	strvec_release(&f->of_runs);
	free(f->found);
}

/* ---- records ---- */

static int add_count(const struct finding *f, const struct search_hit *hit, json_t *record, struct error *err)
{
	struct view *v = registry_view(f->s->registry, err);
	struct collection_count count;

	if (!v || collection_count(v, hit->collection, &count, err) < 0)
		return -1;
	json_object_set_new(record, "versions", json_u64(count.live));
	json_object_set_new(record, "latest", count.live ? fields_ref(hit->collection->name, count.latest) : json_null());
	return 0;
}

static int add_brief(const struct finding *f, const struct search_hit *hit, json_t *record, struct error *err)
{
	CLEANUP(strbuf) struct strbuf summary = STRBUF_INIT;
	int64_t created;

	if (search_brief(f->search, hit, &summary, &created, err) < 0)
		return -1;
	json_object_set_new(record, "created", json_time(created));
	json_object_set_new(record, "summary", json_string(summary.buf));
	return 0;
}

static void set(json_t *record, const char *name, json_t *value)
{
	if (value)
		json_object_set(record, name, value);
}

static int add_details(const struct finding *f, const struct search_hit *hit, unsigned members, json_t *record, struct error *err)
{
	struct search_details d;
	int rc = search_details(f->search, hit, members, &d, err);

	if (rc == 0) {
		set(record, "aliases", d.aliases);
		if (hit->row)
			set(record, "models", d.models);
		if (members & SEARCH_TEXTS)
			json_object_set_new(record, "created", json_time(d.created));
		set(record, "user", d.user);
		if (hit->row)
			set(record, "host", d.host);
		set(record, "description", d.description);
		if (d.description)
			json_object_set_new(record, "summary", fields_first_line(json_string_value(d.description)));
		set(record, "tags", d.tags);
		set(record, "metadata", d.metadata);
		set(record, "metrics", d.metrics);
	}
	search_details_cleanup(&d);
	return rc;
}

static void add_identity(const struct search_hit *hit, json_t *record)
{
	const struct collection *c = hit->collection;

	json_object_set_new(record, "ref", hit->row ? fields_ref(c->name, hit->row->number) : json_string(c->name));
	if (hit->row)
		json_object_set_new(record, "number", json_u64(hit->row->number));
	json_object_set_new(record, "name", json_string(c->name));
	json_object_set_new(record, "kind", json_string(c->is_model ? "model" : "artifact"));
	json_object_set_new(record, "type", json_string(c->type));
	json_object_set_new(record, "title", json_text_or_null(hit->title));
	if (!hit->row)
		return;
	json_object_set_new(record, "digest", json_oid(&hit->row->digest));
	json_object_set_new(record, "size", json_u64(hit->row->size));
	json_object_set_new(record, "files", json_u64(hit->row->files));
}

/* NULL: failed. */
static json_t *make_record(const struct finding *f, const struct search_hit *hit, const struct needs *needs, struct error *err)
{
	CLEANUP(json) json_t *record = json_object();

	add_identity(hit, record);
	if ((needs->count && !hit->row && add_count(f, hit, record, err) < 0) ||
		(needs->members && add_details(f, hit, needs->members, record, err) < 0) ||
		(needs == &f->whole && hit->row && run_columns_add(record, f->search, &hit->row->version, &f->of_runs, f->sorter, err) < 0) ||
		(needs->brief && !(needs->members & SEARCH_TEXTS) && add_brief(f, hit, record, err) < 0))
		return NULL;
	return STEAL(record);
}

/* ---- sorting: of very many that are found few may be shown ---- */

static json_t *complete(const json_t *part, void *arg, struct error *err)
{
	struct finding *f = arg;
	const struct found *found = &f->found[json_integer_value(json_object_get(part, "found"))];
	struct search_hit hit = { found->collection, search_title_of(f->search, found->collection), NULL, NULL };
	struct view *v = registry_view(f->s->registry, err);
	struct version_row row;

	if (!v)
		return NULL;
	if (found->is_version) {
		if (view_version(v, &found->collection->cid, found->number, &row, err) < 0)
			return NULL;
		hit.row = &row;
	}
	return make_record(f, &hit, &f->whole, err);
}

/* The key alone, where it is cheaper to find than all else; NULL: failed. */
static json_t *make_key(struct finding *f, const struct search_hit *hit, struct error *err)
{
	CLEANUP(json) json_t *part = json_object();
	json_t *value = NULL;

	if (strncmp(f->key, "metrics.", 8) == 0 || strncmp(f->key, "metadata.", 9) == 0) {
		if (search_value(f->search, hit, f->key, &value, err) < 0)
			return NULL;
	} else if (hit->row && strvec_has(&f->of_runs, f->key)) {
		if (run_columns_add(part, f->search, &hit->row->version, &f->of_runs, f->sorter, err) < 0)
			return NULL;
	} else if (hit->row && strcmp(f->key, "size") == 0) {
		value = json_u64(hit->row->size);
	} else if (hit->row && strcmp(f->key, "number") == 0) {
		value = json_u64(hit->row->number);
	} else if (strcmp(f->key, "created") == 0) {
		if (add_brief(f, hit, part, err) < 0)
			return NULL;
	} else {
		return make_record(f, hit, &f->to_sort, err);
	}
	if (value)
		json_object_set_new(part, f->key, value);
	return STEAL(part);
}

static json_t *make_part(struct finding *f, const struct search_hit *hit, struct error *err)
{
	json_t *part = make_key(f, hit, err);

	if (!part)
		return NULL;
	json_object_set_new(part, "found", json_u64(f->found_count));
	ARRAY_GROW(f->found, f->found_count + 1, f->found_cap);
	f->found[f->found_count++] = (struct found){ hit->collection, hit->row ? hit->row->number : 0, hit->row != NULL };
	return part;
}

static int take_hit(const struct search_hit *hit, void *arg, struct error *err)
{
	struct finding *f = arg;
	json_t *record = f->key ? make_part(f, hit, err) : make_record(f, hit, &f->whole, err);

	if (!record)
		return -1;
	f->count++;
	return sorter_row(f->sorter, record, err);
}

/* ---- the verb ---- */

static void add_needs(struct needs *to, unsigned members, bool brief, bool count)
{
	to->members |= members;
	to->brief = to->brief || brief;
	to->count = to->count || count;
}

/* What is neither shown nor sorted by is not looked up. */
static unsigned decide_needs(struct finding *f)
{
	static const struct {
		const char *name;
		unsigned parts, members;
		bool brief, count;
	} needs[] = {
		{ "created", 0, 0, true, false },
		{ "summary", OVERLAY_NOTES, 0, true, false },
		{ "user", 0, SEARCH_TEXTS, false, false },
		{ "host", 0, SEARCH_TEXTS, false, false },
		{ "description", OVERLAY_NOTES, SEARCH_TEXTS, false, false },
		{ "metadata", OVERLAY_METADATA, SEARCH_METADATA, false, false },
		{ "metrics", OVERLAY_METRICS, SEARCH_METRICS, false, false },
		{ "tags", OVERLAY_TAGS, SEARCH_TAGS, false, false },
		{ "aliases", OVERLAY_ALIASES, SEARCH_ALIASES, false, false },
		{ "models", OVERLAY_LINKS, SEARCH_MODELS_OF, false, false },
		{ "title", OVERLAY_TITLES, 0, false, false },
		{ "versions", 0, 0, false, true },
		{ "latest", 0, 0, false, true },
	};
	unsigned parts = 0;

	for (size_t i = 0; i < COUNT_OF(needs); i++) {
		size_t len = strlen(needs[i].name);

		if (!sorter_wants(f->sorter, needs[i].name))
			continue;
		parts |= needs[i].parts;
		add_needs(&f->whole, needs[i].members, needs[i].brief, needs[i].count);
		if (f->key && strncmp(f->key, needs[i].name, len) == 0 && (!f->key[len] || f->key[len] == '.'))
			add_needs(&f->to_sort, needs[i].members, needs[i].brief, needs[i].count);
	}
	return parts;
}

static int find(struct session *s, const struct args *a, const struct query *q, uint64_t *count, struct error *err)
{
	enum search_kind kind = a->models ? SEARCH_MODELS : a->artifacts ? SEARCH_ARTIFACTS : SEARCH_VERSIONS;
	CLEANUP(sorter) struct sorter *sorter = sorter_new(s->out, a->sort, a->limit);
	CLEANUP(finding) struct finding f = { .s = s, .sorter = sorter };
	struct search_options options = { kind, q, 0 };

	if (a->runs)
		return run_ls_find(s, &(struct run_ls_options){ .query = q, .columns = a->columns, .sort = a->sort, .limit = a->limit }, count, err);
	if (kind == SEARCH_VERSIONS && run_columns_collect(a->columns, a->sort, &f.of_runs, err) < 0)
		return -1;
	if (sorter_begin(sorter, kind == SEARCH_VERSIONS ? version_columns : collection_columns, a->columns, "ref", err) < 0)
		return -1;
	f.key = sorter_key(sorter);
	sorter_defer(sorter, complete, &f);
	options.parts = decide_needs(&f) | run_columns_parts(&f.of_runs);
	f.search = search_new(s->registry, &options, err);
	if (!f.search || search_each(f.search, take_hit, &f, err) < 0)
		return -1;
	*count = f.count;
	return sorter_end(sorter, err) < 0 ? -1 : search_damage(f.search, err);
}

/* Words that a shell has taken apart are a query as well. */
static void join(struct strbuf *out, const struct operands *words)
{
	for (size_t i = 0; i < words->count; i++)
		strbuf_addf(out, "%s%s", i ? " " : "", words->v[i]);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	struct args a = { .limit = UINT64_MAX };
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(query) struct query *q = NULL;
	uint64_t count = 0;
	const struct opt opts[] = {
		OPT_FLAG(0, "versions", &a.versions, "find versions (the default)"),
		OPT_FLAG(0, "artifacts", &a.artifacts, "find artifacts"),
		OPT_FLAG(0, "models", &a.models, "find registered models"),
		OPT_FLAG(0, "runs", &a.runs, "find runs"),
		OPT_STRING(0, "columns", &a.columns, "LIST", "columns to show, such as ref,aliases,metrics.acc"),
		OPT_STRING(0, "sort", &a.sort, "KEY", "order by a column; -KEY for the largest first"),
		OPT_U64('n', "limit", &a.limit, "N", "at most N rows"),
		OPT_FLAG(0, "exit-code", &a.exit_code, "end with status 1 when nothing was found"),
		OPT_REMOTE(&s->remote_name),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 0, SIZE_MAX, &operands, err) < 0)
		return -1;
	if (a.versions + a.artifacts + a.models + a.runs > 1)
		return error_set(err, ERR_USAGE, "only one of --versions, --artifacts, --models and --runs can be found at a time");
	join(&text, &operands);
	q = a.runs ? query_parse_runs(text.buf, text.len, err) : query_parse(text.buf, text.len, err);
	if (!q || session_update(s, NULL, 0, err) < 0 || session_pager(s, err) < 0 || find(s, &a, q, &count, err) < 0)
		return -1;
	/* A person sees that there is nothing; a program that reads stderr is told. */
	return a.exit_code && count == 0 ? error_set(err, ERR_NO, "%s", out_mode(s->out) == OUT_JSON ? "nothing was found" : "") : 0;
}

const struct command cmd_search = {
	.name = "search",
	.synopsis = "[options] [QUERY]",
	.summary = "find versions, collections or runs",
	.group = GROUP_LOOK,
	.needs = NEEDS_REGISTRY,
	.run = run,
};
