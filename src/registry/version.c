/* SPDX-License-Identifier: Apache-2.0 */
/* Reads versions: objects from the packs, annotations from the references. */
#include <config.h>

#include "registry/version.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
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

void version_note_key(struct strbuf *out, const struct oid *version)
{
	strbuf_addf(out, "note/%s", oid_hex(version).text);
}

void version_meta_key(struct strbuf *out, const struct oid *version, const char *key)
{
	strbuf_addf(out, "meta/%s/", oid_hex(version).text);
	for (; *key; key++) {
		if (*key == '/' || *key == '%')
			strbuf_addf(out, "%%%02x", (unsigned char)*key);
		else
			strbuf_addc(out, *key);
	}
}

char *version_meta_decode(const char *encoded)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	unsigned char byte;

	while (*encoded) {
		if (*encoded == '%' && strlen(encoded) >= 3 && hex_decode(encoded + 1, 2, &byte, 1)) {
			strbuf_addc(&out, (char)byte);
			encoded += 3;
		} else {
			strbuf_addc(&out, *encoded++);
		}
	}
	return strbuf_detach(&out);
}

struct merge_meta {
	json_t *metadata;
	size_t skip; /* of the key: "meta/VERSION/" */
};

static int merge_one(const char *key, const char *value, void *arg, struct error *err)
{
	struct merge_meta *merge = arg;
	CLEANUP(ptr) char *name = version_meta_decode(key + merge->skip);
	CLEANUP(json) json_t *doc = json_parse(value, strlen(value), key, err);

	if (!doc)
		return -1;
	if (json_object_get(doc, "value"))
		json_object_set(merge->metadata, name, json_object_get(doc, "value"));
	return 0;
}

static int read_note(struct view *v, const struct oid *version, char **out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT, value = STRBUF_INIT;
	CLEANUP(json) json_t *doc = NULL;
	int found;

	version_note_key(&key, version);
	found = view_value(v, key.buf, &value, err);
	if (found <= 0)
		return found;
	doc = json_parse(value.buf, value.len, key.buf, err);
	if (!doc)
		return -1;
	if (json_is_string(doc)) {
		free(*out);
		*out = xstrdup(json_string_value(doc));
	}
	return 0;
}

int version_info_read(struct registry *reg, struct view *v, const struct version_row *row, struct version_info *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf prefix = STRBUF_INIT;
	struct merge_meta merge;

	if (read_object(reg, &row->version, version_object_parse_known, &out->object, err) < 0)
		return -1;
	out->description = xstrdup(out->object.description);
	out->metadata = json_deep_copy(out->object.metadata);
	version_meta_key(&prefix, &row->version, "");
	merge = (struct merge_meta){ out->metadata, prefix.len };
	if (read_note(v, &row->version, &out->description, err) < 0)
		return -1;
	return view_each(v, prefix.buf, merge_one, &merge, err);
}

int version_brief_read(struct registry *reg, struct view *v, struct version_row *row, struct strbuf *summary, int64_t *created, struct error *err)
{
	CLEANUP(version_object) struct version_object object = { .time = row->created };
	CLEANUP(ptr) char *description = NULL;

	if (!row->has_brief) {
		if (read_object(reg, &row->version, version_object_parse_known, &object, err) < 0)
			return -1;
		version_row_set_brief(row, object.time, object.description);
	}
	if (read_note(v, &row->version, &description, err) < 0)
		return -1;
	*created = object.time;
	if (!description)
		description = xstrdup(object.description ? object.description : row->summary);
	strbuf_reset(summary);
	strbuf_add(summary, description, strcspn(description, "\n"));
	return 0;
}

void version_info_cleanup(struct version_info *info)
{
	version_object_cleanup(&info->object);
	free(info->description);
	json_decref(info->metadata);
	info->description = NULL;
	info->metadata = NULL;
}
