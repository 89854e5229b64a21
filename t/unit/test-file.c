/* SPDX-License-Identifier: Apache-2.0 */
/* Whole transfers, replacement, and trees that are removed. */
#include <config.h>

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>

#include "base/path.h"
#include "tap.h"

static struct error err;

/* A path in the test's directory; valid until the fourth call after. */
static const char *at(const char *name)
{
	static struct strbuf ring[4];
	static unsigned next;
	struct strbuf *sb = &ring[next++ % 4];

	if (!sb->buf)
		strbuf_init(sb);
	strbuf_reset(sb);
	path_join(sb, tap_dir(), name);
	return sb->buf;
}

static void put(const char *name, const char *text)
{
	need(!file_replace(at(name), text, strlen(text), 0644, &err), "file_replace");
}

static void holds(const char *name, const char *text, const char *what)
{
	CLEANUP(strbuf) struct strbuf got = STRBUF_INIT;

	if (file_slurp(at(name), &got, 1000, NULL, &err) < 0)
		strbuf_adds(&got, err.text);
	is_str(got.buf, text, what);
}

static void test_slurp(void)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	bool absent = false;

	put("file", "hello");
	holds("file", "hello", "a file is read whole");
	put("file", "world");
	holds("file", "world", "a file is replaced");
	put("empty", "");
	holds("empty", "", "an empty file is read");
	strbuf_adds(&text, "kept:");
	ok(!file_slurp(at("file"), &text, 5, NULL, &err) && !strcmp(text.buf, "kept:world"),
		"what is read is appended; the limit is inclusive");
	ok(file_slurp(at("file"), &text, 4, NULL, &err) < 0 && err.code == ERR_INTEGRITY, "a file over the limit is refused");
	is_str(text.buf, "kept:world", "and nothing of it is kept");
	ok(!file_slurp(at("none"), &text, 4, &absent, &err) && absent && !err.code, "an absent file can be asked for");
	ok(file_slurp(at("none"), &text, 4, NULL, &err) < 0 && err.code == ERR_LOCAL, "or is an error");
	ok(!file_slurp("/proc/self/status", &text, 1 << 20, &absent, &err) && !absent && text.len > 100,
		"a file that claims no size is read too");
	ok(file_slurp(tap_dir(), &text, 100, &absent, &err) < 0 && !absent, "a directory is not a file");
}

static void test_big(void)
{
	CLEANUP(strbuf) struct strbuf big = STRBUF_INIT, back = STRBUF_INIT;

	for (int i = 0; i < 700000; i++)
		strbuf_addf(&big, "%06d", i);
	need(!file_replace(at("big"), big.buf, big.len, 0600, &err), "file_replace");
	ok(!file_slurp(at("big"), &back, big.len, NULL, &err) && back.len == big.len && !memcmp(back.buf, big.buf, big.len),
		"a big file is read whole");
}

static void test_transfer(void)
{
	CLEANUP(fd) int fd = file_open(at("rw"), O_RDWR | O_CREAT | O_EXCL, 0600, &err);
	char buf[16] = "";

	ok(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC, "a file is opened so that no child inherits it");
	ok(!file_write(fd, "0123456789", 10, "rw", &err) && !file_pwrite(fd, "ab", 2, 4, "rw", &err),
		"bytes are written in order and at a place");
	is_int(file_pread(fd, buf, sizeof buf, 2, "rw", &err), 8, "a read stops at the end");
	is_str(buf, "23ab6789", "and has what was written");
	is_int(file_pread(fd, buf, 1, 100, "rw", &err), 0, "behind the end is nothing");
	ok(file_pread(fd, buf, 1, UINT64_MAX, "rw", &err) < 0, "an offset that no file has is an error");
	is_int(file_read(fd, buf, 1, "rw", &err), 0, "the position is at the end");
	ok(!file_sync(fd, "rw", &err) && !file_sync_data(fd, "rw", &err) && !file_sync_dir(tap_dir(), &err),
		"files and directories are synced");
	ok(file_open(at("none"), O_RDONLY, 0, &err) < 0 && strstr(err.text, "none': No such file"),
		"a file that cannot be opened is named");
	ok(file_write(-1, "x", 1, "nothing", &err) < 0 && strstr(err.text, "cannot write 'nothing'"), "so is one that cannot be written");
}

static void test_rename(void)
{
	put("from", "new");
	put("to", "old");
	is_int(file_rename_new(at("from"), at("to"), &err), 1, "a rename does not replace");
	holds("to", "old", "the target stays");
	holds("from", "new", "the source stays");
	is_int(file_rename_new(at("from"), at("fresh"), &err), 0, "a rename to a new name works");
	ok(!file_exists(at("from")) && file_exists(at("fresh")), "the file has moved");
	is_int(file_rename_new(at("none"), at("x"), &err), -1, "a rename of nothing fails");
}

static void test_mkdir(void)
{
	is_int(file_mkdir_parents(at("d/e/f"), 0755, &err), 0, "a directory is made with what is above it");
	is_int(file_mkdir_parents(at("d/e//f/"), 0755, &err), 0, "again is fine");
	is_int(file_mkdir(at("d"), 0755, &err), 0, "an existing directory is fine");
	is_int(file_mkdir(at("file"), 0755, &err), -1, "an existing file is not");
	ok(strstr(err.text, "Not a directory") != NULL, "and the message says why");
}

static void test_remove(void)
{
	int fd, first, below;

	put("outside", "precious");
	need(!file_mkdir_parents(at("tree/a/b"), 0755, &err), "mkdir");
	need(!file_mkdir_parents(at("tree/.moved-0"), 0755, &err), "mkdir");
	put("tree/a/b/file", "x");
	put("tree/.moved-0/file", "x");
	put("tree/.moved-1", "x");
	need(!symlink("../outside", at("tree/link")) && !symlink(tap_dir(), at("tree/a/up")), "symlink");
	is_int(file_remove_tree(at("tree"), &err), 0, "a tree is removed");
	ok(!file_exists(at("tree")), "nothing of it is left");
	holds("outside", "precious", "what its links point to is left alone");
	is_int(file_remove_tree(at("tree"), &err), 0, "an absent tree is fine");
	is_int(file_remove_tree(at("outside"), &err), 0, "a file is removed too");
	need(!mkdir(at("deep"), 0755), "mkdir");
	first = fd = open(at("deep"), O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 3000; i++, fd = below) {
		need(!mkdirat(fd, "dddddddd", 0755), "mkdirat");
		below = openat(fd, "dddddddd", O_RDONLY | O_DIRECTORY);
		close(fd);
	}
	close(fd);
	ok(first >= 0 && !file_remove_tree(at("deep"), &err), "a tree deeper than any path is removed");
}

int main(void)
{
	test_slurp();
	test_big();
	test_transfer();
	test_rename();
	test_mkdir();
	test_remove();
	return tap_done();
}
