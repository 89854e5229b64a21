/* SPDX-License-Identifier: Apache-2.0 */
/* Tells the dead records of all packs from those that stay. */
#include <config.h>

#include "store/collect.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "store/collect-internal.h"
#include "store/objects-state.h"

#define ROWS_PER_CHECK (1u << 16) /* between two looks whether we are to stop */
#define ROW_LEN (OID_LEN + PACK_ROW_LEN)

/* --- which copy stays --- */

enum copy { COPY_STAYS, COPY_GOES, COPY_UNSOUND };

struct copy_key {
	struct oid id;
	uint8_t kind;
};
struct copy_place {
	bool is_sound; /* else no copy is */
	struct oid pack;
	uint64_t offset;
};

/* The first one that is what it should be. */
static struct copy_place *choose_copy(struct collector *c, const struct pack_row *row)
{
	struct copy_place *out = xcalloc(1, sizeof *out);
	struct pack_place place;

	for (size_t nth = 0; !out->is_sound && pack_set_find(c->objects->packs, row->kind, &row->id, nth, &place); nth++) {
		struct error ignored = ERROR_INIT;
		const struct pack *p = pack_set_pack(c->objects->packs, place.slot, &ignored);

		if (p && objects_check_row(c->reader, p, &place.row, &ignored) == 0)
			*out = (struct copy_place){ true, p->name, place.row.offset };
	}
	return out;
}

/* Objects have one copy but for those that two puts brought at once, that were damaged, or that a gc was copying when it ended early. */
static bool has_other_copies(struct collector *c, const struct pack_row *row)
{
	struct pack_place place;

	return pack_set_find(c->objects->packs, row->kind, &row->id, 1, &place);
}

static enum copy judge_copy(struct collector *c, const struct pack *p, const struct pack_row *row)
{
	struct copy_key key;
	const struct copy_place *chosen;

	memset(&key, 0, sizeof key);
	key.id = row->id;
	key.kind = (uint8_t)row->kind;
	chosen = hashmap_find(&c->copies, &key, sizeof key);
	if (!chosen && !has_other_copies(c, row))
		return COPY_STAYS;
	if (!chosen) {
		chosen = choose_copy(c, row);
		hashmap_put(&c->copies, &key, sizeof key, (void *)chosen);
	}
	if (!chosen->is_sound)
		return COPY_UNSOUND;
	return oid_equal(&chosen->pack, &p->name) && chosen->offset == row->offset ? COPY_STAYS : COPY_GOES;
}

/* What runs refer to is not known here yet. */
bool collect_is_live(const struct collector *c, const struct pack_row *row)
{
	return row->kind == OBJECT_RUN || live_set_has(c->live, row->kind, &row->id);
}

/* --- one pack --- */

static uint64_t len_on_disk(const struct pack_row *row)
{
	return RECORD_HEAD_LEN + row->stored_len + ROW_LEN + (row->kind == OBJECT_RECIPE ? RECORD_FILE_LEN + ROW_LEN : 0);
}

static void judge_row(struct collector *c, struct victim *v, size_t i, const struct pack_row *row)
{
	enum copy copy = collect_is_live(c, row) ? judge_copy(c, v->pack, row) : COPY_GOES;

	if (copy == COPY_GOES) {
		v->dead_count++;
		v->dead_bytes += len_on_disk(row);
		return;
	}
	v->is_left |= copy == COPY_UNSOUND;
	v->stays[i / 8] |= (uint8_t)(1u << i % 8);
	v->live_count++;
	v->live_bytes += len_on_disk(row);
}

/* A recipe is judged by its own row; the one by its file goes with it. */
static int judge_pack(struct collector *c, struct victim *v, struct error *err)
{
	const struct pack *p = v->pack;
	struct pack_row row;

	for (size_t i = 0; i < p->table.count; i++) {
		if (i % ROWS_PER_CHECK == 0 && interrupt_check(err) < 0)
			return -1;
		if (!pack_table_row(&p->table, i, p->records_end, &row))
			v->is_left = true; /* fsck's business */
		else if (row.kind != OBJECT_FILE)
			judge_row(c, v, i, &row);
	}
	return 0;
}

bool collect_has_risen(struct collector *c, const struct victim *v)
{
	struct pack_row row;

	for (size_t i = 0; i < v->pack->table.count; i++)
		if (!(v->stays[i / 8] >> i % 8 & 1) && pack_table_row(&v->pack->table, i, v->pack->records_end, &row) && row.kind != OBJECT_FILE &&
			collect_is_live(c, &row) && judge_copy(c, v->pack, &row) != COPY_GOES)
			return true;
	return false;
}

/* --- all packs --- */

static bool is_young(const struct collector *c, const struct pack *p)
{
	return c->options.grace_ns && (p->birth > c->now || c->now - p->birth < c->options.grace_ns);
}

static bool is_worth_it(const struct collector *c, const struct victim *v)
{
	return v->dead_count && !(c->options.is_thrifty && v->live_bytes > v->dead_bytes);
}

static int take_pack(struct pack *pack, const char *name, const struct error *problem, void *arg, struct error *err)
{
	struct collector *c = arg;
	struct victim v = { .pack = pack };

	(void)name;
	(void)problem; /* what cannot be opened stays as it is, for fsck to name */
	if (!pack || is_young(c, pack))
		return 0;
	v.stays = xcalloc(1, pack->table.count / 8 + 1);
	if (judge_pack(c, &v, err) == 0 && is_worth_it(c, &v)) {
		ARRAY_GROW(c->victims, c->count + 1, c->cap);
		c->victims[c->count++] = v;
		return 0;
	}
	free(v.stays);
	return err->code == ERR_NONE ? 0 : -1;
}

/* Those that give most for what must be copied first. */
static int compare_victims(const void *left, const void *right)
{
	const struct victim *a = left, *b = right;

	if (a->live_bytes != b->live_bytes)
		return a->live_bytes < b->live_bytes ? -1 : 1;
	return oid_compare(&a->pack->name, &b->pack->name);
}

struct collector *collect_plan(struct store *store, const struct live_set *live, const struct collect_options *options, struct error *err)
{
	CLEANUP(collect) struct collector *c = xcalloc(1, sizeof *c);

	c->store = store;
	c->objects = store->objects;
	c->live = live;
	c->live_count = live_set_count(live);
	c->options = *options;
	c->now = clock_now();
	c->reader = object_reader_new(c->objects);
	object_reader_skip_retired(c->reader);
	if (pack_set_refresh(c->objects->packs, err) < 0 || pack_set_each(c->objects->packs, take_pack, c, err) < 0)
		return NULL;
	if (c->count)
		qsort(c->victims, c->count, sizeof *c->victims, compare_victims);
	return STEAL(c);
}

void collect_free(struct collector *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++)
		free(c->victims[i].stays);
	free(c->victims);
	object_reader_free(c->reader);
	hashmap_release(&c->copies, free);
	free(c);
}

void collect_cleanup(struct collector **c)
{
	collect_free(*c);
	*c = NULL;
}

void collect_add(struct collect_sums *sums, const struct victim *v)
{
	if (v->is_left)
		sums->left++;
	if (v->is_left || v->has_risen)
		return;
	sums->packs++;
	sums->objects += v->dead_count;
	sums->bytes += v->live_count ? v->dead_bytes : v->pack->len;
}

void collect_sum_up(const struct collector *c, struct collect_sums *out)
{
	*out = (struct collect_sums){ 0 };
	for (size_t i = 0; i < c->count; i++)
		collect_add(out, &c->victims[i]);
}

static const struct victim *find_victim(const struct collector *c, const struct oid *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (!c->victims[i].is_left && oid_equal(&c->victims[i].pack->name, name))
			return &c->victims[i];
	return NULL;
}

bool collect_takes(struct collector *c, enum object_kind kind, const struct oid *id)
{
	struct pack_place place;
	size_t nth = 0;

	if (live_set_has(c->live, kind, id))
		return false;
	for (; pack_set_find(c->objects->packs, kind, id, nth, &place); nth++)
		if (!find_victim(c, pack_set_name(place.slot)))
			return false;
	return nth;
}
