/* SPDX-License-Identifier: Apache-2.0 */
/* Drafts at rest: one append-only file each, locked by whoever changes it. */
#include <config.h>

#include "registry/open-draft.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/tempfile.h"
#include "base/utf8.h"
#include "registry/version.h"
#include "store/lock.h"

#define READ_TRIES 3

void open_draft_cleanup(struct open_draft *d)
{
	fd_cleanup(&d->fd);
	ptr_cleanup(&d->path);
	draft_file_cleanup(&d->file);
	*d = (struct open_draft)OPEN_DRAFT_INIT;
}

static void folder(struct registry *reg, struct strbuf *out)
{
	path_join(out, reg->store->dir, "drafts");
}

static int none(const char *text, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	utf8_add_visible(&shown, text, strlen(text));
	error_set(err, ERR_NO_COLLECTION, "there is no draft '%s'", shown.buf);
	return error_hint(err, "'mreg draft ls' lists those that are open; one that was committed is gone.");
}

/* ---- which there are ---- */

int open_draft_list(struct registry *reg, struct strvec *ids, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct dirent *entry;
	int failed;
	DIR *dir;

	folder(reg, &path);
	dir = opendir(path.buf);
	if (!dir)
		return errno == ENOENT ? 0 : error_set_errno(err, "cannot list '%s'", path.buf);
	while ((void)(errno = 0), (entry = readdir(dir)))
		if (draft_file_is_id(entry->d_name))
			strvec_push(ids, entry->d_name);
	failed = errno;
	closedir(dir);
	errno = failed;
	if (failed)
		return error_set_errno(err, "cannot list '%s'", path.buf);
	if (ids->count)
		strvec_sort(ids);
	return 0;
}

int open_draft_find(struct registry *reg, const char *text, char id[DRAFT_ID_LEN + 1], struct error *err)
{
	CLEANUP(strvec) struct strvec ids = STRVEC_INIT;
	size_t len = strlen(text), found = 0;

	if (open_draft_list(reg, &ids, err) < 0)
		return -1;
	for (size_t i = 0; len > 2 && i < ids.count; i++)
		if (strncmp(ids.v[i], text, len) == 0 && found++ == 0)
			memcpy(id, ids.v[i], DRAFT_ID_LEN + 1);
	if (found == 1)
		return 0;
	return found ? error_set(err, ERR_INVALID, "%zu drafts begin with '%s'", found, text) : none(text, err);
}

/* ---- making one ---- */

/* Who shares a registry adds to the drafts of others, whatever the umask of who opened them. */
static void share(int fd, const char *dir)
{
	struct stat above, file;

	if (stat(dir, &above) == 0 && (above.st_mode & S_ISGID) && (above.st_mode & S_IWGRP) && fstat(fd, &file) == 0)
		(void)!fchmod(fd, (file.st_mode & 0777) | S_IRGRP | S_IWGRP);
}

static void make_id(const struct draft_file *file, unsigned attempt, char id[DRAFT_ID_LEN + 1])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	CLEANUP(strbuf) struct strbuf purpose = STRBUF_INIT;
	uint64_t bits[DRAFT_ID_LEN - 2];

	strbuf_addf(&purpose, "draft/%s/%" PRId64 "/%u", file->name, file->time, attempt);
	random_fill(bits, sizeof bits, purpose.buf);
	memcpy(id, "d-", 2);
	for (size_t i = 0; i < COUNT_OF(bits); i++)
		id[2 + i] = letters[bits[i] % (sizeof letters - 1)];
	id[DRAFT_ID_LEN] = '\0';
}

/* Until a name is free.  The file is whole before it has the name. */
static int move_in(struct open_draft *d, const char *from, const char *dir, struct error *err)
{
	int there = 1;

	for (unsigned attempt = 0; there == 1; attempt++) {
		CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;

		make_id(&d->file, attempt, d->id);
		path_join(&path, dir, d->id);
		there = file_rename_new(from, path.buf, err);
		if (there == 0)
			d->path = strbuf_detach(&path);
	}
	return there < 0 ? -1 : file_sync_dir(dir, err);
}

int open_draft_create(struct registry *reg, struct open_draft *d, struct error *err)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT, tmp = STRBUF_INIT, from = STRBUF_INIT, text = STRBUF_INIT;
	int rc;

	folder(reg, &dir);
	path_join(&tmp, reg->store->dir, "tmp");
	tempfile_name(&from, tmp.buf, "draft");
	draft_file_write_head(&text, &d->file);
	if (file_mkdir(dir.buf, 0777, err) < 0)
		return -1;
	d->fd = file_open(from.buf, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0666, err);
	if (d->fd < 0)
		return -1;
	share(d->fd, dir.buf);
	rc = file_write(d->fd, text.buf, text.len, from.buf, err);
	if (rc == 0)
		rc = file_sync(d->fd, from.buf, err);
	if (rc == 0)
		rc = move_in(d, from.buf, dir.buf, err);
	if (rc < 0)
		(void)unlink(from.buf);
	d->file.len = text.len;
	return rc;
}

/* ---- reading ---- */

static int parse(struct open_draft *d, const struct strbuf *text, struct error *err)
{
	if (draft_file_parse(text->buf, text->len, &d->file, err) == 0)
		return 0;
	error_wrap(err, "the draft '%s' is damaged", d->id);
	return error_hint(err, "'mreg draft abort %s' gives it up.", d->id);
}

static void name_it(struct registry *reg, const char *id, struct open_draft *d)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;

	folder(reg, &path);
	strbuf_addf(&path, "/%s", id);
	memcpy(d->id, id, DRAFT_ID_LEN + 1);
	d->path = strbuf_detach(&path);
}

static int read_once(struct open_draft *d, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	bool absent = false;

	if (file_slurp(d->path, &text, DRAFT_FILE_MAX_BYTES, &absent, err) < 0)
		return -1;
	return absent ? none(d->id, err) : parse(d, &text, err);
}

/* A torn line that is replaced while it is read looks damaged that once. */
int open_draft_read(struct registry *reg, const char *id, struct open_draft *out, struct error *err)
{
	int rc = -1;

	name_it(reg, id, out);
	for (int i = 0; rc < 0 && i < READ_TRIES; i++) {
		error_clear(err);
		rc = read_once(out, err);
		if (rc < 0 && err->code != ERR_INTEGRITY)
			return -1;
	}
	return rc;
}

/* Who had it before may have removed it while we waited. */
static int check_still_there(const struct open_draft *d, struct error *err)
{
	struct stat st;

	if (fstat(d->fd, &st) < 0)
		return error_set_errno(err, "cannot read '%s'", d->path);
	return st.st_nlink ? 0 : none(d->id, err);
}

static int take_lock(struct registry *reg, const char *id, struct open_draft *out, struct error *err)
{
	name_it(reg, id, out);
	out->fd = file_open(out->path, O_RDWR | O_NOFOLLOW, 0, err);
	if (out->fd < 0)
		return errno == ENOENT ? none(id, err) : -1;
	if (lock_take_file(out->fd, out->path, reg->store->lock_timeout_ms, err) < 0)
		return -1;
	return check_still_there(out, err);
}

int open_draft_lock(struct registry *reg, const char *id, struct open_draft *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (take_lock(reg, id, out, err) < 0 || file_slurp(out->path, &text, DRAFT_FILE_MAX_BYTES, NULL, err) < 0)
		return -1;
	return parse(out, &text, err);
}

/* ---- changing ---- */

/* Two writes, so that a test can stop between them. */
static int write_line(const struct open_draft *d, const struct strbuf *line, struct error *err)
{
	size_t half = line->len / 2;

	crash_point("draft-before-line");
	if (file_pwrite(d->fd, line->buf, half, d->file.len, d->path, err) < 0)
		return -1;
	crash_point("draft-half-line");
	if (file_pwrite(d->fd, line->buf + half, line->len - half, d->file.len + half, d->path, err) < 0)
		return -1;
	crash_point("draft-before-sync");
	if (file_sync_data(d->fd, d->path, err) < 0)
		return -1;
	crash_point("draft-after-sync");
	return 0;
}

int open_draft_append(struct open_draft *d, struct draft_step *step, struct error *err)
{
	CLEANUP(strbuf) struct strbuf line = STRBUF_INIT;

	draft_file_write_step(&line, step);
	if (line.len > DRAFT_FILE_MAX_BYTES - d->file.len)
		return error_set(err, ERR_INVALID, "the draft '%s' would get over the limit of %u bytes", d->id, DRAFT_FILE_MAX_BYTES);
	/* what a killed process left of its line must not stand after ours */
	if (ftruncate(d->fd, (off_t)d->file.len) < 0)
		return error_set_errno(err, "cannot shorten '%s'", d->path);
	if (write_line(d, &line, err) < 0) {
		(void)!ftruncate(d->fd, (off_t)d->file.len);
		return -1;
	}
	d->file.len += line.len;
	ARRAY_GROW(d->file.steps, d->file.count + 1, d->file.cap);
	d->file.steps[d->file.count++] = *step;
	*step = (struct draft_step){ .is_removal = false };
	return 0;
}

int open_draft_remove(struct registry *reg, struct open_draft *d, struct error *err)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;

	folder(reg, &dir);
	if (unlink(d->path) < 0)
		return error_set_errno(err, "cannot remove '%s'", d->path);
	return file_sync_dir(dir.buf, err);
}

int open_draft_abort(struct registry *reg, const char *id, struct error *err)
{
	CLEANUP(open_draft) struct open_draft d = OPEN_DRAFT_INIT;

	return take_lock(reg, id, &d, err) < 0 ? -1 : open_draft_remove(reg, &d, err);
}

int open_draft_base(struct registry *reg, const struct open_draft *d, struct manifest *out, struct error *err)
{
	*out = (struct manifest)MANIFEST_INIT;
	if (!d->file.has_base || version_manifest(reg, &d->file.base_digest, out, err) == 0)
		return 0;
	return error_wrap(err, "the version that the draft '%s' began as", d->id);
}
