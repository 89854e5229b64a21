/* SPDX-License-Identifier: Apache-2.0 */
/* Opens local files without waiting or following links, and tells whether they changed while they were read. */
#include <config.h>

#include "store/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "store/statcache.h"

#define NS_PER_MS 1000000
#define STEP_MAX_NS (20 * NS_PER_MS)
#define STEP_TRIES 30 /* a millisecond each */

#ifdef CLOCK_REALTIME_COARSE
#define CLOCK_OF_FILES CLOCK_REALTIME_COARSE
#else
#define CLOCK_OF_FILES CLOCK_REALTIME
#endif

/* The time that a file changed now would carry. */
static int64_t clock_step(void)
{
	struct timespec ts = { 0, 0 };

	clock_gettime(CLOCK_OF_FILES, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* O_NOATIME is for the owner alone; O_NONBLOCK keeps a FIFO from holding us until somebody writes to it. */
static int open_quietly(const char *path, bool follow)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (follow ? 0 : O_NOFOLLOW);
#ifdef O_NOATIME
	int fd = open(path, flags | O_NOATIME);

	if (fd >= 0 || errno != EPERM)
		return fd;
#endif
	return open(path, flags);
}

static int not_regular(const char *path, struct error *err)
{
	return error_set(err, ERR_LOCAL, "cannot read '%s': it is not a regular file", path);
}

static int open_path(const char *path, bool follow, struct error *err)
{
	int fd;

	while ((fd = open_quietly(path, follow)) < 0) {
		if (errno == ENXIO || (errno == ELOOP && !follow))
			return not_regular(path, err);
		if (errno != EINTR)
			return error_set_errno(err, "cannot read '%s'", path);
		if (interrupt_check(err) < 0)
			return -1;
	}
	return fd;
}

/*
 * Times of files advance in steps of some milliseconds.  A file that was changed within the step that is not over yet could be
 * changed again without showing it, so the step is waited out.  A time far in the future comes from another clock, and waiting
 * would not help.
 */
static int stat_settled(int fd, struct stat *st)
{
	int64_t before, ctime;

	for (int i = 0; i < STEP_TRIES; i++) {
		before = clock_step();
		if (fstat(fd, st))
			return -1;
		ctime = st->st_ctim.tv_sec * NS_PER_S + st->st_ctim.tv_nsec;
		if (!S_ISREG(st->st_mode) || ctime < before || ctime - before > STEP_MAX_NS)
			break;
		nanosleep(&(struct timespec){ .tv_nsec = NS_PER_MS }, NULL);
	}
	return 0;
}

int source_open(struct source *s, const char *path, bool follow, int fd, struct error *err)
{
	*s = (struct source){ .path = path, .fd = fd, .is_pipe = fd >= 0, .observed = clock_real() };
	if (s->is_pipe)
		return 0;
	s->fd = open_path(path, follow, err);
	if (s->fd < 0)
		return -1;
	if (stat_settled(s->fd, &s->before))
		error_set_errno(err, "cannot read '%s'", path);
	else if (!S_ISREG(s->before.st_mode))
		not_regular(path, err);
	else
		return 0;
	source_close(s);
	return -1;
}

void source_open_stream(struct source *s, const char *path, source_read_fn read, void *arg, uint64_t size)
{
	*s = (struct source){ .path = path, .fd = -1, .is_pipe = true, .read = read, .read_arg = arg, .before.st_size = (off_t)size };
}

size_t source_left(const struct source *s, uint64_t taken, size_t max)
{
	uint64_t size = (uint64_t)s->before.st_size;

	if (s->is_pipe)
		return max;
	/* files in /proc say 0 and have bytes all the same: never take such a one for empty */
	if (!size && !taken)
		return 1;
	if (taken >= size)
		return 0;
	return size - taken < max ? (size_t)(size - taken) : max;
}

ssize_t source_read(struct source *s, void *buf, size_t len, struct error *err)
{
	if (s->read)
		return s->read(s->read_arg, buf, len, err);
	return s->is_pipe ? file_read_stream(s->fd, buf, len, s->path, err) : file_read(s->fd, buf, len, s->path, err);
}

void source_expect_all(const struct source *s)
{
	if (!s->is_pipe)
		posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
}

int source_check(const struct source *s, uint64_t taken, struct error *err)
{
	struct stat after;

	if (s->is_pipe)
		return 1;
	if (fstat(s->fd, &after))
		return error_set_errno(err, "cannot read '%s'", s->path);
	return taken == (uint64_t)s->before.st_size && stat_is_same(&s->before, &after);
}

int source_changes(const struct source *s, struct error *err)
{
	return error_set(err, ERR_INTEGRITY, "'%s' changes while it is read", s->path);
}

void source_close(struct source *s)
{
	if (!s->is_pipe)
		fd_cleanup(&s->fd);
	s->fd = -1;
}

void source_cleanup(struct source *s)
{
	source_close(s);
}
