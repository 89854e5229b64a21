/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers which run made a version, and how it was configured. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "registry/report-internal.h"
#include "registry/run-edge.h"
#include "registry/run.h"

struct taking {
	struct report_gathering *g;
	struct report_version *version;
};

static int take_producer(const struct run *run, void *arg, struct error *err)
{
	const struct taking *t = arg;
	struct report_version *v = t->version;

	free(v->run);
	free(v->job_type);
	v->run = xstrdup(run->id.text);
	v->job_type = xstrdup(run->job_type);
	return report_config_read(t->g, run, v, err) < 0 ? -1 : 1;
}

int report_run_of(struct report_gathering *g, struct report_version *v, struct error *err)
{
	struct taking taking = { g, v };
	struct run run = RUN_INIT;
	int found = run_id_is(v->run, strlen(v->run)) ? run_find(g->view, v->run, &run, err) : 0;

	if (found == 1)
		found = take_producer(&run, &taking, err);
	run_cleanup(&run);
	if (found)
		return found < 0 ? -1 : 0;
	/* its content was there already when a run put it again */
	return run_edge_each_producer(g->view, &v->version, take_producer, &taking, err) < 0 ? -1 : 0;
}
