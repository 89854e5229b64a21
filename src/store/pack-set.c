/* SPDX-License-Identifier: Apache-2.0 */
/* Lists the packs of a registry once, and looks objects up in their tables. */
#include <config.h>

#include "store/pack-set.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "store/multi-pack.h"
#include "store/pack-merge.h"
#include "store/retired.h"

#define MULTI_NAME "multi-pack"

/* When the multi-pack table is due: more than this many packs outside of it that are too large to be merged, or of any size; and more than a
 * quarter of those in it or so few rows that writing it costs nothing. */
#define OUTSIDE_MIN 16
#define OUTSIDE_MAX 64
#define ROWS_PER_OUTSIDE 4096

#define LISTINGS_MAX 10 /* in a row, while packs vanish before they can be opened */

struct pack_slot {
	struct oid name;
	struct pack *pack;    /* NULL: not opened yet, or it cannot be */
	struct error *problem; /* why it cannot be opened */
	bool covered;         /* its rows are in the multi-pack table */
	atomic_bool gone;     /* not in the directory any more: merged into another */
};

/*
 * Slots are only ever added, and a slot's pack is only ever set (under the lock, or under open_mutex as long as it is covered), so both may
 * be
 * used without a lock once they were found under it.
 */
struct pack_set {
	char *dir;
	pthread_rwlock_t lock;
	pthread_mutex_t open_mutex; /* one thread opens a covered pack */
	struct pack_slot **slots;   /* those with a pack and not covered first, newest first */
	size_t count, cap, asked;   /* asked: how many of them a look-up asks */
	struct multi_pack *multi;
	struct pack_slot **multi_slots; /* slot of each pack of the multi-pack */
	struct multi_pack *dropped; /* unsound; kept until the end */
	atomic_bool has_vanished;   /* some slot became gone since the last listing */
	struct strvec strays;
};

/* --- listing --- */

static struct pack_slot *find_slot(const struct pack_set *set, const struct oid *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (oid_equal(&set->slots[i]->name, name))
			return set->slots[i];
	return NULL;
}

static struct pack_slot *new_slot(struct pack_set *set, const struct oid *name)
{
	struct pack_slot *slot = xcalloc(1, sizeof *slot);

	slot->name = *name;
	ARRAY_GROW(set->slots, set->count + 1, set->cap);
	set->slots[set->count++] = slot;
	return slot;
}

static int compare_oids(const void *a, const void *b)
{
	return oid_compare(a, b);
}

struct listing {
	struct oid *names; /* sorted */
	size_t count, cap;
};

static void listing_cleanup(struct listing *list)
{
	free(list->names);
}

static void list_entry(struct pack_set *set, struct listing *list, const char *file)
{
	struct oid name;

	if (file[0] == '.' || strcmp(file, MULTI_NAME) == 0 || strcmp(file, RETIRED_NAME) == 0)
		return;
	if (!pack_parse_name(file, &name)) {
		if (!strvec_has(&set->strays, file))
			strvec_push(&set->strays, file);
		return;
	}
	ARRAY_GROW(list->names, list->count + 1, list->cap);
	list->names[list->count++] = name;
}

static int list_dir(struct pack_set *set, struct listing *list, struct error *err)
{
	DIR *dir = opendir(set->dir);
	struct dirent *entry;

	if (!dir)
		return errno == ENOENT ? error_set(err, ERR_INTEGRITY, "'%s' is missing", set->dir)
				       : error_set_errno(err, "cannot list '%s'", set->dir);
	while (errno = 0, (entry = readdir(dir)))
		list_entry(set, list, entry->d_name);
	if (errno) {
		error_set_errno(err, "cannot list '%s'", set->dir);
		closedir(dir);
		return -1;
	}
	closedir(dir);
	if (list->count)
		qsort(list->names, list->count, sizeof *list->names, compare_oids);
	return 0;
}

static void open_or_remember(struct pack_set *set, struct pack_slot *slot)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct error problem = ERROR_INIT;

	if (slot->pack || slot->problem || slot->gone)
		return;
	pack_path(&path, set->dir, &slot->name);
	slot->pack = pack_open(path.buf, &slot->name, &problem);
	if (slot->pack)
		return;
	if (file_exists(path.buf))
		slot->problem = xmemdup(&problem, sizeof problem);
	else
		slot->gone = set->has_vanished = true;
}

static bool is_listed(const struct listing *list, const struct oid *name)
{
	return list->count && bsearch(name, list->names, list->count, sizeof *name, compare_oids);
}

/* Rows of packs that are gone are passed over: what they stand for is in packs outside of the table. */
static void use_multi(struct pack_set *set)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct multi_pack *m;

	strbuf_addf(&path, "%s/" MULTI_NAME, set->dir);
	m = multi_pack_open(path.buf);
	if (!m)
		return;
	set->multi = m;
	set->multi_slots = xcalloc(m->pack_count + 1, sizeof *set->multi_slots);
	for (size_t i = 0; i < m->pack_count; i++) {
		struct oid name;

		multi_pack_name(m, i, &name);
		set->multi_slots[i] = new_slot(set, &name);
		set->multi_slots[i]->covered = true;
	}
}

static bool is_asked(const struct pack_slot *slot)
{
	return !slot->covered && slot->pack && !slot->gone;
}

static int compare_slots(const void *left, const void *right)
{
	const struct pack_slot *a = *(struct pack_slot *const *)left, *b = *(struct pack_slot *const *)right;

	if (is_asked(a) != is_asked(b))
		return is_asked(a) ? -1 : 1;
	if (is_asked(a) && a->pack->birth != b->pack->birth)
		return a->pack->birth > b->pack->birth ? -1 : 1;
	return oid_compare(&a->name, &b->name);
}

static void order_slots(struct pack_set *set)
{
	if (set->count)
		qsort(set->slots, set->count, sizeof *set->slots, compare_slots);
	for (set->asked = 0; set->asked < set->count && is_asked(set->slots[set->asked]);)
		set->asked++;
}

/* What is listed no more is gone, but may come back: a put of the same objects makes a pack of the same name. */
static size_t note_gone(struct pack_set *set, const struct listing *list)
{
	size_t changed = 0;

	for (size_t i = 0; i < set->count; i++) {
		struct pack_slot *slot = set->slots[i];
		bool gone = !is_listed(list, &slot->name);

		changed += gone != slot->gone;
		slot->gone = gone;
		if (!slot->covered)
			open_or_remember(set, slot);
	}
	return changed;
}

/* Adds a slot for each listed name that has none; both lists are walked in the order of names. */
static size_t add_listed(struct pack_set *set, const struct listing *list)
{
	size_t known = set->count, at = 0, added = 0;
	CLEANUP(ptr) struct oid *names = xcalloc(known + 1, sizeof *names);

	for (size_t i = 0; i < known; i++)
		names[i] = set->slots[i]->name;
	qsort(names, known, sizeof *names, compare_oids);
	for (size_t i = 0; i < list->count; i++) {
		while (at < known && oid_compare(&names[at], &list->names[i]) < 0)
			at++;
		if (at < known && oid_equal(&names[at], &list->names[i]))
			continue;
		open_or_remember(set, new_slot(set, &list->names[i]));
		added++;
	}
	return added;
}

/* As long as packs vanish between being listed and being opened: a merge is going on.  How much is different now, or -1. */
static int64_t list_and_open(struct pack_set *set, struct error *err)
{
	int64_t changed = 0;

	for (int i = 0; i < LISTINGS_MAX; i++) {
		CLEANUP(listing) struct listing list = { NULL, 0, 0 };

		set->has_vanished = false;
		if (list_dir(set, &list, err) < 0)
			return -1;
		pthread_mutex_lock(&set->open_mutex);
		changed += (int64_t)note_gone(set, &list);
		changed += (int64_t)add_listed(set, &list);
		pthread_mutex_unlock(&set->open_mutex);
		if (!set->has_vanished)
			break;
	}
	order_slots(set);
	return changed;
}

struct pack_set *pack_set_open(const char *objects_dir, struct error *err)
{
	struct pack_set *set = xcalloc(1, sizeof *set);

	set->dir = xstrdup(objects_dir);
	pthread_rwlock_init(&set->lock, NULL);
	pthread_mutex_init(&set->open_mutex, NULL);
	use_multi(set);
	if (list_and_open(set, err) >= 0)
		return set;
	pack_set_close(set);
	return NULL;
}

void pack_set_close(struct pack_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->count; i++) {
		pack_close(set->slots[i]->pack);
		free(set->slots[i]->problem);
		free(set->slots[i]);
	}
	multi_pack_close(set->multi);
	multi_pack_close(set->dropped);
	strvec_release(&set->strays);
	pthread_rwlock_destroy(&set->lock);
	pthread_mutex_destroy(&set->open_mutex);
	free(set->multi_slots);
	free(set->slots);
	free(set->dir);
	free(set);
}

/* From now on every pack is asked itself. */
static void drop_multi(struct pack_set *set)
{
	set->dropped = set->multi;
	set->multi = NULL;
	pthread_mutex_lock(&set->open_mutex);
	for (size_t i = 0; i < set->count; i++) {
		if (!set->slots[i]->covered)
			continue;
		set->slots[i]->covered = false;
		open_or_remember(set, set->slots[i]);
	}
	pthread_mutex_unlock(&set->open_mutex);
}

int pack_set_refresh(struct pack_set *set, struct error *err)
{
	int64_t changed;
	bool unsound, vanished;

	pthread_rwlock_wrlock(&set->lock);
	vanished = set->has_vanished;
	unsound = set->multi && !multi_pack_is_sound(set->multi);
	if (unsound)
		drop_multi(set);
	changed = list_and_open(set, err);
	pthread_rwlock_unlock(&set->lock);
	return changed < 0 ? -1 : unsound || vanished || changed;
}

int pack_set_add(struct pack_set *set, const struct oid *name, struct error *err)
{
	struct pack_slot *slot;
	bool is_gone;
	int rc = 0;

	pthread_rwlock_wrlock(&set->lock);
	slot = find_slot(set, name);
	if (!slot)
		slot = new_slot(set, name);
	pthread_mutex_lock(&set->open_mutex);
	free(slot->problem); /* what could not be opened has been replaced */
	slot->problem = NULL;
	slot->gone = false;
	if (!slot->covered)
		open_or_remember(set, slot);
	if (slot->problem) {
		*err = *slot->problem;
		rc = -1;
	}
	is_gone = slot->gone;
	pthread_mutex_unlock(&set->open_mutex);
	order_slots(set);
	pthread_rwlock_unlock(&set->lock);
	return is_gone && pack_set_refresh(set, err) < 0 ? -1 : rc;
}

void pack_set_forget(struct pack_set *set, const struct oid *name)
{
	struct pack_slot *slot;

	pthread_rwlock_wrlock(&set->lock);
	slot = find_slot(set, name);
	if (slot && slot->gone) {
		pack_close(slot->pack);
		slot->pack = NULL;
	}
	pthread_rwlock_unlock(&set->lock);
}

/* --- looking up --- */

static bool find_in_multi(struct pack_set *set, enum object_kind kind, const struct oid *id, size_t nth, struct pack_place *out)
{
	int64_t at = set->multi ? pack_table_find(&set->multi->table, id, kind) : -1;

	for (size_t i = (size_t)at; at >= 0 && multi_pack_row(set->multi, i, &out->row); i++) {
		if (!oid_equal(&out->row.id, id) || out->row.kind != kind)
			break;
		out->slot = set->multi_slots[out->row.pack];
		if (!out->slot->gone && !nth--)
			return true;
	}
	return false;
}

static bool find_locked(struct pack_set *set, enum object_kind kind, const struct oid *id, size_t nth, struct pack_place *out)
{
	for (size_t i = 0; i < set->asked; i++) {
		const struct pack *p = set->slots[i]->pack;
		int64_t at = pack_table_find(&p->table, id, kind);

		out->slot = set->slots[i];
		for (size_t k = (size_t)at; at >= 0 && pack_table_row(&p->table, k, p->records_end, &out->row); k++) {
			if (!oid_equal(&out->row.id, id) || out->row.kind != kind)
				break;
			if (!nth--)
				return true;
		}
	}
	return find_in_multi(set, kind, id, nth, out);
}

bool pack_set_find(struct pack_set *set, enum object_kind kind, const struct oid *id, size_t nth, struct pack_place *out)
{
	bool found;

	pthread_rwlock_rdlock(&set->lock);
	found = find_locked(set, kind, id, nth, out);
	pthread_rwlock_unlock(&set->lock);
	return found;
}

struct pack *pack_set_pack(struct pack_set *set, struct pack_slot *slot, struct error *err)
{
	struct pack *p;

	pthread_mutex_lock(&set->open_mutex);
	if (!slot->pack && !slot->problem)
		open_or_remember(set, slot);
	p = slot->pack;
	if (!p && slot->problem)
		*err = *slot->problem;
	else if (!p)
		error_set(err, ERR_INTEGRITY, "pack '%s' is gone", oid_hex(&slot->name).text);
	pthread_mutex_unlock(&set->open_mutex);
	return p;
}

bool pack_set_table(struct pack_set *set, size_t n, struct pack_set_table *out)
{
	const struct pack *pack;
	bool found = true;

	pthread_rwlock_rdlock(&set->lock);
	if (n < set->asked) {
		pack = set->slots[n]->pack;
		*out = (struct pack_set_table){ &pack->table, NULL, pack };
	} else if (n == set->asked && set->multi) {
		*out = (struct pack_set_table){ &set->multi->table, set->multi, NULL };
	} else {
		found = false;
	}
	pthread_rwlock_unlock(&set->lock);
	return found;
}

const struct oid *pack_set_name(const struct pack_slot *slot)
{
	return &slot->name;
}

bool pack_set_problem(struct pack_set *set, struct error *out)
{
	const struct error *problem = NULL;

	pthread_rwlock_rdlock(&set->lock);
	pthread_mutex_lock(&set->open_mutex);
	for (size_t i = 0; i < set->count && !problem; i++)
		problem = set->slots[i]->problem;
	if (problem)
		*out = *problem;
	pthread_mutex_unlock(&set->open_mutex);
	pthread_rwlock_unlock(&set->lock);
	return problem;
}

static int pass_slot(struct pack_set *set, struct pack_slot *slot, pack_set_fn fn, void *arg, struct error *err)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	struct error problem = ERROR_INIT;
	struct pack *p = pack_set_pack(set, slot, &problem);

	if (!p && slot->gone)
		return 0;
	strbuf_addf(&name, "%s" PACK_SUFFIX, oid_hex(&slot->name).text);
	return fn(p, name.buf, p ? NULL : &problem, arg, err);
}

int pack_set_each(struct pack_set *set, pack_set_fn fn, void *arg, struct error *err)
{
	struct error problem = ERROR_INIT;
	CLEANUP(ptr) struct pack_slot **slots = NULL;
	size_t count = 0;
	int rc = 0;

	pthread_rwlock_rdlock(&set->lock); /* fn may have the set list again, which puts the slots in another order */
	slots = xcalloc(set->count + 1, sizeof *slots);
	for (size_t i = 0; i < set->count; i++)
		if (!set->slots[i]->gone)
			slots[count++] = set->slots[i];
	pthread_rwlock_unlock(&set->lock);
	for (size_t i = 0; i < count && !rc; i++)
		rc = pass_slot(set, slots[i], fn, arg, err);
	for (size_t i = 0; i < set->strays.count && !rc; i++) {
		error_set(&problem, ERR_INTEGRITY, "'%s/%s' is no pack", set->dir, set->strays.v[i]);
		rc = fn(NULL, set->strays.v[i], &problem, arg, err);
	}
	return rc < 0 ? -1 : 0;
}

/* --- the multi-pack table --- */

bool pack_set_wants_merge(struct pack_set *set)
{
	CLEANUP(ptr) struct merge_pack *packs = NULL;
	size_t count = 0;

	pthread_rwlock_rdlock(&set->lock);
	packs = xcalloc(set->asked + 1, sizeof *packs);
	for (size_t i = 0; i < set->asked; i++)
		packs[count++] = (struct merge_pack){ .name = set->slots[i]->name, .len = set->slots[i]->pack->len };
	pthread_rwlock_unlock(&set->lock);
	return pack_merge_choose(packs, count);
}

/* A small pack is better merged; only where many do not get merged is it covered as well. */
static bool is_for_table(const struct pack_slot *slot, bool small_too)
{
	return small_too || slot->pack->len >= PACK_SMALL_BYTES;
}

/* How many packs a new table would have more than the old one; 0: it is not due. */
static size_t count_due(const struct pack_set *set, bool *small_too)
{
	size_t covered = 0, rows = set->multi ? set->multi->table.count : 0, outside = 0;

	for (size_t i = 0; i < set->asked; i++)
		outside += is_for_table(set->slots[i], false);
	*small_too = outside <= OUTSIDE_MIN;
	if (*small_too)
		outside = set->asked > OUTSIDE_MAX ? set->asked : 0;
	for (size_t i = 0; set->multi && i < set->multi->pack_count; i++)
		covered += !set->multi_slots[i]->gone;
	return outside > covered / 4 || rows / ROWS_PER_OUTSIDE < outside ? outside : 0;
}

static int write_multi(struct pack_set *set, const char *tmp_dir, bool small_too, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	size_t covered = set->multi ? set->multi->pack_count : 0, sources = 0;
	CLEANUP(ptr) struct oid *names = xcalloc(covered + set->asked, sizeof *names);
	CLEANUP(ptr) uint32_t *numbers = xcalloc(covered + 1, sizeof *numbers);
	CLEANUP(ptr) struct multi_pack_source *from = xcalloc(set->asked + 1, sizeof *from);
	uint32_t packs = 0;

	for (size_t i = 0; i < covered; i++) {
		numbers[i] = set->multi_slots[i]->gone ? MULTI_PACK_GONE : packs;
		if (!set->multi_slots[i]->gone)
			names[packs++] = set->multi_slots[i]->name;
	}
	if (covered)
		from[sources++] = (struct multi_pack_source){ &set->multi->table, 0, set->multi, numbers };
	for (size_t i = 0; i < set->asked; i++) {
		if (!is_for_table(set->slots[i], small_too))
			continue;
		names[packs] = set->slots[i]->name;
		from[sources++] = (struct multi_pack_source){ .table = &set->slots[i]->pack->table, .pack = packs++ };
	}
	strbuf_addf(&path, "%s/" MULTI_NAME, set->dir);
	return multi_pack_write(path.buf, tmp_dir, names, packs, from, sources, err);
}

int pack_set_consolidate(struct pack_set *set, const char *tmp_dir, struct error *err)
{
	bool small_too;
	int rc = 0;

	pthread_rwlock_wrlock(&set->lock);
	if (count_due(set, &small_too)) {
		/* a damaged one must not live on in its successor */
		if (set->multi && !multi_pack_is_sound(set->multi)) {
			drop_multi(set);
			order_slots(set);
		}
		rc = write_multi(set, tmp_dir, small_too, err);
	}
	pthread_rwlock_unlock(&set->lock);
	return rc;
}
