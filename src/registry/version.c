/* SPDX-License-Identifier: Apache-2.0 */
/* Reads versions: objects from the packs, annotations from the references. */
#include <config.h>

#include "registry/version.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "registry/annotation.h"
#include "registry/registry.h"

struct objects *version_objects(struct registry *reg, struct error *err)
{
	return store_use_objects(reg->store, err) < 0 ? NULL : reg->store->objects;
}

/* One reader for the whole command: its buffers are used again by the next version. */
static struct object_reader *use_reader(struct registry *reg, struct error *err)
{
	struct objects *objects = version_objects(reg, err);

	if (objects && !reg->reader)
		reg->reader = object_reader_new(objects);
	return objects ? reg->reader : NULL;
}

int version_manifest(struct registry *reg, const struct oid *digest, struct manifest *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct object_reader *reader = use_reader(reg, err);

	if (!reader)
		return -1;
	if (object_read_manifest(reader, digest, &text, err) < 0 || manifest_parse(text.buf, text.len, out, err) < 0)
		return error_wrap(err, "cannot read the manifest %.12s", oid_hex(digest).text);
	return 0;
}

typedef int (*parse_fn)(const char *text, size_t len, struct version_object *out, struct error *err);

static int read_object(struct registry *reg, const struct oid *version, parse_fn parse, struct version_object *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct object_reader *reader = use_reader(reg, err);

	if (!reader)
		return -1;
	if (object_read(reader, OBJECT_VERSION, version, &text, NULL, err) < 0 || parse(text.buf, text.len, out, err) < 0)
		return error_wrap(err, "cannot read the version object %.12s", oid_hex(version).text);
	return 0;
}

int version_object_read(struct registry *reg, const struct oid *version, struct version_object *out, struct error *err)
{
	return read_object(reg, version, version_object_parse, out, err);
}

int version_object_read_known(struct registry *reg, const struct oid *version, struct version_object *out, struct error *err)
{
	return read_object(reg, version, version_object_parse_known, out, err);
}

int version_info_read(struct registry *reg, struct view *v, const struct version_row *row, struct version_info *out, struct error *err)
{
	const struct subject subject = subject_of_version(&row->version);
	CLEANUP(strbuf) struct strbuf note = STRBUF_INIT;
	int found;

	if (read_object(reg, &row->version, version_object_parse_known, &out->object, err) < 0)
		return -1;
	found = annotation_note(v, &subject, &note, err);
	if (found < 0)
		return -1;
	out->description = xstrdup(found ? note.buf : out->object.description);
	out->metadata = json_deep_copy(out->object.metadata);
	out->metrics = json_deep_copy(out->object.metrics);
	if (annotation_metadata(v, &subject, out->metadata, err) < 0 || annotation_metrics(v, &subject, out->metrics, err) < 0)
		return -1;
	return annotation_tags(v, &subject, &out->tags, err);
}

int version_brief_read(struct registry *reg, struct view *v, struct version_row *row, struct strbuf *summary, int64_t *created, struct error *err)
{
	CLEANUP(version_object) struct version_object object = { .time = row->created };
	const struct subject subject = subject_of_version(&row->version);
	CLEANUP(strbuf) struct strbuf note = STRBUF_INIT;
	const char *description;
	int found;

	if (!row->has_brief) {
		if (read_object(reg, &row->version, version_object_parse_known, &object, err) < 0)
			return -1;
		version_row_set_brief(row, object.time, object.description);
	}
	found = annotation_note(v, &subject, &note, err);
	if (found < 0)
		return -1;
	*created = object.time;
	description = found ? note.buf : object.description ? object.description : row->summary;
	strbuf_reset(summary);
	strbuf_add(summary, description, strcspn(description, "\n"));
	return 0;
}

void version_info_cleanup(struct version_info *info)
{
	version_object_cleanup(&info->object);
	free(info->description);
	json_decref(info->metadata);
	json_decref(info->metrics);
	strvec_release(&info->tags);
	*info = (struct version_info)VERSION_INFO_INIT;
}
