/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the records that verbs share. */
#include <config.h>

#include "cmd/fields.h"

#include <inttypes.h>
#include <string.h>

#include "registry/absent.h"
#include "registry/link.h"
#include "ui/record.h"

json_t *fields_ref(const char *name, uint64_t number)
{
	return json_sprintf("%s:v%" PRIu64, name, number);
}

json_t *fields_first_line(const char *text)
{
	return json_stringn(text, strcspn(text, "\n"));
}

int fields_source(struct view *v, const struct oid *version, json_t **out, struct error *err)
{
	CLEANUP(link_places) struct link_places places = LINK_PLACES_INIT;
	const struct link_place *source = &places.artifact;

	if (link_places_read(v, version, &places, err) < 0)
		return -1;
	*out = source->collection.name ? fields_ref(source->collection.name, source->number) : json_null();
	return 0;
}

int fields_absent(struct view *v, const struct oid *version, json_t **out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf remote = STRBUF_INIT;
	int is_absent = absent_is(v, version, &remote, err);

	if (is_absent < 0)
		return -1;
	*out = is_absent ? json_string(remote.buf) : json_null();
	return 0;
}

void fields_annotated(struct strbuf *out, const struct annotated *a)
{
	if (a->is_version)
		resolved_name(out, &a->target);
	else if (a->is_run)
		strbuf_adds(out, a->run.id.text);
	else
		strbuf_adds(out, a->target.collection.name);
}

int fields_show_object(struct out *out, json_t *object, struct error *err)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		CLEANUP(strbuf) struct strbuf label = STRBUF_INIT, text = STRBUF_INIT;

		strbuf_addf(&label, "  %s", key);
		if (json_is_string(value))
			strbuf_adds(&text, json_string_value(value));
		else
			json_print(&text, value);
		if (out_field(out, label.buf, text.buf, err) < 0)
			return -1;
	}
	return 0;
}

json_t *fields_strings(const struct strvec *strings)
{
	json_t *list = json_array();

	for (size_t i = 0; i < strings->count; i++)
		json_array_append_new(list, json_string(strings->v[i]));
	return list;
}

int fields_removed(struct out *out, const struct strvec *references, struct error *err)
{
	json_t *record;

	if (out_mode(out) != OUT_JSON)
		return 0;
	record = json_object();
	json_object_set_new(record, "removed", fields_strings(references));
	return out_result(out, record, "removed", err);
}

void fields_add_aliases(struct strbuf *out, const struct alias_rows *rows, uint64_t number)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->v[i].number == number)
			strbuf_addf(out, "%s%s", out->len ? ", " : "", rows->v[i].alias);
}

json_t *fields_version_row(const struct collection *c, const struct version_row *row, const struct alias_rows *aliases)
{
	json_t *record = json_object();

	json_object_set_new(record, "ref", fields_ref(c->name, row->number));
	json_object_set_new(record, "number", json_u64(row->number));
	json_object_set_new(record, "digest", json_oid(&row->digest));
	json_object_set_new(record, "aliases", alias_rows_of(aliases, row->number));
	json_object_set_new(record, "size", json_u64(row->size));
	json_object_set_new(record, "files", json_u64(row->files));
	return record;
}

json_t *fields_version(const struct collection *c, const struct version_row *row, const struct alias_rows *aliases, const struct version_info *info)
{
	json_t *record = fields_version_row(c, row, aliases);

	json_object_set_new(record, "created", json_time(info->object.time));
	json_object_set_new(record, "user", json_string(info->object.user));
	json_object_set_new(record, "host", json_string(info->object.host));
	json_object_set_new(record, "description", json_string(info->description));
	json_object_set_new(record, "tags", fields_strings(&info->tags));
	json_object_set(record, "metadata", info->metadata);
	json_object_set(record, "metrics", info->metrics);
	return record;
}

static json_t *difference_record(const struct difference *d)
{
	const struct entry *e = d->after ? d->after : d->before;
	json_t *record = json_object();

	json_object_set_new(record, "kind", json_string(difference_name(d->kind)));
	record_set_path(record, "path", e->path);
	if (d->kind == DIFFERENCE_RENAMED)
		record_set_path(record, "from", d->before->path);
	if (e->has_size)
		json_object_set_new(record, "size", json_u64(e->size));
	return record;
}

json_t *fields_differences(const struct differences *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->count; i++)
		json_array_append_new(list, difference_record(&d->v[i]));
	return list;
}

json_t *fields_entry(const struct entry *e)
{
	static const char *const kinds[] = { "file", "dir", "link", "ref" };
	json_t *record = json_object();

	record_set_path(record, "path", e->path);
	json_object_set_new(record, "kind", json_string(kinds[e->kind]));
	json_object_set_new(record, "mode", json_sprintf("%04o", e->mode));
	json_object_set_new(record, "size", e->has_size ? json_u64(e->size) : json_null());
	json_object_set_new(record, "digest", e->has_digest ? json_oid(&e->digest) : json_null());
	if (e->target)
		record_set_path(record, "target", e->target);
	return record;
}

json_t *fields_draft(const struct draft_info *info)
{
	json_t *record = json_object();

	json_object_set_new(record, "id", json_text_or_null(info->id));
	json_object_set_new(record, "name", json_string(info->name));
	json_object_set_new(record, "base", info->has_base ? fields_ref(info->name, info->base_number) : json_null());
	json_object_set_new(record, "opened", json_time(info->opened));
	json_object_set_new(record, "changed", json_time(info->changed));
	json_object_set_new(record, "user", json_string(info->user));
	json_object_set_new(record, "host", json_string(info->host));
	return record;
}

json_t *fields_run(const struct run *run)
{
	json_t *record = json_object();

	json_object_set_new(record, "id", json_string(run->id.text));
	json_object_set_new(record, "job_type", json_string(run->job_type));
	json_object_set_new(record, "name", json_text_or_null(run->label));
	return record;
}
