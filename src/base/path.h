/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as text: join, split, and whether one is safe below a root.  Whatever has `out` appends to it. */
#ifndef MREG_BASE_PATH_H
#define MREG_BASE_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

/* "a" + "b" = "a/b"; "" or "." + "b" = "b"; an absolute b stays. */
void path_join(struct strbuf *out, const char *dir, const char *name);
/* Last component, without trailing slashes; "/" for the root. Points into path; *len is its length. */
const char *path_base(const char *path, size_t *len);
/* Everything before the last component: "." if there is none. */
void path_dir(struct strbuf *out, const char *path);
/* Relative, at least one component, no empty, "." or ".." component, no NUL (len counts): may be written below a root. */
bool path_is_safe(const char *path, size_t len);
/* Removes "./", doubled and trailing slashes; ".." is kept. "" becomes ".". */
void path_normalise(struct strbuf *out, const char *path);

#endif
