/* SPDX-License-Identifier: Apache-2.0 */
/* Resolves paths below a root by openat2() where the kernel has it, else one component at a time. */
#include <config.h>

#include "base/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef HAVE_OPENAT2
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

static int open_fast(int root, const char *path, int flags, unsigned mode)
{
#ifdef HAVE_OPENAT2
	struct open_how how = { .flags = (unsigned)flags, .mode = flags & O_CREAT ? mode : 0, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };

	return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
#else
	(void)root, (void)path, (void)flags, (void)mode;
	errno = ENOSYS;
	return -1;
#endif
}

/* Opens the next directory of a walk and closes the one it started from. */
static int step(int *dir, int root, const char *name, bool make)
{
	int next;

	if (make && mkdirat(*dir, name, 0777) < 0 && errno != EEXIST)
		return -1;
	next = openat(*dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0)
		return -1;
	if (*dir != root)
		close(*dir);
	*dir = next;
	return 0;
}

/* A descriptor of its own for the parent directory. */
static int walk_to_parent(int root, const char *path, bool make)
{
	CLEANUP(ptr) char *copy = xstrdup(path);
	char *part = copy, *slash;
	int dir = root;

	while ((slash = strchr(part, '/'))) {
		*slash = '\0';
		if (step(&dir, root, part, make) < 0) {
			int saved = errno;

			if (dir != root)
				close(dir);
			errno = saved;
			return -1;
		}
		part = slash + 1;
	}
	return dir == root ? fcntl(root, F_DUPFD_CLOEXEC, 0) : dir;
}

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int beneath_open_parent(int root, const char *path, bool make, const char **base, struct error *err)
{
	const char *name = last_component(path);
	CLEANUP(ptr) char *dir = xstrndup(path, name > path ? (size_t)(name - path - 1) : 0);
	int fd;

	if (!path_is_safe(path, strlen(path)))
		BUG("'%s' is not safe below a root", path);
	*base = name;
	fd = *dir ? open_fast(root, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) : fcntl(root, F_DUPFD_CLOEXEC, 0);
	if (fd < 0 && (errno == ENOSYS || (make && errno == ENOENT)))
		fd = walk_to_parent(root, path, make);
	return fd < 0 ? error_set_errno(err, "cannot open the directory of '%s'", path) : fd;
}

int beneath_open(int root, const char *path, int flags, unsigned mode, struct error *err)
{
	int fd;

	if (!path_is_safe(path, strlen(path)))
		BUG("'%s' is not safe below a root", path);
	fd = open_fast(root, path, flags | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0 && errno == ENOSYS) {
		CLEANUP(fd) int dir = walk_to_parent(root, path, false);

		fd = dir < 0 ? -1 : openat(dir, last_component(path), flags | O_NOFOLLOW | O_CLOEXEC, mode);
	}
	return fd < 0 ? error_set_errno(err, "cannot open '%s'", path) : fd;
}
