/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the collections that patterns mean, and the artifacts that models take versions from. */
#include <config.h>

#include "registry/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "registry/absent.h"
#include "registry/collection.h"
#include "registry/listing-internal.h"
#include "registry/run.h"

#define COLL "coll/"

/* ---- versions that models link to ---- */

struct linking {
	struct view *view;
	linked_fn fn;
	void *arg;
};

/* A link that is gone names nothing: what it named stands in the changes before. */
static int pass_changed(const struct change *c, uint64_t seq, const char *by, void *arg, struct error *err)
{
	const struct linking *to = arg;
	CLEANUP(json) json_t *value = json_parse(c->value, strlen(c->value), c->key, err);
	struct oid version;

	(void)seq;
	(void)by;
	if (!value)
		return -1;
	return json_get_oid(value, "version", &version) ? to->fn(&version, to->arg, err) : 0;
}

static int pass_link(const char *key, const struct heads *heads, void *arg, struct error *err)
{
	struct linking *to = arg;
	CLEANUP(spots) struct spots spots = SPOTS_INIT;
	CLEANUP(json) json_t *value = NULL;
	struct oid version;

	if (heads_is_live(heads)) {
		value = json_parse(heads_value(heads, NULL), strlen(heads_value(heads, NULL)), key, err);
		if (!value)
			return -1;
		return json_get_oid(value, "version", &version) ? to->fn(&version, to->arg, err) : 0;
	}
	if (spots_of_key(to->view, key, UINT64_MAX, &spots, err) < 0)
		return -1;
	spots_sort(&spots);
	return spots_each(to->view, &spots, pass_changed, to, err);
}

int listing_each_linked(struct view *v, const struct cid *model, linked_fn fn, void *arg, struct error *err)
{
	CLEANUP(strbuf) struct strbuf prefix = STRBUF_INIT;
	struct linking to = { v, fn, arg };

	strbuf_addf(&prefix, "link/%s/", model->hex);
	return spots_each_key(v, prefix.buf, pass_link, &to, err);
}

struct making {
	struct view *view;
	made_fn fn;
	void *arg;
};

static int pass_maker(const struct cid *run, void *arg, struct error *err)
{
	const struct making *to = arg;

	return to->fn(run, to->arg, err);
}

static int pass_makers(const struct oid *version, void *arg, struct error *err)
{
	struct making *to = arg;

	return view_each_edge(to->view, version, EDGE_OUTPUT, pass_maker, to, err);
}

static int pass_makers_of_row(const struct version_row *row, void *arg, struct error *err)
{
	return row->removed ? 0 : pass_makers(&row->version, arg, err);
}

int listing_each_maker(struct view *v, const struct cid *collection, made_fn fn, void *arg, struct error *err)
{
	struct making to = { v, fn, arg };

	return view_each_version(v, collection, false, pass_makers_of_row, &to, err);
}

/* ---- whole ones ---- */

struct selecting {
	struct view *view;
	struct listing_patterns patterns;
	bool *has_matched; /* each pattern */
	bool with_runs;
	struct scope *out;
	struct hashmap whole; /* CIDs */
};

static void selecting_cleanup(struct selecting *s)
{
	listing_patterns_cleanup(&s->patterns);
	free(s->has_matched);
	hashmap_cleanup(&s->whole);
}

static int take(struct selecting *s, const struct cid *cid, const char *name, struct error *err)
{
	int shallow;

	if (hashmap_has(&s->whole, cid->hex, CID_HEX_LEN))
		return 0;
	shallow = absent_is_shallow(s->view, cid, err);
	if (shallow < 0)
		return -1;
	hashmap_put(&s->whole, cid->hex, CID_HEX_LEN, NULL);
	scope_add(s->out, cid->hex, name, shallow);
	return 0;
}

static int add_name_in(const char *value, struct strbuf *out, struct error *err)
{
	CLEANUP(json) json_t *doc = json_parse(value, strlen(value), "a collection", err);
	const char *name;

	if (!doc)
		return -1;
	if (json_get_string(doc, "name", &name))
		strbuf_adds(out, name);
	return 0;
}

static int last_name(const struct change *c, uint64_t seq, const char *by, void *arg, struct error *err)
{
	struct strbuf *out = arg;

	(void)seq;
	(void)by;
	if (strcmp(c->value, "null") == 0)
		return 0;
	strbuf_reset(out);
	return add_name_in(c->value, out, err);
}

/* As it is called, or was called last. */
static int name_of(struct view *v, const char *key, const struct heads *heads, struct strbuf *out, struct error *err)
{
	CLEANUP(spots) struct spots spots = SPOTS_INIT;

	if (heads_is_live(heads))
		return add_name_in(heads_value(heads, NULL), out, err);
	if (spots_of_key(v, key, UINT64_MAX, &spots, err) < 0)
		return -1;
	spots_sort(&spots);
	return spots_each(v, &spots, last_name, out, err);
}

static bool matches(struct selecting *s, const char *name)
{
	bool any = false;

	for (size_t i = 0; i < s->patterns.count; i++) {
		bool one = listing_pattern_matches(&s->patterns.v[i], name);

		s->has_matched[i] |= one;
		any |= one;
	}
	return any;
}

static int visit(const char *key, const struct heads *heads, void *arg, struct error *err)
{
	struct selecting *s = arg;
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	struct cid cid;

	if (strlen(key) != strlen(COLL) + CID_HEX_LEN)
		return 0;
	memcpy(cid.hex, key + strlen(COLL), CID_HEX_LEN + 1);
	/* what removed ones were called is not worth reading the journal for when it decides nothing */
	if ((s->patterns.count || heads_is_live(heads)) && name_of(s->view, key, heads, &name, err) < 0)
		return -1;
	if (s->patterns.count ? !matches(s, name.buf) : !s->with_runs && run_id_is(name.buf, name.len))
		return 0;
	return take(s, &cid, name.len ? name.buf : cid.hex, err);
}

/* By its title, or by a name that this registry's scope completes. */
static int take_by_hand(struct selecting *s, size_t i, struct error *err)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	const char *name = s->patterns.v[i].name;

	if (s->has_matched[i])
		return 0;
	if (strpbrk(name, "*?[\\")) {
		error_set(err, ERR_NO_COLLECTION, "no artifact or model is called '%s'", name);
		return error_hint(err, "'*' stands for a part of a name, '**' for any.");
	}
	if (collection_get(s->view, name, &c, err) < 0)
		return -1;
	return take(s, &c.cid, c.name, err);
}

/* ---- the runs that made them ---- */

static int take_maker(const struct cid *run, void *arg, struct error *err)
{
	struct selecting *s = arg;
	CLEANUP(run) struct run r = RUN_INIT;
	int found = hashmap_has(&s->whole, run->hex, CID_HEX_LEN) ? 0 : run_read(s->view, run, &r, err);

	return found <= 0 ? found : take(s, run, r.id.text, err);
}

static int select_makers(struct selecting *s, struct error *err)
{
	for (size_t i = 0, whole = s->out->count; i < whole; i++) {
		struct cid cid;

		memcpy(cid.hex, s->out->v[i].cid, CID_HEX_LEN + 1);
		if (listing_each_maker(s->view, &cid, take_maker, s, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- shallow ones ---- */

static int take_source(const struct cid *cid, uint64_t number, bool is_link, bool is_live, void *arg, struct error *err)
{
	struct selecting *s = arg;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT, name = STRBUF_INIT;
	CLEANUP(heads) struct heads heads = HEADS_INIT;

	(void)number;
	(void)is_live;
	if (is_link || hashmap_has(&s->whole, cid->hex, CID_HEX_LEN))
		return 0;
	strbuf_addf(&key, COLL "%s", cid->hex);
	if (view_heads(s->view, key.buf, &heads, err) < 0 || name_of(s->view, key.buf, &heads, &name, err) < 0)
		return -1;
	hashmap_put(&s->whole, cid->hex, CID_HEX_LEN, NULL);
	scope_add(s->out, cid->hex, name.len ? name.buf : cid->hex, true);
	return 0;
}

static int take_sources(const struct oid *version, void *arg, struct error *err)
{
	struct selecting *s = arg;

	return view_each_place(s->view, version, take_source, s, err);
}

static int select_shallow(struct selecting *s, struct error *err)
{
	for (size_t i = 0, whole = s->out->count; i < whole; i++) {
		struct cid cid;

		memcpy(cid.hex, s->out->v[i].cid, CID_HEX_LEN + 1);
		if (listing_each_linked(s->view, &cid, take_sources, s, err) < 0)
			return -1;
	}
	return 0;
}

int listing_select(struct registry *reg, struct view *v, const struct strvec *patterns, bool with_runs, struct scope *out, struct error *err)
{
	size_t count = patterns ? patterns->count : 0;
	CLEANUP(selecting) struct selecting s = { .view = v, .patterns = LISTING_PATTERNS_INIT, .with_runs = with_runs, .out = out, .whole = HASHMAP_INIT };

	(void)reg;
	if (listing_patterns_parse(NULL, patterns, &s.patterns, err) < 0)
		return -1;
	s.has_matched = xcalloc(count + 1, sizeof *s.has_matched);
	if (spots_each_key(v, COLL, visit, &s, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (take_by_hand(&s, i, err) < 0)
			return -1;
	if (!count)
		return 0;
	return select_makers(&s, err) < 0 ? -1 : select_shallow(&s, err);
}

int listing_select_these(struct registry *reg, struct view *v, const struct strvec *cids, struct scope *out, struct error *err)
{
	CLEANUP(selecting) struct selecting s = { .view = v, .patterns = LISTING_PATTERNS_INIT, .out = out, .whole = HASHMAP_INIT };

	(void)reg;
	for (size_t i = 0; i < cids->count; i++) {
		CLEANUP(strbuf) struct strbuf key = STRBUF_INIT, name = STRBUF_INIT;
		CLEANUP(heads) struct heads heads = HEADS_INIT;
		struct cid cid;

		if (strlen(cids->v[i]) != CID_HEX_LEN)
			continue;
		memcpy(cid.hex, cids->v[i], CID_HEX_LEN + 1);
		strbuf_addf(&key, COLL "%s", cid.hex);
		if (view_heads(v, key.buf, &heads, err) < 0)
			return -1;
		if (!heads.count)
			continue;
		if (name_of(v, key.buf, &heads, &name, err) < 0 || take(&s, &cid, name.len ? name.buf : cid.hex, err) < 0)
			return -1;
	}
	return 0;
}
