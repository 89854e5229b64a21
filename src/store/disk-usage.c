/* SPDX-License-Identifier: Apache-2.0 */
/* Walks a registry's directory and sums the blocks of what is in it. */
#include <config.h>

#include "store/disk-usage.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/interrupt.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/strvec.h"

#define BLOCK_LEN 512 /* of st_blocks, whatever the file system's own are */

struct walk {
	const char *root;
	struct strvec left; /* directories still to be read, below the root */
	struct disk_usage *usage;
};

static void walk_cleanup(struct walk *w)
{
	strvec_release(&w->left);
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static bool is_pack(const char *path)
{
	const char *name = path + strlen("objects/"), *suffix;

	if (!is_below(path, "objects") || strlen(path) < strlen("objects/") || strchr(name, '/'))
		return false;
	suffix = strrchr(name, '.');
	return suffix && strcmp(suffix, ".pack") == 0;
}

/* Where the blocks of this path are counted. */
static uint64_t *sum_for(struct disk_usage *usage, const char *path)
{
	if (is_below(path, "objects/retired"))
		return &usage->retired;
	if (is_pack(path))
		return &usage->packs;
	if (is_below(path, "index") || strcmp(path, "objects/multi-pack") == 0)
		return &usage->index;
	if (strcmp(path, "journal") == 0 || strncmp(path, "journal.torn-", strlen("journal.torn-")) == 0)
		return &usage->journal;
	return &usage->other;
}

static int count_entry(struct walk *w, const char *path, struct error *err)
{
	CLEANUP(strbuf) struct strbuf full = STRBUF_INIT;
	bool at_top = !strchr(path, '/');
	struct stat st;

	path_join(&full, w->root, path);
	if ((at_top ? stat(full.buf, &st) : lstat(full.buf, &st)) < 0 && (errno != ENOENT || lstat(full.buf, &st) < 0))
		return errno == ENOENT ? 0 : error_set_errno(err, "cannot look at '%s'", full.buf);
	*sum_for(w->usage, path) += (uint64_t)st.st_blocks * BLOCK_LEN;
	if (S_ISDIR(st.st_mode))
		strvec_push(&w->left, path);
	return 0;
}

static int count_directory(struct walk *w, const char *path, struct error *err)
{
	CLEANUP(strbuf) struct strbuf full = STRBUF_INIT;
	struct dirent *entry;
	int rc = 0;
	DIR *dir;

	path_join(&full, w->root, path);
	dir = opendir(full.buf);
	if (!dir)
		return errno == ENOENT ? 0 : error_set_errno(err, "cannot list '%s'", full.buf);
	while (!rc && (errno = 0, (entry = readdir(dir)))) {
		CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		path_join(&name, path, entry->d_name);
		rc = count_entry(w, name.buf, err);
	}
	if (!rc && errno)
		rc = error_set_errno(err, "cannot list '%s'", full.buf);
	closedir(dir);
	return rc;
}

int disk_usage_read(const char *mreg_dir, struct disk_usage *out, struct error *err)
{
	CLEANUP(walk) struct walk w = { mreg_dir, STRVEC_INIT, out };
	struct stat st;

	memset(out, 0, sizeof *out);
	if (stat(mreg_dir, &st) < 0)
		return error_set_errno(err, "cannot look at '%s'", mreg_dir);
	out->other = (uint64_t)st.st_blocks * BLOCK_LEN;
	if (count_directory(&w, "", err) < 0)
		return -1;
	for (size_t i = 0; i < w.left.count; i++)
		if (interrupt_check(err) < 0 || count_directory(&w, w.left.v[i], err) < 0)
			return -1;
	return 0;
}
