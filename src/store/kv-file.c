/* SPDX-License-Identifier: Apache-2.0 */
/* The index's files, looked at and prepared before LMDB maps them: it trusts what it maps. */
#include <config.h>

#include "store/kv-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

#define PAGE_LEN 4096 /* where they are longer a map is doubled once more later */

#define HEADER_TRIES 3
#define FEW_BLOCKS 16
#define MAP_MIN (UINT64_C(16) << 20)
#define PAUSE_NS 4000000
#define LOCK_FILE_LEN (68u << 10) /* LMDB's header and 64 bytes a reader, for 1,024 of them */

int kv_file_damaged(struct error *err, const char *why)
{
	error_set(err, ERR_INTEGRITY, "index is damaged: %s", why);
	return error_hint(err, "Run 'mreg fsck --rebuild-index'.");
}

void kv_file_pause(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
}

/* Two of these begin the data file (mdb.c, struct MDB_page and struct MDB_meta; word sizes are the machine's). */
struct tree {
	uint32_t page_len;
	uint16_t flags, depth;
	size_t branch_pages, leaf_pages, overflow_pages, entries, root;
};
struct meta_page {
	size_t number;
	uint16_t pad, flags, lower, upper;
	uint32_t magic, version;
	void *address;
	size_t map_len;
	struct tree trees[2]; /* free pages, main */
	size_t last_page, txn;
};
#define META_FLAG 0x08
#define META_MAGIC 0xBEEFC0DEu
#define META_VERSION 1
#define NO_ROOT SIZE_MAX

static bool is_meta(const struct meta_page *m)
{
	uint32_t page_len = m->trees[0].page_len;

	return (m->flags & META_FLAG) && m->magic == META_MAGIC && m->version == META_VERSION && page_len >= 512 && page_len <= 65536 &&
	       (page_len & (page_len - 1)) == 0 && m->last_page >= 1 && m->last_page < SIZE_MAX / 65536;
}

/*
 * Only what the trees hang from must be there: the last pages that a transaction took may never have been written, when it freed them
 * again.  A file cut further up faults, and is found that way.
 */
static bool roots_are_inside(const struct meta_page *m, uint64_t file_len)
{
	for (int i = 0; i < 2; i++) {
		size_t root = m->trees[i].root;

		if (root != NO_ROOT && (root < 2 || root > m->last_page || ((uint64_t)root + 1) * m->trees[0].page_len > file_len))
			return false;
	}
	return true;
}

/* 1: a sound header, 0: not, -1. */
static int read_header(int fd, const char *path, uint64_t *file_len, struct error *err)
{
	struct meta_page m[2];
	struct stat st;
	ssize_t n = file_pread(fd, &m[0], sizeof m[0], 0, path, err);

	if (n < 0)
		return -1;
	if ((size_t)n == sizeof m[0] && is_meta(&m[0])) {
		n = file_pread(fd, &m[1], sizeof m[1], m[0].trees[0].page_len, path, err);
		if (n < 0)
			return -1;
	}
	if (fstat(fd, &st))
		return error_set_errno(err, "cannot read '%s'", path);
	*file_len = (uint64_t)st.st_size;
	if (!*file_len)
		return 1;
	return (size_t)n == sizeof m[1] && *file_len > sizeof m && is_meta(&m[0]) && is_meta(&m[1]) &&
	       m[0].trees[0].page_len == m[1].trees[0].page_len && *file_len >= UINT64_C(2) * m[0].trees[0].page_len &&
	       roots_are_inside(&m[m[1].txn > m[0].txn], *file_len);
}

/* Another process may just be writing the header, so a bad one is looked at again. */
int kv_file_check(const char *path, uint64_t *file_len, bool *absent, struct error *err)
{
	CLEANUP(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	int sound = 0;

	*file_len = 0;
	*absent = fd < 0 && errno == ENOENT;
	if (*absent)
		return 0;
	if (fd < 0)
		return error_set_errno(err, "cannot open '%s'", path);
	for (int i = 0; i < HEADER_TRIES && !sound; i++) {
		if (i)
			kv_file_pause();
		sound = read_header(fd, path, file_len, err);
	}
	*absent = !*file_len;
	return sound < 0 ? -1 : sound ? 0 : kv_file_damaged(err, "its header is not valid");
}

/* LMDB maps its lock file and writes to it: on a full disk a hole in it would be a fault. */
int kv_file_fill_lock(const char *path, struct error *err)
{
	CLEANUP(fd) int fd = -1;
	struct stat st;
	int rc = 0;

	if (!stat(path, &st) && st.st_size)
		return 0;
	fd = file_open(path, O_RDWR | O_CREAT, 0666, err);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st))
		return error_set_errno(err, "cannot read '%s'", path);
	if (!st.st_size)
		rc = posix_fallocate(fd, 0, LOCK_FILE_LEN);
	if (!rc || rc == EINVAL || rc == EOPNOTSUPP)
		return 0;
	errno = rc;
	return error_set_errno(err, "cannot write '%s'", path);
}

/* Shared maps and byte locks do not hold between machines. */
int kv_file_refuse_network(const char *dir, struct error *err)
{
	static const uint32_t kinds[] = {
		0x6969 /* nfs */, 0x517B /* smb */, 0xFF534D42 /* cifs */, 0xFE534D42 /* smb2 */, 0x5346414F /* afs */,
		0x00C36400 /* ceph */, 0x0BD00BD0 /* lustre */, 0x47504653 /* gpfs */, 0x73757245 /* coda */,
		0x01021997 /* 9p */, 0x19830326 /* beegfs */, 0x20030528 /* orangefs */, 0x7461636F /* ocfs2 */, 0x01161970 /* gfs2 */,
	};
	struct statfs fs;

	if (statfs(dir, &fs))
		return error_set_errno(err, "cannot open index '%s'", dir);
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if ((uint32_t)fs.f_type == kinds[i])
			return error_set(err, ERR_LOCAL, "cannot open index '%s': it is on a network file system", dir);
	return 0;
}

int kv_file_identity(int fd, uint64_t *inode, int64_t *birth, struct error *err)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &st))
		return error_set_errno(err, "cannot read the index");
	*inode = st.stx_ino;
	*birth = st.stx_mask & STATX_BTIME ? (int64_t)st.stx_btime.tv_sec * NS_PER_S + st.stx_btime.tv_nsec : 0;
	return 0;
}

bool kv_file_was_replaced(int fd, const char *dir)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct stat ours, there;

	if (fstat(fd, &ours))
		return false;
	path_join(&path, dir, "data.mdb");
	return stat(path.buf, &there) || there.st_ino != ours.st_ino || there.st_dev != ours.st_dev;
}

uint64_t kv_file_map_len(uint64_t file_len)
{
	uint64_t len = MAP_MIN;

	while (len / 2 < file_len && len < (UINT64_C(1) << 62))
		len *= 2;
	return len;
}

int kv_file_temporary(struct strbuf *path, struct error *err)
{
	const char *dir = env_get("TMPDIR");
	int fd = memfd_create("mreg-index", MFD_CLOEXEC);

	if (fd >= 0) {
		strbuf_addf(path, "/proc/self/fd/%d", fd);
		if (!access(path->buf, R_OK | W_OK))
			return fd;
		close(fd);
		strbuf_reset(path);
	}
	path_join(path, dir ? dir : "/tmp", "mreg-index-XXXXXX");
	fd = mkostemp(path->buf, O_CLOEXEC);
	return fd < 0 ? error_set_errno(err, "cannot make '%s'", path->buf) : fd;
}

/* LMDB calls a write that was cut short EIO, which is how a disk becomes full. */
int kv_file_write_error(int fd, int rc)
{
	struct statvfs fs;

	return rc == EIO && !fstatvfs(fd, &fs) && fs.f_blocks && fs.f_bavail < FEW_BLOCKS ? ENOSPC : rc;
}

uint64_t kv_file_longer(uint64_t len, uint64_t pages, uint64_t bytes)
{
	uint64_t wanted = len << !bytes;

	while (wanted < pages * PAGE_LEN + bytes)
		wanted *= 2;
	return wanted;
}
