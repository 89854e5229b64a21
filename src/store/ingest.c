/* SPDX-License-Identifier: Apache-2.0 */
/* Gives files and pieces of large files to the threads, and stores small files whole. */
#include <config.h>

#include "store/ingest.h"

#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/mem.h"
#include "base/thread-pool.h"
#include "store/ingest-internal.h"

#define HASH_STEP (256u << 10) /* read and hashed while it is in the core's cache */

static const struct codec_hint no_hint;

void ingest_finish_item(struct ingest *g, struct ingest_item *item, const struct source *source, const struct oid *digest, uint64_t size,
			uint64_t stored)
{
	item->digest = *digest;
	item->size = size;
	item->stored = stored;
	item->executable = !source->is_pipe && (source->before.st_mode & S_IXUSR);
	if (source->is_pipe || !g->rows)
		return;
	work_lock(&g->work);
	stat_rows_add(g->rows, &source->before, source->observed, digest);
	work_unlock(&g->work);
}

int ingest_store_chunk(struct object_writer *writer, struct codec_context *codec, const struct oid *id, const void *data, size_t len,
		       enum element element, const char *name, uint64_t *stored, struct error *err)
{
	const struct codec_hint hint = { .element_size = layout_element_size(element), .rotate = layout_element_is_rotated(element) };

	if (object_writer_add(writer, codec, &hint, OBJECT_CHUNK, id, NULL, data, len, stored, err) < 0)
		return error_wrap(err, "cannot store '%s'", name);
	return 0;
}

int ingest_store_recipe(struct object_writer *writer, struct codec_context *codec, const struct recipe *recipe, const struct oid *file,
			const char *name, uint64_t *stored, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct oid id;

	recipe_write(&text, recipe);
	sha256_bytes(text.buf, text.len, &id);
	if (object_writer_add(writer, codec, &no_hint, OBJECT_RECIPE, &id, file, text.buf, text.len, stored, err) < 0)
		return error_wrap(err, "cannot store '%s'", name);
	return 0;
}

/* ---- small files ---- */

/* 1: stored; 0: it changed meanwhile; -1. */
static int store_small(struct ingest_worker *w, struct ingest_item *item, struct source *s, struct error *err)
{
	size_t want = source_left(s, 0, FILE_ONE_CHUNK_MAX);
	ssize_t len = source_read(s, w->small, want, err);
	uint64_t stored = 0;
	struct oid digest;
	int whole;

	if (len < 0)
		return -1;
	sha256_bytes(w->small, (size_t)len, &digest);
	whole = source_check(s, (uint64_t)len, err);
	if (whole <= 0)
		return whole;
	if (ingest_store_chunk(w->ingest->writer, w->codec, &digest, w->small, (size_t)len, ELEMENT_UNKNOWN, item->path, &stored, err) < 0)
		return -1;
	ingest_finish_item(w->ingest, item, s, &digest, (uint64_t)len, stored);
	work_advance(&w->ingest->work, (uint64_t)len);
	return 1;
}

/* 1: stored; 0: it is not small, or changed; -1. */
static int try_small(struct ingest_worker *w, struct ingest_item *item, bool *large, struct error *err)
{
	CLEANUP(source) struct source s = SOURCE_INIT;

	if (source_open(&s, item->path, item->follow, -1, err) < 0)
		return -1;
	*large = s.before.st_size > (off_t)FILE_ONE_CHUNK_MAX;
	return *large ? 0 : store_small(w, item, &s, err);
}

static int store_item(struct ingest_worker *w, struct ingest_item *item, struct error *err)
{
	bool large = item->fd >= 0 || item->size_hint > FILE_ONE_CHUNK_MAX;

	for (int i = 0; !large && i < SOURCE_TRIES; i++) {
		int done = try_small(w, item, &large, err);

		if (done)
			return done < 0 ? -1 : 0;
	}
	if (large)
		return ingest_stream_file(w, item, err);
	return source_changes(&(struct source){ .path = item->path }, err);
}

/* ---- who does what ---- */

/* With the lock held.  A read from a pipe may last, and only the first thread's is ended by a signal. */
static struct ingest_item *next_item(struct ingest *g, size_t worker)
{
	while (worker == 0 && g->next_pipe < g->count)
		if (g->items[g->next_pipe++].fd >= 0)
			return &g->items[g->next_pipe - 1];
	while (g->next < g->count)
		if (g->items[g->next++].fd < 0)
			return &g->items[g->next - 1];
	return NULL;
}

/* A chunk before a new file: so buffers are free soon. Neither: everything is given out and nothing can come any more. */
static void next_task(struct ingest_worker *w, struct ingest_job *job, struct ingest_item **item)
{
	struct ingest *g = w->ingest;

	*item = NULL;
	job->stream = NULL;
	job->batch = NULL;
	work_lock(&g->work);
	while (!work_has_failed(&g->work) && !ingest_stream_next_job(g, job)) {
		*item = next_item(g, w->number);
		if (*item || !g->reading)
			break;
		work_wait(&g->work);
	}
	work_unlock(&g->work);
}

static int work_through(struct ingest_worker *w, struct error *err)
{
	struct ingest_item *item;
	struct ingest_job job;

	for (;;) {
		next_task(w, &job, &item);
		if (!job.stream && !job.batch && !item)
			return 0;
		if (work_check(&w->ingest->work, err) < 0)
			return -1;
		if (item ? store_item(w, item, err) : ingest_stream_run_job(w, &job, err))
			return -1;
	}
}

static void ingest_thread(void *arg, size_t number)
{
	struct ingest *g = arg;
	CLEANUP(codec) struct codec_context *codec = codec_new();
	CLEANUP(ptr) uint8_t *small = xmalloc(FILE_ONE_CHUNK_MAX);
	struct ingest_worker w = { .ingest = g, .number = number, .codec = codec, .small = small };
	struct error err = ERROR_INIT;

	if ((number == 0 && g->sequence && ingest_sequence_read(&w, &err) < 0) || work_through(&w, &err) < 0)
		work_fail(&g->work, &err);
}

/* *any_pipe: the total is not known. */
static uint64_t total_size(const struct ingest_item *items, size_t count, bool *any_pipe)
{
	uint64_t total = 0;

	*any_pipe = false;
	for (size_t i = 0; i < count; i++) {
		total += items[i].fd >= 0 ? 0 : items[i].size_hint;
		*any_pipe |= items[i].fd >= 0;
	}
	return total;
}

static int run(struct ingest *g, size_t threads, uint64_t total, struct report *report, struct error *err)
{
	int result;

	work_init(&g->work, report, "storing", total);
	ingest_stream_prepare(g, threads);
	ingest_sequence_prepare(g, threads);
	thread_run(threads, ingest_thread, g);
	ingest_sequence_release(g);
	ingest_stream_release(g);
	result = work_result(&g->work, err);
	work_release(&g->work);
	return result;
}

int ingest_files(struct objects *objects, struct object_writer *writer, struct ingest_item *items, size_t count, ingest_layout_fn layout_of,
		 struct stat_rows *rows, struct report *report, struct error *err)
{
	struct ingest g = {
		.objects = objects, .writer = writer, .items = items, .count = count, .layout_of = layout_of, .rows = rows,
	};
	bool any_pipe;
	uint64_t total = total_size(items, count, &any_pipe);

	return run(&g, work_thread_count(count, any_pipe ? UINT64_MAX : total), any_pipe ? 0 : total, report, err);
}

int ingest_sequence(struct objects *objects, struct object_writer *writer, const struct ingest_sequence *sequence, ingest_layout_fn layout_of,
		    struct report *report, struct error *err)
{
	struct ingest g = { .objects = objects, .writer = writer, .sequence = sequence, .layout_of = layout_of, .reading = 1 };

	return run(&g, writer ? work_thread_count(0, UINT64_MAX) : 1, 0, report, err);
}

/* ---- bytes in memory ---- */

static int store_pieces(struct object_writer *writer, struct codec_context *codec, const uint8_t *data, size_t len, const struct oid *digest,
			struct error *err)
{
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;
	struct splitter splitter;

	splitter_init(&splitter, data, len < SPLIT_SAMPLE ? len : SPLIT_SAMPLE, len);
	for (size_t done = 0, n; done < len; done += n) {
		struct oid id;

		n = splitter_next(&splitter, data + done, len - done);
		sha256_bytes(data + done, n, &id);
		if (interrupt_check(err) < 0 || ingest_store_chunk(writer, codec, &id, data + done, n, ELEMENT_UNKNOWN, oid_hex(digest).text, NULL, err) < 0)
			return -1;
		recipe_add(&recipe, &id, (uint32_t)n);
	}
	return ingest_store_recipe(writer, codec, &recipe, digest, oid_hex(digest).text, NULL, err);
}

int ingest_bytes(struct object_writer *writer, const void *data, size_t len, struct oid *digest, struct error *err)
{
	CLEANUP(codec) struct codec_context *codec = codec_new();

	sha256_bytes(data, len, digest);
	if (len > FILE_ONE_CHUNK_MAX)
		return store_pieces(writer, codec, data, len, digest, err);
	return ingest_store_chunk(writer, codec, digest, data, len, ELEMENT_UNKNOWN, oid_hex(digest).text, NULL, err);
}

/* ---- hashing alone ---- */

/* 1: hashed; 0: it changed meanwhile; -1. */
static int hash_once(struct ingest_worker *w, struct ingest_item *item, uint8_t *buf, struct error *err)
{
	CLEANUP(source) struct source s = SOURCE_INIT;
	struct sha256 sha;
	struct oid digest;
	uint64_t taken = 0;
	size_t want;
	ssize_t n;
	int whole;

	if (source_open(&s, item->path, item->follow, item->fd, err) < 0)
		return -1;
	if (s.before.st_size > (off_t)HASH_STEP)
		source_expect_all(&s);
	sha256_init(&sha);
	while ((want = source_left(&s, taken, HASH_STEP)) > 0) {
		if (work_check(&w->ingest->work, err) < 0 || (n = source_read(&s, buf, want, err)) < 0)
			return -1;
		sha256_update(&sha, buf, (size_t)n);
		taken += (uint64_t)n;
		work_advance(&w->ingest->work, (uint64_t)n);
		if ((size_t)n < want)
			break;
	}
	whole = source_check(&s, taken, err);
	if (whole <= 0) {
		work_take_back(&w->ingest->work, taken);
		return whole;
	}
	sha256_finish(&sha, &digest);
	ingest_finish_item(w->ingest, item, &s, &digest, taken, 0);
	return 1;
}

static int hash_item(struct ingest_worker *w, struct ingest_item *item, uint8_t *buf, struct error *err)
{
	for (int i = 0; i < SOURCE_TRIES; i++) {
		int done = hash_once(w, item, buf, err);

		if (done)
			return done < 0 ? -1 : 0;
	}
	return source_changes(&(struct source){ .path = item->path }, err);
}

static void hash_thread(void *arg, size_t number)
{
	struct ingest_worker w = { .ingest = arg, .number = number };
	CLEANUP(ptr) uint8_t *buf = xmalloc(HASH_STEP);
	struct error err = ERROR_INIT;
	struct ingest_item *item;
	struct ingest_job job;
	int result = 0;

	while (!result) {
		next_task(&w, &job, &item);
		if (!item)
			break;
		result = work_check(&w.ingest->work, &err) < 0 ? -1 : hash_item(&w, item, buf, &err);
	}
	if (result)
		work_fail(&w.ingest->work, &err);
}

int ingest_hash(struct ingest_item *items, size_t count, struct stat_rows *rows, struct report *report, struct error *err)
{
	struct ingest g = { .items = items, .count = count, .rows = rows };
	bool any_pipe;
	uint64_t total = total_size(items, count, &any_pipe);
	size_t threads = work_thread_count(count, total);
	int result;

	work_init(&g.work, report, "checking", any_pipe ? 0 : total);
	thread_run(threads < count || !count ? threads : count, hash_thread, &g);
	result = work_result(&g.work, err);
	work_release(&g.work);
	return result;
}
