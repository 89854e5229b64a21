/* SPDX-License-Identifier: Apache-2.0 */
/* mreg ttl: sets and shows how long versions are meant to live. */
#include <config.h>

#include <inttypes.h>

#include "base/clock.h"
#include "base/number.h"
#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "registry/ttl.h"
#include "registry/version.h"

/* {"ref","ttl","inherited","expires"} */
static int make_record(struct session *s, const struct annotated *target, json_t **out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT, summary = STRBUF_INIT;
	struct view *v = registry_view(s->registry, err);
	struct version_row row = target->target.row;
	int64_t created = 0, expiry = INT64_MAX;
	struct ttl ttl;
	json_t *record;

	if (!v || ttl_read(v, &target->target.collection, target->is_version ? &row.version : NULL, &ttl, err) < 0)
		return -1;
	if (target->is_version) {
		if (version_brief_read(s->registry, v, &row, &summary, &created, err) < 0)
			return -1;
		expiry = ttl_expiry(&ttl, created);
	}
	fields_annotated(&ref, target);
	record = json_object();
	json_object_set_new(record, "ref", json_string(ref.buf));
	json_object_set_new(record, "ttl", ttl.kind == TTL_SECONDS ? json_u64(ttl.seconds) : ttl.kind == TTL_NEVER ? json_string("never") : json_null());
	json_object_set_new(record, "inherited", json_boolean(ttl.is_inherited));
	json_object_set_new(record, "expires", expiry == INT64_MAX ? json_null() : json_time(expiry));
	*out = record;
	return 0;
}

static int show(struct session *s, const char *reference, struct error *err)
{
	CLEANUP(annotated) struct annotated target = { .is_version = false };
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(json) json_t *record = NULL;
	struct view *v = registry_view(s->registry, err);
	uint64_t seconds;

	if (!v || annotation_target_no_run(v, reference, "time to live", &target, err) < 0 || make_record(s, &target, &record, err) < 0)
		return -1;
	if (out_mode(s->out) == OUT_JSON || out_mode(s->out) == OUT_TEMPLATE)
		return out_result(s->out, STEAL(record), "ref", err);
	if (json_get_u64(record, "ttl", &seconds))
		duration_format(&text, seconds);
	else if (json_is_string(json_object_get(record, "ttl")))
		strbuf_adds(&text, "never");
	if (!text.len)
		return 0;
	json_object_set_new(record, "ttl", json_string(text.buf));
	return out_result(s->out, STEAL(record), "ttl", err);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	struct ttl_change change = { .reference = NULL };
	CLEANUP(annotated) struct annotated target = { .is_version = false };
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	CLEANUP(json) json_t *record = NULL;
	const struct opt opts[] = {
		OPT_WHY(&change.why),
		OPT_DRY_RUN(&change.dry_run),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, 2, &operands, err) < 0)
		return -1;
	if (operands.count == 1)
		return show(s, operands.v[0], err);
	change.reference = operands.v[0];
	change.value = operands.v[1];
	if (ttl_set(s->registry, &change, &target, err) < 0)
		return -1;
	if (out_mode(s->out) != OUT_JSON)
		return 0;
	return make_record(s, &target, &record, err) < 0 ? -1 : out_result(s->out, STEAL(record), "ref", err);
}

const struct command cmd_ttl = {
	.name = "ttl", .synopsis = "[options] NAME | REF [TIME | never | inherit]", .summary = "set or show how long versions live", .group = GROUP_KEEP,
	.needs = NEEDS_REGISTRY, .run = run,
};
