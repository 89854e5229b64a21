/* SPDX-License-Identifier: Apache-2.0 */
/* Reads files back from their chunks: small ones whole, the chunks of large ones by all threads at once. */
#include <config.h>

#include "store/extract.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/thread-pool.h"
#include "store/old-file.h"
#include "store/work.h"

#define THREADS_MAX 8
#define RUN_BYTES (1u << 20) /* neighbouring chunks of so many bytes are taken and written together */

/* A file over FILE_ONE_CHUNK_MAX that is being written. */
struct large {
	struct large *next;
	struct extract_item *item;
	int fd;
	struct recipe recipe;
	struct old_file old;
	/* under the lock */
	size_t taken;       /* pieces given out */
	uint64_t offset;    /* of the next one */
	size_t running;     /* threads at it */
	bool is_damaged;
	struct error why;
};

/* A run of its pieces. */
struct task {
	struct large *large;
	size_t first, count;
	uint64_t offset;
	struct extract_item *item; /* or a file that nobody has begun */
};

struct extraction {
	struct work work;
	struct objects *objects;
	struct extract_sink *sink;
	unsigned flags;
	void (*fail)(struct extract_item *item, const struct error *why, void *arg);
	void *arg;
	/* under the lock */
	struct extract_item *items;
	struct share {
		size_t next, end;
	} shares[THREADS_MAX]; /* of the items: each thread begins in a folder of its own, and helps the others when it is done */
	size_t left;           /* that nobody has begun */
	struct large *open;
	size_t opening; /* threads that may add to `open` */
};

struct extract_worker {
	struct extraction *x;
	size_t number;
	struct object_reader *reader;
	uint8_t *buf; /* CHUNK_MAX */
};

static int unreadable(const struct extract_item *item, struct error *err)
{
	if (err->code == ERR_INTERRUPTED)
		return -1;
	return error_wrap(err, "cannot read '%s' from the registry", item->path);
}

/* ---- the sink ---- */

static int open_item(struct extraction *x, struct extract_item *item, int *fd, struct error *err)
{
	*fd = x->sink ? x->sink->open(x->sink, item, err) : -1;
	return x->sink && *fd < 0 ? -1 : 0;
}

/* result is how it went so far; a failure to close counts only when nothing failed before. */
static int close_item(struct extraction *x, struct extract_item *item, int fd, int result, struct error *err)
{
	struct error ignored = ERROR_INIT;

	if (!x->sink)
		return result;
	return x->sink->close(x->sink, item, fd, !result, result ? &ignored : err) < 0 ? -1 : result;
}

static int write_out(struct extract_worker *w, const struct extract_item *item, int fd, size_t len, uint64_t offset, struct error *err)
{
	if (w->x->sink && len && file_pwrite(fd, w->buf, len, offset, item->path, err) < 0)
		return -1;
	work_advance(&w->x->work, len);
	return 0;
}

/* After something about an item failed: 0 when the rest can go on all the same. */
static int settle(struct extraction *x, struct extract_item *item, const struct error *why)
{
	if (!x->fail || why->code != ERR_INTEGRITY)
		return -1;
	work_lock(&x->work);
	x->fail(item, why, x->arg);
	work_unlock(&x->work);
	return 0;
}

/* ---- files by one thread ---- */

/* A damaged file is found before anything is made for it. */
static int extract_small(struct extract_worker *w, struct extract_item *item, struct error *err)
{
	int fd, result;

	if (object_read_chunk(w->reader, &item->digest, w->buf, (uint32_t)item->size, err) < 0)
		return unreadable(item, err);
	if (open_item(w->x, item, &fd, err) < 0)
		return -1;
	result = write_out(w, item, fd, (size_t)item->size, 0, err);
	return close_item(w->x, item, fd, result, err);
}

static int check_digest(struct sha256 *sha, const struct extract_item *item, struct error *err)
{
	struct oid digest;

	sha256_finish(sha, &digest);
	if (oid_equal(&digest, &item->digest))
		return 0;
	error_set(err, ERR_INTEGRITY, "its chunks are the file %s instead of %s", oid_hex(&digest).text, oid_hex(&item->digest).text);
	return unreadable(item, err);
}

typedef int (*read_chunk_fn)(struct object_reader *r, const struct oid *id, void *dst, uint32_t len, struct error *err);

static int write_in_order(struct extract_worker *w, struct extract_item *item, const struct recipe *recipe, int fd, read_chunk_fn read_chunk,
			  struct error *err)
{
	uint64_t offset = 0;
	struct sha256 sha;

	sha256_init(&sha);
	for (size_t i = 0; i < recipe->count; i++) {
		const struct recipe_piece *piece = &recipe->pieces[i];

		if (work_check(&w->x->work, err) < 0)
			return -1;
		if (read_chunk(w->reader, &piece->chunk, w->buf, piece->len, err) < 0)
			return unreadable(item, err);
		sha256_update(&sha, w->buf, piece->len);
		if (write_out(w, item, fd, piece->len, offset, err) < 0)
			return -1;
		offset += piece->len;
	}
	return check_digest(&sha, item, err);
}

/* What is only checked is hashed once, as a whole; chunk by chunk to find out which one is damaged, or has a sound copy elsewhere. */
static int check_in_order(struct extract_worker *w, struct extract_item *item, const struct recipe *recipe, int fd, struct error *err)
{
	if (w->x->sink)
		return write_in_order(w, item, recipe, fd, object_read_chunk, err);
	if (write_in_order(w, item, recipe, fd, object_read_chunk_unhashed, err) == 0)
		return 0;
	if (err->code != ERR_INTEGRITY)
		return -1;
	error_clear(err);
	return write_in_order(w, item, recipe, fd, object_read_chunk, err);
}

/* ---- files by all threads ---- */

static void free_large(struct large *l)
{
	recipe_cleanup(&l->recipe);
	old_file_cleanup(&l->old);
	free(l);
}

/* Unlinks it and tells the sink; called when no thread is at it. */
static int finish_large(struct extraction *x, struct large *l, struct error *err)
{
	struct extract_item *item = l->item;
	struct large **p = &x->open;
	int result = l->is_damaged ? -1 : 0;

	work_lock(&x->work);
	while (*p != l)
		p = &(*p)->next;
	*p = l->next;
	work_unlock(&x->work);
	if (l->is_damaged)
		*err = l->why;
	result = close_item(x, item, l->fd, result, err);
	free_large(l);
	return result ? settle(x, item, err) : 0;
}

static void use_old(struct extract_worker *w, struct large *l)
{
	struct extract_sink *sink = w->x->sink;
	struct extract_old found;
	int fd = sink && sink->open_old ? sink->open_old(sink, l->item, &found) : -1;

	l->old = (struct old_file)OLD_FILE_INIT;
	if (fd >= 0)
		old_file_open(&l->old, w->reader, fd, &found.digest, found.size);
}

static void open_to_all(struct extract_worker *w, struct extract_item *item, int fd, struct recipe *recipe)
{
	struct extraction *x = w->x;
	struct large *l = xcalloc(1, sizeof *l), **p = &x->open;

	l->item = item;
	l->fd = fd;
	l->recipe = *recipe;
	*recipe = (struct recipe)RECIPE_INIT;
	use_old(w, l);
	work_lock(&x->work);
	while (*p)
		p = &(*p)->next;
	*p = l;
	work_wake(&x->work);
	work_unlock(&x->work);
}

static int extract_large(struct extract_worker *w, struct extract_item *item, struct error *err)
{
	struct extraction *x = w->x;
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;
	int fd, result;

	if (object_read_recipe(w->reader, &item->digest, item->size, &recipe, err) < 0)
		return unreadable(item, err);
	if (open_item(x, item, &fd, err) < 0)
		return -1;
	/* its size grows as it is written: after a power cut a file of full size has all its bytes, and only such a one agrees with the stat cache */
	if (!(x->flags & EXTRACT_WHOLE_HASH)) {
		open_to_all(w, item, fd, &recipe);
		return 0;
	}
	result = check_in_order(w, item, &recipe, fd, err);
	return close_item(x, item, fd, result, err);
}

/* The piece's bytes, checked, from the old file or the store: 1: they are at dst; 2: in the new file already; -1. */
static int take_piece(struct extract_worker *w, struct large *l, const struct recipe_piece *piece, uint64_t at, uint8_t *dst, struct error *err)
{
	uint64_t offset;
	int got = 0;

	if (old_file_find(&l->old, piece, &offset)) {
		got = old_file_share(&l->old, piece, offset, l->fd, at, dst, err);
		if (got)
			return got < 0 ? -1 : 2;
		got = old_file_read(&l->old, piece, offset, dst, err);
	}
	if (got)
		return got;
	return object_read_chunk(w->reader, &piece->chunk, dst, piece->len, err) < 0 ? unreadable(l->item, err) : 1;
}

/* Reads the pieces one after the other into the buffer, and writes them at once. */
static int extract_run(struct extract_worker *w, const struct task *t, struct error *err)
{
	struct large *l = t->large;
	uint64_t at = t->offset;
	size_t len = 0;

	for (size_t i = t->first; i < t->first + t->count; i++) {
		const struct recipe_piece *piece = &l->recipe.pieces[i];
		int got = work_check(&w->x->work, err) < 0 ? -1 : take_piece(w, l, piece, at + len, w->buf + len, err);

		if (got < 0)
			return -1;
		if (got == 1) {
			len += piece->len;
			continue;
		}
		if (write_out(w, l->item, l->fd, len, at, err) < 0)
			return -1;
		work_advance(&w->x->work, piece->len);
		at += len + piece->len;
		len = 0;
	}
	return write_out(w, l->item, l->fd, len, at, err);
}

/* What is damaged gets no more pieces read; the last thread at a file ends it. */
static int finish_run(struct extraction *x, struct large *l, int result, struct error *err)
{
	bool is_last;

	if (result && (!x->fail || err->code != ERR_INTEGRITY))
		return -1;
	work_lock(&x->work);
	if (result && !l->is_damaged) {
		l->is_damaged = true;
		l->why = *err;
		l->taken = l->recipe.count;
	}
	l->running--;
	is_last = !l->running && l->taken == l->recipe.count;
	work_unlock(&x->work);
	return is_last ? finish_large(x, l, err) : 0;
}

/* ---- who does what ---- */

/* With the lock held: the next run of pieces of a file that is open. */
static bool next_run(struct extraction *x, struct task *t)
{
	struct large *l = x->open;
	uint64_t len;

	while (l && l->taken == l->recipe.count)
		l = l->next;
	if (!l)
		return false;
	*t = (struct task){ .large = l, .first = l->taken, .offset = l->offset };
	len = l->recipe.pieces[l->taken].len;
	do {
		t->count++;
		l->taken++;
		l->offset += l->recipe.pieces[l->taken - 1].len;
		len += l->taken < l->recipe.count ? l->recipe.pieces[l->taken].len : 0;
	} while (l->taken < l->recipe.count && len <= RUN_BYTES);
	l->running++;
	return true;
}

/* With the lock held: a file that nobody has begun. */
static struct extract_item *next_item(struct extraction *x, size_t worker)
{
	for (size_t i = 0; i < THREADS_MAX; i++) {
		struct share *s = &x->shares[(worker + i) % THREADS_MAX];

		if (s->next == s->end)
			continue;
		x->left--;
		return &x->items[s->next++];
	}
	return NULL;
}

/* false: all is given out, and nothing can come any more. */
static bool next_task(struct extract_worker *w, struct task *t)
{
	struct extraction *x = w->x;
	bool found = true;

	*t = (struct task){ .item = NULL };
	work_lock(&x->work);
	while (!work_has_failed(&x->work) && !next_run(x, t)) {
		t->item = next_item(x, w->number);
		if (t->item) {
			x->opening++;
			break;
		}
		found = x->opening > 0;
		if (!found)
			break;
		work_wait(&x->work);
	}
	work_unlock(&x->work);
	return found && (t->item || t->large);
}

static int do_item(struct extract_worker *w, struct extract_item *item, struct error *err)
{
	struct extraction *x = w->x;
	bool is_small = item->size <= FILE_ONE_CHUNK_MAX;
	int result = is_small ? extract_small(w, item, err) : extract_large(w, item, err);

	if (result)
		result = settle(x, item, err);
	work_lock(&x->work);
	if (!--x->opening && !x->left)
		work_wake(&x->work);
	work_unlock(&x->work);
	return result;
}

static int work_through(struct extract_worker *w, struct error *err)
{
	struct task t;

	while (next_task(w, &t)) {
		if (work_check(&w->x->work, err) < 0)
			return -1;
		if (t.item ? do_item(w, t.item, err) : finish_run(w->x, t.large, extract_run(w, &t, err), err))
			return -1;
	}
	return 0;
}

static void extract_thread(void *arg, size_t number)
{
	struct extraction *x = arg;
	CLEANUP(object_reader) struct object_reader *reader = object_reader_new(x->objects);
	CLEANUP(ptr) uint8_t *buf = xmalloc(CHUNK_MAX);
	struct extract_worker w = { .x = x, .number = number, .reader = reader, .buf = buf };
	struct error err = ERROR_INIT;

	if (work_through(&w, &err) < 0)
		work_fail(&x->work, &err);
}

/* After the first error some files are still open. */
static void close_rest(struct extraction *x)
{
	struct error ignored = ERROR_INIT;
	struct large *next;

	for (struct large *l = x->open; l; l = next) {
		next = l->next;
		if (close_item(x, l->item, l->fd, -1, &ignored) == 0)
			BUG("a failure was forgotten");
		free_large(l);
	}
}

static void share_out(struct extraction *x, size_t count, size_t threads)
{
	x->left = count;
	for (size_t i = 0; i < threads; i++) {
		x->shares[i].next = i ? x->shares[i - 1].end : 0;
		x->shares[i].end = i + 1 == threads ? count : x->shares[i].next + count / threads;
	}
}

int extract_files(struct objects *objects, struct extract_item *items, size_t count, struct extract_sink *sink, unsigned flags,
		  void (*fail)(struct extract_item *item, const struct error *why, void *arg), void *arg, struct report *report,
		  struct error *err)
{
	struct extraction x = { .objects = objects, .sink = sink, .flags = flags, .fail = fail, .arg = arg, .items = items };
	uint64_t total = 0;
	size_t threads;
	int result;

	for (size_t i = 0; i < count; i++)
		if (u64_add_overflows(total, items[i].size, &total))
			total = UINT64_MAX;
	work_init(&x.work, report, sink ? "writing" : "checking", total);
	threads = work_thread_count(count, total);
	threads = threads < THREADS_MAX ? threads : THREADS_MAX;
	share_out(&x, count, threads);
	thread_run(threads, extract_thread, &x);
	close_rest(&x);
	result = work_result(&x.work, err);
	work_release(&x.work);
	return result;
}

/* ---- in order, to a function ---- */

int extract_stream(struct objects *objects, const struct oid *digest, uint64_t size,
		   int (*fn)(const void *data, size_t len, void *arg, struct error *err), void *arg, struct error *err)
{
	CLEANUP(object_reader) struct object_reader *reader = object_reader_new(objects);
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;
	CLEANUP(ptr) uint8_t *buf = xmalloc(size <= FILE_ONE_CHUNK_MAX ? FILE_ONE_CHUNK_MAX : CHUNK_MAX);

	if (size <= FILE_ONE_CHUNK_MAX)
		return object_read_chunk(reader, digest, buf, (uint32_t)size, err) < 0 ? -1 : fn(buf, (size_t)size, arg, err);
	if (object_read_recipe(reader, digest, size, &recipe, err) < 0)
		return -1;
	for (size_t i = 0; i < recipe.count; i++) {
		const struct recipe_piece *piece = &recipe.pieces[i];

		if (interrupt_check(err) < 0 || object_read_chunk(reader, &piece->chunk, buf, piece->len, err) < 0 ||
		    fn(buf, piece->len, arg, err) < 0)
			return -1;
	}
	return 0;
}
