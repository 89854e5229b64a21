/* SPDX-License-Identifier: Apache-2.0 */
/* mreg run rm: removes runs. */
#include <config.h>

#include "cmd/fields.h"
#include "cmd/references.h"
#include "cmd/run.h"
#include "registry/run-remove.h"
#include "ui/out.h"

int run_rm_verb(struct session *s, const struct run_args *a, struct error *err)
{
	CLEANUP(strvec) struct strvec runs = STRVEC_INIT, removed = STRVEC_INIT;
	const struct run_removal removal = { .runs = &runs, .force = a->force, .why = a->message, .dry_run = a->dry_run };
	json_t *record;

	if (references_read(&a->operands, 0, &runs, NULL, err) < 0 || run_remove(s->registry, &removal, &removed, err) < 0)
		return -1;
	if (a->dry_run)
		for (size_t i = 0; i < removed.count; i++)
			report_note(s->report, "dry run: '%s' would be removed", removed.v[i]);
	else
		for (size_t i = 0; i < removed.count; i++)
			report_note(s->report, "removed %s; 'mreg restore %s' brings it back", removed.v[i], removed.v[i]);
	if (out_mode(s->out) != OUT_JSON)
		return 0;
	record = json_object();
	json_object_set_new(record, "removed", fields_strings(&removed));
	return out_result(s->out, record, "removed", err);
}
