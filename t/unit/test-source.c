/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a file that changes while it is read is noticed, whatever the change. */
#include <config.h>

#include "store/source.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/file-digest.h"
#include "tap.h"

static struct error err;
static char path[4200], other[4200];

static void write_file(const char *to, const char *text)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	need(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && !close(fd), "cannot write a file");
}

static void overwrite(void)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	need(fd >= 0 && pwrite(fd, "X", 1, 3) == 1 && !close(fd), "cannot write over a file");
}

static void append(void)
{
	need(!truncate(path, 20), "truncate");
}

static void shorten(void)
{
	need(!truncate(path, 5), "truncate");
}

static void replace(void)
{
	write_file(other, "0123456789");
	need(!rename(other, path), "rename");
}

static void leave(void)
{
}

/* The file was written just before, so that its time is still the present step of the clock. */
static int read_and(void (*change)(void))
{
	CLEANUP(source) struct source s = SOURCE_INIT;
	char buf[64];
	ssize_t n;

	write_file(path, "0123456789");
	need(!source_open(&s, path, false, -1, &err), err.text);
	n = source_read(&s, buf, source_left(&s, 0, sizeof buf), &err);
	change();
	return n < 0 ? -1 : source_check(&s, (uint64_t)n, &err);
}

static void test_changes(void)
{
	int whole = 0, noticed = 0;

	/* many times: the steps of the clock must not matter */
	for (int i = 0; i < 20; i++) {
		whole += read_and(leave);
		noticed += !read_and(overwrite);
	}
	is_int(whole, 20, "a file that was left alone is whole, however new it is");
	is_int(noticed, 20, "bytes written over at once are noticed");
	is_int(read_and(append), 0, "a file that grew is noticed");
	is_int(read_and(shorten), 0, "a file that was cut is noticed");
	is_int(read_and(replace), 0, "a file that was replaced is noticed");
}

static void test_future(void)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 4000000000, .tv_nsec = 0 } };
	int64_t before = clock_monotonic();
	struct source s;

	write_file(path, "from tomorrow");
	need(!utimensat(AT_FDCWD, path, times, 0), "utimensat");
	is_int(source_open(&s, path, false, -1, &err), 0, "a file with a time in the future is opened");
	ok(clock_monotonic() - before < NS_PER_S, "at once");
	source_close(&s);
}

static void test_proc(void)
{
	CLEANUP(source) struct source s = SOURCE_INIT;
	char buf[64];
	ssize_t n;

	need(!source_open(&s, "/proc/self/status", false, -1, &err), err.text);
	n = source_read(&s, buf, source_left(&s, 0, sizeof buf), &err);
	ok(n >= 0 && source_check(&s, (uint64_t)n, &err) == 0, "a file that says it is empty and is not is never taken for empty");
}

/* As through a mapping, where times tell nothing: what was cut into chunks is not what is hashed later. */
static void test_torn(void)
{
	const size_t len = 9u << 20;
	CLEANUP(ptr) char *bytes = xcalloc(len, 1);
	CLEANUP(source) struct source s = SOURCE_INIT;
	struct file_digest d;
	struct work work;

	write_file(path, "");
	need(!truncate(path, (off_t)len) && !source_open(&s, path, false, -1, &err), "a large file can be opened");
	work_init(&work, NULL, "hashing", 0);
	file_digest_begin(&d, &s);
	file_digest_add(&d, bytes, len);
	ok(file_digest_catch_up(&d, len, &work, &err) == 0 && !d.is_torn, "a file that is read twice is the same");
	bytes[len / 2] = 1;
	file_digest_begin(&d, &s);
	file_digest_add(&d, bytes, len);
	ok(file_digest_catch_up(&d, len, &work, &err) == 0 && d.is_torn, "and when it is not, that is found out");
	work_release(&work);
}

int main(void)
{
	snprintf(path, sizeof path, "%s/file", tap_dir());
	snprintf(other, sizeof other, "%s/other", tap_dir());
	test_changes();
	test_future();
	test_proc();
	test_torn();
	return tap_done();
}
