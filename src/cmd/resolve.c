/* SPDX-License-Identifier: Apache-2.0 */
/* mreg resolve: which version a reference means, as a digest. */
#include <config.h>

#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "registry/as-of.h"
#include "registry/resolve.h"

/* Whether what was there then has been removed since. */
static int is_removed(struct view *v, const struct resolved *version, bool *out, struct error *err)
{
	struct version_row now;
	int found = view_version(v, &version->collection.cid, version->row.number, &now, err);

	*out = found == 1 && now.removed;
	return found < 0 ? -1 : 0;
}

static int resolve_at(struct view *v, const char *text, const char *time, struct resolved *out, json_t *record, struct error *err)
{
	bool removed;
	int64_t at;

	if (session_time(time, &at, err) < 0 || as_of_resolve(v, text, at, out, err) < 0 || is_removed(v, out, &removed, err) < 0)
		return -1;
	json_object_set_new(record, "at", json_time(at));
	json_object_set_new(record, "removed", json_boolean(removed));
	return 0;
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	bool name = false;
	const char *at = NULL;
	CLEANUP(operands) struct operands operands = { NULL, 0 };
	CLEANUP(resolved) struct resolved version = RESOLVED_INIT;
	CLEANUP(json) json_t *when = json_object();
	struct view *v;
	json_t *record;
	const struct opt opts[] = {
		OPT_FLAG(0, "name", &name, "print NAME:vN instead of the digest"),
		OPT_STRING(0, "at", &at, "TIME", "what it meant then: a date, RFC 3339, @SECONDS, or a duration ago"),
		OPT_REMOTE(&s->remote_name),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, 1, &operands, err) < 0 || session_update(s, operands.v, 1, err) < 0 ||
	    !(v = registry_view(s->registry, err)) ||
	    (at ? resolve_at(v, operands.v[0], at, &version, when, err) : resolve_text(v, operands.v[0], &version, err)) < 0)
		return -1;
	record = json_object();
	json_object_set_new(record, "ref", fields_ref(version.collection.name, version.row.number));
	json_object_set_new(record, "number", json_u64(version.row.number));
	json_object_set_new(record, "digest", json_oid(&version.row.digest));
	json_object_set_new(record, "version", json_oid(&version.row.version));
	json_object_set_new(record, "type", json_string(version.collection.type));
	json_object_update(record, when);
	return out_result(s->out, record, name ? "ref" : "digest", err);
}

const struct command cmd_resolve = {
	.name = "resolve", .synopsis = "[options] REF", .summary = "print the digest of the version a reference means", .group = GROUP_LOOK,
	.needs = NEEDS_REGISTRY, .run = run,
};
