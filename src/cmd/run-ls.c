/* SPDX-License-Identifier: Apache-2.0 */
/* mreg run ls: the runs, newest first, or those that match. */
#include <config.h>

#include "cmd/run-ls.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "cmd/sort.h"
#include "registry/search.h"

#define NARROW 72 /* columns of a terminal: on a narrower one all columns as short as may be do not fit */
#define NARROW_COLUMNS "id,name,state,age,outputs"

static const struct column columns[] = {
	{ "id", NULL, COLUMN_TEXT, false },
	{ "name", NULL, COLUMN_TEXT, false },
	{ "job_type", "JOB TYPE", COLUMN_TEXT, false },
	{ "state", NULL, COLUMN_TEXT, false },
	{ "created", "AGE", COLUMN_AGE, false },
	{ "duration", NULL, COLUMN_DURATION, false },
	{ "outputs", NULL, COLUMN_LIST, false },
	{ "ended", NULL, COLUMN_TIME, true },
	{ "exit_status", NULL, COLUMN_NUMBER, true },
	{ "signal", NULL, COLUMN_NUMBER, true },
	{ "user", NULL, COLUMN_TEXT, true },
	{ "host", NULL, COLUMN_TEXT, true },
	{ "command", NULL, COLUMN_TEXT, true },
	{ "directory", NULL, COLUMN_TEXT, true },
	{ "commit", NULL, COLUMN_DIGEST, true },
	{ "branch", NULL, COLUMN_TEXT, true },
	{ "dirty", NULL, COLUMN_TEXT, true },
	{ "remote", NULL, COLUMN_TEXT, true },
	{ "reason", NULL, COLUMN_TEXT, true },
	{ "parent", NULL, COLUMN_TEXT, true },
	{ "inputs", NULL, COLUMN_LIST, true },
	{ "tags", NULL, COLUMN_LIST, true },
	{ "note", NULL, COLUMN_TEXT, true },
	{ "config", NULL, COLUMN_TEXT, true },
	{ "metadata", NULL, COLUMN_TEXT, true },
	{ "metrics", NULL, COLUMN_TEXT, true },
	{ NULL, NULL, COLUMN_TEXT, false },
};

struct listing {
	const struct run_ls_options *options;
	struct search *search;
	struct sorter *sorter;
	const char *key; /* to sort by, without its sign; NULL: none */
	struct search_run **found;
	size_t found_count, found_cap;
	uint64_t count;
};

static void listing_cleanup(struct listing *l)
{
	search_free(l->search);
	free(l->found);
}

/* ---- records ---- */

/* What is neither shown nor sorted by is not looked up.  NULL: failed. */
static json_t *make_record(const struct listing *l, struct search_run *run, struct error *err)
{
	CLEANUP(json) json_t *record = json_object();

	for (const struct column *c = columns; c->name; c++) {
		json_t *value = NULL;

		if (!sorter_wants(l->sorter, c->name))
			continue;
		if (search_run_member(l->search, run, c->name, &value, err) < 0)
			return NULL;
		json_object_set_new(record, c->name, value ? value : json_null());
	}
	return STEAL(record);
}

static json_t *complete(const json_t *part, void *arg, struct error *err)
{
	const struct listing *l = arg;

	return make_record(l, l->found[json_integer_value(json_object_get(part, "found"))], err);
}

/* Of very many that are sorted few may be shown: the key alone. */
static json_t *make_part(struct listing *l, struct search_run *run, struct error *err)
{
	CLEANUP(json) json_t *part = json_object();
	json_t *value = NULL;

	if (search_run_member(l->search, run, l->key, &value, err) < 0)
		return NULL;
	if (value)
		json_object_set_new(part, l->key, value);
	json_object_set_new(part, "found", json_u64(l->found_count));
	ARRAY_GROW(l->found, l->found_count + 1, l->found_cap);
	l->found[l->found_count++] = run;
	return STEAL(part);
}

static bool has_any(const struct strvec *wanted, const char *word)
{
	return !wanted || !wanted->count || strvec_has(wanted, word);
}

static int has_tags(const struct listing *l, struct search_run *run, bool *out, struct error *err)
{
	const struct strvec *wanted = l->options->tags;
	CLEANUP(json) json_t *tags = NULL;

	*out = true;
	if (!wanted || !wanted->count)
		return 0;
	if (search_run_member(l->search, run, "tags", &tags, err) < 0)
		return -1;
	for (size_t i = 0; i < wanted->count && *out; i++) {
		const json_t *tag;
		size_t at;

		*out = false;
		json_array_foreach(tags, at, tag)
			*out = *out || strcmp(json_string_value(tag), wanted->v[i]) == 0;
	}
	return 0;
}

static int take_hit(const struct search_hit *hit, void *arg, struct error *err)
{
	struct listing *l = arg;
	enum run_state state;
	json_t *record;
	bool tagged;

	if (!has_any(l->options->job_types, search_run_identity(hit->run)->job_type))
		return 0;
	if (l->options->states && l->options->states->count) {
		if (search_run_state(l->search, hit->run, &state, err) < 0)
			return -1;
		if (!strvec_has(l->options->states, run_state_name(state)))
			return 0;
	}
	if (has_tags(l, hit->run, &tagged, err) < 0)
		return -1;
	if (!tagged)
		return 0;
	record = l->key ? make_part(l, hit->run, err) : make_record(l, hit->run, err);
	if (!record)
		return -1;
	l->count++;
	return sorter_row(l->sorter, record, err);
}

static unsigned parts_of(const struct sorter *sorter)
{
	return (sorter_wants(sorter, "note") ? OVERLAY_NOTES : 0u) | (sorter_wants(sorter, "tags") ? OVERLAY_TAGS : 0u) |
		(sorter_wants(sorter, "metadata") ? OVERLAY_METADATA : 0u) | (sorter_wants(sorter, "metrics") ? OVERLAY_METRICS : 0u);
}

/* A column is named as a query names it, too: run.config.lr is config.lr, and when a run started is when it was created. */
static void add_columns(struct strbuf *out, const char *names)
{
	while (names && *names) {
		size_t len;

		if (*names == '-')
			strbuf_addc(out, *names++);
		if (strncmp(names, "run.", 4) == 0)
			names += 4;
		len = strcspn(names, ",");
		if (len == 7 && strncmp(names, "started", 7) == 0)
			strbuf_adds(out, "created");
		else
			strbuf_add(out, names, len);
		names += len;
		if (*names)
			strbuf_addc(out, *names++);
	}
}

static bool is_narrow(const struct out *out)
{
	return out_mode(out) == OUT_HUMAN && out_width(out) && out_width(out) < NARROW;
}

int run_ls_check_column(const char *name, struct error *err)
{
	return strcmp(name, "started") == 0 ? 0 : sorter_check(columns, name, err);
}

int run_ls_find(struct session *s, const struct run_ls_options *options, uint64_t *count, struct error *err)
{
	CLEANUP(strbuf) struct strbuf sort = STRBUF_INIT, chosen = STRBUF_INIT;
	CLEANUP(sorter) struct sorter *sorter = NULL;
	CLEANUP(listing) struct listing l = { .options = options };
	struct search_options what = { SEARCH_RUNS, options->query, 0 };

	add_columns(&sort, options->sort);
	add_columns(&chosen, options->columns ? options->columns : is_narrow(s->out) ? NARROW_COLUMNS : NULL);
	l.sorter = sorter = sorter_new(s->out, options->sort ? sort.buf : NULL, options->limit);
	if (sorter_begin(sorter, columns, options->columns || chosen.len ? chosen.buf : NULL, "id", err) < 0)
		return -1;
	l.key = sorter_key(sorter);
	sorter_defer(sorter, complete, &l);
	what.parts = parts_of(sorter) | (options->tags && options->tags->count ? OVERLAY_TAGS : 0u);
	l.search = search_new(s->registry, &what, err);
	if (!l.search || search_each(l.search, take_hit, &l, err) < 0)
		return -1;
	*count = l.count;
	return sorter_end(sorter, err) < 0 ? -1 : search_damage(l.search, err);
}

/* ---- the sub-verb ---- */

static int check_states(const struct strvec *states, struct error *err)
{
	const char *names[RUN_DIED + 1];

	for (size_t i = 0; i < COUNT_OF(names); i++)
		names[i] = run_state_name((enum run_state)i);
	for (size_t i = 0; i < states->count; i++) {
		size_t known = 0;
		long nearest;

		while (known < COUNT_OF(names) && strcmp(names[known], states->v[i]) != 0)
			known++;
		if (known < COUNT_OF(names))
			continue;
		error_set(err, ERR_USAGE, "there is no state '%s'", states->v[i]);
		nearest = suggest_nearest(states->v[i], names, COUNT_OF(names));
		if (nearest >= 0)
			return error_hint(err, "Did you mean '%s'?", names[nearest]);
		return error_hint(err, "A run is running, finished, failed or died.");
	}
	return 0;
}

struct args {
	const char *columns, *sort, *search;
	struct strvec job_types, states, tags;
	uint64_t limit;
};

static void args_cleanup(struct args *a)
{
	strvec_release(&a->job_types);
	strvec_release(&a->states);
	strvec_release(&a->tags);
}

int run_ls(struct session *s, int argc, char **argv, struct error *err)
{
	CLEANUP(args) struct args a = { .limit = UINT64_MAX };
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	CLEANUP(query) struct query *q = NULL;
	struct run_ls_options options;
	uint64_t count;
	const struct opt opts[] = {
		OPT_STRVEC('t', "job-type", &a.job_types, "TYPE", "only runs of this job type"),
		OPT_STRVEC(0, "state", &a.states, "STATE", "only runs in this state: running, finished, failed or died"),
		OPT_STRVEC(0, "tag", &a.tags, "TAG", "only runs with this tag"),
		OPT_STRING(0, "search", &a.search, "QUERY", "only those that match (mreg-query(7))"),
		OPT_STRING(0, "columns", &a.columns, "LIST", "columns to show, such as id,metrics.acc,config.lr"),
		OPT_STRING(0, "sort", &a.sort, "KEY", "order by a column; -KEY for the largest first"),
		OPT_U64('n', "limit", &a.limit, "N", "at most N rows"),
		OPT_REMOTE(&s->remote_name),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, 1, &operands, err) < 0 || check_states(&a.states, err) < 0)
		return -1;
	q = query_parse_runs(a.search ? a.search : "", a.search ? strlen(a.search) : 0, err);
	if (!q || session_update(s, NULL, 0, err) < 0 || session_pager(s, err) < 0)
		return -1;
	options = (struct run_ls_options){ q, &a.job_types, &a.states, &a.tags, a.columns, a.sort, a.limit };
	return run_ls_find(s, &options, &count, err);
}
