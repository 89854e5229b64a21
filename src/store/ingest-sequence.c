/* SPDX-License-Identifier: Apache-2.0 */
/* Stores files that come one after the other: one thread reads them, all hash and store. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "store/ingest-internal.h"

#define BATCH_FILES 64
#define BATCH_BYTES (512u << 10)
#define HASH_STEP (256u << 10)
#define HEAD_MAX (4u << 20) /* where most formats say what follows */
_Static_assert(BATCH_BYTES > 2 * FILE_ONE_CHUNK_MAX, "a batch takes some small files");

/* Small files beside each other: what is given to another thread at once. */
struct ingest_batch {
	struct ingest_batch *next; /* in the list of free ones */
	uint8_t *data;             /* allocated when first used */
	size_t used, count;
	struct ingest_item *items[BATCH_FILES];
	size_t at[BATCH_FILES];
};

/* A file that did not say that it is large: what was read of it until that showed. */
struct begun {
	const struct ingest_sequence *sequence;
	const uint8_t *data;
	size_t len, taken;
};

void ingest_sequence_prepare(struct ingest *g, size_t workers)
{
	if (!g->sequence || !g->writer)
		return;
	g->batch_count = workers + 1;
	g->batches = xcalloc(g->batch_count, sizeof *g->batches);
	for (size_t i = 0; i < g->batch_count; i++) {
		g->batches[i].next = g->free_batches;
		g->free_batches = &g->batches[i];
	}
}

void ingest_sequence_release(struct ingest *g)
{
	for (size_t i = 0; i < g->batch_count; i++)
		free(g->batches[i].data);
	free(g->batches);
	g->batches = NULL;
}

static ssize_t read_begun(void *arg, void *buf, size_t len, struct error *err)
{
	struct begun *b = arg;
	size_t n = b->len - b->taken < len ? b->len - b->taken : len;
	ssize_t more;

	memcpy(buf, b->data + b->taken, n);
	b->taken += n;
	if (n == len)
		return (ssize_t)n;
	more = b->sequence->read(b->sequence->arg, (uint8_t *)buf + n, len - n, err);
	return more < 0 ? -1 : (ssize_t)n + more;
}

/* ---- batches ---- */

static struct ingest_batch *take_batch(struct ingest_worker *w, struct error *err)
{
	struct ingest *g = w->ingest;
	struct ingest_batch *b = NULL;
	int result = 0;

	work_lock(&g->work);
	while (!result && !g->free_batches)
		result = ingest_stream_help(w, err);
	if (!result) {
		b = g->free_batches;
		g->free_batches = b->next;
	}
	work_unlock(&g->work);
	if (!b)
		return NULL;
	b->used = b->count = 0;
	if (!b->data)
		b->data = xmalloc(BATCH_BYTES);
	return b;
}

static int store_batch(struct ingest_worker *w, struct ingest_batch *b, struct error *err)
{
	for (size_t i = 0; i < b->count; i++) {
		size_t len = (i + 1 < b->count ? b->at[i + 1] : b->used) - b->at[i];
		struct ingest_item *item = b->items[i];

		if (work_check(&w->ingest->work, err) < 0)
			return -1;
		sha256_bytes(b->data + b->at[i], len, &item->digest);
		if (ingest_store_chunk(w->ingest->writer, w->codec, &item->digest, b->data + b->at[i], len, ELEMENT_UNKNOWN, item->path, &item->stored,
				       err) < 0)
			return -1;
		item->size = len;
		work_advance(&w->ingest->work, len);
	}
	return 0;
}

int ingest_sequence_run_batch(struct ingest_worker *w, struct ingest_batch *batch, struct error *err)
{
	struct ingest *g = w->ingest;
	int result = store_batch(w, batch, err);

	work_lock(&g->work);
	batch->next = g->free_batches;
	g->free_batches = batch;
	work_wake(&g->work);
	work_unlock(&g->work);
	return result;
}

static int send_batch(struct ingest_worker *w, struct ingest_batch *batch, struct error *err)
{
	const struct ingest_job job = { .batch = batch };
	struct ingest *g = w->ingest;
	int result;

	work_lock(&g->work);
	result = ingest_stream_give_out(w, &job, err);
	work_unlock(&g->work);
	return result;
}

/* ---- reading ---- */

static int read_large(struct ingest_worker *w, struct ingest_item *item, struct begun *begun, struct error *err)
{
	const struct ingest_sequence *sequence = w->ingest->sequence;

	item->fd = -1;
	item->read = begun ? read_begun : sequence->read;
	item->read_arg = begun ? begun : sequence->arg;
	return ingest_stream_file(w, item, err);
}

/* Who knows formats reads files, so it is given one.  Whatever goes wrong, the file is cut by content. */
static void find_layout(struct ingest *g, const uint8_t *head, size_t len, uint64_t size, struct layout *out)
{
#ifdef HAVE_MEMFD_CREATE
	CLEANUP(fd) int fd = memfd_create("head", MFD_CLOEXEC);
	struct error ignored = ERROR_INIT;

	if (fd >= 0 && size <= INT64_MAX && ftruncate(fd, (off_t)size) == 0 && file_pwrite(fd, head, len, 0, "head", &ignored) == 0)
		g->layout_of(fd, size, out);
#else
	(void)g, (void)head, (void)len, (void)size, (void)out;
#endif
}

/* A tensor then gives the same chunks in an archive as in a file. */
static int read_by_layout(struct ingest_worker *w, struct ingest_item *item, struct error *err)
{
	const struct ingest_sequence *sequence = w->ingest->sequence;
	size_t want = item->size_hint < HEAD_MAX ? (size_t)item->size_hint : HEAD_MAX;
	CLEANUP(ptr) uint8_t *head = xmalloc(want);
	CLEANUP(layout) struct layout layout = LAYOUT_INIT;
	ssize_t n = sequence->read(sequence->arg, head, want, err);
	int result;

	if (n < 0)
		return -1;
	find_layout(w->ingest, head, (size_t)n, item->size_hint, &layout);
	item->layout = &layout;
	result = read_large(w, item, &(struct begun){ .sequence = sequence, .data = head, .len = (size_t)n }, err);
	item->layout = NULL;
	return result;
}

/* *batch: the one being filled, or NULL. */
static int read_file(struct ingest_worker *w, struct ingest_item *item, struct ingest_batch **batch, struct error *err)
{
	const struct ingest_sequence *sequence = w->ingest->sequence;
	struct ingest_batch *b = *batch;
	ssize_t n;

	if (item->size_hint > FILE_ONE_CHUNK_MAX)
		return w->ingest->layout_of ? read_by_layout(w, item, err) : read_large(w, item, NULL, err);
	if (!b && !(b = *batch = take_batch(w, err)))
		return -1;
	n = sequence->read(sequence->arg, b->data + b->used, FILE_ONE_CHUNK_MAX + 1, err);
	if (n < 0)
		return -1;
	if (n > (ssize_t)FILE_ONE_CHUNK_MAX)
		return read_large(w, item, &(struct begun){ .sequence = sequence, .data = b->data + b->used, .len = (size_t)n }, err);
	b->items[b->count] = item;
	b->at[b->count++] = b->used;
	b->used += (size_t)n;
	if (b->count < BATCH_FILES && BATCH_BYTES - b->used > FILE_ONE_CHUNK_MAX)
		return 0;
	*batch = NULL;
	return send_batch(w, b, err);
}

static int hash_file(struct ingest_worker *w, struct ingest_item *item, uint8_t *buf, struct error *err)
{
	const struct ingest_sequence *sequence = w->ingest->sequence;
	struct sha256 sha;
	ssize_t n;

	sha256_init(&sha);
	do {
		n = work_check(&w->ingest->work, err) < 0 ? -1 : sequence->read(sequence->arg, buf, HASH_STEP, err);
		if (n < 0)
			return -1;
		sha256_update(&sha, buf, (size_t)n);
		item->size += (uint64_t)n;
		work_advance(&w->ingest->work, (uint64_t)n);
	} while (n == (ssize_t)HASH_STEP);
	sha256_finish(&sha, &item->digest);
	return 0;
}

static int read_all(struct ingest_worker *w, struct error *err)
{
	const struct ingest_sequence *sequence = w->ingest->sequence;
	CLEANUP(ptr) uint8_t *buf = w->ingest->writer ? NULL : xmalloc(HASH_STEP);
	struct ingest_batch *batch = NULL;
	struct ingest_item *item;
	int more;

	while ((more = work_check(&w->ingest->work, err) < 0 ? -1 : sequence->next(sequence->arg, &item, err)) == 1)
		if ((buf ? hash_file(w, item, buf, err) : read_file(w, item, &batch, err)) < 0)
			return -1;
	return more < 0 || !batch ? more : send_batch(w, batch, err);
}

int ingest_sequence_read(struct ingest_worker *w, struct error *err)
{
	struct ingest *g = w->ingest;
	int result = read_all(w, err);

	work_lock(&g->work);
	g->reading--;
	work_wake(&g->work);
	work_unlock(&g->work);
	return result;
}
