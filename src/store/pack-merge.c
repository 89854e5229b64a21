/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses small packs, copies their records into one new pack, and retires them. */
#include <config.h>

#include "store/pack-merge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/crash.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "codec/deflate.h"
#include "store/pack.h"
#include "store/retired.h"

#define TIERS 4
#define TIER_FACTOR 16
#define TIER_MAX_BYTES (32ull << 20) /* what fills a tier, even with fewer packs */
#define MERGE_MAX_BYTES (64ull << 20)
#define MERGE_MAX_PACKS 4096

/* What a pack has beside its records and rows: so that 16 packs of one tier make one of the next. */
#define FIXED_BYTES (PACK_HEADER_LEN + PACK_FANOUT_LEN + PACK_TRAILER_LEN)

/* --- choosing --- */

static uint64_t content_of(const struct merge_pack *p)
{
	return p->len > FIXED_BYTES ? p->len - FIXED_BYTES : 0;
}

/* From 0 for the smallest; TIERS for what is not small. */
static int tier_of(uint64_t bytes)
{
	uint64_t below = PACK_SMALL_BYTES;
	int tier = TIERS;

	while (tier && bytes < below) {
		below /= TIER_FACTOR;
		tier--;
	}
	return tier;
}

static int compare_sizes(const void *left, const void *right)
{
	const struct merge_pack *a = left, *b = right;

	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return oid_compare(&a->name, &b->name);
}

bool pack_merge_choose(struct merge_pack *packs, size_t count)
{
	uint64_t chosen_bytes = 0;
	size_t chosen = 0, at = 0;

	if (count)
		qsort(packs, count, sizeof *packs, compare_sizes);
	for (size_t i = 0; i < count; i++)
		packs[i].is_chosen = false;
	for (int tier = 0; tier < TIERS; tier++) {
		bool has_carry = chosen && tier_of(chosen_bytes) == tier;
		uint64_t bytes = has_carry ? chosen_bytes : 0;
		size_t first = at;

		for (; at < count && tier_of(content_of(&packs[at])) == tier; at++)
			bytes += content_of(&packs[at]);
		if (at - first + has_carry < TIER_FACTOR && (bytes < TIER_MAX_BYTES || at - first + has_carry < 2)) {
			if (chosen)
				break;
			continue;
		}
		for (; first < at && chosen < MERGE_MAX_PACKS && chosen_bytes < MERGE_MAX_BYTES; first++, chosen++) {
			packs[first].is_chosen = true;
			chosen_bytes += content_of(&packs[first]);
		}
	}
	return chosen;
}

struct list {
	struct merge_pack *v;
	size_t count, cap;
};

static void list_cleanup(struct list *l)
{
	free(l->v);
}

static void list_entry(struct list *l, DIR *dir, const char *file)
{
	struct merge_pack pack = { .len = 0 };
	struct stat st;

	if (!pack_parse_name(file, &pack.name))
		return;
	if (fstatat(dirfd(dir), file, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) || st.st_size >= (off_t)PACK_SMALL_BYTES)
		return;
	pack.len = (uint64_t)st.st_size;
	ARRAY_GROW(l->v, l->count + 1, l->cap);
	l->v[l->count++] = pack;
}

static int list_small(const char *objects_dir, struct list *l, struct error *err)
{
	DIR *dir = opendir(objects_dir);
	struct dirent *entry;
	int rc = 0;

	if (!dir)
		return error_set_errno(err, "cannot list '%s'", objects_dir);
	while (errno = 0, (entry = readdir(dir)))
		list_entry(l, dir, entry->d_name);
	if (errno)
		rc = error_set_errno(err, "cannot list '%s'", objects_dir);
	closedir(dir);
	return rc;
}

/* --- copying --- */

struct inputs {
	struct pack **v; /* those that can be read */
	size_t count;
};

static void inputs_cleanup(struct inputs *in)
{
	for (size_t i = 0; i < in->count; i++)
		pack_close(in->v[i]);
	free(in->v);
}

static void pack_cleanup(struct pack **p)
{
	pack_close(*p);
	*p = NULL;
}

static int compare_births(const void *left, const void *right)
{
	const struct pack *a = *(struct pack *const *)left, *b = *(struct pack *const *)right;

	if (a->birth != b->birth)
		return a->birth < b->birth ? -1 : 1;
	return oid_compare(&a->name, &b->name);
}

static void open_inputs(const char *objects_dir, const struct list *l, struct inputs *in)
{
	in->v = xcalloc(l->count + 1, sizeof *in->v);
	for (size_t i = 0; i < l->count; i++) {
		CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
		struct error ignored = ERROR_INIT;
		struct pack *p;

		if (!l->v[i].is_chosen)
			continue;
		pack_path(&path, objects_dir, &l->v[i].name);
		p = pack_open(path.buf, &l->v[i].name, &ignored);
		if (p)
			in->v[in->count++] = p;
	}
	if (in->count)
		qsort(in->v, in->count, sizeof *in->v, compare_births);
}

/* A record within the bytes of a pack that pack_check() has found well formed. */
static size_t record_at(const struct strbuf *data, uint64_t offset, struct record_head *head, const char **payload)
{
	struct error ignored = ERROR_INIT;
	size_t used;

	if (record_head_parse((const uint8_t *)data->buf + offset, data->len - offset, head, &used, deflate_crc32, &ignored) < 0 ||
	    data->len - offset - used < head->stored_len)
		return 0;
	*payload = data->buf + offset + used;
	return used + (size_t)head->stored_len;
}

static bool is_sound(const struct pack *p, const struct strbuf *data)
{
	struct error ignored = ERROR_INIT;
	struct record_head head;
	const char *payload;
	size_t len;

	if (pack_check(p, &ignored) < 0)
		return false;
	for (uint64_t at = PACK_HEADER_LEN; at < data->len; at += len) {
		len = record_at(data, at, &head, &payload);
		if (!len || head.crc != (head.stored_len ? deflate_crc32(0, payload, (size_t)head.stored_len) : 0))
			return false;
	}
	return true;
}

/* Other bytes under the same id may be sound where these are not, as after a put that stored anew what was damaged: both are kept. */
static bool is_row_of(const struct pack_row *row, const struct record_head *head)
{
	return row->crc == head->crc && row->stored_len == head->stored_len && row->raw_len == head->raw_len && row->codec == head->codec &&
	       row->params == head->params;
}

static bool has_record(struct pack_writer *w, const struct record_head *head)
{
	struct pack_row row;

	return pack_writer_find(w, &head->id, head->kind, &row) && is_row_of(&row, head) &&
	       (head->kind != OBJECT_RECIPE || pack_writer_find(w, &head->file, OBJECT_FILE, &row));
}

/* 1: all it has is in the writer's pack, 0: it is damaged, -1. */
static int copy_pack(const struct pack *p, struct pack_writer *w, struct error *err)
{
	CLEANUP(strbuf) struct strbuf data = STRBUF_INIT;
	struct error problem = ERROR_INIT;
	struct record_head head;
	const char *payload;
	ssize_t got;
	size_t len;

	if (p->records_end >= PACK_SMALL_BYTES)
		return 0;
	strbuf_grow(&data, (size_t)p->records_end);
	got = file_pread(p->fd, data.buf, (size_t)p->records_end, 0, p->path, &problem);
	if (got < 0 || (uint64_t)got != p->records_end)
		return 0;
	strbuf_set_len(&data, (size_t)got);
	if (!is_sound(p, &data))
		return 0;
	for (uint64_t at = PACK_HEADER_LEN; at < data.len; at += len) {
		len = record_at(&data, at, &head, &payload);
		if (!has_record(w, &head) && pack_writer_add(w, &head, payload, err) < 0)
			return -1;
	}
	return 1;
}

/* Keeps in `in` what was copied; the others are left to fsck. */
static int copy_all(struct inputs *in, struct pack_writer *w, struct error *err)
{
	size_t kept = 0;
	int rc = 0;

	for (size_t i = 0; i < in->count; i++) {
		struct pack *p = in->v[i];

		/* also a signal that no longer stops the command itself: its result is said, and nobody waits for this */
		if (rc >= 0)
			rc = interrupt_signal() ? error_set(err, ERR_INTERRUPTED, "interrupted") : copy_pack(p, w, err);
		if (rc > 0)
			in->v[kept++] = p;
		else
			pack_cleanup(&p);
	}
	in->count = kept;
	return rc < 0 ? -1 : 0;
}

/* --- merging --- */

static void pack_writer_cleanup(struct pack_writer **w)
{
	pack_writer_abort(w);
}

static int retire_inputs(const char *objects_dir, const char *folder, const struct inputs *in, const struct oid *made, struct error *err)
{
	for (size_t i = 0; i < in->count; i++) {
		if (oid_equal(&in->v[i]->name, made))
			continue;
		if (retired_move_in(objects_dir, folder, &in->v[i]->name, err) < 0)
			return -1;
		crash_point("merge-while-retiring");
	}
	return 0;
}

static int merge(const char *objects_dir, const char *tmp_dir, struct inputs *in, struct oid *name, struct error *err)
{
	CLEANUP(pack_writer) struct pack_writer *w = NULL;
	CLEANUP(strbuf) struct strbuf folder = STRBUF_INIT;

	if (in->count < 2)
		return 0;
	/* before anything is written: were the old packs to stay, each merge would only add to them */
	if (retired_make_folder(objects_dir, &folder, err) < 0 || file_mkdir(tmp_dir, 0777, err) < 0)
		return -1;
	w = pack_writer_new(tmp_dir, in->v[in->count - 1]->birth, err);
	if (!w || copy_all(in, w, err) < 0)
		return -1;
	if (in->count < 2)
		return 0;
	crash_point("merge-before-finish");
	if (pack_writer_finish(&w, objects_dir, name, err) < 0)
		return -1;
	crash_point("merge-before-retire");
	return retire_inputs(objects_dir, folder.buf, in, name, err);
}

int pack_merge_run(const char *objects_dir, const char *tmp_dir, struct oid *name, struct error *err)
{
	CLEANUP(list) struct list small = { NULL, 0, 0 };
	CLEANUP(inputs) struct inputs in = { NULL, 0 };

	memset(name, 0, sizeof *name);
	if (list_small(objects_dir, &small, err) < 0)
		return -1;
	if (!pack_merge_choose(small.v, small.count))
		return 0;
	open_inputs(objects_dir, &small, &in);
	if (merge(objects_dir, tmp_dir, &in, name, err) == 0 || err->code == ERR_INTERRUPTED) {
		error_clear(err);
		return 0;
	}
	return error_wrap(err, "cannot merge small packs");
}
