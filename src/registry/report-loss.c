/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps account of what a report has to do without, so that one sentence tells of it. */
#include <config.h>

#include "registry/absent.h"
#include "registry/report-internal.h"

int report_loss_add(struct report_gathering *g, struct report_loss *loss, const char *of, struct error *err)
{
	if (err->code != ERR_INTEGRITY && err->code != ERR_REMOTE)
		return -1;
	error_wrap(err, "'%s'", of);
	if (err->code == ERR_REMOTE && !g->is_remote_lost) {
		g->is_remote_lost = true;
		g->remote_loss = *err;
	}
	if (loss->count++ == 0)
		loss->first = *err;
	error_clear(err);
	return 0;
}

int report_loss_expect(struct report_gathering *g, const struct oid *version, struct error *err)
{
	return g->is_remote_lost ? absent_is(g->view, version, NULL, err) : 0;
}

/* What was not even tried, since the remote is lost, has no reason of its own. */
static const char *reason_of(const struct report_gathering *g, const struct report_loss *loss)
{
	return *loss->first.text ? loss->first.text : g->remote_loss.text;
}

void report_loss_tell(struct report_gathering *g)
{
	const struct report_loss *pictures = &g->pictures, *points = &g->points;

	if (pictures->count)
		report_warning(g->reg->report, "%zu picture%s not in the report: %s", pictures->count,
			pictures->count == 1 ? " is" : "s are", reason_of(g, pictures));
	if (g->configs.count)
		report_warning(g->reg->report, "the configuration of %zu run%s is not in the report: %s", g->configs.count,
			g->configs.count == 1 ? "" : "s", reason_of(g, &g->configs));
	if (points->count)
		report_warning(g->reg->report, "the metrics of %zu run%s are not drawn in the report: %s", points->count,
			points->count == 1 ? "" : "s", reason_of(g, points));
}
