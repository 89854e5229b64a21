/* SPDX-License-Identifier: Apache-2.0 */
/* mreg protect: aliases that move only when somebody means it. */
#include <config.h>

#include <string.h>

#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "registry/protect.h"

static int row(struct session *s, struct view *v, const struct collection *c, const struct protection *p, struct error *err)
{
	CLEANUP(alias_row) struct alias_row holder = { NULL, { { 0 } }, 0 };
	int found = alias_find(v, c, p->alias, &holder, err);
	json_t *record;

	if (found < 0)
		return -1;
	record = json_object();
	json_object_set_new(record, "ref", json_sprintf("%s:%s", c->name, p->alias));
	json_object_set_new(record, "alias", json_string(p->alias));
	json_object_set_new(record, "version", found ? fields_ref(c->name, holder.number) : json_null());
	json_object_set_new(record, "require_reason", json_boolean(p->reason));
	json_object_set_new(record, "moves", json_string(p->reason ? "with a reason" : "with --override and a reason"));
	return out_list_row(s->out, record, err);
}

struct list {
	struct session *session;
	struct view *view;
};

static int list_of(const struct collection *c, void *arg, struct error *err)
{
	const struct list *l = arg;
	CLEANUP(protections) struct protections rows = PROTECTIONS_INIT;

	if (protect_read(l->view, c, &rows, err) < 0)
		return -1;
	for (size_t i = 0; i < rows.count; i++)
		if (row(l->session, l->view, c, &rows.v[i], err) < 0)
			return -1;
	return 0;
}

/* name NULL: of all collections. */
static int list(struct session *s, const char *name, struct error *err)
{
	static const struct column columns[] = {
		{ "ref", NULL, COLUMN_TEXT, false },  { "version", NULL, COLUMN_TEXT, false }, { "moves", NULL, COLUMN_TEXT, false },
		{ "alias", NULL, COLUMN_TEXT, true }, { NULL, NULL, COLUMN_TEXT, false },
	};
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	struct list l = { s, registry_view(s->registry, err) };

	if (!l.view || (name && resolve_bare(l.view, name, &c, err) < 0) || out_list_begin(s->out, columns, NULL, "ref", err) < 0 ||
	    (name ? list_of(&c, &l, err) : collection_each(l.view, list_of, &l, err)) < 0)
		return -1;
	return out_list_end(s->out, err);
}

static int change(struct session *s, const struct protect_change *change, struct error *err)
{
	json_t *record;

	if (protect_change(s->registry, change, err) < 0)
		return -1;
	if (change->remove)
		return fields_removed(s->out, change->references, err);
	if (out_mode(s->out) != OUT_JSON)
		return 0;
	record = json_object();
	json_object_set_new(record, "ref", json_string(change->references->v[0]));
	json_object_set_new(record, "require_reason", json_boolean(change->reason));
	return out_result(s->out, record, "ref", err);
}

static int check_usage(const struct protect_change *change, const struct operands *operands, struct error *err)
{
	if (!operands->count && (change->remove || change->reason))
		return error_set(err, ERR_USAGE, "an operand is missing: NAME:ALIAS");
	if (change->remove && change->reason)
		return error_set(err, ERR_USAGE, "-d goes with no --require-reason");
	if (!change->remove && operands->count > 1)
		return error_set(err, ERR_USAGE, "one alias at a time: '%s'", operands->v[1]);
	return 0;
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	struct protect_change how = { .references = NULL };
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	CLEANUP(strvec) struct strvec references = STRVEC_INIT;
	const struct opt opts[] = {
		OPT_FLAG('d', "delete", &how.remove, "take protections away, each written NAME:ALIAS"),
		OPT_FLAG(0, "require-reason", &how.reason, "let a move through when it says why"),
		OPT_WHY(&how.why),
		OPT_DRY_RUN(&how.dry_run),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 0, SIZE_MAX, &operands, err) < 0 || check_usage(&how, &operands, err) < 0)
		return -1;
	if (!operands.count)
		return list(s, NULL, err);
	if (!how.remove && !how.reason && !strchr(operands.v[0], ':') && !strchr(operands.v[0], '@'))
		return list(s, operands.v[0], err);
	operands_from(&operands, 0, &references);
	how.references = &references;
	return change(s, &how, err);
}

const struct command cmd_protect = {
	.name = "protect", .synopsis = "[options] NAME:ALIAS | -d NAME:ALIAS... | [NAME]", .summary = "say which aliases move only when somebody means it",
	.group = GROUP_CURATE, .needs = NEEDS_REGISTRY, .run = run,
};
