/* SPDX-License-Identifier: Apache-2.0 */
/* Clones the packs of another registry on this machine into the quarantine. */
#include <config.h>

#include "transport/local-packs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strvec.h"
#include "store/lock.h"
#include "store/pack.h"
#include "transport/fetch-internal.h"

#define PART_NAME "pack-part" /* while it is copied: whole records of it are of use to who takes it over */
#define STEP (64u << 20)      /* so that an interrupt does not wait long */
#define BUFFER_LEN (1u << 20)

/* ---- copying ---- */

static bool share(int from, int to)
{
#ifdef FICLONE
	return ioctl(to, FICLONE, from) == 0;
#else
	(void)from, (void)to;
	return false;
#endif
}

/* By way of our memory: 0, -1. */
static int copy_step(int from, int to, uint64_t at, size_t len, struct error *err)
{
	CLEANUP(ptr) uint8_t *buffer = xmalloc(BUFFER_LEN);

	while (len) {
		ssize_t got = file_pread(from, buffer, len < BUFFER_LEN ? len : BUFFER_LEN, at, "pack", err);

		if (got <= 0)
			return got < 0 ? -1 : error_set(err, ERR_LOCAL, "a pack became shorter");
		if (file_pwrite(to, buffer, (size_t)got, at, "copy of a pack", err) < 0)
			return -1;
		at += (uint64_t)got;
		len -= (size_t)got;
	}
	return 0;
}

/* At most len bytes by the kernel alone, 0 when it cannot. */
static size_t copy_in_kernel(int from, int to, uint64_t at, size_t len)
{
#ifdef HAVE_COPY_FILE_RANGE
	off_t in = (off_t)at, out = (off_t)at;
	ssize_t done = copy_file_range(from, &in, to, &out, len, 0);

	return done > 0 ? (size_t)done : 0;
#else
	(void)from, (void)to, (void)at, (void)len;
	return 0;
#endif
}

static int copy(int from, int to, uint64_t len, struct report *report, uint64_t before, uint64_t total, struct error *err)
{
	for (uint64_t at = 0; at < len;) {
		size_t step = len - at < STEP ? (size_t)(len - at) : STEP, done = copy_in_kernel(from, to, at, step);

		if (interrupt_check(err) < 0 || (!done && copy_step(from, to, at, step, err) < 0))
			return -1;
		at += done ? done : step;
		report_progress(report, "copying", before + at, total);
	}
	return 0;
}

/* ---- packs ---- */

struct adoption {
	struct fetch *fetch;
	const char *objects_dir; /* of the other registry */
	struct strvec packs;     /* names of files in it */
	uint64_t done, total;    /* bytes of them */
};

static void adoption_cleanup(struct adoption *a)
{
	strvec_release(&a->packs);
}

/* It has the form of a pack: table and records agree, nothing stands between them.  What the records hold is for the fetch to verify. */
static bool is_pack(const char *path, const char *name, struct error *err)
{
	struct pack *p;
	struct oid id;
	bool is;

	if (!pack_parse_name(name, &id))
		return false;
	p = pack_open(path, &id, err);
	is = p && pack_check(p, err) == 0;
	pack_close(p);
	return is;
}

/* into: where the copy is made. */
static int copy_pack(struct adoption *a, const char *from_path, const char *into, struct error *err)
{
	CLEANUP(fd) int from = open(from_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), to = -1;
	struct stat st;

	if (from < 0 || fstat(from, &st) < 0 || !S_ISREG(st.st_mode))
		return error_set(err, ERR_LOCAL, "'%s' cannot be read", from_path);
	to = file_open(into, O_RDWR | O_CREAT | O_EXCL, 0444, err);
	if (to < 0)
		return -1;
	if (!share(from, to) && copy(from, to, (uint64_t)st.st_size, &a->fetch->alive, a->done, a->total, err) < 0)
		return -1;
	a->done += (uint64_t)st.st_size;
	report_progress(&a->fetch->alive, "copying", a->done, a->total);
	return 0;
}

static int adopt_pack(struct adoption *a, const char *name, struct error *err)
{
	CLEANUP(strbuf) struct strbuf from = STRBUF_INIT, part = STRBUF_INIT, to = STRBUF_INIT;
	const char *dir = quarantine_dir(a->fetch->quarantine);

	path_join(&from, a->objects_dir, name);
	path_join(&part, dir, PART_NAME);
	path_join(&to, dir, name);
	if (file_exists(to.buf))
		return 0; /* left over from the last time */
	if (copy_pack(a, from.buf, part.buf, err) == 0 && rename(part.buf, to.buf) == 0 && is_pack(to.buf, name, err))
		return quarantine_adopt_pack(a->fetch->quarantine, to.buf, err);
	(void)unlink(part.buf);
	(void)unlink(to.buf);
	return err->code == ERR_NONE ? error_set(err, ERR_LOCAL, "'%s' cannot be copied", from.buf) : -1;
}

/* ---- the other registry ---- */

static void add_pack(struct adoption *a, int dir, const char *name)
{
	struct stat st;
	struct oid id;

	if (!pack_parse_name(name, &id) || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return;
	strvec_push(&a->packs, name);
	a->total += (uint64_t)st.st_size;
}

static void list_packs(struct adoption *a)
{
	DIR *dir = opendir(a->objects_dir);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		add_pack(a, dirfd(dir), entry->d_name);
	closedir(dir);
	strvec_sort(&a->packs);
}

/* One pack that cannot be had, or is damaged, says nothing of the next; a disk that is full does. */
static int adopt_all(struct adoption *a, struct error *err)
{
	list_packs(a);
	for (size_t i = 0; i < a->packs.count; i++) {
		if (adopt_pack(a, a->packs.v[i], err) == 0)
			continue;
		if (err->code == ERR_INTERRUPTED)
			return -1;
		if (err->code == ERR_DISK_FULL)
			break;
		error_clear(err);
	}
	error_clear(err);
	return 0;
}

int local_packs_adopt(struct fetch *f, const char *far_path, struct error *err)
{
	CLEANUP(strbuf) struct strbuf mreg_dir = STRBUF_INIT, objects_dir = STRBUF_INIT;
	CLEANUP(lock) struct lock lock = LOCK_INIT;
	CLEANUP(adoption) struct adoption a = { .fetch = f };

	if (registry_discover(far_path, &mreg_dir, err) < 0 ||
	    lock_take(&lock, mreg_dir.buf, LOCK_OBJECTS, false, f->reg->store->lock_timeout_ms, "clone", err) < 0) {
		if (err->code == ERR_INTERRUPTED)
			return -1;
		error_clear(err);
		return 0;
	}
	path_join(&objects_dir, mreg_dir.buf, "objects");
	a.objects_dir = objects_dir.buf;
	return adopt_all(&a, err);
}
