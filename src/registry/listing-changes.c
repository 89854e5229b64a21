/* SPDX-License-Identifier: Apache-2.0 */
/* Lists the changes of a selection: what has come into it as a whole, then what is new. */
#include <config.h>

#include "registry/listing.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "registry/listing-internal.h"

struct listing {
	struct view *view;
	const struct scope *scope;
	uint64_t since;          /* changes up to this line are known to the other side, but of what is fresh */
	struct hashmap whole;    /* CIDs of which all that is here is listed */
	struct hashmap shallow;  /* CIDs of which only the linked versions are */
	struct hashmap versions; /* raw ids of those */
	struct hashmap fresh;    /* CIDs, whole or shallow, and raw ids of versions, that have come in since */
	struct spots spots;      /* of what is fresh */
	listing_fn fn;
	void *arg;
};

static void listing_cleanup(struct listing *l)
{
	hashmap_cleanup(&l->whole);
	hashmap_cleanup(&l->shallow);
	hashmap_cleanup(&l->versions);
	hashmap_cleanup(&l->fresh);
	spots_cleanup(&l->spots);
}

/* ---- what is in it ---- */

static int take_version(const struct oid *version, void *arg, struct error *err)
{
	struct listing *l = arg;

	(void)err;
	hashmap_put(&l->versions, version->raw, OID_LEN, NULL);
	return 0;
}

/* One that is shallow here, but was asked for, is given as far as it is here. */
static bool is_asked_for(const struct list_request *request, const struct scope_item *item)
{
	for (size_t i = 0; i < request->patterns.count; i++) {
		CLEANUP(listing_pattern) struct listing_pattern p = { NULL, NULL };
		struct error why = ERROR_INIT;

		if (listing_pattern_parse(NULL, request->patterns.v[i], &p, &why) == 0 && listing_pattern_matches(&p, item->name))
			return true;
	}
	return !request->patterns.count;
}

static bool cid_of(const char *text, struct cid *out)
{
	size_t len = strcspn(text, "/");

	if (len != CID_HEX_LEN)
		return false;
	memcpy(out->hex, text, CID_HEX_LEN);
	out->hex[CID_HEX_LEN] = '\0';
	return true;
}

static int read_scope(struct listing *l, const struct list_request *request, struct error *err)
{
	for (size_t i = 0; i < l->scope->count; i++) {
		const struct scope_item *item = &l->scope->v[i];
		bool whole = !item->is_shallow || is_asked_for(request, item);
		struct cid cid;

		if (!cid_of(item->cid, &cid))
			continue;
		hashmap_put(whole ? &l->whole : &l->shallow, cid.hex, CID_HEX_LEN, NULL);
		if (whole && listing_each_linked(l->view, &cid, take_version, l, err) < 0)
			return -1;
	}
	return 0;
}

struct asking {
	const struct listing *listing;
	bool is_in;
};

static int ask_place(const struct cid *cid, uint64_t number, bool is_link, bool is_live, void *arg, struct error *err)
{
	struct asking *a = arg;

	(void)number;
	(void)is_link;
	(void)is_live;
	(void)err;
	a->is_in = hashmap_has(&a->listing->whole, cid->hex, CID_HEX_LEN);
	return a->is_in;
}

/* Whether a version's own keys are listed: 1, 0, -1. */
static int has_version(const struct listing *l, const struct oid *version, struct error *err)
{
	struct asking a = { l, false };

	if (hashmap_has(&l->versions, version->raw, OID_LEN))
		return 1;
	return view_each_place(l->view, version, ask_place, &a, err) < 0 ? -1 : a.is_in;
}

/* The versions that a number of a shallow artifact has stood for. */
static int ask_number(const struct change *c, uint64_t seq, const char *by, void *arg, struct error *err)
{
	struct asking *a = arg;
	CLEANUP(json) json_t *value = json_parse(c->value, strlen(c->value), c->key, err);
	struct oid version;

	(void)seq;
	(void)by;
	if (!value)
		return -1;
	a->is_in = json_get_oid(value, "version", &version) && hashmap_has(&a->listing->versions, version.raw, OID_LEN);
	return a->is_in;
}

/* 1, 0, -1. */
static int has_number(const struct listing *l, const struct change *c, struct error *err)
{
	CLEANUP(spots) struct spots spots = SPOTS_INIT;
	struct asking a = { l, false };
	int stop = ask_number(c, 0, "", &a, err);

	if (stop)
		return stop;
	/* a removal names no version */
	if (!c->parent_count)
		return 0;
	if (spots_of_key(l->view, c->key, UINT64_MAX, &spots, err) < 0)
		return -1;
	spots_sort(&spots);
	return spots_each(l->view, &spots, ask_number, &a, err) < 0 ? -1 : a.is_in;
}

/* 1, 0, -1. */
static int is_in(const struct listing *l, const struct change *c, struct error *err)
{
	const char *subject = strchr(c->key, '/');
	struct oid version;
	struct cid cid;

	if (!subject || !listing_travels(c->key))
		return 0;
	subject++;
	if (!cid_of(subject, &cid))
		return oid_parse(subject, strcspn(subject, "/"), &version) ? has_version(l, &version, err) : 0;
	if (hashmap_has(&l->whole, cid.hex, CID_HEX_LEN))
		return 1;
	if (!hashmap_has(&l->shallow, cid.hex, CID_HEX_LEN))
		return 0;
	if (text_begins_with(c->key, "version/"))
		return has_number(l, c, err);
	return text_begins_with(c->key, "coll/") || text_begins_with(c->key, "title/");
}

/* ---- what has come into it ---- */

static int pass(const struct change *c, uint64_t seq, const char *by, void *arg, struct error *err)
{
	const struct listing *l = arg;

	(void)by;
	return listing_travels(c->key) ? l->fn(c, seq, l->arg, err) : 0;
}

static int pass_in(const struct change *c, uint64_t seq, const char *by, void *arg, struct error *err)
{
	const struct listing *l = arg;
	int in = is_in(l, c, err);

	(void)by;
	return in <= 0 ? in : l->fn(c, seq, l->arg, err);
}

/* Keys that belong to a version wherever it is. */
static int add_version(struct listing *l, const struct oid *version, struct error *err)
{
	static const char *const plain[] = { "note", "ttl" }, *const many[] = { "meta", "metric", "tag" };

	for (size_t i = 0; i < COUNT_OF(plain); i++) {
		CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

		strbuf_addf(&key, "%s/%s", plain[i], oid_hex(version).text);
		if (spots_of_key(l->view, key.buf, l->since, &l->spots, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < COUNT_OF(many); i++) {
		CLEANUP(strbuf) struct strbuf prefix = STRBUF_INIT;

		strbuf_addf(&prefix, "%s/%s/", many[i], oid_hex(version).text);
		if (spots_of_prefix(l->view, prefix.buf, l->since, &l->spots, err) < 0)
			return -1;
	}
	return 0;
}

static int add_shallow(struct listing *l, const struct cid *cid, struct error *err)
{
	static const char *const tables[] = { "coll", "title" };

	if (hashmap_has(&l->fresh, cid->hex, CID_HEX_LEN))
		return 0;
	hashmap_put(&l->fresh, cid->hex, CID_HEX_LEN, NULL);
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

		strbuf_addf(&key, "%s/%s", tables[i], cid->hex);
		if (spots_of_key(l->view, key.buf, l->since, &l->spots, err) < 0)
			return -1;
	}
	return 0;
}

/* A linked version, with its number in artifacts that are shallow. */
static int add_place(const struct cid *cid, uint64_t number, bool is_link, bool is_live, void *arg, struct error *err)
{
	struct listing *l = arg;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

	(void)is_live;
	if (is_link || !hashmap_has(&l->shallow, cid->hex, CID_HEX_LEN))
		return 0;
	strbuf_addf(&key, "version/%s/%" PRIu64, cid->hex, number);
	return add_shallow(l, cid, err) < 0 ? -1 : spots_of_key(l->view, key.buf, l->since, &l->spots, err);
}

/* One that made what is in the selection. */
static int add_run(const struct cid *run, void *arg, struct error *err)
{
	struct listing *l = arg;

	if (!hashmap_has(&l->whole, run->hex, CID_HEX_LEN) || hashmap_has(&l->fresh, run->hex, CID_HEX_LEN))
		return 0;
	hashmap_put(&l->fresh, run->hex, CID_HEX_LEN, NULL);
	return spots_of_collection(l->view, run, l->since, &l->spots, err);
}

static int add_linked(const struct oid *version, void *arg, struct error *err)
{
	struct listing *l = arg;

	if (hashmap_has(&l->fresh, version->raw, OID_LEN))
		return 0;
	hashmap_put(&l->fresh, version->raw, OID_LEN, NULL);
	if (add_version(l, version, err) < 0 || view_each_edge(l->view, version, EDGE_OUTPUT, add_run, l, err) < 0)
		return -1;
	return view_each_place(l->view, version, add_place, l, err);
}

static int add_collection(struct listing *l, const struct cid *cid, struct error *err)
{
	if (hashmap_has(&l->shallow, cid->hex, CID_HEX_LEN))
		return add_shallow(l, cid, err);
	if (!hashmap_has(&l->whole, cid->hex, CID_HEX_LEN) || hashmap_has(&l->fresh, cid->hex, CID_HEX_LEN))
		return 0;
	hashmap_put(&l->fresh, cid->hex, CID_HEX_LEN, NULL);
	if (spots_of_collection(l->view, cid, l->since, &l->spots, err) < 0 || listing_each_maker(l->view, cid, add_run, l, err) < 0)
		return -1;
	return listing_each_linked(l->view, cid, add_linked, l, err);
}

/* A collection that has another name may be of the selection since, a version with a link or a number that is new has keys from before, and so has a run
 * that has made something. */
static int freshen(const struct change *c, uint64_t seq, const char *by, void *arg, struct error *err)
{
	struct listing *l = arg;
	CLEANUP(json) json_t *value = NULL;
	struct oid version;
	struct cid cid;

	(void)seq;
	(void)by;
	if (text_begins_with(c->key, "coll/") && cid_of(c->key + strlen("coll/"), &cid))
		return add_collection(l, &cid, err);
	if (text_begins_with(c->key, "output/") && cid_of(c->key + strlen("output/"), &cid))
		return add_run(&cid, l, err);
	if ((!text_begins_with(c->key, "link/") && !text_begins_with(c->key, "version/")) || !cid_of(strchr(c->key, '/') + 1, &cid) || !hashmap_has(&l->whole, cid.hex, CID_HEX_LEN))
		return 0;
	value = json_parse(c->value, strlen(c->value), c->key, err);
	if (!value)
		return -1;
	return json_get_oid(value, "version", &version) ? add_linked(&version, l, err) : 0;
}

/* ---- the listing ---- */

static int list_all_of(struct listing *l, struct error *err)
{
	struct cid cid;

	for (size_t i = 0; i < l->scope->count; i++)
		if (cid_of(l->scope->v[i].cid, &cid) && add_collection(l, &cid, err) < 0)
			return -1;
	spots_sort(&l->spots);
	return spots_each(l->view, &l->spots, pass_in, l, err);
}

static int list_since(struct listing *l, struct error *err)
{
	if (view_each_change_after(l->view, l->since, freshen, l, err) < 0)
		return -1;
	spots_sort(&l->spots);
	if (spots_each(l->view, &l->spots, pass_in, l, err) < 0)
		return -1;
	return view_each_change_after(l->view, l->since, pass_in, l, err);
}

int listing_changes(struct registry *reg, struct view *v, const struct list_request *request, const struct scope *scope, const struct journal_position *since,
		    listing_fn fn, void *arg, struct error *err)
{
	CLEANUP(listing) struct listing l = { .view = v, .scope = scope, .since = since ? since->seq : UINT64_MAX, .spots = SPOTS_INIT, .fn = fn, .arg = arg };

	(void)reg;
	if (!request->patterns.count && !request->collections.count)
		return view_each_change_after(v, since ? since->seq : 0, pass, &l, err);
	if (read_scope(&l, request, err) < 0)
		return -1;
	return since ? list_since(&l, err) : list_all_of(&l, err);
}
