/* SPDX-License-Identifier: Apache-2.0 */
/* Lists the packs of a registry once, and looks objects up in their tables. */
#include <config.h>

#include "store/pack-set.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/multi-pack.h"

#define PACK_SUFFIX ".pack"
#define MULTI_NAME "multi-pack"
#define RETIRED_NAME "retired"

/* When the multi-pack table is due: this many packs outside of it, and more than a quarter of those in it or so few rows that writing it
 * costs nothing. */
#define OUTSIDE_MIN 16
#define ROWS_PER_OUTSIDE 4096

struct pack_slot {
	struct oid name;
	struct pack *pack;    /* NULL: not opened yet, or it cannot be */
	struct error *problem; /* why it cannot be opened */
	bool covered;         /* its rows are in the multi-pack table */
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
	struct strvec strays;
};

/* --- listing --- */

static bool parse_name(const char *file, struct oid *name)
{
	return strlen(file) == OID_HEX_LEN + strlen(PACK_SUFFIX) && strcmp(file + OID_HEX_LEN, PACK_SUFFIX) == 0 &&
	       oid_parse(file, OID_HEX_LEN, name);
}

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
	if (!parse_name(file, &name)) {
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

static struct pack *open_slot(const struct pack_set *set, struct pack_slot *slot, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;

	strbuf_addf(&path, "%s/%s" PACK_SUFFIX, set->dir, oid_hex(&slot->name).text);
	return pack_open(path.buf, &slot->name, err);
}

static void open_or_remember(const struct pack_set *set, struct pack_slot *slot)
{
	struct error problem = ERROR_INIT;

	if (slot->pack || slot->problem)
		return;
	slot->pack = open_slot(set, slot, &problem);
	if (!slot->pack)
		slot->problem = xmemdup(&problem, sizeof problem);
}

/* Only a multi-pack whose packs are all there is used. */
static bool all_listed(const struct multi_pack *m, const struct listing *list)
{
	for (size_t i = 0; i < m->pack_count; i++) {
		struct oid name;

		multi_pack_name(m, i, &name);
		if (!list->count || !bsearch(&name, list->names, list->count, sizeof name, compare_oids))
			return false;
	}
	return true;
}

static void use_multi(struct pack_set *set, const struct listing *list)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct multi_pack *m;

	strbuf_addf(&path, "%s/" MULTI_NAME, set->dir);
	m = multi_pack_open(path.buf);
	if (!m)
		return;
	if (!all_listed(m, list)) {
		multi_pack_close(m);
		return;
	}
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
	return !slot->covered && slot->pack;
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

struct pack_set *pack_set_open(const char *objects_dir, struct error *err)
{
	CLEANUP(listing) struct listing list = { NULL, 0, 0 };
	struct pack_set *set = xcalloc(1, sizeof *set);

	set->dir = xstrdup(objects_dir);
	pthread_rwlock_init(&set->lock, NULL);
	pthread_mutex_init(&set->open_mutex, NULL);
	if (list_dir(set, &list, err) < 0) {
		pack_set_close(set);
		return NULL;
	}
	use_multi(set, &list);
	add_listed(set, &list);
	order_slots(set);
	return set;
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
	CLEANUP(listing) struct listing list = { NULL, 0, 0 };
	size_t added;
	bool unsound;

	pthread_rwlock_wrlock(&set->lock);
	if (list_dir(set, &list, err) < 0) {
		pthread_rwlock_unlock(&set->lock);
		return -1;
	}
	unsound = set->multi && !multi_pack_is_sound(set->multi);
	if (unsound)
		drop_multi(set);
	added = add_listed(set, &list);
	order_slots(set);
	pthread_rwlock_unlock(&set->lock);
	return unsound || added ? 1 : 0;
}

int pack_set_add(struct pack_set *set, const struct oid *name, struct error *err)
{
	struct pack_slot *slot;
	int rc = 0;

	pthread_rwlock_wrlock(&set->lock);
	slot = find_slot(set, name);
	if (!slot)
		slot = new_slot(set, name);
	pthread_mutex_lock(&set->open_mutex);
	free(slot->problem); /* what could not be opened has been replaced */
	slot->problem = NULL;
	if (!slot->covered)
		open_or_remember(set, slot);
	if (slot->problem) {
		*err = *slot->problem;
		rc = -1;
	}
	pthread_mutex_unlock(&set->open_mutex);
	order_slots(set);
	pthread_rwlock_unlock(&set->lock);
	return rc;
}

/* --- looking up --- */

static bool find_in_multi(struct pack_set *set, enum object_kind kind, const struct oid *id, size_t nth, struct pack_place *out)
{
	int64_t at = set->multi ? pack_table_find(&set->multi->table, id, kind) : -1;

	if (at < 0 || !multi_pack_row(set->multi, (size_t)at + nth, &out->row) || !oid_equal(&out->row.id, id) || out->row.kind != kind)
		return false;
	out->slot = set->multi_slots[out->row.pack];
	return true;
}

static bool find_locked(struct pack_set *set, enum object_kind kind, const struct oid *id, size_t nth, struct pack_place *out)
{
	for (size_t i = 0; i < set->asked; i++) {
		const struct pack *p = set->slots[i]->pack;
		int64_t at = pack_table_find(&p->table, id, kind);

		if (at < 0 || !pack_table_row(&p->table, (size_t)at, p->records_end, &out->row))
			continue;
		out->slot = set->slots[i];
		if (!nth--)
			return true;
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
	if (!p)
		*err = *slot->problem;
	pthread_mutex_unlock(&set->open_mutex);
	return p;
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

int pack_set_each(struct pack_set *set, pack_set_fn fn, void *arg, struct error *err)
{
	struct error problem = ERROR_INIT;
	int rc = 0;

	for (size_t i = 0; i < set->count && !rc; i++) {
		CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
		struct pack *p = pack_set_pack(set, set->slots[i], &problem);

		strbuf_addf(&name, "%s" PACK_SUFFIX, oid_hex(&set->slots[i]->name).text);
		rc = fn(p, name.buf, p ? NULL : &problem, arg, err);
	}
	for (size_t i = 0; i < set->strays.count && !rc; i++) {
		error_set(&problem, ERR_INTEGRITY, "'%s/%s' is no pack", set->dir, set->strays.v[i]);
		rc = fn(NULL, set->strays.v[i], &problem, arg, err);
	}
	return rc < 0 ? -1 : 0;
}

/* --- the multi-pack table --- */

static bool is_due(const struct pack_set *set)
{
	size_t covered = set->multi ? set->multi->pack_count : 0, rows = set->multi ? set->multi->table.count : 0;

	return set->asked > OUTSIDE_MIN && (set->asked > covered / 4 || rows / ROWS_PER_OUTSIDE < set->asked);
}

static int write_multi(struct pack_set *set, const char *tmp_dir, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	size_t covered = set->multi ? set->multi->pack_count : 0, sources = 0;
	CLEANUP(ptr) struct oid *names = xcalloc(covered + set->asked, sizeof *names);
	CLEANUP(ptr) struct multi_pack_source *from = xcalloc(set->asked + 1, sizeof *from);

	for (size_t i = 0; i < covered; i++)
		multi_pack_name(set->multi, i, &names[i]);
	if (covered)
		from[sources++] = (struct multi_pack_source){ &set->multi->table, set->multi->pack_of, 0 };
	for (size_t i = 0; i < set->asked; i++) {
		names[covered + i] = set->slots[i]->name;
		from[sources++] = (struct multi_pack_source){ &set->slots[i]->pack->table, NULL, (uint32_t)(covered + i) };
	}
	strbuf_addf(&path, "%s/" MULTI_NAME, set->dir);
	return multi_pack_write(path.buf, tmp_dir, names, covered + set->asked, from, sources, err);
}

int pack_set_consolidate(struct pack_set *set, const char *tmp_dir, struct error *err)
{
	int rc = 0;

	pthread_rwlock_wrlock(&set->lock);
	if (is_due(set)) {
		/* a damaged one must not live on in its successor */
		if (set->multi && !multi_pack_is_sound(set->multi)) {
			drop_multi(set);
			order_slots(set);
		}
		rc = write_multi(set, tmp_dir, err);
	}
	pthread_rwlock_unlock(&set->lock);
	return rc;
}
