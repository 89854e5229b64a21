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
#include "registry/tenure.h"

#define EVENTS_MAX 200

/* ---- what they are ---- */

static int take_tenure(const struct tenure *tenure, void *arg, struct error *err)
{
	struct report_alias *out = arg;

	(void)err;
	out->since = tenure->from;
	out->user = xstrdup(tenure->began->user);
	out->why = xstrdup(tenure->began->why);
	return 1;
}

static int read_alias(
	struct report_gathering *g, const struct collection *c, const struct alias_row *row, struct report_alias *out, struct error *err)
{
	int found;

	*out = (struct report_alias){ .alias = xstrdup(row->alias), .number = row->number, .is_stage = strvec_has(&g->stages, row->alias) };
	if (tenure_each(g->view, c, row->alias, take_tenure, out, err) < 0)
		return -1;
	if (!out->user) {
		out->user = xstrdup("");
		out->why = xstrdup("");
	}
	found = stage_previous(g->view, c, row->alias, &out->previous, err);
	out->has_previous = found == 1;
	return found < 0 ? -1 : 0;
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

int report_alias_read(struct report_gathering *g, const struct collection *c, const struct alias_rows *rows, struct report_collection *out,
	struct error *err)
{
	out->aliases = xcalloc(rows->count + 1, sizeof *out->aliases);
	for (size_t i = 0; i < rows->count; i++) {
		out->alias_count++;
		if (read_alias(g, c, &rows->v[i], &out->aliases[i], err) < 0)
			return -1;
	}
	put_stages_first(&g->stages, out->aliases, out->alias_count);
	return 0;
}

/* ---- how they moved ---- */

struct moves {
	struct report_gathering *g;
	const struct collection *c;
	struct report_collection *out;
	size_t cap;
};

/* "v3" for the value of an alias, "" for none; *alias: how it was written, if it says so. */
static int holder_of(struct moves *m, const char *value, int64_t at, char **holder, char **alias, struct error *err)
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
		found = as_of_number(m->g->view, &m->c->cid, &version, at, &number, err);
		if (found == 1)
			strbuf_addf(&text, "v%" PRIu64, number);
		else if (found == 0)
			strbuf_addf(&text, "%.12s", oid_hex(&version).text);
	}
	*holder = strbuf_detach(&text);
	return found < 0 ? -1 : 0;
}

static int value_before(struct moves *m, const struct change *c, struct report_event *e, struct error *err)
{
	struct change parent = { .key = NULL };
	int found = c->parent_count ? view_change(m->g->view, &c->parents[0], &parent, err) : 0;

	if (found >= 0)
		found = holder_of(m, found ? parent.value : "null", c->time - 1, &e->from, &e->alias, err);
	change_cleanup(&parent);
	return found < 0 ? -1 : 0;
}

static int take_move(const struct change *c, uint64_t seq, const char *by, void *arg, struct error *err)
{
	struct moves *m = arg;
	struct report_collection *out = m->out;
	struct report_event *e;

	(void)seq;
	(void)by;
	if (strncmp(c->key, "alias/", 6) != 0)
		return 0;
	ARRAY_GROW(out->events, out->event_count + 1, m->cap);
	e = &out->events[out->event_count++];
	*e = (struct report_event){ .time = c->time, .user = xstrdup(c->user), .host = xstrdup(c->host), .why = xstrdup(c->why) };
	if (holder_of(m, c->value, c->time, &e->to, &e->alias, err) < 0 || value_before(m, c, e, err) < 0)
		return -1;
	if (!e->alias)
		e->alias = xstrdup(strrchr(c->key, '/') + 1);
	return out->event_count == EVENTS_MAX;
}

int report_alias_read_events(struct report_gathering *g, const struct collection *c, struct report_collection *out, struct error *err)
{
	struct moves m = { g, c, out, 0 };

	return view_each_change(g->view, &c->cid, true, take_move, &m, err) < 0 ? -1 : 0;
}
