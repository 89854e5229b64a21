/* SPDX-License-Identifier: Apache-2.0 */
/* Takes over what interrupted transfers have left: whole packs, and those that were being written. */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strvec.h"
#include "base/tempfile.h"
#include "store/lock.h"
#include "store/quarantine-internal.h"

#define TRANSFER_PREFIX "transfer"
#define LOCK_NAME "lock"
#define NAMES_TRIED 1000

/* --- directories and their locks --- */

/* Whoever takes a directory over removes its lock file while he holds the lock. */
static bool is_still_there(int fd, const char *path)
{
	struct stat ours, there;

	return !fstat(fd, &ours) && !lstat(path, &there) && ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* The lock of a directory, or -1: somebody has it, or the directory is gone. */
static int lock_dir(const char *dir)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct error ignored = ERROR_INIT;
	CLEANUP(fd) int fd = -1;
	int locked;

	path_join(&path, dir, LOCK_NAME);
	fd = file_open(path.buf, O_RDWR | O_CREAT | O_NOFOLLOW, 0666, &ignored);
	if (fd < 0 || lock_take_file(fd, path.buf, 0, &ignored) < 0 || !is_still_there(fd, path.buf))
		return -1;
	locked = fd;
	fd = -1;
	return locked;
}

int quarantine_make_dir(struct quarantine *q, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;

	if (file_mkdir(q->parent, 0777, err) < 0)
		return -1;
	for (int i = 0; i < NAMES_TRIED; i++) {
		strbuf_reset(&path);
		tempfile_name(&path, q->parent, TRANSFER_PREFIX);
		if (mkdir(path.buf, 0777)) {
			if (errno == EEXIST)
				continue;
			return error_set_errno(err, "cannot make '%s'", path.buf);
		}
		q->lock_fd = lock_dir(path.buf);
		if (q->lock_fd < 0)
			continue; /* taken over before it was locked */
		q->dir = strbuf_detach(&path);
		return 0;
	}
	return error_set(err, ERR_LOCAL, "cannot make a directory of this transfer's own in '%s'", q->parent);
}

static int list(const char *dir, struct strvec *names, struct error *err)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	if (!d)
		return error_set_errno(err, "cannot list '%s'", dir);
	while ((entry = readdir(d)))
		if (entry->d_name[0] != '.')
			strvec_push(names, entry->d_name);
	closedir(d);
	return 0;
}

/* --- what is in them --- */

static bool is_old(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && clock_real() / NS_PER_S - (int64_t)st.st_mtim.tv_sec > QUARANTINE_MAX_DAYS * 86400;
}

static void move_files(struct quarantine *q, const char *from)
{
	CLEANUP(strvec) struct strvec names = STRVEC_INIT;
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT, to = STRBUF_INIT;
	struct error ignored = ERROR_INIT;

	if (list(from, &names, &ignored) < 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		if (strcmp(names.v[i], LOCK_NAME) == 0)
			continue;
		strbuf_reset(&path);
		path_join(&path, from, names.v[i]);
		strbuf_reset(&to);
		path_join(&to, q->dir, names.v[i]);
		if (is_old(path.buf) || file_exists(to.buf) || rename(path.buf, to.buf))
			(void)unlink(path.buf);
	}
}

static void take_dir(struct quarantine *q, const char *name)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	CLEANUP(fd) int fd = -1;

	path_join(&path, q->parent, name);
	if (strcmp(path.buf, q->dir) == 0)
		return;
	fd = lock_dir(path.buf);
	if (fd < 0)
		return;
	move_files(q, path.buf);
	strbuf_addf(&path, "/" LOCK_NAME);
	(void)unlink(path.buf);
	strbuf_set_len(&path, path.len - strlen("/" LOCK_NAME));
	(void)rmdir(path.buf);
}

/* A pack that was being written becomes a whole one, as far as it goes. */
static int finish_pack(struct quarantine *q, const char *path, struct error *err)
{
	struct error why = ERROR_INIT;
	struct pack_writer *writer = pack_writer_resume(path, &why);
	struct oid name;

	if (!writer) {
		(void)unlink(path);
		return 0;
	}
	if (!pack_writer_count(writer)) {
		pack_writer_abort(&writer);
		return 0;
	}
	return pack_writer_finish(&writer, q->dir, &name, err) < 0 ? -1 : quarantine_hold(q, &name, false, err);
}

static int take_file(struct quarantine *q, const char *file, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct error damage = ERROR_INIT;
	struct oid name;

	path_join(&path, q->dir, file);
	if (!pack_parse_name(file, &name))
		return finish_pack(q, path.buf, err);
	if (quarantine_hold(q, &name, false, &damage) < 0)
		(void)unlink(path.buf);
	return 0;
}

int quarantine_take_over(struct quarantine *q, struct error *err)
{
	CLEANUP(strvec) struct strvec dirs = STRVEC_INIT, files = STRVEC_INIT;

	if (list(q->parent, &dirs, err) < 0)
		return -1;
	for (size_t i = 0; i < dirs.count; i++)
		if (strncmp(dirs.v[i], TRANSFER_PREFIX "-", strlen(TRANSFER_PREFIX "-")) == 0)
			take_dir(q, dirs.v[i]);
	if (list(q->dir, &files, err) < 0)
		return -1;
	for (size_t i = 0; i < files.count; i++)
		if (strcmp(files.v[i], LOCK_NAME) != 0 && take_file(q, files.v[i], err) < 0)
			return -1;
	return 0;
}

int quarantine_adopt_pack(struct quarantine *q, const char *path, struct error *err)
{
	CLEANUP(strbuf) struct strbuf to = STRBUF_INIT;
	struct oid name;
	size_t len;

	if (!pack_parse_name(path_base(path, &len), &name))
		return error_set(err, ERR_INTEGRITY, "'%s' is not called as a pack is", path);
	pack_path(&to, q->dir, &name);
	if (strcmp(path, to.buf) != 0 && rename(path, to.buf))
		return error_set_errno(err, "cannot rename '%s' to '%s'", path, to.buf);
	if (quarantine_hold(q, &name, false, err) == 0)
		return 0;
	(void)unlink(to.buf);
	return -1;
}
