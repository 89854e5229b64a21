/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps account of what a report has to do without, so that one sentence tells of it. */
#include <config.h>

#include "registry/absent.h"
#include "registry/report-internal.h"

int report_loss_add(struct report_gathering *g, struct report_loss *loss, const char *of, struct error *err)
{
	if (err->code != ERR_INTEGRITY && err->code != ERR_REMOTE)
		return -1;
	g->is_remote_lost = g->is_remote_lost || err->code == ERR_REMOTE;
	if (loss->count++ == 0) {
		error_wrap(err, "'%s'", of);
		loss->first = *err;
	}
	error_clear(err);
	return 0;
}

int report_loss_expect(struct report_gathering *g, const struct oid *version, struct error *err)
{
	return g->is_remote_lost ? absent_is(g->view, version, NULL, err) : 0;
}

void report_loss_tell(struct report_gathering *g)
{
	const struct report_loss *pictures = &g->pictures, *points = &g->points;

	if (pictures->count)
		report_warning(g->reg->report, "%zu picture%s not in the report: %s", pictures->count,
			pictures->count == 1 ? " is" : "s are", pictures->first.text);
	if (g->configs.count)
		report_warning(g->reg->report, "the configuration of %zu run%s is not in the report: %s", g->configs.count,
			g->configs.count == 1 ? "" : "s", g->configs.first.text);
	if (points->count)
		report_warning(g->reg->report, "the metrics of %zu run%s are not drawn in the report: %s", points->count,
			points->count == 1 ? "" : "s", points->first.text);
}
