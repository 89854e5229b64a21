/* SPDX-License-Identifier: Apache-2.0 */
/* Reads whole tables of references into a map by what they are about. */
#include <config.h>

#include "registry/overlay.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "format/facts.h"
#include "registry/annotation.h"

#define CID_BYTES (CID_HEX_LEN / 2)

static void names_free(struct overlay_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->v[i].text);
	free(names->v);
}

static void subject_free(void *value)
{
	struct overlay_subject *s = value;

	free(s->note);
	free(s->title);
	strvec_release(&s->tags);
	strbuf_release(&s->metadata);
	strbuf_release(&s->metrics);
	names_free(&s->aliases);
	names_free(&s->links);
	free(s);
}

void overlay_cleanup(struct overlay *o)
{
	hashmap_release(&o->subjects, subject_free);
}

static struct overlay_subject *subject_of(struct overlay *o, const void *raw, size_t len)
{
	struct overlay_subject *s = hashmap_find(&o->subjects, raw, len);

	if (s)
		return s;
	s = xcalloc(1, sizeof *s);
	strbuf_init(&s->metadata);
	strbuf_init(&s->metrics);
	hashmap_put(&o->subjects, raw, len, s);
	return s;
}

static void add_name(struct overlay_names *names, const struct cid *cid, uint64_t number, const char *text)
{
	ARRAY_GROW(names->v, names->count + 1, names->cap);
	names->v[names->count++] = (struct overlay_name){ *cid, number, xstrdup(text) };
}

/* The second component of a key: a version id or a CID; *rest is what follows its slash, "" when nothing does. */
static struct overlay_subject *subject_in(struct overlay *o, const char *key, const char **rest)
{
	const char *start = strchrnul(key, '/') + 1, *end;
	uint8_t raw[OID_LEN];
	size_t len;

	if (!start[-1])
		return NULL;
	end = strchrnul(start, '/');
	len = (size_t)(end - start);
	*rest = *end ? end + 1 : end;
	if ((len != 2 * OID_LEN && len != 2 * CID_BYTES) || !hex_decode(start, len, raw, len / 2))
		return NULL;
	return subject_of(o, raw, len / 2);
}

static json_t *value_of(const char *text)
{
	struct error ignored = ERROR_INIT;

	return json_parse(text, strlen(text), "value", &ignored);
}

static void take_text(struct overlay *o, const char *key, const char *value, bool is_title)
{
	CLEANUP(json) json_t *doc = value_of(value);
	const char *rest;
	struct overlay_subject *s = subject_in(o, key, &rest);
	char **text = s && is_title ? &s->title : s ? &s->note : NULL;

	if (!text || !json_is_string(doc))
		return;
	free(*text);
	*text = xstrdup(json_string_value(doc));
}

static int take_note(const char *key, const char *value, void *arg, struct error *err)
{
	(void)err;
	take_text(arg, key, value, false);
	return 0;
}

static int take_title(const char *key, const char *value, void *arg, struct error *err)
{
	(void)err;
	take_text(arg, key, value, true);
	return 0;
}

static int take_tag(const char *key, const char *value, void *arg, struct error *err)
{
	const char *rest;
	struct overlay_subject *s = subject_in(arg, key, &rest);

	(void)value;
	(void)err;
	if (s && *rest)
		strvec_push(&s->tags, rest);
	return 0;
}

/* {"value":…} of "meta/SUBJECT/KEY" or "metric/SUBJECT/KEY"; {} hides what the version was put with. */
static void add_member(struct overlay *o, const char *key, const char *value, bool is_metric)
{
	CLEANUP(json) json_t *doc = value_of(value);
	CLEANUP(ptr) char *name = NULL;
	const char *rest;
	struct overlay_subject *s = json_is_object(doc) ? subject_in(o, key, &rest) : NULL;

	if (!s || !*rest)
		return;
	name = annotation_decode_key(rest);
	facts_add_member(is_metric ? &s->metrics : &s->metadata, name, json_object_get(doc, "value"));
}

static int take_metadata(const char *key, const char *value, void *arg, struct error *err)
{
	(void)err;
	add_member(arg, key, value, false);
	return 0;
}

static int take_metric(const char *key, const char *value, void *arg, struct error *err)
{
	(void)err;
	add_member(arg, key, value, true);
	return 0;
}

static int take_alias(const char *key, const char *value, void *arg, struct error *err)
{
	CLEANUP(json) json_t *doc = value_of(value);
	struct cid cid = { "" };
	const char *rest, *alias;
	struct overlay_subject *s;
	struct oid version;

	(void)err;
	if (!doc || !json_get_string(doc, "alias", &alias) || !json_get_oid(doc, "version", &version))
		return 0;
	s = subject_in(arg, key, &rest);
	if (!s || !*rest || rest - key < CID_HEX_LEN + 1)
		return 0;
	memcpy(cid.hex, rest - CID_HEX_LEN - 1, CID_HEX_LEN);
	add_name(&s->aliases, &cid, 0, alias);
	add_name(&subject_of(arg, version.raw, OID_LEN)->aliases, &cid, 0, alias);
	return 0;
}

static void seal(struct strbuf *items)
{
	CLEANUP(strbuf) struct strbuf object = STRBUF_INIT;

	if (!items->len)
		return;
	facts_add_object(&object, items);
	strbuf_reset(items);
	strbuf_add(items, object.buf, object.len);
}

static int seal_subject(const void *key, size_t len, void *value, void *arg)
{
	struct overlay_subject *s = value;

	(void)key;
	(void)len;
	(void)arg;
	seal(&s->metadata);
	seal(&s->metrics);
	return 0;
}

int overlay_load(struct overlay *o, struct view *v, unsigned parts, struct error *err)
{
	static const struct {
		enum overlay_parts part;
		const char *prefix;
		view_value_fn take;
	} tables[] = {
		{ OVERLAY_NOTES, "note/", take_note },
		{ OVERLAY_TAGS, "tag/", take_tag },
		{ OVERLAY_METADATA, "meta/", take_metadata },
		{ OVERLAY_METRICS, "metric/", take_metric },
		{ OVERLAY_ALIASES, "alias/", take_alias },
		{ OVERLAY_TITLES, "title/", take_title },
	};

	for (size_t i = 0; i < COUNT_OF(tables); i++)
		if ((parts & tables[i].part) && view_each(v, tables[i].prefix, tables[i].take, o, err) < 0)
			return -1;
	hashmap_each(&o->subjects, seal_subject, NULL);
	return 0;
}

struct linking {
	struct overlay *overlay;
	const struct collection *model;
};

static int take_link(const struct version_row *row, void *arg, struct error *err)
{
	const struct linking *l = arg;

	(void)err;
	if (!row->removed)
		add_name(&subject_of(l->overlay, row->version.raw, OID_LEN)->links, &l->model->cid, row->number, l->model->name);
	return 0;
}

int overlay_add_links(struct overlay *o, struct view *v, const struct collection *model, struct error *err)
{
	return view_each_version(v, &model->cid, false, take_link, &(struct linking){ o, model }, err);
}

const struct overlay_subject *overlay_of_version(const struct overlay *o, const struct oid *version)
{
	return o->subjects.count ? hashmap_find(&o->subjects, version->raw, OID_LEN) : NULL;
}

const struct overlay_subject *overlay_of_collection(const struct overlay *o, const struct cid *cid)
{
	uint8_t raw[CID_BYTES];

	return hex_decode(cid->hex, strlen(cid->hex), raw, sizeof raw) ? hashmap_find(&o->subjects, raw, sizeof raw) : NULL;
}
