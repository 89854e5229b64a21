/* SPDX-License-Identifier: Apache-2.0 */
/* Compares two versions. */
#include <config.h>

#include "registry/diff.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "registry/producer.h"
#include "registry/run-edge.h"

void diff_values_cleanup(struct diff_values *values)
{
	for (size_t i = 0; i < values->count; i++) {
		free(values->v[i].key);
		json_decref(values->v[i].before);
		json_decref(values->v[i].after);
	}
	free(values->v);
	*values = (struct diff_values){ NULL, 0, 0 };
}

void diff_cleanup(struct diff *d)
{
	differences_cleanup(&d->files);
	diff_values_cleanup(&d->metadata);
	diff_values_cleanup(&d->metrics);
	diff_values_cleanup(&d->config);
	diff_values_cleanup(&d->run);
	manifest_cleanup(&d->before);
	manifest_cleanup(&d->after);
	version_info_cleanup(&d->before_info);
	version_info_cleanup(&d->after_info);
	strvec_release(&d->before_inputs);
	strvec_release(&d->after_inputs);
}

/* ---- values ---- */

static bool same_value(const json_t *a, const json_t *b)
{
	double x, y;

	if (json_equal(a, b) || !json_is_number(a) || !json_is_number(b) || json_typeof(a) == json_typeof(b))
		return json_equal(a, b);
	x = json_number_value(a);
	y = json_number_value(b);
	return x >= y && x <= y;
}

/* An object with members is what its members are; an empty one is a value. */
static bool has_members(const json_t *value)
{
	return json_object_size(value) > 0;
}

static void compare_values(const char *key, json_t *before, json_t *after, struct diff_values *out);

static void member_key(struct strbuf *out, const char *prefix, const char *name)
{
	strbuf_addf(out, "%s%s%s", prefix, *prefix ? "." : "", name);
}

static void compare_objects(const char *prefix, json_t *before, json_t *after, struct diff_values *out)
{
	const char *name;
	json_t *value;

	json_object_foreach(before, name, value)
	{
		CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

		member_key(&key, prefix, name);
		compare_values(key.buf, value, json_object_get(after, name), out);
	}
	json_object_foreach(after, name, value)
	{
		CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

		member_key(&key, prefix, name);
		if (!json_object_get(before, name))
			compare_values(key.buf, NULL, value, out);
	}
}

static void compare_values(const char *key, json_t *before, json_t *after, struct diff_values *out)
{
	if ((!before || has_members(before)) && (!after || has_members(after))) {
		compare_objects(key, before, after, out);
		return;
	}
	if (before && after && same_value(before, after))
		return;
	ARRAY_GROW(out->v, out->count + 1, out->cap);
	out->v[out->count++] = (struct diff_value){ xstrdup(key), before ? json_incref(before) : NULL, after ? json_incref(after) : NULL };
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct diff_value *)a)->key, ((const struct diff_value *)b)->key);
}

void diff_objects(json_t *before, json_t *after, struct diff_values *out)
{
	compare_objects("", before, after, out);
	if (out->count)
		qsort(out->v, out->count, sizeof *out->v, by_key);
}

/* ---- numbers ---- */

static bool both_finite(const json_t *before, const json_t *after)
{
	return json_is_number(before) && json_is_number(after) && isfinite(json_number_value(before)) && isfinite(json_number_value(after));
}

json_t *diff_delta(const json_t *before, const json_t *after)
{
	json_int_t integer;
	double real;

	if (!both_finite(before, after))
		return NULL;
	if (json_is_integer(before) && json_is_integer(after) &&
		!__builtin_sub_overflow(json_integer_value(after), json_integer_value(before), &integer))
		return json_integer(integer);
	real = json_number_value(after) - json_number_value(before);
	return isfinite(real) ? json_real(real) : NULL;
}

json_t *diff_percent(const json_t *before, const json_t *after)
{
	double from, percent;

	if (!both_finite(before, after))
		return NULL;
	from = json_number_value(before);
	percent = (json_number_value(after) - from) / fabs(from) * 100;
	return isfinite(percent) ? json_real(percent) : NULL;
}

/* ---- versions ---- */

static int compare_info(struct registry *reg, struct view *v, const struct resolved *before, const struct resolved *after, struct diff *out,
	struct error *err)
{
	if (version_info_read(reg, v, &before->row, &out->before_info, err) < 0 ||
		version_info_read(reg, v, &after->row, &out->after_info, err) < 0)
		return -1;
	diff_objects(out->before_info.metadata, out->after_info.metadata, &out->metadata);
	diff_objects(out->before_info.metrics, out->after_info.metrics, &out->metrics);
	out->type_differs = strcmp(before->collection.type, after->collection.type) != 0;
	out->description_differs = strcmp(out->before_info.description, out->after_info.description) != 0;
	out->has_info = true;
	return 0;
}

static int compare_inputs(struct view *v, const struct resolved *before, const struct resolved *after, struct diff *out, struct error *err)
{
	if (producer_inputs(v, &before->row.version, &out->before_inputs, err) < 0 ||
		producer_inputs(v, &after->row.version, &out->after_inputs, err) < 0)
		return -1;
	out->inputs_differ = !strvec_equal(&out->before_inputs, &out->after_inputs);
	return 0;
}

static json_t *object_or_none(const json_t *object)
{
	return json_is_object(object) ? json_deep_copy(object) : json_object();
}

/* Of the run that made the version; empty when none did.  NULL: failed. */
static json_t *read_config(struct registry *reg, struct view *v, const struct oid *version, struct error *err)
{
	CLEANUP(run) struct run run = RUN_INIT;
	CLEANUP(run_info) struct run_info info = RUN_INFO_INIT;
	int found = producer_find(v, version, &run, err);

	if (found < 0 || (found && run_info_read(reg, v, &run, &info, err) < 0))
		return NULL;
	return object_or_none(found ? info.record.config : NULL);
}

static int compare_configs(struct registry *reg, struct view *v, const struct resolved *before, const struct resolved *after, struct diff *out,
	struct error *err)
{
	CLEANUP(json) json_t *a = read_config(reg, v, &before->row.version, err);
	CLEANUP(json) json_t *b = a ? read_config(reg, v, &after->row.version, err) : NULL;

	if (!b)
		return -1;
	diff_objects(a, b, &out->config);
	return 0;
}

int diff_versions(struct registry *reg, struct view *v, const struct resolved *before, const struct resolved *after, bool files_only,
	struct diff *out, struct error *err)
{
	if (!files_only && (compare_info(reg, v, before, after, out, err) < 0 || compare_inputs(v, before, after, out, err) < 0 ||
				   compare_configs(reg, v, before, after, out, err) < 0))
		return -1;
	if (version_manifest(reg, &before->row.digest, &out->before, err) < 0 ||
		version_manifest(reg, &after->row.digest, &out->after, err) < 0)
		return -1;
	compare_manifests(&out->before, &out->after, &out->files);
	return 0;
}

/* ---- runs ---- */

static void add_text(json_t *to, const char *name, const char *text)
{
	if (*text)
		json_object_set_new(to, name, json_string(text));
}

/* What of a run does not differ in any case, as its times do. */
static json_t *run_facts(const struct run *run, const struct run_info *info)
{
	json_t *facts = json_object();
	CLEANUP(strbuf) struct strbuf command = STRBUF_INIT;
	const json_t *word;
	bool dirty;
	size_t i;

	json_array_foreach(info->record.argv, i, word)
		strbuf_addf(&command, "%s%s", i ? " " : "", json_string_value(word));
	add_text(facts, "job_type", run->job_type);
	add_text(facts, "state", run_state_name(info->state));
	add_text(facts, "command", command.buf);
	add_text(facts, "directory", info->record.directory);
	add_text(facts, "commit", run_record_code(&info->record, "commit"));
	add_text(facts, "branch", run_record_code(&info->record, "branch"));
	if (info->record.code && json_get_bool(info->record.code, "dirty", &dirty))
		json_object_set_new(facts, "dirty", json_boolean(dirty));
	return facts;
}

int diff_runs(struct registry *reg, struct view *v, const struct run *before, const struct run *after, struct diff *out, struct error *err)
{
	CLEANUP(run_info) struct run_info a = RUN_INFO_INIT, b = RUN_INFO_INIT;
	CLEANUP(json) json_t *a_facts = NULL, *b_facts = NULL, *a_config = NULL, *b_config = NULL;

	if (run_info_read(reg, v, before, &a, err) < 0 || run_info_read(reg, v, after, &b, err) < 0 ||
		run_edge_input_names(v, &before->cid, &out->before_inputs, err) < 0 || run_edge_input_names(v, &after->cid, &out->after_inputs, err) < 0)
		return -1;
	a_facts = run_facts(before, &a);
	b_facts = run_facts(after, &b);
	a_config = object_or_none(a.record.config);
	b_config = object_or_none(b.record.config);
	diff_objects(a_facts, b_facts, &out->run);
	diff_objects(a_config, b_config, &out->config);
	diff_objects(a.metadata, b.metadata, &out->metadata);
	diff_objects(a.metrics, b.metrics, &out->metrics);
	out->inputs_differ = !strvec_equal(&out->before_inputs, &out->after_inputs);
	out->has_info = true;
	return 0;
}

bool diff_is_empty(const struct diff *d)
{
	return !d->files.count && !d->metadata.count && !d->metrics.count && !d->config.count && !d->run.count && !d->type_differs && !d->description_differs && !d->inputs_differ;
}
