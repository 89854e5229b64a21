/* SPDX-License-Identifier: Apache-2.0 */
/* Registry directories: how one is made, and what is none. */
#include <config.h>

#include "store/store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/crash.h"
#include "base/file.h"
#include "tap.h"

static struct error err;

static const char *in_dir(const char *name)
{
	static char paths[4][8192];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", tap_dir(), name);
	return path;
}

static struct store *open_store(const char *name)
{
	const struct store_options options = { .lock_timeout_ms = 1000, .verb = "test" };

	error_clear(&err);
	return store_open(in_dir(name), &options, &err);
}

static mode_t mode_of(const char *name)
{
	struct stat st = { .st_mode = 0 };

	return lstat(in_dir(name), &st) ? 0 : st.st_mode & 07777;
}

static void test_init(void)
{
	static const char *const entries[] = { "format", "config", "journal", "lock", "objects", "quarantine", "runs", "remotes", "drafts",
		"index", "hooks", "tmp" };
	struct store *s;
	char name[64];
	bool all = true;

	is_int(store_init(in_dir("new/deep"), false, &err), 0, "a registry is made with the directories above it");
	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
		snprintf(name, sizeof name, "new/deep/.mreg/%s", entries[i]);
		all = all && file_exists(in_dir(name));
	}
	ok(all, "it has all that mreg-registry(5) lists");
	is_int(store_init(in_dir("new/deep"), false, &err), -1, "it is not made twice");
	is_int(err.code, ERR_CONFLICT, "the second is a conflict");
	s = open_store("new/deep/.mreg");
	ok(s != NULL, "it opens");
	store_close(s);
}

static void test_shared(void)
{
	mode_t mask = umask(077);

	error_clear(&err);
	is_int(store_init(in_dir("shared"), true, &err), 0, "a shared registry is made under any umask");
	umask(mask);
	is_int(mode_of("shared/.mreg"), 02775, "it is writable by the group and hands the group on");
	is_int(mode_of("shared/.mreg/objects"), 02775, "so are its directories");
	is_int(mode_of("shared/.mreg/journal"), 0664, "the group may write the journal");
	is_int(mode_of("shared/.mreg/lock"), 0664, "and take locks");
}

static void test_crash(void)
{
	pid_t child = fork();
	int status;

	if (!child) {
		crash_arm("init-before-format");
		_exit(store_init(in_dir("cut"), false, &err) < 0);
	}
	waitpid(child, &status, 0);
	ok(WIFSIGNALED(status), "an init may be cut short");
	ok(!open_store("cut/.mreg") && err.code == ERR_NO_REGISTRY, "what it leaves is no registry");
	error_clear(&err);
	is_int(store_init(in_dir("cut"), false, &err), 0, "the next init completes it");
}

static void test_no_registry(void)
{
	need(!mkdir(in_dir("plain"), 0755), "cannot make a directory");
	ok(!open_store("plain") && err.code == ERR_NO_REGISTRY, "a directory without a stamp is no registry");
	ok(!open_store("nothing") && err.code == ERR_NO_REGISTRY, "nor is one that is not there");
	need(!file_replace(in_dir("plain/format"), "mreg registry\nversion 99\nid of the future\n", 42, 0644, &err), "cannot write");
	ok(!open_store("plain") && err.code == ERR_FORMAT, "a newer format is named as such: %s", err.text);
	need(!file_replace(in_dir("plain/format"), "hello\n", 6, 0644, &err), "cannot write");
	ok(!open_store("plain") && err.code == ERR_INTEGRITY, "a stamp of another kind is damage");
}

int main(void)
{
	tap_dir();
	test_init();
	test_shared();
	test_crash();
	test_no_registry();
	return tap_done();
}
