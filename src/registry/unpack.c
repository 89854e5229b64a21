/* SPDX-License-Identifier: Apache-2.0 */
/* Takes the members of an archive into the store, by the rules that hold for a directory. */
#include <config.h>

#include "registry/unpack.h"

#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/utf8.h"
#include "format/manifest.h"
#include "registry/target.h"
#include "store/archive-source.h"
#include "store/ingest.h"
#include "tensor/tensor.h"

#define LINE_LEN 100 /* of a manifest, about, beside the path */

/* A member that is stored. */
struct unpacked {
	struct ingest_item item; /* of a file */
	enum entry_kind kind;
	char *path;              /* in the version */
	char *target;            /* of a link */
	const struct unpacked *same; /* of a hard link: the file */
	bool executable;
};

struct unpacking {
	const struct unpacker *with;
	const char *name, *as;
	size_t top_len; /* of `as` with its slash */
	struct archive_source *source;
	struct unpacked **members;
	size_t count, cap;
	struct hashmap by_path;  /* of those */
	struct hashmap occupied; /* folders that are not empty, though all in them was left out */
	uint64_t bytes;          /* of the manifest they make, about */
	bool any;                /* member, stored or left out */
};

static void unpacking_cleanup(struct unpacking *u)
{
	archive_source_close(u->source);
	for (size_t i = 0; i < u->count; i++) {
		free(u->members[i]->path);
		free(u->members[i]->target);
		free(u->members[i]);
	}
	free(u->members);
	hashmap_release(&u->by_path, NULL);
	hashmap_release(&u->occupied, NULL);
}

/* what: "is …", said of a member. */
static int refuse(const struct unpacking *u, enum error_code code, const char *path, const char *what, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	utf8_add_visible(&shown, path, strlen(path));
	return error_set(err, code, "'%s' in '%s' %s", shown.buf, u->name, what);
}

/* ---- paths ---- */

/* Appends the components, without "." and doubled slashes. */
static int add_components(const struct unpacking *u, struct strbuf *out, const char *path, struct error *err)
{
	if (*path == '/')
		return refuse(u, ERR_INVALID, path, "is an absolute path", err);
	for (const char *part = path; *part;) {
		size_t len = strcspn(part, "/");

		if (len == 2 && memcmp(part, "..", 2) == 0)
			return refuse(u, ERR_INVALID, path, "has '..' in its path", err);
		if (len && !(len == 1 && *part == '.')) {
			if (out->len > u->top_len)
				strbuf_add(out, "/", 1);
			strbuf_add(out, part, len);
		}
		part += len;
		part += *part == '/';
	}
	return 0;
}

/* The path in the version; empty below `as`: the top itself. */
static int member_path(const struct unpacking *u, struct strbuf *out, const char *path, struct error *err)
{
	strbuf_reset(out);
	if (u->as)
		strbuf_addf(out, "%s/", u->as);
	if (add_components(u, out, path, err) < 0)
		return -1;
	if (out->len > MANIFEST_MAX_PATH) {
		strbuf_set_len(out, 80);
		return refuse(u, ERR_INVALID, out->buf, "... is too long a path", err);
	}
	return 0;
}

/* What a directory's walk leaves out as well. */
static bool is_left_behind(const char *path)
{
	CLEANUP(strbuf) struct strbuf part = STRBUF_INIT;

	for (const char *slash; (slash = strchr(path, '/')); path = slash + 1) {
		strbuf_reset(&part);
		strbuf_add(&part, path, (size_t)(slash - path));
		if (target_is_temp(part.buf))
			return true;
	}
	return false;
}

static void occupy_folders_of(struct unpacking *u, const char *path)
{
	for (size_t len = strlen(path); len > u->top_len; len--) {
		if (path[len] != '/')
			continue;
		if (hashmap_has(&u->occupied, path, len))
			return;
		hashmap_put(&u->occupied, path, len, NULL);
	}
}

/* ---- members ---- */

static int add_member(struct unpacking *u, enum entry_kind kind, const char *path, bool executable, struct unpacked **out,
		      struct error *err)
{
	size_t len = strlen(path);
	struct unpacked *m = hashmap_find(&u->by_path, path, len);

	*out = NULL;
	if (m && m->kind == ENTRY_DIR && kind == ENTRY_DIR)
		return 0;
	if (m) {
		refuse(u, ERR_CONFLICT, path, "stands there twice", err);
		return error_hint(err, "Unpack it, and put the directory.");
	}
	u->bytes += len + LINE_LEN;
	if (u->bytes > MANIFEST_MAX_BYTES)
		return error_set(err, ERR_INVALID, "'%s' has too many members for a version", u->name);
	m = xcalloc(1, sizeof *m);
	*m = (struct unpacked){ .kind = kind, .path = xstrdup(path), .executable = executable, .item.fd = -1 };
	ARRAY_GROW(u->members, u->count + 1, u->cap);
	u->members[u->count++] = m;
	hashmap_put(&u->by_path, path, len, m);
	*out = m;
	return 0;
}

static int add_link(struct unpacking *u, const char *path, const char *target, struct error *err)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;
	const char *slash = strrchr(path + u->top_len, '/');
	size_t len = strlen(target);
	struct unpacked *m;

	if (len == 0 || len > MANIFEST_MAX_TARGET)
		return refuse(u, ERR_LOCAL, path, "is a link without a target, or with too long a one", err);
	if (slash)
		strbuf_add(&dir, path + u->top_len, (size_t)(slash + 1 - path) - u->top_len);
	if (tree_link_leaves(dir.buf, target)) {
		refuse(u, ERR_INVALID, path, "is a link that points out of the archive", err);
		return error_hint(err, "--exclude leaves it out.");
	}
	if (add_member(u, ENTRY_LINK, path, false, &m, err) < 0)
		return -1;
	m->target = xstrdup(target);
	return 0;
}

static int add_hard_link(struct unpacking *u, const char *path, const char *target, struct error *err)
{
	CLEANUP(strbuf) struct strbuf to = STRBUF_INIT;
	const struct unpacked *of;
	struct unpacked *m;

	if (member_path(u, &to, target, err) < 0)
		return -1;
	of = hashmap_find(&u->by_path, to.buf, to.len);
	if (!of || of->kind == ENTRY_DIR) {
		CLEANUP(strbuf) struct strbuf what = STRBUF_INIT;

		strbuf_adds(&what, "is a hard link to '");
		utf8_add_visible(&what, target, strlen(target));
		strbuf_adds(&what, "', which is no file before it, or is left out");
		refuse(u, ERR_INVALID, path, what.buf, err);
		return error_hint(err, "Unpack it, and put the directory.");
	}
	if (of->kind == ENTRY_LINK)
		return add_link(u, path, of->target, err);
	if (add_member(u, ENTRY_FILE, path, of->executable, &m, err) < 0)
		return -1;
	m->same = of->same ? of->same : of;
	return 0;
}

static int add_file(struct unpacking *u, const char *path, const struct archive_member *m, struct ingest_item **item, struct error *err)
{
	struct unpacked *added;

	if (m->is_encrypted) {
		refuse(u, ERR_LOCAL, path, "is encrypted", err);
		return error_hint(err, "Unpack it, and put the directory.");
	}
	if (add_member(u, ENTRY_FILE, path, m->executable, &added, err) < 0)
		return -1;
	added->item.path = added->path;
	added->item.size_hint = m->size;
	*item = &added->item;
	return 0;
}

/* *item stays NULL for what has no bytes of its own. */
static int take(struct unpacking *u, const char *path, const struct archive_member *m, struct ingest_item **item, struct error *err)
{
	const struct tree_options *o = u->with->options;
	struct unpacked *folder;

	if (is_left_behind(path) || !tree_is_wanted(o->include, o->exclude, path)) {
		occupy_folders_of(u, path);
		return 0;
	}
	if (tree_is_reserved(path)) {
		refuse(u, ERR_INVALID, path, "has the name '.mreg', which is kept for registries", err);
		return error_hint(err, "--exclude leaves it out.");
	}
	switch (m->kind) {
	case MEMBER_FILE:
		return add_file(u, path, m, item, err);
	case MEMBER_FOLDER:
		return add_member(u, ENTRY_DIR, path, false, &folder, err);
	case MEMBER_LINK:
		return add_link(u, path, m->target, err);
	case MEMBER_HARD_LINK:
		return add_hard_link(u, path, m->target, err);
	case MEMBER_SPECIAL:
		break;
	}
	return refuse(u, ERR_LOCAL, path, "is a device, FIFO or socket, not a file", err);
}

static int next_file(void *arg, struct ingest_item **item, struct error *err)
{
	struct unpacking *u = arg;
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct archive_member m;
	int more;

	*item = NULL;
	while (!*item && (more = archive_source_next(u->source, &m, err)) != 0) {
		if (more < 0 || member_path(u, &path, m.path, err) < 0)
			return -1;
		if (path.len == u->top_len && m.kind == MEMBER_FOLDER)
			continue;
		if (path.len == u->top_len)
			return refuse(u, ERR_INVALID, m.path, "is no path of a file", err);
		u->any = true;
		if (take(u, path.buf, &m, item, err) < 0)
			return -1;
	}
	return *item != NULL;
}

static ssize_t read_file(void *arg, void *buf, size_t len, struct error *err)
{
	struct unpacking *u = arg;

	return archive_source_read(u->source, buf, len, err);
}

/* ---- the tree ---- */

static void add_to_tree(const struct unpacking *u, struct tree *tree, uint64_t *stored)
{
	for (size_t i = 0; i < u->count; i++) {
		const struct unpacked *m = u->members[i];
		const struct ingest_item *item = m->same ? &m->same->item : &m->item;
		struct tree_entry *e;

		if (m->kind == ENTRY_DIR && hashmap_has(&u->occupied, m->path, strlen(m->path)))
			continue;
		e = tree_push(tree, m->kind, m->path, u->name, NULL);
		e->is_stored = m->kind == ENTRY_FILE;
		e->digest = item->digest;
		e->st.st_size = (off_t)item->size;
		e->st.st_mode = m->executable ? S_IXUSR : 0;
		e->target = m->target ? xstrdup(m->target) : NULL;
		if (!m->same)
			*stored += item->stored;
	}
	/* as it is with an empty directory */
	if (!u->any && u->as && tree_is_wanted(u->with->options->include, u->with->options->exclude, u->as))
		tree_push(tree, ENTRY_DIR, u->as, u->name, NULL);
}

int unpack_add(const struct unpacker *u, struct tree *tree, const char *path, const char *as, uint64_t *stored, struct error *err)
{
	CLEANUP(unpacking) struct unpacking unpacking = {
		.with = u, .name = strcmp(path, "-") == 0 ? "standard input" : path, .as = as, .top_len = as ? strlen(as) + 1 : 0,
	};
	const struct ingest_sequence sequence = { next_file, read_file, &unpacking };

	if (as && tree_check_as(as, err) < 0)
		return -1;
	unpacking.source = archive_source_open(path, u->tmp_dir, err);
	if (!unpacking.source || ingest_sequence(u->objects, u->writer, &sequence, tensor_layout, u->report, err) < 0)
		return -1;
	add_to_tree(&unpacking, tree, stored);
	return 0;
}
