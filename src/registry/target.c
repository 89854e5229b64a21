/* SPDX-License-Identifier: Apache-2.0 */
/* Writes files, folders and links of a version into a fresh directory. */
#include <config.h>

#include "registry/target.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/tempfile.h"
#include "base/utf8.h"
#include "registry/external.h"
#include "store/extract.h"

/* Directories under which a get prepares files, beside or inside its target. */
#define TEMP_PREFIX ".mreg-get"

int target_make_temp(const char *dir, struct strbuf *out, struct error *err)
{
	tempfile_name(out, dir, TEMP_PREFIX);
	if (mkdir(out->buf, 0777) < 0)
		return error_set_errno(err, "cannot make a directory in '%s'", dir);
	return file_open(out->buf, O_RDONLY | O_DIRECTORY, 0, err);
}

/* As tempfile_name() makes it: PREFIX-HOST-PID-N. */
bool target_is_temp(const char *name)
{
	size_t len = strlen(TEMP_PREFIX "-");

	if (strncmp(name, TEMP_PREFIX "-", len) != 0 || strspn(name + len, "0123456789abcdef") != 8)
		return false;
	for (int numbers = 0; numbers < 2; numbers++) {
		len += numbers ? strspn(name + len, "0123456789") : 8;
		if (name[len++] != '-' || !strspn(name + len, "0123456789"))
			return false;
	}
	return name[len + strspn(name + len, "0123456789")] == '\0';
}

void target_sweep(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
		struct error ignored = ERROR_INIT;

		if (!target_is_temp(e->d_name) || !tempfile_is_stale(dir, e->d_name))
			continue;
		path_join(&path, dir, e->d_name);
		if (file_remove_tree(path.buf, &ignored) < 0)
			continue;
	}
	if (d)
		closedir(d);
}

static int fail_on(const struct entry *e, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	utf8_add_visible(&shown, e->path, strlen(e->path));
	return error_wrap(err, "cannot write '%s'", shown.buf);
}

/* Entries are sorted, so the folder of one is mostly that of the one before. */
static int make_folders(int root_fd, const struct entry *const *entries, size_t count, struct error *err)
{
	CLEANUP(strbuf) struct strbuf last = STRBUF_INIT;

	for (size_t i = 0; i < count; i++) {
		const char *path = entries[i]->path, *slash = strrchr(path, '/'), *base;
		size_t len = slash ? (size_t)(slash - path) : 0;
		CLEANUP(fd) int parent = -1;

		if (!len || (last.len == len && memcmp(last.buf, path, len) == 0))
			continue;
		parent = beneath_open_parent(root_fd, path, true, &base, err);
		if (parent < 0)
			return fail_on(entries[i], err);
		strbuf_reset(&last);
		strbuf_add(&last, path, len);
	}
	return 0;
}

/* An item's user is its place in the list of entries. */
static size_t index_of(const struct target *t, const struct extract_item *item)
{
	return (size_t)((const struct entry *const *)item->user - t->entries);
}

static int sink_open(struct extract_sink *sink, struct extract_item *item, struct error *err)
{
	const struct target *t = sink->user;
	const struct entry *e = t->entries[index_of(t, item)];

	return beneath_open(t->root_fd, e->path, O_RDWR | O_CREAT | O_EXCL, e->mode & 0100 ? 0777 : 0666, err);
}

static int sink_close(struct extract_sink *sink, struct extract_item *item, int fd, bool whole, struct error *err)
{
	const struct target *t = sink->user;
	struct stat st;

	/* what is not whole goes with the directory */
	if (whole && fstat(fd, &st) == 0)
		stat_row_set(&t->rows[index_of(t, item)], &st, &item->digest);
	if (close(fd) < 0)
		return error_set_errno(err, "cannot write '%s'", item->path);
	return 0;
}

static int sink_open_old(struct extract_sink *sink, struct extract_item *item, struct extract_old *out)
{
	const struct target *t = sink->user;
	const struct target_old *old = &t->old[index_of(t, item)];
	struct error ignored = ERROR_INIT;
	struct stat st;
	int fd = old->st ? beneath_open(t->old_root_fd, item->path, O_RDONLY | O_NONBLOCK, 0, &ignored) : -1;

	if (fd < 0)
		return -1;
	*out = (struct extract_old){ old->digest, (uint64_t)old->st->st_size };
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		fd_cleanup(&fd);
	return fd;
}

static int write_files(struct objects *objects, const struct target *t, struct report *report, struct error *err)
{
	CLEANUP(ptr) struct extract_item *items = xcalloc(t->count + 1, sizeof *items);
	struct extract_sink sink = { sink_open, sink_close, t->old ? sink_open_old : NULL, (void *)t };
	size_t n = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct entry *e = t->entries[i];

		if (e->kind == ENTRY_FILE)
			items[n++] = (struct extract_item){ e->digest, e->size, e->path, (void *)&t->entries[i] };
	}
	return extract_files(objects, items, n, &sink, 0, NULL, NULL, report, err);
}

static int write_other(int root_fd, const struct entry *e, struct error *err)
{
	const char *base;
	CLEANUP(fd) int parent = -1;

	if (e->kind == ENTRY_FILE || e->kind == ENTRY_REF)
		return 0;
	parent = beneath_open_parent(root_fd, e->path, true, &base, err);
	if (parent < 0)
		return -1;
	if (e->kind == ENTRY_DIR ? mkdirat(parent, base, 0777) < 0 : symlinkat(e->target, parent, base) < 0)
		return error_set_errno(err, "cannot make it");
	return 0;
}

static int fetch_one(const struct target *t, size_t i, struct report *report, struct error *err)
{
	const struct entry *e = t->entries[i];
	CLEANUP(fd) int fd = beneath_open(t->root_fd, e->path, O_RDWR | O_CREAT | O_EXCL, e->mode & 0100 ? 0777 : 0666, err);
	struct oid digest;
	struct stat st;

	if (fd < 0)
		return fail_on(e, err);
	if (external_fetch(e, fd, report, &digest, err) < 0)
		return -1;
	if (fstat(fd, &st) == 0)
		stat_row_set(&t->rows[i], &st, &digest);
	return 0;
}

int target_check_references(const struct entry *const *entries, size_t count, bool offline, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (entries[i]->kind == ENTRY_REF && external_check(entries[i], offline, err) < 0)
			return -1;
	return 0;
}

static int fetch_references(const struct target *t, struct report *report, struct error *err)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->entries[i]->kind == ENTRY_REF && fetch_one(t, i, report, err) < 0)
			return -1;
	return 0;
}

int target_write(struct objects *objects, const struct target *t, struct report *report, struct error *err)
{
	for (size_t i = 0; i < t->count; i++)
		t->rows[i] = (struct stat_row){ .inode = 0 };
	if (make_folders(t->root_fd, t->entries, t->count, err) < 0 || fetch_references(t, report, err) < 0 ||
	    write_files(objects, t, report, err) < 0)
		return -1;
	for (size_t i = 0; i < t->count; i++)
		if (write_other(t->root_fd, t->entries[i], err) < 0)
			return fail_on(t->entries[i], err);
	return 0;
}
