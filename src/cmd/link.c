/* SPDX-License-Identifier: Apache-2.0 */
/* mreg link: puts a version into a registered model. */
#include <config.h>

#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "registry/link.h"

static json_t *record(const struct resolved *link, const struct link_change *change)
{
	json_t *doc = json_object(), *aliases = fields_strings(&change->target->aliases);

	for (size_t i = 0; i < change->aliases->count; i++)
		json_array_append_new(aliases, json_string(change->aliases->v[i]));
	json_object_set_new(doc, "ref", fields_ref(link->collection.name, link->row.number));
	json_object_set_new(doc, "number", json_u64(link->row.number));
	json_object_set_new(doc, "digest", json_oid(&link->row.digest));
	json_object_set_new(doc, "version", json_oid(&link->row.version));
	json_object_set_new(doc, "aliases", aliases);
	return doc;
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	const char *expect = NULL;
	CLEANUP(link_target) struct link_target target = { .aliases = STRVEC_INIT };
	CLEANUP(strvec) struct strvec aliases = STRVEC_INIT;
	struct link_change change = { .target = &target, .aliases = &aliases };
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	CLEANUP(resolved) struct resolved link = RESOLVED_INIT;
	const struct opt opts[] = {
		OPT_STRVEC('a', "alias", &aliases, "ALIAS", "set this alias of the model to the version"),
		OPT_STRING(0, "expect", &expect, "vN|none", "refuse unless each alias is now at this version of the model, or not set"),
		OPT_FLAG(0, "no-create", &change.no_create, "refuse to make the model"),
		OPT_WHY(&change.why),
		OPT_DRY_RUN(&change.dry_run),
		OPT_OVERRIDE(&change.override),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 2, 2, &operands, err) < 0 || expect_parse(expect, true, &change.expect, err) < 0 ||
	    link_target_parse(operands.v[1], &target, err) < 0)
		return -1;
	change.reference = operands.v[0];
	if (link_run(s->registry, &change, &link, err) < 0)
		return -1;
	return out_result(s->out, record(&link, &change), "ref", err);
}

const struct command cmd_link = {
	.name = "link", .synopsis = "[options] REF MODEL", .summary = "put a version into a registered model", .group = GROUP_CURATE,
	.needs = NEEDS_REGISTRY, .run = run,
};
