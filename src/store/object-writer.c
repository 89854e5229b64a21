/* SPDX-License-Identifier: Apache-2.0 */
/* Stages new objects in a pack, each once however many threads bring it, and makes them durable. */
#include <config.h>

#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/objects-state.h"
#include "store/objects.h"

/* A pack is also closed at this many records, so that their rows do not fill the memory. */
#define PACK_MAX_RECORDS (1u << 17)

struct object_writer *object_writer_new(struct objects *o, struct error *err)
{
	struct object_writer *w = xcalloc(1, sizeof *w);

	(void)err; /* the pack is made with its first object */
	w->objects = o;
	pthread_rwlock_init(&w->lock, NULL);
	pthread_mutex_init(&w->mutex, NULL);
	pthread_rwlock_wrlock(&o->lock);
	w->next = o->writers;
	o->writers = w;
	pthread_rwlock_unlock(&o->lock);
	return w;
}

static void unlist(struct object_writer *w)
{
	struct objects *o = w->objects;

	pthread_rwlock_wrlock(&o->lock);
	for (struct object_writer **at = &o->writers; *at; at = &(*at)->next) {
		if (*at == w) {
			*at = w->next;
			break;
		}
	}
	pthread_rwlock_unlock(&o->lock);
}

void object_writer_free(struct object_writer *w)
{
	if (!w)
		return;
	unlist(w);
	pack_writer_abort(&w->pack);
	pthread_rwlock_destroy(&w->lock);
	pthread_mutex_destroy(&w->mutex);
	free(w->claims);
	free(w);
}

void object_writer_cleanup(struct object_writer **w)
{
	object_writer_free(*w);
	*w = NULL;
}

static bool find_row(struct object_writer *w, enum object_kind kind, const struct oid *id, struct pack_row *row)
{
	return w->pack && pack_writer_find(w->pack, id, kind, row);
}

bool object_writer_has(struct object_writer *w, enum object_kind kind, const struct oid *id)
{
	struct pack_row row;
	bool found;

	pthread_rwlock_rdlock(&w->lock);
	found = find_row(w, kind, id, &row);
	pthread_rwlock_unlock(&w->lock);
	return found;
}

int object_writer_read(struct object_writer *w, enum object_kind kind, const struct oid *id, struct pack_row *row, struct strbuf *stored,
		       struct error *err)
{
	int rc = 0;

	pthread_rwlock_rdlock(&w->lock);
	if (find_row(w, kind, id, row))
		rc = pack_writer_read_stored(w->pack, row, stored, err) < 0 ? -1 : 1;
	pthread_rwlock_unlock(&w->lock);
	return rc;
}

/* --- claims: who stores an object that several threads bring at once --- */

static size_t find_claim(const struct object_writer *w, enum object_kind kind, const struct oid *id)
{
	size_t i = 0;

	while (i < w->claim_count && (w->claims[i].kind != kind || !oid_equal(&w->claims[i].id, id)))
		i++;
	return i;
}

/* False when it is there already, or will be before anything is committed. */
static bool claim(struct object_writer *w, enum object_kind kind, const struct oid *id)
{
	struct pack_row staged;
	bool is_ours;

	if (objects_has(w->objects, kind, id))
		return false;
	pthread_rwlock_rdlock(&w->lock);
	pthread_mutex_lock(&w->mutex);
	/* another thread may have stored it since we looked */
	is_ours = find_claim(w, kind, id) == w->claim_count && !find_row(w, kind, id, &staged);
	if (is_ours) {
		ARRAY_GROW(w->claims, w->claim_count + 1, w->claim_cap);
		w->claims[w->claim_count++] = (struct claim){ .id = *id, .kind = kind };
	}
	pthread_mutex_unlock(&w->mutex);
	pthread_rwlock_unlock(&w->lock);
	return is_ours;
}

static void unclaim(struct object_writer *w, enum object_kind kind, const struct oid *id)
{
	pthread_mutex_lock(&w->mutex);
	w->claims[find_claim(w, kind, id)] = w->claims[w->claim_count - 1];
	w->claim_count--;
	pthread_mutex_unlock(&w->mutex);
}

static void note_failure(struct object_writer *w)
{
	pthread_mutex_lock(&w->mutex);
	w->has_failed = true;
	pthread_mutex_unlock(&w->mutex);
}

static bool has_failed(struct object_writer *w)
{
	bool failed;

	pthread_mutex_lock(&w->mutex);
	failed = w->has_failed;
	pthread_mutex_unlock(&w->mutex);
	return failed;
}

/* --- storing --- */

/* Returns with the lock held for reading and a pack to add to. */
static int use_pack(struct object_writer *w, struct error *err)
{
	for (;;) {
		bool is_made;

		pthread_rwlock_rdlock(&w->lock);
		if (w->pack)
			return 0;
		pthread_rwlock_unlock(&w->lock);
		pthread_rwlock_wrlock(&w->lock);
		if (!w->pack)
			w->pack = file_mkdir(w->objects->tmp_dir, 0777, err) < 0 ? NULL
										  : pack_writer_new(w->objects->tmp_dir, clock_now(), err);
		is_made = w->pack;
		pthread_rwlock_unlock(&w->lock);
		if (!is_made)
			return -1;
	}
}

/* With the lock held for writing: the pack becomes one of the set. */
static int finish_pack(struct object_writer *w, struct error *err)
{
	struct oid name;
	bool has_records = w->pack && pack_writer_count(w->pack);

	if (!w->pack)
		return 0;
	if (pack_writer_finish(&w->pack, w->objects->objects_dir, &name, err) < 0)
		return -1;
	return has_records ? pack_set_add(w->objects->packs, &name, err) : 0;
}

static bool is_full(const struct object_writer *w)
{
	return w->pack && (pack_writer_bytes(w->pack) >= PACK_MAX_BYTES || pack_writer_count(w->pack) >= PACK_MAX_RECORDS);
}

static int close_if_full(struct object_writer *w, struct error *err)
{
	bool full;
	int rc = 0;

	pthread_rwlock_rdlock(&w->lock);
	full = is_full(w);
	pthread_rwlock_unlock(&w->lock);
	if (!full)
		return 0;
	pthread_rwlock_wrlock(&w->lock);
	if (is_full(w))
		rc = finish_pack(w, err);
	pthread_rwlock_unlock(&w->lock);
	return rc;
}

static int store(struct object_writer *w, struct record_head *head, const void *stored, uint64_t *bytes, struct error *err)
{
	int rc;

	if (use_pack(w, err) < 0)
		return -1;
	rc = pack_writer_add(w->pack, head, stored, err);
	pthread_rwlock_unlock(&w->lock);
	if (rc < 0)
		return -1;
	*bytes = RECORD_HEAD_LEN + (head->kind == OBJECT_RECIPE ? RECORD_FILE_LEN : 0) + head->stored_len;
	return close_if_full(w, err);
}

int object_writer_add(struct object_writer *w, struct codec_context *codec, const struct codec_hint *hint, enum object_kind kind,
		      const struct oid *id, const struct oid *file, const void *data, size_t len, uint64_t *stored, struct error *err)
{
	struct record_head head = { .kind = kind, .raw_len = len, .id = *id };
	struct encoded encoded;
	uint64_t bytes = 0;
	int rc;

	if (stored)
		*stored = 0;
	if (len > OBJECT_MAX_BYTES)
		return error_set(err, ERR_INVALID, "a %s of %zu bytes is over the limit of %llu", objects_kind_word(kind), len,
				 OBJECT_MAX_BYTES);
	if (kind == OBJECT_RECIPE)
		head.file = *file;
	if (file)
		damaged_take(&w->objects->damaged, file); /* its chunks came before it, anew where they were damaged */
	if (!claim(w, kind, id))
		return 0;
	codec_encode(codec, hint, data, len, &encoded);
	head.codec = (uint8_t)encoded.codec;
	head.params = encoded.params;
	head.stored_len = encoded.len;
	rc = store(w, &head, encoded.data, &bytes, err);
	if (rc < 0)
		note_failure(w);
	else
		damaged_take(&w->objects->damaged, id);
	unclaim(w, kind, id);
	if (stored)
		*stored = bytes;
	return rc;
}

int object_writer_commit(struct object_writer *w, struct error *err)
{
	struct error problem = ERROR_INIT;
	int rc;

	if (has_failed(w))
		return error_set(err, ERR_LOCAL, "some object could not be stored");
	pthread_rwlock_wrlock(&w->lock);
	rc = finish_pack(w, err);
	pthread_rwlock_unlock(&w->lock);
	if (rc < 0) {
		note_failure(w);
		return -1;
	}
	/* derived: what matters is durable without them */
	if (damaged_save(&w->objects->damaged, &problem) < 0)
		report_note(w->objects->report, "%s", problem.text);
	return 0;
}
