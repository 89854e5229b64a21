/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of a manifest written below a directory that is ours alone. */
#ifndef MREG_REGISTRY_TARGET_H
#define MREG_REGISTRY_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/report.h"
#include "format/manifest.h"
#include "store/objects.h"

/*
 * Makes every entry below root_fd, an empty directory: folders, files (0666 or 0777 & ~umask; every byte verified, several at a time), links last.  Nothing may
 * be there yet, nothing is overwritten.  ERR_INTEGRITY when bytes are missing or damaged.
 */
int target_write(struct objects *objects, int root_fd, const struct entry *const *entries, size_t count, struct report *report,
		 struct error *err) MUST_CHECK;
/* A new directory "DIR/.mreg-get-…"; its path is appended to out.  Returns a descriptor of it. */
int target_make_temp(const char *dir, struct strbuf *out, struct error *err) MUST_CHECK;
/* Is this the name of such a directory, of whichever process? */
bool target_is_temp(const char *name);
/* Removes such directories in dir whose process is gone; never fails. */
void target_sweep(const char *dir);

#endif
