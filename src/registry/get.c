/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses what of a version is wanted and writes it to a new directory, or hands over to update.c. */
#include <config.h>

#include "registry/get.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "registry/absent.h"
#include "registry/external.h"
#include "registry/target.h"
#include "registry/tree.h"
#include "registry/update.h"
#include "registry/version.h"

/* No version may reach into a registry that lies in its target. */
static int refuse_registry(const struct entry *const *entries, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (tree_is_reserved(entries[i]->path))
			return error_set(err, ERR_POLICY, "the version holds '%s', and a get never writes into a registry", entries[i]->path);
	return 0;
}

static size_t choose(const struct manifest *m, const struct get_options *o, const struct entry **out)
{
	size_t count = 0;

	for (size_t i = 0; i < m->count; i++)
		if (tree_is_wanted(o->include, o->exclude, m->entries[i].path))
			out[count++] = &m->entries[i];
	return count;
}

/* Does the file system of this directory take "a" and "A" for one name? */
static int folds_case(int dir_fd, bool *out, struct error *err)
{
	CLEANUP(fd) int fd = openat(dir_fd, ".mreg-case", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0)
		return error_set_errno(err, "cannot write to the target");
	*out = fstatat(dir_fd, ".MREG-CASE", &st, AT_SYMLINK_NOFOLLOW) == 0;
	unlinkat(dir_fd, ".mreg-case", 0);
	return 0;
}

static int check_case(int dir_fd, const struct manifest *m, struct error *err)
{
	const char *a, *b;
	bool folds = false;

	if (!manifest_case_clash(m, &a, &b))
		return 0;
	if (folds_case(dir_fd, &folds, err) < 0)
		return -1;
	if (!folds)
		return 0;
	return error_set(err, ERR_CONFLICT, "'%s' and '%s' differ only in case, and the file system of the target cannot hold both", a, b);
}

/* A directory under construction: removed unless it was renamed into place. */
struct building {
	struct strbuf path;
	int fd;
};

static void building_cleanup(struct building *b)
{
	struct error ignored = ERROR_INIT;

	fd_cleanup(&b->fd);
	if (b->path.len && file_remove_tree(b->path.buf, &ignored) < 0)
		error_clear(&ignored); /* a sweep takes it later */
	strbuf_release(&b->path);
}

static int rename_into_place(struct building *b, const char *target, struct error *err)
{
	int rc;

	crash_point("get-before-rename");
	rc = file_rename_new(b->path.buf, target, err);
	if (rc == 1)
		return error_set(err, ERR_POLICY, "'%s' appeared meanwhile", target);
	if (rc == 0)
		strbuf_reset(&b->path);
	return rc;
}

static int get_fresh(struct registry *reg, const struct resolved *version, const struct manifest *m, const struct entry *const *entries, size_t count,
		     const struct get_options *o, struct get_result *out, struct error *err)
{
	struct objects *objects = version_objects(reg, err);
	CLEANUP(building) struct building b = { STRBUF_INIT, -1 };
	CLEANUP(strbuf) struct strbuf target = STRBUF_INIT, parent = STRBUF_INIT;
	CLEANUP(stat_rows) struct stat_rows rows = STAT_ROWS_INIT;

	if (!objects)
		return -1;
	out->written = count;
	for (size_t i = 0; i < count; i++)
		out->bytes += external_bytes(entries[i]);
	if (target_check_references(entries, count, o->offline, err) < 0)
		return -1;
	if (o->dry_run)
		return 0;
	if (absent_fetch(reg, &version->row.version, m, entries, count, err) < 0)
		return -1;
	path_normalise(&target, o->dir);
	path_dir(&parent, target.buf);
	if (file_mkdir_parents(parent.buf, 0777, err) < 0)
		return -1;
	target_sweep(parent.buf);
	b.fd = target_make_temp(parent.buf, &b.path, err);
	if (b.fd < 0 || check_case(b.fd, m, err) < 0)
		return -1;
	rows = (struct stat_rows){ xcalloc(count + 1, sizeof *rows.v), count, count + 1 };
	if (target_write(objects, &(struct target){ b.fd, entries, count, rows.v, NULL, -1 }, reg->report, err) < 0 ||
	    rename_into_place(&b, target.buf, err) < 0)
		return -1;
	stat_rows_settle(&rows);
	registry_save_stats(reg, &rows);
	return 0;
}

static int get_existing(struct registry *reg, const struct resolved *version, const struct manifest *m, const struct entry *const *entries, size_t count,
			const struct get_options *o, struct get_result *out, struct error *err)
{
	CLEANUP(fd) int fd = file_open(o->dir, O_RDONLY | O_DIRECTORY, 0, err);

	if (fd < 0 || check_case(fd, m, err) < 0)
		return -1;
	return update_run(reg, version, m, entries, count, o, out, err);
}

int get_run(struct registry *reg, const struct resolved *version, const struct get_options *o, struct get_result *out, struct error *err)
{
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	CLEANUP(ptr) const struct entry **entries = NULL;
	struct stat st;
	size_t count;

	memset(out, 0, sizeof *out);
	if (!*o->dir)
		return error_set(err, ERR_USAGE, "the target's name is empty");
	if (registry_check_outside(reg, o->dir, err) < 0)
		return -1;
	if (version_manifest(reg, &version->row.digest, &m, err) < 0)
		return -1;
	entries = xcalloc(m.count + 1, sizeof *entries);
	count = choose(&m, o, entries);
	if (m.count && !count)
		report_note(reg->report, "no file of '%s:v%" PRIu64 "' is wanted by --include and --exclude", version->collection.name, version->row.number);
	if (refuse_registry(entries, count, err) < 0)
		return -1;
	if (lstat(o->dir, &st) < 0 && errno == ENOENT)
		return get_fresh(reg, version, &m, entries, count, o, out, err);
	if (stat(o->dir, &st) < 0)
		return error_set_errno(err, "cannot use '%s'", o->dir);
	if (!S_ISDIR(st.st_mode)) {
		error_set(err, ERR_POLICY, "'%s' exists and is no directory", o->dir);
		return error_hint(err, "-o DIR names another place.");
	}
	return get_existing(reg, version, &m, entries, count, o, out, err);
}

static bool is_at_or_below(const char *path, const char *dir)
{
	CLEANUP(strbuf) struct strbuf inner = STRBUF_INIT, outer = STRBUF_INIT;

	path_normalise(&inner, path);
	path_normalise(&outer, dir);
	return strncmp(inner.buf, outer.buf, outer.len) == 0 && (inner.buf[outer.len] == '/' || inner.buf[outer.len] == '\0');
}

int get_check_stamp(const char *path, const char *target, struct error *err)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;
	struct stat st;

	path_dir(&dir, path);
	if (access(dir.buf, W_OK | X_OK) < 0 && !(errno == ENOENT && is_at_or_below(dir.buf, target)))
		return error_set_errno(err, "cannot write the stamp '%s'", path);
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return error_set(err, ERR_LOCAL, "cannot write the stamp '%s': it is a directory", path);
	return 0;
}

int get_stamp(const char *path, const struct oid *digest, struct error *err)
{
	CLEANUP(strbuf) struct strbuf want = STRBUF_INIT, have = STRBUF_INIT;
	bool absent = false;

	strbuf_addf(&want, "%s\n", oid_hex(digest).text);
	if (file_slurp(path, &have, 1 << 16, &absent, err) < 0) {
		if (err->code != ERR_INTEGRITY) /* larger than a stamp is: replaced */
			return -1;
		error_clear(err);
		strbuf_reset(&have);
	}
	if (!absent && have.len == want.len && memcmp(have.buf, want.buf, want.len) == 0)
		return 0;
	return file_replace(path, want.buf, want.len, 0666, err);
}
