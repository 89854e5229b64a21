/* SPDX-License-Identifier: Apache-2.0 */
/* mreg history: who changed what, when and why. */
#include <config.h>

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "registry/history.h"
#include "registry/run.h"
#include "registry/tenure.h"
#include "registry/resolve.h"

struct walk {
	struct out *out;
	int64_t since;
	const char *ref; /* only changes of this reference, "m:v3" or "m:best"; NULL: all */
	uint64_t limit;
	bool found; /* some change is of it, shown or not */
};

static const struct column columns[] = {
	{ "time", NULL, COLUMN_MOMENT, false }, { "who", NULL, COLUMN_TEXT, false },  { "verb", NULL, COLUMN_TEXT, false },
	{ "kind", "WHAT", COLUMN_TEXT, false }, { "ref", NULL, COLUMN_TEXT, false },  { "change", NULL, COLUMN_TEXT, false },
	{ "run", NULL, COLUMN_TEXT, false },  { "why", NULL, COLUMN_TEXT, false },  { NULL, NULL, COLUMN_TEXT, false },
};

/* What a version was put with is not in the journal: of that it only says that it was taken away. */
static json_t *change_text(const struct history_row *row)
{
	if (!row->before.len && !row->after.len)
		return json_string("removed");
	return json_sprintf("%s -> %s", row->before.len ? row->before.buf : "-", row->after.len ? row->after.buf : "-");
}

static json_t *record(const struct history_row *row)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "time", json_time(row->time));
	json_object_set_new(doc, "user", json_string(row->user.buf));
	json_object_set_new(doc, "host", json_string(row->host.buf));
	json_object_set_new(doc, "who", json_sprintf("%s@%s", row->user.buf, row->host.buf));
	json_object_set_new(doc, "verb", json_string(row->verb.buf));
	json_object_set_new(doc, "kind", json_string(row->kind.buf));
	json_object_set_new(doc, "ref", json_string(row->ref.buf));
	json_object_set_new(doc, "old", json_text_or_null(row->before.buf));
	json_object_set_new(doc, "new", json_text_or_null(row->after.buf));
	json_object_set_new(doc, "change", change_text(row));
	json_object_set_new(doc, "why", json_text_or_null(row->why.buf));
	json_object_set_new(doc, "run", json_text_or_null(row->run.buf));
	json_object_set_new(doc, "by", json_text_or_null(row->by.buf));
	json_object_set_new(doc, "seq", json_u64(row->seq));
	json_object_set_new(doc, "id", json_oid(&row->change));
	return doc;
}

static int print(const struct history_row *row, void *arg, struct error *err)
{
	struct walk *w = arg;

	if (w->ref && strcmp(w->ref, row->ref.buf) != 0)
		return 0;
	w->found = true;
	if (row->time < w->since)
		return 0; /* clocks of several hosts: an older line may follow a newer one */
	if (w->limit == 0)
		return 1;
	w->limit--;
	return out_list_row(w->out, record(row), err);
}

/* What only the journal can answer: an alias or a version that was removed has a history, too. */
static int only_of(struct view *v, const struct reference *ref, struct resolved *target, struct strbuf *only, struct error *err)
{
	if (ref->kind == REFERENCE_ALIAS) {
		strbuf_addf(only, "%s:%s", target->collection.name, ref->alias);
	} else if (ref->kind == REFERENCE_NUMBER) {
		strbuf_addf(only, "%s:v%" PRIu64, target->collection.name, ref->number);
	} else if (ref->kind != REFERENCE_BARE) {
		collection_cleanup(&target->collection);
		if (resolve_reference(v, ref, target, err) < 0)
			return -1;
		resolved_name(only, target);
	}
	return 0;
}

static int history_of_run(struct session *s, struct view *v, const char *text, struct walk *w, struct error *err)
{
	CLEANUP(run) struct run run = RUN_INIT;

	if (run_get(v, text, &run, err) < 0 || out_list_begin(s->out, columns, NULL, "ref", err) < 0 ||
	    history_each(v, &run.cid, true, print, w, err) < 0)
		return -1;
	return out_list_end(s->out, err);
}

/* By its name, too, where no collection is called so. */
static bool is_run(struct view *v, const char *operand)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	CLEANUP(run) struct run run = RUN_INIT;
	struct error ignored = ERROR_INIT;

	if (run_is_meant(operand))
		return true;
	if (strpbrk(operand, ":@/") || collection_get(v, operand, &c, &ignored) == 0)
		return false;
	error_clear(&ignored);
	return run_find(v, operand, &run, &ignored) != 0; /* several are told of */
}

static int history(struct session *s, const char *operand, struct walk *w, struct error *err)
{
	struct view *v = registry_view(s->registry, err);
	CLEANUP(resolved) struct resolved target = RESOLVED_INIT;
	CLEANUP(strbuf) struct strbuf only = STRBUF_INIT;
	struct reference ref = { .kind = REFERENCE_BARE };

	if (!v || session_pager(s, err) < 0)
		return -1;
	if (operand && is_run(v, operand))
		return history_of_run(s, v, operand, w, err);
	if (operand && reference_parse(operand, &ref, err) < 0)
		return -1;
	if (operand && (collection_get(v, ref.name, &target.collection, err) < 0 || only_of(v, &ref, &target, &only, err) < 0))
		return -1;
	w->ref = only.len ? only.buf : NULL;
	if (out_list_begin(s->out, columns, NULL, "ref", err) < 0 ||
	    history_each(v, operand ? &target.collection.cid : NULL, true, print, w, err) < 0)
		return -1;
	if (only.len && !w->found) {
		collection_cleanup(&target.collection);
		return resolve_reference(v, &ref, &target, err); /* it never was: says so, with those there are */
	}
	return out_list_end(s->out, err);
}

/* ---- the holders of an alias ---- */

struct holder_walk {
	struct session *session;
	struct view *view;
	const struct collection *collection;
	const char *alias;
	int64_t since;
	uint64_t limit;
	bool found; /* it was set, here or there */
};

static const struct column holder_columns[] = {
	{ "from", NULL, COLUMN_MOMENT, false }, { "to", NULL, COLUMN_MOMENT, false }, { "ref", "HOLDER", COLUMN_TEXT, false },
	{ "who", NULL, COLUMN_TEXT, false },  { "verb", NULL, COLUMN_TEXT, false }, { "why", NULL, COLUMN_TEXT, false },
	{ NULL, NULL, COLUMN_TEXT, false },
};

static json_t *holder_record(const struct collection *c, const struct tenure *h)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "ref", fields_ref(c->name, h->number));
	json_object_set_new(doc, "alias", json_string(h->alias));
	json_object_set_new(doc, "number", json_u64(h->number));
	json_object_set_new(doc, "version", json_oid(&h->version));
	json_object_set_new(doc, "from", json_time(h->from));
	json_object_set_new(doc, "to", h->is_present ? json_null() : json_time(h->to));
	json_object_set_new(doc, "user", json_string(h->began->user));
	json_object_set_new(doc, "host", json_string(h->began->host));
	json_object_set_new(doc, "who", json_sprintf("%s@%s", h->began->user, h->began->host));
	json_object_set_new(doc, "verb", json_string(h->began->verb));
	json_object_set_new(doc, "why", json_text_or_null(h->began->why));
	return doc;
}

static int print_holder(const struct tenure *h, void *arg, struct error *err)
{
	struct holder_walk *w = arg;

	if (!h->is_present && h->to <= w->since)
		return 0;
	if (w->limit == 0)
		return 1;
	w->limit--;
	return out_list_row(w->session->out, holder_record(w->collection, h), err);
}

static int holders_of(const struct collection *c, void *arg, struct error *err)
{
	struct holder_walk *w = arg;
	int found;

	w->collection = c;
	found = tenure_each(w->view, c, w->alias, print_holder, w, err);
	w->found = w->found || found == 1;
	return found < 0 ? -1 : 0;
}

static int never_set(struct holder_walk *w, const char *name, struct error *err)
{
	CLEANUP(resolved) struct resolved target = RESOLVED_INIT;
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (!name)
		return error_set(err, ERR_NO_REFERENCE, "nothing ever had an alias '%s'", w->alias);
	strbuf_addf(&text, "%s:%s", name, w->alias);
	return resolve_text(w->view, text.buf, &target, err);
}

static int holders(struct holder_walk *w, const char *name, struct error *err)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;

	w->view = registry_view(w->session->registry, err);
	if (!w->view || session_pager(w->session, err) < 0 || name_check(NAME_ALIAS, w->alias, strlen(w->alias), err) < 0 ||
	    (name && resolve_bare(w->view, name, &c, err) < 0) || out_list_begin(w->session->out, holder_columns, NULL, "ref", err) < 0 ||
	    (name ? holders_of(&c, w, err) : collection_each(w->view, holders_of, w, err)) < 0)
		return -1;
	return w->found ? out_list_end(w->session->out, err) : never_set(w, name, err);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	const char *since = NULL, *alias = NULL, *operand;
	struct walk w = { .since = INT64_MIN, .limit = UINT64_MAX };
	struct holder_walk holder_walk = { .session = s };
	CLEANUP(operands) struct operands operands = { NULL, 0 };
	const struct opt opts[] = {
		OPT_STRING('a', "alias", &alias, "ALIAS", "who held this alias, from when to when"),
		OPT_STRING(0, "since", &since, "TIME", "only changes from TIME on: a date, RFC 3339, @SECONDS, or a duration ago"),
		OPT_U64('n', "limit", &w.limit, "N", "at most N rows"),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 0, 1, &operands, err) < 0 || (since && session_time(since, &w.since, err) < 0))
		return -1;
	w.out = s->out;
	operand = operands.count ? operands.v[0] : NULL;
	if (!alias)
		return history(s, operand, &w, err);
	holder_walk.alias = alias;
	holder_walk.since = w.since;
	holder_walk.limit = w.limit;
	return holders(&holder_walk, operand, err);
}

const struct command cmd_history = {
	.name = "history", .synopsis = "[options] [NAME | REF | RUN]", .summary = "show who changed what, when and why", .group = GROUP_LOOK,
	.needs = NEEDS_REGISTRY, .run = run,
};
