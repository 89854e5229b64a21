/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns: * stops at /, ** crosses it, ? and [a-z]; and lists of gitignore rules. */
#ifndef MREG_FORMAT_GLOB_H
#define MREG_FORMAT_GLOB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

/* Whole-path match, as git's wildmatch with WM_PATHNAME.  Never recurses without bound: worst case is O(pattern * path). */
bool glob_match(const char *pattern, const char *path);
/* As --include and --exclude mean it: a pattern without '/' is matched against the base name and against each directory
 * component of the path, one with '/' against the whole path or a leading directory of it ("a/b" takes in "a/b/c"). */
bool glob_match_path(const char *pattern, const char *path);

struct ignore_rule {
	char *pattern;
	char *base; /* the folder whose .mregignore it is from, "" for the top, else "sub/dir" */
	bool negated, dir_only, anchored;
};
struct ignore_rules {
	struct ignore_rule *rules;
	size_t count, cap;
};
#define IGNORE_RULES_INIT { NULL, 0, 0 }

/* Adds the lines of one .mregignore that lies in `base` ("" or "sub/dir"); gitignore syntax, never fails. */
void ignore_rules_add(struct ignore_rules *rules, const char *base, const char *text, size_t len);
/* The last rule that matches decides; path is relative to the top.  Parents are the caller's business: it does not descend into what is ignored. */
bool ignore_rules_match(const struct ignore_rules *rules, const char *path, bool is_dir);
void ignore_rules_truncate(struct ignore_rules *rules, size_t count); /* drops the newest, on leaving a folder */
void ignore_rules_copy(struct ignore_rules *to, const struct ignore_rules *from); /* appends */
void ignore_rules_cleanup(struct ignore_rules *rules);

#endif
