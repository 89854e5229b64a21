/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a query: their names, what their values are, and which of them it asks for. */
#include <config.h>

#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "format/query-internal.h"

const struct query_field_kind query_fields[QUERY_FIELD_COUNT] = {
	[QUERY_ID] = { "id", false },
	[QUERY_NAME] = { "name", false },
	[QUERY_TITLE] = { "title", false },
	[QUERY_TYPE] = { "type", false },
	[QUERY_KIND] = { "kind", false },
	[QUERY_TAG] = { "tag", false },
	[QUERY_ALIAS] = { "alias", false },
	[QUERY_STAGE] = { "stage", false },
	[QUERY_MODEL] = { "model", false },
	[QUERY_NOTE] = { "note", false },
	[QUERY_CREATED] = { "created", false },
	[QUERY_SIZE] = { "size", false },
	[QUERY_USER] = { "user", false },
	[QUERY_HOST] = { "host", false },
	[QUERY_DIGEST] = { "digest", false },
	[QUERY_PATH] = { "path", false },
	[QUERY_METADATA] = { "metadata", true },
	[QUERY_METRICS] = { "metrics", true },
	[QUERY_INPUTS] = { "inputs", false },
	[QUERY_OUTPUTS] = { "outputs", false },
	[QUERY_RUN] = { "run", true },
	[QUERY_CONSUMED_BY] = { "consumed_by", true },
};

/* What can be asked of a run; what has more below it ends with a dot. */
static const char *const run_keys[] = { "id", "name", "job_type", "state", "exit_status", "signal", "command", "directory", "host", "user", "started", "ended",
	"duration", "commit", "branch", "dirty", "remote", "reason", "parent", "tag", "note", "config.", "metrics.", "metadata.", "environment." };

/* What is asked for below one that has no more, or is not asked for below one that has only that, is nothing. */
bool query_is_run_key(const char *key)
{
	for (size_t i = 0; i < COUNT_OF(run_keys); i++) {
		size_t len = strlen(run_keys[i]);

		if (run_keys[i][len - 1] == '.' ? strncmp(key, run_keys[i], len) == 0 && key[len] : strcmp(key, run_keys[i]) == 0)
			return true;
	}
	return false;
}

const char *query_run_key_nearest(const char *key)
{
	long nearest = suggest_nearest(key, run_keys, COUNT_OF(run_keys));

	return nearest >= 0 ? run_keys[nearest] : NULL;
}

static enum literal_kind kind_of_key(const char *key)
{
	if (strcmp(key, "started") == 0 || strcmp(key, "ended") == 0)
		return LITERAL_TIME;
	if (strcmp(key, "duration") == 0)
		return LITERAL_DURATION;
	return strncmp(key, "metrics.", 8) == 0 ? LITERAL_NUMBER : LITERAL_ANY;
}

/* A name or a tag is a text, whatever it looks like: 1.0 is not 1. */
enum literal_kind query_literal_kind(const struct query_field *field)
{
	enum query_field_id id = field->id;

	if (id == QUERY_RUN || id == QUERY_CONSUMED_BY)
		return kind_of_key(field->key);
	return id == QUERY_CREATED ? LITERAL_TIME : id == QUERY_SIZE ? LITERAL_SIZE : id == QUERY_METRICS ? LITERAL_NUMBER :
		id == QUERY_METADATA ? LITERAL_ANY : LITERAL_TEXT;
}

bool query_asks(const struct query *q, enum query_field_id id)
{
	return q->asks[id];
}

bool query_asks_key(const struct query *q, enum query_field_id id, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < q->keys[id].count; i++)
		if (strncmp(q->keys[id].v[i], key, len) == 0 && (!q->keys[id].v[i][len] || q->keys[id].v[i][len] == '.'))
			return true;
	return false;
}
