/* SPDX-License-Identifier: Apache-2.0 */
/* Finds chunks in a file that lies outside of the registry, and checks what is read from it. */
#include <config.h>

#include "store/old-file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#ifdef HAVE_LINUX_FS_H
#include <linux/fs.h>
#endif

#include "base/file.h"
#include "base/mem.h"

#define BLOCK 4096             /* of what can be shared */

static int by_chunk(const void *a, const void *b)
{
	const struct old_place *x = a, *y = b;

	return memcmp(x->piece->chunk.raw, y->piece->chunk.raw, OID_LEN);
}

void old_file_open(struct old_file *old, struct object_reader *reader, int fd, const struct oid *digest, uint64_t size)
{
	struct error ignored = ERROR_INIT;
	uint64_t offset = 0;

	*old = (struct old_file)OLD_FILE_INIT;
	if (object_read_recipe(reader, digest, size, &old->recipe, &ignored) < 0) {
		error_clear(&ignored);
		fd_cleanup(&fd);
		return;
	}
	old->fd = fd;
	old->places = xcalloc(old->recipe.count, sizeof *old->places);
	for (size_t i = 0; i < old->recipe.count; i++) {
		old->places[i] = (struct old_place){ &old->recipe.pieces[i], offset };
		offset += old->recipe.pieces[i].len;
	}
	qsort(old->places, old->recipe.count, sizeof *old->places, by_chunk);
}

bool old_file_find(const struct old_file *old, const struct recipe_piece *piece, uint64_t *offset)
{
	const struct old_place key = { piece, 0 }, *found;

	if (old->fd < 0)
		return false;
	found = bsearch(&key, old->places, old->recipe.count, sizeof key, by_chunk);
	if (!found || found->piece->len != piece->len)
		return false;
	*offset = found->offset;
	return true;
}

/* 1: these are the chunk's bytes; 0; -1 when interrupted.  That they cannot be read is no matter: the store has them. */
static int read_checked(int fd, const struct recipe_piece *piece, uint64_t offset, void *dst, struct error *err)
{
	ssize_t got = file_pread(fd, dst, piece->len, offset, "old file", err);
	struct oid digest;

	if (got < 0 && err->code == ERR_INTERRUPTED)
		return -1;
	if (got < 0)
		error_clear(err);
	if (got != (ssize_t)piece->len)
		return 0;
	sha256_bytes(dst, piece->len, &digest);
	return oid_equal(&digest, &piece->chunk);
}

int old_file_read(const struct old_file *old, const struct recipe_piece *piece, uint64_t offset, void *dst, struct error *err)
{
	return read_checked(old->fd, piece, offset, dst, err);
}

static bool share(struct old_file *old, uint64_t offset, int fd, uint64_t at, uint64_t len)
{
#ifdef FICLONERANGE
	struct file_clone_range range = { .src_fd = old->fd, .src_offset = offset, .src_length = len, .dest_offset = at };

	if (!old->no_sharing && !ioctl(fd, FICLONERANGE, &range))
		return true;
	old->no_sharing = true;
#else
	(void)old, (void)offset, (void)fd, (void)at, (void)len;
#endif
	return false;
}

/* Less than a block of them, so it is copied. */
static bool copy(const struct old_file *old, uint64_t offset, int fd, uint64_t at, size_t len)
{
	struct error ignored = ERROR_INIT;
	uint8_t bytes[BLOCK];

	return !len || (file_pread(old->fd, bytes, len, offset, "old file", &ignored) == (ssize_t)len &&
			file_pwrite(fd, bytes, len, at, "new file", &ignored) == 0);
}

/* Whole blocks can be shared; what lies around them in their first and last block is copied.  What came of it is read from the new file, for the old
 * one may change at any time. */
int old_file_share(struct old_file *old, const struct recipe_piece *piece, uint64_t offset, int fd, uint64_t at, void *dst, struct error *err)
{
	uint64_t head = (BLOCK - offset % BLOCK) % BLOCK, middle = piece->len > head ? (piece->len - head) / BLOCK * BLOCK : 0;

	if (old->no_sharing || offset % BLOCK != at % BLOCK || !middle || !share(old, offset + head, fd, at + head, middle))
		return 0;
	if (!copy(old, offset, fd, at, (size_t)head) ||
	    !copy(old, offset + head + middle, fd, at + head + middle, (size_t)(piece->len - head - middle)))
		return 0;
	return read_checked(fd, piece, at, dst, err);
}

void old_file_cleanup(struct old_file *old)
{
	fd_cleanup(&old->fd);
	recipe_cleanup(&old->recipe);
	ptr_cleanup(&old->places);
	*old = (struct old_file)OLD_FILE_INIT;
}
