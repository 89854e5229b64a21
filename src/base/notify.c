/* SPDX-License-Identifier: Apache-2.0 */
/* Waits for changes of one file: told by inotify, or by looking at it again and again. */
#include <config.h>

#include "base/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#ifdef HAVE_SYS_INOTIFY_H
#include <sys/inotify.h>
#endif
#ifdef HAVE_SYS_VFS_H
#include <sys/vfs.h>
#endif
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strbuf.h"

/* ---- looking ---- */

/* Opened, for a network file system may answer stat() from what it knew a while ago. */
static void look(const struct notify *n, struct notify_state *out)
{
	CLEANUP(fd) int fd = open(n->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	memset(out, 0, sizeof *out);
	if (fd < 0 ? lstat(n->path, &st) : fstat(fd, &st))
		return;
	out->device = st.st_dev;
	out->inode = st.st_ino;
	out->size = st.st_size;
	out->changed = st.st_mtim;
}

static bool is_same(const struct notify_state *a, const struct notify_state *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Notes what it is now; whether that is another state. */
static bool has_changed(struct notify *n)
{
	struct notify_state now;
	bool same;

	look(n, &now);
	same = is_same(&now, &n->seen);
	n->seen = now;
	return !same;
}

/* ---- being told ---- */

#ifdef HAVE_SYS_INOTIFY_H
#define EVENTS_AT_ONCE 4096

/* Of those file systems the kernel knows only what this machine does. */
static bool is_shared_with_others(const char *dir)
{
#ifdef HAVE_SYS_VFS_H
	static const uint32_t types[] = {
		0x00006969 /* NFS */, 0xff534d42 /* CIFS */, 0xfe534d42 /* SMB2 */, 0x65735546 /* FUSE */, 0x01021997 /* 9P */,
		0x5346414f /* AFS */, 0x00c36400 /* Ceph */, 0x0bd00bd0 /* Lustre */, 0x01161970 /* GFS2 */, 0x7461636f /* OCFS2 */,
		0x786f4256 /* vboxsf */, 0x47504653 /* GPFS */, 0x19830326 /* BeeGFS */,
	};
	struct statfs fs;

	if (statfs(dir, &fs))
		return false;
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if ((uint32_t)fs.f_type == types[i])
			return true;
#else
	(void)dir;
#endif
	return false;
}

/* The same file gives the same watch; another one in its place gives another. */
static void watch_again(struct notify *n)
{
	int dir = inotify_add_watch(n->fd, n->dir, IN_CREATE | IN_DELETE | IN_MOVE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
	int file = inotify_add_watch(n->fd, n->path, IN_MODIFY | IN_DELETE_SELF | IN_MOVE_SELF | IN_DONT_FOLLOW);

	if (n->dir_watch >= 0 && n->dir_watch != dir)
		inotify_rm_watch(n->fd, n->dir_watch);
	if (n->file_watch >= 0 && n->file_watch != file)
		inotify_rm_watch(n->fd, n->file_watch);
	n->dir_watch = dir;
	n->file_watch = file;
}

/* Of the directory only what concerns the file, and that it has gone. */
static bool concerns(const struct notify *n, const struct inotify_event *event)
{
	if (event->mask & IN_IGNORED)
		return false;
	if (event->wd == n->dir_watch && event->len)
		return strcmp(event->name, n->name) == 0;
	return true;
}

/* Takes all events there are; whether one of them matters. */
static bool take_events(struct notify *n)
{
	_Alignas(struct inotify_event) char events[EVENTS_AT_ONCE];
	const struct inotify_event *event;
	bool matters = false;
	ssize_t got;

	while ((got = read(n->fd, events, sizeof events)) > 0) {
		for (const char *at = events; at < events + got; at += sizeof *event + event->len) {
			event = (const struct inotify_event *)(const void *)at;
			matters |= concerns(n, event);
		}
	}
	return matters;
}

static bool listen_to_kernel(struct notify *n)
{
	n->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (n->fd < 0)
		return false;
	watch_again(n);
	/* without a watch on the directory none could be had for a file that comes; one that is there needs its own */
	if (n->dir_watch >= 0 && (n->file_watch >= 0 || errno == ENOENT))
		return true;
	fd_cleanup(&n->fd);
	n->fd = -1;
	return false;
}

#else

static bool is_shared_with_others(const char *dir)
{
	(void)dir;
	return true;
}

static void watch_again(struct notify *n)
{
	(void)n;
}

static bool take_events(struct notify *n)
{
	(void)n;
	return true;
}

static bool listen_to_kernel(struct notify *n)
{
	(void)n;
	return false;
}
#endif

/* ---- both ---- */

void notify_cleanup(struct notify *n)
{
	int saved = errno;

	fd_cleanup(&n->fd);
	free(n->dir);
	free(n->name);
	free(n->path);
	*n = (struct notify)NOTIFY_INIT;
	errno = saved;
}

void notify_open(struct notify *n, const char *dir, const char *name, unsigned poll_ms, unsigned flags)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	bool is_told;

	*n = (struct notify)NOTIFY_INIT;
	path_join(&path, dir, name);
	n->dir = xstrdup(dir);
	n->name = xstrdup(name);
	n->path = strbuf_detach(&path);
	is_told = !(flags & NOTIFY_DEAF) && listen_to_kernel(n);
	if (!is_told || (flags & NOTIFY_LOOK) || is_shared_with_others(dir))
		n->poll_ms = poll_ms ? poll_ms : 1;
	look(n, &n->seen);
}

int notify_wait(struct notify *n, struct error *err)
{
	int ms = !n->poll_ms ? -1 : n->poll_ms < INT_MAX ? (int)n->poll_ms : INT_MAX, ready;

	for (;;) {
		struct pollfd told = { .fd = n->fd, .events = POLLIN };

		ready = interrupt_poll(&told, 1, ms, err);
		if (ready < 0)
			return -1;
		if (ready && take_events(n)) {
			/* watched anew before the state is noted, so that nothing comes in between */
			watch_again(n);
			look(n, &n->seen);
			return 0;
		}
		if (!ready && has_changed(n)) {
			if (n->fd >= 0)
				watch_again(n);
			return 0;
		}
	}
}
