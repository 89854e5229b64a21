/* SPDX-License-Identifier: Apache-2.0 */
/* Names that tell whose a temporary file is, and the removal of those whose process is gone. */
#include <config.h>

#include "base/tempfile.h"

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"
#include "base/path.h"
#include "base/process-id.h"

#define FOREIGN_AGE (7 * 86400)      /* seconds that another host's file is left alone */
#define CLOCK_MARGIN (10 * NS_PER_S) /* a corrected clock shall not make a living file look stale */

void tempfile_name(struct strbuf *out, const char *dir, const char *prefix)
{
	static atomic_uint count;

	path_join(out, dir, prefix);
	strbuf_addf(out, "-%s-%ld-%u", process_id_space(), (long)getpid(), atomic_fetch_add(&count, 1));
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
	if (!text || !len || part != PROCESS_ID_SPACE_LEN || strspn(text, "0123456789abcdef") < PROCESS_ID_SPACE_LEN)
		return false;
	*is_ours = !memcmp(text, process_id_space(), PROCESS_ID_SPACE_LEN);
	return true;
}

static bool process_start(pid_t pid, int64_t *ns)
{
#ifdef CLOCK_BOOTTIME
	long per_second = sysconf(_SC_CLK_TCK);
	struct timespec up;
	uint64_t ticks;

	if (per_second < 1 || clock_gettime(CLOCK_BOOTTIME, &up) || !process_id_ticks(pid, &ticks))
		return false;
	*ns = clock_real() - ((int64_t)up.tv_sec * NS_PER_S + up.tv_nsec) +
		(int64_t)(ticks * 1000 / (uint64_t)per_second) * (NS_PER_S / 1000);
	return true;
#else
	(void)pid;
	(void)ns;
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
	return process_id_is_gone(pid) || is_younger_than(pid, dir, name);
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
