/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers the aliases of a collection with their past: since when, by whom, what before, and all their moves. */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "registry/as-of.h"
#include "registry/report-internal.h"
#include "registry/stage.h"
#include "store/spots.h"

#define EVENTS_MAX 200

/* Every change of every alias of a collection, read once: a journal that came from elsewhere has lines with thousands of other changes. */
struct moves {
	struct change *v; /* in the order of the journal */
	size_t count, cap;
	struct hashmap places; /* id → place, from 1 */
};

static void moves_cleanup(struct moves *m)
{
	for (size_t i = 0; i < m->count; i++)
		change_cleanup(&m->v[i]);
	free(m->v);
	hashmap_release(&m->places, NULL);
}

static int take_move(const struct change *c, uint64_t seq, const char *by, void *arg, struct error *err)
{
	struct moves *m = arg;

	(void)seq;
	(void)by;
	(void)err;
	ARRAY_GROW(m->v, m->count + 1, m->cap);
	m->v[m->count] = (struct change){ .key = NULL };
	change_copy(c, &m->v[m->count++]);
	hashmap_put(&m->places, c->id.raw, OID_LEN, (void *)(uintptr_t)m->count);
	return 0;
}

static int read_moves(struct view *v, const struct collection *c, struct moves *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf prefix = STRBUF_INIT;
	CLEANUP(spots) struct spots spots = SPOTS_INIT;

	strbuf_addf(&prefix, "alias/%s/", c->cid.hex);
	if (spots_of_prefix(v, prefix.buf, UINT64_MAX, &spots, err) < 0)
		return -1;
	spots_sort(&spots);
	return spots_each(v, &spots, take_move, out, err);
}

static const struct change *find(const struct moves *m, const struct oid *id)
{
	uintptr_t place = (uintptr_t)hashmap_find(&m->places, id->raw, OID_LEN);

	return place ? &m->v[place - 1] : NULL;
}

/* ---- what the aliases are ---- */

/* Of heads that say the same it is the last that counts. */
static const struct change *newest_head(const struct moves *m, const struct heads *heads)
{
	const struct change *newest = NULL;

	for (size_t i = 0; i < heads->count; i++) {
		const struct change *c = find(m, &heads->v[i].id);

		if (c && (!newest || c->time > newest->time))
			newest = c;
	}
	return newest;
}

static int find_previous(struct report_gathering *g, const struct collection *c, const struct moves *m, const struct heads *heads,
	struct report_alias *out, struct error *err)
{
	CLEANUP(ptr) const struct change **chain = xcalloc(m->count + 1, sizeof *chain);
	const struct change *at = heads->count ? find(m, &heads->v[0].id) : NULL;
	size_t count = 0;
	int found;

	for (; at && count < m->count; at = at->parent_count ? find(m, &at->parents[0]) : NULL)
		chain[count++] = at;
	found = stage_previous(g->view, c, chain, count, &out->previous, err);
	out->has_previous = found == 1;
	return found < 0 ? -1 : 0;
}

static int read_alias(struct report_gathering *g, const struct collection *c, const struct moves *m, const struct alias_row *row,
	struct report_alias *out, struct error *err)
{
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	const struct change *began;

	*out = (struct report_alias){ .alias = xstrdup(row->alias), .number = row->number, .is_stage = strvec_has(&g->stages, row->alias) };
	alias_key(&key, &c->cid, row->alias);
	if (view_heads(g->view, key.buf, &heads, err) < 0)
		return -1;
	began = newest_head(m, &heads);
	out->since = began ? began->time : 0;
	out->user = xstrdup(began ? began->user : "");
	out->why = xstrdup(began ? began->why : "");
	return find_previous(g, c, m, &heads, out, err);
}

static size_t place_of_stage(const struct strvec *stages, const struct report_alias *a)
{
	for (size_t i = 0; i < stages->count; i++)
		if (strcmp(stages->v[i], a->alias) == 0)
			return i;
	return SIZE_MAX;
}

/* Stages in their order before all others; these are few, and come sorted by name. */
static void put_stages_first(const struct strvec *stages, struct report_alias *v, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct report_alias a = v[i];
		size_t at = i;

		for (; at > 0 && place_of_stage(stages, &v[at - 1]) > place_of_stage(stages, &a); at--)
			v[at] = v[at - 1];
		v[at] = a;
	}
}

static int read_aliases(struct report_gathering *g, const struct collection *c, const struct moves *m, const struct alias_rows *rows,
	struct report_collection *out, struct error *err)
{
	out->aliases = xcalloc(rows->count + 1, sizeof *out->aliases);
	for (size_t i = 0; i < rows->count; i++) {
		out->alias_count++;
		if (read_alias(g, c, m, &rows->v[i], &out->aliases[i], err) < 0)
			return -1;
	}
	put_stages_first(&g->stages, out->aliases, out->alias_count);
	return 0;
}

/* ---- how they moved ---- */

/* "v3" for the value of an alias, "" for none; *alias: how it was written, if it says so. */
static int holder_of(struct report_gathering *g, const struct collection *c, const char *value, int64_t at, char **holder, char **alias,
	struct error *err)
{
	CLEANUP(json) json_t *doc = json_parse(value, strlen(value), "the value of an alias", err);
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct oid version;
	const char *name;
	uint64_t number;
	int found = 0;

	if (!doc)
		return -1;
	if (json_get_string(doc, "alias", &name) && !*alias)
		*alias = xstrdup(name);
	if (json_get_oid(doc, "version", &version)) {
		found = as_of_number(g->view, &c->cid, &version, at, &number, err);
		if (found == 1)
			strbuf_addf(&text, "v%" PRIu64, number);
		else if (found == 0)
			strbuf_addf(&text, "%.12s", oid_hex(&version).text);
	}
	*holder = strbuf_detach(&text);
	return found < 0 ? -1 : 0;
}

static int add_event(struct report_gathering *g, const struct collection *c, const struct moves *m, const struct change *move,
	struct report_collection *out, struct error *err)
{
	const struct change *before = move->parent_count ? find(m, &move->parents[0]) : NULL;
	struct report_event *e = &out->events[out->event_count++];

	*e = (struct report_event){
		.time = move->time, .user = xstrdup(move->user), .host = xstrdup(move->host), .why = xstrdup(move->why)
	};
	if (holder_of(g, c, move->value, move->time, &e->to, &e->alias, err) < 0 ||
		holder_of(g, c, before ? before->value : "null", move->time - 1, &e->from, &e->alias, err) < 0)
		return -1;
	if (!e->alias)
		e->alias = xstrdup(strrchr(move->key, '/') + 1);
	return 0;
}

int report_alias_read(struct report_gathering *g, const struct collection *c, const struct alias_rows *rows, struct report_collection *out,
	struct error *err)
{
	CLEANUP(moves) struct moves m = { .places = HASHMAP_INIT };

	if (read_moves(g->view, c, &m, err) < 0 || read_aliases(g, c, &m, rows, out, err) < 0)
		return -1;
	out->events = xcalloc(EVENTS_MAX, sizeof *out->events);
	for (size_t i = m.count; i > 0 && out->event_count < EVENTS_MAX; i--)
		if (add_event(g, c, &m, &m.v[i - 1], out, err) < 0)
			return -1;
	return 0;
}
