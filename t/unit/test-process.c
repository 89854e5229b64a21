/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that are run, and command lines that are split. */
#include <config.h>

#include "base/process.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "tap.h"

static struct error err;

static int status_of(const char *script)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	int status = -1;
	pid_t pid;

	if (process_spawn(argv, -1, -1, -1, &pid, &err) < 0 || process_wait(pid, &status, &err) < 0)
		return -1;
	return status;
}

static void test_run(void)
{
	const char *const nothing[] = { "mreg-no-such-program", NULL };
	pid_t pid;

	is_int(status_of("exit 7"), 7, "a program's status is handed back");
	is_int(status_of("kill -TERM $$"), 128 + 15, "so is the signal that ended it");
	ok(process_spawn(nothing, -1, -1, -1, &pid, &err) < 0 && err.code == ERR_LOCAL, "a program that is not there is an error");
	ok(!strncmp(err.text, "cannot run 'mreg-no-such-program': ", 35), "that names it");
}

static void test_pipes(void)
{
	const char *const argv[] = { "tr", "a-z", "A-Z", NULL };
	int in[2], out[2], status = -1;
	char got[16] = "";
	pid_t pid;

	need(!pipe2(in, O_CLOEXEC) && !pipe2(out, O_CLOEXEC), "pipe2");
	need(!process_spawn(argv, in[0], out[1], -1, &pid, &err), "process_spawn");
	close(in[0]);
	close(out[1]);
	need(!file_write(in[1], "words\n", 6, "pipe", &err), "file_write");
	close(in[1]);
	ok(file_read(out[0], got, sizeof got - 1, "pipe", &err) == 6, "a program reads and writes our pipes");
	is_str(got, "WORDS\n", "and nothing is lost");
	close(out[0]);
	ok(!process_wait(pid, &status, &err) && !status, "and it ends well");
}

static int tell_status(const char *script, const char *text, size_t len)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	int status = -1;

	return process_tell(argv, text, len, &status, &err) < 0 ? -1 : status;
}

static void test_tell(void)
{
	static const char much[300000] = "much";
	const char *const nothing[] = { "mreg-no-such-program", NULL };
	int status;

	is_int(tell_status("read -r a && test \"$a\" = words", "words\n", 6), 0, "a program is told a text");
	is_int(tell_status("test $(wc -c) = 300000", much, sizeof much), 0, "a long one, too");
	signal(SIGPIPE, SIG_IGN); /* as main does */
	is_int(tell_status("exit 3", much, sizeof much), 3, "one that does not listen is no failure of ours");
	is_int(tell_status("head -c 1 >/dev/null; exit 4", much, sizeof much), 4, "nor one that has heard enough");
	is_int(tell_status("kill -9 $$", "", 0), 128 + 9, "the signal that ended it is handed back");
	ok(process_tell(nothing, "", 0, &status, &err) < 0 && err.code == ERR_LOCAL, "a program that is not there is an error");
}

static void is_split(const char *text, const char *want)
{
	struct strvec words = STRVEC_INIT;
	CLEANUP(strbuf) struct strbuf got = STRBUF_INIT;

	if (process_split(text, &words, &err) < 0)
		strbuf_adds(&got, err.text);
	for (size_t i = 0; i < words.count; i++)
		strbuf_addf(&got, "[%s]", words.v[i]);
	is_str(got.buf, want, text);
	strvec_release(&words);
}

int main(void)
{
	test_run();
	test_pipes();
	test_tell();
	is_split("less -R", "[less][-R]");
	is_split("  a\tb  ", "[a][b]");
	is_split("", "");
	is_split("a 'b c' \"d e\"f", "[a][b c][d ef]");
	is_split("'' \"\"", "[][]");
	is_split("a\\ b '\\' \"\\\"\"", "[a b][\\][\"]");
	is_split("$HOME;ls", "[$HOME;ls]");
	is_split("'a", "a quote is not closed in ''a'");
	return tap_done();
}
