/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for what still counts on a version. */
#include <config.h>

#include "registry/holders.h"

#include <string.h>

#include "registry/annotation.h"
#include "registry/draft.h"
#include "registry/run-edge.h"
#include "registry/ttl.h"

void holders_cleanup(struct holders *h)
{
	alias_rows_cleanup(&h->aliases);
	hashmap_cleanup(&h->bases);
}

static int note_base(const struct oid *version, const char *id, void *arg, struct error *err)
{
	struct holders *h = arg;

	(void)id;
	(void)err;
	hashmap_put(&h->bases, version, sizeof *version, h);
	return 0;
}

int holders_open(struct registry *reg, struct view *v, const struct collection *c, struct holders *out, struct error *err)
{
	*out = (struct holders){ v, c, ALIAS_ROWS_INIT, reg, false, HASHMAP_INIT };
	return alias_rows_read(v, c, &out->aliases, err);
}

bool holders_add_aliases(const struct holders *h, const struct version_row *row, struct strbuf *out)
{
	size_t start = out->len;

	for (size_t i = 0; i < h->aliases.count; i++)
		if (h->aliases.v[i].number == row->number)
			strbuf_addf(out, "%s%s", out->len > start ? ", " : "", h->aliases.v[i].alias);
	return out->len > start;
}

static int match_link(const struct cid *cid, uint64_t number, bool is_link, bool is_live, void *arg, struct error *err)
{
	(void)cid;
	(void)number;
	(void)err;
	*(bool *)arg |= is_link && is_live;
	return is_link && is_live;
}

static int is_linked(const struct holders *h, const struct version_row *row, struct error *err)
{
	bool found = false;

	return view_each_place(h->view, &row->version, match_link, &found, err) < 0 ? -1 : found;
}

static int has_keep_tag(const struct holders *h, const struct subject *of, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT, value = STRBUF_INIT;

	strbuf_addf(&key, "tag/%s/%s", of->id, HOLDERS_KEEP_TAG);
	return view_value(h->view, key.buf, &value, err);
}

/* 1, 0, -1. */
static int is_base(struct holders *h, const struct version_row *row, struct error *err)
{
	if (!h->has_bases && draft_each_base(h->reg, note_base, h, err) < 0)
		return -1;
	h->has_bases = true;
	return hashmap_has(&h->bases, &row->version, sizeof row->version);
}

int holders_hold(struct holders *h, const struct version_row *row, struct error *err)
{
	const struct subject of = subject_of_version(&row->version);
	struct ttl ttl;
	int held;

	if (alias_rows_has(&h->aliases, row->number))
		return 1;
	held = is_linked(h, row, err);
	if (held == 0)
		held = is_base(h, row, err);
	if (held == 0)
		held = run_edge_is_used(h->view, &row->version, err);
	if (held == 0)
		held = has_keep_tag(h, &of, err);
	if (held != 0)
		return held;
	if (ttl_read(h->view, h->collection, &row->version, &ttl, err) < 0)
		return -1;
	return ttl.kind == TTL_NEVER;
}
