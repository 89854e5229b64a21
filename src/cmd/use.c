/* SPDX-License-Identifier: Apache-2.0 */
/* mreg use: declares what a run uses. */
#include <config.h>

#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "cmd/put-ref.h"
#include "format/json.h"
#include "registry/registry.h"
#include "registry/run-use.h"
#include "ui/out.h"

static const char *kind_name(const char *text)
{
	static const char *const names[] = { [RUN_USE_REFERENCE] = "reference", [RUN_USE_PATH] = "path", [RUN_USE_URI] = "uri" };

	return names[run_use_kind(text)];
}

static json_t *record(const struct run *run, const struct run_use *use, const struct run_used *used)
{
	json_t *doc = json_object();
	bool is_known = !use->dry_run || run_use_kind(use->text) == RUN_USE_REFERENCE;

	json_object_set_new(doc, "ref", fields_ref(used->name, used->number));
	json_object_set_new(doc, "number", json_u64(used->number));
	json_object_set_new(doc, "digest", json_oid(&used->digest));
	json_object_set_new(doc, "version", is_known ? json_oid(&used->version) : json_null());
	json_object_set_new(doc, "given", json_string(kind_name(use->text)));
	json_object_set_new(doc, "created", json_boolean(used->created));
	json_object_set_new(doc, "as", use->name ? json_string(use->name) : json_null());
	json_object_set_new(doc, "run", json_string(run->id.text));
	return doc;
}

static int no_run(struct error *err)
{
	error_set(err, ERR_USAGE, "use declares what a run uses, and there is no run");
	return error_hint(err, "Say --run RUN, or work in one: 'mreg run exec -- COMMAND', or export MREG_RUN=$(mreg run start).");
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	const char *given = NULL;
	struct run_use use = { .name = NULL };
	struct run_used used;
	CLEANUP(run) struct run of = RUN_INIT;
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	CLEANUP(put_refs) struct put_refs refs = { .v = NULL };
	struct view *v;
	int found;
	const struct opt opts[] = {
		OPT_STRING(0, "name", &use.name, "NAME", "what the run calls it; the artifact that a PATH or URI is put into"),
		OPT_STRING('t', "type", &use.type, "TYPE", "type of the artifact (default: dataset); a REF must be of it"),
		OPT_CALLBACK(0, "digest", put_ref_digest, &refs, "SHA256", "digest of the file that a URI names"),
		OPT_CALLBACK(0, "size", put_ref_size, &refs, "BYTES", "size of the file that a URI names"),
		OPT_RUN(&given),
		OPT_WHY(&use.why),
		OPT_DRY_RUN(&use.dry_run),
		OPT_END,
	};

	if (put_ref_add(&refs, NULL, 0, err) < 0 || session_parse(s, opts, argc, argv, 1, 1, &operands, err) < 0)
		return -1;
	use.of_uri = refs.v[0];
	use.text = operands.v[0];
	if ((use.of_uri.has_digest || use.of_uri.has_size) && run_use_kind(use.text) != RUN_USE_URI)
		return error_set(err, ERR_USAGE, "%s is for a URI, and '%s' is none", use.of_uri.has_digest ? "--digest" : "--size", use.text);
	v = registry_view(s->registry, err);
	found = v ? run_current(v, given, &of, err) : -1;
	if (found <= 0)
		return found < 0 ? -1 : no_run(err);
	if (!given && run_heed_end(s->registry, v, &of, err) < 0)
		return -1;
	if (run_use(s->registry, &of, &use, &used, err) < 0)
		return -1;
	return out_result(s->out, record(&of, &use, &used), "ref", err);
}

const struct command cmd_use = {
	.name = "use", .synopsis = "[options] REF | PATH | URI", .summary = "declare what a run uses", .group = GROUP_TRACE, .needs = NEEDS_REGISTRY,
	.run = run,
};
