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

static int sink_open(struct extract_sink *sink, struct extract_item *item, struct error *err)
{
	const struct entry *e = item->user;
	const int *root_fd = sink->user;

	return beneath_open(*root_fd, e->path, O_RDWR | O_CREAT | O_EXCL, e->mode & 0100 ? 0777 : 0666, err);
}

static int sink_close(struct extract_sink *sink, struct extract_item *item, int fd, bool whole, struct error *err)
{
	(void)sink;
	(void)whole; /* what is not whole goes with the directory */
	if (close(fd) < 0)
		return error_set_errno(err, "cannot write '%s'", item->path);
	return 0;
}

static int write_files(struct objects *objects, int root_fd, const struct entry *const *entries, size_t count, struct report *report,
		       struct error *err)
{
	CLEANUP(ptr) struct extract_item *items = xcalloc(count + 1, sizeof *items);
	struct extract_sink sink = { sink_open, sink_close, &root_fd };
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (entries[i]->kind == ENTRY_FILE)
			items[n++] = (struct extract_item){ entries[i]->digest, entries[i]->size, entries[i]->path, (void *)entries[i] };
	return extract_files(objects, items, n, &sink, 0, NULL, NULL, report, err);
}

static int write_other(int root_fd, const struct entry *e, struct error *err)
{
	const char *base;
	CLEANUP(fd) int parent = -1;

	if (e->kind == ENTRY_FILE)
		return 0;
	if (e->kind == ENTRY_REF)
		return error_set(err, ERR_REMOTE, "'%s' is kept elsewhere, at '%s', and this mreg cannot fetch it", e->path, e->target);
	parent = beneath_open_parent(root_fd, e->path, true, &base, err);
	if (parent < 0)
		return -1;
	if (e->kind == ENTRY_DIR ? mkdirat(parent, base, 0777) < 0 : symlinkat(e->target, parent, base) < 0)
		return error_set_errno(err, "cannot make it");
	return 0;
}

int target_write(struct objects *objects, int root_fd, const struct entry *const *entries, size_t count, struct report *report,
		 struct error *err)
{
	if (make_folders(root_fd, entries, count, err) < 0 || write_files(objects, root_fd, entries, count, report, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (write_other(root_fd, entries[i], err) < 0)
			return fail_on(entries[i], err);
	return 0;
}
