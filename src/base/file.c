/* SPDX-License-Identifier: Apache-2.0 */
/* Whole transfers from and to files, durable replacement, and the removal of our own trees. */
#include <config.h>

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/tempfile.h"

#define READ_AHEAD_MAX (1u << 20) /* a size that fstat() claims is believed up to here */
#define TRANSFER_MAX (1u << 30)   /* the kernel moves a little less than 2 GiB at once */
#define NAME_TRIES 1000

void fd_cleanup(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

/* After a system call failed: 0 to try again, -1 with err set. */
static int try_again(const char *what, const char *name, struct error *err)
{
	if (errno == EINTR)
		return interrupt_check(err);
	return error_set_errno(err, "cannot %s '%s'", what, name);
}

int file_open(const char *path, int flags, unsigned mode, struct error *err)
{
	int fd;

	do {
		fd = open(path, flags | O_CLOEXEC, (mode_t)mode);
	} while (fd < 0 && !try_again(flags & O_CREAT ? "create" : "open", path, err));
	return fd;
}

static size_t at_once(size_t len)
{
	return len < TRANSFER_MAX ? len : TRANSFER_MAX;
}

/* waits: for input, so that a signal can end it. */
static ssize_t read_on(int fd, void *buf, size_t len, bool waits, const char *name, struct error *err)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		if (waits && interrupt_wait_input(fd, err) < 0)
			return -1;
		n = read(fd, (char *)buf + done, at_once(len - done));
		if (!n)
			break;
		if (n > 0)
			done += (size_t)n;
		else if (try_again("read", name, err) < 0)
			return -1;
	}
	return (ssize_t)done;
}

ssize_t file_read(int fd, void *buf, size_t len, const char *name, struct error *err)
{
	return read_on(fd, buf, len, false, name, err);
}

ssize_t file_read_stream(int fd, void *buf, size_t len, const char *name, struct error *err)
{
	return read_on(fd, buf, len, true, name, err);
}

ssize_t file_pread(int fd, void *buf, size_t len, uint64_t offset, const char *name, struct error *err)
{
	size_t done = 0;
	ssize_t n;

	if (offset > INT64_MAX - len)
		return error_set(err, ERR_INTEGRITY, "cannot read '%s': no file has an offset of %ju", name, (uintmax_t)offset);
	while (done < len) {
		n = pread(fd, (char *)buf + done, at_once(len - done), (off_t)(offset + done));
		if (!n)
			break;
		if (n > 0)
			done += (size_t)n;
		else if (try_again("read", name, err) < 0)
			return -1;
	}
	return (ssize_t)done;
}

int file_write(int fd, const void *buf, size_t len, const char *name, struct error *err)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = write(fd, (const char *)buf + done, at_once(len - done));
		if (n >= 0)
			done += (size_t)n;
		else if (try_again("write", name, err) < 0)
			return -1;
	}
	return 0;
}

int file_pwrite(int fd, const void *buf, size_t len, uint64_t offset, const char *name, struct error *err)
{
	size_t done = 0;
	ssize_t n;

	if (offset > INT64_MAX - len)
		return error_set(err, ERR_LOCAL, "cannot write '%s': no file has an offset of %ju", name, (uintmax_t)offset);
	while (done < len) {
		n = pwrite(fd, (const char *)buf + done, at_once(len - done), (off_t)(offset + done));
		if (n >= 0)
			done += (size_t)n;
		else if (try_again("write", name, err) < 0)
			return -1;
	}
	return 0;
}

int file_sync(int fd, const char *name, struct error *err)
{
	while (fsync(fd))
		if (try_again("sync", name, err) < 0)
			return -1;
	return 0;
}

int file_sync_data(int fd, const char *name, struct error *err)
{
	while (fdatasync(fd))
		if (try_again("sync", name, err) < 0)
			return -1;
	return 0;
}

int file_sync_dir(const char *path, struct error *err)
{
	CLEANUP(fd) int fd = file_open(path, O_RDONLY | O_DIRECTORY, 0, err);

	if (fd < 0)
		return -1;
	while (fsync(fd)) {
		if (errno == EINVAL)
			return 0;
		if (try_again("sync", path, err) < 0)
			return -1;
	}
	return 0;
}

static int read_to_end(int fd, const char *path, struct strbuf *out, size_t max, struct error *err)
{
	size_t before = out->len, room, asked;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st))
		return error_set_errno(err, "cannot read '%s'", path);
	room = st.st_size > 0 && st.st_size < (off_t)READ_AHEAD_MAX ? (size_t)st.st_size + 1 : 4096;
	do {
		asked = room;
		strbuf_grow(out, asked);
		n = file_read(fd, out->buf + out->len, asked, path, err);
		if (n < 0)
			return -1;
		strbuf_set_len(out, out->len + (size_t)n);
		if (out->len - before > max)
			return error_set(err, ERR_INTEGRITY, "cannot read '%s': it is larger than %zu bytes", path, max);
		room = out->len - before < READ_AHEAD_MAX ? READ_AHEAD_MAX : out->len - before;
	} while ((size_t)n == asked); /* less is the end */
	return 0;
}

int file_slurp(const char *path, struct strbuf *out, size_t max, bool *absent, struct error *err)
{
	CLEANUP(fd) int fd = file_open(path, O_RDONLY, 0, err);
	size_t before = out->len;

	if (absent)
		*absent = fd < 0 && errno == ENOENT;
	if (fd < 0 && absent && *absent) {
		error_clear(err);
		return 0;
	}
	if (fd < 0)
		return -1;
	if (read_to_end(fd, path, out, max, err) < 0) {
		strbuf_set_len(out, before);
		return -1;
	}
	return 0;
}

int file_slurp_operand(const char *path, struct strbuf *out, size_t max, struct error *err)
{
	ssize_t got;

	if (strcmp(path, "-") != 0) {
		if (file_slurp(path, out, max, NULL, err) == 0)
			return 0;
		if (err->code == ERR_INTEGRITY) /* too large is no damage here */
			err->code = ERR_INVALID;
		return -1;
	}
	strbuf_grow(out, max + 1);
	got = file_read_stream(STDIN_FILENO, out->buf + out->len, max + 1, "standard input", err);
	if (got < 0)
		return -1;
	if ((size_t)got > max)
		return error_set(err, ERR_INVALID, "cannot read standard input: it is larger than %zu bytes", max);
	strbuf_set_len(out, out->len + (size_t)got);
	return 0;
}

/* A name left over by an earlier process with our number is passed over. */
static int create_beside(const char *dir, struct strbuf *name, unsigned mode, struct error *err)
{
	int fd = -1;

	for (int i = 0; fd < 0 && i < NAME_TRIES; i++) {
		strbuf_reset(name);
		tempfile_name(name, dir, ".mreg-tmp");
		fd = file_open(name->buf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode, err);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	return fd;
}

static int write_durably(int fd, const char *name, const void *data, size_t len, struct error *err)
{
	if (file_write(fd, data, len, name, err) < 0 || file_sync(fd, name, err) < 0)
		return -1;
	return 0;
}

int file_replace(const char *path, const void *data, size_t len, unsigned mode, struct error *err)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT, name = STRBUF_INIT;
	CLEANUP(fd) int fd = -1;

	path_dir(&dir, path);
	fd = create_beside(dir.buf, &name, mode, err);
	if (fd < 0)
		return error_wrap(err, "cannot write '%s'", path);
	if (write_durably(fd, name.buf, data, len, err) < 0) {
		unlink(name.buf);
		return error_wrap(err, "cannot write '%s'", path);
	}
	if (rename(name.buf, path)) {
		error_set_errno(err, "cannot write '%s'", path);
		unlink(name.buf);
		return -1;
	}
	return file_sync_dir(dir.buf, err);
}

static int rename_directory(const char *from, const char *to)
{
	if (file_exists(to)) {
		errno = EEXIST;
		return -1;
	}
	return rename(from, to);
}

/* Neither call replaces anything but, in the directory's case, an empty one that appeared just now. */
static int rename_without_kernel(const char *from, const char *to)
{
	struct stat st;

	if (lstat(from, &st))
		return -1;
	if (S_ISDIR(st.st_mode))
		return rename_directory(from, to);
	return link(from, to) ? -1 : unlink(from);
}

int file_rename_new(const char *from, const char *to, struct error *err)
{
	int failed = -1;

#ifdef HAVE_RENAMEAT2
	failed = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
	if (failed && (errno == ENOSYS || errno == EINVAL || errno == ENOTSUP))
#endif
		failed = rename_without_kernel(from, to);
	if (!failed)
		return 0;
	if (errno == EEXIST || errno == ENOTEMPTY)
		return 1;
	return error_set_errno(err, "cannot rename '%s' to '%s'", from, to);
}

int file_mkdir(const char *path, unsigned mode, struct error *err)
{
	struct stat st;

	if (!mkdir(path, (mode_t)mode))
		return 0;
	if (errno == EEXIST && !stat(path, &st)) {
		if (S_ISDIR(st.st_mode))
			return 0;
		errno = ENOTDIR;
	}
	return error_set_errno(err, "cannot create directory '%s'", path);
}

int file_mkdir_parents(const char *path, unsigned mode, struct error *err)
{
	CLEANUP(strbuf) struct strbuf part = STRBUF_INIT;

	for (const char *p = path; *p; p++) {
		if (*p != '/' || p == path || p[-1] == '/')
			continue;
		strbuf_reset(&part);
		strbuf_add(&part, path, (size_t)(p - path));
		if (file_mkdir(part.buf, mode, err) < 0)
			return -1;
	}
	return file_mkdir(path, mode, err);
}

bool file_exists(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

bool file_is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

bool file_is_empty_dir(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	size_t count = 0;

	if (!dir)
		return false;
	while (count <= 2 && (entry = readdir(dir)))
		count++;
	closedir(dir);
	return count == 2; /* itself and the one above */
}

/* rm -r with two open directories, whatever the depth of the tree. */
struct removal {
	int root;
	unsigned moved;
};

static void dir_cleanup(DIR **dir)
{
	int saved = errno;

	if (*dir)
		closedir(*dir);
	errno = saved;
}

static DIR *open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !dir)
		close(fd);
	return dir;
}

static bool is_dot(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

static bool is_dir(int at, const char *name)
{
	struct stat st;

	return !fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode);
}

/* Moves a directory up to the root under a new name, where a later pass meets it: no depth needs a stack. */
static int move_up(struct removal *r, int at, const char *name)
{
	char up[32];
	int failed;

	do {
		snprintf(up, sizeof up, ".moved-%u", r->moved++);
		failed = renameat(at, name, r->root, up);
	} while (failed && (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR));
	return failed;
}

/* Removes the files of a directory directly below the root, moves its directories up, and removes it. */
static int remove_child(struct removal *r, const char *name)
{
	CLEANUP(dir) DIR *dir = open_dir(r->root, name);
	struct dirent *entry;

	if (!dir)
		return -1;
	while ((entry = readdir(dir))) {
		if (is_dot(entry->d_name) || !unlinkat(dirfd(dir), entry->d_name, 0))
			continue;
		if (!is_dir(dirfd(dir), entry->d_name) || move_up(r, dirfd(dir), entry->d_name))
			return -1;
	}
	return unlinkat(r->root, name, AT_REMOVEDIR);
}

/* What is moved up may lie behind the reader, so passes go on until one finds nothing: *found. */
static int remove_pass(struct removal *r, DIR *root, bool *found)
{
	struct dirent *entry;

	*found = false;
	rewinddir(root);
	while ((entry = readdir(root))) {
		if (is_dot(entry->d_name))
			continue;
		*found = true;
		if (!unlinkat(r->root, entry->d_name, 0))
			continue;
		if (!is_dir(r->root, entry->d_name) || remove_child(r, entry->d_name))
			return -1;
	}
	return 0;
}

static int remove_contents(const char *path)
{
	CLEANUP(dir) DIR *root = open_dir(AT_FDCWD, path);
	struct removal r = { .root = root ? dirfd(root) : -1 };
	bool found = true;

	if (!root)
		return -1;
	while (found)
		if (remove_pass(&r, root, &found))
			return -1;
	return 0;
}

int file_remove_tree(const char *path, struct error *err)
{
	if (!unlink(path) || errno == ENOENT)
		return 0;
	if (!is_dir(AT_FDCWD, path) || remove_contents(path) || rmdir(path))
		return error_set_errno(err, "cannot remove '%s'", path);
	return 0;
}
