/* SPDX-License-Identifier: Apache-2.0 */
/* Reads listings, and distrusts them. */
#include <config.h>

#include "transport/listed.h"

#include <stdint.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/number.h"
#include "registry/receive.h"

#define CID_LEN 32
#define COLL_PREFIX "coll/"

void listed_cleanup(struct listed *l)
{
	scope_cleanup(&l->scope);
	changes_cleanup(&l->changes);
	hashmap_cleanup(&l->places);
}

bool listed_cid_of_key(const char *key, char cid[33])
{
	const char *slash = strchr(key, '/');
	size_t len = slash ? strcspn(slash + 1, "/") : 0;

	if (len != CID_LEN)
		return false;
	memcpy(cid, slash + 1, CID_LEN);
	cid[CID_LEN] = '\0';
	return true;
}

const struct scope_item *listed_collection(const struct listed *l, const char *cid)
{
	uintptr_t place = (uintptr_t)hashmap_find(&l->places, cid, strlen(cid));

	return place ? &l->scope.v[place - 1] : NULL;
}

/* --- frames --- */

static int take_changes(struct connection *c, const struct frame *frame, struct changes *out, struct error *err)
{
	size_t first = out->count;

	if (changes_parse(frame->data, frame->len, out, err) < 0)
		return error_wrap(err, "%s", connection_name(c));
	for (size_t i = first; i < out->count; i++)
		if (receive_check_change(&out->v[i], err) < 0) {
			err->code = ERR_REMOTE;
			return error_wrap(err, "%s", connection_name(c));
		}
	return interrupt_check(err);
}

static int take_end(struct connection *c, const struct frame *frame, const struct changes *changes, struct end *end, struct error *err)
{
	if (end_parse(frame->data, frame->len, end, err) < 0)
		return error_wrap(err, "%s", connection_name(c));
	if (end->changes != changes->count)
		return error_set(err, ERR_REMOTE, "%s: %zu changes came, where %llu were announced", connection_name(c), changes->count,
			(unsigned long long)end->changes);
	return 0;
}

static int out_of_order(struct connection *c, const struct frame *frame, struct error *err)
{
	return error_set(err, ERR_REMOTE, "%s: '%s' has no place in a listing", connection_name(c), frame_type_name(frame->type));
}

static int too_many(uint64_t max, struct error *err)
{
	CLEANUP(strbuf) struct strbuf size = STRBUF_INIT;

	size_format(&size, max);
	error_set(err, ERR_POLICY, "these are more than %s of changes, which is what is taken at once", size.buf);
	return error_hint(err, "Push collections one after another, by patterns, or raise receive.maxSize over there.");
}

int listed_read_changes(struct connection *c, uint64_t max, struct changes *out, struct end *end, struct error *err)
{
	struct frame frame;

	for (;;) {
		if (connection_read(c, &frame, err) < 0)
			return -1;
		if (frame.type == FRAME_END)
			return take_end(c, &frame, out, end, err);
		if (frame.type != FRAME_CHANGES)
			return out_of_order(c, &frame, err);
		if (take_changes(c, &frame, out, err) < 0)
			return -1;
		if (out->bytes > max)
			return too_many(max, err);
	}
}

/* --- what it may hold --- */

static int add_id(struct hashmap *set, const char *id)
{
	hashmap_put(set, id, strlen(id), set);
	return 0;
}

static bool names_version_of(const char *key, const struct hashmap *versions)
{
	const char *slash = strchr(key, '/');

	return slash && hashmap_has(versions, slash + 1, strcspn(slash + 1, "/"));
}

/* The ids of versions that the values of version/ and link/ keys name. */
static void note_version(const struct change *c, struct hashmap *versions)
{
	struct error ignored = ERROR_INIT;
	CLEANUP(json) json_t *value = NULL;
	const char *id;

	if (strncmp(c->key, "version/", 8) && strncmp(c->key, "link/", 5))
		return;
	value = json_parse(c->value, strlen(c->value), "value", &ignored);
	if (value && json_get_string(value, "version", &id))
		add_id(versions, id);
}

/* Which collections the listing itself says to be runs, and which to be something else. */
struct kinds {
	struct hashmap runs, others; /* CIDs */
};

static void kinds_cleanup(struct kinds *k)
{
	hashmap_cleanup(&k->runs);
	hashmap_cleanup(&k->others);
}

static void note_kind(const struct change *c, struct kinds *k)
{
	struct error ignored = ERROR_INIT;
	CLEANUP(json) json_t *value = NULL;
	const char *kind;

	if (strncmp(c->key, COLL_PREFIX, strlen(COLL_PREFIX)) != 0)
		return;
	value = json_parse(c->value, strlen(c->value), "value", &ignored);
	if (value && json_get_string(value, "kind", &kind))
		add_id(strcmp(kind, "run") == 0 ? &k->runs : &k->others, c->key + strlen(COLL_PREFIX));
}

/* Without patterns runs come although the scope does not name them; an incremental listing may speak of one that came before. */
static bool is_of_run(const struct list_request *request, const struct kinds *k, const char *cid)
{
	if (request->patterns.count || request->collections.count || hashmap_has(&k->others, cid, CID_LEN))
		return false;
	return request->has_since || hashmap_has(&k->runs, cid, CID_LEN);
}

/* An incremental listing may speak of versions that an earlier one has named, so those of versions are not judged there. */
static int check_scope(struct connection *c, const struct list_request *request, const struct listed *l, struct error *err)
{
	CLEANUP(hashmap) struct hashmap versions = HASHMAP_INIT;
	CLEANUP(kinds) struct kinds kinds = { HASHMAP_INIT, HASHMAP_INIT };
	char cid[CID_LEN + 1];

	for (size_t i = 0; i < l->changes.count; i++) {
		note_version(&l->changes.v[i], &versions);
		note_kind(&l->changes.v[i], &kinds);
	}
	for (size_t i = 0; i < l->changes.count; i++) {
		const char *key = l->changes.v[i].key;
		bool is_asked = listed_cid_of_key(key, cid) ? hashmap_has(&l->places, cid, CID_LEN) || is_of_run(request, &kinds, cid) :
							      request->has_since || names_version_of(key, &versions);

		if (!is_asked)
			return error_set(err, ERR_REMOTE, "%s: '%s' is of nothing that was asked for", connection_name(c), key);
	}
	return 0;
}

static int send_request(struct connection *c, const struct list_request *request, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	list_request_write(&text, request);
	return connection_send(c, FRAME_LIST, text.buf, text.len, err);
}

static int read_scope(struct connection *c, struct frame *frame, struct scope *out, struct error *err)
{
	for (;;) {
		if (connection_read(c, frame, err) < 0)
			return -1;
		if (frame->type != FRAME_SCOPE)
			return 0;
		if (scope_parse(frame->data, frame->len, out, err) < 0)
			return error_wrap(err, "%s", connection_name(c));
		if (interrupt_check(err) < 0)
			return -1;
	}
}

int listed_ask(struct connection *c, const struct list_request *request, struct listed *out, struct error *err)
{
	struct frame frame;
	int rc;

	if (send_request(c, request, err) < 0 || read_scope(c, &frame, &out->scope, err) < 0)
		return -1;
	for (size_t i = 0; i < out->scope.count; i++)
		hashmap_put(&out->places, out->scope.v[i].cid, strlen(out->scope.v[i].cid), (void *)(uintptr_t)(i + 1));
	if (frame.type == FRAME_END)
		rc = take_end(c, &frame, &out->changes, &out->end, err);
	else if (frame.type != FRAME_CHANGES)
		rc = out_of_order(c, &frame, err);
	else if ((rc = take_changes(c, &frame, &out->changes, err)) == 0)
		rc = listed_read_changes(c, CHANGES_MAX_BYTES, &out->changes, &out->end, err);
	return rc < 0 ? -1 : check_scope(c, request, out, err);
}
