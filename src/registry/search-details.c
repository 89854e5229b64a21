/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of that which was found: what was put, with what was said later merged into it. */
#include <config.h>

#include "registry/search-internal.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "registry/annotation.h"

static json_t *text_of(struct span text)
{
	json_t *value = json_stringn((const char *)text.data, text.len);

	return value ? value : json_string("");
}

static int merge(struct search *s, bool metrics, json_t **out, struct error *err)
{
	CLEANUP(json) json_t *merged = NULL;
	struct subject subject = s->row ? subject_of_version(&s->at.version) : subject_of_collection(&s->collection->cid);
	struct span below, above;

	if (search_members(s, metrics, &below, &above, err) < 0)
		return -1;
	merged = below.len ? facts_json(below, err) : json_object();
	if (!merged || (above.len && (metrics ? annotation_metrics : annotation_metadata)(s->view, &subject, merged, err) < 0))
		return -1;
	*out = STEAL(merged);
	return 0;
}

static json_t *list_of_tags(const struct search *s)
{
	json_t *list = json_array();

	for (size_t i = 0; s->over && i < s->over->tags.count; i++)
		json_array_append_new(list, json_string(s->over->tags.v[i]));
	return list;
}

static json_t *list_of_aliases(const struct search *s)
{
	json_t *list = json_array();

	for (size_t i = 0; s->over && i < s->over->aliases.count; i++)
		if (strcmp(s->over->aliases.v[i].cid.hex, s->collection->cid.hex) == 0)
			json_array_append_new(list, json_string(s->over->aliases.v[i].text));
	return list;
}

static json_t *list_of_models(const struct search *s)
{
	json_t *list = json_array();

	for (size_t i = 0; s->over && i < s->over->links.count; i++)
		json_array_append_new(list, json_sprintf("%s:v%" PRIu64, s->over->links.v[i].text, s->over->links.v[i].number));
	return list;
}

static int origin_details(struct search *s, struct search_details *out, struct error *err)
{
	if (search_want_origin(s, err) < 0)
		return -1;
	out->created = s->origin_time;
	out->user = s->origin_user ? json_string(s->origin_user) : json_null();
	out->host = json_null();
	out->description = json_string(s->over && s->over->note ? s->over->note : "");
	return 0;
}

static int version_details(struct search *s, struct search_details *out, struct error *err)
{
	bool has_note = s->over && s->over->note;

	if (search_want_facts(s, has_note ? 0 : WANT_DESCRIPTION, err) < 0)
		return -1;
	out->created = s->at.facts.time;
	out->user = text_of(s->at.facts.user);
	out->host = text_of(s->at.facts.host);
	out->description = has_note ? json_string(s->over->note) : text_of(s->at.facts.description);
	return 0;
}

int search_details(struct search *s, const struct search_hit *hit, unsigned members, struct search_details *out, struct error *err)
{
	*out = (struct search_details){ .created = 0 };
	search_look_at(s, hit->collection, hit->row);
	if (((members & SEARCH_TEXTS) && (hit->row ? version_details(s, out, err) : origin_details(s, out, err)) < 0) ||
		((members & SEARCH_METADATA) && merge(s, false, &out->metadata, err) < 0) ||
		((members & SEARCH_METRICS) && merge(s, true, &out->metrics, err) < 0))
		return -1;
	if (members & SEARCH_TAGS)
		out->tags = list_of_tags(s);
	if (members & SEARCH_ALIASES)
		out->aliases = list_of_aliases(s);
	if (members & SEARCH_MODELS_OF)
		out->models = list_of_models(s);
	return 0;
}

void search_details_cleanup(struct search_details *d)
{
	json_t **const values[] = { &d->user, &d->host, &d->description, &d->metadata, &d->metrics, &d->tags, &d->aliases, &d->models };

	for (size_t i = 0; i < COUNT_OF(values); i++)
		json_cleanup(values[i]);
}

static void add_first_line(struct strbuf *out, const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);

	strbuf_add(out, text, end ? (size_t)(end - text) : len);
}

int search_brief(struct search *s, const struct search_hit *hit, struct strbuf *summary, int64_t *created, struct error *err)
{
	bool has_note;

	search_look_at(s, hit->collection, hit->row);
	has_note = s->over && s->over->note;
	strbuf_reset(summary);
	if (has_note)
		add_first_line(summary, s->over->note, strlen(s->over->note));
	if (hit->row && hit->row->has_brief) {
		*created = hit->row->created;
		if (!has_note)
			strbuf_adds(summary, hit->row->summary);
		return 0;
	}
	if (!hit->row) {
		if (search_want_origin(s, err) < 0)
			return -1;
		*created = s->origin_time;
		return 0;
	}
	if (search_want_facts(s, has_note ? 0 : WANT_DESCRIPTION, err) < 0)
		return -1;
	*created = s->at.facts.time;
	if (!has_note)
		add_first_line(summary, (const char *)s->at.facts.description.data, s->at.facts.description.len);
	return 0;
}

int search_take_value(const struct facts_value *v, void *arg, struct error *err)
{
	json_t **out = arg;

	(void)err;
	if (v->kind == FACTS_INTEGER)
		*out = json_integer(v->integer);
	else if (v->kind == FACTS_REAL)
		*out = json_real(v->real);
	else if (v->kind == FACTS_TEXT)
		*out = text_of(v->text);
	else if (v->kind == FACTS_TRUE || v->kind == FACTS_FALSE)
		*out = json_boolean(v->kind == FACTS_TRUE);
	return 1;
}

int search_value(struct search *s, const struct search_hit *hit, const char *member, json_t **out, struct error *err)
{
	bool metrics = strncmp(member, "metrics.", 8) == 0;
	struct span below, above;

	*out = NULL;
	search_look_at(s, hit->collection, hit->row);
	if (search_members(s, metrics, &below, &above, err) < 0)
		return -1;
	return facts_find(below, above, strchr(member, '.') + 1, search_take_value, out, err);
}
