/* SPDX-License-Identifier: Apache-2.0 */
/* Opening below a directory without ever leaving it or going through a symbolic link. */
#ifndef MREG_BASE_BENEATH_H
#define MREG_BASE_BENEATH_H

#include <stdbool.h>

#include "base/error.h"

/* openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS), or component by component with O_NOFOLLOW where it is missing. `path` must be path_is_safe(). */
int beneath_open(int root, const char *path, int flags, unsigned mode, struct error *err) MUST_CHECK;
/* The directory that holds the last component; *base points to it, inside path.  make: missing directories are made (0777 & ~umask). */
int beneath_open_parent(int root, const char *path, bool make, const char **base, struct error *err) MUST_CHECK;

#endif
