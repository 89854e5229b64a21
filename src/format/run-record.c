/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes what is recorded of a run. */
#include <config.h>

#include "format/run-record.h"

#include <string.h>

static const json_t *member(const json_t *metadata, const char *key, json_type type)
{
	const json_t *value = json_object_get(metadata, key);

	return value && json_typeof(value) == type ? value : NULL;
}

static const char *text(const json_t *metadata, const char *key)
{
	const char *value = "";

	return json_get_string(metadata, key, &value) ? value : "";
}

static bool is_strings(const json_t *array)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		if (!json_is_string(json_array_get(array, i)))
			return false;
	return true;
}

static int number(const json_t *metadata, const char *key, int most)
{
	uint64_t value;

	return json_get_u64(metadata, key, &value) && value <= (uint64_t)most ? (int)value : -1;
}

void run_record_read(const json_t *metadata, struct run_record *out)
{
	uint64_t pid;
	int status = number(metadata, "exit_status", 255), by = number(metadata, "signal", 127);

	*out = (struct run_record){ .has_status = status >= 0, .status = status > 0 ? status : 0, .signal = by > 0 ? by : 0 };
	if (!json_get_time(metadata, "started", &out->started))
		out->started = 0;
	if (!json_get_time(metadata, "ended", &out->ended))
		out->ended = 0;
	out->directory = text(metadata, "directory");
	out->host = text(metadata, "host");
	out->reason = text(metadata, "reason");
	out->argv = member(metadata, "argv", JSON_ARRAY);
	if (out->argv && !is_strings(out->argv))
		out->argv = NULL;
	out->environment = member(metadata, "environment", JSON_OBJECT);
	out->config = member(metadata, "config", JSON_OBJECT);
	out->code = member(metadata, "code", JSON_OBJECT);
	out->points = member(metadata, "points", JSON_OBJECT);
	out->pid = json_get_u64(metadata, "pid", &pid) ? (int64_t)pid : 0;
}

static void set_text(json_t *doc, const char *key, const char *value)
{
	if (value && *value)
		json_object_set_new(doc, key, json_string(value));
}

static void set_copy(json_t *doc, const char *key, const json_t *value)
{
	if (value)
		json_object_set_new(doc, key, json_deep_copy(value));
}

json_t *run_record_write(const struct run_record *r)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "started", json_time(r->started));
	if (r->ended)
		json_object_set_new(doc, "ended", json_time(r->ended));
	if (r->has_status)
		json_object_set_new(doc, "exit_status", json_integer(r->status));
	if (r->signal)
		json_object_set_new(doc, "signal", json_integer(r->signal));
	set_text(doc, "directory", r->directory);
	set_text(doc, "host", r->host);
	set_text(doc, "reason", r->reason);
	set_copy(doc, "argv", r->argv);
	set_copy(doc, "environment", r->environment);
	set_copy(doc, "config", r->config);
	set_copy(doc, "code", r->code);
	set_copy(doc, "points", r->points);
	if (r->pid > 0)
		json_object_set_new(doc, "pid", json_integer(r->pid));
	return doc;
}

const char *run_record_code(const struct run_record *record, const char *name)
{
	return text(record->code, name);
}
