/* SPDX-License-Identifier: Apache-2.0 */
/* Moves packs out of use, removes them when their time is over, and finds objects in them as a last resort. */
#include <config.h>

#include "store/retired.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/strvec.h"

#define FOLDER_PREFIX "merged-"
#define GC_PREFIX "gc-"
#define SECOND_LEN 16 /* YYYYMMDDTHHMMSSZ */
#define DAY_LEN 8 /* YYYYMMDD */
#define DAY_NS (86400 * NS_PER_S)

/* --- moving in --- */

static void today(struct strbuf *folder)
{
	CLEANUP(strbuf) struct strbuf now = STRBUF_INIT;

	clock_format_utc(&now, clock_now());
	strbuf_addf(folder, FOLDER_PREFIX "%.4s%.2s%.2s", now.buf, now.buf + 5, now.buf + 8);
}

/* Whoever may put into a shared registry may also merge what others have put. */
static int make_folder(const char *objects_dir, const char *path, struct error *err)
{
	struct stat st;

	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return 0;
	if (file_mkdir(path, 0777, err) < 0)
		return -1;
	if (!stat(objects_dir, &st) && (st.st_mode & S_ISGID) && (st.st_mode & S_IWGRP) && chmod(path, 02775))
		return error_set_errno(err, "cannot share '%s'", path);
	return 0;
}

static int make_named(const char *objects_dir, const char *name, struct strbuf *folder, struct error *err)
{
	strbuf_addf(folder, "%s/" RETIRED_NAME, objects_dir);
	if (make_folder(objects_dir, folder->buf, err) < 0)
		return -1;
	strbuf_addf(folder, "/%s", name);
	return make_folder(objects_dir, folder->buf, err);
}

int retired_make_folder(const char *objects_dir, struct strbuf *folder, struct error *err)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;

	today(&name);
	return make_named(objects_dir, name.buf, folder, err);
}

int retired_make_gc_folder(const char *objects_dir, int64_t until, struct strbuf *folder, struct error *err)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT, time = STRBUF_INIT;

	/* up to the second, and not before it is over */
	clock_format_utc(&time, until % NS_PER_S ? until - until % NS_PER_S + NS_PER_S : until);
	strbuf_adds(&name, GC_PREFIX);
	for (const char *c = time.buf; *c; c++)
		if (*c != '-' && *c != ':')
			strbuf_addc(&name, *c);
	return make_named(objects_dir, name.buf, folder, err);
}

int retired_move_in(const char *objects_dir, const char *folder, const struct oid *name, struct error *err)
{
	CLEANUP(strbuf) struct strbuf from = STRBUF_INIT, to = STRBUF_INIT;

	pack_path(&from, objects_dir, name);
	pack_path(&to, folder, name);
	if (rename(from.buf, to.buf) && errno != ENOENT)
		return error_set_errno(err, "cannot rename '%s' to '%s'", from.buf, to.buf);
	return 0;
}

/* --- sweeping --- */

/* When the grace of a folder is over; any other folder is somebody else's. */
static bool end_of(const char *folder, int64_t *end)
{
	const char *merged = folder + strlen(FOLDER_PREFIX), *gc = folder + strlen(GC_PREFIX);
	char text[sizeof "YYYY-MM-DDT00:00:00Z"];

	if (strncmp(folder, FOLDER_PREFIX, strlen(FOLDER_PREFIX)) == 0 && strlen(merged) == DAY_LEN) {
		snprintf(text, sizeof text, "%.4s-%.2s-%.2sT00:00:00Z", merged, merged + 4, merged + 6);
		if (!clock_parse_utc(text, end))
			return false;
		*end += (1 + RETIRED_GRACE_DAYS) * DAY_NS;
		return true;
	}
	if (strncmp(folder, GC_PREFIX, strlen(GC_PREFIX)) != 0 || strlen(gc) != SECOND_LEN)
		return false;
	snprintf(text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", gc, gc + 4, gc + 6, gc + 9, gc + 11, gc + 13);
	return clock_parse_utc(text, end);
}

/* The names in a directory, at most max; none when it is not there. */
static void list_names(const char *path, size_t max, struct strvec *out)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && out->count < max && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			strvec_push(out, entry->d_name);
	if (dir)
		closedir(dir);
}

/* Folders of ours: all, or those whose grace is over. */
static void list_folders(const char *objects_dir, bool all, struct strvec *out)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	CLEANUP(strvec) struct strvec folders = STRVEC_INIT;
	int64_t end;

	strbuf_addf(&path, "%s/" RETIRED_NAME, objects_dir);
	list_names(path.buf, SIZE_MAX, &folders);
	for (size_t i = 0; i < folders.count; i++)
		if (end_of(folders.v[i], &end) && (all || clock_now() >= end))
			strvec_push(out, folders.v[i]);
}

bool retired_is_overdue(const char *objects_dir)
{
	CLEANUP(strvec) struct strvec folders = STRVEC_INIT;

	list_folders(objects_dir, false, &folders);
	return folders.count;
}

/* --- what is known to be dead --- */

#define DEAD_SUFFIX ".dead"
#define DEAD_MAX_BYTES (OID_LEN + PACK_MAX_ROWS / 8 + 1)

/* Of NAME.pack: NAME.dead. */
static void dead_path(struct strbuf *out, const char *pack_path)
{
	strbuf_add(out, pack_path, strlen(pack_path) - strlen(PACK_SUFFIX));
	strbuf_adds(out, DEAD_SUFFIX);
}

/* With the file that the pack is: in a copy, which may have been made with a journal from before the removal, nothing is known of it. */
static void sum_dead(const struct pack *p, const void *bits, size_t len, struct oid *out)
{
	struct sha256 ctx;
	struct stat st;
	uint8_t file[16] = { 0 };

	if (fstat(p->fd, &st) == 0) {
		store_le64(file, (uint64_t)st.st_ino);
		store_le64(file + 8, (uint64_t)st.st_ctim.tv_sec * NS_PER_S + (uint64_t)st.st_ctim.tv_nsec);
	}
	sha256_init(&ctx);
	sha256_update(&ctx, p->name.raw, OID_LEN);
	sha256_update(&ctx, file, sizeof file);
	sha256_update(&ctx, bits, len);
	sha256_finish(&ctx, out);
}

/* Empty when nothing is known, or what is there cannot be trusted. */
static void read_dead(const struct pack *p, struct strbuf *out)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT, data = STRBUF_INIT;
	struct error ignored = ERROR_INIT;
	bool absent = false;
	struct oid sum;

	dead_path(&path, p->path);
	if (file_slurp(path.buf, &data, DEAD_MAX_BYTES, &absent, &ignored) < 0 || data.len != OID_LEN + (p->table.count + 7) / 8)
		return;
	sum_dead(p, data.buf + OID_LEN, data.len - OID_LEN, &sum);
	if (memcmp(sum.raw, data.buf, OID_LEN) == 0)
		strbuf_add(out, data.buf + OID_LEN, data.len - OID_LEN);
}

static bool is_noted(const struct strbuf *dead, size_t row)
{
	return row / 8 < dead->len && ((unsigned char)dead->buf[row / 8] >> row % 8 & 1);
}

struct question {
	retired_spare_fn is_spare;
	void *arg;
};

/* Bits of rows that are not spare; false when there is none. */
static bool find_needed(const struct pack *p, const struct question *q, uint8_t *bits)
{
	struct pack_row row;
	bool found = false;

	for (size_t i = 0; i < p->table.count; i++) {
		if (!pack_table_row(&p->table, i, p->records_end, &row) || q->is_spare(&row, q->arg))
			continue;
		bits[i / 8] |= (uint8_t)(1u << i % 8);
		found = true;
	}
	return found;
}

static bool is_spare_pack(const struct pack *p, const struct question *q)
{
	CLEANUP(strbuf) struct strbuf dead = STRBUF_INIT;
	struct pack_row row;

	read_dead(p, &dead);
	for (size_t i = 0; i < p->table.count; i++)
		if (!is_noted(&dead, i) && pack_table_row(&p->table, i, p->records_end, &row) && !q->is_spare(&row, q->arg))
			return false;
	return true;
}

static int note_dead(const struct pack *p, const struct question *q, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	size_t len = (p->table.count + 7) / 8;
	CLEANUP(ptr) uint8_t *data = xcalloc(1, OID_LEN + len);
	struct oid sum;

	if (!find_needed(p, q, data + OID_LEN))
		return 0;
	sum_dead(p, data + OID_LEN, len, &sum);
	memcpy(data, sum.raw, OID_LEN);
	dead_path(&path, p->path);
	return file_replace(path.buf, data, OID_LEN + len, 0644, err);
}

/* --- going through the folders --- */

typedef int (*file_fn)(const char *objects_dir, const char *path, const char *file, const struct question *q, struct error *err);

/* Whether a file in a folder may go, must come back into use, or is to be asked about another time. */
enum fate { FATE_GONE, FATE_BACK, FATE_STAYS };

/* It goes with its pack. */
static bool is_note_of_pack(const char *path)
{
	CLEANUP(strbuf) struct strbuf pack = STRBUF_INIT;
	size_t len = strlen(path), suffix = strlen(DEAD_SUFFIX);

	if (len <= suffix || strcmp(path + len - suffix, DEAD_SUFFIX) != 0)
		return false;
	strbuf_add(&pack, path, len - suffix);
	strbuf_adds(&pack, PACK_SUFFIX);
	return file_exists(pack.buf);
}

/* What cannot be opened for a reason that may pass (descriptors, memory, permission, a newer format) says nothing of what it holds. */
static enum fate fate_of(const char *path, const char *file, const struct question *q)
{
	struct error problem = ERROR_INIT;
	enum fate fate = FATE_GONE;
	struct pack *p;
	struct oid name;

	if (!pack_parse_name(file, &name))
		return is_note_of_pack(path) ? FATE_STAYS : FATE_GONE;
	p = pack_open(path, &name, &problem);
	if (!p)
		return problem.code == ERR_INTEGRITY ? FATE_GONE : FATE_STAYS;
	if (!is_spare_pack(p, q))
		fate = FATE_BACK;
	pack_close(p);
	return fate;
}

static int move_back(const char *objects_dir, const char *path, const char *file, struct error *err)
{
	CLEANUP(strbuf) struct strbuf to = STRBUF_INIT;

	strbuf_addf(&to, "%s/%s", objects_dir, file);
	return rename(path, to.buf) && errno != ENOENT ? error_set_errno(err, "cannot rename '%s' to '%s'", path, to.buf) : 0;
}

static int drop(const char *path, struct error *err)
{
	return unlink(path) && errno != ENOENT ? error_set_errno(err, "cannot remove '%s'", path) : 0;
}

/* What was noted of a pack that lies there no more. */
static int drop_note(const char *path, const char *file, struct error *err)
{
	CLEANUP(strbuf) struct strbuf note = STRBUF_INIT;
	struct oid name;

	if (!pack_parse_name(file, &name))
		return 0;
	dead_path(&note, path);
	return drop(note.buf, err);
}

static int sweep_file(const char *objects_dir, const char *path, const char *file, const struct question *q, struct error *err)
{
	enum fate fate = fate_of(path, file, q);

	crash_point("sweep-before-file");
	if (fate == FATE_STAYS)
		return 0;
	if ((fate == FATE_GONE ? drop(path, err) : move_back(objects_dir, path, file, err)) < 0)
		return -1;
	return drop_note(path, file, err);
}

static int bring_file_back(const char *objects_dir, const char *path, const char *file, const struct question *q, struct error *err)
{
	if (fate_of(path, file, q) != FATE_BACK)
		return 0;
	return move_back(objects_dir, path, file, err) < 0 ? -1 : drop_note(path, file, err);
}

static int note_file(const char *objects_dir, const char *path, const char *file, const struct question *q, struct error *err)
{
	struct error ignored = ERROR_INIT;
	struct pack *p;
	struct oid name;
	int rc;

	(void)objects_dir;
	p = pack_parse_name(file, &name) ? pack_open(path, &name, &ignored) : NULL;
	if (!p)
		return 0;
	rc = note_dead(p, q, err);
	pack_close(p);
	return rc;
}

/* At most *left files of one folder. */
static int visit_folder(const char *objects_dir, const char *folder, size_t *left, file_fn fn, const struct question *q, struct error *err)
{
	CLEANUP(strvec) struct strvec files = STRVEC_INIT;

	list_names(folder, *left, &files);
	*left -= files.count;
	for (size_t i = 0; i < files.count; i++) {
		CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;

		strbuf_addf(&path, "%s/%s", folder, files.v[i]);
		if (fn(objects_dir, path.buf, files.v[i], q, err) < 0)
			return -1;
	}
	return 0;
}

static int visit(const char *objects_dir, bool all, size_t max, file_fn fn, const struct question *q, struct error *err)
{
	CLEANUP(strvec) struct strvec folders = STRVEC_INIT;

	list_folders(objects_dir, all, &folders);
	for (size_t i = 0; i < folders.count && max; i++) {
		CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;

		strbuf_addf(&path, "%s/" RETIRED_NAME "/%s", objects_dir, folders.v[i]);
		if (visit_folder(objects_dir, path.buf, &max, fn, q, err) < 0)
			return -1;
		if (fn == sweep_file && max && rmdir(path.buf) && errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
			return error_set_errno(err, "cannot remove '%s'", path.buf);
	}
	return 0;
}

int retired_sweep(const char *objects_dir, size_t max, retired_spare_fn is_spare, void *arg, struct error *err)
{
	const struct question q = { is_spare, arg };

	return visit(objects_dir, false, max, sweep_file, &q, err) < 0 ? error_wrap(err, "cannot remove retired packs") : 0;
}

int retired_sweep_all(const char *objects_dir, retired_spare_fn is_spare, void *arg, struct error *err)
{
	const struct question q = { is_spare, arg };

	return visit(objects_dir, true, SIZE_MAX, sweep_file, &q, err) < 0 ? error_wrap(err, "cannot remove retired packs") : 0;
}

int retired_bring_back(const char *objects_dir, retired_spare_fn is_spare, void *arg, struct error *err)
{
	const struct question q = { is_spare, arg };

	return visit(objects_dir, true, SIZE_MAX, bring_file_back, &q, err);
}

int retired_note_dead(const char *objects_dir, retired_spare_fn is_spare, void *arg, struct error *err)
{
	const struct question q = { is_spare, arg };

	return visit(objects_dir, true, SIZE_MAX, note_file, &q, err);
}

/* --- the last resort --- */

struct retired {
	struct strvec paths;   /* of packs, by number */
	struct oid *names;
	size_t names_cap;
	struct pack_row *rows; /* of all of them, sorted; pack: number */
	size_t count, cap;
};

static void add_rows(struct retired *r, const char *path, const struct oid *name)
{
	struct error ignored = ERROR_INIT;
	struct pack *p = pack_open(path, name, &ignored); /* not kept open: there may be very many */
	struct pack_row row;

	if (!p)
		return;
	ARRAY_GROW(r->rows, r->count + p->table.count, r->cap);
	for (size_t i = 0; i < p->table.count; i++) {
		if (!pack_table_row(&p->table, i, p->records_end, &row))
			continue;
		row.pack = (uint32_t)r->paths.count;
		r->rows[r->count++] = row;
	}
	pack_close(p);
	ARRAY_GROW(r->names, r->paths.count + 1, r->names_cap);
	r->names[r->paths.count] = *name;
	strvec_push(&r->paths, path);
}

static void add_folder(struct retired *r, const char *folder)
{
	CLEANUP(strvec) struct strvec files = STRVEC_INIT;

	list_names(folder, SIZE_MAX, &files);
	for (size_t i = 0; i < files.count; i++) {
		CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
		struct oid name;

		strbuf_addf(&path, "%s/%s", folder, files.v[i]);
		if (pack_parse_name(files.v[i], &name))
			add_rows(r, path.buf, &name);
	}
}

static int compare_rows(const void *a, const void *b)
{
	return pack_row_compare(a, b);
}

struct retired *retired_open(const char *objects_dir)
{
	struct retired *r = xcalloc(1, sizeof *r);
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	CLEANUP(strvec) struct strvec folders = STRVEC_INIT;
	size_t len;

	strbuf_addf(&path, "%s/" RETIRED_NAME, objects_dir);
	len = path.len;
	list_names(path.buf, SIZE_MAX, &folders);
	for (size_t i = 0; i < folders.count; i++) {
		strbuf_set_len(&path, len);
		strbuf_addf(&path, "/%s", folders.v[i]);
		add_folder(r, path.buf);
	}
	if (r->count)
		qsort(r->rows, r->count, sizeof *r->rows, compare_rows);
	return r;
}

void retired_close(struct retired *r)
{
	if (!r)
		return;
	strvec_release(&r->paths);
	free(r->names);
	free(r->rows);
	free(r);
}

bool retired_find(const struct retired *r, enum object_kind kind, const struct oid *id, size_t nth, struct pack_row *out)
{
	const struct pack_row wanted = { .id = *id, .kind = kind };
	size_t low = 0, high = r->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pack_row_compare(&r->rows[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (nth >= r->count - low || !oid_equal(&r->rows[low + nth].id, id) || r->rows[low + nth].kind != kind)
		return false;
	*out = r->rows[low + nth];
	return true;
}

struct pack *retired_pack(const struct retired *r, const struct pack_row *row, struct error *err)
{
	return pack_open(r->paths.v[row->pack], &r->names[row->pack], err);
}
