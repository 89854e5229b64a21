/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a large file in order on one thread, which cuts it and hashes the whole, while all threads hash and store the chunks. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/file-digest.h"
#include "store/ingest-internal.h"

#define READ_STEP (256u << 10)  /* read and hashed while it is in the core's cache */
#define BUFFER_BYTES (1u << 20) /* that a buffer gives away before the next one is begun: few pages are touched then, and again and again */
#define JOB_BYTES (256u << 10)  /* chunks smaller than this are handed over several at a time */
#define PIECES_MAX (RECIPE_MAX_BYTES / (OID_LEN + 4))
_Static_assert(FILE_ONE_CHUNK_MAX < READ_STEP, "the first read decides whether a file is cut");
_Static_assert(INGEST_BUFFER_LEN >= CHUNK_MAX + READ_STEP, "a buffer takes more than what is carried over");

#define BUFFERS_A_FILE 2        /* one that is filled, and one whose end is carried over */

/*
 * Threads that read a file each are promised two buffers, which is what one needs to go on; what is left goes to whoever asks.
 * So nobody waits for a buffer that only somebody who waits, too, could give back.
 */
struct ingest_stream {
	struct ingest_stream *next;
	struct ingest_item *item;
	/* the reading thread's own */
	struct source source;
	struct file_digest whole;
	struct layout layout;
	struct cutter cutter;
	struct ingest_buffer *buffer;
	size_t cut; /* what of the buffer has been cut into chunks */
	struct ingest_job job; /* being collected */
	uint64_t taken;
	bool is_at_end;
	bool is_known;  /* its recipe is in the store, and named the digest */
	struct oid digest; /* at the end, unless the hashing is spared until the chunks are done */
	/* under the lock */
	struct recipe recipe;
	size_t pending; /* jobs given out and not finished */
	unsigned held;  /* buffers */
	bool is_reading;
	bool has_news;  /* a chunk was not in the store */
	uint64_t stored;
};

/* ---- buffers ---- */

void ingest_stream_prepare(struct ingest *g, size_t workers)
{
	g->buffer_count = workers == 1 ? BUFFERS_A_FILE : workers + BUFFERS_A_FILE;
	g->buffers = xcalloc(g->buffer_count, sizeof *g->buffers);
	for (size_t i = 0; i < g->buffer_count; i++) {
		g->buffers[i].next = g->free_buffers;
		g->free_buffers = &g->buffers[i];
	}
}

static void free_stream(struct ingest_stream *s)
{
	source_close(&s->source);
	layout_cleanup(&s->layout);
	recipe_cleanup(&s->recipe);
	free(s);
}

void ingest_stream_release(struct ingest *g)
{
	struct ingest_stream *next;

	for (struct ingest_stream *s = g->streams; s; s = next) {
		next = s->next;
		free_stream(s);
	}
	for (size_t i = 0; i < g->buffer_count; i++)
		free(g->buffers[i].data);
	free(g->buffers);
	g->streams = NULL;
	g->buffers = NULL;
}

int ingest_stream_help(struct ingest_worker *w, struct error *err)
{
	struct ingest *g = w->ingest;
	struct ingest_job job;
	int result;

	if (work_check(&g->work, err) < 0)
		return -1;
	if (!ingest_stream_next_job(g, &job)) {
		work_wait(&g->work);
		return 0;
	}
	work_unlock(&g->work);
	result = ingest_stream_run_job(w, &job, err);
	work_lock(&g->work);
	return result;
}

static struct ingest_buffer *take_buffer(struct ingest_worker *w, struct ingest_stream *s, struct error *err)
{
	struct ingest *g = w->ingest;
	struct ingest_buffer *b = NULL;
	int result = 0;

	work_lock(&g->work);
	while (!result && s->held >= BUFFERS_A_FILE && g->buffers_promised == g->buffer_count)
		result = ingest_stream_help(w, err);
	if (!result) {
		b = g->free_buffers;
		g->free_buffers = b->next;
		b->users = 1;
		b->len = 0;
		if (++s->held > BUFFERS_A_FILE)
			g->buffers_promised++;
	}
	work_unlock(&g->work);
	if (b && !b->data)
		b->data = xmalloc(INGEST_BUFFER_LEN);
	return b;
}

/* With the lock held. */
static void leave_buffer(struct ingest *g, struct ingest_stream *s, struct ingest_buffer *b)
{
	if (--b->users)
		return;
	b->next = g->free_buffers;
	g->free_buffers = b;
	if (!s->is_reading || s->held > BUFFERS_A_FILE)
		g->buffers_promised--;
	s->held--;
}

static void leave_current_buffer(struct ingest *g, struct ingest_stream *s)
{
	if (s->buffer)
		leave_buffer(g, s, s->buffer);
	s->buffer = NULL;
	s->cut = 0;
}

/* What could not be cut yet is carried over. */
static int next_buffer(struct ingest_worker *w, struct ingest_stream *s, struct error *err)
{
	struct ingest_buffer *b = take_buffer(w, s, err);
	size_t carry = s->buffer ? s->buffer->len - s->cut : 0;

	if (!b)
		return -1;
	if (carry)
		memcpy(b->data, s->buffer->data + s->cut, carry);
	b->len = carry;
	work_lock(&w->ingest->work);
	leave_current_buffer(w->ingest, s);
	work_wake(&w->ingest->work);
	work_unlock(&w->ingest->work);
	s->buffer = b;
	return 0;
}

/* ---- files that are finished ---- */

/* The last chunk is stored and the file is read: only one thread finds that so. */
static int finish(struct ingest_worker *w, struct ingest_stream *s, struct error *err)
{
	struct ingest *g = w->ingest;
	struct ingest_stream **p = &g->streams;
	uint64_t stored = 0;

	if (s->taken > FILE_ONE_CHUNK_MAX && !s->is_known &&
	    ingest_store_recipe(g->writer, w->codec, &s->recipe, &s->digest, s->item->path, &stored, err) < 0)
		return -1;
	ingest_finish_item(g, s->item, &s->source, &s->digest, s->taken, s->stored + stored);
	work_lock(&g->work);
	while (*p != s)
		p = &(*p)->next;
	*p = s->next;
	work_unlock(&g->work);
	free_stream(s);
	return 0;
}

/* ---- jobs ---- */

bool ingest_stream_next_job(struct ingest *g, struct ingest_job *out)
{
	if (!g->queue_count)
		return false;
	*out = g->queue[g->queue_head];
	g->queue_head = (g->queue_head + 1) % INGEST_QUEUE_MAX;
	/* a reader may wait for room in a full queue */
	if (g->queue_count-- == INGEST_QUEUE_MAX)
		work_wake(&g->work);
	return true;
}

static int finish_job(struct ingest_worker *w, const struct ingest_job *job, const struct oid *ids, uint64_t stored, struct error *err)
{
	struct ingest *g = w->ingest;
	struct ingest_stream *s = job->stream;
	bool is_last;

	work_lock(&g->work);
	for (size_t i = 0; i < job->count; i++)
		s->recipe.pieces[job->first + i].chunk = ids[i];
	s->stored += stored;
	s->has_news |= stored > 0;
	leave_buffer(g, s, job->buffer);
	s->pending--;
	is_last = !s->pending && !s->is_reading;
	work_wake(&g->work);
	work_unlock(&g->work);
	return is_last ? finish(w, s, err) : 0;
}

static int store_chunks(struct ingest_worker *w, const struct ingest_job *job, struct error *err)
{
	const uint8_t *data = job->buffer->data + job->offset;
	struct oid ids[INGEST_JOB_PIECES];
	uint64_t total = 0;

	for (size_t i = 0; i < job->count; i++) {
		uint64_t stored = 0;

		if (work_check(&w->ingest->work, err) < 0)
			return -1;
		if (job->is_whole)
			ids[i] = job->stream->digest;
		else
			sha256_bytes(data, job->len[i], &ids[i]);
		if (ingest_store_chunk(w->ingest->writer, w->codec, &ids[i], data, job->len[i], job->element[i], job->stream->item->path,
				       &stored, err) < 0)
			return -1;
		data += job->len[i];
		total += stored;
	}
	return finish_job(w, job, ids, total, err);
}

int ingest_stream_run_job(struct ingest_worker *w, const struct ingest_job *job, struct error *err)
{
	return job->batch ? ingest_sequence_run_batch(w, job->batch, err) : store_chunks(w, job, err);
}

int ingest_stream_give_out(struct ingest_worker *w, const struct ingest_job *job, struct error *err)
{
	struct ingest *g = w->ingest;

	while (g->queue_count == INGEST_QUEUE_MAX)
		if (ingest_stream_help(w, err) < 0)
			return -1;
	g->queue[(g->queue_head + g->queue_count++) % INGEST_QUEUE_MAX] = *job;
	work_wake(&g->work);
	return 0;
}

/* With the lock held.  The ids come when the job is done. */
static int add_to_recipe(struct ingest_stream *s, struct error *err)
{
	static const struct oid not_yet;

	if (s->recipe.count + s->job.count > PIECES_MAX)
		return error_set(err, ERR_LOCAL, "cannot store '%s': it is too large", s->item->path);
	s->job.first = s->recipe.count;
	for (size_t i = 0; i < s->job.count; i++)
		recipe_add(&s->recipe, &not_yet, s->job.len[i]);
	s->job.buffer->users++;
	s->pending++;
	return 0;
}

/* Hands the collected chunks over, or stores them here when they are all there is. */
static int send_job(struct ingest_worker *w, struct ingest_stream *s, struct error *err)
{
	struct ingest *g = w->ingest;
	bool is_all = s->is_at_end && s->job.bytes == s->taken;
	struct ingest_job job;
	int result = 0;

	if (!s->job.count)
		return 0;
	s->job.stream = s;
	s->job.buffer = s->buffer;
	s->job.offset = s->cut - s->job.bytes;
	s->job.is_whole = is_all && s->job.count == 1 && !s->whole.is_spared;
	work_lock(&g->work);
	while (!result && g->queue_count == INGEST_QUEUE_MAX)
		result = ingest_stream_help(w, err);
	if (!result)
		result = add_to_recipe(s, err);
	job = s->job;
	s->job.count = s->job.bytes = 0;
	if (!result && !is_all) {
		g->queue[(g->queue_head + g->queue_count++) % INGEST_QUEUE_MAX] = job;
		work_wake(&g->work);
	}
	work_unlock(&g->work);
	return result || !is_all ? result : ingest_stream_run_job(w, &job, err);
}

static int add_piece(struct ingest_worker *w, struct ingest_stream *s, size_t len, enum element element, struct error *err)
{
	s->job.element[s->job.count] = element;
	s->job.len[s->job.count++] = (uint32_t)len;
	s->job.bytes += len;
	s->cut += len;
	if (s->job.count < INGEST_JOB_PIECES && s->job.bytes < JOB_BYTES)
		return 0;
	return send_job(w, s, err);
}

/* Cuts as far as what follows cannot matter. */
static int cut(struct ingest_worker *w, struct ingest_stream *s, struct error *err)
{
	const struct ingest_buffer *b = s->buffer;
	enum element element;
	size_t len;

	while ((len = cutter_next(&s->cutter, b->data + s->cut, b->len - s->cut, s->is_at_end, &element)) > 0)
		if (add_piece(w, s, len, element, err) < 0)
			return -1;
	return s->is_at_end ? send_job(w, s, err) : 0;
}

/* ---- reading ---- */

static bool has_news(struct ingest_worker *w, struct ingest_stream *s)
{
	bool news;

	work_lock(&w->ingest->work);
	news = s->has_news;
	work_unlock(&w->ingest->work);
	return news;
}

/* What is carried over to the next one is copied, so that had better be little. */
static bool is_used_up(const struct ingest_stream *s)
{
	size_t left = s->buffer->len - s->cut;

	return s->buffer->len == INGEST_BUFFER_LEN || (s->cut >= BUFFER_BYTES && left <= READ_STEP);
}

static int read_on(struct ingest_worker *w, struct ingest_stream *s, struct error *err)
{
	size_t room, want;
	ssize_t n;

	if (work_check(&w->ingest->work, err) < 0)
		return -1;
	if (s->whole.is_spared && has_news(w, s) && file_digest_catch_up(&s->whole, s->taken, &w->ingest->work, err) < 0)
		return -1;
	if (!s->buffer || is_used_up(s)) {
		if ((s->buffer && send_job(w, s, err) < 0) || next_buffer(w, s, err) < 0)
			return -1;
	}
	room = INGEST_BUFFER_LEN - s->buffer->len;
	want = source_left(&s->source, s->taken, room < READ_STEP ? room : READ_STEP);
	n = source_read(&s->source, s->buffer->data + s->buffer->len, want, err);
	if (n < 0)
		return -1;
	file_digest_add(&s->whole, s->buffer->data + s->buffer->len, (size_t)n);
	s->buffer->len += (size_t)n;
	s->taken += (uint64_t)n;
	work_advance(&w->ingest->work, (uint64_t)n);
	s->is_at_end = (size_t)n < want || !source_left(&s->source, s->taken, 1);
	if (s->is_at_end && !s->whole.is_spared)
		file_digest_finish(&s->whole, &s->digest);
	return 0;
}

static int read_to_end(struct ingest_worker *w, struct ingest_stream *s, struct error *err)
{
	file_digest_begin(&s->whole, &s->source);
	while (!s->is_at_end) {
		if (read_on(w, s, err) < 0)
			return -1;
		if (s->taken <= FILE_ONE_CHUNK_MAX)
			break;
		if (cut(w, s, err) < 0)
			return -1;
	}
	return 0;
}

static int wait_for_chunks(struct ingest_worker *w, struct ingest_stream *s, struct error *err)
{
	struct ingest *g = w->ingest;
	int result = 0;

	work_lock(&g->work);
	while (!result && s->pending)
		result = ingest_stream_help(w, err);
	work_unlock(&g->work);
	return result;
}

/* The recipe names the digest when it is known; when it is not, the file is read once more. */
static int find_digest(struct ingest_worker *w, struct ingest_stream *s, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct oid id;

	if (wait_for_chunks(w, s, err) < 0)
		return -1;
	if (!s->has_news) {
		recipe_write(&text, &s->recipe);
		sha256_bytes(text.buf, text.len, &id);
		s->is_known = objects_find_recipe(w->ingest->objects, &id, &s->digest);
	}
	if (s->is_known)
		return 0;
	if (file_digest_catch_up(&s->whole, s->taken, &w->ingest->work, err) < 0)
		return -1;
	file_digest_finish(&s->whole, &s->digest);
	return 0;
}

/* All that was made of it is forgotten; the chunks stay in the store until gc finds that nobody wants them. */
static int start_again(struct ingest_worker *w, struct ingest_stream *s, struct error *err)
{
	struct ingest *g = w->ingest;
	int result = wait_for_chunks(w, s, err);

	if (!result) {
		work_lock(&g->work);
		recipe_cleanup(&s->recipe);
		leave_current_buffer(g, s);
		s->has_news = false;
		work_wake(&g->work);
		work_unlock(&g->work);
	}
	work_take_back(&g->work, s->taken);
	s->taken = 0;
	s->is_at_end = s->is_known = false;
	source_close(&s->source);
	return result;
}

/* A pipe has size 0; what an archive says is to give the same chunks as the file itself. */
static void prepare_cutter(const struct ingest *g, struct ingest_stream *s)
{
	uint64_t size = (uint64_t)s->source.before.st_size;

	layout_cleanup(&s->layout);
	if (g->layout_of && size > FILE_ONE_CHUNK_MAX && !s->source.is_pipe)
		g->layout_of(s->source.fd, size, &s->layout);
	cutter_init(&s->cutter, s->item->layout ? s->item->layout : &s->layout, size);
}

/* 1: read; 0: it changed meanwhile; -1. */
static int try_to_read(struct ingest_worker *w, struct ingest_stream *s, struct error *err)
{
	struct ingest_item *item = s->item;
	uint64_t stored = 0;
	int whole;

	if (item->read)
		source_open_stream(&s->source, item->path, item->read, item->read_arg, item->size_hint);
	else if (source_open(&s->source, item->path, item->follow, item->fd, err) < 0)
		return -1;
	if (s->source.before.st_size > (off_t)READ_STEP)
		source_expect_all(&s->source);
	prepare_cutter(w->ingest, s);
	if (read_to_end(w, s, err) < 0 || (s->whole.is_spared && find_digest(w, s, err) < 0))
		return -1;
	whole = source_check(&s->source, s->taken, err);
	if (whole <= 0 || s->whole.is_torn)
		return whole < 0 ? -1 : start_again(w, s, err);
	if (s->taken > FILE_ONE_CHUNK_MAX)
		return 1;
	if (ingest_store_chunk(w->ingest->writer, w->codec, &s->digest, s->buffer->data, (size_t)s->taken, ELEMENT_UNKNOWN, item->path,
			       &stored, err) < 0)
		return -1;
	s->stored += stored;
	return 1;
}

static struct ingest_stream *begin_reading(struct ingest_worker *w, struct ingest_item *item, struct error *err)
{
	struct ingest *g = w->ingest;
	struct ingest_stream *s = NULL;
	int result = 0;

	work_lock(&g->work);
	while (!result && g->buffers_promised + BUFFERS_A_FILE > g->buffer_count)
		result = ingest_stream_help(w, err);
	if (!result) {
		s = xcalloc(1, sizeof *s);
		*s = (struct ingest_stream){ .item = item, .source = SOURCE_INIT, .recipe = RECIPE_INIT, .is_reading = true, .next = g->streams };
		g->streams = s;
		g->buffers_promised += BUFFERS_A_FILE;
		g->reading++;
	}
	work_unlock(&g->work);
	return s;
}

/* Whoever does the last job of it finishes it; that may be here and now. */
static int end_reading(struct ingest_worker *w, struct ingest_stream *s, struct error *err)
{
	struct ingest *g = w->ingest;
	bool is_last;

	source_close(&s->source);
	work_lock(&g->work);
	leave_current_buffer(g, s);
	s->is_reading = false;
	if (s->held < BUFFERS_A_FILE)
		g->buffers_promised -= BUFFERS_A_FILE - s->held;
	g->reading--;
	is_last = !s->pending;
	work_wake(&g->work);
	work_unlock(&g->work);
	return is_last ? finish(w, s, err) : 0;
}

int ingest_stream_file(struct ingest_worker *w, struct ingest_item *item, struct error *err)
{
	struct ingest_stream *s = begin_reading(w, item, err);
	int done = 0;

	if (!s)
		return -1;
	for (int i = 0; !done && i < SOURCE_TRIES; i++)
		done = try_to_read(w, s, err);
	if (!done)
		return source_changes(&(struct source){ .path = item->path }, err);
	return done < 0 ? -1 : end_reading(w, s, err);
}
