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

#include "base/clock.h"
#include "base/crash.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/strvec.h"

#define FOLDER_PREFIX "merged-"
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

int retired_make_folder(const char *objects_dir, struct strbuf *folder, struct error *err)
{
	strbuf_addf(folder, "%s/" RETIRED_NAME, objects_dir);
	if (make_folder(objects_dir, folder->buf, err) < 0)
		return -1;
	strbuf_addc(folder, '/');
	today(folder);
	return make_folder(objects_dir, folder->buf, err);
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

/* Any other folder is somebody else's. */
static bool is_over(const char *folder)
{
	const char *day = folder + strlen(FOLDER_PREFIX);
	char text[sizeof "YYYY-MM-DDT00:00:00Z"];
	int64_t start;

	if (strncmp(folder, FOLDER_PREFIX, strlen(FOLDER_PREFIX)) != 0 || strlen(day) != DAY_LEN)
		return false;
	snprintf(text, sizeof text, "%.4s-%.2s-%.2sT00:00:00Z", day, day + 4, day + 6);
	return clock_parse_utc(text, &start) && clock_now() - start >= (1 + RETIRED_GRACE_DAYS) * DAY_NS;
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

static void list_overdue(const char *objects_dir, struct strvec *out)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	CLEANUP(strvec) struct strvec folders = STRVEC_INIT;

	strbuf_addf(&path, "%s/" RETIRED_NAME, objects_dir);
	list_names(path.buf, SIZE_MAX, &folders);
	for (size_t i = 0; i < folders.count; i++)
		if (is_over(folders.v[i]))
			strvec_push(out, folders.v[i]);
}

bool retired_is_overdue(const char *objects_dir)
{
	CLEANUP(strvec) struct strvec folders = STRVEC_INIT;

	list_overdue(objects_dir, &folders);
	return folders.count;
}

/* Whether a file in an overdue folder may go, must come back into use, or is to be asked about another time. */
enum fate { FATE_GONE, FATE_BACK, FATE_STAYS };

/* What cannot be opened for a reason that may pass (descriptors, memory, permission, a newer format) says nothing of what it holds. */
static enum fate fate_of(const char *path, const char *file, retired_spare_fn is_spare, void *arg)
{
	struct error problem = ERROR_INIT;
	enum fate fate = FATE_GONE;
	struct pack *p;
	struct oid name;

	if (!pack_parse_name(file, &name))
		return FATE_GONE;
	p = pack_open(path, &name, &problem);
	if (!p)
		return problem.code == ERR_INTEGRITY ? FATE_GONE : FATE_STAYS;
	if (!is_spare(p, arg))
		fate = FATE_BACK;
	pack_close(p);
	return fate;
}

static int sweep_pack(const char *objects_dir, const char *path, const char *file, retired_spare_fn is_spare, void *arg, struct error *err)
{
	CLEANUP(strbuf) struct strbuf to = STRBUF_INIT;
	enum fate fate = fate_of(path, file, is_spare, arg);

	crash_point("sweep-before-file");
	if (fate == FATE_STAYS)
		return 0;
	if (fate == FATE_GONE)
		return unlink(path) && errno != ENOENT ? error_set_errno(err, "cannot remove '%s'", path) : 0;
	strbuf_addf(&to, "%s/%s", objects_dir, file);
	return rename(path, to.buf) && errno != ENOENT ? error_set_errno(err, "cannot rename '%s' to '%s'", path, to.buf) : 0;
}

int retired_sweep(const char *objects_dir, retired_spare_fn is_spare, void *arg, struct error *err)
{
	CLEANUP(strvec) struct strvec folders = STRVEC_INIT;
	size_t left = RETIRED_SWEEP_MAX;

	list_overdue(objects_dir, &folders);
	for (size_t i = 0; i < folders.count && left; i++) {
		CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
		CLEANUP(strvec) struct strvec files = STRVEC_INIT;
		size_t len;

		strbuf_addf(&path, "%s/" RETIRED_NAME "/%s", objects_dir, folders.v[i]);
		len = path.len;
		list_names(path.buf, left, &files);
		left -= files.count;
		for (size_t k = 0; k < files.count; k++) {
			strbuf_set_len(&path, len);
			strbuf_addf(&path, "/%s", files.v[k]);
			if (sweep_pack(objects_dir, path.buf, files.v[k], is_spare, arg, err) < 0)
				return error_wrap(err, "cannot remove retired packs");
		}
		strbuf_set_len(&path, len);
		if (left && rmdir(path.buf) && errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
			return error_set_errno(err, "cannot remove '%s'", path.buf);
	}
	return 0;
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
