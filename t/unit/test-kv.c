/* SPDX-License-Identifier: Apache-2.0 */
/* The key-value layer: maps that grow, values that prove themselves, walks, modes, two processes. */
#include <config.h>

#include "store/kv.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/digest.h"
#include "base/file.h"
#include "tap.h"

#define VALUE_LEN (64u << 10)

static char *dir_named(const char *name)
{
	static char path[2][4200];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof path[turn], "%s/%s", tap_dir(), name);
	return path[turn];
}

static struct kv *open_it(const char *name, enum kv_mode mode)
{
	struct error err = ERROR_INIT;
	struct kv *kv = kv_open(dir_named(name), mode, &err);

	if (!kv)
		printf("# %s\n", err.text);
	need(kv != NULL, "cannot open an index");
	return kv;
}

static struct kv_txn *begin(struct kv *kv, bool write)
{
	struct error err = ERROR_INIT;
	struct kv_txn *txn = kv_begin(kv, write, &err);

	if (!txn)
		printf("# %s\n", err.text);
	need(txn != NULL, "cannot begin a transaction");
	return txn;
}

static int put(struct kv_txn *txn, const char *key, const char *value)
{
	struct error err = ERROR_INIT;

	return kv_put(txn, key, strlen(key), value, strlen(value), &err);
}

static bool has(struct kv *kv, const char *key, const char *value)
{
	CLEANUP(kv_txn) struct kv_txn *txn = begin(kv, false);
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	struct error err = ERROR_INIT;
	int got = kv_get(txn, key, strlen(key), &out, &err);

	if (got < 0)
		printf("# %s\n", err.text);
	return value ? got == 1 && !strcmp(out.buf, value) : got == 0;
}

static void store_one(struct kv *kv, const char *key, const char *value)
{
	struct error err = ERROR_INIT;
	struct kv_txn *txn = begin(kv, true);

	need(!put(txn, key, value) && !kv_commit(&txn, &err), "cannot store a value");
}

static void test_values(void)
{
	CLEANUP(kv) struct kv *kv = open_it("values", KV_READ_WRITE);
	struct error err = ERROR_INIT;
	struct kv_txn *txn = begin(kv, true);

	ok(!put(txn, "a", "1") && !put(txn, "a", "2") && !put(txn, "b", ""), "values are stored, the later one over the earlier");
	ok(!kv_commit(&txn, &err) && !txn, "a commit ends the transaction");
	ok(has(kv, "a", "2") && has(kv, "b", ""), "they are there afterwards, an empty one too");
	ok(has(kv, "c", NULL), "what was never stored is absent");
	txn = begin(kv, true);
	ok(!kv_delete(txn, "a", 1, &err) && !kv_delete(txn, "zz", 2, &err), "a key is deleted, and deleting an absent one is fine");
	kv_abort(&txn);
	ok(has(kv, "a", "2"), "an aborted transaction did nothing");
}

static int put_many(struct kv_txn *txn, int count, struct error *err)
{
	static char value[VALUE_LEN];
	char key[32];

	memset(value, 'x', sizeof value);
	for (int i = 0; i < count; i++) {
		snprintf(key, sizeof key, "big/%06d", i);
		if (kv_put(txn, key, strlen(key), value, sizeof value, err) < 0)
			return -1;
	}
	return 0;
}

static void fill(struct kv *kv, int count, int *grown)
{
	struct error err = ERROR_INIT;

	for (*grown = 0; *grown < 20; ++*grown) {
		struct kv_txn *txn = begin(kv, true);

		if (!put_many(txn, count, &err) && !kv_commit(&txn, &err))
			return;
		need(kv_is_full(kv), "a failure that is not a full map");
		kv_abort(&txn);
		error_clear(&err);
		need(!kv_grow(kv, &err), "the map does not grow");
	}
}

static int count_key(struct span key, struct span value, void *arg, struct error *err)
{
	(void)key;
	(void)err;
	*(int *)arg += value.len == VALUE_LEN;
	return 0;
}

static void test_growth(void)
{
	CLEANUP(kv) struct kv *kv = open_it("growth", KV_READ_WRITE);
	struct error err = ERROR_INIT;
	struct kv_txn *reader, *txn;
	int grown, count = 0;

	store_one(kv, "small", "1");
	fill(kv, 600, &grown);
	ok(grown >= 2, "a full map is said to be full, grows, and takes it in the end (%d times)", grown);
	ok(has(kv, "small", "1"), "what stood there before still does");
	txn = begin(kv, false);
	ok(!kv_each(txn, (struct span){ (const uint8_t *)"big/", 4 }, NULL, false, count_key, &count, &err) && count == 600,
	   "and all is there");
	kv_abort(&txn);
	reader = begin(kv, false);
	ok(kv_grow(kv, &err) < 0 && strstr(err.text, "while it is being read"), "it does not grow under a reader");
	kv_abort(&reader);
	kv_close(STEAL(kv));
	kv = open_it("growth", KV_READ_WRITE);
	store_one(kv, "more", "2");
	ok(has(kv, "more", "2"), "an index that grew is opened again and written");
}

struct seen {
	char text[512];
	int stop_after;
};

static int see(struct span key, struct span value, void *arg, struct error *err)
{
	struct seen *s = arg;

	(void)err;
	snprintf(s->text + strlen(s->text), sizeof s->text - strlen(s->text), "%.*s=%.*s ", (int)key.len, (const char *)key.data,
		 (int)value.len, (const char *)value.data);
	return s->stop_after && !--s->stop_after ? 1 : 0;
}

static int refuse(struct span key, struct span value, void *arg, struct error *err)
{
	(void)key;
	(void)value;
	(void)arg;
	return error_set(err, ERR_CONFLICT, "refused");
}

static void walk(struct kv *kv, const char *prefix, const char *from, bool reverse, int stop_after, const char *want, const char *name)
{
	CLEANUP(kv_txn) struct kv_txn *txn = begin(kv, false);
	struct span p = { (const uint8_t *)prefix, strlen(prefix) }, f = { (const uint8_t *)from, from ? strlen(from) : 0 };
	struct seen seen = { .stop_after = stop_after };
	struct error err = ERROR_INIT;

	if (kv_each(txn, p, from ? &f : NULL, reverse, see, &seen, &err) < 0)
		printf("# %s\n", err.text);
	is_str(seen.text, want, name);
}

static void test_walks(void)
{
	CLEANUP(kv) struct kv *kv = open_it("walks", KV_READ_WRITE);
	CLEANUP(kv_txn) struct kv_txn *txn = NULL;
	struct error err = ERROR_INIT;

	walk(kv, "", NULL, false, 0, "", "an empty index has nothing to visit");
	walk(kv, "x", NULL, true, 0, "", "nor downward");
	store_one(kv, "a1", "1");
	store_one(kv, "b", "0");
	store_one(kv, "b1", "1");
	store_one(kv, "b3", "3");
	store_one(kv, "b\xff", "f");
	store_one(kv, "c1", "1");
	walk(kv, "b", NULL, false, 0, "b=0 b1=1 b3=3 b\xff=f ", "keys of a prefix come in order");
	walk(kv, "b", NULL, true, 0, "b\xff=f b3=3 b1=1 b=0 ", "or downward from the last");
	walk(kv, "b", "b1", false, 0, "b1=1 b3=3 b\xff=f ", "from a key that is there on");
	walk(kv, "b", "b2", false, 0, "b3=3 b\xff=f ", "from one that is not, the next");
	walk(kv, "b", "b3", true, 0, "b3=3 b1=1 b=0 ", "downward from a key that is there");
	walk(kv, "b", "b2", true, 0, "b1=1 b=0 ", "downward from one that is not, the one before");
	walk(kv, "b\xff", NULL, true, 0, "b\xff=f ", "a prefix that ends in the highest byte");
	walk(kv, "c", NULL, true, 0, "c1=1 ", "the last prefix of all");
	walk(kv, "c", "c9", true, 0, "c1=1 ", "from beyond the last key");
	walk(kv, "bb", NULL, true, 0, "", "a prefix nobody has");
	walk(kv, "", NULL, true, 2, "c1=1 b\xff=f ", "a walk stops when it is told to");
	txn = begin(kv, false);
	ok(kv_each(txn, (struct span){ NULL, 0 }, NULL, false, refuse, NULL, &err) < 0 && err.code == ERR_CONFLICT,
	   "and fails when the visitor fails");
}

/* Changes one byte of the stored value, behind LMDB's back. */
static void damage(const char *name, const char *needle)
{
	char path[4300], *data, *at;
	struct stat st;
	int fd;

	snprintf(path, sizeof path, "%s/data.mdb", dir_named(name));
	fd = open(path, O_RDWR);
	need(fd >= 0 && !fstat(fd, &st), "no data file");
	data = malloc((size_t)st.st_size);
	need(data && pread(fd, data, (size_t)st.st_size, 0) == st.st_size, "cannot read the data file");
	at = data;
	while ((at = memmem(at, (size_t)(data + st.st_size - at), needle, strlen(needle)))) {
		need(pwrite(fd, "?", 1, at - data) == 1, "cannot damage the data file");
		at++;
	}
	free(data);
	close(fd);
}

static void test_damaged_value(void)
{
	CLEANUP(kv) struct kv *kv = open_it("damage", KV_READ_WRITE);
	CLEANUP(kv_txn) struct kv_txn *txn = NULL;
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct seen seen = { .stop_after = 0 };

	store_one(kv, "good", "something else");
	store_one(kv, "key", "precious value");
	kv_close(STEAL(kv));
	damage("damage", "precious");
	kv = open_it("damage", KV_READ_WRITE);
	txn = begin(kv, false);
	ok(kv_get(txn, "key", 3, &out, &err) < 0 && err.code == ERR_INTEGRITY, "a changed byte in a value is found");
	ok(strstr(err.hint, "mreg fsck --rebuild-index") != NULL, "and the hint says what to do");
	error_clear(&err);
	ok(kv_each(txn, (struct span){ NULL, 0 }, NULL, false, see, &seen, &err) < 0 && err.code == ERR_INTEGRITY, "a walk finds it too");
	ok(kv_get(txn, "good", 4, &out, &err) == 1, "the rest stays readable");
}

static bool finds_damage(struct kv *kv, const char *key)
{
	CLEANUP(kv_txn) struct kv_txn *txn = begin(kv, false);
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct seen seen = { .stop_after = 0 };

	return kv_get(txn, key, strlen(key), &out, &err) < 0 && err.code == ERR_INTEGRITY &&
	       kv_each(txn, (struct span){ (const uint8_t *)key, 1 }, NULL, false, see, &seen, &err) < 0 &&
	       kv_each(txn, (struct span){ (const uint8_t *)key, 1 }, NULL, true, see, &seen, &err) < 0;
}

static void test_damaged_key(void)
{
	CLEANUP(kv) struct kv *kv = open_it("misnamed", KV_READ_WRITE);

	store_one(kv, "first", "1");
	store_one(kv, "middle", "2");
	store_one(kv, "zenith", "3");
	kv_close(STEAL(kv));
	damage("misnamed", "middle");
	kv = open_it("misnamed", KV_READ_WRITE);
	ok(finds_damage(kv, "middle"), "what lies under a damaged key is not taken to be absent");
	kv_close(STEAL(kv));
	damage("misnamed", "first");
	kv = open_it("misnamed", KV_READ_WRITE);
	ok(finds_damage(kv, "first"), "nor is the first of all");
	ok(has(kv, "zenith", "3"), "what is sound is found");
}

/* Exit status of a process that opens the index and reads all of it. */
static int read_in_child(const char *name)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		struct error err = ERROR_INIT;
		struct seen seen = { .stop_after = 0 };
		struct kv_txn *txn;
		struct kv *kv;
		int null = open("/dev/null", O_WRONLY);

		dup2(null, 2);
		kv = kv_open(dir_named(name), KV_READ_WRITE, &err);
		if (!kv)
			_exit(error_status(err.code));
		txn = kv_begin(kv, false, &err);
		if (!txn || kv_each(txn, (struct span){ NULL, 0 }, NULL, false, see, &seen, &err) < 0)
			_exit(error_status(err.code));
		_exit(0);
	}
	need(pid > 0 && waitpid(pid, &status, 0) == pid, "cannot run a process");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void overwrite(const char *name, off_t at, const void *data, size_t len)
{
	char path[4300];
	int fd;

	snprintf(path, sizeof path, "%s/data.mdb", dir_named(name));
	fd = open(path, O_RDWR);
	need(fd >= 0 && pwrite(fd, data, len, at) == (ssize_t)len, "cannot damage the data file");
	close(fd);
}

static void fill_and_close(const char *name)
{
	struct kv *kv = open_it(name, KV_READ_WRITE);
	char key[32];

	for (int i = 0; i < 10; i++) {
		struct error err = ERROR_INIT;
		struct kv_txn *txn = begin(kv, true);

		for (int k = 0; k < 300; k++) {
			snprintf(key, sizeof key, "key/%04d/%d", i, k);
			need(!put(txn, key, "some value that fills pages a bit more quickly"), "cannot store");
		}
		need(!kv_commit(&txn, &err), "cannot commit");
	}
	kv_close(kv);
}

static void copy_index(const char *from, const char *name)
{
	struct error err = ERROR_INIT;
	CLEANUP(strbuf) struct strbuf data = STRBUF_INIT;
	char path[4300];
	int fd;

	snprintf(path, sizeof path, "%s/data.mdb", dir_named(from));
	need(!mkdir(dir_named(name), 0777) && !file_slurp(path, &data, 1 << 30, NULL, &err), "cannot read the data file");
	snprintf(path, sizeof path, "%s/data.mdb", dir_named(name));
	fd = open(path, O_WRONLY | O_CREAT, 0666);
	need(fd >= 0 && write(fd, data.buf, data.len) == (ssize_t)data.len, "cannot copy the data file");
	close(fd);
}

static void test_damaged_file(void)
{
	static const char zeros[4096];
	char garbage[4096];
	char path[4300];
	struct stat st;
	int bad = 0;

	fill_and_close("sound");
	copy_index("sound", "file");
	is_int(read_in_child("file"), 0, "a sound index is read");
	snprintf(path, sizeof path, "%s/data.mdb", dir_named("file"));
	need(!stat(path, &st) && !truncate(path, 3 * 4096 + 10), "cannot cut the data file");
	is_int(read_in_child("file"), 7, "a data file cut short is status 7");
	need(!truncate(path, 100), "cannot cut the data file");
	is_int(read_in_child("file"), 7, "one cut within its header too");
	copy_index("sound", "header");
	overwrite("header", 0, zeros, 64);
	is_int(read_in_child("header"), 7, "a header of zeros is status 7");
	memset(garbage, 0xa5, sizeof garbage);
	for (int page = 2; page < 60; page++) {
		char name[32];
		int status;

		snprintf(name, sizeof name, "page%d", page);
		copy_index("sound", name);
		overwrite(name, page * 4096, page & 1 ? garbage : zeros, 4096);
		status = read_in_child(name);
		if (status != 0 && status != 7)
			printf("# page %d: %d\n", page, status);
		bad += status != 0 && status != 7;
	}
	is_int(bad, 0, "whichever page is overwritten, it is status 7 or was not in use");
}

static void test_memory(void)
{
	CLEANUP(kv) struct kv *kv = open_it("memory", KV_MEMORY), *other = open_it("memory", KV_MEMORY);
	struct error err = ERROR_INIT;
	struct kv_txn *reader, *txn;
	uint64_t inode;
	int64_t birth;
	int grown;

	ok(access(dir_named("memory"), F_OK) < 0, "an index in memory leaves no trace");
	store_one(kv, "a", "1");
	ok(has(kv, "a", "1") && has(other, "a", NULL), "two of them know nothing of each other");
	fill(kv, 600, &grown);
	ok(grown > 0 && has(kv, "a", "1"), "it grows as well");
	ok(!kv_identity(kv, &inode, &birth, &err) && !kv_was_replaced(kv) && kv_is_writable(kv), "it has an identity");
	reader = begin(kv, false);
	store_one(kv, "b", "2");
	txn = kv_begin(kv, true, &err);
	ok(!txn && err.code == ERR_LOCAL, "no second commit takes pages from under a reader");
	kv_abort(&reader);
	store_one(kv, "c", "3");
	ok(has(kv, "b", "2") && has(kv, "c", "3"), "without the reader it goes on");
}

static void test_read_only(void)
{
	CLEANUP(kv) struct kv *kv = NULL;
	struct error err = ERROR_INIT;

	ok(!kv_open(dir_named("nowhere"), KV_READ_ONLY, &err) && err.code == ERR_LOCAL, "an absent index cannot be opened to be read");
	ok(access(dir_named("nowhere"), F_OK) < 0, "and is not made");
	kv = open_it("ro", KV_READ_WRITE);
	store_one(kv, "a", "1");
	kv_close(STEAL(kv));
	kv = open_it("ro", KV_READ_ONLY);
	ok(!kv_is_writable(kv) && has(kv, "a", "1"), "one that is there is read");
	error_clear(&err);
	ok(!kv_begin(kv, true, &err) && err.code != ERR_NONE, "but not written");
}

static void test_identity(void)
{
	CLEANUP(kv) struct kv *kv = open_it("id", KV_READ_WRITE);
	struct error err = ERROR_INIT;
	uint64_t inode = 0, again = 0;
	int64_t birth = 0, birth_again = 0;
	char moved[4300];

	ok(!kv_identity(kv, &inode, &birth, &err) && inode, "an index has an identity");
	ok(!kv_was_replaced(kv), "it was not replaced");
	snprintf(moved, sizeof moved, "%s-old", dir_named("id"));
	need(!rename(dir_named("id"), moved), "cannot move the index");
	ok(kv_was_replaced(kv), "until its directory holds another");
	ok(!kv_identity(kv, &again, &birth_again, &err) && again == inode && birth == birth_again, "its identity stays");
	kv_close(STEAL(kv));
	kv = open_it("id", KV_READ_WRITE);
	ok(!kv_identity(kv, &again, &birth_again, &err) && (again != inode || birth != birth_again), "another has another");
}

static void test_inheritance(void)
{
	CLEANUP(kv) struct kv *kv = open_it("inherited", KV_READ_WRITE);
	int inherited = 0;

	for (int fd = 3; fd < 64; fd++) {
		char link[64], to[4300] = "";

		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		if (readlink(link, to, sizeof to - 1) > 0 && strstr(to, "/inherited/"))
			inherited += !(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
	ok(kv != NULL, "an index is open");
	is_int(inherited, 0, "no program that is run inherits a file of the index");
}

static void child_grows(void)
{
	struct kv *kv = open_it("two", KV_READ_WRITE);
	int grown;

	fill(kv, 600, &grown);
	kv_close(kv);
	_exit(grown > 0 ? 0 : 1);
}

static void test_two_processes(void)
{
	struct kv *kv;
	int to_child[2], status = -1;
	char byte = 1;
	pid_t pid;

	need(!pipe(to_child), "no pipe");
	pid = fork();
	if (!pid) {
		close(to_child[1]);
		if (read(to_child[0], &byte, 1) != 1)
			_exit(2);
		child_grows();
	}
	kv = open_it("two", KV_READ_WRITE);
	store_one(kv, "mine", "1");
	need(write(to_child[1], &byte, 1) == 1 && waitpid(pid, &status, 0) == pid, "no child");
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "another process opens the index, grows it and writes");
	ok(has(kv, "mine", "1") && !has(kv, "big/000599", NULL), "this one follows the map that grew");
	store_one(kv, "after", "2");
	ok(has(kv, "after", "2"), "and writes on in it");
	kv_close(kv);
}

static void test_shared(void)
{
	struct kv *kv;
	struct stat st;
	char path[4300];

	need(!mkdir(dir_named("shared"), 0777) && !chmod(dir_named("shared"), 02775), "no directory");
	umask(022);
	kv = open_it("shared", KV_READ_WRITE);
	kv_close(kv);
	snprintf(path, sizeof path, "%s/data.mdb", dir_named("shared"));
	ok(!stat(path, &st) && (st.st_mode & 0777) == 0664, "in a directory shared with a group the files are shared too");
}

int main(void)
{
	test_values();
	test_growth();
	test_walks();
	test_damaged_value();
	test_damaged_key();
	test_damaged_file();
	test_memory();
	test_read_only();
	test_identity();
	test_inheritance();
	test_two_processes();
	test_shared();
	return tap_done();
}
