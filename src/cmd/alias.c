/* SPDX-License-Identifier: Apache-2.0 */
/* mreg alias: sets, moves, removes and lists aliases. */
#include <config.h>

#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "registry/alias.h"

/* Whoever names a version wants to give it an alias, or to see those that there are. */
static int check_name(const char *text, struct error *err)
{
	struct reference ref;

	if (reference_parse(text, &ref, err) < 0)
		return -1;
	if (ref.kind == REFERENCE_BARE)
		return 0;
	error_set(err, ERR_USAGE, "which alias '%s' is to have is not said", text);
	return error_hint(err, "Say 'mreg alias %s ALIAS', or 'mreg alias %s' for those that there are.", text, ref.name);
}

static int list(struct session *s, const char *name, struct error *err)
{
	static const struct column columns[] = {
		{ "alias", NULL, COLUMN_TEXT, false }, { "version", NULL, COLUMN_TEXT, false }, { "digest", NULL, COLUMN_DIGEST, false },
		{ "ref", NULL, COLUMN_TEXT, true }, { NULL, NULL, COLUMN_TEXT, false },
	};
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	CLEANUP(alias_rows) struct alias_rows rows = ALIAS_ROWS_INIT;
	struct view *v = registry_view(s->registry, err);

	if (!v || check_name(name, err) < 0 || resolve_bare(v, name, &c, err) < 0 || alias_rows_read(v, &c, &rows, err) < 0 ||
	    out_list_begin(s->out, columns, NULL, "ref", err) < 0)
		return -1;
	for (size_t i = 0; i < rows.count; i++) {
		json_t *record = json_object();
		struct version_row row;

		json_object_set_new(record, "ref", json_sprintf("%s:%s", c.name, rows.v[i].alias));
		json_object_set_new(record, "alias", json_string(rows.v[i].alias));
		json_object_set_new(record, "version", fields_ref(c.name, rows.v[i].number));
		if (view_version(v, &c.cid, rows.v[i].number, &row, err) == 1)
			json_object_set_new(record, "digest", json_oid(&row.digest));
		if (out_list_row(s->out, record, err) < 0)
			return -1;
	}
	return out_list_end(s->out, err);
}

static int removal(struct session *s, const struct alias_removal *removal, struct error *err)
{
	return alias_remove(s->registry, removal, err) < 0 ? -1 : fields_removed(s->out, removal->references, err);
}

static int move(struct session *s, const struct alias_change *change, struct error *err)
{
	CLEANUP(resolved) struct resolved version = RESOLVED_INIT;
	json_t *record;

	if (alias_move(s->registry, change, &version, err) < 0)
		return -1;
	record = json_object();
	json_object_set_new(record, "ref", fields_ref(version.collection.name, version.row.number));
	json_object_set_new(record, "number", json_u64(version.row.number));
	json_object_set_new(record, "digest", json_oid(&version.row.digest));
	json_object_set_new(record, "aliases", fields_strings(change->aliases));
	return out_result(s->out, record, "ref", err);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	const char *expect_text = NULL, *why = NULL;
	bool delete = false, dry_run = false, override = false;
	struct expect expect;
	CLEANUP(operands) struct operands operands = { NULL, 0 };
	CLEANUP(strvec) struct strvec rest = STRVEC_INIT;
	const struct opt opts[] = {
		OPT_FLAG('d', "delete", &delete, "remove aliases, each written NAME:ALIAS"),
		OPT_STRING(0, "expect", &expect_text, "vN|none", "refuse unless the alias is now at this version, or not set"),
		OPT_WHY(&why),
		OPT_OVERRIDE(&override),
		OPT_DRY_RUN(&dry_run),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, SIZE_MAX, &operands, err) < 0 || expect_parse(expect_text, true, &expect, err) < 0)
		return -1;
	if (!delete && operands.count == 1)
		return list(s, operands.v[0], err);
	operands_from(&operands, delete ? 0 : 1, &rest);
	if (delete)
		return removal(s, &(struct alias_removal){
			.references = &rest, .expect = expect, .why = why, .dry_run = dry_run, .override = override,
		}, err);
	return move(s, &(struct alias_change){
		.reference = operands.v[0], .aliases = &rest, .expect = expect, .why = why, .dry_run = dry_run, .override = override,
	}, err);
}

const struct command cmd_alias = {
	.name = "alias", .synopsis = "[options] REF ALIAS... | -d NAME:ALIAS... | NAME", .summary = "set, move, remove or list aliases",
	.group = GROUP_CURATE, .needs = NEEDS_REGISTRY, .run = run,
};
