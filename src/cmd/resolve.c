/* SPDX-License-Identifier: Apache-2.0 */
/* mreg resolve: which version a reference means, as a digest. */
#include <config.h>

#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "registry/resolve.h"

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	bool name = false;
	CLEANUP(operands) struct operands operands = { NULL, 0 };
	CLEANUP(resolved) struct resolved version = RESOLVED_INIT;
	struct view *v;
	json_t *record;
	const struct opt opts[] = {
		OPT_FLAG(0, "name", &name, "print NAME:vN instead of the digest"),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, 1, &operands, err) < 0 || !(v = registry_view(s->registry, err)) ||
	    resolve_text(v, operands.v[0], &version, err) < 0)
		return -1;
	record = json_object();
	json_object_set_new(record, "ref", fields_ref(version.collection.name, version.row.number));
	json_object_set_new(record, "number", json_u64(version.row.number));
	json_object_set_new(record, "digest", json_oid(&version.row.digest));
	json_object_set_new(record, "version", json_oid(&version.row.version));
	json_object_set_new(record, "type", json_string(version.collection.type));
	return out_result(s->out, record, name ? "ref" : "digest", err);
}

const struct command cmd_resolve = {
	.name = "resolve", .synopsis = "[options] REF", .summary = "print the digest of the version a reference means", .group = GROUP_LOOK,
	.needs = NEEDS_REGISTRY, .run = run,
};
