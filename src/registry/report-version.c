/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers what a report says of one version. */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "registry/link.h"
#include "registry/metadata.h"
#include "registry/report-internal.h"
#include "registry/version.h"

void report_version_release(struct report_version *v)
{
	for (size_t i = 0; i < v->media_count; i++) {
		free(v->media[i].path);
		free(v->media[i].ref);
		strbuf_release(&v->media[i].data);
	}
	free(v->media);
	free(v->user);
	free(v->note);
	free(v->source);
	free(v->run);
	free(v->job_type);
	strvec_release(&v->aliases);
	strvec_release(&v->tags);
	strvec_release(&v->links);
	json_decref(v->metadata);
	json_decref(v->metrics);
	json_decref(v->config);
	json_decref(v->config_fields);
	*v = (struct report_version){ .number = 0 };
}

bool report_version_metric(const struct report_version *v, const char *metric, double *out)
{
	return metadata_metric_value(json_object_get(v->metrics, metric), out);
}

static void take_info(struct version_info *info, struct report_version *out)
{
	out->created = info->object.time;
	out->user = xstrdup(info->object.user);
	out->note = xstrdup(info->description);
	out->run = xstrdup(info->object.run);
	out->metadata = json_incref(info->metadata);
	out->metrics = json_incref(info->metrics);
	out->tags = info->tags;
	info->tags = (struct strvec)STRVEC_INIT;
}

int report_version_read(struct report_gathering *g, const struct collection *c, const struct version_row *row, struct report_version *out,
	struct error *err)
{
	CLEANUP(version_info) struct version_info info = VERSION_INFO_INIT;

	if (version_info_read(g->reg, g->view, row, &info, err) < 0) {
		if (err->code != ERR_INTEGRITY)
			return -1;
		report_warning(g->reg->report, "'%s:v%" PRIu64 "' is not in the report: %s", c->name, row->number, err->text);
		error_clear(err);
		return 0;
	}
	*out = (struct report_version){
		.number = row->number,
		.digest = row->digest,
		.version = row->version,
		.bytes = row->size,
		.files = row->files,
		.source = xstrdup(""),
		.job_type = xstrdup(""),
	};
	take_info(&info, out);
	return 1;
}

static int add_places(struct report_gathering *g, const struct collection *c, struct report_version *out, struct error *err)
{
	CLEANUP(link_places) struct link_places places = LINK_PLACES_INIT;
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (link_places_read(g->view, &out->version, &places, err) < 0)
		return -1;
	for (size_t i = 0; i < places.count; i++) {
		const struct link_place *p = &places.v[i];

		if (strcmp(p->collection.cid.hex, c->cid.hex) == 0)
			continue;
		strbuf_reset(&text);
		strbuf_addf(&text, "%s:v%" PRIu64, p->collection.name, p->number);
		strvec_push(&out->links, text.buf);
	}
	if (!c->is_model || !places.artifact.collection.name)
		return 0;
	strbuf_reset(&text);
	strbuf_addf(&text, "%s:v%" PRIu64, places.artifact.collection.name, places.artifact.number);
	free(out->source);
	out->source = strbuf_detach(&text);
	return 0;
}

int report_version_place(struct report_gathering *g, const struct collection *c, struct report_version *out, struct error *err)
{
	return add_places(g, c, out, err) < 0 ? -1 : report_run_of(g, out, err);
}
