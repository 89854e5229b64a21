/* SPDX-License-Identifier: Apache-2.0 */
/* Walks directories for a put: everything in them is taken, refused by name, or left out by a rule the user gave. */
#include <config.h>

#include "registry/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/thread-pool.h"
#include "base/utf8.h"
#include "format/glob.h"
#include "registry/target.h"

#define IGNORE_FILE ".mregignore"
#define IGNORE_FILE_MAX (1u << 20)
#define FOLDERS_FOR_A_CREW 16 /* with fewer, threads hardly pay */
#define THREADS_MAX 8

/* One walk of one operand. */
struct walk {
	struct tree *tree;
	const struct tree_options *options;
	struct strbuf source, path; /* of the directory being read */
	size_t top_len;             /* of path: the --as prefix, with its slash */
	struct ignore_rules rules;
	struct stat *above;         /* the directories being read, against loops of links */
	size_t depth, cap;
	bool is_branch;             /* one of several threads' */
};

static void walk_cleanup(struct walk *w)
{
	strbuf_release(&w->source);
	strbuf_release(&w->path);
	ignore_rules_cleanup(&w->rules);
	free(w->above);
}

static void entry_release(struct tree_entry *e)
{
	free(e->path);
	free(e->source);
	free(e->target);
}

void tree_cleanup(struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		entry_release(&tree->entries[i]);
	free(tree->entries);
	*tree = (struct tree)TREE_INIT;
}

struct tree_entry *tree_push(struct tree *tree, enum entry_kind kind, const char *path, const char *source, const struct stat *st)
{
	struct tree_entry *e;

	ARRAY_GROW(tree->entries, tree->count + 1, tree->cap);
	e = &tree->entries[tree->count++];
	*e = (struct tree_entry){ .kind = kind, .path = xstrdup(path), .source = source ? xstrdup(source) : NULL, .fd = -1 };
	if (st)
		e->st = *st;
	return e;
}

bool tree_is_reserved(const char *path)
{
	for (const char *part = path; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
		if (strncasecmp(part, ".mreg", 5) == 0 && (part[5] == '/' || part[5] == '\0'))
			return true;
	return false;
}

bool tree_is_wanted(const struct strvec *include, const struct strvec *exclude, const char *path)
{
	bool in = !include || include->count == 0;

	for (size_t i = 0; !in && i < include->count; i++)
		in = glob_match_path(include->v[i], path);
	for (size_t i = 0; in && exclude && i < exclude->count; i++)
		in = !glob_match_path(exclude->v[i], path);
	return in;
}

static bool wanted(const struct tree_options *o, const char *path)
{
	return tree_is_wanted(o->include, o->exclude, path);
}

static int refuse(const char *source, const char *what, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	utf8_add_visible(&shown, source, strlen(source));
	return error_set(err, ERR_LOCAL, "'%s' is %s", shown.buf, what);
}

/* What no get would write is not stored to begin with. */
static int check_name(const struct tree_options *o, const char *source, const char *path, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	if (o->keep_links || !tree_is_reserved(path))
		return 0;
	utf8_add_visible(&shown, source, strlen(source));
	error_set(err, ERR_INVALID, "'%s' has the name '.mreg', which is kept for registries", shown.buf);
	return error_hint(err, "--exclude leaves it out.");
}

static const char *special_kind(mode_t mode)
{
	return S_ISFIFO(mode) ? "a FIFO, not a file" : S_ISSOCK(mode) ? "a socket, not a file" : "a device, not a file";
}

bool tree_link_leaves(const char *dir, const char *target)
{
	size_t depth = 0;

	if (*target == '/')
		return true;
	for (; *dir; dir++)
		depth += *dir == '/';
	while (*target) {
		size_t len = strcspn(target, "/");

		if (len == 2 && target[0] == '.' && target[1] == '.') {
			if (depth == 0)
				return true;
			depth--;
		} else if (len > 0 && !(len == 1 && *target == '.')) {
			depth++;
		}
		target += len;
		target += *target == '/';
	}
	return false;
}

static int add_link(struct walk *w, const char *source, const char *path, const struct stat *st, struct error *err)
{
	char target[MANIFEST_MAX_TARGET + 2];
	ssize_t len = readlink(source, target, sizeof target - 1);
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;
	struct tree_entry *e;

	if (len < 0)
		return error_set_errno(err, "cannot read the link '%s'", source);
	if (len == 0 || len > MANIFEST_MAX_TARGET)
		return error_set(err, ERR_LOCAL, "the link '%s' has a target of %zd bytes", source, len);
	target[len] = '\0';
	strbuf_add(&dir, path + w->top_len, strlen(path + w->top_len));
	while (dir.len && dir.buf[dir.len - 1] != '/')
		strbuf_set_len(&dir, dir.len - 1);
	if (!w->options->keep_links && tree_link_leaves(dir.buf, target)) {
		error_set(err, ERR_INVALID, "the link '%s' points out of the directory, to '%s'", source, target);
		return error_hint(err, "--dereference stores what links point to; --exclude leaves it out.");
	}
	e = tree_push(w->tree, ENTRY_LINK, path, source, st);
	e->target = xstrdup(target);
	return 0;
}

static int walk_directory(struct walk *w, struct error *err);

static int enter(struct walk *w, const char *name, struct error *err)
{
	size_t source_len = w->source.len, path_len = w->path.len, rules = w->rules.count;
	struct stat st;
	int rc;

	strbuf_addf(&w->source, "/%s", name);
	if ((w->options->dereference ? stat : lstat)(w->source.buf, &st) < 0)
		return error_set_errno(err, "cannot read '%s'", w->source.buf);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ERR_INTEGRITY, "'%s' changes while it is read", w->source.buf);
	for (size_t i = 0; i < w->depth; i++)
		if (w->above[i].st_dev == st.st_dev && w->above[i].st_ino == st.st_ino)
			return error_set(err, ERR_LOCAL, "'%s' leads back to a directory above it", w->source.buf);
	ARRAY_GROW(w->above, w->depth + 1, w->cap);
	w->above[w->depth++] = st;
	strbuf_addf(&w->path, "%s/", name);
	rc = walk_directory(w, err);
	strbuf_set_len(&w->source, source_len);
	strbuf_set_len(&w->path, path_len);
	ignore_rules_truncate(&w->rules, rules);
	w->depth--;
	return rc;
}

/* 1: to be entered. */
static int visit_directory(struct walk *w, const char *source, const char *path, const char *name)
{
	if (target_is_temp(name))
		return 0;
	if (strcmp(name, ".mreg") != 0)
		return 1;
	if (w->options->keep_special)
		tree_push(w->tree, ENTRY_DIR, path, source, NULL)->nature = TREE_OPAQUE;
	return 0;
}

static int visit_special(struct walk *w, const char *source, const char *path, const struct stat *st, struct error *err)
{
	if (!w->options->keep_special)
		return refuse(source, special_kind(st->st_mode), err);
	tree_push(w->tree, ENTRY_FILE, path, source, st)->nature = TREE_SPECIAL;
	return 0;
}

/* 1: a directory, to be entered later. */
static int visit(struct walk *w, int dir_fd, const char *name, struct error *err)
{
	CLEANUP(strbuf) struct strbuf source = STRBUF_INIT, path = STRBUF_INIT;
	struct stat st;
	struct tree_entry *e;

	strbuf_addf(&source, "%s/%s", w->source.buf, name);
	strbuf_addf(&path, "%s%s", w->path.buf, name);
	if (fstatat(dir_fd, name, &st, w->options->dereference ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, "cannot read '%s'", source.buf);
	if (!w->options->no_ignore && ignore_rules_match(&w->rules, path.buf + w->top_len, S_ISDIR(st.st_mode)))
		return 0;
	if (S_ISDIR(st.st_mode))
		return visit_directory(w, source.buf, path.buf, name);
	if (!wanted(w->options, path.buf))
		return 0;
	if (check_name(w->options, source.buf, path.buf, err) < 0)
		return -1;
	if (S_ISLNK(st.st_mode))
		return add_link(w, source.buf, path.buf, &st, err);
	if (!S_ISREG(st.st_mode))
		return visit_special(w, source.buf, path.buf, &st, err);
	e = tree_push(w->tree, ENTRY_FILE, path.buf, source.buf, &st);
	e->follow = w->options->dereference;
	return 0;
}

static int read_ignore_file(struct walk *w, struct error *err)
{
	CLEANUP(strbuf) struct strbuf file = STRBUF_INIT, text = STRBUF_INIT, base = STRBUF_INIT;
	bool absent = false;

	if (w->options->no_ignore)
		return 0;
	strbuf_addf(&file, "%s/" IGNORE_FILE, w->source.buf);
	if (file_slurp(file.buf, &text, IGNORE_FILE_MAX, &absent, err) < 0) {
		if (err->code == ERR_INTEGRITY) /* too large is no damage here */
			err->code = ERR_INVALID;
		return -1;
	}
	strbuf_adds(&base, w->path.buf + w->top_len);
	if (base.len)
		strbuf_set_len(&base, base.len - 1);
	if (!absent)
		ignore_rules_add(&w->rules, base.buf, text.buf, text.len);
	return 0;
}

static void dir_cleanup(DIR **dir)
{
	int saved = errno;

	if (*dir)
		closedir(*dir);
	errno = saved;
}

static int list_names(DIR *dir, const char *source, struct strvec *names, struct error *err)
{
	struct dirent *d;

	for (errno = 0; (d = readdir(dir)); errno = 0)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			strvec_push(names, d->d_name);
	return errno ? error_set_errno(err, "cannot read the directory '%s'", source) : 0;
}

/* An entry for the directory being read itself. */
static int add_this(struct walk *w, enum tree_nature nature, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;

	strbuf_add(&path, w->path.buf, w->path.len - 1);
	if (!wanted(w->options, path.buf))
		return 0;
	if (check_name(w->options, w->source.buf, path.buf, err) < 0)
		return -1;
	tree_push(w->tree, ENTRY_DIR, path.buf, w->source.buf, NULL)->nature = nature;
	return 0;
}

/* Everything in the directory but its own directories, whose names are given back: it is not held open while they are walked. */
static int visit_all(struct walk *w, struct strvec *folders, struct error *err)
{
	CLEANUP(dir) DIR *dir = opendir(w->source.buf);
	CLEANUP(strvec) struct strvec names = STRVEC_INIT;

	if (!dir && errno == EACCES && w->options->keep_closed && w->path.len > w->top_len)
		return add_this(w, TREE_OPAQUE, err);
	if (!dir)
		return error_set_errno(err, "cannot read the directory '%s'", w->source.buf);
	if (list_names(dir, w->source.buf, &names, err) < 0 || read_ignore_file(w, err) < 0)
		return -1;
	if (names.count == 0 && w->path.len > 0)
		return add_this(w, TREE_PLAIN, err);
	for (size_t i = 0; i < names.count; i++) {
		int enters = visit(w, dirfd(dir), names.v[i], err);

		if (enters < 0)
			return -1;
		if (enters)
			strvec_push(folders, names.v[i]);
	}
	return 0;
}

/* The folders of one directory, walked by several threads, each of which has a walk and a tree of its own. */
struct crew {
	const struct walk *from;
	const struct strvec *folders;
	_Atomic size_t next;
	pthread_mutex_t lock; /* of what follows */
	struct tree *tree;
	size_t failed; /* the first folder that could not be walked */
	struct error err;
};

static void walk_copy(struct walk *to, const struct walk *from, struct tree *tree)
{
	*to = (struct walk){ .tree = tree, .options = from->options, .source = STRBUF_INIT, .path = STRBUF_INIT, .top_len = from->top_len,
			     .rules = IGNORE_RULES_INIT, .is_branch = true };
	strbuf_add(&to->source, from->source.buf, from->source.len);
	strbuf_add(&to->path, from->path.buf, from->path.len);
	ignore_rules_copy(&to->rules, &from->rules);
	ARRAY_GROW(to->above, from->depth + 1, to->cap);
	for (; to->depth < from->depth; to->depth++)
		to->above[to->depth] = from->above[to->depth];
}

/* Its entries become the crew's, in whatever order: they are sorted in the end. */
static void end_branch(struct crew *c, struct tree *tree, size_t folder, const struct error *err)
{
	pthread_mutex_lock(&c->lock);
	ARRAY_GROW(c->tree->entries, c->tree->count + tree->count, c->tree->cap);
	for (size_t i = 0; i < tree->count; i++)
		c->tree->entries[c->tree->count++] = tree->entries[i];
	free(tree->entries);
	if (folder < c->failed) {
		c->failed = folder;
		c->err = *err;
	}
	pthread_mutex_unlock(&c->lock);
}

static void walk_branch(void *arg, size_t worker)
{
	struct crew *c = arg;
	struct tree tree = TREE_INIT;
	struct error err = ERROR_INIT;
	size_t i, failed = SIZE_MAX;
	CLEANUP(walk) struct walk w;

	(void)worker;
	walk_copy(&w, c->from, &tree);
	while (failed == SIZE_MAX && (i = atomic_fetch_add(&c->next, 1)) < c->folders->count)
		if (enter(&w, c->folders->v[i], &err) < 0)
			failed = i;
	if (failed != SIZE_MAX)
		atomic_store(&c->next, c->folders->count);
	end_branch(c, &tree, failed, &err);
}

static int walk_by_crew(struct walk *w, const struct strvec *folders, struct error *err)
{
	struct crew c = { .from = w, .folders = folders, .tree = w->tree, .failed = SIZE_MAX };

	pthread_mutex_init(&c.lock, NULL);
	thread_run(thread_count(THREADS_MAX), walk_branch, &c);
	pthread_mutex_destroy(&c.lock);
	if (c.failed == SIZE_MAX)
		return 0;
	*err = c.err;
	return -1;
}

static int walk_directory(struct walk *w, struct error *err)
{
	CLEANUP(strvec) struct strvec folders = STRVEC_INIT;

	if (interrupt_check(err) < 0 || visit_all(w, &folders, err) < 0)
		return -1;
	if (!w->is_branch && folders.count >= FOLDERS_FOR_A_CREW)
		return walk_by_crew(w, &folders, err);
	for (size_t i = 0; i < folders.count; i++)
		if (enter(w, folders.v[i], err) < 0)
			return -1;
	return 0;
}

static int add_directory(struct tree *tree, const char *path, const char *as, const struct stat *st, const struct tree_options *options,
			 struct error *err)
{
	CLEANUP(walk) struct walk w = { .tree = tree, .options = options, .source = STRBUF_INIT, .path = STRBUF_INIT, .rules = IGNORE_RULES_INIT };

	strbuf_adds(&w.source, path);
	while (w.source.len > 1 && w.source.buf[w.source.len - 1] == '/')
		strbuf_set_len(&w.source, w.source.len - 1);
	if (as)
		strbuf_addf(&w.path, "%s/", as);
	w.top_len = w.path.len;
	ARRAY_GROW(w.above, 1, w.cap);
	w.above[w.depth++] = *st;
	return walk_directory(&w, err);
}

int tree_check_as(const char *as, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	utf8_add_visible(&shown, as, strlen(as));
	if (tree_is_reserved(as))
		return error_set(err, ERR_INVALID, "'%s' cannot be stored: the name '.mreg' is kept for registries", shown.buf);
	if (path_is_safe(as, strlen(as)))
		return 0;
	return error_set(err, ERR_INVALID, "'%s' is no path inside a version: it must be relative, without '..', '.' or empty parts", shown.buf);
}

int tree_add(struct tree *tree, const char *path, const char *as, const struct tree_options *options, struct error *err)
{
	struct stat st, link;
	struct tree_entry *e;
	CLEANUP(strbuf) struct strbuf base = STRBUF_INIT;
	const char *name;
	size_t len;

	if (as && tree_check_as(as, err) < 0)
		return -1;
	if (stat(path, &st) < 0 || lstat(path, &link) < 0)
		return error_set_errno(err, "cannot read '%s'", path);
	if (S_ISDIR(st.st_mode))
		return add_directory(tree, path, as, &st, options, err);
	if (!S_ISREG(st.st_mode))
		return refuse(path, special_kind(st.st_mode), err);
	name = path_base(path, &len);
	strbuf_add(&base, name, len);
	if (!wanted(options, as ? as : base.buf))
		return 0;
	if (check_name(options, path, as ? as : base.buf, err) < 0)
		return -1;
	e = tree_push(tree, ENTRY_FILE, as ? as : base.buf, path, &st);
	e->follow = options->dereference || S_ISLNK(link.st_mode);
	return 0;
}

int tree_add_stream(struct tree *tree, int fd, const char *as, struct error *err)
{
	struct tree_entry *e;

	if (tree_check_as(as, err) < 0)
		return -1;
	e = tree_push(tree, ENTRY_FILE, as, NULL, NULL);
	e->fd = fd;
	return 0;
}

static int by_path(const void *a, const void *b)
{
	const struct tree_entry *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static int two_sources(const struct tree_entry *a, const struct tree_entry *b, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	utf8_add_visible(&shown, a->path, strlen(a->path));
	error_set(err, ERR_CONFLICT, "two sources for '%s': '%s' and '%s'", shown.buf, a->source ? a->source : "-", b->source ? b->source : "-");
	return error_hint(err, "--as after a PATH stores it under another name.");
}

int tree_finish(struct tree *tree, struct error *err)
{
	size_t kept = 0;
	int rc = 0;

	if (tree->count)
		qsort(tree->entries, tree->count, sizeof *tree->entries, by_path);
	for (size_t i = 0; i < tree->count; i++) {
		struct tree_entry *last = kept ? &tree->entries[kept - 1] : NULL, *e = &tree->entries[i];
		bool again = last && strcmp(last->path, e->path) == 0;

		if (again && last->kind == ENTRY_DIR && e->kind == ENTRY_DIR) {
			entry_release(e);
			continue;
		}
		if (again && rc == 0)
			rc = two_sources(last, e, err);
		tree->entries[kept++] = *e;
	}
	tree->count = kept;
	return rc;
}
