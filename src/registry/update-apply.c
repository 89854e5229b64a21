/* SPDX-License-Identifier: Apache-2.0 */
/* Stages what changed, out of the store and the old files, and swaps it in: a folder that is new at once, else file by file. */
#include <config.h>

#include "registry/update-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/crash.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/utf8.h"
#include "registry/external.h"
#include "registry/target.h"

/* What is to be written, and where it is prepared. */
struct stage {
	struct update *u;
	const struct entry **changed; /* sorted by path */
	size_t count;
	struct strbuf path;           /* empty: there is none */
	int fd;
	struct stat_rows rows;        /* of each that changed */
	struct strbuf there;          /* a folder that the target is known to have */
};

static void stage_cleanup(struct stage *s)
{
	struct error ignored = ERROR_INIT;

	fd_cleanup(&s->fd);
	if (s->path.len && file_remove_tree(s->path.buf, &ignored) < 0)
		error_clear(&ignored); /* a sweep takes it later */
	strbuf_release(&s->path);
	strbuf_release(&s->there);
	stat_rows_cleanup(&s->rows);
}

/* ---- making the new ---- */

static const struct have *find_have(const struct update *u, const char *path)
{
	size_t low = 0, high = u->tree.count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(u->tree.entries[mid].path, path);

		if (order == 0)
			return &u->have[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* Small files are one chunk, of which nothing can be taken. */
static void find_old(const struct update *u, const struct entry *e, struct target_old *old)
{
	const struct have *h = e->kind == ENTRY_FILE && e->size > FILE_ONE_CHUNK_MAX ? find_have(u, e->path) : NULL;

	if (!h || !h->hashed || h->t->nature || h->t->kind != ENTRY_FILE || h->t->st.st_size <= (off_t)FILE_ONE_CHUNK_MAX)
		return;
	*old = (struct target_old){ &h->t->st, h->digest };
}

static int stage_changed(struct stage *s, struct error *err)
{
	struct update *u = s->u;
	CLEANUP(ptr) struct target_old *old = xcalloc(s->count + 1, sizeof *old);
	struct target target = { .entries = s->changed, .count = s->count, .old = old, .old_root_fd = u->root_fd };

	if (s->count == 0)
		return 0;
	for (size_t i = 0; i < s->count; i++)
		find_old(u, s->changed[i], &old[i]);
	s->rows = (struct stat_rows){ xcalloc(s->count, sizeof *s->rows.v), s->count, s->count };
	s->fd = target_make_temp(u->options->dir, &s->path, err);
	target.root_fd = s->fd;
	target.rows = s->rows.v;
	if (s->fd < 0 || target_write(u->objects, &target, u->reg->report, err) < 0)
		return -1;
	crash_point("get-staged");
	return 0;
}

/* ---- taking away the old ---- */

/* What was decided holds for what was there then, and staging may have taken minutes.  A rename gives a file another change time. */
static bool is_as_seen(const struct have *h, const struct stat *st)
{
	struct stat seen = h->t->st;

	if (h->t->kind == ENTRY_DIR)
		return S_ISDIR(st->st_mode);
	seen.st_ctim = st->st_ctim;
	return (seen.st_mode & S_IFMT) == (st->st_mode & S_IFMT) && stat_is_same(&seen, st);
}

/* h: what was there, or NULL.  A directory goes only when it is empty. */
static bool may_go(const struct update *u, const struct have *h, const struct stat *st)
{
	return u->options->force || (h ? is_as_seen(h, st) : S_ISDIR(st->st_mode));
}

static int say_changed(const char *path, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	utf8_add_visible(&shown, path, strlen(path));
	error_set(err, ERR_POLICY, "'%s' has changed meanwhile", shown.buf);
	return error_hint(err, "It was left as it is, and the version is there in part. Get it again when the directory is at rest.");
}

/* Takes away folders that became empty, upwards, as long as the version has nothing there. */
static void prune_folders(const struct update *u, const char *path)
{
	CLEANUP(ptr) char *dir = xstrdup(path);
	char *slash;

	while ((slash = strrchr(dir, '/'))) {
		const char *base;
		struct error ignored = ERROR_INIT;
		CLEANUP(fd) int parent = -1;

		*slash = '\0';
		if (update_has_entry_below(u, dir) || (update_find_entry(u, dir) && update_find_entry(u, dir)->kind == ENTRY_DIR))
			return;
		parent = beneath_open_parent(u->root_fd, dir, false, &base, &ignored);
		if (parent < 0 || unlinkat(parent, base, AT_REMOVEDIR) < 0)
			return;
	}
}

static int remove_one(struct update *u, const struct have *h, struct error *err)
{
	const char *base;
	CLEANUP(fd) int parent = beneath_open_parent(u->root_fd, h->t->path, false, &base, err);
	struct stat st;

	if (parent < 0)
		return -1;
	if (h->ours && fstatat(parent, base, &st, AT_SYMLINK_NOFOLLOW) == 0 && !may_go(u, h, &st))
		return say_changed(h->t->path, err);
	if (unlinkat(parent, base, h->t->kind == ENTRY_DIR ? AT_REMOVEDIR : 0) < 0 && errno != ENOENT)
		return error_set_errno(err, "cannot remove '%s'", h->t->source);
	u->out->removed += h->t->kind != ENTRY_DIR;
	prune_folders(u, h->t->path);
	return 0;
}

/* in_way: asks only for what must go before anything can be put in its place; else for the rest. */
static bool is_to_go(const struct update *u, const struct have *h, bool in_way)
{
	bool goes_first = h->in_way || (h->wants && !h->same && (h->t->kind == ENTRY_DIR || h->wants->kind == ENTRY_DIR));

	if (h->t->nature == TREE_OPAQUE || in_way)
		return h->t->nature != TREE_OPAQUE && goes_first;
	if (goes_first || h->wants || !h->chosen)
		return false;
	return u->options->exact || (h->ours && h->t->kind != ENTRY_DIR);
}

static int remove_old(struct update *u, bool in_way, struct error *err)
{
	for (size_t i = 0; i < u->tree.count; i++)
		if (is_to_go(u, &u->have[i], in_way) && (interrupt_check(err) < 0 || remove_one(u, &u->have[i], err) < 0))
			return -1;
	return 0;
}

/* ---- swapping it in ---- */

enum moved { MOVED, NOT_THAT_WAY, CHANGED_MEANWHILE, FAILED };

/*
 * Renaming over a file makes ext4 write the new one to disk before anything else, which takes longer than all the rest; exchanging the two does not.
 * And what is taken away can be looked at before it goes: what came in between is given back.
 */
static enum moved exchange(const struct update *u, const struct have *h, int from, const char *stage_base, int to, const char *base)
{
#ifdef HAVE_RENAMEAT2
	struct stat st;
	bool is_fine;

	if (renameat2(from, stage_base, to, base, RENAME_EXCHANGE) < 0)
		return NOT_THAT_WAY;
	is_fine = fstatat(from, stage_base, &st, AT_SYMLINK_NOFOLLOW) == 0 && may_go(u, h, &st);
	if (is_fine && unlinkat(from, stage_base, 0) == 0)
		return MOVED;
	if (renameat2(from, stage_base, to, base, RENAME_EXCHANGE) < 0)
		return FAILED;
	return is_fine ? NOT_THAT_WAY : CHANGED_MEANWHILE;
#else
	(void)u, (void)h, (void)from, (void)stage_base, (void)to, (void)base;
	return NOT_THAT_WAY;
#endif
}

/* Where nothing is: what comes in between stays. */
static enum moved move_new(const struct update *u, int from, const char *stage_base, int to, const char *base)
{
#ifdef HAVE_RENAMEAT2
	if (!u->options->force && renameat2(from, stage_base, to, base, RENAME_NOREPLACE) == 0)
		return MOVED;
	if (!u->options->force && errno == EEXIST)
		return CHANGED_MEANWHILE;
#endif
	(void)u;
	return renameat(from, stage_base, to, base) < 0 ? FAILED : MOVED;
}

/* A socket or device that --force allows to replace is renamed over; a folder must be empty by now. */
static enum moved replace(const struct update *u, const struct have *h, int from, const char *stage_base, int to, const char *base)
{
	enum moved moved = NOT_THAT_WAY;
	struct stat st;

	if (fstatat(to, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? move_new(u, from, stage_base, to, base) : FAILED;
	if (!may_go(u, h, &st))
		return CHANGED_MEANWHILE;
	if (S_ISREG(st.st_mode))
		moved = exchange(u, h, from, stage_base, to, base);
	if (moved != NOT_THAT_WAY)
		return moved;
	if (S_ISDIR(st.st_mode) && unlinkat(to, base, AT_REMOVEDIR) < 0)
		return FAILED;
	return renameat(from, stage_base, to, base) < 0 ? FAILED : MOVED;
}

/* The rename gave it another change time; all else must be as it was when it was written. */
static void renew_row(struct stat_row *row, int dir_fd, const char *name)
{
	struct stat_row before = *row;
	struct stat st;

	if (!before.inode)
		return;
	*row = (struct stat_row){ .inode = 0 };
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) || !stat_row_set(row, &st, &before.digest))
		return;
	if (row->device != before.device || row->inode != before.inode || row->size != before.size || row->mtime != before.mtime)
		*row = (struct stat_row){ .inode = 0 };
}

static void count_in(struct update *u, const struct entry *e)
{
	u->out->written += e->kind != ENTRY_DIR;
	u->out->bytes += external_bytes(e);
}

static int move_file(struct stage *s, size_t i, struct error *err)
{
	const struct entry *e = s->changed[i];
	const char *base, *stage_base;
	CLEANUP(fd) int from = beneath_open_parent(s->fd, e->path, false, &stage_base, err);
	CLEANUP(fd) int to = from < 0 ? -1 : beneath_open_parent(s->u->root_fd, e->path, true, &base, err);
	enum moved moved;

	if (from < 0 || to < 0)
		return -1;
	if (e->kind == ENTRY_DIR) {
		if (mkdirat(to, base, 0777) < 0 && errno != EEXIST)
			return error_set_errno(err, "cannot make '%s'", e->path);
		return 0;
	}
	moved = replace(s->u, find_have(s->u, e->path), from, stage_base, to, base);
	if (moved != MOVED)
		return moved == FAILED ? error_set_errno(err, "cannot write '%s'", e->path) : say_changed(e->path, err);
	renew_row(&s->rows.v[i], to, base);
	count_in(s->u, e);
	crash_point("get-between-files");
	return 0;
}

/* 1: the folder was not there, and now is, with all that is in it; 0: it is there; -1. */
static int move_folder(struct stage *s, const char *folder, struct error *err)
{
	const char *base, *stage_base;
	CLEANUP(fd) int to = beneath_open_parent(s->u->root_fd, folder, false, &base, err);
	CLEANUP(fd) int from = to < 0 ? -1 : beneath_open_parent(s->fd, folder, false, &stage_base, err);
	struct stat st;

	if (from < 0)
		return -1;
	if (fstatat(to, base, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (errno != ENOENT || renameat(from, stage_base, to, base) < 0)
		return error_set_errno(err, "cannot write '%s'", folder);
	crash_point("get-between-files");
	return 1;
}

static bool is_below(const char *path, const char *folder, size_t len)
{
	return strncmp(path, folder, len) == 0 && path[len] == '/';
}

/* How many entries from the first on came along with a folder of theirs: 0 when all their folders are there already. */
static ssize_t move_folders(struct stage *s, size_t first, struct error *err)
{
	const char *path = s->changed[first]->path, *slash = path;
	size_t known = is_below(path, s->there.buf, s->there.len) ? s->there.len : 0, n = 0;
	CLEANUP(strbuf) struct strbuf folder = STRBUF_INIT;
	int moved = 0;

	while (!moved && (slash = strchr(slash + (slash > path), '/'))) {
		if ((size_t)(slash - path) <= known && known)
			continue;
		strbuf_reset(&folder);
		strbuf_add(&folder, path, (size_t)(slash - path));
		moved = move_folder(s, folder.buf, err);
		if (moved < 0)
			return -1;
		if (!moved) {
			strbuf_reset(&s->there);
			strbuf_adds(&s->there, folder.buf);
		}
	}
	for (; moved && first + n < s->count && is_below(s->changed[first + n]->path, folder.buf, folder.len); n++)
		count_in(s->u, s->changed[first + n]);
	return (ssize_t)n;
}

static int move_in(struct stage *s, struct error *err)
{
	for (size_t i = 0; i < s->count;) {
		ssize_t n = interrupt_check(err) < 0 ? -1 : move_folders(s, i, err);

		if (n < 0 || (!n && move_file(s, i, err) < 0))
			return -1;
		i += n ? (size_t)n : 1;
	}
	return 0;
}

/* Only the change time is another, so what is known of the file holds. */
static void renew_known(struct stage *s, const struct have *h, int fd)
{
	struct stat st, before = h->t->st;

	if (fstat(fd, &st) < 0)
		return;
	before.st_ctim = st.st_ctim;
	if (!stat_is_same(&st, &before))
		return;
	ARRAY_GROW(s->rows.v, s->rows.count + 1, s->rows.cap);
	stat_row_set(&s->rows.v[s->rows.count++], &st, &h->digest);
}

static int fix_modes(struct stage *s, struct error *err)
{
	struct update *u = s->u;

	for (size_t i = 0; i < u->tree.count; i++) {
		const struct have *h = &u->have[i];
		bool is_exec = h->t->st.st_mode & S_IXUSR;
		CLEANUP(fd) int fd = -1;
		mode_t mode;

		if (!h->same || h->t->kind != ENTRY_FILE || is_exec == ((h->wants->mode & 0100) != 0))
			continue;
		mode = is_exec ? h->t->st.st_mode & 0666 : (h->t->st.st_mode & 0666) | ((h->t->st.st_mode & 0444) >> 2);
		fd = beneath_open(u->root_fd, h->t->path, O_RDONLY | O_NONBLOCK, 0, err);
		if (fd < 0 || fchmod(fd, mode) < 0)
			return error_set_errno(err, "cannot change the mode of '%s'", h->t->source);
		renew_known(s, h, fd);
	}
	return 0;
}

static void note_removal(const struct update *u, const struct have *h)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	utf8_add_visible(&shown, h->t->path, strlen(h->t->path));
	if (u->out->removed <= UPDATE_NAMED_MAX)
		report_note(u->reg->report, "'%s' would be removed", shown.buf);
	else if (u->out->removed == UPDATE_NAMED_MAX + 1)
		report_note(u->reg->report, "and others");
}

void update_apply_dry(struct update *u, const struct entry **changed, size_t count)
{
	for (size_t i = 0; i < count; i++)
		count_in(u, changed[i]);
	for (size_t i = 0; i < u->tree.count; i++) {
		const struct have *h = &u->have[i];

		if (h->t->kind == ENTRY_DIR || (!is_to_go(u, h, true) && !is_to_go(u, h, false)))
			continue;
		u->out->removed++;
		note_removal(u, h);
	}
}

static void remember(struct stage *s)
{
	struct stat_rows *learned = &s->u->learned;

	stat_rows_settle(&s->rows);
	ARRAY_GROW(learned->v, learned->count + s->rows.count, learned->cap);
	for (size_t i = 0; i < s->rows.count; i++)
		learned->v[learned->count++] = s->rows.v[i];
	registry_save_stats(s->u->reg, learned);
}

int update_apply(struct update *u, const struct entry **changed, size_t count, struct error *err)
{
	CLEANUP(stage) struct stage s = { .u = u, .changed = changed, .count = count, .path = STRBUF_INIT, .fd = -1, .there = STRBUF_INIT };

	if (stage_changed(&s, err) < 0 || remove_old(u, true, err) < 0 || move_in(&s, err) < 0 || fix_modes(&s, err) < 0 ||
	    remove_old(u, false, err) < 0)
		return -1;
	remember(&s);
	return 0;
}
