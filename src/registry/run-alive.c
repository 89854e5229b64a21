/* SPDX-License-Identifier: Apache-2.0 */
/* One small file a running run: a lock on it, and beside it what tells the process from others that may have its number. */
#include <config.h>

#include "registry/run-alive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process-id.h"
#include "format/json.h"
#include "store/lock.h"

#define FILE_MAX 4096
#define SUFFIX ".lock"

struct run_alive {
	int fd;
};

static void add_path(struct strbuf *out, struct registry *reg, const struct run_id *id)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;

	strbuf_addf(&name, "runs/%s" SUFFIX, id->text);
	path_join(out, reg->store->dir, name.buf);
}

/* The inode: a copy of the file says nothing of any process. */
static void describe(struct strbuf *out, const char *kind, int64_t pid, uint64_t inode)
{
	CLEANUP(json) json_t *doc = json_object();
	uint64_t ticks = 0;

	json_object_set_new(doc, "boot", json_string(process_id_boot()));
	json_object_set_new(doc, "inode", json_u64(inode & INT64_MAX));
	json_object_set_new(doc, "kind", json_string(kind));
	json_object_set_new(doc, "pid", json_integer(pid));
	json_object_set_new(doc, "space", json_string(process_id_space()));
	if (process_id_ticks((pid_t)pid, &ticks))
		json_object_set_new(doc, "ticks", json_u64(ticks & INT64_MAX));
	json_canonical(out, doc);
	strbuf_addc(out, '\n');
}

/* Opened, locked, written: whoever reads it meanwhile finds it empty, or as it was. */
static int write_it(struct registry *reg, const struct run_id *id, const char *kind, int64_t pid, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT, dir = STRBUF_INIT, text = STRBUF_INIT;
	CLEANUP(fd) int fd = -1;
	struct stat st;
	int locked;

	add_path(&path, reg, id);
	path_dir(&dir, path.buf);
	if (file_mkdir(dir.buf, 0777, err) < 0)
		return -1;
	fd = file_open(path.buf, O_RDWR | O_CREAT | O_NOFOLLOW, 0666, err);
	if (fd < 0 || lock_take_file(fd, path.buf, reg->store->lock_timeout_ms, err) < 0)
		return -1;
	if (fstat(fd, &st) || ftruncate(fd, 0))
		return error_set_errno(err, "cannot write '%s'", path.buf);
	describe(&text, kind, pid, st.st_ino);
	if (file_pwrite(fd, text.buf, text.len, 0, path.buf, err) < 0)
		return -1;
	locked = fd;
	fd = -1;
	return locked;
}

struct run_alive *run_alive_hold(struct registry *reg, const struct run_id *id, struct error *err)
{
	int fd = write_it(reg, id, "exec", getpid(), err);
	struct run_alive *alive;

	if (fd < 0)
		return NULL;
	alive = xmalloc(sizeof *alive);
	alive->fd = fd;
	return alive;
}

void run_alive_release(struct run_alive *alive)
{
	if (alive)
		fd_cleanup(&alive->fd);
	free(alive);
}

void run_alive_cleanup(struct run_alive **alive)
{
	int saved = errno;

	run_alive_release(*alive);
	*alive = NULL;
	errno = saved;
}

int run_alive_check(int64_t pid, struct error *err)
{
	if (pid < 1 || pid > INT32_MAX || process_id_is_gone((pid_t)pid))
		return error_set(err, ERR_INVALID, "there is no process %lld", (long long)pid);
	return 0;
}

int run_alive_note(struct registry *reg, const struct run_id *id, int64_t pid, struct error *err)
{
	CLEANUP(fd) int fd = write_it(reg, id, "pid", pid, err);

	return fd < 0 ? -1 : 0;
}

void run_alive_forget(struct registry *reg, const struct run_id *id)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;

	add_path(&path, reg, id);
	unlink(path.buf);
}

static bool is_same_process(const json_t *doc, pid_t pid)
{
	uint64_t noted, ticks;

	if (process_id_is_gone(pid))
		return false;
	return !json_get_u64(doc, "ticks", &noted) || !process_id_ticks(pid, &ticks) || (ticks & INT64_MAX) == noted;
}

/* Nobody holds the lock. */
static enum run_alive_answer judge(const json_t *doc, const struct stat *st)
{
	const char *boot, *kind, *space;
	uint64_t inode, pid;

	if (!json_get_string(doc, "boot", &boot) || !json_get_string(doc, "kind", &kind) || !json_get_string(doc, "space", &space) ||
		!json_get_u64(doc, "inode", &inode) || !json_get_u64(doc, "pid", &pid) || pid < 1 || pid > INT32_MAX)
		return RUN_ALIVE_UNKNOWN;
	if (inode != ((uint64_t)st->st_ino & INT64_MAX))
		return RUN_ALIVE_UNKNOWN;
	/* one kernel knows all locks that it gave, to whatever container */
	if (*boot && !strcmp(boot, process_id_boot()) && !strcmp(kind, "exec"))
		return RUN_ALIVE_NO;
	if (strcmp(space, process_id_space()) != 0)
		return RUN_ALIVE_UNKNOWN;
	if (strcmp(boot, process_id_boot()) != 0)
		return RUN_ALIVE_NO;
	return is_same_process(doc, (pid_t)pid) ? RUN_ALIVE_YES : RUN_ALIVE_NO;
}

enum run_alive_answer run_alive_is(struct registry *reg, const struct run_id *id)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	CLEANUP(json) json_t *doc = NULL;
	struct error ignored = ERROR_INIT;
	char text[FILE_MAX];
	CLEANUP(fd) int fd = -1;
	struct stat st;
	ssize_t len;

	add_path(&path, reg, id);
	fd = open(path.buf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return RUN_ALIVE_UNKNOWN;
	if (lock_file_is_held(fd))
		return RUN_ALIVE_YES;
	len = file_pread(fd, text, sizeof text, 0, path.buf, &ignored);
	doc = len > 0 ? json_parse(text, (size_t)len, "the file", &ignored) : NULL;
	return json_is_object(doc) ? judge(doc, &st) : RUN_ALIVE_UNKNOWN;
}
