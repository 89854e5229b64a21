/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest: the canonical list of a version's files.  Its SHA-256 is the version's digest (mreg-manifest(5)). */
#ifndef MREG_FORMAT_MANIFEST_H
#define MREG_FORMAT_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/strbuf.h"

enum entry_kind {
	ENTRY_FILE, /* regular file: mode 0644 or 0755, size, digest */
	ENTRY_DIR,  /* an empty directory: mode 0755, size 0; a directory with entries below it has no line */
	ENTRY_LINK, /* symbolic link: mode 0777, target; size is the target's length */
	ENTRY_REF,  /* external reference: uri; size and digest where known */
};

struct entry {
	enum entry_kind kind;
	unsigned mode;     /* 0644, 0755; 0777 for a link */
	bool has_size;     /* always true but for ENTRY_REF */
	bool has_digest;   /* always true for ENTRY_FILE, false for DIR and LINK */
	uint64_t size;
	struct oid digest;
	char *path;        /* raw bytes, relative, safe (path_is_safe) */
	char *target;      /* link target (raw bytes) or URI; NULL otherwise */
};

struct manifest {
	struct entry *entries; /* sorted by path bytes once manifest_finish() or manifest_parse() ran */
	size_t count, cap;
};
#define MANIFEST_INIT { NULL, 0, 0 }

#define MANIFEST_MAX_PATH 4095
#define MANIFEST_MAX_TARGET 4095
#define MANIFEST_MAX_BYTES (1024u << 20) /* a manifest's text */

/* Text: a first line "mreg-manifest 1", then a line an entry, sorted by path (raw bytes, memcmp), LF at the end of each:
 *	file MODE SIZE SHA256 PATH
 *	dir 0755 0 - PATH
 *	link 0777 LENGTH TARGET PATH
 *	ref MODE SIZE|- SHA256|- URI PATH
 * One space between fields; PATH runs to the end of the line.  Escaping: backslash is \\, newline is \n, every other byte below 0x20, 0x7f,
 * and each
 * byte at which no valid UTF-8 sequence begins is \xHH (lower case); in TARGET and URI a space is \x20 as well.  Only these are escaped, so
 * a
 * manifest has exactly one text.
 */

/* Appends an entry with the kind's usual mode; path is copied.  The caller fills in the rest; target is an allocated string that m then owns.  The
 * pointer is good until the next entry. */
struct entry *manifest_add(struct manifest *m, enum entry_kind kind, const char *path);
/* Sorts, takes out directories that have entries below them, sets the size of links, and checks: unsafe paths and over-long ones
 * (ERR_INVALID), two entries for one path, a file that is also a folder (ERR_CONFLICT). */
int manifest_finish(struct manifest *m, struct error *err) MUST_CHECK;
/* m must be finished. */
void manifest_write(struct strbuf *out, const struct manifest *m);
/* Accepts exactly what manifest_write() gives: anything else (order, escapes, modes, trailing bytes) is ERR_INTEGRITY naming the line. */
int manifest_parse(const char *text, size_t len, struct manifest *out, struct error *err) MUST_CHECK;

/*
 * The same as manifest_parse() for text that comes in pieces, without holding it: fn gets each entry as its line ends, and may keep path and target by
 * setting them to NULL; -1 from it ends the scan.  What it was given counts only when manifest_scan_finish() is content, too.  At most
 * 64 KiB of text are held.
 */
typedef int (*manifest_entry_fn)(struct entry *e, void *arg, struct error *err);
struct manifest_scan;
struct manifest_scan *manifest_scan_new(manifest_entry_fn fn, void *arg);
int manifest_scan_feed(struct manifest_scan *s, const void *text, size_t len, struct error *err) MUST_CHECK;
int manifest_scan_finish(struct manifest_scan *s, struct error *err) MUST_CHECK;
void manifest_scan_free(struct manifest_scan *s);
void manifest_scan_cleanup(struct manifest_scan **s);

/* NULL if absent. */
const struct entry *manifest_find(const struct manifest *m, const char *path);
uint64_t manifest_bytes(const struct manifest *m);  /* sum of known sizes of files and references */
uint64_t manifest_files(const struct manifest *m);  /* entries that are no directories */
/* Of equal kind, mode, size, digest, target (not path). */
bool entry_same(const struct entry *a, const struct entry *b);
/* The first two paths that differ only in the case of ASCII letters in a component, or false. Points into m. */
bool manifest_case_clash(const struct manifest *m, const char **a, const char **b);
void manifest_cleanup(struct manifest *m);
/* The escaping of PATH above, for whoever prints one. */
void manifest_escape(struct strbuf *out, const char *bytes, size_t len, bool with_space);

#endif
