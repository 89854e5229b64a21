/* SPDX-License-Identifier: Apache-2.0 */
/* Names that tell whose a temporary file is, and the removal of those whose process is gone. */
#include <config.h>

#include "base/tempfile.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/number.h"
#include "base/path.h"

#define HOST_LEN 8
#define FOREIGN_AGE (7 * 86400)      /* seconds that another host's file is left alone */
#define CLOCK_MARGIN (10 * NS_PER_S) /* a corrected clock shall not make a living file look stale */

static char host[HOST_LEN + 1];
static pthread_once_t host_once = PTHREAD_ONCE_INIT;

/* Containers may share a name and a directory: a number tells of a process only among those who number them alike. */
static void make_host(void)
{
	char name[256] = "", space[64] = "";
	struct sha256 ctx;
	struct oid digest;
	ssize_t len;

	gethostname(name, sizeof name - 1);
	len = readlink("/proc/self/ns/pid", space, sizeof space);
	sha256_init(&ctx);
	sha256_update(&ctx, name, strlen(name) + 1);
	sha256_update(&ctx, space, len > 0 ? (size_t)len : 0);
	sha256_finish(&ctx, &digest);
	hex_encode(digest.raw, HOST_LEN / 2, host);
}

static const char *this_host(void)
{
	pthread_once(&host_once, make_host);
	return host;
}

void tempfile_name(struct strbuf *out, const char *dir, const char *prefix)
{
	static atomic_uint count;

	path_join(out, dir, prefix);
	strbuf_addf(out, "-%s-%ld-%u", this_host(), (long)getpid(), atomic_fetch_add(&count, 1));
}

/* Cuts "-TEXT" off the end of name, whose length is *len. */
static const char *take_last(const char *name, size_t *len, size_t *part)
{
	size_t end = *len;

	while (*len && name[*len - 1] != '-')
		--*len;
	*part = end - *len;
	if (!*len)
		return NULL;
	return name + (*len)--;
}

/* PREFIX-HOST-PID-N; is_ours: of this host. */
static bool parse_name(const char *name, pid_t *pid, bool *is_ours)
{
	size_t len = strlen(name), part;
	const char *text = take_last(name, &len, &part);
	uint64_t number;

	if (!text || !number_parse_u64(text, part, &number))
		return false;
	text = take_last(name, &len, &part);
	if (!text || !number_parse_u64(text, part, &number) || !number || number > INT32_MAX)
		return false;
	*pid = (pid_t)number;
	text = take_last(name, &len, &part);
	if (!text || !len || part != HOST_LEN || strspn(text, "0123456789abcdef") < HOST_LEN)
		return false;
	*is_ours = !memcmp(text, this_host(), HOST_LEN);
	return true;
}

/* /proc/PID/stat from its field 3 on; the name in field 2 may contain anything. */
static const char *read_stat(pid_t pid, struct strbuf *text)
{
	struct error ignored = ERROR_INIT;
	const char *end;
	char path[64];

	snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
	if (file_slurp(path, text, 4096, NULL, &ignored) < 0)
		return NULL;
	end = strrchr(text->buf, ')');
	return end && end[1] == ' ' ? end + 2 : NULL;
}

/* Also one that has ended and waits for its parent to ask how, which in a container may be never. */
static bool is_gone(pid_t pid)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	const char *state;

	if (kill(pid, 0) && errno == ESRCH)
		return true;
	state = read_stat(pid, &text);
	return state && (*state == 'Z' || *state == 'X');
}

/* Field 22, in clock ticks since boot. */
static bool start_ticks(pid_t pid, uint64_t *ticks)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	const char *field = read_stat(pid, &text);

	for (int i = 3; field && i < 22; i++) {
		field = strchr(field, ' ');
		field += field != NULL;
	}
	return field && number_parse_u64(field, strcspn(field, " \n"), ticks);
}

static bool process_start(pid_t pid, int64_t *ns)
{
#ifdef CLOCK_BOOTTIME
	long per_second = sysconf(_SC_CLK_TCK);
	struct timespec up;
	uint64_t ticks;

	if (per_second < 1 || clock_gettime(CLOCK_BOOTTIME, &up) || !start_ticks(pid, &ticks))
		return false;
	*ns = clock_real() - ((int64_t)up.tv_sec * NS_PER_S + up.tv_nsec) +
		(int64_t)(ticks * 1000 / (uint64_t)per_second) * (NS_PER_S / 1000);
	return true;
#else
	(void)pid;
	(void)ns;
	(void)start_ticks;
	return false;
#endif
}

/* By the time of the last change of the inode, which nobody can set back: a process that began later never touched the file. */
static bool is_younger_than(pid_t pid, const char *dir, const char *name)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct stat st;
	int64_t start;

	path_join(&path, dir, name);
	if (lstat(path.buf, &st) || !process_start(pid, &start))
		return false;
	return start > (int64_t)st.st_ctim.tv_sec * NS_PER_S + st.st_ctim.tv_nsec + CLOCK_MARGIN;
}

/* Of the processes of another host, or of another container, nothing is known. */
static bool is_forgotten(const char *dir, const char *name)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct stat st;

	path_join(&path, dir, name);
	return !lstat(path.buf, &st) && clock_real() / NS_PER_S - (int64_t)st.st_mtim.tv_sec > FOREIGN_AGE;
}

bool tempfile_is_stale(const char *dir, const char *name)
{
	bool is_ours;
	pid_t pid;

	if (!parse_name(name, &pid, &is_ours))
		return false;
	if (!is_ours)
		return is_forgotten(dir, name);
	return is_gone(pid) || is_younger_than(pid, dir, name);
}

void tempfile_sweep(const char *dir)
{
	DIR *entries = opendir(dir);
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct error ignored = ERROR_INIT;
	struct dirent *entry;

	while (entries && (entry = readdir(entries))) {
		if (!tempfile_is_stale(dir, entry->d_name))
			continue;
		strbuf_reset(&path);
		path_join(&path, dir, entry->d_name);
		if (file_remove_tree(path.buf, &ignored) < 0)
			error_clear(&ignored);
	}
	if (entries)
		closedir(entries);
}
