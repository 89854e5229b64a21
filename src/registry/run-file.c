/* SPDX-License-Identifier: Apache-2.0 */
/* The file of a running run: found, locked, appended to, removed. */
#include <config.h>

#include "registry/run-file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/file.h"
#include "base/path.h"
#include "store/lock.h"

#define STEP_BACK 65536 /* bytes that are searched at a time for the end of the last whole line */

void run_file_path(const struct registry *reg, const struct run_id *id, struct strbuf *out)
{
	path_join(out, reg->store->dir, "runs");
	strbuf_addf(out, "/%s", id->text);
}

int64_t run_file_touched(const struct registry *reg, const struct run_id *id)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct stat st;

	run_file_path(reg, id, &path);
	return lstat(path.buf, &st) == 0 && S_ISREG(st.st_mode) ? (int64_t)st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec : 0;
}

void run_file_cleanup(struct run_file *f)
{
	fd_cleanup(&f->fd);
	strbuf_release(&f->path);
	*f = (struct run_file)RUN_FILE_INIT;
}

/* Who shares a registry logs to the runs of others, whatever the umask of who began them. */
static void share(int fd, const struct strbuf *path)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;
	struct stat above, file;

	path_dir(&dir, path->buf);
	if (stat(dir.buf, &above) == 0 && (above.st_mode & S_ISGID) && (above.st_mode & S_IWGRP) && fstat(fd, &file) == 0 &&
		file.st_uid == geteuid())
		(void)!fchmod(fd, (file.st_mode & 0777) | S_IRGRP | S_IWGRP);
}

/* 1: locked; 0: who had it before removed it. */
static int take(struct registry *reg, struct run_file *f, struct stat *st, struct error *err)
{
	fd_cleanup(&f->fd);
	f->fd = file_open(f->path.buf, O_RDWR | O_CREAT | O_NOFOLLOW, 0666, err);
	if (f->fd < 0 || lock_take_file(f->fd, f->path.buf, reg->store->lock_timeout_ms, err) < 0)
		return -1;
	if (fstat(f->fd, st) < 0)
		return error_set_errno(err, "cannot read '%s'", f->path.buf);
	if (!S_ISREG(st->st_mode))
		return error_set(err, ERR_INTEGRITY, "'%s' is not a regular file", f->path.buf);
	return st->st_nlink > 0;
}

int run_file_end(int fd, const char *path, uint64_t end, uint64_t *out, struct error *err)
{
	char piece[STEP_BACK];

	while (end > 0) {
		size_t len = end < sizeof piece ? (size_t)end : sizeof piece;
		ssize_t got = file_pread(fd, piece, len, end - len, path, err);

		if (got < 0)
			return -1;
		for (size_t i = (size_t)got; i > 0; i--)
			if (piece[i - 1] == '\n') {
				*out = end - len + i;
				return 0;
			}
		end -= len;
	}
	*out = 0;
	return 0;
}

static int lock_and_mend(struct registry *reg, struct run_file *f, struct error *err)
{
	struct stat st;
	int locked;

	while ((locked = take(reg, f, &st, err)) == 0)
		;
	if (locked < 0 || run_file_end(f->fd, f->path.buf, (uint64_t)st.st_size, &f->len, err) < 0)
		return -1;
	if (st.st_size == 0)
		share(f->fd, &f->path);
	if (f->len < (uint64_t)st.st_size && ftruncate(f->fd, (off_t)f->len) < 0)
		return error_set_errno(err, "cannot shorten '%s'", f->path.buf);
	return 0;
}

int run_file_lock(struct registry *reg, const struct run_id *id, struct run_file *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;

	path_join(&dir, reg->store->dir, "runs");
	strbuf_reset(&out->path);
	run_file_path(reg, id, &out->path);
	if (file_mkdir(dir.buf, 0777, err) == 0 && lock_and_mend(reg, out, err) == 0)
		return 0;
	fd_cleanup(&out->fd);
	out->fd = -1;
	return -1;
}

int run_file_append(struct run_file *f, const void *data, size_t len, struct error *err)
{
	size_t half = len / 2;

	if (file_pwrite(f->fd, data, half, f->len, f->path.buf, err) == 0) {
		crash_point("run-half-points");
		if (file_pwrite(f->fd, (const char *)data + half, len - half, f->len + half, f->path.buf, err) == 0) {
			f->len += len;
			return 0;
		}
	}
	(void)!ftruncate(f->fd, (off_t)f->len);
	return -1;
}

void run_file_remove(struct run_file *f)
{
	(void)unlink(f->path.buf);
}
