/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers where the version that matters most in a collection came from, and what became of it. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "registry/report-internal.h"

#define NODES_MAX 60
#define DEPTH_MAX 8

/* What is in production; else what has the first stage that any has; else the newest. */
static bool choose(const struct report_collection *c, uint64_t *number)
{
	const struct report_alias *chosen = NULL;

	for (size_t i = 0; i < c->alias_count && c->aliases[i].is_stage; i++)
		if (!chosen || strcmp(c->aliases[i].alias, "production") == 0)
			chosen = &c->aliases[i];
	if (!chosen && !c->version_count)
		return false;
	*number = chosen ? chosen->number : c->versions[0].number;
	return true;
}

int report_lineage_read(struct report_gathering *g, struct report_collection *c, struct error *err)
{
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT;
	struct lineage_request request = { .up = true, .down = true, .has_depth = true, .depth = DEPTH_MAX, .limit = NODES_MAX };
	uint64_t number;

	if (!choose(c, &number))
		return 0;
	strbuf_addf(&ref, "%s:v%" PRIu64, c->name, number);
	request.reference = ref.buf;
	if (lineage_read(g->reg, g->view, &request, &c->lineage, err) == 0)
		return 0;
	if (err->code != ERR_INTEGRITY)
		return -1;
	report_warning(g->reg->report, "the lineage of '%s' is not in the report: %s", ref.buf, err->text);
	error_clear(err);
	return 0;
}
