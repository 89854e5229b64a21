/* SPDX-License-Identifier: Apache-2.0 */
/* OFD locks on the file `lock` of a registry, polled for so that waiting ends by itself and names who is in the way. */
#include <config.h>

#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/utf8.h"

#define HOLDER_LEN 128 /* of each kind's text in the file (mreg-registry(5)) */
#define NS_PER_MS 1000000
#define WAIT_MIN_NS (1 * NS_PER_MS)
#define WAIT_MAX_NS (20 * NS_PER_MS)

static const char *what_is_locked(enum lock_what what)
{
	switch (what) {
	case LOCK_JOURNAL:
		return "journal";
	case LOCK_MERGE:
		return "small packs";
	case LOCK_DROP:
		return "files to be dropped";
	case LOCK_OBJECTS:
		return "objects";
	}
	BUG("unknown lock %d", (int)what);
}

static bool is_refusal(int number)
{
	return number == EACCES || number == EPERM || number == EROFS;
}

/* A copy made without the file gets it again; all who do so at once open the same one. */
static int open_lock_file(const char *mreg_dir, const char *path, bool exclusive, struct error *err)
{
	int flags = (exclusive ? O_RDWR : O_RDONLY) | O_NOFOLLOW, fd = file_open(path, flags, 0, err);

	if (fd < 0 && errno == ENOENT && file_exists(mreg_dir)) {
		error_clear(err);
		fd = file_open(path, flags | O_CREAT, 0666, err);
	}
	if (fd < 0 && exclusive && is_refusal(errno))
		return error_set(err, ERR_READ_ONLY, "registry '%s' is read-only: cannot open '%s' for writing: %s", mreg_dir, path,
			strerror(errno));
	return fd;
}

/* 1: held; 0: somebody else has it; -1. */
static int try_lock(int fd, enum lock_what what, bool exclusive, const char *path, struct error *err)
{
	struct flock request = {
		.l_type = exclusive ? F_WRLCK : F_RDLCK,
		.l_whence = SEEK_SET,
		.l_start = (off_t)what,
		.l_len = 1,
	};

	if (!fcntl(fd, F_OFD_SETLK, &request))
		return 1;
	if (errno == EAGAIN || errno == EACCES || errno == EINTR)
		return 0;
	return error_set_errno(err, "cannot lock '%s'", path);
}

/* Only an exclusive holder's text is worth showing: what stands there beside shared ones is from an earlier time. */
static void describe_holder(int fd, enum lock_what what, struct strbuf *out)
{
	struct flock query = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)what, .l_len = 1 };
	char text[HOLDER_LEN], *end;
	struct error ignored = ERROR_INIT;
	ssize_t n;

	if (fcntl(fd, F_OFD_GETLK, &query))
		query.l_type = F_WRLCK;
	if (query.l_type == F_RDLCK) {
		strbuf_adds(out, "processes that are reading or writing");
		return;
	}
	n = file_pread(fd, text, sizeof text, (uint64_t)what, "lock", &ignored);
	end = n > 0 ? memchr(text, '\n', (size_t)n) : NULL;
	if (!end || end == text) {
		strbuf_adds(out, "another process");
		return;
	}
	strbuf_addc(out, '\'');
	utf8_add_visible(out, text, (size_t)(end - text));
	strbuf_addc(out, '\'');
}

static int timed_out(int fd, const char *mreg_dir, enum lock_what what, uint64_t timeout_ms, struct error *err)
{
	CLEANUP(strbuf) struct strbuf holder = STRBUF_INIT;

	describe_holder(fd, what, &holder);
	error_set(err, ERR_LOCK_TIMEOUT, "cannot lock the %s of registry '%s' within %ju.%03ju s: held by %s", what_is_locked(what),
		mreg_dir, (uintmax_t)(timeout_ms / 1000), (uintmax_t)(timeout_ms % 1000), holder.buf);
	return error_hint(err, "Try again when it has finished; a lock ends with its process.");
}

/* 1: held; 0: not in time; -1. */
static int poll_for(int fd, const char *path, enum lock_what what, bool exclusive, uint64_t timeout_ms, struct error *err)
{
	int64_t start = clock_monotonic(), waited;
	long pause = WAIT_MIN_NS;
	int got;

	while (!(got = try_lock(fd, what, exclusive, path, err))) {
		if (interrupt_check(err) < 0)
			return -1;
		waited = (clock_monotonic() - start) / NS_PER_MS;
		if ((uint64_t)waited >= timeout_ms)
			return 0;
		nanosleep(&(struct timespec){ 0, pause }, NULL);
		pause = pause * 3 / 2 < WAIT_MAX_NS ? pause * 3 / 2 : WAIT_MAX_NS;
	}
	return got;
}

static int wait_for(
	int fd, const char *mreg_dir, const char *path, enum lock_what what, bool exclusive, uint64_t timeout_ms, struct error *err)
{
	int got = poll_for(fd, path, what, exclusive, timeout_ms, err);

	if (got == 0)
		return timed_out(fd, mreg_dir, what, timeout_ms, err);
	return got < 0 ? -1 : 0;
}

/* For people only: whoever cannot write it holds the lock all the same. */
static void write_holder(int fd, enum lock_what what, const char *verb)
{
	char host[64] = "", text[HOLDER_LEN + 1];
	struct error ignored = ERROR_INIT;
	int n;

	gethostname(host, sizeof host - 1);
	host[strcspn(host, " \n")] = '\0';
	n = snprintf(text, sizeof text, "%s %ld %s", *host ? host : "localhost", (long)getpid(), verb ? verb : "-");
	n = n < 0 ? 0 : n < HOLDER_LEN - 1 ? n : HOLDER_LEN - 1;
	memset(text + n, ' ', (size_t)(HOLDER_LEN - n));
	text[n] = '\n';
	if (file_pwrite(fd, text, HOLDER_LEN, (uint64_t)what, "lock", &ignored) < 0)
		error_clear(&ignored);
}

int lock_take(struct lock *lock, const char *mreg_dir, enum lock_what what, bool exclusive, uint64_t timeout_ms, const char *verb,
	struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	CLEANUP(fd) int fd = -1;

	if (lock->fd >= 0)
		BUG("the %s is locked already", what_is_locked(lock->what));
	path_join(&path, mreg_dir, "lock");
	fd = open_lock_file(mreg_dir, path.buf, exclusive, err);
	if (fd < 0)
		return -1;
	if (wait_for(fd, mreg_dir, path.buf, what, exclusive, timeout_ms, err) < 0)
		return -1;
	if (exclusive)
		write_holder(fd, what, verb);
	lock->what = what;
	lock->fd = fd;
	fd = -1;
	return 0;
}

int lock_take_file(int fd, const char *path, uint64_t timeout_ms, struct error *err)
{
	int got = poll_for(fd, path, (enum lock_what)0, true, timeout_ms, err);

	if (got > 0)
		return 0;
	if (got < 0)
		return -1;
	error_set(err, ERR_LOCK_TIMEOUT, "cannot lock '%s' within %ju.%03ju s: held by another process", path, (uintmax_t)(timeout_ms / 1000),
		(uintmax_t)(timeout_ms % 1000));
	return error_hint(err, "Try again when it has finished; a lock ends with its process.");
}

bool lock_file_is_held(int fd)
{
	struct flock query = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };

	return !fcntl(fd, F_OFD_GETLK, &query) && query.l_type != F_UNLCK;
}

/* Closing gives an OFD lock back: no other descriptor shares this file description. */
void lock_release(struct lock *lock)
{
	fd_cleanup(&lock->fd);
	lock->fd = -1;
}

void lock_cleanup(struct lock *lock)
{
	lock_release(lock);
}
