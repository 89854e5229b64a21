/* SPDX-License-Identifier: Apache-2.0 */
/* Locks between processes: who waits, who is named, and what ends a lock. */
#include <config.h>

#include "store/lock.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "tap.h"

static struct error err;

/* Another process that holds a lock until it is let go or killed. */
struct other {
	pid_t pid;
	int release;
};

static struct other other_takes(enum lock_what what, bool exclusive, const char *verb)
{
	int ready[2], release[2];
	struct other other;
	char c;

	need(!pipe2(ready, O_CLOEXEC) && !pipe2(release, O_CLOEXEC), "cannot make pipes");
	other = (struct other){ fork(), release[1] };
	if (!other.pid) {
		struct lock lock = LOCK_INIT;

		close(release[1]);
		if (lock_take(&lock, tap_dir(), what, exclusive, 10000, verb, &err) < 0 || write(ready[1], "x", 1) != 1 ||
			read(release[0], &c, 1) < 0)
			_exit(1);
		lock_release(&lock);
		_exit(0);
	}
	close(ready[1]);
	close(release[0]);
	need(read(ready[0], &c, 1) == 1, "the other process got no lock");
	close(ready[0]);
	return other;
}

static void other_ends(struct other *other, bool killed)
{
	if (killed)
		kill(other->pid, SIGKILL);
	close(other->release);
	waitpid(other->pid, NULL, 0);
}

static int take(struct lock *lock, enum lock_what what, bool exclusive, uint64_t timeout_ms)
{
	error_clear(&err);
	return lock_take(lock, tap_dir(), what, exclusive, timeout_ms, "test", &err);
}

static void test_exclusive(void)
{
	CLEANUP(lock) struct lock lock = LOCK_INIT;
	struct other other = other_takes(LOCK_JOURNAL, true, "put");
	char holder[64];
	int64_t start = clock_monotonic();

	is_int(take(&lock, LOCK_JOURNAL, true, 0), -1, "a lock that another holds is not given");
	is_int(err.code, ERR_LOCK_TIMEOUT, "the status says that it was the lock");
	snprintf(holder, sizeof holder, " %ld put'", (long)other.pid);
	ok(strstr(err.text, holder) != NULL, "the message names the holder's pid and verb: %s", err.text);
	ok(strstr(err.text, tap_dir()) != NULL && strstr(err.text, "journal") != NULL, "and the registry and what is locked");
	is_int(take(&lock, LOCK_JOURNAL, true, 60), -1, "waiting ends by itself");
	ok(clock_monotonic() - start >= 60000000, "but not before its time");
	is_int(take(&lock, LOCK_OBJECTS, true, 0), 0, "the other kind of lock is free meanwhile");
	lock_release(&lock);
	other_ends(&other, false);
	is_int(take(&lock, LOCK_JOURNAL, true, 0), 0, "it is given when the holder is done");
}

static void test_death(void)
{
	CLEANUP(lock) struct lock lock = LOCK_INIT;
	struct other other = other_takes(LOCK_JOURNAL, true, "put");

	other_ends(&other, true);
	is_int(take(&lock, LOCK_JOURNAL, true, 0), 0, "a lock dies with its process");
}

static void test_shared(void)
{
	CLEANUP(lock) struct lock lock = LOCK_INIT;
	struct other other = other_takes(LOCK_OBJECTS, false, "get");

	is_int(take(&lock, LOCK_OBJECTS, false, 0), 0, "two may share");
	lock_release(&lock);
	is_int(take(&lock, LOCK_OBJECTS, true, 0), -1, "shared keeps exclusive out");
	ok(strstr(err.text, "processes that are reading or writing") != NULL, "and no holder of old is named: %s", err.text);
	other_ends(&other, false);
	other = other_takes(LOCK_OBJECTS, true, "gc");
	is_int(take(&lock, LOCK_OBJECTS, false, 0), -1, "exclusive keeps shared out");
	ok(strstr(err.text, " gc'") != NULL, "and its holder is named");
	other_ends(&other, false);
}

static void test_waiting(void)
{
	CLEANUP(lock) struct lock lock = LOCK_INIT;
	struct other other = other_takes(LOCK_JOURNAL, true, "put");
	pid_t helper = fork();

	if (!helper) {
		usleep(30000);
		kill(other.pid, SIGKILL);
		_exit(0);
	}
	is_int(take(&lock, LOCK_JOURNAL, true, 10000), 0, "who waits gets the lock when it is free");
	waitpid(helper, NULL, 0);
	other_ends(&other, true);
}

static void test_hostile_holder(void)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	CLEANUP(lock) struct lock lock = LOCK_INIT;
	struct other other = other_takes(LOCK_JOURNAL, true, "put");
	CLEANUP(fd) int fd = -1;

	strbuf_addf(&path, "%s/lock", tap_dir());
	fd = open(path.buf, O_WRONLY | O_CLOEXEC);
	need(pwrite(fd, "evil\033[2J 1 x\n", 14, LOCK_JOURNAL) == 14, "cannot write");
	is_int(take(&lock, LOCK_JOURNAL, true, 0), -1, "a strange holder text is no obstacle");
	ok(!strchr(err.text, '\033') && strstr(err.text, "evil\\x1b"), "its control bytes are escaped: %s", err.text);
	memset(path.buf, 'x', path.len);
	for (int i = 0; i < 20; i++)
		need(pwrite(fd, path.buf, path.len, (off_t)(LOCK_JOURNAL + (int)path.len * i)) > 0, "cannot write");
	is_int(take(&lock, LOCK_JOURNAL, true, 0), -1, "nor is one without an end");
	ok(strstr(err.text, "another process") != NULL, "which is not shown");
	other_ends(&other, false);
}

static void test_interrupt(void)
{
	CLEANUP(lock) struct lock lock = LOCK_INIT;
	struct other other = other_takes(LOCK_JOURNAL, true, "put");
	pid_t helper;

	interrupt_install();
	helper = fork();
	if (!helper) {
		usleep(30000);
		kill(getppid(), SIGTERM);
		_exit(0);
	}
	is_int(take(&lock, LOCK_JOURNAL, true, 60000), -1, "a signal ends the waiting");
	is_int(err.code, ERR_INTERRUPTED, "and is named as the reason");
	waitpid(helper, NULL, 0);
	other_ends(&other, false);
}

static void test_no_directory(void)
{
	CLEANUP(lock) struct lock lock = LOCK_INIT;

	error_clear(&err);
	is_int(lock_take(&lock, "/nonexistent/.mreg", LOCK_JOURNAL, true, 0, "test", &err), -1, "no lock where there is no registry");
	is_int(err.code, ERR_LOCAL, "and it says that it is something local");
}

int main(void)
{
	tap_dir(); /* one directory for us and the others */
	test_exclusive();
	test_death();
	test_shared();
	test_waiting();
	test_hostile_holder();
	test_no_directory();
	test_interrupt();
	return tap_done();
}
