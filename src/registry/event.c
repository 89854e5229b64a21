/* SPDX-License-Identifier: Apache-2.0 */
/* Tells from the changes of a transaction what it does. */
#include <config.h>

#include "registry/event.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/number.h"
#include "registry/event-receive.h"
#include "registry/version.h"

const char *event_kind_name(enum event_kind kind)
{
	static const char *const names[EVENT_KIND_COUNT] = {
		[EVENT_PUT] = "put", [EVENT_ALIAS] = "alias", [EVENT_LINK] = "link", [EVENT_PROMOTE] = "promote",
		[EVENT_RECEIVE] = "receive",
	};

	return names[kind];
}

void events_cleanup(struct events *events)
{
	json_decref(events->list);
	events->list = NULL;
}

bool event_key_is(const char *key, const char *what, struct cid *cid, const char **rest)
{
	size_t len = strlen(what), id_len;

	if (strncmp(key, what, len) != 0 || key[len] != '/')
		return false;
	key += len + 1;
	id_len = strcspn(key, "/");
	if (id_len != CID_HEX_LEN)
		return false;
	memcpy(cid->hex, key, CID_HEX_LEN);
	cid->hex[CID_HEX_LEN] = '\0';
	*rest = key[id_len] ? key + id_len + 1 : key + id_len;
	return true;
}

int event_collection(struct txn *txn, const struct cid *cid, struct collection *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT, text = STRBUF_INIT;
	CLEANUP(json) json_t *doc = NULL;
	int found = collection_read(txn_view(txn), cid, out, err);

	if (found != 0)
		return found < 0 ? -1 : 0;
	strbuf_addf(&key, "coll/%s", cid->hex);
	found = txn_value_before(txn, key.buf, &text, err);
	if (found < 0)
		return -1;
	doc = found ? json_parse(text.buf, text.len, key.buf, err) : NULL;
	if (!doc || !collection_parse(cid, doc, out))
		return error_set(err, ERR_CONFLICT, "something would be in a collection that is not there");
	return 0;
}

/* ---- one event ---- */

struct subject {
	enum event_kind kind;
	const struct collection *collection;
	const char *alias;            /* NULL: it is not of one */
	struct oid version;           /* that is there afterwards, else that was there */
	bool has_from, has_to;
	uint64_t from, to;            /* numbers */
};

static json_t *ref_or_null(const struct collection *c, bool there, uint64_t number)
{
	return there ? json_sprintf("%s:v%" PRIu64, c->name, number) : json_null();
}

/* The artifact that a link leads to. */
static int add_source(json_t *event, struct view *v, const struct subject *s, struct error *err)
{
	CLEANUP(collection) struct collection artifact = COLLECTION_INIT;
	struct cid cid;
	uint64_t number;
	int found = view_find_version(v, &s->version, &cid, &number, err);

	if (found == 1 && s->collection->is_model)
		found = collection_read(v, &cid, &artifact, err);
	if (found < 0)
		return -1;
	json_object_set_new(event, "source", artifact.name && !artifact.is_model ? ref_or_null(&artifact, true, number) : json_null());
	return 0;
}

/* What is damaged is left to whoever reads it: an alias can still be taken off it. */
static int add_version(json_t *event, struct registry *reg, struct view *v, const struct subject *s, struct error *err)
{
	CLEANUP(version_info) struct version_info info = VERSION_INFO_INIT;
	const struct version_row row = { .version = s->version };
	bool readable = version_info_read(reg, v, &row, &info, err) == 0;
	json_t *tags;

	if (!readable && err->code != ERR_INTEGRITY)
		return -1;
	if (!readable)
		error_clear(err);
	json_object_set_new(event, "version", json_oid(&s->version));
	json_object_set_new(event, "digest", readable ? json_oid(&info.object.manifest) : json_null());
	if (add_source(event, v, s, err) < 0)
		return -1;
	tags = json_array();
	for (size_t i = 0; i < info.tags.count; i++)
		json_array_append_new(tags, json_string(info.tags.v[i]));
	json_object_set_new(event, "description", readable ? json_text_or_null(info.description) : json_null());
	json_object_set(event, "metrics", readable ? info.metrics : json_null());
	json_object_set(event, "metadata", readable ? info.metadata : json_null());
	json_object_set_new(event, "tags", tags);
	return 0;
}

static json_t *make(struct registry *reg, struct view *v, const struct commit *commit, const struct subject *s, struct error *err)
{
	CLEANUP(json) json_t *event = json_object();
	const struct collection *c = s->collection;
	uint64_t number = s->has_to ? s->to : s->from;

	registry_name_user(reg);
	json_object_set_new(event, "format", json_integer(1));
	json_object_set_new(event, "event", json_string(event_kind_name(s->kind)));
	json_object_set_new(event, "hook", json_null());
	json_object_set_new(event, "verb", json_text_or_null(commit->verb));
	json_object_set_new(event, "ref", ref_or_null(c, true, number));
	json_object_set_new(event, "name", json_string(c->name));
	json_object_set_new(event, "kind", json_string(c->is_model ? "model" : "artifact"));
	json_object_set_new(event, "type", json_string(c->type));
	json_object_set_new(event, "number", json_u64(number));
	json_object_set_new(event, "alias", json_text_or_null(s->alias));
	json_object_set_new(event, "stage", json_text_or_null(s->kind == EVENT_PROMOTE ? s->alias : NULL));
	json_object_set_new(event, "from", ref_or_null(c, s->has_from, s->from));
	json_object_set_new(event, "to", ref_or_null(c, s->has_to, s->to));
	json_object_set_new(event, "time", json_null());
	json_object_set_new(event, "user", json_string(reg->user));
	json_object_set_new(event, "host", json_string(reg->host));
	json_object_set_new(event, "by", json_text_or_null(commit->by));
	json_object_set_new(event, "why", json_text_or_null(commit->why));
	/* nothing is stored then that could be read */
	if (!commit->dry_run && add_version(event, reg, v, s, err) < 0)
		return NULL;
	return STEAL(event);
}

json_t *event_for(const json_t *event, const char *hook, int64_t time)
{
	json_t *copy = json_deep_copy(event);

	json_object_set_new(copy, "hook", json_string(hook));
	json_object_set_new(copy, "time", json_time(time));
	return copy;
}

/* ---- those of a transaction ---- */

struct collecting {
	struct txn *txn;
	struct registry *reg;
	const struct commit *commit;
	unsigned kinds;
	const struct strvec *stages;
	json_t *list;
};

static bool is_stage(const struct strvec *stages, const char *alias)
{
	for (size_t i = 0; i < stages->count; i++)
		if (strcasecmp(stages->v[i], alias) == 0)
			return true;
	return false;
}

static int add(struct collecting *to, const struct subject *s, struct error *err)
{
	json_t *event;

	if (!(to->kinds & 1u << s->kind))
		return 0;
	event = make(to->reg, txn_view(to->txn), to->commit, s, err);
	if (!event)
		return -1;
	json_array_append_new(to->list, event);
	return 0;
}

/* Numbers are those of the collection: what held an alias of a model is one of its links. */
static int read_holder(struct view *v, const struct cid *cid, const char *key, const char *value, struct subject *s, bool is_to, char **alias,
		       struct error *err)
{
	CLEANUP(json) json_t *doc = value ? json_parse(value, strlen(value), key, err) : NULL;
	const char *name;
	struct oid version;
	uint64_t number;
	int found;

	if (!value)
		return 0;
	if (!doc || !json_get_string(doc, "alias", &name) || !json_get_oid(doc, "version", &version))
		return error_set(err, ERR_INVALID, "an alias names no version");
	found = view_version_in(v, cid, &version, &number, err);
	if (found <= 0)
		return found;
	s->version = version;
	*(is_to ? &s->has_to : &s->has_from) = true;
	*(is_to ? &s->to : &s->from) = number;
	free(*alias);
	*alias = xstrdup(name);
	return 0;
}

static int collect_alias(struct collecting *to, const struct collection *c, const char *key, const char *before, const char *after, struct error *err)
{
	CLEANUP(ptr) char *alias = NULL;
	struct subject s = { .kind = EVENT_ALIAS, .collection = c };

	if (read_holder(txn_view(to->txn), &c->cid, key, before, &s, false, &alias, err) < 0 ||
	    read_holder(txn_view(to->txn), &c->cid, key, after, &s, true, &alias, err) < 0)
		return -1;
	if (!s.has_from && !s.has_to)
		return 0; /* it names what is in no collection, which the rules refuse */
	s.alias = alias;
	if (add(to, &s, err) < 0)
		return -1;
	s.kind = EVENT_PROMOTE;
	return is_stage(to->stages, alias) ? add(to, &s, err) : 0;
}

/* A version that comes back was put before, a link that comes back is one again. */
static int collect_member(struct collecting *to, enum event_kind kind, const struct collection *c, const char *number, const char *key,
			  const char *before, const char *after, struct error *err)
{
	CLEANUP(json) json_t *doc = json_parse(after ? after : before, strlen(after ? after : before), key, err);
	struct subject s = { .kind = kind, .collection = c, .has_from = before != NULL, .has_to = after != NULL };
	uint64_t n;

	if (!doc || !json_get_oid(doc, "version", &s.version) || !number_parse_u64(number, strlen(number), &n))
		return error_set(err, ERR_INVALID, "'%s' names no version", key);
	s.from = s.to = n;
	return add(to, &s, err);
}

static int visit(const char *key, const char *before, const char *after, bool is_new, void *arg, struct error *err)
{
	struct collecting *to = arg;
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	struct cid cid;
	const char *rest;
	bool is_alias = event_key_is(key, "alias", &cid, &rest);
	bool is_put = !is_alias && event_key_is(key, "version", &cid, &rest) && is_new && after;
	bool is_link = !is_alias && !is_put && event_key_is(key, "link", &cid, &rest);

	if (!is_alias && !is_put && !is_link)
		return 0;
	if (event_collection(to->txn, &cid, &c, err) < 0)
		return -1;
	if (c.is_run)
		return 0; /* what is recorded of it is no version that anybody put */
	if (is_alias)
		return collect_alias(to, &c, key, before, after, err);
	return collect_member(to, is_put ? EVENT_PUT : EVENT_LINK, &c, rest, key, before, after, err);
}

int event_collect(struct txn *txn, struct registry *reg, const struct commit *commit, unsigned kinds, const struct strvec *stages, struct events *out,
		  struct error *err)
{
	struct collecting to = { txn, reg, commit, kinds, stages, NULL };

	events_cleanup(out);
	to.list = out->list = json_array();
	out->time = txn_time(txn);
	if (commit->by && (kinds & 1u << EVENT_RECEIVE)) {
		json_t *received = event_receive_make(txn, reg, commit, err);

		if (!received)
			return -1;
		json_array_append_new(to.list, received);
	}
	return kinds & ~(1u << EVENT_RECEIVE) ? txn_each_change(txn, visit, &to, err) : 0;
}

json_t *event_of(struct registry *reg, enum event_kind kind, const char *text, struct error *err)
{
	const struct commit by_hand = { .verb = "hook" };
	CLEANUP(resolved) struct resolved target = RESOLVED_INIT;
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	struct view *v = registry_view(reg, err);
	struct reference ref;
	struct subject s = { .kind = kind, .has_to = true };

	if (!v || reference_parse(text, &ref, err) < 0)
		return NULL;
	if ((kind == EVENT_ALIAS || kind == EVENT_PROMOTE) && ref.kind != REFERENCE_ALIAS) {
		error_set(err, ERR_USAGE, "'%s' names no alias, which an event of '%s' is about", text, event_kind_name(kind));
		error_hint(err, "Say '%s:ALIAS'.", ref.name);
		return NULL;
	}
	if (resolve_reference(v, &ref, &target, err) < 0)
		return NULL;
	if (kind == EVENT_RECEIVE) {
		resolved_name(&name, &target);
		return event_receive_of(reg, name.buf);
	}
	s.collection = &target.collection;
	s.alias = ref.kind == REFERENCE_ALIAS && kind != EVENT_PUT && kind != EVENT_LINK ? ref.alias : NULL;
	s.version = target.row.version;
	s.to = target.row.number;
	return make(reg, v, &by_hand, &s, err);
}
