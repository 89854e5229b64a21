/* SPDX-License-Identifier: Apache-2.0 */
/* The objects of a registry as one set: those in packs and those that are staged. */
#include <config.h>

#include "store/objects.h"

#include <stdlib.h>

#include "base/mem.h"
#include "store/objects-state.h"
#include "store/pack-merge.h"
#include "store/quarantine.h"

static char *join(const char *dir, const char *name)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;

	strbuf_addf(&path, "%s/%s", dir, name);
	return strbuf_detach(&path);
}

struct objects *objects_open(const char *mreg_dir, struct report *report, struct error *err)
{
	struct objects *o = xcalloc(1, sizeof *o);

	o->objects_dir = join(mreg_dir, "objects");
	o->tmp_dir = join(mreg_dir, "tmp");
	o->report = report;
	pthread_rwlock_init(&o->lock, NULL);
	pthread_mutex_init(&o->retired_mutex, NULL);
	if (damaged_open(&o->damaged, mreg_dir, err) == 0 && (o->packs = pack_set_open(o->objects_dir, err)))
		return o;
	objects_close(o);
	return NULL;
}

void objects_close(struct objects *o)
{
	if (!o)
		return;
	if (o->writers || o->quarantine)
		BUG("objects are closed while something is being staged");
	pack_set_close(o->packs);
	retired_close(o->retired);
	damaged_close(&o->damaged);
	pthread_rwlock_destroy(&o->lock);
	pthread_mutex_destroy(&o->retired_mutex);
	free(o->objects_dir);
	free(o->tmp_dir);
	free(o);
}

const char *objects_kind_word(enum object_kind kind)
{
	static const char *const words[] = {
		[OBJECT_CHUNK] = "chunk", [OBJECT_RECIPE] = "recipe", [OBJECT_MANIFEST] = "manifest",
		[OBJECT_VERSION] = "version", [OBJECT_RUN] = "run", [OBJECT_FILE] = "file",
	};

	return (size_t)kind < COUNT_OF(words) && words[kind] ? words[kind] : "object";
}

static bool is_staged(struct objects *o, enum object_kind kind, const struct oid *id)
{
	struct pack_row row;
	bool found = o->quarantine && quarantine_find(o->quarantine, kind, id, &row);

	pthread_rwlock_rdlock(&o->lock);
	for (struct object_writer *w = o->writers; w && !found; w = w->next)
		found = object_writer_has(w, kind, id);
	pthread_rwlock_unlock(&o->lock);
	return found;
}

/* A pack that the multi-pack table speaks of may be unusable all the same: the object would then be lost, were it not stored again. */
static bool is_packed(struct objects *o, enum object_kind kind, const struct oid *id)
{
	struct error ignored = ERROR_INIT;
	struct pack_place place;

	for (size_t nth = 0; pack_set_find(o->packs, kind, id, nth, &place); nth++)
		if (pack_set_pack(o->packs, place.slot, &ignored))
			return true;
	return false;
}

bool objects_has(struct objects *o, enum object_kind kind, const struct oid *id)
{
	/* staged first: what leaves there is in the set by then */
	return is_staged(o, kind, id) || (!damaged_has(&o->damaged, id) && is_packed(o, kind, id));
}

const struct retired *objects_retired(struct objects *o)
{
	pthread_mutex_lock(&o->retired_mutex);
	if (!o->retired)
		o->retired = retired_open(o->objects_dir);
	pthread_mutex_unlock(&o->retired_mutex);
	return o->retired;
}

uint64_t objects_retired_reads(const struct objects *o)
{
	return o->retired_reads;
}

int objects_set_damaged(struct objects *o, const struct oid *ids, size_t count, struct error *err)
{
	return damaged_replace(&o->damaged, ids, count, err);
}

bool objects_find_recipe(struct objects *o, const struct oid *id, struct oid *file)
{
	struct error ignored = ERROR_INIT;
	struct pack_place place;
	struct record_head head;

	if (damaged_has(&o->damaged, id))
		return false;
	for (size_t nth = 0; pack_set_find(o->packs, OBJECT_RECIPE, id, nth, &place); nth++) {
		const struct pack *pack = pack_set_pack(o->packs, place.slot, &ignored);

		if (pack && pack_read_head(pack, &place.row, &head, &ignored) == 0 && !damaged_has(&o->damaged, &head.file)) {
			*file = head.file;
			return true;
		}
	}
	return false;
}

static bool has_all_chunks(struct objects *o, const struct oid *digest, uint64_t size)
{
	CLEANUP(object_reader) struct object_reader *reader = object_reader_new(o);
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;
	struct error ignored = ERROR_INIT;

	object_reader_skip_retired(reader); /* what lies there is about to go */
	if (object_read_recipe(reader, digest, size, &recipe, &ignored) < 0)
		return false;
	for (size_t i = 0; i < recipe.count; i++)
		if (!objects_has(o, OBJECT_CHUNK, &recipe.pieces[i].chunk))
			return false;
	return true;
}

bool objects_has_file(struct objects *o, const struct oid *digest, uint64_t size)
{
	if (size <= FILE_ONE_CHUNK_MAX)
		return objects_has(o, OBJECT_CHUNK, digest);
	return objects_has(o, OBJECT_FILE, digest) && has_all_chunks(o, digest, size);
}

int objects_read_staged(struct objects *o, enum object_kind kind, const struct oid *id, struct pack_row *row, struct strbuf *stored,
			struct error *err)
{
	int rc = o->quarantine ? quarantine_read(o->quarantine, kind, id, row, stored, err) : 0;

	pthread_rwlock_rdlock(&o->lock);
	for (struct object_writer *w = o->writers; w && !rc; w = w->next)
		rc = object_writer_read(w, kind, id, row, stored, err);
	pthread_rwlock_unlock(&o->lock);
	return rc;
}

int objects_each_pack(struct objects *o, objects_pack_fn fn, void *arg, struct error *err)
{
	return pack_set_refresh(o->packs, err) < 0 ? -1 : pack_set_each(o->packs, fn, arg, err);
}

/* --- tidying --- */

bool objects_want_tidying(struct objects *o)
{
	return pack_set_wants_merge(o->packs) || retired_is_overdue(o->objects_dir);
}

static bool is_spare(const struct pack_row *row, void *arg)
{
	struct objects *o = arg;

	return !damaged_has(&o->damaged, &row->id) && is_packed(o, row->kind, &row->id);
}

int objects_tidy(struct objects *o, struct error *err)
{
	struct oid made;

	if (pack_merge_run(o->objects_dir, o->tmp_dir, &made, err) < 0 || pack_set_refresh(o->packs, err) < 0)
		return -1;
	return retired_sweep(o->objects_dir, RETIRED_SWEEP_MAX, is_spare, o, err);
}

int objects_consolidate(struct objects *o, struct error *err)
{
	return pack_set_consolidate(o->packs, o->tmp_dir, err);
}
