/* SPDX-License-Identifier: Apache-2.0 */
/* mreg log: the versions of a collection, newest first, with what changed. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "registry/resolve.h"

#define NAMED_CHANGES 10 /* a version's changed files that people are shown */

struct args {
	uint64_t limit;
	bool all;
};

struct walk {
	struct session *s;
	struct view *view;
	const struct args *args;
	const struct collection *collection;
	struct alias_rows aliases;
	struct version_row next; /* the newer version, waiting for the one before it */
	bool has_next;
	uint64_t shown;
};

static const struct column columns[] = {
	{ "ref", NULL, COLUMN_TEXT, false }, { "created", NULL, COLUMN_TIME, false }, { "user", NULL, COLUMN_TEXT, false },
	{ "description", NULL, COLUMN_TEXT, false }, { NULL, NULL, COLUMN_TEXT, false },
};

static json_t *record(const struct walk *w, const struct version_info *info, const struct differences *d)
{
	json_t *doc = fields_version(w->collection, &w->next, &w->aliases, info);

	json_object_set_new(doc, "added", json_u64(d->added));
	json_object_set_new(doc, "deleted", json_u64(d->deleted));
	json_object_set_new(doc, "modified", json_u64(d->modified));
	json_object_set_new(doc, "renamed", json_u64(d->renamed));
	json_object_set_new(doc, "changes", fields_differences(d));
	return doc;
}

static void add_aliases(struct strbuf *out, const struct alias_rows *rows, uint64_t number)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->v[i].number == number)
			strbuf_addf(out, "%s%s", out->len ? ", " : "", rows->v[i].alias);
}

static int show_changes(struct out *out, const struct walk *w, const struct differences *d, struct error *err)
{
	size_t max = w->args->all ? SIZE_MAX : NAMED_CHANGES;

	for (size_t i = 0; i < d->count && i < max; i++) {
		const struct difference *x = &d->v[i];
		const struct entry *e = x->after ? x->after : x->before;
		CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;

		if (x->kind == DIFFERENCE_RENAMED) {
			utf8_add_visible(&path, x->before->path, strlen(x->before->path));
			strbuf_adds(&path, " -> ");
		}
		utf8_add_visible(&path, e->path, strlen(e->path));
		if (out_text(out, err, "    %-8s  %s\n", difference_name(x->kind), path.buf) < 0)
			return -1;
	}
	if (d->count > max)
		return out_text(out, err, "    and %zu more (--all shows them)\n", d->count - max);
	return 0;
}

static int show_description(struct out *out, const char *text, struct error *err)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		CLEANUP(strbuf) struct strbuf line = STRBUF_INIT;

		utf8_add_visible(&line, text, len);
		if (out_text(out, err, "    %s\n", line.buf) < 0)
			return -1;
		text += len + (text[len] == '\n');
	}
	return 0;
}

static int show_human(struct walk *w, const struct version_info *info, const struct differences *d, struct error *err)
{
	struct out *out = w->s->out;
	CLEANUP(strbuf) struct strbuf head = STRBUF_INIT, aliases = STRBUF_INIT, time = STRBUF_INIT;

	add_aliases(&aliases, &w->aliases, w->next.number);
	strbuf_addf(&head, "%s:v%" PRIu64 "  %.12s%s%s%s", w->collection->name, w->next.number, oid_hex(&w->next.digest).text, aliases.len ? "  (" : "",
		    aliases.buf, aliases.len ? ")" : "");
	clock_format_local(&time, info->object.time);
	if ((w->shown > 1 && out_text(out, err, "\n") < 0) || out_heading(out, head.buf, err) < 0 ||
	    out_text(out, err, "    %s by %s@%s\n", time.buf, info->object.user, info->object.host) < 0)
		return -1;
	if (show_description(out, info->description, err) < 0)
		return -1;
	return show_changes(out, w, d, err);
}

/* `before` is NULL for the first version. */
static int show_next(struct walk *w, const struct version_row *before, struct error *err)
{
	CLEANUP(version_info) struct version_info info = VERSION_INFO_INIT;
	CLEANUP(manifest) struct manifest old = MANIFEST_INIT;
	CLEANUP(manifest) struct manifest new = MANIFEST_INIT;
	CLEANUP(differences) struct differences d = DIFFERENCES_INIT;

	w->shown++;
	if (version_info_read(w->s->registry, w->view, &w->next, &info, err) < 0 ||
	    version_manifest(w->s->registry, &w->next.digest, &new, err) < 0 ||
	    (before && version_manifest(w->s->registry, &before->digest, &old, err) < 0))
		return -1;
	compare_manifests(&old, &new, &d);
	if (out_mode(w->s->out) == OUT_HUMAN)
		return show_human(w, &info, &d, err);
	return out_list_row(w->s->out, record(w, &info, &d), err);
}

static int visit(const struct version_row *row, void *arg, struct error *err)
{
	struct walk *w = arg;

	if (row->removed)
		return 0;
	if (w->has_next && show_next(w, row, err) < 0)
		return -1;
	w->next = *row;
	w->has_next = w->shown < w->args->limit;
	return !w->has_next;
}

static int log_run(struct walk *w, const char *name, struct error *err)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	bool human = out_mode(w->s->out) == OUT_HUMAN;

	if (resolve_bare(w->view, name, &c, err) < 0 || alias_rows_read(w->view, &c, &w->aliases, err) < 0)
		return -1;
	w->collection = &c;
	if (!human && out_list_begin(w->s->out, columns, NULL, "ref", err) < 0)
		return -1;
	if (view_each_version(w->view, &c.cid, true, visit, w, err) < 0 || (w->has_next && show_next(w, NULL, err) < 0))
		return -1;
	return human ? 0 : out_list_end(w->s->out, err);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	struct args a = { UINT64_MAX, false };
	CLEANUP(operands) struct operands operands = { NULL, 0 };
	struct walk w = { .s = s, .args = &a, .aliases = ALIAS_ROWS_INIT };
	int rc;
	const struct opt opts[] = {
		OPT_U64('n', "limit", &a.limit, "N", "at most N versions"),
		OPT_FLAG(0, "all", &a.all, "name every changed file, not only the first ten"),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, 1, &operands, err) < 0 || !(w.view = registry_view(s->registry, err)) || session_pager(s, err) < 0)
		return -1;
	rc = log_run(&w, operands.v[0], err);
	alias_rows_cleanup(&w.aliases);
	return rc;
}

const struct command cmd_log = {
	.name = "log", .synopsis = "[options] NAME", .summary = "show the versions of a collection, newest first", .group = GROUP_LOOK,
	.needs = NEEDS_REGISTRY, .run = run,
};
