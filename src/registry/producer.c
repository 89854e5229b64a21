/* SPDX-License-Identifier: Apache-2.0 */
/* Looks among the runs that have a version as an output for the one that made it. */
#include <config.h>

#include "registry/producer.h"

#include "base/mem.h"
#include "registry/run-edge.h"

struct search_for {
	struct view *view;
	const struct oid *version;
	struct run *out;
	bool has_any;
};

static void copy(struct run *to, const struct run *from)
{
	run_cleanup(to);
	*to = (struct run){ from->cid, from->id, xstrdup(from->job_type), xstrdup(from->label) };
}

/* The edge itself says whether the version was there already. */
static int take(const struct run *run, void *arg, struct error *err)
{
	struct search_for *s = arg;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *edge = NULL;
	bool created = false;

	strbuf_addf(&key, "output/%s/%s", run->cid.hex, oid_hex(s->version).text);
	if (view_json(s->view, key.buf, &edge, err) < 0)
		return -1;
	if (!json_get_bool(edge, "created", &created))
		created = false;
	if (created || !s->has_any)
		copy(s->out, run);
	s->has_any = true;
	return created;
}

int producer_find(struct view *v, const struct oid *version, struct run *out, struct error *err)
{
	struct search_for s = { v, version, out, false };

	if (run_edge_each_producer(v, version, take, &s, err) < 0)
		return -1;
	return s.has_any;
}

int producer_inputs(struct view *v, const struct oid *version, struct strvec *out, struct error *err)
{
	CLEANUP(run) struct run run = RUN_INIT;
	int found = producer_find(v, version, &run, err);

	return found <= 0 ? found : run_edge_input_names(v, &run.cid, out, err);
}
