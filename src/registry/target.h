/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of a manifest written below a directory that is ours alone. */
#ifndef MREG_REGISTRY_TARGET_H
#define MREG_REGISTRY_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/report.h"
#include "format/manifest.h"
#include "store/objects.h"
#include "store/statcache.h"

/* A file that stands where an entry will: chunks may be taken from it. */
struct target_old {
	const struct stat *st; /* when its digest became known; NULL: there is no such file, or nothing is known of it */
	struct oid digest;
};
struct target {
	int root_fd;                  /* an empty directory */
	const struct entry *const *entries;
	size_t count;
	struct stat_row *rows;        /* as many; what the files are like in there (stat_row_set()), empty for all else */
	const struct target_old *old; /* as many, their paths below old_root_fd; or NULL */
	int old_root_fd;
};

/*
 * Makes every entry below root_fd: folders, files (0666 or 0777 & ~umask; every byte verified, several at a time), links last.  Nothing may
 * be there yet, nothing is overwritten.  External references are fetched first.  ERR_INTEGRITY when bytes are missing or damaged, ERR_REMOTE when a
 * reference cannot be reached.
 */
int target_write(struct objects *objects, const struct target *target, struct report *report, struct error *err) MUST_CHECK;
/* Are there external references that cannot be fetched from here (ERR_REMOTE)?  Asked before anything is made. */
int target_check_references(const struct entry *const *entries, size_t count, bool offline, struct error *err) MUST_CHECK;
/* A new directory "DIR/.mreg-get-…"; its path is appended to out.  Returns a descriptor of it. */
int target_make_temp(const char *dir, struct strbuf *out, struct error *err) MUST_CHECK;
/* Is this the name of such a directory, of whichever process? */
bool target_is_temp(const char *name);
/* Removes such directories in dir whose process is gone; never fails. */
void target_sweep(const char *dir);

#endif
