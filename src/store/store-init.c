/* SPDX-License-Identifier: Apache-2.0 */
/* Making a registry directory: all of it durable before the stamp makes it one. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "store/store.h"

#define INIT_LOCK_MS 10000
#define LOCK_FILE_LEN 384 /* room for the holders' texts, so that a full disk does not make them anonymous */
#define CONFIG_TEXT "# Configuration of this registry; see mreg-config(5).\n"

static const char *const directories[] = { "objects", "quarantine", "runs", "remotes", "drafts", "index", "hooks", "tmp" };

/* Whatever the umask says: who shares a registry must be able to write what another made. */
static int share(const char *path, mode_t mode, bool shared, struct error *err)
{
	if (shared && chmod(path, mode))
		return error_set_errno(err, "cannot share '%s'", path);
	return 0;
}

static int make_directory(const char *path, bool shared, struct error *err)
{
	if (file_mkdir(path, 0777, err) < 0)
		return -1;
	return share(path, 02775, shared, err);
}

/* An earlier attempt that was cut short left some of the files; they are as good as new ones. */
static int make_file(const char *dir, const char *name, const void *data, size_t len, bool shared, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	CLEANUP(fd) int fd = -1;
	struct stat st;

	path_join(&path, dir, name);
	fd = file_open(path.buf, O_WRONLY | O_CREAT | O_NOFOLLOW, 0666, err);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st))
		return error_set_errno(err, "cannot read '%s'", path.buf);
	if (!st.st_size && file_write(fd, data, len, path.buf, err) < 0)
		return -1;
	if (share(path.buf, 0664, shared, err) < 0)
		return -1;
	return file_sync(fd, path.buf, err);
}

/* What an init that was cut short left behind is completed, a registry that lost its stamp is not made into another one. */
static int refuse_if_there(const char *mreg_dir, const char *stamp_path, struct error *err)
{
	CLEANUP(strbuf) struct strbuf journal = STRBUF_INIT;
	struct stat st;

	path_join(&journal, mreg_dir, "journal");
	if (file_exists(stamp_path))
		return error_set(err, ERR_CONFLICT, "'%s' is a registry already", mreg_dir);
	if (stat(journal.buf, &st) < 0 || st.st_size == 0)
		return 0;
	error_set(err, ERR_CONFLICT, "'%s' holds a registry that has lost its file 'format'", mreg_dir);
	return error_hint(err, "Put that file back from a copy of the registry; another id would not fit its journal.");
}

static int make_contents(const char *mreg_dir, bool shared, struct error *err)
{
	static const char empty[LOCK_FILE_LEN];

	for (size_t i = 0; i < COUNT_OF(directories); i++) {
		CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;

		path_join(&path, mreg_dir, directories[i]);
		if (make_directory(path.buf, shared, err) < 0)
			return -1;
	}
	if (make_file(mreg_dir, "lock", empty, sizeof empty, shared, err) < 0 ||
		make_file(mreg_dir, "config", CONFIG_TEXT, strlen(CONFIG_TEXT), shared, err) < 0 ||
		make_file(mreg_dir, "journal", "", 0, shared, err) < 0)
		return -1;
	return file_sync_dir(mreg_dir, err);
}

/* The directory that was asked for, and the one it stands in, may be new as well. */
static int sync_above(const char *dir, struct error *err)
{
	CLEANUP(strbuf) struct strbuf parent = STRBUF_INIT;
	struct error ignored = ERROR_INIT;

	if (file_sync_dir(dir, err) < 0)
		return -1;
	path_dir(&parent, dir);
	if (file_sync_dir(parent.buf, &ignored) < 0)
		error_clear(&ignored); /* search permission alone suffices to make DIR, not to open what is above it */
	return 0;
}

static int write_stamp(const char *path, bool shared, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct stamp stamp = { .version = STAMP_VERSION };

	random_fill(stamp.id, sizeof stamp.id, "registry id");
	stamp_write(&text, &stamp);
	if (file_replace(path, text.buf, text.len, 0644, err) < 0)
		return -1;
	return share(path, 0644, shared, err);
}

int store_init(const char *dir, bool shared, struct error *err)
{
	CLEANUP(strbuf) struct strbuf mreg_dir = STRBUF_INIT, stamp_path = STRBUF_INIT;
	CLEANUP(lock) struct lock lock = LOCK_INIT;

	path_join(&mreg_dir, dir, ".mreg");
	path_join(&stamp_path, mreg_dir.buf, "format");
	if (refuse_if_there(mreg_dir.buf, stamp_path.buf, err) < 0 || file_mkdir_parents(dir, 0777, err) < 0 ||
		make_directory(mreg_dir.buf, shared, err) < 0)
		return -1;
	if (lock_take(&lock, mreg_dir.buf, LOCK_JOURNAL, true, INIT_LOCK_MS, "init", err) < 0 ||
		refuse_if_there(mreg_dir.buf, stamp_path.buf, err) < 0)
		return -1;
	if (make_contents(mreg_dir.buf, shared, err) < 0 || sync_above(dir, err) < 0)
		return -1;
	crash_point("init-before-format");
	return write_stamp(stamp_path.buf, shared, err);
}
