/* SPDX-License-Identifier: Apache-2.0 */
/* Words that a shell reads as they were, and that a terminal can be shown. */
#include <config.h>

#include "base/shell-word.h"

#include "base/file.h"
#include "base/process.h"
#include "base/utf8.h"
#include "tap.h"

static struct error err;

static void is_word(const char *text, const char *want)
{
	CLEANUP(strbuf) struct strbuf got = STRBUF_INIT;

	shell_word_add(&got, text, strlen(text));
	is_str(got.buf, want, "a word is quoted as far as it must be");
}

/* What the shell makes of it. */
static void comes_back(const char *text, size_t len, const char *name)
{
	CLEANUP(strbuf) struct strbuf script = STRBUF_INIT, got = STRBUF_INIT, path = STRBUF_INIT;
	const char *argv[] = { "sh", "-c", NULL, "sh", NULL, NULL };
	int status = 1;
	pid_t pid;

	strbuf_addf(&path, "%s/out", tap_dir());
	strbuf_adds(&script, "set -eu; f() { printf %s \"$1\" >\"$0\"; }; f ");
	shell_word_add(&script, text, len);
	ok(!utf8_has_control(script.buf, script.len, "\n") && utf8_is_valid(script.buf, script.len), "%s: nothing odd is written", name);
	argv[2] = script.buf;
	argv[3] = path.buf;
	need(!process_spawn(argv, -1, -1, -1, &pid, &err) && !process_wait(pid, &status, &err) && !status, script.buf);
	need(!file_slurp(path.buf, &got, 1 << 20, NULL, &err), err.text);
	ok(got.len == len && !memcmp(got.buf, text, len), "%s: a shell reads it as it was", name);
}

int main(void)
{
	char all[255];

	is_word("", "''");
	is_word("train.py", "train.py");
	is_word("--lr=0.1", "'--lr=0.1'");
	is_word("it's", "'it'\\''s'");
	is_word("$(rm -rf ~)", "'$(rm -rf ~)'");
	is_word("a\nb", "'a\nb'");
	is_word("\x1b[31mred", "\"$(printf '\\033')\"'[31mred'");
	is_word("\xc3\xa4", "'\xc3\xa4'");
	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (char)(i + 1);
	comes_back(all, sizeof all, "every byte");
	comes_back("\n\n", 2, "newlines");
	comes_back("\r\n\x01\n", 4, "newlines behind control characters");
	comes_back("'\"\\`$!*?~", 9, "what means something to a shell");
	comes_back("\xff\xfe\xe6\xa8\xa1", 5, "bytes that are no text before some that are");
	return tap_done();
}
