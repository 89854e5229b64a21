/* SPDX-License-Identifier: Apache-2.0 */
/* Writes one pack file: threads reserve places in it and fill them, then the table goes behind and the file gets its name. */
#include <config.h>

#include "store/pack.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/tempfile.h"
#include "codec/deflate.h"

#define WRITE_BACK_EVERY (4ull << 20) /* so that the fsync at the end has little left to do, and no thread waits long for the disk's queue */
#define SMALL_MAX (64u << 10) /* smaller records are collected: to write each by itself makes threads wait for the file */
#define TAIL_LEN (512u << 10)

/* Neighbouring records that are not in the file yet. */
struct tail {
	uint8_t *data; /* TAIL_LEN, allocated when first used */
	uint64_t base; /* where in the file they belong */
	size_t len;
};

struct pack_writer {
	pthread_mutex_t mutex; /* of all that follows but fd and path */
	int fd;
	char *path;
	uint64_t end;         /* of the places given away */
	size_t records;
	struct pack_row *rows; /* of records that are written */
	size_t count, cap;
	uint32_t *slots;      /* open addressing: 1 + index of a row, by the first bytes of its id */
	size_t slot_count;    /* a power of two, or 0 */
	bool has_hole;        /* a place was given away and not filled */
	struct tail tail;     /* being filled */
	struct tail flying;   /* being written; empty when len is 0 */
	pthread_cond_t flown; /* it is */
};

static void add_to_tail(struct pack_writer *w, const void *data, size_t len)
{
	struct tail *t = &w->tail;

	if (!t->data)
		t->data = xmalloc(TAIL_LEN);
	if (!t->len)
		t->base = w->end;
	if (len)
		memcpy(t->data + t->len, data, len);
	t->len += len;
	w->end += len;
}

static void add_header(struct pack_writer *w, int64_t birth)
{
	const struct pack_header header = { .birth = birth };
	uint8_t data[PACK_HEADER_LEN];

	pack_header_write(data, &header, deflate_crc32);
	add_to_tail(w, data, sizeof data);
}

static struct pack_writer *writer_of(int fd, char *path)
{
	struct pack_writer *w = xcalloc(1, sizeof *w);

	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->flown, NULL);
	w->fd = fd;
	w->path = path;
	return w;
}

static struct pack_writer *new_writer(const char *dir, const char *prefix, int64_t birth, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct pack_writer *w;
	int fd;

	do {
		strbuf_reset(&path);
		tempfile_name(&path, dir, prefix);
	} while (file_exists(path.buf)); /* left by a dead process of our number */
	fd = file_open(path.buf, O_RDWR | O_CREAT | O_EXCL, 0444, err);
	if (fd < 0)
		return NULL;
	w = writer_of(fd, strbuf_detach(&path));
	add_header(w, birth);
	return w;
}

struct pack_writer *pack_writer_new(const char *tmp_dir, int64_t birth, struct error *err)
{
	return new_writer(tmp_dir, "pack", birth, err);
}

struct pack_writer *pack_writer_new_beside(const char *path, int64_t birth, struct error *err)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;

	path_dir(&dir, path);
	return new_writer(dir.buf, ".mreg-bundle", birth, err);
}

static void writer_free(struct pack_writer *w)
{
	fd_cleanup(&w->fd);
	pthread_mutex_destroy(&w->mutex);
	pthread_cond_destroy(&w->flown);
	free(w->tail.data);
	free(w->flying.data);
	free(w->path);
	free(w->rows);
	free(w->slots);
	free(w);
}

void pack_writer_abort(struct pack_writer **w)
{
	if (!*w)
		return;
	unlink((*w)->path);
	writer_free(*w);
	*w = NULL;
}

/* --- finding what was written --- */

static size_t first_slot(const struct pack_writer *w, const struct oid *id)
{
	return (size_t)load_le64(id->raw) & (w->slot_count - 1);
}

static void put_slot(struct pack_writer *w, size_t row)
{
	size_t at = first_slot(w, &w->rows[row].id);

	while (w->slots[at])
		at = (at + 1) & (w->slot_count - 1);
	w->slots[at] = (uint32_t)row + 1;
}

static void grow_slots(struct pack_writer *w)
{
	w->slot_count = w->slot_count ? 2 * w->slot_count : 256;
	free(w->slots);
	w->slots = xcalloc(w->slot_count, sizeof *w->slots);
	for (size_t i = 0; i < w->count; i++)
		put_slot(w, i);
}

static void add_row(struct pack_writer *w, const struct record_head *head, const struct oid *id, enum object_kind kind, uint64_t offset)
{
	if (2 * (w->count + 1) > w->slot_count)
		grow_slots(w);
	ARRAY_GROW(w->rows, w->count + 1, w->cap);
	w->rows[w->count++] = (struct pack_row){
		.id = *id, .kind = kind, .codec = head->codec, .params = head->params,
		.offset = offset, .stored_len = head->stored_len, .raw_len = head->raw_len, .crc = head->crc,
	};
	put_slot(w, w->count - 1);
}

bool pack_writer_find(struct pack_writer *w, const struct oid *id, enum object_kind kind, struct pack_row *out)
{
	bool found = false;

	pthread_mutex_lock(&w->mutex);
	if (w->slot_count) {
		for (size_t at = first_slot(w, id); w->slots[at] && !found; at = (at + 1) & (w->slot_count - 1)) {
			const struct pack_row *row = &w->rows[w->slots[at] - 1];

			found = row->kind == kind && oid_equal(&row->id, id);
			if (found)
				*out = *row;
		}
	}
	pthread_mutex_unlock(&w->mutex);
	return found;
}

uint64_t pack_writer_bytes(const struct pack_writer *w)
{
	pthread_mutex_t *mutex = (pthread_mutex_t *)(uintptr_t)&w->mutex;
	uint64_t end;

	pthread_mutex_lock(mutex);
	end = w->end;
	pthread_mutex_unlock(mutex);
	return end;
}

size_t pack_writer_count(const struct pack_writer *w)
{
	pthread_mutex_t *mutex = (pthread_mutex_t *)(uintptr_t)&w->mutex;
	size_t records;

	pthread_mutex_lock(mutex);
	records = w->records;
	pthread_mutex_unlock(mutex);
	return records;
}

/* --- writing --- */

static void write_back(struct pack_writer *w, uint64_t from, uint64_t to)
{
	uint64_t whole = to / WRITE_BACK_EVERY;

	if (whole > from / WRITE_BACK_EVERY)
		(void)sync_file_range(w->fd, (off_t)((whole - 1) * WRITE_BACK_EVERY), WRITE_BACK_EVERY, SYNC_FILE_RANGE_WRITE);
}

/* With the mutex held, which is let go meanwhile: writes what was collected, or waits while somebody does. */
static int flush_tail(struct pack_writer *w, struct error *err)
{
	struct tail full = w->tail;
	int rc;

	if (w->flying.len) {
		pthread_cond_wait(&w->flown, &w->mutex);
		return 0;
	}
	w->tail = (struct tail){ .data = w->flying.data };
	w->flying = full;
	pthread_mutex_unlock(&w->mutex);
	rc = file_pwrite(w->fd, full.data, full.len, full.base, w->path, err);
	write_back(w, full.base, full.base + full.len);
	pthread_mutex_lock(&w->mutex);
	w->has_hole |= rc < 0;
	w->flying.len = 0;
	pthread_cond_broadcast(&w->flown);
	return rc;
}

/* Everything that was collected is in the file. */
static int flush_all(struct pack_writer *w, struct error *err)
{
	int rc = 0;

	pthread_mutex_lock(&w->mutex);
	while (!rc && (w->tail.len || w->flying.len))
		rc = flush_tail(w, err);
	pthread_mutex_unlock(&w->mutex);
	return rc;
}

/* One call where the kernel takes it all; whatever is left goes piece by piece and names its error. */
static int write_record(struct pack_writer *w, const uint8_t *head, size_t head_len, const void *stored, size_t len, uint64_t offset,
			struct error *err)
{
	const struct iovec parts[2] = { { (void *)(uintptr_t)head, head_len }, { (void *)(uintptr_t)stored, len } };
	ssize_t wrote = pwritev(w->fd, parts, len ? 2 : 1, (off_t)offset);
	size_t done = wrote < 0 ? 0 : (size_t)wrote;

	if (done < head_len) {
		if (file_pwrite(w->fd, head + done, head_len - done, offset + done, w->path, err) < 0)
			return -1;
		done = head_len;
	}
	if (done == head_len + len)
		return 0;
	return file_pwrite(w->fd, (const uint8_t *)stored + (done - head_len), head_len + len - done, offset + done, w->path, err);
}

int pack_writer_flush(struct pack_writer *w, struct error *err)
{
	return flush_all(w, err);
}

int pack_writer_read_stored(struct pack_writer *w, const struct pack_row *row, struct strbuf *out, struct error *err)
{
	/* a pack as far as reading goes; its records cannot end before what find() has told of */
	const struct pack as_read = { .path = w->path, .fd = w->fd, .records_end = pack_writer_bytes(w) };

	return flush_all(w, err) < 0 ? -1 : pack_read_stored(&as_read, row, out, err);
}

int pack_writer_read_head(struct pack_writer *w, const struct pack_row *row, struct record_head *out, struct error *err)
{
	const struct pack as_read = { .path = w->path, .fd = w->fd, .records_end = pack_writer_bytes(w) };

	return flush_all(w, err) < 0 ? -1 : pack_read_head(&as_read, row, out, err);
}

/* --- adding --- */

/* With the mutex held. */
static void add_rows(struct pack_writer *w, const struct record_head *head, uint64_t offset)
{
	w->records++;
	add_row(w, head, &head->id, head->kind, offset);
	if (head->kind == OBJECT_RECIPE)
		add_row(w, head, &head->file, OBJECT_FILE, offset);
}

static int add_small(struct pack_writer *w, const struct record_head *head, const uint8_t *data, size_t head_len, const void *stored,
		     struct error *err)
{
	size_t len = (size_t)head->stored_len;
	int rc = 0;

	pthread_mutex_lock(&w->mutex);
	while (!rc && w->tail.len && (w->tail.base + w->tail.len != w->end || head_len + len > TAIL_LEN - w->tail.len))
		rc = flush_tail(w, err);
	if (!rc) {
		uint64_t offset = w->end;

		add_to_tail(w, data, head_len);
		add_to_tail(w, stored, len);
		add_rows(w, head, offset);
	}
	pthread_mutex_unlock(&w->mutex);
	return rc;
}

static int add_large(struct pack_writer *w, const struct record_head *head, const uint8_t *data, size_t head_len, const void *stored,
		     struct error *err)
{
	uint64_t offset, total = head_len + head->stored_len;
	int rc;

	pthread_mutex_lock(&w->mutex);
	offset = w->end;
	w->end += total;
	pthread_mutex_unlock(&w->mutex);
	rc = write_record(w, data, head_len, stored, (size_t)head->stored_len, offset, err);
	pthread_mutex_lock(&w->mutex);
	if (rc < 0)
		w->has_hole = true; /* whoever scans the records could not get past it */
	else
		add_rows(w, head, offset);
	pthread_mutex_unlock(&w->mutex);
	write_back(w, offset, offset + total);
	return rc;
}

int pack_writer_add(struct pack_writer *w, struct record_head *head, const void *stored, struct error *err)
{
	uint8_t data[RECORD_HEAD_LEN + RECORD_FILE_LEN];
	size_t head_len;

	if (head->stored_len > OBJECT_MAX_BYTES || head->raw_len > OBJECT_MAX_BYTES)
		return error_set(err, ERR_INVALID, "an object of %llu bytes is over the limit of %llu", (unsigned long long)head->raw_len,
				 OBJECT_MAX_BYTES);
	head->crc = head->stored_len ? deflate_crc32(0, stored, (size_t)head->stored_len) : 0;
	head_len = record_head_write(data, head, deflate_crc32);
	return (head->stored_len <= SMALL_MAX ? add_small : add_large)(w, head, data, head_len, stored, err);
}

/* --- going on with what another process has left --- */

/* The record at w->end, if it is whole: its CRCs say so. */
static bool take_record(struct pack_writer *w, uint64_t len, struct strbuf *payload)
{
	uint8_t data[RECORD_HEAD_LEN + RECORD_FILE_LEN];
	struct error ignored = ERROR_INIT;
	struct record_head head;
	uint64_t offset = w->end;
	size_t used;
	ssize_t got = file_pread(w->fd, data, sizeof data, offset, w->path, &ignored);

	if (got < 0 || record_head_parse(data, (size_t)got, &head, &used, deflate_crc32, &ignored) < 0 || len - offset - used < head.stored_len)
		return false;
	strbuf_reset(payload);
	strbuf_grow(payload, (size_t)head.stored_len);
	got = file_pread(w->fd, payload->buf, (size_t)head.stored_len, offset + used, w->path, &ignored);
	if (got < 0 || (uint64_t)got != head.stored_len || (got ? deflate_crc32(0, payload->buf, (size_t)got) : 0) != head.crc)
		return false;
	w->end += used + head.stored_len;
	add_rows(w, &head, offset);
	return true;
}

static int take_records(struct pack_writer *w, uint64_t len, struct error *err)
{
	CLEANUP(strbuf) struct strbuf payload = STRBUF_INIT;
	uint8_t data[PACK_HEADER_LEN];
	struct pack_header header;
	ssize_t got = file_pread(w->fd, data, sizeof data, 0, w->path, err);

	if (got < 0 || pack_header_parse(data, (size_t)got, &header, deflate_crc32, err) < 0)
		return -1;
	w->end = PACK_HEADER_LEN;
	while (w->end < len && w->records < PACK_MAX_ROWS / 2)
		if (!take_record(w, len, &payload))
			break;
	return ftruncate(w->fd, (off_t)w->end) ? error_set_errno(err, "cannot shorten '%s'", w->path) : 0;
}

static struct pack_writer *resume_failed(const char *path, struct error *err)
{
	(void)error_set(err, ERR_LOCAL, "'%s' is nothing to go on with", path);
	return NULL;
}

struct pack_writer *pack_writer_resume(const char *path, struct error *err)
{
	struct pack_writer *w;
	struct stat st;
	int fd;

	if (lstat(path, &st) || !S_ISREG(st.st_mode) || (!(st.st_mode & S_IWUSR) && chmod(path, (st.st_mode & 0777) | S_IWUSR)))
		return resume_failed(path, err);
	fd = file_open(path, O_RDWR | O_NOFOLLOW, 0, err);
	if (fd < 0)
		return NULL;
	(void)fchmod(fd, st.st_mode & 0777 & ~(unsigned)S_IWUSR);
	w = writer_of(fd, xstrdup(path));
	if (fstat(fd, &st) == 0 && take_records(w, (uint64_t)st.st_size, err) == 0)
		return w;
	writer_free(w);
	return NULL;
}

/* --- finishing --- */

static int write_table(struct pack_writer *w, struct oid *name, struct error *err)
{
	CLEANUP(strbuf) struct strbuf table = STRBUF_INIT;
	uint8_t tail[PACK_TRAILER_LEN];
	struct pack_trailer trailer = { .table_offset = w->end, .count = w->count };

	pack_table_write(&table, w->rows, w->count);
	sha256_bytes(table.buf, table.len, name);
	trailer.table_sum = *name;
	pack_trailer_write(tail, &trailer, deflate_crc32);
	strbuf_add(&table, tail, sizeof tail);
	if (table.len <= TAIL_LEN - w->tail.len && (!w->tail.len || w->tail.base + w->tail.len == w->end))
		add_to_tail(w, table.buf, table.len);
	else if (file_pwrite(w->fd, table.buf, table.len, w->end, w->path, err) < 0)
		return -1;
	return flush_all(w, err);
}

/* In a shared registry the group reads what any member wrote, whatever his umask. */
static void share(const char *path, const char *objects_dir)
{
	struct stat dir, file;

	if (stat(objects_dir, &dir) < 0 || !(dir.st_mode & S_ISGID) || !(dir.st_mode & S_IWGRP) || stat(path, &file) < 0)
		return;
	(void)chmod(path, (file.st_mode & 0777) | S_IRGRP);
}

/* A pack of that name has the same records, so to replace it changes nothing but for the better: nobody asks for what is there and sound. */
int pack_move_in(const char *path, const char *objects_dir, const struct oid *name, struct error *err)
{
	CLEANUP(strbuf) struct strbuf to = STRBUF_INIT;

	share(path, objects_dir);
	pack_path(&to, objects_dir, name);
	if (rename(path, to.buf))
		return error_set_errno(err, "cannot rename '%s' to '%s'", path, to.buf);
	crash_point("pack-after-rename");
	return file_sync_dir(objects_dir, err);
}

int pack_writer_seal(struct pack_writer *w, struct oid *name, struct error *err)
{
	if (w->has_hole)
		return error_set(err, ERR_LOCAL, "cannot finish '%s': an object could not be written to it", w->path);
	crash_point("pack-half-written");
	if (write_table(w, name, err) < 0)
		return -1;
	crash_point("pack-before-sync");
	return file_sync(w->fd, w->path, err);
}

static int place(const struct pack_writer *w, const char *path, bool replace, struct error *err)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;
	struct stat st;
	int rc = 0;

	/* it is a file like any other now, not one of a registry's, which nobody may write to */
	if (fstat(w->fd, &st) == 0)
		(void)fchmod(w->fd, (st.st_mode & 0777) | S_IWUSR);
	if (!replace)
		rc = file_rename_new(w->path, path, err);
	else if (rename(w->path, path))
		rc = error_set_errno(err, "cannot rename '%s' to '%s'", w->path, path);
	path_dir(&dir, path);
	return rc ? rc : file_sync_dir(dir.buf, err);
}

int pack_writer_place(struct pack_writer **w, const char *path, bool replace, struct error *err)
{
	int rc = place(*w, path, replace, err);

	if (rc) {
		pack_writer_abort(w);
		return rc;
	}
	writer_free(*w);
	*w = NULL;
	return 0;
}

static int finish(struct pack_writer *w, const char *objects_dir, struct oid *name, struct error *err)
{
	if (pack_writer_seal(w, name, err) < 0)
		return -1;
	crash_point("pack-before-rename");
	if (pack_move_in(w->path, objects_dir, name, err) < 0)
		return -1;
	crash_point("pack-after-dir-sync");
	return 0;
}

int pack_writer_finish(struct pack_writer **w, const char *objects_dir, struct oid *name, struct error *err)
{
	struct oid made;

	memset(name, 0, sizeof *name);
	if (!(*w)->records && !(*w)->has_hole) {
		pack_writer_abort(w);
		return 0;
	}
	if (finish(*w, objects_dir, &made, err) < 0) {
		/* renamed already, it stays: others may have found it, and it is whole */
		pack_writer_abort(w);
		return -1;
	}
	*name = made;
	writer_free(*w);
	*w = NULL;
	return 0;
}
