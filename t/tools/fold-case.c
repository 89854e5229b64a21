/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded, it makes the file system answer as one that takes "A" and "a" for one name, where a get asks. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <sys/stat.h>

int fstatat(int dir, const char *restrict path, struct stat *restrict st, int flags)
{
	int (*real)(int, const char *, struct stat *, int) = (int (*)(int, const char *, struct stat *, int))dlsym(RTLD_NEXT, "fstatat");

	return real(dir, strcmp(path, ".MREG-CASE") ? path : ".mreg-case", st, flags);
}

int fstatat64(int dir, const char *restrict path, struct stat64 *restrict st, int flags)
{
	int (*real)(int, const char *, struct stat64 *, int) = (int (*)(int, const char *, struct stat64 *, int))dlsym(RTLD_NEXT, "fstatat64");

	return real(dir, strcmp(path, ".MREG-CASE") ? path : ".mreg-case", st, flags);
}
