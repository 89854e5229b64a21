/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers the rows of all pack tables in the order in which the tables are asked, and keeps an owner for each. */
#include <config.h>

#include "store/owners.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/interrupt.h"
#include "base/mem.h"
#include "store/multi-pack.h"
#include "store/objects-state.h"

#define BLOCK_LEN 512 /* of st_blocks */
/* A word is the owner's number with the uses above it. */
#define USE_SHIFT 30
#define OWNER_MASK ((1u << USE_SHIFT) - 1)
#define ROW_LEN (OID_LEN + PACK_ROW_LEN)
#define ROWS_PER_CHECK (1u << 16) /* between two looks whether we are to stop */

struct pack_size {
	uint64_t len, disk; /* zero when the pack is gone: its objects are in others */
};

struct table {
	struct pack_set_table in;
	size_t first;            /* number of its first row */
	struct pack_size *sizes; /* of its packs */
};

struct owners {
	struct objects *objects;
	struct table *tables;
	size_t count, cap, rows;
	uint32_t *words; /* of each row */
};

static struct pack_size size_of(const struct objects *objects, const struct oid *name)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct stat st;

	pack_path(&path, objects->objects_dir, name);
	if (lstat(path.buf, &st) < 0)
		return (struct pack_size){ 0, 0 };
	return (struct pack_size){ (uint64_t)st.st_size, (uint64_t)st.st_blocks * BLOCK_LEN };
}

static void add_table(struct owners *o, const struct pack_set_table *in)
{
	struct table *t;

	ARRAY_GROW(o->tables, o->count + 1, o->cap);
	t = &o->tables[o->count++];
	*t = (struct table){ *in, o->rows, xcalloc(in->multi ? in->multi->pack_count + 1 : 1, sizeof *t->sizes) };
	o->rows += in->rows->count;
	if (!in->multi)
		t->sizes[0] = size_of(o->objects, &in->pack->name);
	for (size_t i = 0; in->multi && i < in->multi->pack_count; i++) {
		struct oid name;

		multi_pack_name(in->multi, i, &name);
		t->sizes[i] = size_of(o->objects, &name);
	}
}

struct owners *owners_open(struct objects *objects, struct error *err)
{
	struct pack_set_table table;
	struct owners *o;

	if (pack_set_refresh(objects->packs, err) < 0)
		return NULL;
	o = xcalloc(1, sizeof *o);
	o->objects = objects;
	for (size_t i = 0; pack_set_table(objects->packs, i, &table); i++)
		add_table(o, &table);
	o->words = xcalloc(o->rows + 1, sizeof *o->words);
	return o;
}

void owners_free(struct owners *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->count; i++)
		free(o->tables[i].sizes);
	free(o->tables);
	free(o->words);
	free(o);
}

void owners_cleanup(struct owners **o)
{
	owners_free(*o);
	*o = NULL;
}

static bool row_at(const struct table *t, size_t i, struct pack_row *row)
{
	if (t->in.multi)
		return multi_pack_row(t->in.multi, i, row);
	row->pack = 0;
	return pack_table_row(t->in.rows, i, t->in.pack->records_end, row);
}

static uint32_t *find_in(const struct owners *o, const struct table *t, enum object_kind kind, const struct oid *id)
{
	int64_t at = pack_table_find(t->in.rows, id, kind);
	struct pack_row row;

	for (size_t i = (size_t)at; at >= 0 && row_at(t, i, &row) && row.kind == kind && oid_equal(&row.id, id); i++)
		if (t->sizes[row.pack].len)
			return &o->words[t->first + i];
	return NULL;
}

static uint32_t *find(const struct owners *o, enum object_kind kind, const struct oid *id)
{
	uint32_t *word = NULL;

	for (size_t i = 0; !word && i < o->count; i++)
		word = find_in(o, &o->tables[i], kind, id);
	return word;
}

bool owners_has(const struct owners *o, enum object_kind kind, const struct oid *id)
{
	return find(o, kind, id);
}

bool owners_claim(struct owners *o, enum object_kind kind, const struct oid *id, uint32_t owner, enum owners_use use, bool *changed)
{
	uint32_t *word = find(o, kind, id), before, now = owner;

	*changed = false;
	if (!word)
		return false;
	before = *word & OWNER_MASK;
	if (before != OWNERS_NONE && before != owner)
		now = OWNERS_SHARED;
	now |= (*word & ~OWNER_MASK) | (uint32_t)use << USE_SHIFT;
	*changed = now != *word;
	*word = now;
	return true;
}

bool owners_problem(const struct owners *o, struct error *out)
{
	return pack_set_problem(o->objects->packs, out);
}

/* --- adding up --- */

/* A recipe has one record and two rows. */
static uint64_t len_on_disk(const struct pack_row *row)
{
	if (row->kind == OBJECT_FILE)
		return ROW_LEN;
	return ROW_LEN + RECORD_HEAD_LEN + (row->kind == OBJECT_RECIPE ? RECORD_FILE_LEN : 0) + row->stored_len;
}

/* The whole of it; in a pack that takes fewer blocks than it has bytes its share of those. */
static uint64_t share(const struct pack_size *pack, uint64_t len)
{
	if (pack->disk >= pack->len)
		return len;
	return (uint64_t)((double)len * ((double)pack->disk / (double)pack->len));
}

static void add_row(const struct table *t, const struct pack_row *row, uint32_t word, struct owners_sum *sum)
{
	struct owned *owned = &sum->of[word & OWNER_MASK];

	owned->stored += share(&t->sizes[row->pack], len_on_disk(row));
	if (row->kind == OBJECT_FILE)
		return;
	owned->raw += row->raw_len;
	if (row->kind == OBJECT_CHUNK && (word >> USE_SHIFT & OWNERS_CONTENT)) {
		sum->content_raw += row->raw_len;
		sum->content_payload += share(&t->sizes[row->pack], row->stored_len);
	}
}

static int add_table_up(const struct table *t, const uint32_t *words, struct owners_sum *sum, struct error *err)
{
	struct pack_row row;

	for (size_t i = 0; i < t->in.rows->count; i++) {
		if (i % ROWS_PER_CHECK == 0 && interrupt_check(err) < 0)
			return -1;
		if ((words[i] & OWNER_MASK) >= sum->count)
			BUG("owner %u of %zu", words[i] & OWNER_MASK, sum->count);
		if (!row_at(t, i, &row))
			sum->impossible++;
		else if (t->sizes[row.pack].len)
			add_row(t, &row, words[i], sum);
	}
	return 0;
}

int owners_add_up(const struct owners *o, struct owners_sum *sum, struct error *err)
{
	for (size_t i = 0; i < o->count; i++)
		if (add_table_up(&o->tables[i], o->words + o->tables[i].first, sum, err) < 0)
			return -1;
	return 0;
}
