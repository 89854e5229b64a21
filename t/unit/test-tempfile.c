/* SPDX-License-Identifier: Apache-2.0 */
/* Temporary names, and the sweep. */
#include <config.h>

#include "base/tempfile.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/file.h"
#include "base/path.h"
#include "base/thread-pool.h"
#include "tap.h"

static struct error err;

static void touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	need(fd >= 0, "cannot create a file");
	close(fd);
}

/* The name that a process that is gone would have chosen. */
static void name_of_the_dead(struct strbuf *out)
{
	CLEANUP(strbuf) struct strbuf mine = STRBUF_INIT;
	pid_t child = fork();
	char *host;

	if (!child)
		_exit(0);
	waitpid(child, NULL, 0);
	tempfile_name(&mine, "", "pack");
	host = strchr(mine.buf, '-') + 1;
	strbuf_addf(out, "pack-%.8s-%ld-7", host, (long)child);
}

static void test_names(void)
{
	CLEANUP(strbuf) struct strbuf a = STRBUF_INIT, b = STRBUF_INIT;
	size_t len;

	tempfile_name(&a, tap_dir(), "pack");
	tempfile_name(&b, tap_dir(), "pack");
	ok(strcmp(a.buf, b.buf) != 0, "two names differ");
	ok(!strncmp(path_base(a.buf, &len), "pack-", 5) && !strncmp(a.buf, tap_dir(), strlen(tap_dir())),
		"a name has its directory and prefix");
	touch(a.buf);
	ok(!tempfile_is_stale(tap_dir(), path_base(a.buf, &len)), "our own file is not stale");
	tempfile_sweep(tap_dir());
	ok(file_exists(a.buf), "and is not swept");
}

static void test_sweep(void)
{
	CLEANUP(strbuf) struct strbuf dead = STRBUF_INIT, path = STRBUF_INIT, inside = STRBUF_INIT, other = STRBUF_INIT;

	name_of_the_dead(&dead);
	path_join(&path, tap_dir(), dead.buf);
	path_join(&inside, path.buf, "x");
	path_join(&other, tap_dir(), "notes");
	need(!file_mkdir(path.buf, 0700, &err), "mkdir");
	touch(inside.buf);
	touch(other.buf);
	ok(tempfile_is_stale(tap_dir(), dead.buf), "a name of a process that is gone is stale");
	tempfile_sweep(tap_dir());
	ok(!file_exists(path.buf), "its tree is swept");
	ok(file_exists(other.buf), "a file that is nobody's is not");
	tempfile_sweep("/nonexistent");
	ok(true, "an absent directory is swept in silence");
}

static void test_foreign(void)
{
	static const char *const names[] = { "", "-", "---", "pack-00000000-1-1", "pack-1-1", "pack-x-y-z", "-00000000-99999999-1",
		"a-b-c-d-e" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		ok(!tempfile_is_stale(tap_dir(), names[i]), "'%s' is not judged", names[i]);
}

/* It has ended, and nobody has asked how. */
static void test_zombie(void)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	char theirs[4400] = "";
	const char *base;
	size_t len;
	int pipes[2];
	pid_t child;
	siginfo_t info;

	need(!pipe(pipes), "pipe");
	child = fork();
	if (!child) {
		tempfile_name(&name, tap_dir(), "pack");
		_exit(write(pipes[1], name.buf, name.len) != (ssize_t)name.len);
	}
	need(child > 0 && !waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) && read(pipes[0], theirs, sizeof theirs - 1) > 0, "fork");
	touch(theirs);
	base = path_base(theirs, &len);
	ok(tempfile_is_stale(tap_dir(), base), "a file of a process that has ended is stale, though its parent has not asked how");
	unlink(theirs);
	waitpid(child, NULL, 0);
	close(pipes[0]);
	close(pipes[1]);
}

static void test_old(void)
{
	static const char name[] = "pack-00000000-1-1";
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct timespec times[2] = { { .tv_sec = time(NULL) - 6 * 86400 }, { .tv_sec = time(NULL) - 6 * 86400 } };

	path_join(&path, tap_dir(), name);
	touch(path.buf);
	need(!utimensat(AT_FDCWD, path.buf, times, 0), "utimensat");
	ok(!tempfile_is_stale(tap_dir(), name), "a file of another host is left alone for days");
	times[1].tv_sec -= 2 * 86400;
	need(!utimensat(AT_FDCWD, path.buf, times, 0), "utimensat");
	ok(tempfile_is_stale(tap_dir(), name), "but not for more than a week");
	unlink(path.buf);
}

/* Where we may make one: a name that was chosen in another space of process numbers. */
static void test_container(void)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	char theirs[4400] = "";
	int pipes[2];
	pid_t child;

	need(!pipe(pipes), "pipe");
	child = fork();
	if (!child) {
		if (!unshare(CLONE_NEWPID) && !fork()) {
			tempfile_name(&name, tap_dir(), "pack");
			need(write(pipes[1], name.buf, name.len) == (ssize_t)name.len, "write");
		}
		_exit(0);
	}
	close(pipes[1]);
	waitpid(child, NULL, 0);
	if (read(pipes[0], theirs, sizeof theirs - 1) > 0) {
		size_t len;
		const char *base = path_base(theirs, &len);

		touch(theirs);
		ok(!tempfile_is_stale(tap_dir(), base), "a file of another container that has our host's name is not judged");
		unlink(theirs);
	}
	close(pipes[0]);
}

static void count_worker(void *arg, size_t worker)
{
	unsigned char *seen = arg;

	seen[worker]++;
}

int main(void)
{
	unsigned char seen[4] = { 0 };

	test_container(); /* before this process has chosen a name */
	test_zombie();
	test_old();
	test_names();
	test_sweep();
	test_foreign();
	thread_run(4, count_worker, seen);
	ok(seen[0] == 1 && seen[1] == 1 && seen[2] == 1 && seen[3] == 1, "every worker runs once");
	ok(thread_count(1) == 1 && thread_count(64) >= 1 && thread_count(64) <= 64, "there are as many workers as cores, within the limit");
	return tap_done();
}
