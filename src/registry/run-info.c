/* SPDX-License-Identifier: Apache-2.0 */
/* All that is known of a run: its newest record, and what was said of it since. */
#include <config.h>

#include "registry/run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "registry/annotation.h"
#include "registry/run-alive.h"
#include "registry/run-file.h"
#include "registry/run-points.h"

const char *run_state_name(enum run_state state)
{
	static const char *const names[] = {
		[RUN_RUNNING] = "running", [RUN_FINISHED] = "finished", [RUN_FAILED] = "failed", [RUN_DIED] = "died"
	};

	return names[state];
}

void run_info_cleanup(struct run_info *info)
{
	version_object_cleanup(&info->object);
	json_decref(info->metadata);
	json_decref(info->metrics);
	free(info->note);
	strvec_release(&info->tags);
	*info = (struct run_info)RUN_INFO_INIT;
}

static enum run_state state_of(struct registry *reg, const struct run *run, const struct run_info *info)
{
	if (info->is_ended)
		return info->record.signal || (info->record.has_status && info->record.status) ? RUN_FAILED : RUN_FINISHED;
	return run_alive_is(reg, &run->id) == RUN_ALIVE_NO ? RUN_DIED : RUN_RUNNING;
}

static int read_metrics(struct registry *reg, struct view *v, const struct run *run, struct run_info *out, struct error *err)
{
	out->metrics = out->is_ended ? json_deep_copy(out->object.metrics) : run_points_last(reg, v, run, err);
	return out->metrics ? 0 : -1;
}

static int read_said(struct view *v, const struct run *run, struct run_info *out, struct error *err)
{
	const struct subject of = subject_of_collection(&run->cid);
	CLEANUP(strbuf) struct strbuf note = STRBUF_INIT;
	int found = annotation_note(v, &of, &note, err);

	if (found < 0)
		return -1;
	out->note = xstrdup(found ? note.buf : out->object.description);
	out->metadata = json_object();
	if (annotation_metadata(v, &of, out->metadata, err) < 0 || annotation_metrics(v, &of, out->metrics, err) < 0)
		return -1;
	return annotation_tags(v, &of, &out->tags, err);
}

int run_info_read(struct registry *reg, struct view *v, const struct run *run, struct run_info *out, struct error *err)
{
	int found = run_row(v, run, &out->row, &out->is_ended, err);

	if (found < 0)
		return -1;
	if (!found)
		return error_set(err, ERR_INTEGRITY, "the run '%s' has no record", run->id.text);
	if (version_object_read_known(reg, &out->row.version, &out->object, err) < 0)
		return error_wrap(err, "the record of the run '%s'", run->id.text);
	run_record_read(out->object.metadata, &out->record);
	out->state = state_of(reg, run, out);
	out->touched = out->is_ended ? 0 : run_file_touched(reg, &run->id);
	return read_metrics(reg, v, run, out, err) < 0 ? -1 : read_said(v, run, out, err);
}

int run_is_ended_within(struct view *v, const struct run *run, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	CLEANUP(change) struct change end = { .key = NULL };
	struct version_row row = VERSION_ROW_INIT;
	bool is_ended;
	int found = run_row(v, run, &row, &is_ended, err);

	if (found <= 0 || !is_ended)
		return found < 0 ? -1 : 0;
	strbuf_addf(&key, "version/%s/%" PRIu64, run->cid.hex, row.number);
	if (view_heads(v, key.buf, &heads, err) < 0)
		return -1;
	found = heads.count ? view_change(v, &heads.v[0].id, &end, err) : 0;
	return found == 1 ? strcmp(end.run, run->id.text) == 0 : found;
}

int run_manifest(struct registry *reg, const struct run_info *info, struct manifest *out, struct error *err)
{
	return version_manifest(reg, &info->row.digest, out, err);
}
