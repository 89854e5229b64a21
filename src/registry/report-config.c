/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers how the runs were configured that made versions, and which of it tells these apart. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/mem.h"
#include "registry/report-internal.h"
#include "registry/run.h"

#define COLUMNS_MAX 4
#define PATH_LEN_MAX 256 /* of what is looked into: each field below it has that in its name */

/* ---- of one version ---- */

/* "opt" and {"lr": 1} become "opt.lr"; json_parse() has bounded how deep that goes. */
static void flatten(json_t *into, struct strbuf *path, json_t *config)
{
	const size_t len = path->len;
	const char *key;
	json_t *value;

	json_object_foreach(config, key, value)
	{
		strbuf_addf(path, "%s%s", len ? "." : "", key);
		if (json_object_size(value) && path->len <= PATH_LEN_MAX)
			flatten(into, path, value);
		else
			json_object_set(into, path->buf, value);
		strbuf_set_len(path, len);
	}
}

int report_config_read(struct report_gathering *g, const struct run *run, struct report_version *v, struct error *err)
{
	CLEANUP(version_object) struct version_object object = { .metadata = NULL };
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct version_row row = VERSION_ROW_INIT;
	struct run_record record;
	bool is_ended;
	int found = run_row(g->view, run, &row, &is_ended, err);

	if (found <= 0)
		return found;
	if (version_object_read_known(g->reg, &row.version, &object, err) < 0)
		return report_loss_add(g, &g->configs, run->id.text, err);
	run_record_read(object.metadata, &record);
	if (!json_object_size(record.config))
		return 0;
	v->config = json_deep_copy(record.config);
	v->config_fields = json_object();
	flatten(v->config_fields, &path, v->config);
	return 0;
}

/* ---- of all versions of a collection ---- */

struct field {
	const char *name;   /* borrowed of a version's */
	const json_t *value; /* of the first that has it */
	size_t count;       /* of versions that have it */
	bool differs, is_scalar;
};
struct fields {
	struct field *v;
	size_t count, cap;
	struct hashmap places; /* name → place, from 1 */
};

static void fields_cleanup(struct fields *fields)
{
	free(fields->v);
	hashmap_release(&fields->places, NULL);
}

static void take_field(struct fields *fields, const char *name, const json_t *value)
{
	size_t place = (uintptr_t)hashmap_find(&fields->places, name, strlen(name));
	struct field *field;

	if (!place) {
		ARRAY_GROW(fields->v, fields->count + 1, fields->cap);
		fields->v[fields->count++] = (struct field){ .name = name, .value = value, .is_scalar = true };
		place = fields->count;
		hashmap_put(&fields->places, name, strlen(name), (void *)(uintptr_t)place);
	}
	field = &fields->v[place - 1];
	field->count++;
	field->differs = field->differs || !json_equal(field->value, value);
	field->is_scalar = field->is_scalar && !json_is_array(value) && !json_is_object(value);
}

static int rank(const struct field *field)
{
	return !field->differs ? 2 : !field->is_scalar;
}

static int compare_fields(const void *a, const void *b)
{
	const struct field *x = a, *y = b;

	return rank(x) != rank(y) ? rank(x) - rank(y) : strcmp(x->name, y->name);
}

void report_config_choose(struct report_collection *c)
{
	CLEANUP(fields) struct fields fields = { .places = HASHMAP_INIT };
	size_t configured = 0;
	const char *name;
	json_t *value;

	for (size_t i = 0; i < c->version_count; i++) {
		configured += c->versions[i].config_fields != NULL;
		json_object_foreach(c->versions[i].config_fields, name, value)
			take_field(&fields, name, value);
	}
	for (size_t i = 0; i < fields.count; i++)
		fields.v[i].differs = fields.v[i].differs || fields.v[i].count < configured;
	if (fields.count)
		qsort(fields.v, fields.count, sizeof *fields.v, compare_fields);
	for (size_t i = 0; i < fields.count; i++) {
		strvec_push(&c->config, fields.v[i].name);
		c->config_columns += i < COLUMNS_MAX && rank(&fields.v[i]) == 0;
	}
}
