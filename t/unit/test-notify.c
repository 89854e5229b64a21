/* SPDX-License-Identifier: Apache-2.0 */
/* base/notify: a change is never missed, told by the kernel or found by looking. */
#include <config.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/notify.h"
#include "base/strbuf.h"
#include "tap.h"

static const char *in_dir(const char *name)
{
	static char paths[4][4200];
	static unsigned at;
	char *path = paths[at++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", tap_dir(), name);
	return path;
}

static void append(const char *name, const char *text)
{
	struct error err = ERROR_INIT;
	CLEANUP(fd) int fd = file_open(in_dir(name), O_WRONLY | O_CREAT | O_APPEND, 0666, &err);

	need(fd >= 0 && file_write(fd, text, strlen(text), name, &err) == 0, "cannot write a file");
}

static bool is_told(struct notify *n)
{
	struct error err = ERROR_INIT;

	return notify_wait(n, &err) == 0;
}

static void check(unsigned flags, const char *how)
{
	CLEANUP(notify) struct notify n = NOTIFY_INIT;

	unlink(in_dir("journal"));
	notify_open(&n, tap_dir(), "journal", 1, flags);
	ok((n.fd < 0) == ((flags & NOTIFY_DEAF) != 0), "%s: the kernel is asked or not", how);
	append("journal", "1");
	ok(is_told(&n), "%s: a file that comes is told", how);
	append("journal", "2");
	ok(is_told(&n), "%s: and one that grows", how);
	append("journal", "3");
	append("journal", "4");
	ok(is_told(&n), "%s: two changes are one", how);
	append("fresh", "12345");
	need(rename(in_dir("fresh"), in_dir("journal")) == 0, "cannot rename");
	ok(is_told(&n), "%s: one that is replaced", how);
	append("journal", "6");
	ok(is_told(&n), "%s: and the new one, when it grows", how);
	need(truncate(in_dir("journal"), 1) == 0, "cannot truncate");
	ok(is_told(&n), "%s: one that is cut", how);
	need(unlink(in_dir("journal")) == 0, "cannot unlink");
	ok(is_told(&n), "%s: one that goes", how);
	append("journal", "7");
	ok(is_told(&n), "%s: and comes again", how);
	append("other", "x");
	append("journal", "8");
	ok(is_told(&n), "%s: other files do no harm", how);
}

static void check_interrupt(unsigned flags, const char *how)
{
	CLEANUP(notify) struct notify n = NOTIFY_INIT;
	struct error err = ERROR_INIT;

	notify_open(&n, tap_dir(), "journal", 1000, flags);
	append("other", "x");
	raise(SIGTERM);
	ok(notify_wait(&n, &err) < 0 && err.code == ERR_INTERRUPTED, "%s: a signal ends the waiting", how);
}

int main(void)
{
	check(0, "told");
	check(NOTIFY_LOOK, "told and looking");
	check(NOTIFY_DEAF, "looking");
	interrupt_install();
	check_interrupt(0, "told");
	check_interrupt(NOTIFY_DEAF, "looking");
	return tap_done();
}
