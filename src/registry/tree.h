/* SPDX-License-Identifier: Apache-2.0 */
/* What a put is made of: files, links and empty directories found below its operands (a tree source). */
#ifndef MREG_REGISTRY_TREE_H
#define MREG_REGISTRY_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/strvec.h"
#include "format/manifest.h"
#include "store/ingest.h"

enum tree_nature {
	TREE_PLAIN,
	TREE_SPECIAL, /* a device, FIFO or socket; kind says ENTRY_FILE */
	TREE_OPAQUE,  /* a directory that is not looked into: a registry's .mreg, or one we may not read; kind says ENTRY_DIR */
};

struct tree_entry {
	enum entry_kind kind; /* ENTRY_FILE, ENTRY_DIR, ENTRY_LINK */
	enum tree_nature nature;
	char *path;           /* in the version */
	char *source;         /* on disk; NULL for a stream */
	char *target;         /* of a link */
	int fd;               /* of a stream, else -1 */
	bool follow;          /* the operand itself was a link, or --dereference */
	bool is_stored;       /* a file out of an archive, which `source` is then: digest, st_size and the mode are known, there is nothing to read */
	struct oid digest;    /* of that */
	struct stat st;       /* zeroed for a stream */
};
struct tree {
	struct tree_entry *entries;
	size_t count, cap;
};
#define TREE_INIT { NULL, 0, 0 }

struct tree_options {
	const struct strvec *include, *exclude; /* may be NULL; patterns are matched against the path in the version */
	bool dereference;                       /* follow links inside directories */
	bool no_ignore;                         /* do not honour .mregignore */
	bool keep_links;                        /* a folder as it is (verify, get): links that leave the tree and names kept for registries are not refused */
	bool keep_special;                      /* what cannot be stored becomes an entry of its own nature (get); else it is refused, .mreg left out */
	bool keep_closed;                       /* so do directories that we may not read */
};

/* Would a get refuse it: is a component `.mreg`, in any case? */
bool tree_is_reserved(const char *path);
/* --include and --exclude; either may be NULL. */
bool tree_is_wanted(const struct strvec *include, const struct strvec *exclude, const char *path);

/* Is it a legal `as`? */
int tree_check_as(const char *as, struct error *err) MUST_CHECK;
/* Does a link in directory `dir` (relative to the top, "" or "a/b/") point out of the tree, by its text? */
bool tree_link_leaves(const char *dir, const char *target);
/* Adds an entry as it is, unchecked; source and st may be NULL. Good until the next one. */
struct tree_entry *tree_push(struct tree *tree, enum entry_kind kind, const char *path, const char *source, const struct stat *st);

/*
 * Adds one operand.  A regular file goes under its base name (as renames it), a directory's contents at the top (as: below that prefix); a link is
 * followed.  `.mreg` directories are never entered, nor what a get left behind that was killed.  ERR_LOCAL: missing, unreadable, special files, by name.
 * ERR_INVALID: a link inside that leaves the tree without dereference, a name kept for registries, or an `as` that is no safe path. Nothing that cannot be
 * read is left out in silence.
 */
int tree_add(struct tree *tree, const char *path, const char *as, const struct tree_options *options, struct error *err) MUST_CHECK;
/* A stream (stdin) stored as `as`. */
int tree_add_stream(struct tree *tree, int fd, const char *as, struct error *err) MUST_CHECK;
/* Sorts by path; two sources for one path are ERR_CONFLICT, two empty directories one. */
int tree_finish(struct tree *tree, struct error *err) MUST_CHECK;
void tree_cleanup(struct tree *tree);

#endif
