/* SPDX-License-Identifier: Apache-2.0 */
/* Runs diff -u on two texts in memory. */
#include <config.h>

#include "registry/text-diff.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"

bool text_diff_is_text(const struct strbuf *text)
{
	return !memchr(text->buf, '\0', text->len);
}

/* A file without a name, which the program opens by the number that it inherits: nothing is left behind, whatever ends us. */
static int memory_file(const struct strbuf *text, struct error *err)
{
	CLEANUP(fd) int fd = memfd_create("mreg-diff", 0);
	int whole;

	if (fd < 0)
		return error_set_errno(err, "cannot make a file in memory");
	if (file_write(fd, text->buf, text->len, "a file in memory", err) < 0)
		return -1;
	whole = fd;
	fd = -1;
	return whole;
}

static int pass_on(int fd, text_diff_fn fn, void *arg, struct error *err)
{
	char buffer[16384];
	ssize_t got;

	while ((got = file_read_stream(fd, buffer, sizeof buffer, "the output of diff", err)) > 0)
		if (fn(buffer, (size_t)got, arg, err) < 0)
			return -1;
	return got < 0 ? -1 : 0;
}

static int run_program(const char *const *argv, text_diff_fn fn, void *arg, struct error *err)
{
	CLEANUP(fd) int from = -1;
	CLEANUP(fd) int to = -1;
	struct error ignored = ERROR_INIT;
	int ends[2], rc, status;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, "cannot make a pipe");
	from = ends[0];
	to = ends[1];
	if (process_spawn(argv, -1, to, -1, &pid, err) < 0)
		return error_hint(
			err, "Line by line files are compared by the program diff, of diffutils; --stat, --json and -q do without it.");
	fd_cleanup(&to);
	to = -1;
	rc = pass_on(from, fn, arg, err);
	fd_cleanup(&from); /* so that it does not wait for a reader */
	from = -1;
	if (process_wait(pid, &status, rc < 0 ? &ignored : err) < 0 || rc < 0)
		return -1;
	return status > 1 ? error_set(err, ERR_LOCAL, "'diff' ended with status %d", status) : 0;
}

int text_diff_run(const struct strbuf *before, const char *before_label, const struct strbuf *after, const char *after_label,
	text_diff_fn fn, void *arg, struct error *err)
{
	CLEANUP(fd) int a = memory_file(before, err);
	CLEANUP(fd) int b = a < 0 ? -1 : memory_file(after, err);
	CLEANUP(strbuf) struct strbuf a_path = STRBUF_INIT, b_path = STRBUF_INIT;

	if (a < 0 || b < 0)
		return -1;
	strbuf_addf(&a_path, "/dev/fd/%d", a);
	strbuf_addf(&b_path, "/dev/fd/%d", b);
	return run_program((const char *const[]){ "diff", "-u", "-a", "-L", before_label, "-L", after_label, a_path.buf, b_path.buf, NULL },
		fn, arg, err);
}
