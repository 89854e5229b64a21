/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the process of a run lives: what is said while it holds the lock, after its end, of a copy, and of an older start of the machine. */
#include <config.h>

#include "registry/run-alive.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/process.h"
#include "registry/config.h"
#include "tap.h"

static struct strbuf mreg_dir = STRBUF_INIT, lock_path = STRBUF_INIT;
static struct config config;
static struct registry *reg;
static struct run_id id;
static struct error err;

static void is_answer(enum run_alive_answer want, const char *name)
{
	static const char *const words[] = { "unknown", "yes", "no" };

	is_str(words[run_alive_is(reg, &id)], words[want], name);
}

/* Ends holding the lock. */
static pid_t start_holder(void)
{
	int ends[2];
	char ready;
	pid_t pid;

	need(!pipe(ends), "pipe");
	pid = fork();
	if (pid == 0) {
		if (run_alive_hold(reg, &id, &err) && write(ends[1], "r", 1) == 1)
			pause();
		_exit(1);
	}
	need(read(ends[0], &ready, 1) == 1, "the holder holds it");
	close(ends[0]);
	close(ends[1]);
	return pid;
}

static void test_exec(void)
{
	CLEANUP(run_alive) struct run_alive *alive = NULL;
	int status;
	pid_t pid;

	is_answer(RUN_ALIVE_UNKNOWN, "nothing is known of a run that nobody has spoken for");
	alive = run_alive_hold(reg, &id, &err);
	need(alive != NULL, err.text);
	is_answer(RUN_ALIVE_YES, "it lives while the lock is held");
	run_alive_release(alive);
	alive = NULL;
	is_answer(RUN_ALIVE_NO, "it has died when the lock was let go of without an end");
	run_alive_forget(reg, &id);
	is_answer(RUN_ALIVE_UNKNOWN, "of one that has ended nothing is kept");
	pid = start_holder();
	is_answer(RUN_ALIVE_YES, "another process sees that it lives");
	kill(pid, SIGKILL);
	need(waitpid(pid, &status, 0) == pid, "waitpid");
	is_answer(RUN_ALIVE_NO, "and that it was killed");
}

static void write_lock(const char *text)
{
	CLEANUP(fd) int fd = file_open(lock_path.buf, O_RDWR | O_CREAT | O_TRUNC, 0644, &err);

	need(fd >= 0 && !file_write(fd, text, strlen(text), "lock", &err), err.text);
}

/* What is there with one text in the place of another. */
static void rewrite(const char *from, const char *to)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, out = STRBUF_INIT;
	const char *at;

	need(!file_slurp(lock_path.buf, &text, 4096, NULL, &err), err.text);
	at = strstr(text.buf, from);
	need(at != NULL, from);
	strbuf_add(&out, text.buf, (size_t)(at - text.buf));
	strbuf_adds(&out, to);
	strbuf_adds(&out, at + strlen(from));
	write_lock(out.buf);
}

static void test_pid(void)
{
	const char *const argv[] = { "sh", "-c", "read -r line", NULL };
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	int ends[2], status;
	pid_t pid;

	need(!pipe2(ends, O_CLOEXEC) && !process_spawn(argv, ends[0], -1, -1, &pid, &err), "process_spawn");
	ok(!run_alive_note(reg, &id, pid, &err), "a process is noted");
	is_answer(RUN_ALIVE_YES, "it lives");
	rewrite("\"ticks\":", "\"ticks\":9");
	is_answer(RUN_ALIVE_NO, "a younger process that has its number is another");
	ok(!run_alive_note(reg, &id, pid, &err), "it is noted again");
	rewrite("\"inode\":", "\"inode\":1");
	is_answer(RUN_ALIVE_UNKNOWN, "a copy of the file says nothing");
	ok(!run_alive_note(reg, &id, pid, &err), "and again");
	rewrite("\"boot\":\"", "\"boot\":\"0");
	is_answer(RUN_ALIVE_NO, "of before the last start of the machine nothing lives");
	ok(!run_alive_note(reg, &id, pid, &err), "and once more");
	rewrite("\"space\":\"", "\"space\":\"x");
	is_answer(RUN_ALIVE_UNKNOWN, "the processes of another host are not known");
	ok(!run_alive_note(reg, &id, pid, &err), "the last time");
	close(ends[0]);
	close(ends[1]);
	need(!process_wait(pid, &status, &err), "process_wait");
	is_answer(RUN_ALIVE_NO, "it has ended");
	ok(run_alive_check(pid, &err) < 0 && err.code == ERR_INVALID, "and no run can be started with it any more");
	error_clear(&err);
	ok(!run_alive_note(reg, &id, pid, &err), "one that ends while its run begins is noted");
	is_answer(RUN_ALIVE_NO, "and has died");
}

static void test_nonsense(void)
{
	static const char *const texts[] = { "", "{", "[]", "{\"boot\":1}", "null", "{\"boot\":\"\",\"inode\":-1,\"kind\":\"pid\",\"pid\":0,\"space\":\"\"}" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		write_lock(texts[i]);
		ok(run_alive_is(reg, &id) == RUN_ALIVE_UNKNOWN, "'%s' says nothing", texts[i]);
	}
	unlink(lock_path.buf);
	need(!symlink("/etc/passwd", lock_path.buf), "symlink");
	is_answer(RUN_ALIVE_UNKNOWN, "a link is not followed");
	ok(!run_alive_hold(reg, &id, &err), "nor written through");
}

int main(void)
{
	run_id_make((const uint8_t[8]){ 1, 2, 3, 4, 5, 6, 7, 8 }, &id);
	need(!registry_init(tap_dir(), false, &mreg_dir, &err), err.text);
	need(!config_load(&config, mreg_dir.buf, NULL, &err), err.text);
	strbuf_addf(&lock_path, "%s/runs/%s.lock", mreg_dir.buf, id.text);
	reg = registry_open(mreg_dir.buf, &config, "test", NULL, &err);
	need(reg != NULL, err.text);
	test_exec();
	test_pid();
	test_nonsense();
	registry_close(reg);
	config_cleanup(&config);
	strbuf_release(&mreg_dir);
	strbuf_release(&lock_path);
	return tap_done();
}
